/* SPDX-License-Identifier: MIT */
/* Sends alerts and metrics out: one channel for each destination of notifications, one sender for each of
 * metrics, each with its own cursors into the store, its own delay and its own breaker, so that a dead or
 * slow one is nobody else's business.
 *
 * A channel collects what is news to its destination, sends it as one message, and only when that has
 * arrived stores the cursor. What is killed in between is sent again with the same keys. Nothing is queued:
 * what waits is in the store, and the oldest of it is shown. */
#ifndef NEPHOS_FORWARD_H
#define NEPHOS_FORWARD_H

#include "aggregator/forward/destination.h"
#include "aggregator/forward/target.h"

struct forward;
struct aws_environment;
struct rule_book;

struct forward *forward_reserve(struct memory_map *map, uint32_t instances_max);
/* After the store's. */
void forward_open(struct forward *f, struct plat *p, struct store *s);
/* What the environment says of AWS, which must stay; at first: nothing. */
void forward_aws(struct forward *f, const struct aws_environment *aws);
/* From now on these are the destinations; copied. One that sends just now changes when that is over. ERR_FULL
 * and `why`: more names than OUTBOX_MAX since the start. */
int forward_configure(struct forward *f, const struct destination *list, uint32_t count, struct text *why);
/* What this book silences is not told. Without it nobody is silenced. */
void forward_heed(struct forward *f, const struct rule_book *book);
/* The same of metrics: more names than OUTLET_MAX. */
int forward_configure_targets(struct forward *f, const struct target *list, uint32_t count, struct text *why);
/* Takes answers, sends what is due. When to call again at the latest. */
struct mono forward_step(struct forward *f, struct mono now);

#endif
