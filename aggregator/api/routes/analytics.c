/* SPDX-License-Identifier: MIT */
/* GET /analytics: means, least and most of each hour.
 *
 *     ?startDate= &endDate=      ISO 8601 or YYYY-MM-DD; an end that is a day means all of it. Default: the
 *                                last 24 hours
 *     &instanceId= &metricName=
 *
 * Hours are whole and UTC. Host by host, some series at a time, as many as fit into one query. */
#include <string.h>

#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/query.h"

#define HOUR_MS INT64_C(3600000)
#define HOURS_MAX INT64_C(8784) /* a leap year */
#define SERIES_AT_ONCE 64U
#define ALL_INSTANCES UINT32_MAX

struct analytics {
    int64_t from_ms, to_ms;
    uint32_t only, instance, next_series;
    int query;
    uint32_t series_count, at_series, at_point;
    uint16_t series[SERIES_AT_ONCE];
    char metric[STORE_METRIC_SIZE];
    uint32_t total, healthy, unhealthy;
    struct alert_counts alerts;
    bool is_open, is_filled;
};
static_assert(sizeof(struct analytics) <= EXCHANGE_STATE_SIZE, "analytics state must fit");

static void release_analytics(struct exchange *x)
{
    struct analytics *st = (struct analytics *)x->state;
    if (st->query >= 0)
        store_query_end(x->world->store, st->query);
    st->query = -1;
}

static bool is_wanted(struct store *s, const struct analytics *st, uint32_t series)
{
    const struct store_series *one = store_series(s, st->instance, series);
    const struct store_metric *metric = store_metric(s, one->metric_index);
    if (st->metric[0] == 0)
        return metric_is_shown(store_instance(s, st->instance), metric, one->tag);
    bool is_disk = text_equal(metric->name, "disk_usage_percent");
    return text_equal(metric->name, st->metric) && (!is_disk || metric_is_classic(metric, one->tag));
}

/* The next series to ask for, of the next host that has some. False at the end. */
static bool select_series(struct store *s, struct analytics *st)
{
    uint32_t end = st->only == ALL_INSTANCES ? store_instance_count(s) : st->only + 1;
    uint32_t room = QUERY_CELLS_MAX / (uint32_t)((st->to_ms - st->from_ms) / HOUR_MS + 1);
    if (room > SERIES_AT_ONCE)
        room = SERIES_AT_ONCE;
    for (st->series_count = 0; st->instance < end; st->instance++, st->next_series = 0) {
        uint32_t count = store_series_count(s, st->instance);
        if (store_instance(s, st->instance)->deleted_ms != 0)
            continue;
        for (; st->next_series < count && st->series_count < room; st->next_series++)
            if (is_wanted(s, st, st->next_series))
                st->series[st->series_count++] = (uint16_t)st->next_series;
        if (st->series_count > 0)
            return true;
    }
    return false;
}

static int begin(struct store *s, struct analytics *st)
{
    struct store_query_ask ask = {.instance = st->instance, .series_count = st->series_count,
                                  .from_ms = st->from_ms, .to_ms = st->to_ms, .step_ms = HOUR_MS};
    memcpy(ask.series, st->series, st->series_count * sizeof(ask.series[0]));
    int query = store_query_begin(s, &ask);
    if (query < 0)
        return query == ERR_FULL ? ERR_BUSY : query;
    st->query = query;
    st->at_series = st->at_point = 0;
    st->is_filled = false;
    return ERR_AGAIN;
}

static void write_mean(struct json *j, const struct store_cell *c, uint32_t scale)
{
    int64_t hundred;
    if (scale <= 10000000 && !__builtin_mul_overflow(c->sum, INT64_C(100), &hundred))
        json_scaled(j, "avgValue", hundred / c->count, scale * 100);
    else
        json_scaled(j, "avgValue", c->sum / c->count, scale);
}

static void write_hour(struct json *j, struct store *s, const struct analytics *st,
                       const struct store_cell *c)
{
    const struct store_series *series = store_series(s, st->instance, st->series[st->at_series]);
    const struct store_metric *metric = store_metric(s, series->metric_index);
    json_open_object(j, NULL);
    json_text(j, "instanceId", store_instance(s, st->instance)->id);
    json_text(j, "metricName", metric->name);
    json_iso_ms(j, "hour", st->from_ms + st->at_point * HOUR_MS);
    write_mean(j, c, metric->scale);
    json_scaled(j, "maxValue", c->max, metric->scale);
    json_scaled(j, "minValue", c->min, metric->scale);
    json_u64(j, "sampleCount", c->count);
    if (series->tag[0] != 0)
        tags_write(j, "tags", series->tag);
    json_close_object(j);
}

