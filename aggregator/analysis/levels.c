/* SPDX-License-Identifier: MIT */
/* See levels.h. The numbers are those of the backend that existing agents were written for. */
#include "aggregator/analysis/levels.h"

static const struct level levels[] = {
    {"cpu_usage", "level:cpu_usage", 70, 90},
    {"memory_usage_percent", "level:memory_usage_percent", 75, 90},
    {"disk_usage_percent", "level:disk_usage_percent", 80, 95},
    {"network_errors", "level:network_errors", 10, 50},
    {"response_time_ms", "level:response_time_ms", 1000, 3000},
};

const struct level *level_of(const char *metric)
{
    for (uint32_t i = 0; i < COUNT_OF(levels); i++)
        if (text_equal(levels[i].metric, metric))
            return &levels[i];
    return NULL;
}

enum level_state level_judge(const struct level *level, int64_t value, uint32_t scale, int64_t *limit)
{
    *limit = level->critical * (int64_t)scale;
    if (value >= *limit)
        return LEVEL_CRITICAL;
    *limit = level->warning * (int64_t)scale;
    if (value >= *limit)
        return LEVEL_WARNING;
    *limit = 0;
    return LEVEL_NORMAL;
}

void level_say(const struct level *level, enum level_state state, int64_t value, uint32_t scale,
               const char *unit, struct text *out)
{
    bool is_critical = state == LEVEL_CRITICAL;
    text_printf(out, "%s is %s: ", level->metric, is_critical ? "critical" : "high");
    text_put_scaled(out, value, scale);
    long long limit = is_critical ? level->critical : level->warning;
    text_printf(out, "%s (threshold: %lld)", unit, limit);
}
