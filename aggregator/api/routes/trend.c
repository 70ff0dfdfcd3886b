/* SPDX-License-Identifier: MIT */
/* GET /insights/analyze-trend?instanceId=&metricName=[&tags=][&hours=24 | &startDate=&endDate=]: the straight
 * line through a series by least squares, what it is forecast to be a day later, and, of what can be full,
 * when it will be; in plain words and as numbers. Of counters the rate is looked at. */
#include <math.h>
#include <string.h>

#include "aggregator/analysis/outlook.h"
#include "aggregator/analysis/words/metric_words.h"
#include "aggregator/analysis/words/trend_words.h"
#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/one_series.h"
#include "aggregator/api/routes/query.h"

#define POINTS 600
#define HOUR_MS INT64_C(3600000)
#define PAST_MS (7 * 24 * HOUR_MS)      /* what forecasts are made from */
#define PAST_STEP_MS (HOUR_MS / 6)
#define AHEAD_MS (24 * HOUR_MS)
#define CROSSING_MS (72 * HOUR_MS)
#define FULL_PERCENT 95.0

struct trend_state {
    int query;
    struct one_series of;
    int64_t from_ms, to_ms, step_ms;
    bool is_fitted;                     /* the query at hand is that of the past */
    struct trend_facts facts;
};
static_assert(sizeof(struct trend_state) <= EXCHANGE_STATE_SIZE, "trend state must fit");

static void release_trend(struct exchange *x)
{
    struct trend_state *st = (struct trend_state *)x->state;
    if (st->query >= 0)
        store_query_end(x->world->store, st->query);
    st->query = -1;
}

static const struct store_metric *metric_of(const struct store *s, const struct trend_state *st)
{
    return store_metric(s, store_series(s, st->of.instance, st->of.series)->metric_index);
}

/* --- the line --- */

/* Mean of a gauge, growth of a counter a second; NAN when there is none. */
static double value_of(const struct store_metric *m, const struct store_cell *c, const struct store_cell
                       *before)
{
    if (c->count == 0)
        return NAN;
    if (m->kind == METRIC_GAUGE)
        return (double)c->sum / c->count / m->scale;
    if (before == NULL || c->last < before->last || c->last_ms <= before->last_ms)
        return NAN;
    return (double)(c->last - before->last) * 1000 / m->scale / (double)(c->last_ms - before->last_ms);
}

static void note(struct trend_facts *f, double v, const struct store_metric *m, const struct store_cell *c)
{
    double least = f->is_rate ? v : (double)c->min / m->scale, most = f->is_rate ? v : (double)c->max /
                                                                                        m->scale;
    bool is_first = f->points == 0;
    f->first = is_first ? v : f->first;
    f->last = v;
    f->least = is_first || least < f->least ? least : f->least;
    f->most = is_first || most > f->most ? most : f->most;
    f->points++;
}

static void fit(struct trend_state *st, const struct store *s)
{
    struct trend_facts *f = &st->facts;
    struct line_sums sums = {0};
    const struct store_metric *m = metric_of(s, st);
    const struct store_cell *before = NULL;
    uint32_t points = store_query_points(s, st->query);
    f->is_rate = m->kind == METRIC_COUNTER;
    for (uint32_t p = 0; p < points; p++) {
        const struct store_cell *c = store_query_cell(s, st->query, 0, p);
        double v = value_of(m, c, before);
        f->samples += c->count;
        before = c->count > 0 ? c : before;
        if (v != v)
            continue;
        note(f, v, m, c);
        line_add(&sums, (double)(p * st->step_ms) / (double)HOUR_MS, v); /* small numbers */
    }
    struct line line = line_of(&sums);
    f->mean = line.mean;
    f->slope_per_hour = line.slope;
    f->explained = line.explained;
}

/* --- forecasts --- */

