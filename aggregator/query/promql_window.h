/* SPDX-License-Identifier: MIT */
/* Functions over the samples of one series within a stretch of time, extrapolated as Prometheus does it.
 * Pure.
 *
 * A sample is a cell of the store: one sample, or several where the resolution is coarser. Sums, counts,
 * minima and maxima are of all that is in it; functions that follow a value through time see each cell as one
 * sample, the newest in it. */
#ifndef NEPHOS_QUERY_PROMQL_WINDOW_H
#define NEPHOS_QUERY_PROMQL_WINDOW_H

#include "aggregator/query/promql.h"
#include "aggregator/store/store.h"

struct promql_sample {
    const struct store_cell *cell; /* not empty */
    double scale;                  /* stored integer / scale = value */
};

struct promql_window {
    enum promql_function function; /* over a range, or CALL_INSTANT */
    int64_t range_ms;              /* of CALL_INSTANT how long a value holds */
    int64_t coarse_ms; /* cells may stand so far apart: windows that hold too little are widened */
};

/* No value: a NaN that no calculation makes. */
double promql_absent(void);
bool promql_is_absent(double value);

/* At time t. `samples` ascend by last_ms; *first is where the window of an earlier t began, and moves on:
 * start with 0. `looked` grows by the samples that were read. */
double promql_window_value(const struct promql_window *w, const struct promql_sample *samples, uint32_t count,
                           int64_t t_ms, uint32_t *first, uint64_t *looked);
/* How far before t samples can matter. */
int64_t promql_window_reach_ms(const struct promql_window *w);

#endif
