/* SPDX-License-Identifier: MIT */
/* Queries, in slices: first what is pending, in one piece, then the chunks that existed at that moment, a
 * few at a time. So a block is seen once, whether it is sealed meanwhile or not. */
#include <string.h>

#include "aggregator/store/state.h"

#define TIME_MS_MAX (INT64_C(1) << 53)
#define SLICE_VALUES 65536U   /* decoded in one slice, about a third of a millisecond */
#define CHUNK_COST 2048U      /* of reading one, in values */
#define NOT_ASKED UINT16_MAX

void query_reserve(struct store *s, struct memory_map *map, const struct store_limits *limits)
{
    struct query *queries = memory_reserve(map, "store: queries", limits->queries_max,
                                           sizeof *queries, "the newcomer is told to try again");
    struct memory_line *line = memory_last_line(map);
    uint16_t *positions = memory_reserve(
        map, "store: query series", (uint64_t)limits->queries_max * limits->series_per_instance_max,
        sizeof *positions, "as its query");
    struct store_cell *cells =
        memory_reserve(map, "store: query cells", (uint64_t)limits->queries_max * QUERY_CELLS_MAX,
                       sizeof *cells, "the query is refused: ask for fewer points");
    s->queries = queries;
    s->lines[LINE_QUERIES] = line;
    for (uint32_t i = 0; queries != NULL && i < limits->queries_max; i++) {
        queries[i].position_of_series = positions + (size_t)i * limits->series_per_instance_max;
        queries[i].cells = cells + (size_t)i * QUERY_CELLS_MAX;
    }
}

static void note_use(struct store *s)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < s->limits.queries_max; i++)
        used += s->queries[i].used;
    memory_use(s->lines[LINE_QUERIES], used);
}

static struct query *query_of(const struct store *s, int query)
{
    ASSERT(query >= 0 && (uint32_t)query < s->limits.queries_max && s->queries[query].used);
    return &s->queries[query];
}

static bool is_sane(const struct store *s, const struct store_query_ask *ask)
{
    if (ask->instance >= s->instance_count || ask->series_count > QUERY_SERIES_MAX)
        return false;
    if (ask->from_ms < 0 || ask->from_ms > TIME_MS_MAX || ask->to_ms < 0 ||
        ask->to_ms > TIME_MS_MAX || ask->step_ms < 1 || ask->step_ms > TIME_MS_MAX)
        return false;
    for (uint32_t i = 0; i < ask->series_count; i++)
        if (ask->series[i] >= s->states[ask->instance].series_count)
            return false;
    return true;
}

int store_query_begin(struct store *s, const struct store_query_ask *ask)
{
    uint32_t n = 0;
    if (!is_sane(s, ask))
        return ERR_MALFORMED;
    int64_t from_ms = ask->from_ms - ask->from_ms % ask->step_ms;
    int64_t to_ms = ask->to_ms - ask->to_ms % ask->step_ms;
    int64_t points = to_ms > from_ms ? (to_ms - from_ms) / ask->step_ms : 0;
    while (n < s->limits.queries_max && s->queries[n].used)
        n++;
    if (n == s->limits.queries_max || points > QUERY_CELLS_MAX ||
        (uint64_t)points * ask->series_count > QUERY_CELLS_MAX)
        return ERR_FULL;
    struct query *q = &s->queries[n];
    q->used = true;
    q->pending_done = false;
    q->ask = *ask;
    q->ask.from_ms = from_ms;
    q->ask.to_ms = to_ms;
    q->points = (uint32_t)points;
    q->at_ms = from_ms - CHUNK_SPAN_MS_MAX;
    q->at_chunk = -1;
    memset(q->cells, 0, (size_t)points * ask->series_count * sizeof q->cells[0]);
    for (uint32_t i = 0; i < s->limits.series_per_instance_max; i++)
        q->position_of_series[i] = NOT_ASKED;
    for (uint32_t i = 0; i < ask->series_count; i++)
        q->position_of_series[ask->series[i]] = (uint16_t)i;
    note_use(s);
    return (int)n;
}

/* --- folding --- */

