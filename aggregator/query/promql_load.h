/* SPDX-License-Identifier: MIT */
/* Series out of the store: those that a selector takes, with the function that stands around it done, and,
 * where an aggregation of the simple kind stands around that, folded into groups while they come: then the
 * answer's size, and not the number of hosts, is what must fit.
 *
 * Samples come as cells of the store. Within minutes they are short enough to hold one sample each; the
 * longer the stretch, the coarser, so that years are read from what was rolled up. */
#ifndef NEPHOS_QUERY_PROMQL_LOAD_H
#define NEPHOS_QUERY_PROMQL_LOAD_H

#include "aggregator/query/catalog.h"
#include "aggregator/query/promql_operate.h"
#include "aggregator/query/promql_window.h"

#define PROMQL_LOOKBACK_MS INT64_C(300000)
#define PROMQL_JOB "nephos"   /* label of every series that has no other */

struct promql_source {
    struct store *store;
    struct catalog *catalog;
};

struct promql_batch_row {
    uint16_t first,
        count; /* positions in the query of the store: of one series, that has had several scales */
};

struct promql_load {
    bool is_begun;
    const struct promql *q;
    const struct promql_node *selector, *group; /* group: or NULL */
    struct promql_window window;
    struct promql_filter filter;                /* of the group */
    int64_t from_ms, to_ms, cell_ms;
    uint8_t verdicts[STORE_METRICS_MAX];        /* 0 not looked at, else enum verdict */
    uint32_t metric_count;                      /* that the verdicts were made of */
    /* the walk: behind this series */
    uint32_t instance, family;
    int32_t series;
    struct promql_matrix matrix;
    /* a batch: series of one instance */
    struct store_query_ask ask;
    struct promql_batch_row rows[QUERY_SERIES_MAX];
    uint32_t row_count;
    int query;                                  /* of the store, or -1 */
    bool is_filled, is_waiting;                 /* its cells are there; the store had no place for it */
    uint32_t row, point, first_sample, sample_count;
    int target;                                 /* row of the table, or -1 */
    uint32_t arena_before;
    struct promql_sample samples[QUERY_CELLS_MAX];
};

/* The selector's matrix, on top of the table: 1 more to do, 0 done and in *out, ERR_BUSY all queries of the
 * store are running, ERR_FULL with words in the table, or a storage error. Begin with is_begun false. */
int promql_load_step(struct promql_load *l, const struct promql_source *from, const struct promql *q,
                     uint32_t node, struct promql_table *t, struct promql_matrix *out);
/* Gives the store's query back. */
void promql_load_end(struct promql_load *l, const struct promql_source *from);
/* The aggregation that the load of this selector does, too, or PROMQL_NONE. */
int promql_load_group(const struct promql *q, uint32_t node);

/* Labels of a series: its own, then job, then the facts of its host. */
void promql_series_labels(const struct promql_source *from, uint32_t instance, uint32_t series,
                          struct labels *out);
void promql_info_labels(const struct promql_source *from, uint32_t instance, uint32_t family,
                        struct labels *out);

#endif
