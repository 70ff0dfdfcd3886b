/* SPDX-License-Identifier: MIT */
/* GET /api/v1/forecast?instance=ID&metric=NAME[&tag=][&hours=48][&threshold=]: what will come of any
 * series, out of its stored past. Where there is nothing to say the points are empty and `reason` says why.
 * */
#include "aggregator/analysis/outlook.h"
#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/one_series.h"
#include "aggregator/api/routes/query.h"

#define POINTS_MAX 48U

struct forecast_scratch {
    struct outlook outlook;
};

struct forecast_state {
    int query;
    struct one_series of;
    uint32_t hours, every, count; /* one point for `every` hours */
    bool has_full;
    double threshold;
    int64_t from_ms, to_ms, first_s, last_s;
    float last;
    struct crossing_time full;
    struct {
        float value, low, high;
    } points[POINTS_MAX];
};
static_assert(sizeof(struct forecast_state) <= EXCHANGE_STATE_SIZE, "the state must fit");

void forecast_reserve(struct memory_map *map, struct world *w)
{
    struct forecast_scratch *scratch = memory_reserve(map, "api: models of a forecast", 1, sizeof(*scratch),
                                                      "one is made at a time");
    if (w != NULL)
        w->forecast = scratch;
}

static void release(struct exchange *x)
{
    struct forecast_state *st = (struct forecast_state *)x->state;
    if (st->query >= 0)
        store_query_end(x->world->store, st->query);
    st->query = -1;
}

/* --- the answer --- */

static void write_time(struct json *j, const char *key, const struct forecast_state *st, int64_t seconds)
{
    if (seconds == CROSSING_NEVER)
        json_null(j, key);
    else
        json_i64(j, key, (st->last_s + seconds) * MS_PER_S);
}

static void write_points(struct json *j, const struct forecast_state *st)
{
    json_open_array(j, "points");
    for (uint32_t i = 0; i < st->count; i++) {
        json_open_object(j, NULL);
        json_i64(j, "t", (st->last_s + (int64_t)(i + 1) * st->every * 3600) * MS_PER_S);
        json_double(j, "value", (double)st->points[i].value);
        json_double(j, "low", (double)st->points[i].low);
        json_double(j, "high", (double)st->points[i].high);
        json_close_object(j);
    }
    json_close_array(j);
}

static const char *reason(const struct exchange *x, const struct forecast_state *st)
{
    if (st->first_s == 0)
        return "the series has no samples in the last two weeks";
    if (x->now_ms / MS_PER_S - st->last_s > OUTLOOK_STALE_S)
        return "the newest sample is more than an hour old";
    return "less than a day of it has been seen";
}

static int produce(struct exchange *x)
{
    const struct forecast_state *st = (const struct forecast_state *)x->state;
    struct store *s = x->world->store;
    struct json *j = &x->json;
    struct json_mark m = json_mark(j);
    const struct store_series *series = store_series(s, st->of.instance, st->of.series);
    const struct store_metric *metric = store_metric(s, series->metric_index);
    json_open_object(j, NULL);
    json_text(j, "instance", store_instance(s, st->of.instance)->id);
    json_text(j, "metric", metric->name);
    json_text(j, "tag", series->tag);
    tags_write(j, "tags", series->tag);
    json_text(j, "unit", metric->unit);
    json_bool(j, "is_rate", metric->kind == METRIC_COUNTER);
    json_u64(j, "hours", st->hours);
    if (st->first_s != 0) {
        json_i64(j, "learnt_since_ms", st->first_s * MS_PER_S);
        json_i64(j, "last_ms", st->last_s * MS_PER_S);
        json_double(j, "last", (double)st->last);
    }
    write_points(j, st);
    if (st->count == 0)
        json_text(j, "reason", reason(x, st));
    if (st->has_full) {
        json_open_object(j, "crossing");
        json_double(j, "threshold", st->threshold);
        write_time(j, "earliest_ms", st, st->full.early_s);
        write_time(j, "expected_ms", st, st->full.expected_s);
        write_time(j, "latest_ms", st, st->full.late_s);
        json_close_object(j);
    } else {
        json_null(j, "crossing");
    }
    json_close_object(j);
    return produce_or_rewind(j, m);
}

