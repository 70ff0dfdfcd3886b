/* SPDX-License-Identifier: MIT */
/* Looks at what is served from outside, as those who use it would: checks of services, and what the provider
 * says of its servers. What it finds becomes samples of instances; rules judge them as they do all others.
 *
 * Checks run side by side in SENTINEL_SLOTS slots; one that hangs holds its slot until its time is up and
 * delays nobody else while others are free. Nothing is queued: a check that finds no free slot is late, and
 * counted. */
#ifndef NEPHOS_SENTINEL_H
#define NEPHOS_SENTINEL_H

#include "aggregator/sentinel/board.h"
#include "aggregator/sentinel/watcher.h"

#define SENTINEL_SLOTS 8U
#define SENTINEL_REQUESTS_MAX (SENTINEL_SLOTS + 1U) /* of the platform, at one time */

struct sentinel;

struct sentinel *sentinel_reserve(struct memory_map *map, uint32_t servers_max);
void sentinel_open(struct sentinel *s, struct plat *p, struct store *store);
/* From now on these are the checks of the configuration (copied), beside those in the store; and this is how
 * Vultr is asked. */
void sentinel_configure(struct sentinel *s, const struct check *checks, uint32_t count,
                        const struct watcher_settings *vultr);
/* Takes answers, begins what is due. When to call again at the latest. */
struct mono sentinel_step(struct sentinel *s, struct mono now);
/* The same for ever; what it says changes with each step. */
const struct sentinel_board *sentinel_board(const struct sentinel *s);

#endif
