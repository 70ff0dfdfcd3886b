/* SPDX-License-Identifier: MIT */
/* A destination of metrics beside the house, and what it must have in the end; see outlets.c. */
#ifndef NEPHOS_TESTS_SIM_OUTLETS_H
#define NEPHOS_TESTS_SIM_OUTLETS_H

#include "aggregator/forward/target.h"

struct world;
struct store;

#define OUTLETS_POINTS_MAX 262144U

struct outlets {
    struct target to;
    uint64_t keys[OUTLETS_POINTS_MAX]; /* of the points that are there, by open addressing; 0: none */
    uint32_t count, requests, malformed;
};

/* The destination is there before the aggregator starts. */
void outlets_open(struct world *w);
void outlets_calm(struct world *w);
/* After the calm, with the aggregator running. */
void outlets_judge(struct world *w, struct store *s);

#endif