/* Values of one series that fall into one cell, in the order of their times. */
static void fold(struct store_cell *cell, const int64_t *values, uint32_t count, int64_t last_ms)
{
    int64_t min = values[0], max = values[0];
    uint64_t sum = 0; /* wraps, as the columns do */
    for (uint32_t i = 0; i < count; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
        sum += (uint64_t)values[i];
    }
    if (cell->count == 0 || min < cell->min)
        cell->min = min;
    if (cell->count == 0 || max > cell->max)
        cell->max = max;
    if (cell->count == 0 || last_ms >= cell->last_ms) {
        cell->last = values[count - 1];
        cell->last_ms = last_ms;
    }
    cell->sum = (int64_t)((uint64_t)cell->sum + sum);
    cell->count += count;
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

static struct store_cell *cells_of(const struct query *q, uint16_t series)
{
    uint16_t position = series == SERIES_NONE ? NOT_ASKED : q->position_of_series[series];
    return position == NOT_ASKED ? NULL : q->cells + (size_t)position * q->points;
}

/* --- pending blocks --- */

static uint32_t fold_block(const struct query *q, struct scratch *work, const uint16_t *slots,
                           uint32_t slot_count)
{
    const struct block_matrix *block = &work->block;
    find_points(q, block->time_ms, block->count, work->point_of);
    for (uint32_t i = 0; i < block->slot_count; i++) {
        struct store_cell *cells =
            block->slots[i] < slot_count ? cells_of(q, slots[block->slots[i]]) : NULL;
        /* One by one: within a block the clock may have gone back. */
        for (uint32_t k = 0; cells != NULL && k < block->count; k++)
            if (work->point_of[k] >= 0)
                fold(&cells[work->point_of[k]], &block->values[i][k], 1, block->time_ms[k]);
    }
    return block->count * block->slot_count;
}

/* The number of values decoded, or an error. */
static int64_t fold_pending(struct store *s, struct query *q)
{
    struct journal_reader reader = {.blob = NULL};
    int64_t values = 0;
    int err = ERR_OK;
    uint32_t at = s->states[q->ask.instance].pending.first;
    for (; err == ERR_OK && at != JOURNAL_NONE; at = s->journal.entries[at].next) {
        const struct journal_entry *entry = &s->journal.entries[at];
        uint32_t slot_count;
        if (entry->max_ms < q->ask.from_ms || entry->min_ms >= q->ask.to_ms)
            continue;
        err = reading_block(s, &reader, q->ask.instance, entry);
        const uint16_t *slots =
            err == ERR_OK ? epoch_slots(s, q->ask.instance, entry->epoch, &slot_count) : NULL;
        if (slots != NULL)
            values += fold_block(q, s->scratch, slots, slot_count);
        if (err == ERR_MALFORMED)
            err = ERR_OK; /* damaged, and counted */
    }
    reading_end(&reader);
    return err == ERR_OK ? values : err;
}

/* --- chunks --- */

static void fold_column(const struct query *q, struct scratch *work, const struct chunk_column *column,
                        struct store_cell *cells)
{
    const struct chunk *c = &work->chunk;
    int n = chunk_values(c, column, work->values, work->sample_of);
    if (n == (int)c->count) {
        fold_series(cells, work->values, work->time_ms, work->point_of, c->count);
        return;
    }
    (void)q;
    for (int k = 0; k < n; k++) {
        uint32_t sample = work->sample_of[k];
        if (work->point_of[sample] >= 0)
            fold(&cells[work->point_of[sample]], &work->values[k], 1, work->time_ms[sample]);
    }
}

static uint32_t fold_chunk(struct store *s, struct query *q, const uint8_t *bytes, uint32_t size)
{
    struct scratch *work = s->scratch;
    struct chunk *c = &work->chunk;
    uint32_t values = CHUNK_COST;
    if (chunk_open(s->sums, bytes, size, c) != ERR_OK || chunk_times(c, work->time_ms) != ERR_OK) {
        s->damaged++;
        return values;
    }
    find_points(q, work->time_ms, c->count, work->point_of);
    for (uint32_t i = 0; i < c->column_count; i++) {
        if (c->columns[i].series >= s->states[q->ask.instance].series_count)
            continue;
        struct store_cell *cells = cells_of(q, c->columns[i].series);
        if (cells == NULL)
            continue;
        fold_column(q, work, &c->columns[i], cells);
        values += c->count;
    }
    return values;
}

static int fold_chunks(struct store *s, struct query *q, int64_t budget)
{
    sqlite3_stmt *walk = database_statement(&s->database, SQL_CHUNK_WALK);
    (void)sqlite3_bind_int64(walk, 1, q->ask.instance);
    (void)sqlite3_bind_int64(walk, 2, q->at_ms);
    (void)sqlite3_bind_int64(walk, 3, q->at_chunk);
    (void)sqlite3_bind_int64(walk, 4, q->ask.to_ms);
    (void)sqlite3_bind_int64(walk, 5, q->ask.from_ms);
    (void)sqlite3_bind_int64(walk, 6, q->chunk_max);
    while (budget > 0) {
        int n = database_next(&s->database, SQL_CHUNK_WALK);
        if (n <= 0)
            return n;
        q->at_chunk = sqlite3_column_int64(walk, 0);
        q->at_ms = sqlite3_column_int64(walk, 1);
        const uint8_t *bytes = sqlite3_column_blob(walk, 2);
        if (bytes != NULL)
            budget -= fold_chunk(s, q, bytes, (uint32_t)sqlite3_column_bytes(walk, 2));
    }
    database_reset(&s->database, SQL_CHUNK_WALK);
    return 1;
}

int store_query_step(struct store *s, int query)
{
    struct query *q = query_of(s, query);
    int64_t budget = SLICE_VALUES;
    if (q->points == 0 || q->ask.series_count == 0)
        return 0;
    if (!q->pending_done) {
        q->chunk_max = s->chunk_next - 1;
        int64_t values = fold_pending(s, q);
        if (values < 0)
            return (int)values;
        budget -= values;
        q->pending_done = true;
    }
    return budget > 0 ? fold_chunks(s, q, budget) : 1;
}

uint32_t store_query_points(const struct store *s, int query)
{
    return query_of(s, query)->points;
}

const struct store_cell *store_query_cell(const struct store *s, int query, uint32_t series,
                                          uint32_t point)
{
    const struct query *q = query_of(s, query);
    ASSERT(series < q->ask.series_count && point < q->points);
    return cells_of(q, q->ask.series[series]) + point;
}

void store_query_end(struct store *s, int query)
{
    query_of(s, query)->used = false;
    note_use(s);
}
