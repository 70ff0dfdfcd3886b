/* SPDX-License-Identifier: MIT */
/* A query between its two halves: query.c reads what is asked, query_answer.c runs it and writes. */
#ifndef NEPHOS_API_QUERY_H
#define NEPHOS_API_QUERY_H

#include "aggregator/api/exchange.h"

#define FOLD_COUNT_ALL (FOLD_RATE + 1)
#define FOLD_BY_KIND FOLD_COUNT_ALL /* avg, and rate for counters */
extern const char *const query_fold_names[FOLD_COUNT_ALL];

struct query_state {
    int query;                /* handle of the store, or -1 */
    uint32_t instance;
    uint32_t series_count;
    uint16_t series[QUERY_SERIES_MAX];
    int fold;                 /* enum store_fold or FOLD_BY_KIND */
    int64_t from_ms, to_ms, step_ms;
    int64_t patience_ms;      /* longest silence that a rate bridges */
    uint32_t points, at_point, at_series;
    bool is_ready, is_open, are_times_done, is_series_open;
};
static_assert(sizeof(struct query_state) <= EXCHANGE_STATE_SIZE, "query state must fit");

/* A time of the query string; `fallback_ms` when it is not there. False when it answered with an error. */
bool query_read_time(struct exchange *x, const char *name, int64_t fallback_ms, int64_t *out);

struct query_range {
    int64_t from_ms, to_ms;
    int64_t step_ms;          /* 0: to be chosen, for at most `points` steps */
    uint64_t points;
    int fold;                 /* enum store_fold or FOLD_BY_KIND */
};
/* from, to, step, points and fold. False when it answered with an error. */
bool query_read_range(struct exchange *x, struct query_range *out);
/* All values of a repeated name, decoded and joined with commas. Negative as percent_decode(). */
int query_patterns(struct span query, const char *name, char *to, uint32_t to_size);
/* The smallest round step that keeps the points below `points` and is no finer than the samples. */
int64_t query_round_step(int64_t range_ms, uint64_t points, int64_t interval_ms);

/* True when more than one host is asked about, or folded, or another format: handle_across() answers. */
bool across_is_asked(const struct exchange *x);
void handle_across(struct exchange *x);

/* "resolution": "full", or the coarser one that stood in for samples that are gone. */
void query_write_resolution(struct json *j, int64_t resolution_ms);

/* Producer and release of the exchange whose state is a query_state. */
int query_produce(struct exchange *x);
void query_release(struct exchange *x);

#endif
