/* SPDX-License-Identifier: MIT */
/* Functions of values that are there already; those over ranges are in promql_window.c. */
#include <math.h>
#include <string.h>

#include "aggregator/query/promql_operate.h"
#include "aggregator/query/promql_window.h"

static double sign(double v)
{
    return v > 0 ? 1 : v < 0 ? -1 : v;
}

/* To the nearest multiple, halves up, as Prometheus counts: by the inverse, which is exact for 0.1 and so
 * on. */
static double round_to(double v, double to)
{
    double inverse = 1 / to;
    return floor(v * inverse + 0.5) / inverse;
}

static double clamp(double v, double min, double max)
{
    return isnan(min) || isnan(max) ? NAN : fmax(min, fmin(max, v));
}

static double call(enum promql_function f, double v, double a, double b)
{
    if (f == CALL_CLAMP || f == CALL_CLAMP_MIN || f == CALL_CLAMP_MAX) {
        if (isnan(v))
            return v;
        return f == CALL_CLAMP       ? (a > b ? promql_absent() : clamp(v, a, b))
               : f == CALL_CLAMP_MIN ? clamp(v, a, INFINITY)
                                     : clamp(v, -INFINITY, a);
    }
    switch (f) {
    case CALL_ABS:
        return fabs(v);
    case CALL_CEIL:
        return ceil(v);
    case CALL_FLOOR:
        return floor(v);
    case CALL_SQRT:
        return sqrt(v);
    case CALL_EXP:
        return exp(v);
    case CALL_LN:
        return log(v);
    case CALL_LOG2:
        return log2(v);
    case CALL_LOG10:
        return log10(v);
    case CALL_SGN:
        return sign(v);
    default:
        return round_to(v, a);
    }
}

/* --- the whole vector --- */

/* What the selector says with '=' is what is known of a series that is not there. */
static int absent_labels(struct promql_table *t, const struct promql *q, const struct promql_node *n,
                         uint32_t row)
{
    struct labels labels = {.count = 0};
    const struct promql_node *of = &q->nodes[n->arguments[0]];
    if (of->kind != PROMQL_SELECTOR)
        return promql_labels_set(t, row, NULL, &labels);
    const struct selector *s = &q->selection.selectors[of->selector];
    for (uint32_t i = 0; i < s->count; i++) {
        const struct matcher *m = &s->matchers[i];
        uint32_t same = 0;
        for (uint32_t k = 0; k < s->count; k++)
            same += text_equal(s->matchers[k].name, m->name);
        if (m->kind == MATCH_EQUAL && same == 1 && !text_equal(m->name, "__name__"))
            labels.at[labels.count++] = (struct label){m->name, m->value, (uint32_t)strlen(m->value)};
    }
    return promql_labels_set(t, row, NULL, &labels);
}

static int absent(struct promql_table *t, const struct promql *q, const struct promql_node *n,
                  struct promql_matrix *m)
{
    int row = promql_row_push(t);
    if (row < 0 || absent_labels(t, q, n, (uint32_t)row) != ERR_OK)
        return ERR_FULL;
    double *out = promql_cells(t, (uint32_t)row);
    for (uint32_t p = 0; p < t->points; p++) {
        bool is_there = false;
        for (uint32_t i = 0; i < m->rows && !is_there; i++)
            is_there = !promql_is_absent(promql_cells(t, m->first + i)[p]);
        if (!is_there)
            out[p] = 1;
    }
    uint32_t first = m->first;
    *m = (struct promql_matrix){.first = (uint32_t)row, .rows = !promql_row_is_empty(t, (uint32_t)row)};
    promql_settle(t, m, first);
    return 0;
}

/* The value of the only element there is; else not a number. */
static int to_scalar(struct promql_table *t, struct promql_matrix *m)
{
    int row = promql_row_push(t);
    if (row < 0)
        return ERR_FULL;
    double *out = promql_cells(t, (uint32_t)row);
    for (uint32_t p = 0; p < t->points; p++) {
        uint32_t found = 0;
        for (uint32_t i = 0; i < m->rows && found < 2; i++) {
            double v = promql_cells(t, m->first + i)[p];
            if (!promql_is_absent(v) && found++ == 0)
                out[p] = v;
        }
        if (found != 1)
            out[p] = NAN;
    }
    uint32_t first = m->first;
    *m = (struct promql_matrix){.first = (uint32_t)row, .rows = 1, .is_scalar = true};
    promql_settle(t, m, first);
    return 0;
}

static int each_value(struct promql_table *t, const struct promql_node *n, struct promql_matrix *m,
                      const struct promql_matrix more[2], struct promql_work *w)
{
    enum promql_function f = n->what;
    const double *a = more[0].rows > 0 ? promql_cells(t, more[0].first) : NULL;
    const double *b = more[1].rows > 0 ? promql_cells(t, more[1].first) : NULL;
    for (uint32_t done = 0; w->at < m->rows; w->at++, done += t->points) {
        if (done >= PROMQL_SLICE)
            return 1;
        double *cells = promql_cells(t, m->first + w->at);
        for (uint32_t p = 0; p < t->points; p++)
            if (!promql_is_absent(cells[p]))
                cells[p] = call(f, cells[p], a != NULL ? a[p] : 1, b != NULL ? b[p] : 0);
        if (promql_labels_drop_name(t, m->first + w->at) != ERR_OK)
            return ERR_FULL;
    }
    t->row_count = m->first + m->rows;
    return promql_unify(t, m);
}

int promql_call(struct promql_table *t, const struct promql *q, const struct promql_node *n,
                struct promql_matrix *m, const struct promql_matrix more[2], struct promql_work *w)
{
    enum promql_function f = n->what;
    m->order = 0;
    switch (f) {
    case CALL_ABSENT:
        return absent(t, q, n, m);
    case CALL_SCALAR:
        return to_scalar(t, m);
    case CALL_VECTOR:
        m->is_scalar = false;
        return 0;
    case CALL_SORT:
    case CALL_SORT_DESC:
        m->order = f == CALL_SORT ? 1 : -1;
        return 0;
    default:
        return each_value(t, n, m, more, w);
    }
}

int promql_negate(struct promql_table *t, struct promql_matrix *m, struct promql_work *w)
{
    for (uint32_t done = 0; w->at < m->rows; w->at++, done += t->points) {
        if (done >= PROMQL_SLICE)
            return 1;
        double *cells = promql_cells(t, m->first + w->at);
        for (uint32_t p = 0; p < t->points; p++)
            if (!promql_is_absent(cells[p]))
                cells[p] = -cells[p];
        if (promql_labels_drop_name(t, m->first + w->at) != ERR_OK)
            return ERR_FULL;
    }
    return m->is_scalar ? 0 : promql_unify(t, m);
}
