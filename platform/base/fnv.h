/* SPDX-License-Identifier: MIT */
/* FNV-1a with 64 bits (Fowler, Noll, Vo): for tables and for names of what was seen before, where nobody
 * gains by a collision. Begin with FNV_START. */
#ifndef NEPHOS_FNV_H
#define NEPHOS_FNV_H

#include <stddef.h>
#include <stdint.h>

#define FNV_START UINT64_C(0xcbf29ce484222325)

static inline uint64_t fnv_number(uint64_t hash, uint64_t n)
{
    return (hash ^ n) * UINT64_C(0x100000001b3);
}

static inline uint64_t fnv_bytes(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *at = (const uint8_t *)bytes;
    for (size_t i = 0; i < size; i++)
        hash = fnv_number(hash, at[i]);
    return hash;
}

/* NULL is an empty text. */
static inline uint64_t fnv_text(uint64_t hash, const char *text)
{
    for (; text != NULL && *text != '\0'; text++)
        hash = fnv_number(hash, (uint8_t)*text);
    return hash;
}

#endif
