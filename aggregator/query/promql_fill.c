/* SPDX-License-Identifier: MIT */
/* See promql_fill.h. A group is two rows: the value so far, and of how many series it is made. */
#include "aggregator/query/promql_fill.h"

#include <math.h>

#include "aggregator/query/info.h"

#define FILL_SLICE 262144U /* samples looked at in one slice */

/* --- samples of a row --- */

/* By time; mostly it comes in order. */
static void add_sample(struct promql_load *l, const struct store_cell *cell, double scale)
{
    uint32_t at = l->sample_count++;
    for (; at > 0 && l->samples[at - 1].cell->last_ms > cell->last_ms; at--)
        l->samples[at] = l->samples[at - 1];
    l->samples[at] = (struct promql_sample){cell, scale};
}

static void gather(struct promql_load *l, const struct promql_source *from,
                   const struct promql_batch_row *row)
{
    uint32_t points = store_query_points(from->store, l->query);
    double scales[16];
    uint32_t count = row->count < COUNT_OF(scales) ? row->count : (uint32_t)COUNT_OF(scales);
    for (uint32_t k = 0; k < count; k++) {
        uint32_t series = l->ask.series[row->first + k];
        uint32_t metric = store_series(from->store, l->ask.instance, series)->metric_index;
        scales[k] = catalog_metric(from->catalog, metric)->scale;
    }
    l->sample_count = 0;
    for (uint32_t p = 0; p < points; p++)
        for (uint32_t k = 0; k < count; k++) {
            const struct store_cell *c = store_query_cell(from->store, l->query, row->first + k, p);
            if (c->count > 0 && l->sample_count < QUERY_CELLS_MAX)
                add_sample(l, c, scales[k]);
        }
}

/* --- groups --- */

static void fold_into(const struct promql_load *l, struct promql_table *t, uint32_t group, uint32_t row)
{
    enum promql_aggregate a = l->group->what;
    double *value = promql_cells(t, group), *count = promql_cells(t, group + 1);
    const double *v = promql_cells(t, row);
    for (uint32_t p = 0; p < t->points; p++) {
        if (promql_is_absent(v[p]))
            continue;
        bool is_first = count[p] == 0;
        if (is_first)
            value[p] = v[p];
        else if (a == GROUP_MIN)
            value[p] = v[p] < value[p] || isnan(value[p]) ? v[p] : value[p];
        else if (a == GROUP_MAX)
            value[p] = v[p] > value[p] || isnan(value[p]) ? v[p] : value[p];
        else
            value[p] += v[p];
        count[p]++;
    }
}

/* The row becomes the first of a group, or a part of one that is there. */
static int give_to_group(struct promql_load *l, struct promql_table *t, uint32_t row)
{
    int group = promql_index_put(t, row, &l->filter);
    if (group >= 0) {
        fold_into(l, t, (uint32_t)group, row);
        t->row_count--;
        t->arena_used = l->arena_before;
        return ERR_OK;
    }
    int counts = promql_row_push(t);
    if (counts < 0)
        return counts;
    const double *v = promql_cells(t, row);
    double *count = promql_cells(t, (uint32_t)counts);
    for (uint32_t p = 0; p < t->points; p++)
        count[p] = !promql_is_absent(v[p]);
    l->matrix.rows += 2;
    return promql_labels_filter(t, row, &l->filter);
}

static void finish_group(const struct promql_load *l, struct promql_table *t, uint32_t group)
{
    enum promql_aggregate a = l->group->what;
    double *value = promql_cells(t, group);
    const double *count = promql_cells(t, group + 1);
    for (uint32_t p = 0; p < t->points; p++)
        if (count[p] > 0)
            value[p] = a == GROUP_AVG     ? value[p] / count[p]
                       : a == GROUP_COUNT ? count[p]
                       : a == GROUP_GROUP ? 1
                                          : value[p];
}

/* --- rows --- */

static const char *name_of(const struct promql_load *l, const struct promql_source *from, uint32_t series)
{
    uint32_t metric = store_series(from->store, l->ask.instance, series)->metric_index;
    return catalog_metric(from->catalog, catalog_metric(from->catalog, metric)->family)->name;
}

static bool keeps_name(const struct promql_load *l)
{
    return l->window.function == CALL_INSTANT || l->window.function == CALL_LAST_OVER_TIME;
}

static int begin_row(struct promql_load *l, const struct promql_source *from, struct promql_table *t)
{
    struct labels labels;
    uint32_t series = l->ask.series[l->rows[l->row].first];
    l->arena_before = t->arena_used;
    l->target = promql_row_push(t);
    if (l->target < 0)
        return l->target;
    promql_series_labels(from, l->ask.instance, series, &labels);
    gather(l, from, &l->rows[l->row]);
    l->point = l->first_sample = 0;
    return promql_labels_set(t, (uint32_t)l->target, keeps_name(l) ? name_of(l, from, series) : NULL,
                             &labels);
}

