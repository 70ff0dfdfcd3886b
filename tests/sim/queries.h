/* SPDX-License-Identifier: MIT */
/* Questions to the store while it runs, and their judgement afterwards; see queries.c. */
#ifndef NEPHOS_TESTS_SIM_QUERIES_H
#define NEPHOS_TESTS_SIM_QUERIES_H

#include "tests/sim/world.h"

#define QUERIES_PER_AGENT 6U
#define QUERIES_ASKED (QUERIES_PER_AGENT * AGENTS_MAX)

struct answers;

/* After the calm, with the aggregator running. */
struct answers *queries_ask(struct world *w);
/* When the books say what is stored; frees the answers. */
void queries_judge(struct world *w, struct answers *all);
/* Somebody looks at that host for a while: it ships every second. */
void queries_watch(struct world *w, uint32_t agent, uint32_t seconds);

#endif
