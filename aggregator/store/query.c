/* SPDX-License-Identifier: MIT */
/* Queries, in slices: first what is pending, in one piece, then the chunks that existed at that moment, a
 * few at a time, then rollups. So a block is seen once, whether it is sealed meanwhile or not.
 *
 * A sample is pending, in a chunk that is not rolled up yet, or in the rollups and, for a while, in a
 * chunk as well. The first two are read whatever the step. Of what is rolled up, the stretch before
 * `minutes_ms` is read from hours, the one before `seconds_ms` from minutes, and only the rest from chunks:
 * where the step allows it, both lie in the future. */
#include <string.h>

#include "aggregator/store/query_fold.h"

#define TIME_MS_MAX (INT64_C(1) << 53)
#define SLICE_VALUES 65536U   /* decoded in one slice, about a third of a millisecond */
#define RESTARTS_MAX 16U      /* then the answer is what is left of it */

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

/* From the beginning, with nothing seen. */
static void start(const struct store *s, struct query *q)
{
    q->stage = QUERY_PENDING;
    q->stale = false;
    q->resolution_ms = 0;
    q->minutes_ms = q->tier == TIER_HOURS ? INT64_MAX : s->tiers[TIER_MINUTES].horizon_ms;
    q->seconds_ms = q->tier != TIER_SECONDS ? INT64_MAX : s->tiers[TIER_SECONDS].horizon_ms;
    memset(q->cells, 0, (size_t)q->points * q->ask.series_count * sizeof q->cells[0]);
}

/* The stage that follows, and where its walk begins. */
static void go_on(struct query *q, enum query_stage stage)
{
    q->stage = stage;
    q->at_chunk = -1;
    q->at_ms = q->ask.from_ms - CHUNK_SPAN_MS_MAX;
    if (stage == QUERY_MINUTES)
        q->at_ms = floor_ms(q->ask.from_ms, HOUR_MS);
    if (stage == QUERY_HOURS)
        q->at_ms = floor_ms(q->ask.from_ms, DAY_MS);
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
    q->restarts = 0;
    q->ask = *ask;
    q->ask.from_ms = from_ms;
    q->ask.to_ms = to_ms;
    q->points = (uint32_t)points;
    q->tier = ask->step_ms % HOUR_MS == 0     ? TIER_HOURS
              : ask->step_ms % MINUTE_MS == 0 ? TIER_MINUTES
                                              : TIER_SECONDS;
    for (uint32_t i = 0; i < s->limits.series_per_instance_max; i++)
        q->position_of_series[i] = QUERY_NOT_ASKED;
    for (uint32_t i = 0; i < ask->series_count; i++)
        q->position_of_series[ask->series[i]] = (uint16_t)i;
    start(s, q);
    note_use(s);
    return (int)n;
}

bool query_is_running(const struct store *s, uint32_t instance)
{
    for (uint32_t i = 0; i < s->limits.queries_max; i++) {
        const struct query *q = &s->queries[i];
        if (q->used && q->ask.instance == instance && q->stage != QUERY_PENDING && q->stage != QUERY_DONE)
            return true;
    }
    return false;
}

void query_disturb(struct store *s, uint32_t instance)
{
    for (uint32_t i = 0; i < s->limits.queries_max; i++)
        if (instance == UINT32_MAX || s->queries[i].ask.instance == instance)
            s->queries[i].stale = true;
}

/* --- pending blocks --- */

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
            values += query_fold_block(q, s->scratch, slots, slot_count);
        if (err == ERR_MALFORMED)
            err = ERR_OK; /* damaged, and counted */
    }
    reading_end(&reader);
    return err == ERR_OK ? values : err;
}

/* --- chunks --- */

