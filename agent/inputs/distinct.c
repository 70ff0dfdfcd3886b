/* SPDX-License-Identifier: MIT */
/* Counting what is different; see distinct.h. */
#include "agent/inputs/distinct.h"

#include <string.h>

void distinct_clear(struct distinct *d)
{
    memset(d, 0, sizeof *d);
}

/* FNV-1a, then the finish of MurmurHash3, without which neighbours would stay neighbours. */
static uint64_t hash_of(const char *text, uint32_t length)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (uint32_t i = 0; i < length; i++)
        h = (h ^ (uint8_t)text[i]) * UINT64_C(1099511628211);
    h = (h ^ (h >> 33)) * UINT64_C(0xff51afd7ed558ccd);
    h = (h ^ (h >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ (h >> 33);
}

void distinct_add(struct distinct *d, const char *text, uint32_t length)
{
    uint64_t h = hash_of(text, length);
    uint32_t at = (uint32_t)(h % DISTINCT_REGISTERS);
    uint64_t rest = h / DISTINCT_REGISTERS; /* 54 bits */
    uint8_t rank = rest == 0 ? 55 : (uint8_t)(__builtin_clzll(rest) - 10 + 1);
    if (d->registers[at] < rank)
        d->registers[at] = rank;
}

/* log2(v) * 2^16 for v = numerator / denominator from 1 to 1024: bit by bit, squaring. */
static uint64_t log2_x65536(uint64_t numerator, uint64_t denominator)
{
    uint64_t result = 0;
    while (numerator >= 2 * denominator) {
        denominator *= 2;
        result += 1U << 16;
    }
    uint64_t v = (numerator << 30) / denominator; /* 1..2 as 2.30 */
    for (uint32_t bit = 1U << 15; bit != 0; bit >>= 1) {
        v = v * v >> 30;
        if (v >= UINT64_C(1) << 31) {
            v >>= 1;
            result += bit;
        }
    }
    return result;
}

/* m ln(m / empty), with ln 2 = 45426 / 65536. */
static uint64_t count_by_empty(uint32_t empty)
{
    uint64_t x65536 = (log2_x65536(DISTINCT_REGISTERS, empty) * 45426) >> 16;
    return (x65536 * DISTINCT_REGISTERS + 32768) >> 16;
}

uint64_t distinct_count(const struct distinct *d)
{
    uint64_t sum = 0; /* of 2^-register, in 2^-44 */
    uint32_t empty = 0;
    for (uint32_t i = 0; i < DISTINCT_REGISTERS; i++) {
        empty += d->registers[i] == 0;
        sum += d->registers[i] > 44 ? 1 : UINT64_C(1) << (44 - d->registers[i]);
    }
    /* alpha m^2 with alpha = 0.7213 / (1 + 1.079 / m) */
    uint64_t estimate = (UINT64_C(755540) << 44) / sum;
    return empty > 0 && estimate <= DISTINCT_REGISTERS * 5 / 2 ? count_by_empty(empty) : estimate;
}
