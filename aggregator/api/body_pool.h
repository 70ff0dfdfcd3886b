/* SPDX-License-Identifier: MIT */
/* The few large buffers that all requests share for bodies: a slot belongs to one exchange until it ends. */
#ifndef NEPHOS_API_BODY_POOL_H
#define NEPHOS_API_BODY_POOL_H

#include "platform/base/memory_map.h"

#define BODY_SLOTS_MAX 256U

struct body_pool {
    char *bytes;
    uint32_t capacity, slot_size, used;
    struct memory_line *line;
    uint64_t refused; /* requests that found none free */
    bool taken[BODY_SLOTS_MAX];
};

/* `pool` may be NULL while memory is being counted. Both numbers may be 0: then every large body is
 * refused. */
void body_pool_reserve(struct memory_map *map, struct body_pool *pool, uint32_t slots, uint32_t slot_size);
/* slot_size bytes, or NULL when all are taken. */
char *body_pool_take(struct body_pool *pool);
/* NULL is allowed. */
void body_pool_give(struct body_pool *pool, const char *slot);

#endif
