/* SPDX-License-Identifier: MIT */
/* Rows and their index; see promql_table.h. */
#include "aggregator/query/promql_table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "aggregator/query/promql_window.h"

int promql_table_begin(struct promql_table *t, int64_t start_ms, int64_t step_ms, uint32_t points)
{
    t->points = points;
    t->start_ms = start_ms;
    t->step_ms = step_ms;
    t->row_count = t->arena_used = 0;
    t->why[0] = '\0';
    return points > 0 && points <= PROMQL_POINTS_MAX ? ERR_OK : ERR_FULL;
}

int64_t promql_time(const struct promql_table *t, uint32_t point)
{
    return t->start_ms + (int64_t)point * t->step_ms;
}

int promql_fail(struct promql_table *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(t->why, sizeof(t->why), format, args);
    va_end(args);
    return ERR_FULL;
}

int promql_row_push(struct promql_table *t)
{
    if (t->row_count == PROMQL_ROWS_MAX || (uint64_t)(t->row_count + 1) * t->points > PROMQL_CELLS_MAX)
        return promql_fail(t, "the query needs more than %u series or %u values (%u steps each): aggregate "
                              "more, select fewer series, a shorter range or a longer step",
                           PROMQL_ROWS_MAX, PROMQL_CELLS_MAX, t->points);
    t->rows[t->row_count] = (struct promql_row){.at = t->arena_used};
    double *cells = promql_cells(t, t->row_count);
    for (uint32_t p = 0; p < t->points; p++)
        cells[p] = promql_absent();
    return (int)t->row_count++;
}

double *promql_cells(struct promql_table *t, uint32_t row)
{
    return t->cells + (size_t)row * t->points;
}

void promql_row_copy(struct promql_table *t, uint32_t to, uint32_t from)
{
    if (to == from)
        return;
    t->rows[to] = t->rows[from];
    memcpy(promql_cells(t, to), promql_cells(t, from), t->points * sizeof(double));
}

bool promql_row_is_empty(struct promql_table *t, uint32_t row)
{
    const double *cells = promql_cells(t, row);
    for (uint32_t p = 0; p < t->points; p++)
        if (!promql_is_absent(cells[p]))
            return false;
    return true;
}

/* --- index --- */

void promql_index_clear(struct promql_table *t)
{
    memset(t->index, 0, sizeof(t->index));
}

/* Where the row is, or would be. */
static uint32_t place(const struct promql_table *t, uint32_t row, uint64_t hash,
                      const struct promql_filter *f)
{
    uint32_t at = (uint32_t)(hash ^ hash >> 32) % PROMQL_INDEX_SIZE;
    for (; t->index[at] != 0; at = (at + 1) % PROMQL_INDEX_SIZE) {
        uint32_t other = t->index[at] - 1;
        if (t->keys[other] == hash && promql_labels_match(t, other, row, f))
            break;
    }
    return at;
}

int promql_index_put(struct promql_table *t, uint32_t row, const struct promql_filter *f)
{
    uint64_t hash = promql_labels_hash(t, row, f);
    uint32_t at = place(t, row, hash, f);
    if (t->index[at] != 0)
        return (int)t->index[at] - 1;
    t->index[at] = row + 1;
    t->keys[row] = hash;
    return PROMQL_NONE;
}

int promql_index_find(const struct promql_table *t, uint32_t row, const struct promql_filter *f)
{
    return (int)t->index[place(t, row, promql_labels_hash(t, row, f), f)] - 1;
}

/* --- the same labels --- */

static int merge(struct promql_table *t, uint32_t to, uint32_t from)
{
    double *a = promql_cells(t, to);
    const double *b = promql_cells(t, from);
    for (uint32_t p = 0; p < t->points; p++) {
        if (promql_is_absent(b[p]))
            continue;
        if (!promql_is_absent(a[p]))
            return promql_fail(t, "vector cannot contain metrics with the same labelset");
        a[p] = b[p];
    }
    return ERR_OK;
}

int promql_unify(struct promql_table *t, struct promql_matrix *m)
{
    static const struct promql_filter all = {.keeps_name = true};
    uint32_t kept = 0;
    promql_index_clear(t);
    for (uint32_t i = 0; i < m->rows; i++) {
        int same = promql_index_find(t, m->first + i, &all);
        if (same >= 0) {
            int err = merge(t, (uint32_t)same, m->first + i);
            if (err != ERR_OK)
                return err;
            continue;
        }
        promql_row_copy(t, m->first + kept, m->first + i);
        (void)promql_index_put(t, m->first + kept++, &all);
    }
    m->rows = kept;
    t->row_count = m->first + kept;
    return ERR_OK;
}
