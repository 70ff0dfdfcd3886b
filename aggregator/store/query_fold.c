/* SPDX-License-Identifier: MIT */
/* From blocks, chunks and rollups into the cells of a query; see query_fold.h. */
#include "aggregator/store/query_fold.h"

#include "aggregator/store/cell.h"

#define CHUNK_COST 2048U      /* of reading one, in values */
#define ROLLUP_COST 4096U     /* of reading a row of rollups */

/* --- samples --- */

/* Values of one series that fall into one cell, in the order of their times. */
static void fold(struct store_cell *cell, const int64_t *values, uint32_t count, int64_t last_ms)
{
    struct store_cell more = {.min = values[0], .max = values[0], .last = values[count - 1],
                              .last_ms = last_ms, .count = count};
    uint64_t sum = 0; /* wraps, as the columns do */
    for (uint32_t i = 0; i < count; i++) {
        more.min = values[i] < more.min ? values[i] : more.min;
        more.max = values[i] > more.max ? values[i] : more.max;
        sum += (uint64_t)values[i];
    }
    more.sum = (int64_t)sum;
    cell_merge(cell, &more);
}

/* The point that each time belongs to, -1 for those outside. Times mostly step from one point to the
 * next, so divisions are rare. */
static void find_points(const struct query *q, const int64_t *time_ms, uint32_t count, int64_t *point_of)
{
    int64_t from_ms = q->ask.from_ms, step_ms = q->ask.step_ms, point = 0, start_ms = from_ms;
    for (uint32_t i = 0; i < count; i++) {
        int64_t t = time_ms[i];
        if (t < from_ms || t >= q->ask.to_ms) {
            point_of[i] = -1;
            continue;
        }
        if (t >= start_ms + step_ms && t < start_ms + 2 * step_ms) {
            point++;
            start_ms += step_ms;
        } else if (t < start_ms || t >= start_ms + step_ms) {
            point = (t - from_ms) / step_ms;
            start_ms = from_ms + point * step_ms;
        }
        point_of[i] = point;
    }
}

/* A series with a value in every sample. */
static void fold_series(struct store_cell *cells, const int64_t *values, const int64_t *time_ms,
                        const int64_t *point_of, uint32_t count)
{
    for (uint32_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && point_of[end] == point_of[i];)
            end++;
        if (point_of[i] >= 0)
            fold(&cells[point_of[i]], values + i, end - i, time_ms[end - 1]);
    }
}

struct store_cell *query_cells(const struct query *q, uint16_t series)
{
    uint16_t position = series == SERIES_NONE ? QUERY_NOT_ASKED : q->position_of_series[series];
    return position == QUERY_NOT_ASKED ? NULL : q->cells + (size_t)position * q->points;
}

/* --- pending blocks --- */

uint32_t query_fold_block(const struct query *q, struct scratch *work, const uint16_t *slots,
                          uint32_t slot_count)
{
    const struct block_matrix *block = &work->block;
    find_points(q, block->time_ms, block->count, work->point_of);
    for (uint32_t i = 0; i < block->slot_count; i++) {
        struct store_cell *cells =
            block->slots[i] < slot_count ? query_cells(q, slots[block->slots[i]]) : NULL;
        /* One by one: within a block the clock may have gone back. */
        for (uint32_t k = 0; cells != NULL && k < block->count; k++)
            if (work->point_of[k] >= 0)
                fold(&cells[work->point_of[k]], &block->values[i][k], 1, block->time_ms[k]);
    }
    return block->count * block->slot_count;
}

/* --- chunks --- */

static void fold_column(struct scratch *work, const struct chunk_column *column, struct store_cell *cells)
{
    const struct chunk *c = &work->chunk;
    int n = chunk_values(c, column, work->values, work->sample_of);
    if (n == (int)c->count) {
        fold_series(cells, work->values, work->time_ms, work->point_of, c->count);
        return;
    }
    for (int k = 0; k < n; k++) {
        uint32_t sample = work->sample_of[k];
        if (work->point_of[sample] >= 0)
            fold(&cells[work->point_of[sample]], &work->values[k], 1, work->time_ms[sample]);
    }
}

/* Samples before `from_ms` are taken from elsewhere. */
static void leave_out(struct scratch *work, uint32_t count, int64_t from_ms)
{
    for (uint32_t i = 0; i < count; i++)
        if (work->time_ms[i] < from_ms)
            work->point_of[i] = -1;
}

uint32_t query_fold_chunk(struct store *s, const struct query *q, const uint8_t *bytes, uint32_t size,
                          bool is_rolled)
{
    struct scratch *work = s->scratch;
    struct chunk *c = &work->chunk;
    uint32_t values = CHUNK_COST;
    if (chunk_open(s->sums, bytes, size, c) != ERR_OK || chunk_times(c, work->time_ms) != ERR_OK) {
        s->damaged++;
        return values;
    }
    find_points(q, work->time_ms, c->count, work->point_of);
    if (is_rolled && q->seconds_ms > q->ask.from_ms)
        leave_out(work, c->count, q->seconds_ms);
    for (uint32_t i = 0; i < c->column_count; i++) {
        if (c->columns[i].series >= s->states[q->ask.instance].series_count)
            continue;
        struct store_cell *cells = query_cells(q, c->columns[i].series);
        if (cells == NULL)
            continue;
        fold_column(work, &c->columns[i], cells);
        values += c->count;
    }
    return values;
}

/* --- rollups --- */

/* Points within from_ms..to_ms-1. Each stands where its newest sample is, so that what is last is last. */
static void fold_points(struct query *q, const struct rollup_spec *spec, struct store_cell *to,
                        const struct store_cell *cells, int64_t from_ms, int64_t to_ms)
{
    for (uint32_t p = 0; p < spec->points; p++) {
        int64_t start_ms = spec->start_ms + p * spec->point_ms, at_ms = cells[p].last_ms;
        if (cells[p].count == 0 || start_ms < from_ms || start_ms >= to_ms || at_ms < q->ask.from_ms ||
            at_ms >= q->ask.to_ms)
            continue;
        cell_merge(&to[(at_ms - q->ask.from_ms) / q->ask.step_ms], &cells[p]);
        if (q->ask.step_ms % spec->point_ms != 0 && q->resolution_ms < spec->point_ms)
            q->resolution_ms = spec->point_ms;
    }
}

uint32_t query_fold_rollup(struct store *s, struct query *q, const struct rollup_spec *spec,
                           const uint8_t *bytes, uint32_t size, int64_t from_ms, int64_t to_ms)
{
    struct rollup row;
    struct rollup_series series;
    struct store_cell cells[ROLLUP_POINTS_MAX];
    uint32_t cost = ROLLUP_COST;
    int n = rollup_open(s->sums, spec, bytes, size, &row);
    while (n == ERR_OK && (n = rollup_next(&row, &series)) == 1) {
        bool is_known = series.series < s->states[q->ask.instance].series_count;
        struct store_cell *to = is_known ? query_cells(q, (uint16_t)series.series) : NULL;
        n = to == NULL ? ERR_OK : rollup_read(&row, &series, cells);
        if (to == NULL || n != ERR_OK)
            continue;
        fold_points(q, spec, to, cells, from_ms, to_ms);
        cost += spec->points * 8;
    }
    if (n < 0)
        s->damaged++;
    return cost;
}
