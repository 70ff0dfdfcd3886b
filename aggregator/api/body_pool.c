/* SPDX-License-Identifier: MIT */
/* A flag for each slot. */
#include "aggregator/api/body_pool.h"

void body_pool_reserve(struct memory_map *map, struct body_pool *pool, uint32_t slots, uint32_t slot_size)
{
    ASSERT(slots <= BODY_SLOTS_MAX);
    char *bytes = memory_reserve(map, "api: large request bodies", slots, slot_size,
                                 "the request is refused with 503 and Retry-After");
    if (pool != NULL)
        *pool = (struct body_pool){
            .bytes = bytes, .capacity = slots, .slot_size = slot_size, .line = memory_last_line(map)};
}

char *body_pool_take(struct body_pool *pool)
{
    for (uint32_t i = 0; i < pool->capacity; i++) {
        if (pool->taken[i])
            continue;
        pool->taken[i] = true;
        memory_use(pool->line, ++pool->used);
        return pool->bytes + (size_t)i * pool->slot_size;
    }
    pool->refused++;
    return NULL;
}

void body_pool_give(struct body_pool *pool, const char *slot)
{
    if (slot == NULL)
        return;
    size_t i = (size_t)(slot - pool->bytes) / pool->slot_size;
    ASSERT(i < pool->capacity && pool->taken[i]);
    pool->taken[i] = false;
    memory_use(pool->line, --pool->used);
}
