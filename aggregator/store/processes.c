/* SPDX-License-Identifier: MIT */
/* The top processes of a moment: from what is pending or from the one chunk that has it.
 *
 * A look costs one block and at most CHUNKS_LOOKED_MAX chunks. The chunk that was read last is kept decoded,
 * since whoever walks through time asks for the same one again and again; chunks never change. */
#include "aggregator/store/state.h"

/* Chunks may overlap the stretch that is asked for without a sample in it. */
#define CHUNKS_LOOKED_MAX 4

/* The newest time within from_ms..to_ms-1: its index, or ERR_MISSING. */
static int newest_within(const int64_t *time_ms, uint32_t count, int64_t from_ms, int64_t to_ms)
{
    int found = ERR_MISSING;
    for (uint32_t i = 0; i < count; i++)
        if (time_ms[i] >= from_ms && time_ms[i] < to_ms && (found < 0 || time_ms[i] >= time_ms[found]))
            found = (int)i;
    return found;
}

/* Of the pending entries with a sample in the stretch the one that reaches farthest; NULL when none. */
static const struct journal_entry *find_pending(const struct store *s, uint32_t instance, int64_t from_ms,
                                                int64_t to_ms)
{
    const struct journal_entry *best = NULL;
    uint32_t at = s->states[instance].pending.first;
    for (; at != JOURNAL_NONE; at = s->journal.entries[at].next) {
        const struct journal_entry *entry = &s->journal.entries[at];
        if (entry->min_ms < to_ms && entry->max_ms >= from_ms &&
            (best == NULL || entry->min_ms >= best->min_ms))
            best = entry;
    }
    return best;
}

/* 1 found, 0 not, or an error. */
static int look_pending(struct store *s, uint32_t instance, int64_t from_ms, int64_t to_ms,
                        struct store_processes *out)
{
    struct journal_reader reader = {.blob = NULL};
    const struct journal_entry *entry = find_pending(s, instance, from_ms, to_ms);
    if (entry == NULL)
        return 0;
    int err = reading_block(s, &reader, instance, entry);
    reading_end(&reader);
    if (err != ERR_OK)
        return err == ERR_MALFORMED ? 0 : err; /* damaged, and counted */
    const struct block_matrix *block = &s->scratch->block;
    int found = newest_within(block->time_ms, block->count, from_ms, to_ms);
    if (found < 0)
        return 0;
    const struct processes view = block_processes_view(&block->processes);
    out->time_ms = block->time_ms[found];
    processes_of_sample(&view, (uint32_t)found, &out->tops);
    return 1;
}

/* Decodes the chunk of the row at hand unless it is the one that was read last. */
static void keep_chunk(struct store *s, sqlite3_stmt *row)
{
    struct process_cache *k = s->process_cache;
    struct chunk *c = &s->scratch->chunk;
    int64_t id = sqlite3_column_int64(row, 0);
    if (k->chunk == id)
        return;
    const uint8_t *bytes = sqlite3_column_blob(row, 1);
    uint32_t size = (uint32_t)sqlite3_column_bytes(row, 1);
    k->chunk = id;
    k->count = 0;
    if (bytes == NULL || chunk_open(s->sums, bytes, size, c) != ERR_OK ||
        chunk_times(c, k->time_ms) != ERR_OK ||
        chunk_read_processes(c, s->scratch->values, &k->processes) != ERR_OK)
        s->damaged++;
    else
        k->count = c->count;
}

static int look_chunks(struct store *s, uint32_t instance, int64_t from_ms, int64_t to_ms,
                       struct store_processes *out)
{
    sqlite3_stmt *row = database_statement(&s->database, SQL_CHUNK_BEFORE);
    (void)sqlite3_bind_int64(row, 1, instance);
    (void)sqlite3_bind_int64(row, 2, from_ms);
    (void)sqlite3_bind_int64(row, 3, to_ms);
    (void)sqlite3_bind_int64(row, 4, from_ms - CHUNK_SPAN_MS_MAX);
    for (uint32_t i = 0; i < CHUNKS_LOOKED_MAX; i++) {
        int n = database_next(&s->database, SQL_CHUNK_BEFORE);
        if (n <= 0)
            return n;
        keep_chunk(s, row);
        const struct process_cache *k = s->process_cache;
        int found = newest_within(k->time_ms, k->count, from_ms, to_ms);
        if (found < 0)
            continue;
        database_reset(&s->database, SQL_CHUNK_BEFORE);
        const struct processes view = chunk_processes_view(&k->processes);
        out->time_ms = k->time_ms[found];
        processes_of_sample(&view, (uint32_t)found, &out->tops);
        return 1;
    }
    database_reset(&s->database, SQL_CHUNK_BEFORE);
    return 0;
}

int store_processes(struct store *s, uint32_t instance, int64_t from_ms, int64_t to_ms,
                    struct store_processes *out)
{
    struct store_processes sealed;
    ASSERT(instance < s->instance_count);
    if (!s->is_open)
        return ERR_CLOSED;
    int pending = look_pending(s, instance, from_ms, to_ms, out);
    if (pending < 0)
        return pending;
    /* What an agent sent late may be pending while newer samples are sealed. */
    int found = look_chunks(s, instance, pending > 0 ? out->time_ms + 1 : from_ms, to_ms, &sealed);
    if (found > 0)
        *out = sealed;
    return found < 0 ? found : found > pending ? found : pending;
}