static int fold_chunks(struct store *s, struct query *q, int64_t *budget)
{
    enum statement which = q->tier == TIER_SECONDS ? SQL_CHUNK_WALK : SQL_CHUNK_WALK_UNROLLED;
    sqlite3_stmt *walk = database_statement(&s->database, which);
    (void)sqlite3_bind_int64(walk, 1, q->ask.instance);
    (void)sqlite3_bind_int64(walk, 2, q->at_ms);
    (void)sqlite3_bind_int64(walk, 3, q->at_chunk);
    (void)sqlite3_bind_int64(walk, 4, q->ask.to_ms);
    (void)sqlite3_bind_int64(walk, 5, q->ask.from_ms);
    (void)sqlite3_bind_int64(walk, 6, q->chunk_max);
    while (*budget > 0) {
        int n = database_next(&s->database, which);
        if (n <= 0)
            return n;
        q->at_chunk = sqlite3_column_int64(walk, 0);
        q->at_ms = sqlite3_column_int64(walk, 1);
        bool is_rolled = sqlite3_column_int64(walk, 2) != 0;
        const uint8_t *bytes = sqlite3_column_blob(walk, 3);
        if (bytes != NULL)
            *budget -= query_fold_chunk(s, q, bytes, (uint32_t)sqlite3_column_bytes(walk, 3), is_rolled);
    }
    database_reset(&s->database, which);
    return 1;
}

/* --- rollups --- */

/* Rows of a resolution that have points within from_ms..to_ms-1. */
static int fold_rollups(struct store *s, struct query *q, struct rollup_spec spec, int64_t from_ms,
                        int64_t to_ms, int64_t *budget)
{
    sqlite3_stmt *walk = database_statement(&s->database, SQL_ROLLUP_WALK);
    int64_t span_ms = spec.point_ms * spec.points, first_ms = floor_ms(from_ms, span_ms);
    to_ms = to_ms < q->ask.to_ms ? to_ms : q->ask.to_ms;
    (void)sqlite3_bind_int64(walk, 1, q->ask.instance);
    (void)sqlite3_bind_int64(walk, 2, spec.point_ms);
    (void)sqlite3_bind_int64(walk, 3, q->at_ms > first_ms ? q->at_ms : first_ms);
    (void)sqlite3_bind_int64(walk, 4, to_ms);
    while (*budget > 0) {
        int n = database_next(&s->database, SQL_ROLLUP_WALK);
        if (n <= 0)
            return n;
        spec.start_ms = sqlite3_column_int64(walk, 0);
        q->at_ms = spec.start_ms + span_ms;
        const uint8_t *bytes = sqlite3_column_blob(walk, 1);
        if (bytes != NULL)
            *budget -= query_fold_rollup(s, q, &spec, bytes, (uint32_t)sqlite3_column_bytes(walk, 1),
                                         from_ms, to_ms);
    }
    database_reset(&s->database, SQL_ROLLUP_WALK);
    return 1;
}

/* A piece of the stage at hand: 1 there is more of it, 0 it is done, or an error. */
static int work_off(struct store *s, struct query *q, int64_t *budget)
{
    static const struct rollup_spec minutes = {.point_ms = MINUTE_MS, .points = 60};
    static const struct rollup_spec hours = {.point_ms = HOUR_MS, .points = 24};
    /* A point that begins before the range may have its newest sample in it. */
    int64_t values, from_ms = q->ask.from_ms - HOUR_MS;
    switch (q->stage) {
    case QUERY_PENDING:
        q->chunk_max = s->chunk_next - 1;
        values = fold_pending(s, q);
        *budget -= values;
        return values < 0 ? (int)values : 0;
    case QUERY_CHUNKS:
        return fold_chunks(s, q, budget);
    case QUERY_MINUTES:
        from_ms = q->minutes_ms > from_ms ? q->minutes_ms : from_ms;
        return fold_rollups(s, q, minutes, from_ms, q->seconds_ms, budget);
    case QUERY_HOURS:
        return fold_rollups(s, q, hours, from_ms, q->minutes_ms, budget);
    case QUERY_DONE:
        break;
    }
    return 0;
}

int store_query_step(struct store *s, int query)
{
    struct query *q = query_of(s, query);
    int64_t budget = SLICE_VALUES;
    if (q->points == 0 || q->ask.series_count == 0)
        q->stage = QUERY_DONE;
    if (q->stale && q->stage != QUERY_DONE && q->restarts++ < RESTARTS_MAX)
        start(s, q);
    while (q->stage != QUERY_DONE) {
        int n = work_off(s, q, &budget);
        if (n != 0)
            return n;
        go_on(q, q->stage + 1);
        if (budget <= 0 && q->stage != QUERY_DONE)
            return 1;
    }
    return 0;
}

int64_t store_query_resolution_ms(const struct store *s, int query)
{
    return query_of(s, query)->resolution_ms;
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
    return query_cells(q, q->ask.series[series]) + point;
}

void store_query_end(struct store *s, int query)
{
    query_of(s, query)->used = false;
    note_use(s);
}
