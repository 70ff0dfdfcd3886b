/* SPDX-License-Identifier: MIT */
/* A query across hosts between its files: across.c reads what is asked, across_plan.c says which series that
 * is and what they have in common, across_answer.c writes. */
#ifndef NEPHOS_API_ACROSS_H
#define NEPHOS_API_ACROSS_H

#include "aggregator/api/exchange.h"
#include "aggregator/query/fold.h"

#define ACROSS_PATTERNS_SIZE 512U
#define ACROSS_BY_MAX 8U
#define ACROSS_POINTS_MAX 20000U
#define ACROSS_LEAD 3U /* steps before the first, for rates */

enum across_dimension { BY_INSTANCE, BY_NAME, BY_PROVIDER, BY_REGION, BY_TYPE, BY_METRIC, BY_TAG, BY_KEY };
#define DIMENSIONS_NAMED (BY_TAG + 1)
extern const char *const across_dimension_names[DIMENSIONS_NAMED];

/* One request's memory, too large for the exchange. */
struct across {
    bool is_taken;
    struct world *world;
    struct fold *fold;
    /* which: comma-separated patterns; "" takes all */
    char metrics[ACROSS_PATTERNS_SIZE], tags[ACROSS_PATTERNS_SIZE], instances[ACROSS_PATTERNS_SIZE];
    char providers[128], regions[128], types[128];
    uint8_t metric_verdicts[STORE_METRICS_MAX]; /* 0 not looked at, 1 no, 2 yes */
    uint32_t host;                 /* the one that was looked at last, plus one */
    bool is_host_wanted;
    /* how */
    int fold_kind;                 /* enum store_fold or FOLD_BY_KIND */
    bool is_folded;                /* by agg=; else each series stands for itself */
    enum fold_aggregate aggregate;
    char aggregate_name[16];
    uint32_t by_count;
    enum across_dimension by[ACROSS_BY_MAX];
    char keys[ACROSS_BY_MAX][32];  /* of BY_KEY */
    int64_t from_ms, to_ms, step_ms;
    uint64_t points_wanted;
    struct fold_range range;
    /* answer */
    bool is_csv, is_lowest;
    enum fold_order order;
    uint32_t top;                  /* 0: all */
    uint32_t group_count;
    uint32_t groups[FOLD_TOP_MAX]; /* when top */
};

/* --- across_plan.c --- */

bool across_takes(void *context, uint32_t instance, uint32_t series);
void across_key(void *context, uint32_t instance, uint32_t series, struct text *out);
double across_value(void *context, const struct fold_cells *cells, uint32_t point);
/* The value of one dimension of a series; false when it has none. */
bool across_dimension(const struct across *a, uint32_t at, uint32_t instance, uint32_t series,
                      const char **value, uint32_t *length);
/* As FOLD_BY_KIND means it for this metric. */
enum store_fold across_fold_of(const struct across *a, const struct store_metric *metric);

/* --- across_answer.c --- */

/* Begins the answer of the exchange; its producer gives the memory back at the end. */
void across_respond(struct exchange *x, struct across *a);

#endif
