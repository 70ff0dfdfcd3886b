/* SPDX-License-Identifier: MIT */
/* GET /insights/analyze-trend?instanceId=&metricName=[&tags=][&hours=24 | &startDate=&endDate=]: the straight
 * line through a series by least squares, in plain words. A line that explains less than a quarter of the
 * variation (r squared) is not called a trend. */
#include <string.h>

#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/query.h"

#define POINTS 600
#define HOUR_MS INT64_C(3600000)
#define EXPLAINED_LEAST 0.25
#define NUMBER_SCALE 1000000U /* of slope and means in the answer */

struct trend {
    int query;
    uint32_t instance;
    uint16_t series;
    int64_t from_ms, to_ms, step_ms;
    uint32_t points, samples;   /* steps with samples */
    double mean, slope_per_hour, explained; /* in the metric's unit */
    int64_t first, last, min, max; /* of the metric's scale */
};
static_assert(sizeof(struct trend) <= EXCHANGE_STATE_SIZE, "trend state must fit");

static void release_trend(struct exchange *x)
{
    struct trend *st = (struct trend *)x->state;
    if (st->query >= 0)
        store_query_end(x->world->store, st->query);
    st->query = -1;
}

/* --- the line --- */

struct sums {
    double t, v, tt, tv, vv;
};

/* Hours since the range began, so that numbers stay small. */
static void add(struct trend *st, struct sums *sums, uint32_t point, const struct store_cell *c, double scale)
{
    double t = (double)(point * st->step_ms) / (double)HOUR_MS;
    double v = (double)c->sum / c->count / scale;
    bool is_first = st->points == 0;
    st->first = is_first ? c->sum / c->count : st->first;
    st->last = c->sum / c->count;
    st->min = is_first || c->min < st->min ? c->min : st->min;
    st->max = is_first || c->max > st->max ? c->max : st->max;
    st->points++;
    st->samples += c->count;
    sums->t += t;
    sums->v += v;
    sums->tt += t * t;
    sums->tv += t * v;
    sums->vv += v * v;
}

static void fit(struct trend *st, const struct store *s, int query, double scale)
{
    struct sums sums = {0};
    uint32_t points = store_query_points(s, query);
    for (uint32_t p = 0; p < points; p++) {
        const struct store_cell *c = store_query_cell(s, query, 0, p);
        if (c->count > 0)
            add(st, &sums, p, c, scale);
    }
    if (st->points == 0)
        return;
    double n = st->points;
    st->mean = sums.v / n;
    double tt = sums.tt - sums.t * sums.t / n, tv = sums.tv - sums.t * sums.v / n;
    double vv = sums.vv - sums.v * sums.v / n;
    if (tt > 0) {
        st->slope_per_hour = tv / tt;
        st->explained = vv > 1e-12 ? tv * tv / (tt * vv) : 0;
    }
}

/* --- the answer --- */

static int64_t scaled(double v)
{
    double s = v * NUMBER_SCALE;
    if (s > 9e18 || s < -9e18)
        return s > 0 ? INT64_MAX : INT64_MIN;
    return (int64_t)(s < 0 ? s - 0.5 : s + 0.5);
}

/* Four digits behind the point are enough for people. */
static void say_number(struct text *t, double v)
{
    int64_t n = scaled(v);
    text_put_scaled(t, n / 100, NUMBER_SCALE / 100);
}

static const char *direction(const struct trend *st)
{
    if (st->points < 3 || st->explained < EXPLAINED_LEAST)
        return "steady";
    return st->slope_per_hour > 0 ? "rising" : "falling";
}

static void say(const struct trend *st, const struct store_metric *m, const char *name, struct text *t)
{
    double hours = (double)(st->to_ms - st->from_ms) / (double)HOUR_MS;
    text_printf(t, "%s of %s ", m->name, name);
    if (st->points == 0) {
        text_put(t, "has no samples in that time.");
        return;
    }
    const char *word = direction(st);
    if (text_equal(word, "steady"))
        text_put(t, "shows no clear trend");
    else
        text_put(t, text_equal(word, "rising") ? "is rising by " : "is falling by ");
    if (!text_equal(word, "steady")) {
        say_number(t, st->slope_per_hour < 0 ? -st->slope_per_hour : st->slope_per_hour);
        text_printf(t, " %s an hour", m->unit);
    }
    text_put(t, " over ");
    say_number(t, hours);
    text_put(t, " hours: mean ");
    say_number(t, st->mean);
    text_put(t, ", least ");
    text_put_scaled(t, st->min, m->scale);
    text_put(t, ", most ");
    text_put_scaled(t, st->max, m->scale);
    text_printf(t, ", %u samples.", st->samples);
}