/* What there is of it is kept; nothing is not. */
static int give_row(struct promql_load *l, struct promql_table *t, uint32_t row)
{
    if (promql_row_is_empty(t, row)) {
        t->row_count--;
        t->arena_used = l->arena_before;
        return ERR_OK;
    }
    if (l->group != NULL)
        return give_to_group(l, t, row);
    l->matrix.rows++;
    return ERR_OK;
}

static int end_row(struct promql_load *l, struct promql_table *t)
{
    uint32_t row = (uint32_t)l->target;
    l->target = -1;
    l->row++;
    return give_row(l, t, row);
}

int promql_fill(struct promql_load *l, const struct promql_source *from, struct promql_table *t)
{
    uint64_t looked = 0;
    while (l->row < l->row_count) {
        if (looked >= FILL_SLICE)
            return 1;
        if (l->target < 0) {
            if (begin_row(l, from, t) < 0)
                return ERR_FULL;
            looked += store_query_points(from->store, l->query);
        }
        double *cells = promql_cells(t, (uint32_t)l->target);
        for (; l->point < t->points && looked < FILL_SLICE; l->point++)
            cells[l->point] =
                promql_window_value(&l->window, l->samples, l->sample_count,
                                    promql_time(t, l->point) - l->selector->offset_ms, &l->first_sample,
                                    &looked);
        if (l->point == t->points && end_row(l, t) != ERR_OK)
            return ERR_FULL;
    }
    return 0;
}

int promql_fill_newest(struct promql_load *l, const struct promql_source *from, struct promql_table *t,
                       uint32_t series)
{
    const struct store_series *it = store_series(from->store, l->ask.instance, series);
    int64_t at_ms = promql_time(t, 0) - l->selector->offset_ms;
    struct labels labels;
    if (t->points > 1 || l->window.function != CALL_INSTANT || it->last_ms == 0 || it->last_ms > at_ms ||
        it->last_ms < at_ms - l->window.range_ms)
        return 0;
    l->arena_before = t->arena_used;
    int row = promql_row_push(t);
    if (row < 0)
        return row;
    promql_series_labels(from, l->ask.instance, series, &labels);
    int err = promql_labels_set(t, (uint32_t)row, name_of(l, from, series), &labels);
    if (err != ERR_OK)
        return err;
    uint32_t scale = catalog_metric(from->catalog, it->metric_index)->scale;
    *promql_cells(t, (uint32_t)row) = (double)it->last_value / scale;
    return give_row(l, t, (uint32_t)row) == ERR_OK ? 1 : ERR_FULL;
}

static int fill_one(struct promql_load *l, struct promql_table *t, const char *name,
                    const struct labels *labels)
{
    l->arena_before = t->arena_used;
    int row = promql_row_push(t);
    if (row < 0 || promql_labels_set(t, (uint32_t)row, name, labels) != ERR_OK)
        return ERR_FULL;
    double *cells = promql_cells(t, (uint32_t)row);
    for (uint32_t p = 0; p < t->points; p++)
        cells[p] = 1;
    return give_row(l, t, (uint32_t)row);
}

int promql_fill_info(struct promql_load *l, const struct promql_source *from, struct promql_table *t)
{
    const struct selection *s = &l->q->selection;
    const struct selector *it = &s->selectors[l->selector->selector];
    for (uint32_t f = 0; f < INFO_FAMILIES && keeps_name(l); f++) {
        if (!selector_takes_name(s, it, info_families[f].name))
            continue;
        for (uint32_t i = 0; i < store_instance_count(from->store); i++) {
            struct labels labels;
            if (store_instance(from->store, i)->deleted_ms != 0)
                continue;
            promql_info_labels(from, i, f, &labels);
            if (selector_takes(s, it, info_families[f].name, &labels) &&
                fill_one(l, t, info_families[f].name, &labels) != ERR_OK)
                return ERR_FULL;
        }
    }
    return ERR_OK;
}

int promql_fill_end(struct promql_load *l, struct promql_table *t)
{
    struct promql_matrix *m = &l->matrix;
    if (l->group == NULL)
        return keeps_name(l) ? ERR_OK : promql_unify(t, m);
    for (uint32_t i = 0; 2 * i < m->rows; i++) {
        finish_group(l, t, m->first + 2 * i);
        promql_row_copy(t, m->first + i, m->first + 2 * i);
    }
    m->rows /= 2;
    t->row_count = m->first + m->rows;
    return ERR_OK;
}
