/* SPDX-License-Identifier: MIT */
/* GET /api/v1/series: what one host measures. GET /api/v1/live: the newest value of everything. */
#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/query/tags.h"

void tags_write(struct json *j, const char *key, const char *tag)
{
    struct tag_pair pair;
    json_open_object(j, key);
    while (tags_next(&tag, &pair))
        if (pair.key_length > 0)
            json_foreign_text(j, pair.key, pair.key_length, pair.value, pair.value_length);
        else
            json_text_n(j, "tag", pair.value, pair.value_length);
    json_close_object(j);
}

struct live_state {
    char metrics[256], tags[128]; /* patterns; "" takes all */
    uint32_t instance, end;       /* instances still to write */
    uint32_t series;
    bool is_open, is_instance_open;
};

static bool is_wanted(const struct live_state *st, const struct store_metric *metric, const char *tag)
{
    return (st->metrics[0] == 0 || glob_match_any(st->metrics, metric->name)) &&
           (st->tags[0] == 0 || glob_match_any(st->tags, tag));
}

static void write_series(struct json *j, uint32_t index, const struct store_metric *metric,
                         const struct store_series *series)
{
    json_open_object(j, NULL);
    json_u64(j, "id", index);
    json_text(j, "metric", metric->name);
    json_text(j, "tag", series->tag);
    tags_write(j, "tags", series->tag);
    json_text(j, "unit", metric->unit);
    json_text(j, "kind", metric->kind == METRIC_COUNTER ? "counter" : "gauge");
    if (series->last_ms != 0) {
        json_i64(j, "t", series->last_ms);
        json_scaled(j, "v", series->last_value, metric->scale);
    }
    json_close_object(j);
}

static void open_instance(struct exchange *x, const struct instance *in)
{
    struct json *j = &x->json;
    json_open_object(j, NULL);
    json_text(j, "id", in->id);
    json_text(j, "name", in->name[0] != 0 ? in->name : in->id);
    json_text(j, "status", instance_status(in, x->now_ms));
    json_bool(j, "connected", in->connected);
    json_i64(j, "last_sample_ms", in->last_sample_ms);
    json_i64(j, "last_seen_ms", in->last_seen_ms);
    json_i64(j, "skew_ms", in->skew_ms);
    json_u64(j, "interval_ms", in->interval_ms);
    json_open_array(j, "series");
}

/* One instance, or as much of it as there is room for. */
static int produce_instance(struct exchange *x)
{
    struct live_state *st = (struct live_state *)x->state;
    struct store *s = x->world->store;
    struct json *j = &x->json;
    struct json_mark m = json_mark(j);
    if (!st->is_instance_open) {
        open_instance(x, store_instance(s, st->instance));
        if (json_is_full(j)) {
            json_rewind(j, m);
            return PRODUCE_MORE;
        }
        st->is_instance_open = true;
    }
    for (; st->series < store_series_count(s, st->instance); st->series++) {
        const struct store_series *series = store_series(s, st->instance, st->series);
        const struct store_metric *metric = store_metric(s, series->metric_index);
        if (!is_wanted(st, metric, series->tag))
            continue;
        m = json_mark(j);
        write_series(j, st->series, metric, series);
        if (json_is_full(j)) {
            json_rewind(j, m);
            return PRODUCE_MORE;
        }
    }
    m = json_mark(j);
    json_close_array(j);
    json_close_object(j);
    if (json_is_full(j)) {
        json_rewind(j, m);
        return PRODUCE_MORE;
    }
    st->is_instance_open = false;
    st->series = 0;
    return PRODUCE_DONE;
}

static int produce_live(struct exchange *x)
{
    struct live_state *st = (struct live_state *)x->state;
    struct json *j = &x->json;
    if (!st->is_open) {
        json_open_object(j, NULL);
        json_i64(j, "now_ms", x->now_ms);
        json_open_array(j, "instances");
        st->is_open = true;
    }
    for (; st->instance < st->end; st->instance++)
        if (produce_instance(x) != PRODUCE_DONE)
            return PRODUCE_MORE;
    struct json_mark m = json_mark(j);
    json_close_array(j);
    json_close_object(j);
    return produce_or_rewind(j, m);
}

/* Fills in the patterns and, when ?instance= is there, the one instance. False when it answered itself. */
static bool read_filters(struct exchange *x, struct live_state *st)
{
    struct span query = x->request->query;
    char id[INSTANCE_ID_SIZE];
    int length = query_text(query, "instance", id, sizeof(id));
    st->end = store_instance_count(x->world->store);
    if (length != ERR_MISSING) {
        int index = length < 0 ? ERR_MISSING : store_instance_find(x->world->store, id);
        if (index < 0) {
            respond_error(x, 404, "Instance not found", "no instance has the id that ?instance= says");
            return false;
        }
        st->instance = (uint32_t)index;
        st->end = st->instance + 1;
    }
    int metrics = query_text(query, "metric", st->metrics, sizeof(st->metrics));
    int tags = query_text(query, "tags", st->tags, sizeof(st->tags));
    if ((metrics < 0 && metrics != ERR_MISSING) || (tags < 0 && tags != ERR_MISSING)) {
        respond_error(x, 400, NULL, "metric and tags take up to 255 and 127 characters");
        return false;
    }
    return true;
}

void handle_live(struct exchange *x)
{
    struct live_state *st = exchange_state(x, sizeof(*st));
    if (read_filters(x, st))
        respond_json(x, produce_live);
}

void handle_series(struct exchange *x)
{
    struct live_state *st = exchange_state(x, sizeof(*st));
    char id[2];
    if (query_text(x->request->query, "instance", id, sizeof(id)) == ERR_MISSING) {
        respond_error(x, 400, NULL, "say which host: ?instance=ID, an id from /instances");
        return;
    }
    if (read_filters(x, st))
        respond_json(x, produce_instance);
}
