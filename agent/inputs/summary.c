/* SPDX-License-Identifier: MIT */
/* Durations in fixed memory; see summary.h. */
#include "agent/inputs/summary.h"

#include <string.h>

#include "agent/inputs/decimal.h"

void summary_clear(struct summary *s)
{
    memset(s, 0, sizeof *s);
}

/* One for each value below 16; then 16 for each power of two, by the four bits behind the first. */
static uint32_t bucket_of(int64_t value)
{
    if (value < (int64_t)SUMMARY_STEPS)
        return value < 0 ? 0 : (uint32_t)value;
    uint32_t exponent = 63 - (uint32_t)__builtin_clzll((uint64_t)value);
    if (exponent >= SUMMARY_BITS_MAX)
        return SUMMARY_BUCKETS - 1;
    uint32_t behind_first = (uint32_t)((uint64_t)value >> (exponent - 4)) & (SUMMARY_STEPS - 1);
    return SUMMARY_STEPS * (exponent - 3) + behind_first;
}

/* The middle of a bucket. */
static int64_t value_of(uint32_t bucket)
{
    if (bucket < SUMMARY_STEPS)
        return bucket;
    uint32_t shift = bucket / SUMMARY_STEPS - 1;
    uint64_t low = (uint64_t)(SUMMARY_STEPS + bucket % SUMMARY_STEPS) << shift;
    return (int64_t)(low + ((UINT64_C(1) << shift) >> 1));
}

void summary_add(struct summary *s, int64_t value)
{
    s->min = s->count == 0 || value < s->min ? value : s->min;
    s->max = s->count == 0 || value > s->max ? value : s->max;
    s->sum = decimal_add(s->sum, value);
    s->count += s->count < UINT32_MAX;
    uint16_t *bucket = &s->buckets[bucket_of(value)];
    if (*bucket == UINT16_MAX)
        for (uint32_t i = 0; i < SUMMARY_BUCKETS; i++)
            s->buckets[i] = (uint16_t)((s->buckets[i] + 1U) / 2);
    ++*bucket;
}

int64_t summary_mean(const struct summary *s)
{
    ASSERT(s->count > 0);
    return s->sum / (int64_t)s->count;
}

int64_t summary_quantile(const struct summary *s, uint32_t permille)
{
    ASSERT(s->count > 0 && permille <= 1000);
    uint64_t all = 0, seen = 0;
    for (uint32_t i = 0; i < SUMMARY_BUCKETS; i++)
        all += s->buckets[i];
    uint64_t wanted = (all * permille + 999) / 1000;
    uint32_t i = 0;
    while (i < SUMMARY_BUCKETS - 1 && (seen += s->buckets[i]) < (wanted == 0 ? 1 : wanted))
        i++;
    int64_t value = i == SUMMARY_BUCKETS - 1 ? s->max : value_of(i);
    return value < s->min ? s->min : value > s->max ? s->max : value;
}
