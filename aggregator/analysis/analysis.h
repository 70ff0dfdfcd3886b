/* SPDX-License-Identifier: MIT */
/* What follows from samples: levels of what clients send over the API, each breach one alert, and anomalies
 * of every host (detect.h).
 *
 * The room holds a cursor into the store's feed of committed blocks and pulls; what it finds goes into the
 * store as alerts. Instances of our own agents are left out: their rules come with hysteresis and durations,
 * and these levels have none. */
#ifndef NEPHOS_ANALYSIS_H
#define NEPHOS_ANALYSIS_H

#include "aggregator/analysis/detect.h"
#include "aggregator/analysis/patterns/patterns.h"
#include "aggregator/analysis/predict.h"
#include "aggregator/analysis/watch.h"
#include "aggregator/store/store.h"

struct analysis;

struct analysis *analysis_reserve(struct memory_map *map, const struct detect_limits *limits,
                                  const struct watch_limits *watched);
void analysis_open(struct analysis *a, struct store *s, struct mono now, struct wall wall);
/* From now on the rules of that book are held against what comes; without, none are. */
void analysis_judge(struct analysis *a, const struct rule_book *book, struct mono now, struct wall wall);
/* Looks at what was committed, a bounded number of blocks, and does a piece of what is slow. When it wants
 * to be called next. */
struct mono analysis_step(struct analysis *a, struct mono now, struct wall wall);
/* Before the store is closed. */
void analysis_close(struct analysis *a);
/* What anomaly detection knows now. */
const struct board *analysis_board(const struct analysis *a);

struct analysis_stats {
    uint64_t blocks, missed; /* passed over because they left the feed before they were looked at */
    struct watch_stats watch;
    struct detect_stats detect;
    struct predict_stats predict;
    struct patterns_stats patterns;
};
void analysis_stats(const struct analysis *a, struct analysis_stats *out);

#endif
