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

HEAP_INLINE void heap_swap(uint8_t *a, uint8_t *b, uint32_t size)
{
    uint8_t held[HEAP_ITEM_MAX];
    ASSERT(size <= sizeof held);
    memcpy(held, a, size);
    memcpy(a, b, size);
    memcpy(b, held, size);
}

/* Of `count` items of `size` bytes, all but the one at `at` are a heap with the last of them at the root:
 * moves that one to where it belongs. */
HEAP_INLINE void heap_sink(void *items, uint32_t count, uint32_t size, uint32_t at, heap_before *is_before)
{
    uint8_t *bytes = (uint8_t *)items;
    for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
        uint8_t *below = bytes + (size_t)child * size, *it = bytes + (size_t)at * size;
        if (child + 1 < count && is_before(below, below + size)) {
            child++;
            below += size;
        }
        if (!is_before(it, below))
            return;
        heap_swap(it, below, size);
    }
}

HEAP_INLINE void heap_sort(void *items, uint32_t count, uint32_t size, heap_before *is_before)
{
    uint8_t *bytes = (uint8_t *)items;
    for (uint32_t i = count / 2; i > 0; i--)
        heap_sink(items, count, size, i - 1, is_before);
    for (uint32_t left = count; left > 1; left--) {
        heap_swap(bytes, bytes + (size_t)(left - 1) * size, size);
        heap_sink(items, left - 1, size, 0, is_before);
    }
}

#endif
