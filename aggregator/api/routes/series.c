/* SPDX-License-Identifier: MIT */
/* GET /api/v1/series: what one host measures. GET /api/v1/live: the newest value of everything. */
#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/query.h"
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

#define LOOK_SLICE 20000U /* series looked at in one slice: who names one metric of many writes little */
#define LIVE_LIMIT_MAX 20000U

struct live_state {
    char metrics[192], tags[96];  /* patterns; "" takes all */
    char instances[96], providers[48], regions[48], types[48];
    uint32_t instance, end;       /* instances still to write */
    uint32_t series;
    uint32_t left;                /* instances that the page may still hold */
    bool is_open, is_instance_open, leaves_out_empty;
    /* Of each metric: whether its name has been held against the patterns, and whether they took it. */
    uint64_t is_known[STORE_METRICS_MAX / 64], is_taken[STORE_METRICS_MAX / 64];
};
static_assert(sizeof(struct live_state) <= EXCHANGE_STATE_SIZE, "live state must fit");

static bool fits(const char *patterns, const char *text)
{
    return patterns[0] == 0 || glob_match_any(patterns, text);
}

static bool is_host_wanted(const struct live_state *st, const struct instance *in)
{
    return (fits(st->instances, in->id) || (in->name[0] != 0 && fits(st->instances, in->name))) &&
           fits(st->providers, in->provider) && fits(st->regions, in->region) && fits(st->types, in->type);
}

static bool is_wanted(struct live_state *st, const struct store *s, const struct store_series *series)
{
    uint32_t word = series->metric_index / 64 % COUNT_OF(st->is_known);
    uint64_t bit = UINT64_C(1) << (series->metric_index % 64);
    if ((st->is_known[word] & bit) == 0) {
        st->is_known[word] |= bit;
        st->is_taken[word] |= fits(st->metrics, store_metric(s, series->metric_index)->name) ? bit : 0;
    }
    return (st->is_taken[word] & bit) != 0 && fits(st->tags, series->tag);
}

static bool has_wanted_series(struct live_state *st, const struct store *s)
{
    for (uint32_t i = 0; i < store_series_count(s, st->instance); i++)
        if (is_wanted(st, s, store_series(s, st->instance, i)))
            return true;
    return false;
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
        if (!is_wanted(st, s, series))
            continue;
        m = json_mark(j);
        write_series(j, st->series, store_metric(s, series->metric_index), series);
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
    struct store *s = x->world->store;
    struct json *j = &x->json;
    if (!st->is_open) {
        json_open_object(j, NULL);
        json_i64(j, "now_ms", x->now_ms);
        json_open_array(j, "instances");
        st->is_open = true;
    }
    for (uint32_t looked = 0; st->instance < st->end && st->left > 0; st->instance++) {
        if (!st->is_instance_open) {
            if (looked > LOOK_SLICE)
                return ERR_AGAIN;
            looked += 1 + store_series_count(s, st->instance);
            const struct instance *in = store_instance(s, st->instance);
            if (in->deleted_ms != 0 || !is_host_wanted(st, in) ||
                (st->leaves_out_empty && !has_wanted_series(st, s)))
                continue;
        }
        if (produce_instance(x) != PRODUCE_DONE)
            return PRODUCE_MORE;
        st->left--;
    }
    struct json_mark m = json_mark(j);
    json_close_array(j);
    if (st->instance < st->end)
        json_u64(j, "next_cursor", st->instance);
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
    if (query_patterns(query, "metric", st->metrics, sizeof(st->metrics)) < 0 ||
        query_patterns(query, "tags", st->tags, sizeof(st->tags)) < 0) {
        respond_error(x, 400, NULL, "metric and tags take up to 191 and 95 characters");
        return false;
    }
    return true;
}

/* Which hosts, and which page of them: an instance keeps its place for ever, so a place is a cursor. */
static bool read_page(struct exchange *x, struct live_state *st)
{
    struct span query = x->request->query;
    uint64_t limit = LIVE_LIMIT_MAX, cursor = 0;
    if (query_patterns(query, "instances", st->instances, sizeof(st->instances)) < 0 ||
        query_patterns(query, "provider", st->providers, sizeof(st->providers)) < 0 ||
        query_patterns(query, "region", st->regions, sizeof(st->regions)) < 0 ||
        query_patterns(query, "type", st->types, sizeof(st->types)) < 0) {
        respond_error(x, 400, NULL, "instances take up to 95 characters; provider, region and type 47 each");
        return false;
    }
    if (query_number(query, "limit", 1, LIVE_LIMIT_MAX, &limit) == ERR_MALFORMED ||
        query_number(query, "cursor", 0, UINT32_MAX, &cursor) == ERR_MALFORMED) {
        respond_error(x, 400, NULL, "limit must be a number from 1 to 20000, cursor what an answer said");
        return false;
    }
    st->left = (uint32_t)limit;
    if (cursor > st->instance)
        st->instance = (uint32_t)cursor;
    /* Who asks for one metric is not told of hosts without it; who names the host is. */
    st->leaves_out_empty = st->metrics[0] != 0 && st->end != st->instance + 1;
    return true;
}

void handle_live(struct exchange *x)
{
    struct live_state *st = exchange_state(x, sizeof(*st));
    if (read_filters(x, st) && read_page(x, st))
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