static bool can_be_full(const struct store_metric *m)
{
    enum subject subject = subject_of(m->name, "", "");
    return text_equal(m->unit, "percent") && m->kind == METRIC_GAUGE &&
           (subject == SUBJECT_SPACE || subject == SUBJECT_INODES || subject == SUBJECT_SWAP ||
            text_equal(m->name, "memory_usage_percent"));
}

/* The means of the past, as far as they bound what may come. */
struct past {
    bool is_percent;
    double least, most;
};

static void ask_forecast(struct trend_facts *f, const struct forecast *model, int64_t now_s,
                         const struct past *past)
{
    struct forecast_level level;
    if (!forecast_ask(model, now_s, AHEAD_MS / MS_PER_S, &level))
        return;
    outlook_bound(&level, past->is_percent, past->least, past->most);
    f->has_forecast = true;
    f->ahead_ms = AHEAD_MS;
    f->forecast = level.value;
    f->low = level.low;
    f->high = level.high;
}

static int64_t to_ms(int64_t s)
{
    return s == CROSSING_NEVER ? INT64_MAX : s * MS_PER_S;
}

static void ask_crossing(struct trend_facts *f, const struct crossing *model, int64_t now_s)
{
    struct crossing_time when;
    if (!crossing_ask(model, now_s, FULL_PERCENT, CROSSING_MS / MS_PER_S, &when) || when.expected_s == 0 ||
        when.expected_s == CROSSING_NEVER)
        return;
    f->has_crossing = true;
    f->threshold = FULL_PERCENT;
    f->early_ms = to_ms(when.early_s);
    f->expected_ms = to_ms(when.expected_s);
    f->late_ms = to_ms(when.late_s);
}

static void look_ahead(struct trend_state *st, const struct store *s)
{
    struct forecast forecast = {0};
    struct crossing crossing = {0};
    const struct store_metric *m = metric_of(s, st);
    const struct store_cell *before = NULL;
    int64_t end_s = 0, from_ms = st->to_ms - PAST_MS;
    bool is_level = can_be_full(m);
    struct past past = {.is_percent = text_equal(m->unit, "percent") && m->kind == METRIC_GAUGE};
    from_ms -= from_ms % PAST_STEP_MS;
    for (uint32_t p = 0; p < store_query_points(s, st->query); p++) {
        const struct store_cell *c = store_query_cell(s, st->query, 0, p);
        double v = value_of(m, c, before);
        before = c->count > 0 ? c : before;
        if (v != v)
            continue;
        past.least = end_s == 0 || v < past.least ? v : past.least;
        past.most = end_s == 0 || v > past.most ? v : past.most;
        end_s = (from_ms + (p + 1) * PAST_STEP_MS) / MS_PER_S;
        forecast_step(&forecast, end_s, v);
        if (is_level)
            crossing_step(&crossing, end_s, v);
    }
    if (end_s == 0 || st->to_ms - end_s * MS_PER_S > 2 * HOUR_MS) /* it has ended: there is nothing ahead */
        return;
    ask_forecast(&st->facts, &forecast, end_s, &past);
    if (is_level)
        ask_crossing(&st->facts, &crossing, end_s);
}

/* --- the answer --- */

static void write_ahead(struct json *j, const struct trend_state *st)
{
    const struct trend_facts *f = &st->facts;
    if (f->has_forecast) {
        json_open_object(j, "forecast");
        json_iso_ms(j, "at", st->to_ms + f->ahead_ms);
        json_double(j, "value", f->forecast);
        json_double(j, "low", f->low);
        json_double(j, "high", f->high);
        json_close_object(j);
    }
    if (f->has_crossing) {
        json_open_object(j, "reaches");
        json_double(j, "threshold", f->threshold);
        json_iso_ms(j, "earliest", st->to_ms + f->early_ms);
        json_iso_ms(j, "expected", st->to_ms + f->expected_ms);
        if (f->late_ms != INT64_MAX)
            json_iso_ms(j, "latest", st->to_ms + f->late_ms);
        json_close_object(j);
    }
}

