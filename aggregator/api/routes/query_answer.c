/* SPDX-License-Identifier: MIT */
/* Runs a query slice by slice, folds its cells and writes them as columns.
 *
 * A rate is the growth per second since the nearest earlier step with a sample; null after a reset of the
 * counter and after a silence of more than three steps. */
#include <string.h>

#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/query.h"

const char *const query_fold_names[FOLD_COUNT_ALL] = {
    [FOLD_AVG] = "avg",   [FOLD_MIN] = "min", [FOLD_MAX] = "max",     [FOLD_LAST] = "last",
    [FOLD_SUM] = "sum",   [FOLD_COUNT] = "count", [FOLD_RATE] = "rate",
};

void query_release(struct exchange *x)
{
    struct query_state *st = (struct query_state *)x->state;
    if (st->query >= 0)
        store_query_end(x->world->store, st->query);
    st->query = -1;
}

/* Gets a query slot and works off slices; PRODUCE_DONE when the cells are filled. */
static int run(struct exchange *x, struct query_state *st)
{
    if (st->query < 0) {
        struct store_query_ask ask = {
            .instance = st->instance,
            .series_count = st->series_count,
            .from_ms = st->from_ms - st->step_ms,
            .to_ms = st->to_ms,
            .step_ms = st->step_ms,
        };
        memcpy(ask.series, st->series, sizeof(ask.series));
        int query = store_query_begin(x->world->store, &ask);
        if (query < 0)
            return query == ERR_FULL ? ERR_BUSY : query; /* all are running */
        st->query = query;
    }
    int more = store_query_step(x->world->store, st->query);
    return more > 0 ? ERR_AGAIN : more;
}

/* Growth per second x 1000, or false when it has no sense. */
static bool rate(const struct store_cell *before, const struct store_cell *now, uint32_t scale,
                 int64_t patience_ms, int64_t *milli)
{
    int64_t dt_ms = now->last_ms - before->last_ms;
    int64_t growth, divisor, whole, part;
    if (dt_ms <= 0 || dt_ms > patience_ms || __builtin_sub_overflow(now->last, before->last, &growth) ||
        growth < 0 || __builtin_mul_overflow(dt_ms, (int64_t)scale, &divisor))
        return false;
    const int64_t factor = MS_PER_S * 1000;
    if (__builtin_mul_overflow(growth / divisor, factor, &whole) ||
        __builtin_mul_overflow(growth % divisor, factor, &part))
        return false;
    int64_t rounded = part / divisor + (part % divisor >= divisor - divisor / 2);
    return !__builtin_add_overflow(whole, rounded, milli);
}

/* Small means keep two digits more than their samples had. */
static void write_mean(struct json *j, const struct store_cell *c, uint32_t scale)
{
    int64_t mean = c->sum / c->count;
    if (mean > -10000 && mean < 10000 && scale <= 10000000)
        json_scaled(j, NULL, c->sum * 100 / c->count, scale * 100);
    else
        json_scaled(j, NULL, mean, scale);
}

static void write_value(struct json *j, enum store_fold fold, const struct store_cell *c, uint32_t scale)
{
    switch (fold) {
    case FOLD_AVG:
        write_mean(j, c, scale);
        break;
    case FOLD_MIN:
        json_scaled(j, NULL, c->min, scale);
        break;
    case FOLD_MAX:
        json_scaled(j, NULL, c->max, scale);
        break;
    case FOLD_LAST:
        json_scaled(j, NULL, c->last, scale);
        break;
    case FOLD_SUM:
        json_scaled(j, NULL, c->sum, scale);
        break;
    case FOLD_COUNT:
    case FOLD_RATE: /* write_point sees to it */
        json_u64(j, NULL, c->count);
        break;
    }
}

/* The nearest step before `point` that has a sample and is not too long ago, or NULL. */
static const struct store_cell *cell_before(const struct exchange *x, const struct query_state *st,
                                            uint32_t point)
{
    int64_t reach = st->patience_ms / st->step_ms;
    for (uint32_t back = 1; back <= point && back <= reach; back++) {
        const struct store_cell *c =
            store_query_cell(x->world->store, st->query, st->at_series, point - back);
        if (c->count > 0)
            return c;
    }
    return NULL;
}

