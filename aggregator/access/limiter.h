/* SPDX-License-Identifier: MIT */
/* Token buckets in a fixed table: how often an address may ask, and how often it may be wrong.
 *
 * A bucket begins full. When the table is full, the one that was used longest ago gives way; its owner begins
 * anew with a full bucket, so who has more addresses than the table has places is not held back by it. */
#ifndef NEPHOS_ACCESS_LIMITER_H
#define NEPHOS_ACCESS_LIMITER_H

#include "platform/base/memory_map.h"
#include "platform/base/text.h"

#define LIMITER_KEY_SIZE 24U

struct limiter;

struct limiter *limiter_reserve(struct memory_map *map, const char *name, uint32_t capacity);
/* `per_minute` are given back, up to `burst` of them at once; per_minute 0: no limit. */
void limiter_set(struct limiter *l, uint32_t per_minute, uint32_t burst);
/* How a peer's address counts: "192.0.2.7:51422" as "192.0.2.7", "[2001:db8:1:2::7]:443" as
 * "2001:db8:1:2" (who has one address of a /64 has all of them). */
void limiter_key(const char *address, char key[static LIMITER_KEY_SIZE]);
/* Takes one: 0, or the milliseconds after which there is one again. */
int64_t limiter_take(struct limiter *l, const char *key, struct mono now);
/* The same without taking it. */
int64_t limiter_look(struct limiter *l, const char *key, struct mono now);

#endif
