/* SPDX-License-Identifier: MIT */
/* At start: the journal is walked once, oldest row first, to rebuild the index of what waits to be sealed,
 * the newest sequences and the newest values. Of each block only the times are decoded. */
#include "aggregator/store/state.h"

#define NOT_STAGED UINT64_MAX /* a number that the staging area never reaches */

/* Entries that were sealed before the stop are still in their row until the row goes. */
static int is_sealed(struct store *s, const struct journal_header *h, bool *sealed)
{
    const struct instance_state *st = &s->states[h->instance];
    uint64_t newest = st->committed_sequence; /* sealed, and what this walk has found since */
    if (!st->has_epoch || st->epoch != h->epoch) {
        int err = epoch_sealed(s, h->instance, h->epoch, &newest);
        if (err != ERR_OK)
            return err;
    }
    *sealed = h->sequence + h->count - 1 <= newest;
    return ERR_OK;
}

static void note_times(struct journal_entry *entry, const struct block_matrix *block)
{
    entry->min_ms = entry->max_ms = block->time_ms[0];
    for (uint32_t i = 1; i < block->count; i++) {
        int64_t t = block->time_ms[i];
        entry->min_ms = t < entry->min_ms ? t : entry->min_ms;
        entry->max_ms = t > entry->max_ms ? t : entry->max_ms;
    }
}

static int take_entry(struct store *s, int64_t row, uint32_t offset, const uint8_t *data,
                      const struct journal_header *h)
{
    struct block_matrix *block = &s->scratch->block;
    bool sealed = false;
    if (h->instance >= s->instance_count || h->size > BLOCK_DATA_MAX || h->count > BLOCK_SAMPLES_MAX)
        return ERR_MALFORMED;
    if (block_decode_times(data, h->size, h->count, block) < 0)
        return ERR_MALFORMED;
    int err = is_sealed(s, h, &sealed);
    if (err != ERR_OK || sealed)
        return err == ERR_MISSING ? ERR_MALFORMED : err;
    struct instance_state *st = &s->states[h->instance];
    struct journal_entry entry = {.row = row, .number = NOT_STAGED, .epoch = h->epoch,
                                  .sequence = h->sequence, .offset = offset, .size = (uint16_t)h->size,
                                  .count = (uint8_t)h->count};
    note_times(&entry, block);
    if (!journal_add(&s->journal, &st->pending, &entry))
        return ERR_FULL;
    st->pending.since_ms = plat_mono(s->plat).ns / NS_PER_MS;
    if (st->has_epoch && st->epoch == h->epoch) {
        st->committed_sequence = h->sequence + h->count - 1;
        st->staged_sequence = st->committed_sequence;
    }
    s->instances[h->instance].last_sample_ms = block->time_ms[h->count - 1];
    s->instances[h->instance].last_seen_ms = h->received_ms;
    return ERR_OK;
}

/* A damaged entry is counted and left out; behind a damaged header the rest of the row cannot be found. */
static int take_row(struct store *s, int64_t row, const uint8_t *bytes, uint32_t size)
{
    for (uint32_t at = 0; at < size;) {
        struct journal_header h;
        if (journal_get_header(s->sums, bytes + at, size - at, &h) != ERR_OK) {
            s->damaged++;
            return ERR_OK;
        }
        int err = take_entry(s, row, at, bytes + at + JOURNAL_HEADER_SIZE, &h);
        if (err == ERR_MALFORMED)
            s->damaged++;
        else if (err != ERR_OK)
            return err;
        at += JOURNAL_HEADER_SIZE + h.size;
    }
    return ERR_OK;
}

static int walk_journal(struct store *s)
{
    sqlite3_stmt *row = database_statement(&s->database, SQL_JOURNAL_LIST);
    int n;
    while ((n = database_next(&s->database, SQL_JOURNAL_LIST)) == 1) {
        const uint8_t *bytes = sqlite3_column_blob(row, 1);
        uint32_t size = (uint32_t)sqlite3_column_bytes(row, 1);
        int err = take_row(s, sqlite3_column_int64(row, 0), bytes, size);
        if (err != ERR_OK) {
            database_reset(&s->database, SQL_JOURNAL_LIST);
            return err;
        }
    }
    return n;
}

/* The values of the newest entry of each instance. */
static int read_newest(struct store *s)
{
    struct journal_reader reader = {.blob = NULL};
    int err = ERR_OK;
    for (uint32_t i = 0; err == ERR_OK && i < s->instance_count; i++) {
        const struct journal_list *pending = &s->states[i].pending;
        const struct block_matrix *block = &s->scratch->block;
        uint32_t slot_count;
        if (pending->count == 0)
            continue;
        const struct journal_entry *entry = &s->journal.entries[pending->last];
        err = reading_block(s, &reader, i, entry);
        const uint16_t *slots =
            err == ERR_OK ? epoch_slots(s, i, entry->epoch, &slot_count) : NULL;
        if (err == ERR_MALFORMED)
            err = ERR_OK;
        for (uint32_t k = 0; slots != NULL && k < block->slot_count; k++) {
            if (block->slots[k] >= slot_count)
                continue;
            struct store_series *series = &series_of(s, i)[slots[block->slots[k]]];
            series->last_value = block->values[k][block->count - 1];
            series->last_ms = block->time_ms[block->count - 1];
        }
    }
    reading_end(&reader);
    return err;
}

/* First and last number of a table whose rows are numbered without gaps; `first` = `next` when empty. */
static int read_range(struct store *s, enum statement which, int64_t *first, int64_t *next)
{
    int n = database_next(&s->database, which);
    if (n < 0)
        return n;
    sqlite3_stmt *row = database_statement(&s->database, which);
    if (n == 1 && sqlite3_column_type(row, 0) != SQLITE_NULL) {
        *first = sqlite3_column_int64(row, 0);
        *next = sqlite3_column_int64(row, 1) + 1;
    }
    database_reset(&s->database, which);
    return ERR_OK;
}

int recovery_run(struct store *s, struct text *why)
{
    int err = records_load(s, why);
    if (err != ERR_OK)
        return err;
    s->chunk_first = s->chunk_next = 1;
    err = read_range(s, SQL_CHUNK_RANGE, &s->chunk_first, &s->chunk_next);
    if (err == ERR_OK)
        err = read_range(s, SQL_JOURNAL_RANGE, &s->journal.first_row, &s->journal.next_row);
    if (err == ERR_OK)
        err = walk_journal(s);
    if (err == ERR_OK)
        err = read_newest(s);
    if (err == ERR_FULL)
        text_put(why, "nephos.db has more unsealed blocks than fit: raise the configured number of"
                      " instances to what it was");
    else if (err != ERR_OK)
        text_printf(why, "nephos.db cannot be read: %s", sqlite3_errmsg(s->database.handle));
    if (err == ERR_OK && s->damaged > 0)
        plat_log(s->plat, LOG_ERROR, "nephos.db: %u journal entries are damaged and lost; check the"
                 " disk", (unsigned)s->damaged);
    memory_use(s->lines[LINE_JOURNAL], s->journal.used);
    s->seal_due = true;
    return err;
}
