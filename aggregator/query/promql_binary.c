/* SPDX-License-Identifier: MIT */
/* Operators between scalars and vectors. */
#include <math.h>
#include <string.h>

#include "aggregator/query/promql_operate.h"
#include "aggregator/query/promql_window.h"

static bool compare(enum promql_operator op, double a, double b)
{
    switch (op) {
    case OPERATOR_EQUAL:
        return a == b;
    case OPERATOR_NOT_EQUAL:
        return a != b;
    case OPERATOR_GREATER:
        return a > b;
    case OPERATOR_LESS:
        return a < b;
    case OPERATOR_GREATER_EQUAL:
        return a >= b;
    default:
        return a <= b;
    }
}

static double calculate(enum promql_operator op, double a, double b)
{
    switch (op) {
    case OPERATOR_ADD:
        return a + b;
    case OPERATOR_SUBTRACT:
        return a - b;
    case OPERATOR_MULTIPLY:
        return a * b;
    case OPERATOR_DIVIDE:
        return a / b;
    case OPERATOR_MODULO:
        return fmod(a, b);
    default:
        return pow(a, b);
    }
}

/* `kept` is what a comparison without bool lets through. */
static double apply(const struct promql_node *n, double a, double b, double kept)
{
    enum promql_operator op = n->what;
    if (promql_is_absent(a) || promql_is_absent(b))
        return promql_absent();
    if (!promql_is_comparison(op))
        return calculate(op, a, b);
    bool holds = compare(op, a, b);
    if (n->is_bool)
        return holds;
    return holds ? kept : promql_absent();
}

/* Arithmetic makes something that the metric's name no longer tells. */
static bool drops_name(const struct promql_node *n)
{
    return !promql_is_comparison(n->what) || n->is_bool;
}

/* --- with a scalar --- */

static int with_scalar(struct promql_table *t, const struct promql_node *n, struct promql_matrix *left,
                       struct promql_matrix *right, struct promql_work *w)
{
    bool is_left_scalar = left->is_scalar;
    struct promql_matrix *m = is_left_scalar ? right : left;
    const double *scalar = promql_cells(t, is_left_scalar ? left->first : right->first);
    for (uint32_t done = 0; w->at < m->rows; w->at++, done += t->points) {
        if (done >= PROMQL_SLICE)
            return 1;
        double *cells = promql_cells(t, m->first + w->at);
        for (uint32_t p = 0; p < t->points; p++)
            cells[p] = is_left_scalar ? apply(n, scalar[p], cells[p], cells[p])
                                      : apply(n, cells[p], scalar[p], cells[p]);
        if (drops_name(n) && promql_labels_drop_name(t, m->first + w->at) != ERR_OK)
            return ERR_FULL;
    }
    uint32_t first = left->first;
    bool is_scalar = left->is_scalar && right->is_scalar;
    *left = *m;
    left->is_scalar = is_scalar;
    promql_settle(t, left, first);
    return is_scalar ? 0 : promql_unify(t, left);
}

/* --- between vectors --- */

static struct promql_filter matching(const struct promql *q, const struct promql_node *n)
{
    return (struct promql_filter){q, n->names, n->is_listed, false};
}

static int enter_all(struct promql_table *t, const struct promql_matrix *m, const struct promql_filter *f)
{
    promql_index_clear(t);
    for (uint32_t i = 0; i < m->rows; i++) {
        t->group_end[i] = 0; /* matched so often */
        if (promql_index_put(t, m->first + i, f) != PROMQL_NONE)
            return promql_fail(t, "found duplicate series for the match group on one side of the operation; "
                                  "many-to-many matching not allowed: matching labels must be unique on one "
                                  "side");
    }
    return ERR_OK;
}

static int result_labels(struct promql_table *t, const struct promql *q, const struct promql_node *n,
                         uint32_t out, uint32_t one)
{
    struct promql_filter f = matching(q, n);
    int err = drops_name(n) ? promql_labels_drop_name(t, out) : ERR_OK;
    f.keeps_name = true;
    if (err == ERR_OK && n->cardinality == ONE_TO_ONE)
        err = promql_labels_filter(t, out, &f);
    if (err == ERR_OK && n->extra.count > 0) {
        const struct promql_filter extra = {q, n->extra, true, false};
        err = promql_labels_take(t, out, one, &extra);
    }
    return err;
}

