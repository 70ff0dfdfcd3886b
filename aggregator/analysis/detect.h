/* SPDX-License-Identifier: MIT */
/* Anomaly detection: what was committed becomes minutes, minutes become news and state of each series
 * (models/anomaly.h, models/unusual.h), and these the level of their host (models/host.h).
 *
 * Memory is fixed: so many series of each host take part (choice.h), more are counted and left out. Samples
 * that come late teach nothing by themselves; when much has come late, the host is learnt anew from the
 * store. So it is at the start of the program, too, from where the checkpoint (checkpoint.h) ends. Nothing
 * that is learnt from the store raises an alert: it is old news. */
#ifndef NEPHOS_ANALYSIS_DETECT_H
#define NEPHOS_ANALYSIS_DETECT_H

#include "aggregator/analysis/board.h"
#include "aggregator/store/store.h"
#include "platform/base/memory_map.h"

#define DETECT_TRACKED_MOST 200U

struct detect;

struct detect_limits {
    uint32_t instances_max, series_per_instance_max; /* as the store */
    uint32_t tracked_max;   /* series of a host that take part, up to DETECT_TRACKED_MOST; 0: none */
    uint64_t database_size_max;
};

struct detect *detect_reserve(struct memory_map *map, const struct detect_limits *limits);
void detect_open(struct detect *d, struct store *s, struct wall now);
/* Takes a committed block, decoded; `series` has the series of each position in its slots, or SERIES_NONE. */
void detect_block(struct detect *d, const struct store_feed_block *b, const struct block_matrix *block,
                  const uint16_t *series, struct wall now);
/* A bounded piece of learning from the store, when it may begin a query, or of a checkpoint. When it wants
 * to be called next. */
struct mono detect_step(struct detect *d, struct mono now, struct wall wall, bool may_query);
bool detect_is_querying(const struct detect *d);
/* Before the store is closed: all that was learnt goes into the store. */
void detect_close(struct detect *d);
/* What is known now; valid as long as the room is. */
const struct board *detect_board(const struct detect *d);

struct detect_stats {
    uint64_t values;        /* samples of series that take part */
    uint64_t minutes;       /* of series, judged */
    uint64_t absurd;        /* values that cannot be true, or repeat one */
    uint64_t backward;      /* samples from a time that was judged already, or from the future */
    uint64_t surplus;       /* series that found no room */
    uint64_t alarms;        /* of hosts */
    uint64_t series_alarms, series_alarms_left_out; /* recorded; not recorded, as there were too many */
    uint64_t refused;       /* that the store had no room for */
    uint64_t learnt_minutes; /* from the store */
    uint64_t checkpoints, checkpoints_failed, checkpoints_damaged;
};
void detect_stats(const struct detect *d, struct detect_stats *out);

#endif
