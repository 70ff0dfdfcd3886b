/* SPDX-License-Identifier: MIT */
/* Looks once an hour at the last week of every host for what repeats or keeps growing, and keeps it as
 * insights: spikes at the same time of the day, leaks, metrics and hosts that move together, alerts that
 * come again and again, neighbours that take CPU time, and hosts with room to spare.
 *
 * One host after the other, one query of hourly values at a time, a bounded piece of work in each step, so
 * that samples never wait. A pattern that is found again renews its insight, which has the pattern's key;
 * one that is not found any more expires. */
#ifndef NEPHOS_PATTERNS_PATTERNS_H
#define NEPHOS_PATTERNS_PATTERNS_H

#include "aggregator/store/store.h"

struct patterns;

struct patterns *patterns_reserve(struct memory_map *map, uint32_t instances_max);
void patterns_open(struct patterns *p, struct store *s, struct mono now);
/* A piece of work; `may_query`: nobody else of this room reads from the store just now. When it wants to be
 * called next. */
struct mono patterns_step(struct patterns *p, struct mono now, struct wall wall, bool may_query);
bool patterns_is_querying(const struct patterns *p);
void patterns_close(struct patterns *p);

struct patterns_stats {
    uint64_t rounds;   /* over all hosts */
    uint64_t found;    /* patterns told, renewed ones included */
    uint64_t left_out; /* more of one host than are told at once */
    uint64_t failed;   /* hosts whose samples could not be read */
};
void patterns_stats(const struct patterns *p, struct patterns_stats *out);

#endif
