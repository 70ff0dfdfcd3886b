/* SPDX-License-Identifier: MIT */
/* What follows from samples. Today: levels of what clients send over the API, each breach one alert.
 *
 * The room holds a cursor into the store's feed of committed blocks and pulls; what it finds goes into the
 * store as alerts. Instances of our own agents are left out: their rules come with hysteresis and durations,
 * and these levels have none. */
#ifndef NEPHOS_ANALYSIS_H
#define NEPHOS_ANALYSIS_H

#include "aggregator/store/store.h"

struct analysis;

struct analysis *analysis_reserve(struct memory_map *map);
void analysis_open(struct analysis *a, struct store *s);
/* Looks at what was committed, a bounded number of blocks. True when there is more. */
bool analysis_step(struct analysis *a);

struct analysis_stats {
    uint64_t blocks, missed; /* passed over because they left the feed before they were looked at */
    uint64_t raised, settled, refused /* no room for the alert */;
};
void analysis_stats(const struct analysis *a, struct analysis_stats *out);

#endif
