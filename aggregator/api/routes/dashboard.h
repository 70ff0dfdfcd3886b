/* SPDX-License-Identifier: MIT */
/* What the first page of existing clients shows: counts, some instances, the newest alerts and points.
 * Gathered in one go, written piece by piece. */
#ifndef NEPHOS_API_DASHBOARD_H
#define NEPHOS_API_DASHBOARD_H

#include "aggregator/api/routes/handlers.h"

#define DASHBOARD_METRICS 20U

struct dashboard {
    uint32_t total, healthy;
    struct alert_counts alerts;
    int64_t latency_ms;
    struct metric_point points[DASHBOARD_METRICS]; /* newest first */
    uint32_t point_count;
    enum { SECTION_SUMMARY, SECTION_INSTANCES, SECTION_ALERTS, SECTION_METRICS, SECTION_END } section;
    uint32_t next, shown;              /* within the section */
    struct alert_filter filter;
};
static_assert(sizeof(struct dashboard) <= EXCHANGE_STATE_SIZE, "dashboard state must fit");

/* Looks at all series. ERR_OK, or why storage cannot be read. */
int dashboard_gather(struct store *s, int64_t now_ms, struct dashboard *d);
/* Writes the object, as `key` or as an element; PRODUCE_MORE when there is no room for the rest of it. */
int dashboard_write(struct store *s, int64_t now_ms, struct dashboard *d, const char *key, struct json *j);

#endif
