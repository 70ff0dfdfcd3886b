/* SPDX-License-Identifier: MIT */
/* Results as Prometheus writes them: values are texts, since JSON has no Inf and NaN. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/api/routes/promql.h"

struct answer_state {
    struct promql_place place;
    bool is_range, is_begun, is_open;
    uint32_t row, point;
};

/* The shortest digits that are read back as the same number. */
static void write_value(struct json *j, double v)
{
    char digits[40];
    int n = 0;
    if (isnan(v) || isinf(v)) {
        json_text(j, NULL, isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf");
        return;
    }
    for (int precision = 15; precision <= 17; precision++) {
        n = snprintf(digits, sizeof(digits), "%.*g", precision, v == 0 ? 0.0 : v);
        if (strtod(digits, NULL) == v)
            break;
    }
    json_text_n(j, NULL, digits, n > 0 ? (uint32_t)n : 0);
}

static void write_pair(struct json *j, const char *key, int64_t at_ms, double v)
{
    json_open_array(j, key);
    json_scaled(j, NULL, at_ms, 1000);
    write_value(j, v);
    json_close_array(j);
}

static void write_labels(struct json *j, const struct promql_table *t, uint32_t row)
{
    const char *end, *at = promql_labels_of(t, row, &end), *name, *value;
    json_open_object(j, "metric");
    while (promql_label_next(&at, end, &name, &value))
        json_foreign_text(j, name, (uint32_t)strlen(name), value, (uint32_t)strlen(value));
    json_close_object(j);
}

/* --- single values --- */

static void write_head(struct json *j, const char *type)
{
    json_open_object(j, NULL);
    json_text(j, "status", "success");
    json_open_object(j, "data");
    json_text(j, "resultType", type);
}

static int produce_scalar(struct exchange *x)
{
    struct answer_state *st = (struct answer_state *)x->state;
    struct promql_table *t = promql_run_table(st->place.run);
    const struct promql *q = promql_expression(st->place.run);
    struct json *j = &x->json;
    bool is_text = q->nodes[q->count - 1].type == PROMQL_STRING;
    struct json_mark m = json_mark(j);
    write_head(j, is_text ? "string" : "scalar");
    if (is_text) {
        json_open_array(j, "result");
        json_scaled(j, NULL, t->start_ms, 1000);
        json_text(j, NULL, q->text);
        json_close_array(j);
    } else {
        write_pair(j, "result", t->start_ms, promql_cells(t, promql_result(st->place.run)->first)[0]);
    }
    json_close_object(j);
    json_close_object(j);
    return produce_or_rewind(j, m);
}

/* --- vectors and matrices --- */

static int write_vector_row(struct json *j, struct promql_table *t, uint32_t row)
{
    struct json_mark m = json_mark(j);
    double v = promql_cells(t, row)[0];
    if (promql_is_absent(v))
        return PRODUCE_DONE;
    json_open_object(j, NULL);
    write_labels(j, t, row);
    write_pair(j, "value", t->start_ms, v);
    json_close_object(j);
    return produce_or_rewind(j, m);
}

/* A series of a range, over as many calls as it takes. */
static int write_range_row(struct json *j, struct answer_state *st, struct promql_table *t, uint32_t row)
{
    struct json_mark m = json_mark(j);
    if (!st->is_open) {
        if (promql_row_is_empty(t, row))
            return PRODUCE_DONE;
        json_open_object(j, NULL);
        write_labels(j, t, row);
        json_open_array(j, "values");
        if (produce_or_rewind(j, m) != PRODUCE_DONE)
            return PRODUCE_MORE;
        st->is_open = true;
        st->point = 0;
    }
    for (; st->point < t->points; st->point++) {
        double v = promql_cells(t, row)[st->point];
        m = json_mark(j);
        if (promql_is_absent(v))
            continue;
        write_pair(j, NULL, promql_time(t, st->point), v);
        if (produce_or_rewind(j, m) != PRODUCE_DONE)
            return PRODUCE_MORE;
    }
    m = json_mark(j);
    json_close_array(j);
    json_close_object(j);
    if (produce_or_rewind(j, m) != PRODUCE_DONE)
        return PRODUCE_MORE;
    st->is_open = false;
    return PRODUCE_DONE;
}

static int produce_rows(struct exchange *x)
{
    struct answer_state *st = (struct answer_state *)x->state;
    struct promql_table *t = promql_run_table(st->place.run);
    const struct promql_matrix *r = promql_result(st->place.run);
    struct json *j = &x->json;
    struct json_mark m = json_mark(j);
    if (!st->is_begun) {
        write_head(j, st->is_range ? "matrix" : "vector");
        json_open_array(j, "result");
        if (produce_or_rewind(j, m) != PRODUCE_DONE)
            return PRODUCE_MORE;
        st->is_begun = true;
    }
    for (; st->row < r->rows; st->row++) {
        uint32_t row = r->first + st->row;
        int more = st->is_range ? write_range_row(j, st, t, row) : write_vector_row(j, t, row);
        if (more != PRODUCE_DONE)
            return more;
    }
    m = json_mark(j);
    json_close_array(j);
    json_close_object(j);
    json_close_object(j);
    return produce_or_rewind(j, m);
}

void promql_respond(struct exchange *x, struct promql_run *run, bool is_range)
{
    const struct promql *q = promql_expression(run);
    struct answer_state *st = exchange_state(x, sizeof(*st));
    st->place.run = run;
    st->is_range = is_range;
    bool is_single = !is_range && (q->nodes[q->count - 1].type == PROMQL_STRING ||
                                   promql_result(run)->is_scalar);
    respond_json(x, is_single ? produce_scalar : produce_rows);
}
