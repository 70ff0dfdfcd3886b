/* SPDX-License-Identifier: MIT */
/* A machine on which applications tell their numbers, and the sample in which they stand. */
#ifndef NEPHOS_TESTS_AGENT_INPUTS_RIG_H
#define NEPHOS_TESTS_AGENT_INPUTS_RIG_H

#include "agent/sample.h"
#include "agent/series.h"
#include "platform/sim/sim.h"
#include "tests/unit/unit.h"

static struct sim_world *world;
static struct plat *p;
static struct series series;
static struct sample sample;
static uint8_t scratch[SCRATCH_SIZE];
static uint32_t warnings;

static inline void count_warnings(void *ctx, struct plat *from, enum log_level level, const char *line)
{
    (void)ctx, (void)from, (void)line;
    warnings += level <= LOG_WARN;
}

static inline void inputs_rig_open(void)
{
    world = sim_new(1);
    p = sim_machine(world, "web");
    sim_log_to(world, count_warnings, NULL);
    warnings = 0;
    series_init(&series);
}

static inline void inputs_rig_close(void)
{
    sim_free(world);
}

/* The value in the sample, and its scale; -1 when there is none. */
static inline int64_t inputs_rig_value(const char *metric, const char *tag, uint32_t *scale)
{
    for (uint32_t slot = 0; slot < series.count; slot++) {
        char space[TAG_SIZE];
        struct wire_series it;
        series_describe(&series, slot, space, &it);
        *scale = it.scale;
        if (text_equal(it.metric, metric) && text_equal(it.tag, tag) && sample_has(&sample, slot))
            return sample.values[slot];
    }
    return -1;
}

#endif