static int produce_trend(struct exchange *x)
{
    const struct trend *st = (const struct trend *)x->state;
    struct store *s = x->world->store;
    struct json *j = &x->json;
    const struct instance *in = store_instance(s, st->instance);
    const struct store_series *series = store_series(s, st->instance, st->series);
    const struct store_metric *m = store_metric(s, series->metric_index);
    char words[512];
    struct text t;
    text_init(&t, words, sizeof(words));
    say(st, m, in->name[0] != 0 ? in->name : in->id, &t);
    json_open_object(j, NULL);
    json_text(j, "instanceId", in->id);
    json_text(j, "metricName", m->name);
    tags_write(j, "tags", series->tag);
    json_text(j, "trend", direction(st));
    json_text(j, "analysis", words);
    if (st->points > 0) {
        json_scaled(j, "slopePerHour", scaled(st->slope_per_hour), NUMBER_SCALE);
        json_scaled(j, "rSquared", scaled(st->explained), NUMBER_SCALE);
        json_scaled(j, "mean", scaled(st->mean), NUMBER_SCALE);
        json_scaled(j, "first", st->first, m->scale);
        json_scaled(j, "last", st->last, m->scale);
        json_scaled(j, "min", st->min, m->scale);
        json_scaled(j, "max", st->max, m->scale);
    }
    json_text(j, "unit", m->unit);
    json_u64(j, "samples", st->samples);
    json_iso_ms(j, "startDate", st->from_ms);
    json_iso_ms(j, "endDate", st->to_ms);
    json_iso_ms(j, "generatedAt", x->now_ms);
    json_close_object(j);
    return json_is_full(j) ? ERR_FULL : PRODUCE_DONE;
}

/* Runs the query, slice by slice, and answers. */
static int decide(struct exchange *x)
{
    struct trend *st = (struct trend *)x->state;
    struct store *s = x->world->store;
    if (st->query < 0) {
        struct store_query_ask ask = {.instance = st->instance, .series_count = 1, .series = {st->series},
                                      .from_ms = st->from_ms, .to_ms = st->to_ms, .step_ms = st->step_ms};
        int query = store_query_begin(s, &ask);
        if (query < 0)
            return query == ERR_FULL ? ERR_BUSY : query;
        st->query = query;
    }
    int more = store_query_step(s, st->query);
    if (more != 0)
        return more > 0 ? ERR_AGAIN : more;
    const struct store_series *series = store_series(s, st->instance, st->series);
    fit(st, s, st->query, store_metric(s, series->metric_index)->scale);
    release_trend(x);
    respond_json(x, produce_trend);
    return ERR_OK;
}

/* --- what is asked --- */

static bool read_range(struct exchange *x, struct trend *st)
{
    uint64_t hours = 24;
    if (query_number(x->request->query, "hours", 1, 8784, &hours) == ERR_MALFORMED) {
        respond_error(x, 400, NULL, "hours must be a number from 1 to 8784");
        return false;
    }
    if (!query_read_time(x, "endDate", x->now_ms, &st->to_ms) ||
        !query_read_time(x, "startDate", st->to_ms - (int64_t)hours * HOUR_MS, &st->from_ms))
        return false;
    if (st->from_ms < 0 || st->from_ms >= st->to_ms || st->to_ms - st->from_ms > 8784 * HOUR_MS) {
        respond_error(x, 400, NULL, "startDate must be before endDate, and at most a year before it");
        return false;
    }
    st->step_ms = (st->to_ms - st->from_ms) / POINTS;
    if (st->step_ms < MS_PER_S)
        st->step_ms = MS_PER_S;
    st->from_ms -= st->from_ms % st->step_ms;
    st->to_ms += (st->step_ms - st->to_ms % st->step_ms) % st->step_ms;
    return true;
}

/* The first of its series with that name; the whole machine's before that of a part. */
static bool find_series(struct store *s, struct trend *st, const char *name, const char *tag)
{
    bool found = false;
    for (uint32_t i = 0; i < store_series_count(s, st->instance); i++) {
        const struct store_series *series = store_series(s, st->instance, i);
        const struct store_metric *m = store_metric(s, series->metric_index);
        if (!text_equal(m->name, name) || (tag[0] != 0 && !text_equal(tag, series->tag)))
            continue;
        bool is_best = series->tag[0] == 0 || text_equal(series->tag, "mount=/");
        if (!found || is_best)
            st->series = (uint16_t)i;
        found = true;
        if (is_best)
            break;
    }
    return found;
}

void handle_trend(struct exchange *x)
{
    struct trend *st = exchange_state(x, sizeof(*st));
    struct span query = x->request->query;
    char id[INSTANCE_ID_SIZE], name[STORE_METRIC_SIZE], tag[TAG_SIZE] = "";
    st->query = -1;
    int has_id = query_text(query, "instanceId", id, sizeof(id));
    int has_name = query_text(query, "metricName", name, sizeof(name));
    if (has_id == ERR_MISSING || has_name == ERR_MISSING) {
        respond_error(x, 400, NULL, "say which series: ?instanceId=ID&metricName=NAME");
        return;
    }
    int index = has_id < 0 ? ERR_MISSING : store_instance_find(x->world->store, id);
    if (index < 0 || store_instance(x->world->store, (uint32_t)index)->deleted_ms != 0) {
        respond_error(x, 404, "Instance not found", "no instance has that id");
        return;
    }
    st->instance = (uint32_t)index;
    int has_tag = query_text(query, "tags", tag, sizeof(tag));
    bool is_sound = has_name > 0 && (has_tag > 0 || has_tag == ERR_MISSING);
    if (!is_sound || !find_series(x->world->store, st, name, tag)) {
        respond_error(x, 404, "Metric not found", "the instance has no such series");
        return;
    }
    if (!read_range(x, st))
        return;
    x->release = release_trend;
    respond_later(x, decide);
}