/* The many rows, one after the other, each with the one that it matches; results lie where they lay. */
static int pair_off(struct promql_table *t, const struct promql *q, const struct promql_node *n,
                    struct promql_matrix *many, const struct promql_matrix *one, struct promql_work *w)
{
    const struct promql_filter f = matching(q, n);
    bool is_swapped = n->cardinality == GROUP_RIGHT;
    for (uint32_t done = 0; w->at < many->rows; w->at++, done += t->points) {
        uint32_t row = many->first + w->at, out = many->first + w->out;
        if (done >= PROMQL_SLICE)
            return 1;
        int match = promql_index_find(t, row, &f);
        if (match < 0)
            continue;
        uint32_t *seen = &t->group_end[(uint32_t)match - one->first];
        if (n->cardinality == ONE_TO_ONE && (*seen)++ > 0)
            return promql_fail(t, "multiple matches for labels: many-to-one matching must be explicit "
                                  "(group_left/group_right)");
        promql_row_copy(t, out, row);
        double *a = promql_cells(t, out);
        const double *b = promql_cells(t, (uint32_t)match);
        for (uint32_t p = 0; p < t->points; p++)
            a[p] = is_swapped ? apply(n, b[p], a[p], b[p]) : apply(n, a[p], b[p], a[p]);
        int err = result_labels(t, q, n, out, (uint32_t)match);
        if (err != ERR_OK)
            return err;
        w->out += !promql_row_is_empty(t, out);
    }
    return 0;
}

static int arithmetic(struct promql_table *t, const struct promql *q, const struct promql_node *n,
                      struct promql_matrix *left, struct promql_matrix *right, struct promql_work *w)
{
    const struct promql_filter f = matching(q, n);
    bool is_swapped = n->cardinality == GROUP_RIGHT;
    struct promql_matrix *many = is_swapped ? right : left;
    const struct promql_matrix *one = is_swapped ? left : right;
    if (!w->is_begun && enter_all(t, one, &f) != ERR_OK)
        return ERR_FULL;
    w->is_begun = true;
    int more = pair_off(t, q, n, many, one, w);
    if (more != 0)
        return more;
    uint32_t first = left->first;
    *left = *many;
    left->rows = w->out;
    promql_settle(t, left, first);
    return promql_unify(t, left);
}

/* --- sets --- */

/* Rows of `other` with the same labels become one list: the index has the first, order[] the next (plus one;
 * 0: the end). */
static void chain(struct promql_table *t, const struct promql_matrix *other, const struct promql_filter *f)
{
    promql_index_clear(t);
    for (uint32_t i = 0; i < other->rows; i++) {
        int before = promql_index_put(t, other->first + i, f);
        t->order[i] = 0;
        if (before < 0)
            continue;
        uint32_t *link = &t->order[(uint32_t)before - other->first];
        t->order[i] = *link;
        *link = i + 1;
    }
}

/* Keeps of the row what has (or has not) a partner at the same time. */
static void keep(struct promql_table *t, uint32_t row, const struct promql_matrix *other, bool with,
                 const struct promql_filter *f)
{
    double *cells = promql_cells(t, row);
    int first = promql_index_find(t, row, f);
    for (uint32_t p = 0; p < t->points; p++) {
        bool has = false;
        for (uint32_t at = first < 0 ? 0 : (uint32_t)first - other->first + 1; at != 0 && !has;
             at = t->order[at - 1])
            has = !promql_is_absent(promql_cells(t, other->first + at - 1)[p]);
        if (has != with)
            cells[p] = promql_absent();
    }
}

static int set_operation(struct promql_table *t, const struct promql *q, const struct promql_node *n,
                         struct promql_matrix *left, struct promql_matrix *right, struct promql_work *w)
{
    const struct promql_filter f = matching(q, n);
    bool is_or = n->what == OPERATOR_OR;
    struct promql_matrix *m = is_or ? right : left, *other = is_or ? left : right;
    if (!w->is_begun)
        chain(t, other, &f);
    w->is_begun = true;
    for (uint32_t done = 0; w->at < m->rows; w->at++, done += t->points) {
        if (done >= PROMQL_SLICE)
            return 1;
        keep(t, m->first + w->at, other, n->what == OPERATOR_AND, &f);
        promql_row_copy(t, m->first + w->out, m->first + w->at);
        w->out += !promql_row_is_empty(t, m->first + w->out);
    }
    if (is_or) {
        left->rows += w->out; /* they lie behind those of the left side */
        t->row_count = left->first + left->rows;
        return promql_unify(t, left);
    }
    left->rows = w->out;
    t->row_count = left->first + left->rows;
    return 0;
}

int promql_binary(struct promql_table *t, const struct promql *q, const struct promql_node *n,
                  struct promql_matrix *left, struct promql_matrix *right, struct promql_work *w)
{
    left->order = right->order = 0;
    if (left->is_scalar || right->is_scalar)
        return with_scalar(t, n, left, right, w);
    if (promql_is_set(n->what))
        return set_operation(t, q, n, left, right, w);
    return arithmetic(t, q, n, left, right, w);
}

void promql_settle(struct promql_table *t, struct promql_matrix *m, uint32_t first)
{
    if (m->first != first && m->rows > 0) {
        memmove(&t->rows[first], &t->rows[m->first], m->rows * sizeof(t->rows[0]));
        memmove(promql_cells(t, first), promql_cells(t, m->first),
                (size_t)m->rows * t->points * sizeof(double));
    }
    m->first = first;
    t->row_count = first + m->rows;
}
