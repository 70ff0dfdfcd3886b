/* SPDX-License-Identifier: MIT */
/* See walk.h. */
#include "aggregator/store/walk.h"

#include "aggregator/store/state.h"

void store_walk_begin(struct store *s, struct store_walk *w, uint32_t instance, int64_t from_ms,
                      int64_t to_ms)
{
    ASSERT(instance < s->instance_count);
    *w = (struct store_walk){.instance = instance, .from_ms = from_ms, .to_ms = to_ms, .is_in_chunks = true,
                             .pending = s->states[instance].pending.first};
    sqlite3_stmt *q = database_statement(&s->database, SQL_CHUNK_WALK);
    (void)sqlite3_bind_int64(q, 1, instance);
    (void)sqlite3_bind_int64(q, 2, INT64_MIN);
    (void)sqlite3_bind_int64(q, 3, -1);
    (void)sqlite3_bind_int64(q, 4, to_ms);
    (void)sqlite3_bind_int64(q, 5, from_ms);
    (void)sqlite3_bind_int64(q, 6, INT64_MAX);
    w->is_open = true;
}

static int next_chunk(struct store *s, struct store_walk *w)
{
    struct scratch *work = s->scratch;
    int n;
    while ((n = database_next(&s->database, SQL_CHUNK_WALK)) == 1) {
        sqlite3_stmt *q = database_statement(&s->database, SQL_CHUNK_WALK);
        const uint8_t *bytes = sqlite3_column_blob(q, 3);
        uint32_t size = (uint32_t)sqlite3_column_bytes(q, 3);
        if (bytes == NULL || chunk_open(s->sums, bytes, size, &work->chunk) != ERR_OK ||
            chunk_times(&work->chunk, work->time_ms) != ERR_OK) {
            s->damaged++;
            continue;
        }
        w->time_ms = work->time_ms;
        w->count = work->chunk.count;
        w->column_count = work->chunk.column_count;
        return 1;
    }
    w->is_open = false;
    return n;
}

static int next_pending(struct store *s, struct store_walk *w)
{
    struct journal_reader reader = {.blob = NULL};
    int found = 0;
    while (found == 0 && w->pending != JOURNAL_NONE) {
        const struct journal_entry *entry = &s->journal.entries[w->pending];
        w->pending = entry->next;
        if (entry->max_ms < w->from_ms || entry->min_ms >= w->to_ms)
            continue;
        int err = reading_block(s, &reader, w->instance, entry);
        w->slots = err == ERR_OK ? epoch_slots(s, w->instance, entry->epoch, &w->slot_count) : NULL;
        if (err < 0 && err != ERR_MALFORMED)
            found = err;
        else if (w->slots != NULL)
            found = 1;
    }
    reading_end(&reader);
    w->time_ms = s->scratch->block.time_ms;
    w->count = s->scratch->block.count;
    w->column_count = s->scratch->block.slot_count;
    return found;
}

int store_walk_next(struct store *s, struct store_walk *w)
{
    if (w->is_in_chunks) {
        int n = next_chunk(s, w);
        if (n != 0)
            return n;
        w->is_in_chunks = false;
    }
    return next_pending(s, w);
}

uint32_t store_walk_column(struct store *s, struct store_walk *w, uint32_t column, uint16_t *series,
                           const int64_t **values, const uint16_t **sample_of)
{
    struct scratch *work = s->scratch;
    uint32_t series_count = s->states[w->instance].series_count;
    ASSERT(column < w->column_count);
    *sample_of = NULL;
    if (!w->is_in_chunks) {
        uint16_t slot = work->block.slots[column];
        *series = slot < w->slot_count ? w->slots[slot] : SERIES_NONE;
        *values = work->block.values[column];
        return *series < series_count ? w->count : 0;
    }
    const struct chunk_column *c = &work->chunk.columns[column];
    int n = c->series < series_count ? chunk_values(&work->chunk, c, work->values, work->sample_of) : 0;
    *series = c->series;
    *values = work->values;
    if (n > 0 && (uint32_t)n < w->count)
        *sample_of = work->sample_of;
    s->damaged += n < 0;
    return n < 0 ? 0 : (uint32_t)n;
}

void store_walk_end(struct store *s, struct store_walk *w)
{
    if (w->is_open)
        database_reset(&s->database, SQL_CHUNK_WALK);
    w->is_open = false;
}
