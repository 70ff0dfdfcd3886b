/* SPDX-License-Identifier: MIT */
/* Numbers as bytes: little-endian words, LEB128 varints and zigzag.
 *
 * Readers never pass the end: `get_varint` answers 0 when the bytes end first or are over-long. */
#ifndef NEPHOS_BYTES_H
#define NEPHOS_BYTES_H

#include <string.h>

#include "platform/base/base.h"

#define VARINT_SIZE_MAX 10U

static inline void put_u16(uint8_t *at, uint16_t v)
{
    at[0] = (uint8_t)v;
    at[1] = (uint8_t)(v >> 8);
}

static inline void put_u32(uint8_t *at, uint32_t v)
{
    put_u16(at, (uint16_t)v);
    put_u16(at + 2, (uint16_t)(v >> 16));
}

static inline void put_u64(uint8_t *at, uint64_t v)
{
    put_u32(at, (uint32_t)v);
    put_u32(at + 4, (uint32_t)(v >> 32));
}

static inline uint16_t get_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] | (uint16_t)(at[1] << 8));
}

static inline uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)get_u16(at) | (uint32_t)get_u16(at + 2) << 16;
}

static inline uint64_t get_u64(const uint8_t *at)
{
    return (uint64_t)get_u32(at) | (uint64_t)get_u32(at + 4) << 32;
}

/* Small magnitudes of either sign become small unsigned numbers: 0 -1 1 -2 2 -> 0 1 2 3 4. */
static inline uint64_t zigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}

static inline int64_t unzigzag(uint64_t u)
{
    return (int64_t)(u >> 1) ^ -(int64_t)(u & 1);
}

/* Writes at most VARINT_SIZE_MAX bytes, which the caller has made sure of; returns how many. */
static inline uint32_t put_varint(uint8_t *at, uint64_t v)
{
    uint32_t n = 0;
    while (v >= 0x80) {
        at[n++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    at[n++] = (uint8_t)v;
    return n;
}

/* Returns the number of bytes read, or 0 when `size` bytes hold no whole varint of 64 bits. */
static inline uint32_t get_varint(const uint8_t *at, size_t size, uint64_t *out)
{
    uint64_t v = 0;
    for (uint32_t i = 0; i < VARINT_SIZE_MAX && i < size; i++) {
        if (i == VARINT_SIZE_MAX - 1 && at[i] > 1)
            return 0;
        v |= (uint64_t)(at[i] & 0x7f) << (7 * i);
        if (at[i] < 0x80) {
            *out = v;
            return i + 1;
        }
    }
    return 0;
}

#endif
