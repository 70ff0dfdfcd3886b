/* SPDX-License-Identifier: MIT */
/* One sample: the numbers that were there at one moment, by slot. Collect fills it, the block builder
 * takes it. */
#ifndef NEPHOS_SAMPLE_H
#define NEPHOS_SAMPLE_H

#include <string.h>

#include "proto/limits.h"
#include "proto/processes.h"

#define SLOT_WORDS (SLOTS_MAX / 64U)

struct sample {
    int64_t time_ms; /* wall clock */
    uint64_t present[SLOT_WORDS];
    int64_t values[SLOTS_MAX]; /* only where present */
    struct process_tops tops;
};

static inline void sample_clear(struct sample *s, int64_t time_ms)
{
    s->time_ms = time_ms;
    memset(s->present, 0, sizeof s->present);
    s->tops.count = 0;
}

static inline void sample_put(struct sample *s, uint32_t slot, int64_t value)
{
    ASSERT(slot < SLOTS_MAX);
    s->present[slot / 64] |= UINT64_C(1) << slot % 64;
    s->values[slot] = value;
}

static inline bool sample_has(const struct sample *s, uint32_t slot)
{
    return (s->present[slot / 64] >> slot % 64 & 1) != 0;
}

#endif
