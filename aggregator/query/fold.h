/* SPDX-License-Identifier: MIT */
/* Queries across instances: series are taken instance by instance, each through a query of the store, and
 * folded into groups while they come, so that the answer's size is that of its groups and not of what they
 * are made of. Only quantiles, which are exact, need every value at once.
 *
 *     fold_take -> fold_select until 0 -> (the caller chooses steps) -> fold_run until 0 -> fold_value
 *
 * Everything in slices: each call is a bounded piece of work. */
#ifndef NEPHOS_QUERY_FOLD_H
#define NEPHOS_QUERY_FOLD_H

#include "aggregator/store/store.h"

/* Values that one fold may hold: groups x points, or series x points for a quantile. */
#define FOLD_CELLS_MAX 131072U
#define FOLD_GROUPS_MAX 16384U
#define FOLD_KEY_SIZE 512U
#define FOLD_TOP_MAX 100U

enum fold_aggregate { AGGREGATE_SUM, AGGREGATE_AVG, AGGREGATE_MIN, AGGREGATE_MAX, AGGREGATE_COUNT,
                      AGGREGATE_QUANTILE };

/* The cells of one series while it is folded. */
struct fold_cells {
    const struct store *store;
    int query;
    uint32_t position;           /* of the series in the query */
    uint32_t instance, series;   /* whose they are */
    uint32_t lead;               /* cells before the first point */
    uint32_t per_point;          /* cells of a step; the last of point p is lead + (p + 1) * per_point - 1 */
    int64_t cell_ms;             /* their length */
};

struct fold_plan {
    /* Is the series part of it? Asked twice for each: the same answer. */
    bool (*takes)(void *context, uint32_t instance, uint32_t series);
    /* What series of one group have in common, as a text; different groups, different texts. */
    void (*key)(void *context, uint32_t instance, uint32_t series, struct text *out);
    /* Value of the series at a point; NAN when there is none. */
    double (*value)(void *context, const struct fold_cells *cells, uint32_t point);
    void *context;
    enum fold_aggregate aggregate;
    double quantile;             /* 0..1 */
};

struct fold_range {
    int64_t from_ms, step_ms;    /* from a multiple of step */
    uint32_t points;
    uint32_t lead, per_point;    /* as struct fold_cells; cells are step_ms / per_point long */
};

struct fold_group {
    uint64_t hash;
    uint32_t instance;           /* one of its series, to name it by */
    uint16_t series;
    uint32_t count;              /* series in it */
    uint32_t start;              /* its column */
    uint32_t filled;
    double rank;
};

struct fold;
struct fold_pool;

struct fold_pool *fold_reserve(struct memory_map *map, uint32_t folds_max);
/* A free one, or NULL. */
struct fold *fold_take(struct fold_pool *pool, struct store *s, const struct fold_plan *plan);
void fold_give(struct fold_pool *pool, struct fold *f);

/* Finds series and groups: 1 more to do, 0 done, ERR_FULL over FOLD_GROUPS_MAX groups. */
int fold_select(struct fold *f);
uint32_t fold_series_count(const struct fold *f);
uint32_t fold_group_count(const struct fold *f);
/* Columns: what a point costs. FOLD_CELLS_MAX over this is how many points there can be. */
uint32_t fold_columns(const struct fold *f);

/* Sets the range, after the selection: ERR_FULL when that is too many values. */
int fold_begin(struct fold *f, const struct fold_range *range);
/* 1 more to do, 0 done, ERR_BUSY all queries of the store are running, or a storage error. */
int fold_run(struct fold *f);

/* The coarsest that stood in for finer samples that are gone, as store_query_resolution_ms(). */
int64_t fold_resolution_ms(const struct fold *f);
const struct fold_group *fold_group(const struct fold *f, uint32_t group);
/* NAN where there is none. */
double fold_value(const struct fold *f, uint32_t group, uint32_t point);

/* How groups are ranked over the whole range. */
enum fold_order { ORDER_AVG, ORDER_MIN, ORDER_MAX, ORDER_LAST, ORDER_SUM };
/* Writes the `top` first groups by rank, highest first (or lowest): how many. Groups without a value are
 * left out. */
uint32_t fold_top(struct fold *f, enum fold_order order, bool is_lowest, uint32_t top,
                  uint32_t groups[static FOLD_TOP_MAX]);

#endif
