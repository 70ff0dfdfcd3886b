/* SPDX-License-Identifier: MIT */
/* A bump allocator over a block that the caller owns: scratch for one message, then reset.
 *
 * When it is full, arena_take answers NULL and counts; nothing is ever freed one by one. */
#ifndef NEPHOS_ARENA_H
#define NEPHOS_ARENA_H

#include "platform/base/base.h"

struct arena {
    uint8_t *bytes;
    uint32_t size;
    uint32_t used;
    uint32_t high_water;   /* most bytes ever in use */
    uint32_t refused;      /* requests that did not fit */
};

static inline void arena_init(struct arena *a, void *bytes, uint32_t size)
{
    *a = (struct arena){.bytes = bytes, .size = size};
}

static inline void arena_reset(struct arena *a)
{
    a->used = 0;
}

/* Returns `size` bytes aligned to 16 counted from the start of the block, or NULL. */
static inline void *arena_take(struct arena *a, size_t size)
{
    uint32_t at = (a->used + 15U) & ~15U;
    if (at > a->size || size > a->size - at) {
        a->refused++;
        return NULL;
    }
    a->used = at + (uint32_t)size;
    if (a->used > a->high_water)
        a->high_water = a->used;
    return a->bytes + at;
}

#endif
