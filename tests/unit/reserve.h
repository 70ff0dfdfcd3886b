/* SPDX-License-Identifier: MIT */
/* Memory for rooms that a test reserves as the program does: once to add up, then to be handed out. */
#ifndef NEPHOS_TESTS_RESERVE_H
#define NEPHOS_TESTS_RESERVE_H

#include "platform/base/memory_map.h"
#include "tests/unit/unit.h"

/* Begins the second walk of a map that has added up: from now on the reserve functions hand out what is
 * returned here, zeroed. The caller frees it. */
static inline void *reserve_memory(struct memory_map *map)
{
    uint64_t size = map->used;
    uint8_t *memory = calloc(1, size + 63); /* most of it is never touched, and costs nothing */
    assert_non_null(memory);
    memory_map_init(map, memory + (64 - (uintptr_t)memory % 64) % 64, size);
    return memory;
}

#endif
