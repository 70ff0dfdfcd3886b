/* SPDX-License-Identifier: MIT */
/* The table of metrics as data. */
#include "proto/metrics.h"

static const struct metric_info table[METRIC_COUNT] = {
#define METRIC(id, name, unit, scale, kind, tag_key, prometheus, otel, help) \
    [METRIC_##id] = {name, unit, scale, kind, tag_key, prometheus, otel, help},
#include "proto/metrics.def"
#undef METRIC
};

const struct metric_info *metric_info(enum metric id)
{
    ASSERT(id < METRIC_COUNT);
    return &table[id];
}