/* --- the work --- */

static void look_ahead(struct exchange *x, struct forecast_state *st)
{
    struct outlook *o = &x->world->forecast->outlook;
    struct store *s = x->world->store;
    int64_t now_s = x->now_ms / MS_PER_S, ahead_s = (int64_t)st->hours * 3600;
    const struct store_series *series = store_series(s, st->of.instance, st->of.series);
    outlook_begin(o, store_metric(s, series->metric_index), st->threshold);
    for (uint32_t p = 0; p < store_query_points(s, st->query); p++)
        outlook_take(o, st->from_ms + p * OUTLOOK_STEP_MS, store_query_cell(s, st->query, 0, p));
    st->first_s = o->first_s;
    st->last_s = o->last_s;
    st->last = (float)o->last;
    for (uint32_t i = 0; i < st->hours / st->every; i++) {
        struct forecast_level l;
        if (!outlook_level(o, now_s, (i + 1) * st->every, &l))
            break;
        st->points[st->count].value = (float)l.value;
        st->points[st->count].low = (float)l.low;
        st->points[st->count++].high = (float)l.high;
    }
    ahead_s = ahead_s > (int64_t)CROSSING_AHEAD * 3600 ? (int64_t)CROSSING_AHEAD * 3600 : ahead_s;
    st->has_full = outlook_full(o, now_s, ahead_s, &st->full);
    st->threshold = o->full;
}

static int decide(struct exchange *x)
{
    struct forecast_state *st = (struct forecast_state *)x->state;
    struct store *s = x->world->store;
    if (st->query < 0) {
        struct store_query_ask ask = {.instance = st->of.instance, .series_count = 1,
                                      .series = {st->of.series}, .from_ms = st->from_ms, .to_ms = st->to_ms,
                                      .step_ms = OUTLOOK_STEP_MS};
        int query = store_query_begin(s, &ask);
        if (query < 0)
            return query == ERR_FULL ? ERR_BUSY : query;
        st->query = query;
    }
    int more = store_query_step(s, st->query);
    if (more != 0)
        return more > 0 ? ERR_AGAIN : more;
    look_ahead(x, st);
    release(x);
    respond_json(x, produce);
    return ERR_OK;
}

/* --- what is asked --- */

static bool read_numbers(struct exchange *x, struct forecast_state *st)
{
    uint64_t hours = 48;
    if (query_number(x->request->query, "hours", 1, OUTLOOK_HOURS_MOST, &hours) == ERR_MALFORMED ||
        query_positive(x->request->query, "threshold", &st->threshold) == ERR_MALFORMED) {
        respond_error(x, 400, NULL, "hours must be a number from 1 to 168, threshold one above 0 in the unit "
                                    "of the metric");
        return false;
    }
    st->every = (uint32_t)(hours + POINTS_MAX - 1) / POINTS_MAX;
    st->hours = (uint32_t)hours;
    st->to_ms = (x->now_ms / OUTLOOK_STEP_MS + 1) * OUTLOOK_STEP_MS;
    st->from_ms = st->to_ms - OUTLOOK_PAST_MS;
    st->from_ms = st->from_ms < 0 ? 0 : st->from_ms;
    return true;
}

void handle_forecast(struct exchange *x)
{
    static const struct one_series_names names = {"instance", "metric", "tag"};
    struct forecast_state *st = exchange_state(x, sizeof(*st));
    st->query = -1;
    if (!one_series_read(x, &names, &st->of) || !read_numbers(x, st))
        return;
    x->release = release;
    respond_later(x, decide);
}
