/* SPDX-License-Identifier: MIT */
/* The levels at which batches from outside raise alerts. Data, no state. */
#ifndef NEPHOS_ANALYSIS_LEVELS_H
#define NEPHOS_ANALYSIS_LEVELS_H

#include "platform/base/text.h"

enum level_state { LEVEL_NORMAL, LEVEL_WARNING, LEVEL_CRITICAL };

struct level {
    const char *metric, *rule;
    int64_t warning, critical; /* at or above, in the metric's unit */
};

/* The level of a metric, or NULL. */
const struct level *level_of(const char *metric);
/* What a stored value (times scale) means; *limit is the level that it reached, times scale; 0 when
 * normal. */
enum level_state level_judge(const struct level *level, int64_t value, uint32_t scale, int64_t *limit);
/* "cpu_usage is critical: 90percent (threshold: 90)" */
void level_say(const struct level *level, enum level_state state, int64_t value, uint32_t scale,
               const char *unit, struct text *out);

#endif
