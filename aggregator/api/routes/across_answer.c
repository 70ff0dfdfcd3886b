/* SPDX-License-Identifier: MIT */
/* Writes what a query across hosts found: as JSON columns, or as CSV with a row for each step. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aggregator/api/routes/across.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/query.h"

enum part { PART_HEAD, PART_TIMES, PART_SERIES, PART_END };

/* Begins like the state of across.c: the exchange's release finds the memory there. */
struct answer_state {
    struct across *across;
    enum part part;
    uint32_t at, point;    /* group or row, and where in it */
    bool is_open;
};

static uint32_t group_at(const struct across *a, uint32_t at)
{
    return a->top > 0 ? a->groups[at] : at;
}

static const struct store_metric *metric_of(const struct across *a, const struct fold_group *g)
{
    struct store *s = a->world->store;
    return store_metric(s, store_series(s, g->instance, g->series)->metric_index);
}

/* --- JSON --- */

static void write_head(struct json *j, const struct across *a)
{
    json_open_object(j, NULL);
    json_i64(j, "from", a->from_ms);
    json_i64(j, "to", a->to_ms);
    json_i64(j, "step_ms", a->step_ms);
    query_write_resolution(j, fold_resolution_ms(a->fold));
    if (a->is_folded)
        json_text(j, "agg", a->aggregate_name);
    json_u64(j, "matched", fold_series_count(a->fold));
    json_u64(j, "groups", fold_group_count(a->fold));
    json_open_array(j, "t");
}

static void open_group(struct json *j, const struct across *a, uint32_t group)
{
    const struct fold_group *g = fold_group(a->fold, group);
    const struct store_metric *metric = metric_of(a, g);
    json_open_object(j, NULL);
    json_text(j, "metric", metric->name);
    for (uint32_t i = 0; i < a->by_count; i++) {
        const char *value;
        uint32_t length;
        if (a->by[i] != BY_METRIC && a->by[i] != BY_KEY &&
            (across_dimension(a, i, g->instance, g->series, &value, &length) || a->by[i] == BY_TAG))
            json_text_n(j, across_dimension_names[a->by[i]], value, length);
        if (a->by[i] == BY_TAG)
            tags_write(j, "tags", store_series(a->world->store, g->instance, g->series)->tag);
    }
    if (a->is_folded) {
        json_open_object(j, "group");
        for (uint32_t i = 0; i < a->by_count; i++) {
            const char *value;
            uint32_t length;
            if (across_dimension(a, i, g->instance, g->series, &value, &length))
                json_foreign_text(j, a->keys[i], (uint32_t)strlen(a->keys[i]), value, length);
        }
        json_close_object(j);
    }
    json_u64(j, "count", g->count);
    json_text(j, "unit", metric->unit);
    json_text(j, "kind", metric->kind == METRIC_COUNTER ? "counter" : "gauge");
    json_text(j, "fold", query_fold_names[across_fold_of(a, metric)]);
    json_open_array(j, "v");
}

/* Numbers of an array, as many as there is room for. */
static int write_numbers(struct json *j, struct answer_state *st, uint32_t group, bool are_times)
{
    struct across *a = st->across;
    for (; st->point < a->range.points; st->point++) {
        struct json_mark m = json_mark(j);
        if (are_times)
            json_i64(j, NULL, a->from_ms + st->point * a->step_ms);
        else
            json_double(j, NULL, fold_value(a->fold, group, st->point));
        if (json_is_full(j)) {
            json_rewind(j, m);
            return PRODUCE_MORE;
        }
    }
    return PRODUCE_DONE;
}

/* A piece that fits or is taken back. */
static int whole(struct json *j, struct json_mark m)
{
    return produce_or_rewind(j, m);
}

static int write_group(struct json *j, struct answer_state *st)
{
    uint32_t group = group_at(st->across, st->at);
    struct json_mark m = json_mark(j);
    if (!st->is_open) {
        open_group(j, st->across, group);
        if (whole(j, m) != PRODUCE_DONE)
            return PRODUCE_MORE;
        st->is_open = true;
        st->point = 0;
    }
    if (write_numbers(j, st, group, false) != PRODUCE_DONE)
        return PRODUCE_MORE;
    m = json_mark(j);
    json_close_array(j);
    json_close_object(j);
    if (whole(j, m) != PRODUCE_DONE)
        return PRODUCE_MORE;
    st->is_open = false;
    st->at++;
    return PRODUCE_DONE;
}

