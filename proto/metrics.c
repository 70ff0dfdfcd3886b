/* SPDX-License-Identifier: MIT */
/* The table of metrics as data. */
#include "proto/metrics.h"

#include <string.h>

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
    for (int id = 0; id < METRIC_COUNT; id++)
        if (strcmp(table[id].name, name) == 0)
            return id;
    return ERR_MISSING;
}

bool metric_is_told(enum metric id)
{
    switch (id) {
    case METRIC_RESPONSE_TIME:
    case METRIC_ACTIVE_USERS:
    case METRIC_REQUEST_RATE:
    case METRIC_ERROR_RATE:
    case METRIC_TRAFFIC_SOURCES: return true;
    default: return false;
    }
}
