/* SPDX-License-Identifier: MIT */
/* Aggregations: rows of a group lie side by side in order[], and for each point their values are taken
 * together. */
#include <math.h>

#include "aggregator/query/promql_operate.h"
#include "aggregator/query/promql_window.h"
#include "platform/base/heap.h"

/* --- values of one group at one point --- */

/* NaN counts as the smallest. */
static bool is_less(double a, double b)
{
    return a < b || (isnan(a) && !isnan(b));
}

static bool is_before(const void *a, const void *b)
{
    return is_less(*(const double *)a, *(const double *)b);
}

static void sort_values(double *v, uint32_t count)
{
    heap_sort(v, count, sizeof *v, is_before);
}

static double quantile(double q, double *v, uint32_t n)
{
    if (isnan(q))
        return NAN;
    if (q < 0 || q > 1)
        return q < 0 ? -INFINITY : INFINITY;
    sort_values(v, n);
    double rank = q * (n - 1);
    uint32_t low = (uint32_t)floor(rank), high = low + 1 < n ? low + 1 : n - 1;
    double weight = rank - floor(rank);
    return v[low] * (1 - weight) + v[high] * weight;
}

static double variance(const double *v, uint32_t n)
{
    double mean = 0, sum = 0;
    for (uint32_t i = 0; i < n; i++) { /* Welford */
        double delta = v[i] - mean;
        mean += delta / (i + 1);
        sum += delta * (v[i] - mean);
    }
    return sum / n;
}

static double sum_of(const double *v, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += v[i];
    return sum;
}

static double extreme(const double *v, uint32_t n, bool is_max)
{
    double best = v[0];
    for (uint32_t i = 1; i < n; i++)
        if (isnan(best) || (is_max ? v[i] > best : v[i] < best))
            best = v[i];
    return best;
}

static double fold(enum promql_aggregate a, double parameter, double *v, uint32_t n)
{
    if (n == 0)
        return promql_absent();
    switch (a) {
    case GROUP_SUM:
        return sum_of(v, n);
    case GROUP_AVG:
        return sum_of(v, n) / n;
    case GROUP_MIN:
    case GROUP_MAX:
        return extreme(v, n, a == GROUP_MAX);
    case GROUP_COUNT:
        return n;
    case GROUP_STDDEV:
        return sqrt(variance(v, n));
    case GROUP_STDVAR:
        return variance(v, n);
    case GROUP_QUANTILE:
        return quantile(parameter, v, n);
    default:
        return 1;
    }
}

/* --- groups --- */

/* Numbers the groups and puts their rows side by side: order[] has the rows, group_end[] where a group
 * ends. */
static void divide(struct promql_table *t, const struct promql_matrix *m, const struct promql_filter *f,
                   uint32_t *groups)
{
    uint32_t n = 0;
    promql_index_clear(t);
    for (uint32_t i = 0; i < m->rows; i++) {
        int same = promql_index_put(t, m->first + i, f);
        t->group_of[i] = same < 0 ? n : t->group_of[(uint32_t)same - m->first];
        if (same < 0)
            t->group_end[n++] = 0;
        t->group_end[t->group_of[i]]++;
    }
    uint32_t at = 0;
    for (uint32_t g = 0; g < n; g++) {
        uint32_t size = t->group_end[g];
        t->group_end[g] = at; /* for now where it begins */
        at += size;
    }
    for (uint32_t i = 0; i < m->rows; i++)
        t->order[t->group_end[t->group_of[i]]++] = i;
    *groups = n;
}

static uint32_t group_start(const struct promql_table *t, uint32_t group)
{
    return group > 0 ? t->group_end[group - 1] : 0;
}

/* A row for each group on top, with its labels. */
static int push_groups(struct promql_table *t, const struct promql_matrix *m, const struct promql_filter *f,
                       uint32_t groups)
{
    for (uint32_t g = 0; g < groups; g++) {
        uint32_t like = m->first + t->order[group_start(t, g)];
        int row = promql_row_push(t);
        if (row < 0)
            return row;
        t->rows[row] = t->rows[like];
        if (promql_labels_filter(t, (uint32_t)row, f) != ERR_OK)
            return ERR_FULL;
    }
    return ERR_OK;
}

static void fold_group(struct promql_table *t, const struct promql_matrix *m, const struct promql_node *n,
                       uint32_t group, uint32_t point, double parameter, uint32_t to)
{
    uint32_t count = 0;
    for (uint32_t i = group_start(t, group); i < t->group_end[group]; i++) {
        double v = promql_cells(t, m->first + t->order[i])[point];
        if (!promql_is_absent(v))
            t->scratch[count++] = v;
    }
    promql_cells(t, to)[point] = fold(n->what, parameter, t->scratch, count);
}

