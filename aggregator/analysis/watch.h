/* SPDX-License-Identifier: MIT */
/* Rules at work: each committed sample of the feed against the rules that look at it, and the clock against
 * those who should have spoken. What begins becomes an alert, what ends settles it.
 *
 * Rules are resolved to series when a dictionary grows or the rules change, never for a sample. What an
 * instance sends of its past only moves the state: an alert is told by fresh samples alone. */
#ifndef NEPHOS_ANALYSIS_WATCH_H
#define NEPHOS_ANALYSIS_WATCH_H

#include "aggregator/rules/book.h"
#include "aggregator/store/store.h"

/* Rules times series of one host; what does not fit is counted. */
#define WATCHES_PER_INSTANCE 80U

struct watch_room;

struct watch_limits {
    uint32_t instances_max, series_per_instance_max; /* as the store */
    uint32_t ship_interval_ms;                       /* what agents are told */
};
struct watch_room *watch_reserve(struct memory_map *map, const struct watch_limits *limits);
void watch_open(struct watch_room *w, struct store *s, const struct rule_book *book, struct mono now,
                struct wall wall);
/* A committed block, decoded; `series` has the series of each position in its slots, or SERIES_NONE. */
void watch_block(struct watch_room *w, const struct store_feed_block *b, const struct block_matrix *block,
                 const uint16_t *series, struct mono now, struct wall wall);
/* Looks at the clock once a second. When it wants to be called next. */
struct mono watch_step(struct watch_room *w, struct mono now, struct wall wall);
/* Before the store is closed: keeps what has begun to hold and is no alert yet. */
void watch_close(struct watch_room *w);

struct watch_stats {
    uint64_t raised, settled, refused; /* refused: the store had no room */
    uint64_t silenced, suppressed;     /* reports left out: by a silence; as another rule explains them */
    uint64_t kept;                     /* times that what holds was written down */
    uint64_t surplus;                  /* rules of a host that found no room */
};
void watch_stats(const struct watch_room *w, struct watch_stats *out);

#endif
