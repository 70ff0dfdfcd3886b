/* SPDX-License-Identifier: MIT */
/* GET /metrics: single points, newest first, in the shape that existing clients read.
 *
 * Without a limit: the newest 20 points (fewer when there are very many hosts) of each of the nine series
 * that those clients draw. With one: exactly the newest `limit` points. ?metricName= opens every other
 * metric, ?tags= every tag; without it disk_usage_percent means the root filesystem, because clients tell
 * points apart by host and name alone. */
#include <string.h>

#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/exposition.h"
#include "aggregator/api/routes/metric_list.h"

#define DEPTH_DEFAULT 20U      /* points of a series that clients draw */

static void release_metrics(struct exchange *x)
{
    struct metrics_state *st = (struct metrics_state *)x->state;
    if (st->query >= 0)
        store_query_end(x->world->store, st->query);
    metric_list_release(st->list);
}

/* --- the answer --- */

void metric_write(struct json *j, const char *key, struct store *s, const struct metric_point *point)
{
    const struct instance *in = store_instance(s, point->instance);
    const struct store_series *series = store_series(s, point->instance, point->series);
    const struct store_metric *metric = store_metric(s, series->metric_index);
    char id[INSTANCE_ID_SIZE + 48];
    struct text t;
    text_init(&t, id, sizeof(id));
    text_printf(&t, "%s-%u-%lld", in->id, point->series, (long long)point->time_ms);
    json_open_object(j, key);
    json_text(j, "id", id);
    json_text(j, "instanceId", in->id);
    json_i64(j, "timestamp", point->time_ms);
    json_text(j, "metricName", metric->name);
    json_scaled(j, "metricValue", point->value, metric->scale);
    json_scaled(j, "value", point->value, metric->scale);
    json_text(j, "unit", metric->unit);
    tags_write(j, "tags", series->tag);
    json_iso_ms(j, "createdAt", point->time_ms);
    json_close_object(j);
}

/* Where the page ends. Points of one time are in an order of their own, so none is told twice or left out. */
static void write_key(struct json *j, const struct metric_point *last)
{
    char key[64];
    struct text t;
    text_init(&t, key, sizeof(key));
    text_printf(&t, "%lld-%u-%u", (long long)last->time_ms, last->instance, last->series);
    json_text(j, "lastEvaluatedKey", key);
}

/* False, and answered, when there is a key that is none. */
static bool read_key(struct exchange *x, struct point_list *list)
{
    char key[64];
    uint64_t parts[3];
    int length = query_text(x->request->query, "lastEvaluatedKey", key, sizeof(key));
    if (length == ERR_MISSING)
        return true;
    const char *at = key, *end = key + (length > 0 ? length : 0);
    for (uint32_t i = 0; i < COUNT_OF(parts); i++) {
        bool is_good = text_take_u64(&at, end, &parts[i]) && parts[i] <= (i == 0 ? INT64_MAX : UINT32_MAX) &&
                       (i == 2 ? at == end : at < end && *at++ == '-');
        if (!is_good) {
            respond_error(x, 400, NULL, "lastEvaluatedKey must be what the page before answered");
            return false;
        }
    }
    list->is_continued = true;
    list->behind = (struct metric_point){.instance = (uint32_t)parts[1], .series = (uint32_t)parts[2],
                                         .time_ms = (int64_t)parts[0]};
    return true;
}

static int produce_metrics(struct exchange *x)
{
    struct metrics_state *st = (struct metrics_state *)x->state;
    struct json *j = &x->json;
    if (!st->is_gathered) {
        int err = metric_gather(x->world->store, st);
        if (err < 0)
            return err;
        st->is_gathered = true;
    }
    if (!st->is_open) {
        json_open_object(j, NULL);
        json_open_array(j, "metrics");
        st->is_open = true;
    }
    bool has_more = st->is_limited && st->list->count == st->list->capacity;
    uint32_t count = st->list->count - has_more;
    for (; st->written < count; st->written++) {
        struct json_mark m = json_mark(j);
        metric_write(j, NULL, x->world->store, &st->list->points[st->written]);
        if (json_is_full(j)) {
            json_rewind(j, m);
            return PRODUCE_MORE;
        }
    }
    struct json_mark m = json_mark(j);
    json_close_array(j);
    json_u64(j, "count", count);
    if (has_more)
        write_key(j, &st->list->points[count - 1]);
    json_close_object(j);
    return produce_or_rewind(j, m);
}

/* False when a filter names something that cannot be: nothing matches. */
static bool read_filters(struct exchange *x, struct metrics_state *st)
{
    struct span query = x->request->query;
    char id[INSTANCE_ID_SIZE];
    int length = query_text(query, "instanceId", id, sizeof(id));
    st->only_instance = ANY_INSTANCE;
    if (length != ERR_MISSING) {
        int index = length < 0 ? ERR_MISSING : store_instance_find(x->world->store, id);
        if (index < 0 || store_instance(x->world->store, (uint32_t)index)->deleted_ms != 0)
            return false;
        st->only_instance = st->instance = (uint32_t)index;
    }
    int metric = query_text(query, "metricName", st->metric, sizeof(st->metric));
    int tags = query_text(query, "tags", st->tags, sizeof(st->tags));
    return (metric >= 0 || metric == ERR_MISSING) && (tags >= 0 || tags == ERR_MISSING);
}

void handle_metrics(struct exchange *x)
{
    respond_header(x, "Vary: Accept");
    if (exposition_accepted(x->request) != EXPOSITION_NONE) {
        handle_exposition(x);
        return;
    }
    struct metrics_state *st = exchange_state(x, sizeof(*st));
    uint64_t limit = 0;
    if (query_number(x->request->query, "limit", 1, 1000, &limit) == ERR_MALFORMED) {
        respond_error(x, 400, NULL, "limit must be a number from 1 to 1000");
        return;
    }
    st->query = -1;
    st->list = metric_list_take(x->world);
    if (st->list == NULL) {
        respond_error(x, 503, NULL, "too many metric lists at once; try again");
        respond_header(x, "Retry-After: 1");
        return;
    }
    if (!read_key(x, st->list)) {
        metric_list_release(st->list);
        return;
    }
    st->is_gathered = !read_filters(x, st);
    uint32_t hosts = st->only_instance == ANY_INSTANCE ? store_instance_count(x->world->store) : 1;
    uint32_t depth_max = LIST_POINTS_MAX / (9 * (hosts > 0 ? hosts : 1));
    st->depth = depth_max < 1 ? 1 : depth_max < DEPTH_DEFAULT ? depth_max : DEPTH_DEFAULT;
    st->list->capacity = LIST_POINTS_MAX;
    st->is_limited = limit > 0;
    if (limit > 0) /* and one more, which is not told: this page is not the last */
        st->depth = st->list->capacity = (uint32_t)limit + 1;
    x->release = release_metrics;
    respond_json(x, produce_metrics);
}
