/* SPDX-License-Identifier: MIT */
/* Predictions: when will a disk, its inodes, memory, swap or the month's traffic be full? Every host is
 * looked at every six hours, and at once when such a series rises fast; out of the store (outlook.h), so
 * that there is no state to lose. What is to be full within two days is an alert that goes when it is no
 * longer expected, and an insight with the earliest, expected and latest time. */
#ifndef NEPHOS_ANALYSIS_PREDICT_H
#define NEPHOS_ANALYSIS_PREDICT_H

#include "aggregator/store/store.h"
#include "platform/base/memory_map.h"

struct predict;

struct predict *predict_reserve(struct memory_map *map, uint32_t instances_max);
void predict_open(struct predict *p, struct store *s, struct mono now);
/* A bounded piece; `may_query`: nobody else of this room reads from the store just now. When it wants to be
 * called next. */
struct mono predict_step(struct predict *p, struct mono now, struct wall wall, bool may_query);
bool predict_is_querying(const struct predict *p);
/* Ends what is under way. */
void predict_close(struct predict *p);

struct predict_stats {
    uint64_t looks;     /* at series */
    uint64_t at_once;   /* looks at a host before its time, for a strong trend */
    uint64_t surplus;   /* series that were left out because a host has too many */
    uint64_t expected;  /* looks that expected it to be full within two days */
    uint64_t raised, settled, refused;
};
void predict_stats(const struct predict *p, struct predict_stats *out);

#endif
