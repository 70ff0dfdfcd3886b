/* SPDX-License-Identifier: MIT */
/* At start: the journal is walked once, oldest row first, to rebuild the index of what waits to be sealed,
 * the newest sequences and the newest values. Of each block only the times are decoded. */
#include "aggregator/store/state.h"

#define NOT_STAGED UINT64_MAX /* a number that the staging area never reaches */

/* Entries that were sealed before the stop are still in their row until the row goes. */
static int is_sealed(struct store *s, const struct journal_header *h, bool *sealed)
{
    const struct instance_state *st = &s->states[h->instance];
    uint64_t newest = st->live.committed_sequence; /* sealed, and what this walk has found since */
    if (epoch_is_push(h->epoch))
        newest = 0; /* none of that page, when there is no row for it yet */
    if (!st->live.is_open || st->live.epoch != h->epoch) {
        int err = epoch_sealed(s, h->instance, h->epoch, &newest);
        if (err != ERR_OK && !(err == ERR_MISSING && epoch_is_push(h->epoch)))
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

/* The sequences of all pages of an instance are one. */
static void take_pushed(struct store *s, const struct journal_header *h, const struct journal_entry *entry)
{
    struct stream *m = &s->states[h->instance].push;
    struct instance *in = &s->instances[h->instance];
    m->committed_sequence = m->staged_sequence = h->sequence + h->count - 1;
    m->pending_count++;
    m->pending_samples += h->count;
    m->pending_since_ms = plat_mono(s->plat).ns / NS_PER_MS;
    if (entry->max_ms > in->last_sample_ms)
        in->last_sample_ms = entry->max_ms;
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
    s->instances[h->instance].last_seen_ms = h->received_ms;
    if (epoch_is_push(h->epoch))
        take_pushed(s, h, &entry);
    if (!st->live.is_open || st->live.epoch != h->epoch)
        return ERR_OK;
    st->live.committed_sequence = st->live.staged_sequence = h->sequence + h->count - 1;
    st->live.pending_count++;
    st->live.pending_samples += h->count;
    st->live.pending_since_ms = plat_mono(s->plat).ns / NS_PER_MS;
    s->instances[h->instance].last_sample_ms = block->time_ms[h->count - 1];
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

/* The newest entry of the live epoch, which history may have come behind; NULL when there is none. */
static const struct journal_entry *newest_live(const struct store *s, uint32_t instance)
{
    const struct instance_state *st = &s->states[instance];
    const struct journal_entry *newest = NULL;
    for (uint32_t at = st->pending.first; at != JOURNAL_NONE; at = s->journal.entries[at].next)
        if (st->live.is_open && s->journal.entries[at].epoch == st->live.epoch)
            newest = &s->journal.entries[at];
    return newest;
}

/* What the decoded block says last of each of its series, unless later values are known. */
static void take_newest(struct store *s, uint32_t instance, uint64_t epoch)
{
    const struct block_matrix *block = &s->scratch->block;
    uint32_t slot_count = 0;
    const uint16_t *slots = epoch_slots(s, instance, epoch, &slot_count);
    for (uint32_t k = 0; slots != NULL && k < block->slot_count; k++) {
        if (block->slots[k] >= slot_count || slots[block->slots[k]] == SERIES_NONE)
            continue;
        struct store_series *series = &series_of(s, instance)[slots[block->slots[k]]];
        if (block->time_ms[block->count - 1] < series->last_ms)
            continue;
        series->last_value = block->values[k][block->count - 1];
        series->last_ms = block->time_ms[block->count - 1];
    }
}

/* The values of the newest live entry of each instance, and of all entries that were pushed: each of
 * those has some series only. */
static int read_newest(struct store *s)
{
    struct journal_reader reader = {.blob = NULL};
    int err = ERR_OK;
    for (uint32_t i = 0; err == ERR_OK && i < s->instance_count; i++) {
        const struct journal_entry *live = newest_live(s, i);
        uint32_t at = s->states[i].pending.first;
        for (; err == ERR_OK && at != JOURNAL_NONE; at = s->journal.entries[at].next) {
            const struct journal_entry *entry = &s->journal.entries[at];
            if (entry != live && !epoch_is_push(entry->epoch))
                continue;
            err = reading_block(s, &reader, i, entry);
            if (err == ERR_OK)
                take_newest(s, i, entry->epoch);
            if (err == ERR_MALFORMED)
                err = ERR_OK; /* damaged, and counted */
        }
    }
    reading_end(&reader);
    return err;
}

/* The number of the next chunk, and how old the newest is. */
static int read_chunks(struct store *s)
{
    int n = database_next(&s->database, SQL_CHUNK_NEWEST);
    if (n < 0)
        return n;
    sqlite3_stmt *row = database_statement(&s->database, SQL_CHUNK_NEWEST);
    s->chunk_next = sqlite3_column_int64(row, 0) + 1;
    s->newest_age_ms = sqlite3_column_int64(row, 1);
    database_reset(&s->database, SQL_CHUNK_NEWEST);
    return tiers_load(s);
}

/* First and next number of the journal's rows, which have no gaps; both the same when it is empty. */
static int read_journal_range(struct store *s)
{
    int n = database_next(&s->database, SQL_JOURNAL_RANGE);
    if (n < 0)
        return n;
    sqlite3_stmt *row = database_statement(&s->database, SQL_JOURNAL_RANGE);
    if (n == 1 && sqlite3_column_type(row, 0) != SQLITE_NULL) {
        s->journal.first_row = sqlite3_column_int64(row, 0);
        s->journal.next_row = sqlite3_column_int64(row, 1) + 1;
    }
    database_reset(&s->database, SQL_JOURNAL_RANGE);
    return ERR_OK;
}

int recovery_run(struct store *s, struct text *why)
{
    int err = records_load(s, why);
    if (err != ERR_OK)
        return err;
    err = events_load(s);
    if (err == ERR_OK)
        err = read_chunks(s);
    if (err == ERR_OK)
        err = read_journal_range(s);
    if (err == ERR_OK)
        err = walk_journal(s);
    if (err == ERR_OK)
        err = read_newest(s);
    if (err == ERR_OK)
        err = database_sync(&s->database);
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