/* --- topk, bottomk: rows stay what they are, and lose the values that do not rank --- */

/* The value that the k-th ranks by; and how many of exactly that value rank. */
static void thin_out(struct promql_table *t, const struct promql_matrix *m, bool is_top, uint32_t group,
                     uint32_t point, double k)
{
    uint32_t count = 0, from = group_start(t, group), end = t->group_end[group];
    for (uint32_t i = from; i < end; i++) {
        double v = promql_cells(t, m->first + t->order[i])[point];
        if (!promql_is_absent(v))
            t->scratch[count++] = is_top ? v : -v;
    }
    uint32_t kept = k < 1 || isnan(k) ? 0 : k >= count ? count : (uint32_t)k;
    if (kept == count)
        return;
    sort_values(t->scratch, count);
    double limit = kept > 0 ? t->scratch[count - kept] : 0;
    uint32_t equal = 0; /* of those that equal the limit, so many rank */
    for (uint32_t i = count - kept; i < count; i++)
        equal += !is_less(limit, t->scratch[i]);
    for (uint32_t i = from; i < end; i++) {
        double *cell = &promql_cells(t, m->first + t->order[i])[point];
        double v = is_top ? *cell : -*cell;
        if (promql_is_absent(*cell) || (kept > 0 && is_less(limit, v)))
            continue;
        if (kept > 0 && !is_less(v, limit) && equal > 0)
            equal--;
        else
            *cell = promql_absent();
    }
}

static void drop_empty(struct promql_table *t, struct promql_matrix *m)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->rows; i++) {
        promql_row_copy(t, m->first + kept, m->first + i);
        kept += !promql_row_is_empty(t, m->first + kept);
    }
    m->rows = kept;
    t->row_count = m->first + kept;
}

/* --- the walk: point by point, group by group --- */

static int walk(struct promql_table *t, const struct promql_node *n, const struct promql_matrix *parameter,
                struct promql_matrix *m, struct promql_work *w)
{
    enum promql_aggregate a = n->what;
    bool is_ranking = a == GROUP_TOPK || a == GROUP_BOTTOMK;
    uint32_t first_group = m->first + m->rows;
    for (uint32_t done = 0; w->at < t->points; w->at++, done += m->rows + 1) {
        double k = parameter != NULL ? promql_cells(t, parameter->first)[w->at] : 0;
        if (done >= PROMQL_SLICE / 4)
            return 1;
        for (uint32_t g = 0; g < w->groups; g++) {
            if (is_ranking)
                thin_out(t, m, a == GROUP_TOPK, g, w->at, k);
            else
                fold_group(t, m, n, g, w->at, k, first_group + g);
        }
    }
    return 0;
}

int promql_aggregate(struct promql_table *t, const struct promql *q, const struct promql_node *n,
                     const struct promql_matrix *parameter, struct promql_matrix *m, struct promql_work *w)
{
    const struct promql_filter f = {q, n->names, n->is_listed, false};
    bool is_ranking = n->what == GROUP_TOPK || n->what == GROUP_BOTTOMK;
    uint32_t first = parameter != NULL ? parameter->first : m->first;
    m->order = 0;
    if (!w->is_begun) {
        w->is_begun = true;
        divide(t, m, &f, &w->groups);
        if (!is_ranking && push_groups(t, m, &f, w->groups) != ERR_OK)
            return ERR_FULL;
    }
    int more = walk(t, n, parameter, m, w);
    if (more != 0)
        return more;
    if (is_ranking) {
        drop_empty(t, m);
        m->order = n->what == GROUP_TOPK ? -1 : 1;
    } else {
        m->first += m->rows;
        m->rows = w->groups;
    }
    promql_settle(t, m, first);
    return 0;
}

/* Is a to stand before b? What is no number stands at the end. */
static bool stands_before(double a, double b, int order)
{
    if (isnan(a) || isnan(b))
        return !isnan(a);
    return order > 0 ? a < b : a > b;
}

void promql_sort(struct promql_table *t, const struct promql_matrix *m)
{
    double *v = promql_cells(t, m->first);
    struct promql_row *rows = &t->rows[m->first];
    ASSERT(t->points == 1);
    for (uint32_t gap = m->rows / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11) /* Shell */
        for (uint32_t i = gap; i < m->rows; i++) {
            struct promql_row row = rows[i];
            double value = v[i];
            uint32_t at = i;
            for (; at >= gap && stands_before(value, v[at - gap], m->order); at -= gap) {
                rows[at] = rows[at - gap];
                v[at] = v[at - gap];
            }
            rows[at] = row;
            v[at] = value;
        }
}
