/* SPDX-License-Identifier: MIT */
/* The demonstration: twelve simulated hosts write into the store what agents of such hosts would have sent in
 * the last seven days, and go on each second. Two of them are ill. Nothing else in the aggregator knows
 * that they are not real, but for the mark that it is a demonstration. */
#ifndef NEPHOS_DEMO_H
#define NEPHOS_DEMO_H

#include "aggregator/store/store.h"

struct demo;

struct demo *demo_reserve(struct memory_map *map);
/* After the store's. The hosts' present is `now`. */
void demo_open(struct demo *d, struct plat *p, struct store *s, struct wall now);
/* A bounded piece of the past, or what is due of the present. When to call again at the latest. */
struct mono demo_step(struct demo *d, struct mono now, struct wall wall);

#endif
