/* SPDX-License-Identifier: MIT */
/* The table of metrics as data. */
#include "proto/metrics.h"

#include "platform/base/text.h"

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

int metric_find(const char *name)
{
    for (int i = 0; i < METRIC_COUNT; i++)
        if (text_equal(table[i].name, name))
            return i;
    return ERR_MISSING;
}