/* `point` counts from the extra step before the range. */
static void write_point(struct exchange *x, const struct query_state *st, enum store_fold fold,
                        uint32_t scale, uint32_t point)
{
    struct json *j = &x->json;
    const struct store_cell *c = store_query_cell(x->world->store, st->query, st->at_series, point);
    if (c->count == 0) {
        json_null(j, NULL);
        return;
    }
    if (fold != FOLD_RATE) {
        write_value(j, fold, c, scale);
        return;
    }
    int64_t milli;
    const struct store_cell *before = cell_before(x, st, point);
    if (before != NULL && rate(before, c, scale, st->patience_ms, &milli))
        json_scaled(j, NULL, milli, 1000);
    else
        json_null(j, NULL);
}

static void open_series(struct json *j, const struct store_series *series,
                        const struct store_metric *metric, enum store_fold fold)
{
    json_open_object(j, NULL);
    json_text(j, "metric", metric->name);
    json_text(j, "tag", series->tag);
    tags_write(j, "tags", series->tag);
    json_text(j, "unit", metric->unit);
    json_text(j, "kind", metric->kind == METRIC_COUNTER ? "counter" : "gauge");
    json_text(j, "fold", query_fold_names[fold]);
    json_open_array(j, "v");
}

/* Opening, points and closing of the series at hand; each piece whole or not at all. */
static int produce_series(struct exchange *x, struct query_state *st)
{
    struct json *j = &x->json;
    struct store *s = x->world->store;
    const struct store_series *series = store_series(s, st->instance, st->series[st->at_series]);
    const struct store_metric *metric = store_metric(s, series->metric_index);
    enum store_fold fold = st->fold != FOLD_BY_KIND           ? (enum store_fold)st->fold
                           : metric->kind == METRIC_COUNTER ? FOLD_RATE
                                                            : FOLD_AVG;
    for (; st->at_point <= st->points; st->at_point++) {
        struct json_mark m = json_mark(j);
        if (!st->is_series_open)
            open_series(j, series, metric, fold);
        if (st->at_point < st->points)
            write_point(x, st, fold, metric->scale, st->at_point + 1);
        else
            json_close_array(j), json_close_object(j);
        if (json_is_full(j)) {
            json_rewind(j, m);
            return PRODUCE_MORE;
        }
        st->is_series_open = true;
    }
    st->at_point = 0;
    st->is_series_open = false;
    st->at_series++;
    return PRODUCE_DONE;
}

static int produce_times(struct exchange *x, struct query_state *st)
{
    struct json *j = &x->json;
    for (; st->at_point < st->points; st->at_point++) {
        struct json_mark m = json_mark(j);
        json_i64(j, NULL, st->from_ms + (int64_t)st->at_point * st->step_ms);
        if (json_is_full(j)) {
            json_rewind(j, m);
            return PRODUCE_MORE;
        }
    }
    return PRODUCE_DONE;
}

void query_write_resolution(struct json *j, int64_t resolution_ms)
{
    json_text(j, "resolution", resolution_ms == 0 ? "full" : resolution_ms <= 60000 ? "1m" : "1h");
}

static void open_answer(struct exchange *x, const struct query_state *st)
{
    struct json *j = &x->json;
    json_open_object(j, NULL);
    json_text(j, "instance", store_instance(x->world->store, st->instance)->id);
    json_i64(j, "from", st->from_ms);
    json_i64(j, "to", st->to_ms);
    json_i64(j, "step_ms", st->step_ms);
    query_write_resolution(j, st->query >= 0 ? store_query_resolution_ms(x->world->store, st->query) : 0);
    json_open_array(j, "t");
}

int query_produce(struct exchange *x)
{
    struct query_state *st = (struct query_state *)x->state;
    struct json *j = &x->json;
    if (!st->is_ready) {
        int err = run(x, st);
        if (err < 0)
            return err;
        st->is_ready = true;
    }
    if (!st->is_open) {
        open_answer(x, st);
        st->is_open = true;
    }
    if (!st->are_times_done) {
        if (produce_times(x, st) != PRODUCE_DONE)
            return PRODUCE_MORE;
        struct json_mark m = json_mark(j);
        json_close_array(j);
        json_open_array(j, "series");
        if (json_is_full(j)) {
            json_rewind(j, m);
            return PRODUCE_MORE;
        }
        st->are_times_done = true;
        st->at_point = 0;
    }
    while (st->at_series < st->series_count)
        if (produce_series(x, st) != PRODUCE_DONE)
            return PRODUCE_MORE;
    struct json_mark m = json_mark(j);
    json_close_array(j);
    /* without series there was nothing to ask */
    int64_t coarser_ms = st->query >= 0 ? store_query_resolution_ms(x->world->store, st->query) : 0;
    json_i64(j, "resolution_ms", coarser_ms > st->step_ms ? coarser_ms : st->step_ms);
    json_close_object(j);
    return produce_or_rewind(j, m);
}
