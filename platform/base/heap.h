/* SPDX-License-Identifier: MIT */
/* Sorting where things lie: no memory of its own, and no slower for any order in which they came. All of it
 * is inlined, so that a size and a comparison that the compiler sees cost no call. */
#ifndef NEPHOS_HEAP_H
#define NEPHOS_HEAP_H

#include <string.h>

#include "platform/base/base.h"

#define HEAP_INLINE static inline __attribute__((always_inline))
#define HEAP_ITEM_MAX 128U

typedef bool heap_before(const void *a, const void *b);

/* Of `count` items of `size` bytes, all but the one at `at` are a heap with the last of them at the root:
 * moves that one to where it belongs. It is held aside while others move up, so each is copied once. */
HEAP_INLINE void heap_sink(void *items, uint32_t count, uint32_t size, uint32_t at, heap_before *is_before)
{
    _Alignas(16) uint8_t held[HEAP_ITEM_MAX];
    uint8_t *bytes = (uint8_t *)items, *place = bytes + (size_t)at * size;
    ASSERT(size <= sizeof held);
    memcpy(held, place, size);
    for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
        uint8_t *below = bytes + (size_t)child * size;
        uint32_t other = child + 1 < count && is_before(below, below + size);
        child += other;
        below += other * size;
        if (!is_before(held, below))
            break;
        memcpy(place, below, size);
        place = below;
    }
    memcpy(place, held, size);
}

HEAP_INLINE void heap_sort(void *items, uint32_t count, uint32_t size, heap_before *is_before)
{
    uint8_t *bytes = (uint8_t *)items;
    for (uint32_t i = count / 2; i > 0; i--)
        heap_sink(items, count, size, i - 1, is_before);
    for (uint32_t left = count; left > 1; left--) {
        uint8_t held[HEAP_ITEM_MAX], *last = bytes + (size_t)(left - 1) * size;
        memcpy(held, bytes, size);
        memcpy(bytes, last, size);
        memcpy(last, held, size);
        heap_sink(items, left - 1, size, 0, is_before);
    }
}

#endif