/* PRODUCE_DONE when all cells of the query are written. */
static int write_cells(struct exchange *x, struct analytics *st)
{
    struct store *s = x->world->store;
    uint32_t points = store_query_points(s, st->query);
    for (; st->at_series < st->series_count; st->at_series++, st->at_point = 0)
        for (; st->at_point < points; st->at_point++) {
            const struct store_cell *c = store_query_cell(s, st->query, st->at_series, st->at_point);
            struct json_mark m = json_mark(&x->json);
            if (c->count == 0)
                continue;
            write_hour(&x->json, s, st, c);
            if (json_is_full(&x->json)) {
                json_rewind(&x->json, m);
                return PRODUCE_MORE;
            }
        }
    return PRODUCE_DONE;
}

static int write_end(struct exchange *x, const struct analytics *st)
{
    struct json *j = &x->json;
    struct json_mark m = json_mark(j);
    json_close_array(j);
    json_u64(j, "activeAlertsCount", st->alerts.active);
    json_u64(j, "healthyInstancesCount", st->healthy);
    json_u64(j, "unhealthyInstancesCount", st->unhealthy);
    json_u64(j, "totalInstancesCount", st->total);
    json_close_object(j);
    return produce_or_rewind(j, m);
}

static int produce_analytics(struct exchange *x)
{
    struct analytics *st = (struct analytics *)x->state;
    struct store *s = x->world->store;
    if (!st->is_open) {
        json_open_object(&x->json, NULL);
        json_open_array(&x->json, "hourlyMetrics");
        st->is_open = true;
    }
    if (st->query < 0)
        return select_series(s, st) ? begin(s, st) : write_end(x, st);
    if (!st->is_filled) {
        int more = store_query_step(s, st->query);
        if (more != 0)
            return more > 0 ? ERR_AGAIN : more;
        st->is_filled = true;
    }
    int more = write_cells(x, st);
    if (more != PRODUCE_DONE)
        return more;
    release_analytics(x);
    return ERR_AGAIN;
}

/* --- what is asked --- */

static bool read_range(struct exchange *x, struct analytics *st)
{
    char text[64];
    if (!query_read_time(x, "endDate", x->now_ms, &st->to_ms))
        return false;
    int length = query_text(x->request->query, "endDate", text, sizeof(text));
    bool is_day = length == 10 && strchr(text, '-') == text + 4;
    st->to_ms += is_day ? 24 * HOUR_MS : 1;
    st->to_ms += (HOUR_MS - st->to_ms % HOUR_MS) % HOUR_MS;
    if (!query_read_time(x, "startDate", st->to_ms - 24 * HOUR_MS, &st->from_ms))
        return false;
    st->from_ms -= st->from_ms % HOUR_MS;
    int64_t hours = (st->to_ms - st->from_ms) / HOUR_MS;
    if (hours > 0 && hours <= HOURS_MAX)
        return true;
    respond_error(x, 400, NULL, "startDate must be before endDate, and at most a year before it");
    return false;
}

static void count_instances(struct exchange *x, struct analytics *st)
{
    struct store *s = x->world->store;
    for (uint32_t i = 0; i < store_instance_count(s); i++) {
        const struct instance *in = store_instance(s, i);
        if (in->deleted_ms != 0)
            continue;
        const char *status = instance_status(in, x->now_ms);
        st->total++;
        st->healthy += text_equal(status, "healthy");
        st->unhealthy += text_equal(status, "unhealthy");
    }
}

void handle_analytics(struct exchange *x)
{
    struct analytics *st = exchange_state(x, sizeof(*st));
    char id[INSTANCE_ID_SIZE];
    st->query = -1;
    st->only = ALL_INSTANCES;
    if (!read_range(x, st))
        return;
    int length = query_text(x->request->query, "instanceId", id, sizeof(id));
    int found = length > 0 ? store_instance_find(x->world->store, id) : ERR_MISSING;
    if (length != ERR_MISSING) { /* an id that nobody has selects nothing */
        st->only = st->instance = found >= 0 ? (uint32_t)found : 0;
        st->instance += found < 0;
    }
    length = query_text(x->request->query, "metricName", st->metric, sizeof(st->metric));
    if (length < 0 && length != ERR_MISSING)
        st->instance = st->only = ALL_INSTANCES - 1; /* longer than any name: nothing */
    if (st->only == ALL_INSTANCES - 1)
        st->only--;
    count_instances(x, st);
    int err = store_alert_counts(x->world->store, &st->alerts);
    if (err < 0) {
        respond_not_stored(x, err);
        return;
    }
    x->release = release_analytics;
    respond_json(x, produce_analytics);
}
