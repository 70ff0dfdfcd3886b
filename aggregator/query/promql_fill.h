/* SPDX-License-Identifier: MIT */
/* The second half of a load: from the cells of a batch to rows of the table. */
#ifndef NEPHOS_QUERY_PROMQL_FILL_H
#define NEPHOS_QUERY_PROMQL_FILL_H

#include "aggregator/query/promql_load.h"

/* Rows of the batch, or groups that they are folded into: 1 more to do, 0 done, or ERR_FULL. */
int promql_fill(struct promql_load *l, const struct promql_source *from, struct promql_table *t);
/* The row of a series of ask.instance whose newest sample is what is asked for: 1 done, 0 it must be read, or
 * ERR_FULL. */
int promql_fill_newest(struct promql_load *l, const struct promql_source *from, struct promql_table *t,
                       uint32_t series);
/* Families that have no samples (info.h). */
int promql_fill_info(struct promql_load *l, const struct promql_source *from, struct promql_table *t);
/* Behind the last batch: the load's matrix is whole. */
int promql_fill_end(struct promql_load *l, struct promql_table *t);

#endif
