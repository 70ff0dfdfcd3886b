/* SPDX-License-Identifier: MIT */
/* Evaluates an expression over the store, in slices, in one of a few places that are reserved at start.
 *
 *     promql_take -> promql_parse(promql_expression()) -> promql_run_begin -> promql_run_step until 0
 *                 -> promql_result, promql_run_table -> promql_give */
#ifndef NEPHOS_QUERY_PROMQL_RUN_H
#define NEPHOS_QUERY_PROMQL_RUN_H

#include "aggregator/query/promql_load.h"

#define PROMQL_PLACES 2U

struct promql_run;
struct promql_pool;

struct promql_pool *promql_reserve(struct memory_map *map);
/* A free place, or NULL. */
struct promql_run *promql_take(struct promql_pool *pool, const struct promql_source *from);
void promql_give(struct promql_pool *pool, struct promql_run *r);

struct promql *promql_expression(struct promql_run *r);
/* Of `points` times from start on. ERR_FULL when those are too many. */
int promql_run_begin(struct promql_run *r, int64_t start_ms, int64_t step_ms, uint32_t points);
/* 1 more to do, 0 done, ERR_BUSY all queries of the store are running, ERR_FULL with words in the table's
 * `why`, or a storage error. */
int promql_run_step(struct promql_run *r);
/* Of an expression that is not a text. */
const struct promql_matrix *promql_result(const struct promql_run *r);
/* The memory, for who reads results, or keeps sets of labels in it. */
struct promql_table *promql_run_table(struct promql_run *r);

#endif