static int produce_json(struct exchange *x)
{
    struct answer_state *st = (struct answer_state *)x->state;
    struct across *a = st->across;
    struct json *j = &x->json;
    struct json_mark m = json_mark(j);
    if (st->part == PART_HEAD) {
        write_head(j, a);
        st->part = PART_TIMES;
    }
    if (st->part == PART_TIMES) {
        if (write_numbers(j, st, 0, true) != PRODUCE_DONE)
            return PRODUCE_MORE;
        m = json_mark(j);
        json_close_array(j);
        json_open_array(j, "series");
        if (whole(j, m) != PRODUCE_DONE)
            return PRODUCE_MORE;
        st->part = PART_SERIES;
    }
    while (st->at < a->group_count)
        if (write_group(j, st) != PRODUCE_DONE)
            return PRODUCE_MORE;
    m = json_mark(j);
    json_close_array(j);
    json_close_object(j);
    return whole(j, m);
}

/* --- CSV (RFC 4180) --- */

/* "cpu_usage{region=fra}" in quotes, quotes doubled; a spreadsheet must not take it for a formula. */
static void put_label(struct text *t, const struct across *a, uint32_t group)
{
    const struct fold_group *g = fold_group(a->fold, group);
    const char *separator = "{";
    text_printf(t, ",\"%s", metric_of(a, g)->name);
    for (uint32_t i = 0; i < a->by_count; i++) {
        const char *value;
        uint32_t length;
        if (a->by[i] == BY_METRIC || !across_dimension(a, i, g->instance, g->series, &value, &length))
            continue;
        text_printf(t, "%s%s=", separator, a->keys[i]);
        separator = ",";
        for (uint32_t k = 0; k < length; k++) {
            if (value[k] == '"')
                text_put_char(t, '"');
            text_put_char(t, value[k]);
        }
    }
    text_put(t, *separator == ',' ? "}\"" : "\"");
}

/* As JSON writes it: up to 15 digits; nothing for what is no number. */
static void put_number(struct text *t, double value)
{
    char digits[40];
    if (!isfinite(value))
        return;
    int n = snprintf(digits, sizeof(digits), "%.15g", value == 0 ? 0.0 : value);
    text_put_n(t, digits, n > 0 ? (uint32_t)n : 0);
}

/* One cell: of row 0 the heads, of the others time and values; the column 0 is the time. */
static void put_cell(struct text *t, const struct across *a, uint32_t row, uint32_t column)
{
    if (column > a->group_count) {
        text_put(t, "\r\n");
    } else if (row == 0) {
        if (column == 0)
            text_put(t, "time");
        else
            put_label(t, a, group_at(a, column - 1));
    } else if (column == 0) {
        text_put_iso_ms(t, a->from_ms + (row - 1) * a->step_ms);
    } else {
        text_put_char(t, ',');
        put_number(t, fold_value(a->fold, group_at(a, column - 1), row - 1));
    }
}

static int produce_csv(struct exchange *x)
{
    struct answer_state *st = (struct answer_state *)x->state;
    struct across *a = st->across;
    for (; st->at <= a->range.points; st->at++, st->point = 0)
        for (; st->point <= a->group_count + 1; st->point++) {
            struct json_mark m = json_mark(&x->json);
            put_cell(x->json.out, a, st->at, st->point);
            if (produce_or_rewind(&x->json, m) != PRODUCE_DONE)
                return PRODUCE_MORE;
        }
    return PRODUCE_DONE;
}

void across_respond(struct exchange *x, struct across *a)
{
    struct answer_state *st = exchange_state(x, sizeof(*st));
    st->across = a;
    respond_header(x, "Vary: Accept");
    if (a->is_csv)
        respond(x, 200, "text/csv; charset=utf-8; header=present", produce_csv);
    else
        respond_json(x, produce_json);
}