static void write_numbers(struct json *j, const struct trend_facts *f)
{
    json_double(j, "slopePerHour", f->slope_per_hour);
    json_double(j, "rSquared", f->explained);
    json_double(j, "mean", f->mean);
    json_double(j, "first", f->first);
    json_double(j, "last", f->last);
    json_double(j, "min", f->least);
    json_double(j, "max", f->most);
}

static int produce_trend(struct exchange *x)
{
    struct trend_state *st = (struct trend_state *)x->state;
    struct store *s = x->world->store;
    struct json *j = &x->json;
    struct trend_facts *f = &st->facts;
    const struct instance *in = store_instance(s, st->of.instance);
    const struct store_series *series = store_series(s, st->of.instance, st->of.series);
    const struct store_metric *m = store_metric(s, series->metric_index);
    char words[1024];
    struct text t;
    text_init(&t, words, sizeof(words));
    f->now_ms = x->now_ms;
    f->from_ms = st->from_ms;
    f->to_ms = st->to_ms;
    f->host = in->name[0] != 0 ? in->name : in->id;
    f->metric = m->name;
    f->tag = series->tag;
    f->unit = m->unit;
    trend_words_say(f, &t);
    enum trend trend = trend_judge(f);
    json_open_object(j, NULL);
    json_text(j, "instanceId", in->id);
    json_text(j, "metricName", m->name);
    tags_write(j, "tags", series->tag);
    json_text(j, "trend", trend_words[trend == TREND_NONE ? TREND_STEADY : trend]);
    json_text(j, "analysis", words);
    if (f->points > 0)
        write_numbers(j, f);
    write_ahead(j, st);
    json_text(j, "unit", m->unit);
    json_bool(j, "isRate", f->is_rate);
    json_u64(j, "samples", f->samples);
    json_iso_ms(j, "startDate", st->from_ms);
    json_iso_ms(j, "endDate", st->to_ms);
    json_iso_ms(j, "generatedAt", x->now_ms);
    json_close_object(j);
    return json_is_full(j) ? ERR_FULL : PRODUCE_DONE;
}

static int begin(struct store *s, struct trend_state *st)
{
    struct store_query_ask ask = {.instance = st->of.instance, .series_count = 1, .series = {st->of.series},
                                  .from_ms = st->from_ms, .to_ms = st->to_ms, .step_ms = st->step_ms};
    if (st->is_fitted) {
        ask.from_ms = st->to_ms > PAST_MS ? st->to_ms - PAST_MS : 0;
        ask.from_ms -= ask.from_ms % PAST_STEP_MS;
        ask.to_ms = st->to_ms + PAST_STEP_MS - st->to_ms % PAST_STEP_MS;
        ask.step_ms = PAST_STEP_MS;
    }
    st->query = store_query_begin(s, &ask);
    return st->query == ERR_FULL ? ERR_BUSY : st->query < 0 ? st->query : ERR_AGAIN;
}

/* Runs one query after the other, slice by slice, and answers. */
static int decide(struct exchange *x)
{
    struct trend_state *st = (struct trend_state *)x->state;
    struct store *s = x->world->store;
    if (st->query < 0)
        return begin(s, st);
    int more = store_query_step(s, st->query);
    if (more != 0)
        return more > 0 ? ERR_AGAIN : more;
    if (st->is_fitted)
        look_ahead(st, s);
    else
        fit(st, s);
    release_trend(x);
    if (!st->is_fitted && st->facts.points > 0) {
        st->is_fitted = true;
        return ERR_AGAIN;
    }
    respond_json(x, produce_trend);
    return ERR_OK;
}

/* --- what is asked --- */

static bool read_range(struct exchange *x, struct trend_state *st)
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

void handle_trend(struct exchange *x)
{
    static const struct one_series_names names = {"instanceId", "metricName", "tags"};
    struct trend_state *st = exchange_state(x, sizeof(*st));
    st->query = -1;
    if (!one_series_read(x, &names, &st->of) || !read_range(x, st))
        return;
    x->release = release_trend;
    respond_later(x, decide);
}
