/* SPDX-License-Identifier: MIT */
/* The query API of Prometheus below /prometheus/api/v1, between its files: promql.c reads what is asked,
 * promql_answer.c writes results, promql_meta.c tells names, labels and series. */
#ifndef NEPHOS_API_PROMQL_H
#define NEPHOS_API_PROMQL_H

#include "aggregator/api/exchange.h"
#include "aggregator/query/promql_run.h"

/* Begins every state of these routes: the exchange's release finds the place there. */
struct promql_place {
    struct promql_run *run;
};

/* A place in the exchange's state of that size, given back at its end; NULL when it answered 503. */
void *promql_state(struct exchange *x, size_t size);
/* {"status":"error",...} as Prometheus writes it. */
void promql_error(struct exchange *x, uint16_t status, const char *type, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Parameters of a GET stand in the query, of a POST in its body, as a form. */
int promql_parameter(const struct exchange *x, const char *name, char *to, uint32_t to_size);

/* The answer to a query that has been evaluated, at one time or over a range of times. */
void promql_respond(struct exchange *x, struct promql_run *run, bool is_range);

#endif
