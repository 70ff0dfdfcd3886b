/* SPDX-License-Identifier: MIT */
/* Every metric that Nephos itself knows, from the one table proto/metrics.def. */
#ifndef NEPHOS_METRICS_H
#define NEPHOS_METRICS_H

#include "platform/base/base.h"

enum metric_kind { METRIC_GAUGE, METRIC_COUNTER };

enum metric {
#define METRIC(id, name, unit, scale, kind, tag_key, prometheus, otel, help) METRIC_##id,
#include "proto/metrics.def"
#undef METRIC
    METRIC_COUNT
};

struct metric_info {
    const char *name;       /* as the API and existing clients say it */
    const char *unit;
    uint32_t scale;         /* stored integer / scale = value */
    enum metric_kind kind;
    const char *tag_key;    /* "device", "mount", "interface", "mode", "core,mode" for two, or "" */
    const char *prometheus; /* node_exporter's name, or "" */
    const char *otel;       /* OpenTelemetry's name, or "" */
    const char *help;
};

const struct metric_info *metric_info(enum metric id);
/* The metric of this name, or ERR_MISSING. */
int metric_find(const char *name);
/* Applications may tell it themselves, by StatsD or a *.prom file. */
bool metric_is_told(enum metric id);

#endif
