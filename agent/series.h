/* SPDX-License-Identifier: MIT */
/* What each slot of this epoch stands for: a metric and the device, mount, interface or mode it is about.
 *
 * Slots are given out in the order in which series are first seen, and never change their meaning. When
 * all are taken a new series is refused and counted; the others do not suffer. */
#ifndef NEPHOS_SERIES_H
#define NEPHOS_SERIES_H

#include "agent/limits.h"
#include "proto/metrics.h"
#include "proto/wire.h"

struct series_entry {
    uint16_t metric;           /* enum metric */
    char tag[SERIES_TAG_SIZE]; /* "vda", without the key */
};

struct series {
    uint32_t count;
    uint32_t expected; /* the slot after the one found last: the order hardly ever changes */
    uint64_t refused;  /* times that a value found no slot */
    struct series_entry entries[SLOTS_MAX];
};

void series_init(struct series *s);
/* The slot, given out now if need be, or ERR_FULL. `tag` is shorter than SERIES_TAG_SIZE. */
int series_slot(struct series *s, enum metric metric, const char *tag);
/* For the dictionary and for people; `tag` receives "device=vda" and must outlive `out`. */
void series_describe(const struct series *s, uint32_t slot, char tag[static TAG_SIZE],
                     struct wire_series *out);

#endif
