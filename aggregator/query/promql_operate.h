/* SPDX-License-Identifier: MIT */
/* Operators, functions and aggregations over matrices. Operands lie on top of the table; the result takes
 * the place of the first. In slices: each answers 1 while there is more to do, 0 when it is done, or ERR_FULL
 * with words in the table. Begin each with a zeroed struct promql_work. */
#ifndef NEPHOS_QUERY_PROMQL_OPERATE_H
#define NEPHOS_QUERY_PROMQL_OPERATE_H

#include "aggregator/query/promql_table.h"

#define PROMQL_SLICE 65536U /* values worked on in one slice, a few hundred microseconds */

struct promql_work {
    bool is_begun, is_walked;
    uint32_t at, out, groups;
};

/* left and right of a binary; the result is in *left. */
int promql_binary(struct promql_table *t, const struct promql *q, const struct promql_node *node,
                  struct promql_matrix *left, struct promql_matrix *right, struct promql_work *w);
/* Function of each value; `more` are its scalar arguments, which lie above. */
int promql_call(struct promql_table *t, const struct promql *q, const struct promql_node *node,
                struct promql_matrix *m, const struct promql_matrix more[2], struct promql_work *w);
int promql_negate(struct promql_table *t, struct promql_matrix *m, struct promql_work *w);
/* `parameter` (or NULL) lies below the matrix; the result takes its place. */
int promql_aggregate(struct promql_table *t, const struct promql *q, const struct promql_node *node,
                     const struct promql_matrix *parameter, struct promql_matrix *m, struct promql_work *w);
/* Rows by value of the only point, as m->order says. */
void promql_sort(struct promql_table *t, const struct promql_matrix *m);

/* Brings a matrix down to row `first`, and everything above goes. */
void promql_settle(struct promql_table *t, struct promql_matrix *m, uint32_t first);

#endif
