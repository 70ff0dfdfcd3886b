/* SPDX-License-Identifier: MIT */
/* Every sample of an instance as it was stored, in the order of the pieces that hold it: chunks by time, then
 * what waits to be sealed. For commands that have the store to themselves: between begin and end nothing may
 * be written, nor another function of the store be called. */
#ifndef NEPHOS_STORE_WALK_H
#define NEPHOS_STORE_WALK_H

#include "aggregator/store/store.h"

struct store_walk {
    uint32_t instance;
    int64_t from_ms, to_ms;
    bool is_in_chunks, is_open;
    int64_t chunk_max;
    uint32_t pending;      /* entry of the journal's index that comes next */
    /* of the piece at hand */
    uint32_t column_count, count;
    const int64_t *time_ms;
    const uint16_t *slots; /* of a pending block: what they mean */
    uint32_t slot_count;
};

/* [from_ms, to_ms): pieces that reach into it; their samples outside are the caller's to pass over. */
void store_walk_begin(struct store *s, struct store_walk *w, uint32_t instance, int64_t from_ms,
                      int64_t to_ms);
/* The next piece: 1, 0 at the end, or a storage error. Damaged ones are counted and passed over. */
int store_walk_next(struct store *s, struct store_walk *w);
/* Column 0..column_count-1 of it: the number of its values, 0 when it is damaged or of no series. Value k is
 * that of time_ms[sample_of[k]], or of time_ms[k] where *sample_of is NULL. Valid until the next call. */
uint32_t store_walk_column(struct store *s, struct store_walk *w, uint32_t column, uint16_t *series,
                           const int64_t **values, const uint16_t **sample_of);
void store_walk_end(struct store *s, struct store_walk *w);

#endif
