/* SPDX-License-Identifier: MIT */
/* What each slot of this epoch stands for: a metric and the device, mount, interface or mode it is about, or
 * a custom series with a name and tags that somebody else chose (StatsD, *.prom files).
 *
 * Slots are given out in the order in which series are first seen, and never change their meaning. When
 * all are taken a new series is refused and counted; the others do not suffer. */
#ifndef NEPHOS_SERIES_H
#define NEPHOS_SERIES_H

#include "agent/limits.h"
#include "proto/metrics.h"
#include "proto/wire.h"

struct series_entry {
    uint16_t metric;           /* enum metric, or METRIC_COUNT and more: the custom series number 0, 1, ... */
    /* "vda", without the key; of two keys only without the first: "0,mode=user"; of a custom series empty */
    char tag[SERIES_TAG_SIZE];
};

struct custom_series {
    uint32_t hash;             /* of name and tag */
    uint16_t slot;
    uint16_t name, tag;        /* where they stand in `words`; the tag is like "code=200,path=/" */
    bool counter;
    const char *unit;
};
/* Custom values are whatever somebody measures: thousandths do for all of them, and one scale for all keeps
 * a name the same metric on every host. */
#define CUSTOM_SCALE 1000

struct series {
    uint32_t count;
    uint32_t expected; /* the slot after the one found last: the order hardly ever changes */
    uint64_t refused;  /* times that a value found no slot */
    struct series_entry entries[SLOTS_MAX];
    uint32_t custom_count;
    struct custom_series custom[CUSTOM_SERIES_MAX];
    uint32_t words_size;
    char words[CUSTOM_WORDS_SIZE]; /* names and tags of custom series, terminated, each once */
};

void series_init(struct series *s);
/* The slot, given out now if need be, or ERR_FULL. `tag` is shorter than SERIES_TAG_SIZE. */
int series_slot(struct series *s, enum metric metric, const char *tag);
/* The same for a custom series: ERR_FULL, also when its own pool or that of its words is full, and ERR_DENIED
 * when the name belongs to the agent itself, or is a counter here and a gauge there. Name, tag and unit are
 * printable and shorter than METRIC_SIZE, TAG_SIZE and UNIT_SIZE; the unit is a constant. A metric that
 * applications tell (metric_is_told) keeps its own unit. */
int series_custom(struct series *s, const char *name, const char *tag, const char *unit, bool counter);
/* How many more custom series there is room for. */
uint32_t series_custom_room(const struct series *s);
/* For the dictionary and for people; `tag` receives "device=vda" and must outlive `out`. */
void series_describe(const struct series *s, uint32_t slot, char tag[static TAG_SIZE],
                     struct wire_series *out);
/* Bytes that the whole dictionary takes on the wire and on disk, about: for people. */
uint32_t series_dictionary_size(const struct series *s);
/* A Dictionary message about the slots from `first` on (at least one), as many as one message takes: the
 * size of the frame, and how many slots it tells. ERR_FULL when `size` is smaller than TRANSMIT_SIZE. */
int series_put_dictionary(const struct series *s, uint64_t epoch, uint32_t first, uint8_t *to, uint32_t size,
                          uint32_t *count);

#endif
