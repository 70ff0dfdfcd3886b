/* SPDX-License-Identifier: MIT */
/* Single bits in a byte string, most significant first: what the column codec writes and reads.
 *
 * A writer that runs out of room sets `full` and goes on harmlessly; a reader that runs past the end sets
 * `ended` and yields zeros. Callers look once, at the end. */
#ifndef NEPHOS_BITS_H
#define NEPHOS_BITS_H

#include "platform/base/bytes.h"

struct bit_writer {
    uint8_t *to;
    uint32_t size, at;
    uint64_t word;   /* the low `filled` bits wait to be written; fewer than 8 between calls */
    uint32_t filled;
    bool full;
};

/* Appends the low n bits of v, n at most 32. */
static inline void bits_put(struct bit_writer *w, uint64_t v, uint32_t n)
{
    w->word = w->word << n | (v & ((UINT64_C(1) << n) - 1));
    w->filled += n;
    while (w->filled >= 8) {
        w->filled -= 8;
        if (w->at == w->size) {
            w->full = true;
            continue;
        }
        w->to[w->at++] = (uint8_t)(w->word >> w->filled);
    }
}

/* The same for n up to 64. */
static inline void bits_put_long(struct bit_writer *w, uint64_t v, uint32_t n)
{
    if (n > 32) {
        bits_put(w, v >> 32, n - 32);
        n = 32;
    }
    bits_put(w, v, n);
}

/* Pads the last byte with zeros. */
static inline void bits_flush(struct bit_writer *w)
{
    if (w->filled > 0)
        bits_put(w, 0, 8 - w->filled);
}

struct bit_reader {
    const uint8_t *from;
    uint32_t size, at;
    uint64_t window; /* the next bits, left-aligned */
    uint32_t have;   /* how many of them count; what stands behind them is read again */
    bool ended;
};

/* Afterwards at least 56 bits count, or all that are left. */
static inline void bits_refill(struct bit_reader *r)
{
    if (r->size - r->at >= sizeof r->window) {
        uint32_t bytes = (63 - r->have) / 8;
        r->window |= __builtin_bswap64(get_u64(r->from + r->at)) >> r->have;
        r->at += bytes;
        r->have += bytes * 8;
        return;
    }
    while (r->have <= 56 && r->at < r->size) {
        r->window |= (uint64_t)r->from[r->at++] << (56 - r->have);
        r->have += 8;
    }
}

/* n is at most 32, and bits_refill has been called since the last 24 bits. */
static inline void bits_skip(struct bit_reader *r, uint32_t n)
{
    if (n > r->have) {
        r->ended = true;
        r->have = n;
    }
    r->window <<= n;
    r->have -= n;
}

/* The next n bits, n at most 32. */
static inline uint64_t bits_get(struct bit_reader *r, uint32_t n)
{
    if (n == 0)
        return 0;
    bits_refill(r);
    uint64_t v = r->window >> (64 - n);
    bits_skip(r, n);
    return v;
}

/* The same for n up to 64. */
static inline uint64_t bits_get_long(struct bit_reader *r, uint32_t n)
{
    uint64_t high = 0;
    if (n > 32) {
        high = bits_get(r, n - 32);
        n = 32;
    }
    return high << 32 | bits_get(r, n);
}

/* Ones before the next zero, which is taken too; at most `limit` (below 32), then no zero follows. */
static inline uint32_t bits_get_unary(struct bit_reader *r, uint32_t limit)
{
    bits_refill(r);
    uint32_t ones = ~r->window == 0 ? 64 : (uint32_t)__builtin_clzll(~r->window);
    if (ones >= limit) {
        bits_skip(r, limit);
        return limit;
    }
    bits_skip(r, ones + 1);
    return ones;
}

/* Bytes touched so far, counting a half-read byte as a whole one. */
static inline uint32_t bits_taken(const struct bit_reader *r)
{
    return r->at - r->have / 8;
}

#endif
