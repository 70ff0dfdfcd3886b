/* SPDX-License-Identifier: MIT */
/* GET /analytics/dashboard, and the same for live listeners. */
#include "aggregator/api/routes/dashboard.h"

#include <string.h>

#include "aggregator/api/routes/handlers.h"

#define INSTANCES_SHOWN 10U
#define ALERTS_SHOWN 10U
#define METRICS_SHOWN DASHBOARD_METRICS
#define LATENCY_MS_MAX (3600 * MS_PER_S) /* what was measured before that is no latency of now */

/* --- gathering --- */

static bool is_latency(const char *metric)
{
    return text_equal(metric, "response_time_ms") || text_equal(metric, "health_check_latency") ||
           text_equal(metric, "response_time") || text_equal(metric, "latency");
}

/* Keeps the newest; among those of one time the ones that came first. */
static void keep_point(struct dashboard *d, const struct metric_point *p)
{
    if (d->point_count == METRICS_SHOWN && d->points[METRICS_SHOWN - 1].time_ms >= p->time_ms)
        return;
    uint32_t at = d->point_count < METRICS_SHOWN ? d->point_count++ : METRICS_SHOWN - 1;
    for (; at > 0 && d->points[at - 1].time_ms < p->time_ms; at--)
        d->points[at] = d->points[at - 1];
    d->points[at] = *p;
}

struct mean {
    int64_t sum_us;
    uint32_t count;
};

static void look_at_series(struct store *s, int64_t now_ms, struct dashboard *d, uint32_t instance,
                           struct mean *latency)
{
    const struct instance *in = store_instance(s, instance);
    uint32_t count = store_series_count(s, instance);
    for (uint32_t i = 0; i < count; i++) {
        const struct store_series *series = store_series(s, instance, i);
        const struct store_metric *metric = store_metric(s, series->metric_index);
        if (series->last_ms == 0)
            continue;
        if (is_latency(metric->name) && now_ms - series->last_ms <= LATENCY_MS_MAX) {
            latency->sum_us += series->last_value / metric->scale * 1000 +
                               series->last_value % metric->scale * 1000 / metric->scale;
            latency->count++;
        }
        bool is_newer = d->point_count < METRICS_SHOWN ||
                        series->last_ms > d->points[METRICS_SHOWN - 1].time_ms;
        if (is_newer && metric_is_shown(in, metric, series->tag))
            keep_point(d, &(struct metric_point){instance, i, series->last_ms, series->last_value});
    }
}

int dashboard_gather(struct store *s, int64_t now_ms, struct dashboard *d)
{
    struct mean latency = {0};
    *d = (struct dashboard){.filter = {.status = -1, .before_ms = INT64_MAX, .before = INT64_MAX}};
    for (uint32_t i = 0; i < store_instance_count(s); i++) {
        const struct instance *in = store_instance(s, i);
        if (in->deleted_ms != 0)
            continue;
        d->total++;
        d->healthy += text_equal(instance_status(in, now_ms), "healthy");
        look_at_series(s, now_ms, d, i, &latency);
    }
    if (latency.count > 0)
        d->latency_ms = (latency.sum_us / latency.count + 500) / 1000;
    return store_alert_counts(s, &d->alerts);
}

/* --- writing --- */

static void write_summary(struct json *j, const struct dashboard *d)
{
    json_open_object(j, "summary");
    json_u64(j, "totalInstances", d->total);
    json_u64(j, "healthyInstances", d->healthy);
    json_u64(j, "activeAlerts", d->alerts.active);
    json_u64(j, "criticalAlerts", d->alerts.critical);
    json_i64(j, "avgLatency", d->latency_ms);
    json_close_object(j);
}

/* One element of the section: false when there is none any more. */
static bool write_next(struct store *s, int64_t now_ms, struct dashboard *d, struct json *j)
{
    struct alert a;
    switch (d->section) {
    case SECTION_INSTANCES:
        while (d->next < store_instance_count(s) && store_instance(s, d->next)->deleted_ms != 0)
            d->next++;
        if (d->next == store_instance_count(s) || d->shown == INSTANCES_SHOWN)
            return false;
        instance_write(j, NULL, s, d->next, now_ms);
        return true;
    case SECTION_ALERTS:
        d->filter.instance = "";
        if (d->shown == ALERTS_SHOWN || store_alert_list(s, &d->filter, &a, 1) != 1)
            return false;
        alert_write(j, NULL, &a);
        if (!json_is_full(j)) {
            d->filter.before_ms = a.created_ms;
            d->filter.before = a.number;
        }
        return true;
    case SECTION_METRICS:
        if (d->next == d->point_count)
            return false;
        metric_write(j, NULL, s, &d->points[d->next]);
        return true;
    default:
        return false;
    }
}

int dashboard_write(struct store *s, int64_t now_ms, struct dashboard *d, const char *key, struct json *j)
{
    static const char *const names[] = {"", "instances", "recentAlerts", "recentMetrics"};
    if (d->section == SECTION_SUMMARY) {
        json_open_object(j, key);
        write_summary(j, d);
        json_open_array(j, names[SECTION_INSTANCES]);
        d->section = SECTION_INSTANCES;
    }
    while (d->section != SECTION_END) {
        struct json_mark m = json_mark(j);
        bool has_more = write_next(s, now_ms, d, j);
        if (!has_more) {
            json_close_array(j);
            if (d->section == SECTION_METRICS)
                json_close_object(j);
            else
                json_open_array(j, names[d->section + 1]);
        }
        if (json_is_full(j)) {
            json_rewind(j, m);
            return PRODUCE_MORE;
        }
        d->section += !has_more;
        d->next = has_more ? d->next + 1 : 0;
        d->shown = has_more ? d->shown + 1 : 0;
    }
    return PRODUCE_DONE;
}

static int produce_dashboard(struct exchange *x)
{
    return dashboard_write(x->world->store, x->now_ms, (struct dashboard *)x->state, NULL, &x->json);
}

void handle_dashboard(struct exchange *x)
{
    int err = dashboard_gather(x->world->store, x->now_ms, exchange_state(x, sizeof(struct dashboard)));
    if (err < 0)
        respond_not_stored(x, err);
    else
        respond_json(x, produce_dashboard);
}
