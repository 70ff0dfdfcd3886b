/* SPDX-License-Identifier: MIT */
/* Sealing: the pending blocks of one instance become chunks, and leave the journal.
 *
 * One transaction writes the chunks, how far each epoch has come, and drops the rows of the journal that
 * nobody needs any more. It need not be durable at once: until it is, a restart finds everything in the
 * journal still, and seals again. */
#include "aggregator/store/state.h"

#define GAP_MS_MIN INT64_C(60000)
#define TRIM_ROWS_MAX 256

struct seal {
    struct store *s;
    struct journal_reader reader;
    uint32_t instance;
    int64_t gap_ms;          /* a longer pause begins a new chunk */
    int64_t chunk_next;
    uint64_t epoch, first_sequence, last_sequence; /* of the chunk being built */
    uint32_t taken;          /* entries of the list */
    uint64_t values, bytes;
};

static int flush(struct seal *seal)
{
    struct store *s = seal->s;
    struct chunk_builder *b = s->builder;
    if (b->count == 0)
        return ERR_OK;
    uint32_t size = chunk_encode(s->sums, b, s->chunk_bytes, CHUNK_SIZE_MAX);
    sqlite3_stmt *put = database_statement(&s->database, SQL_CHUNK_PUT);
    (void)sqlite3_bind_int64(put, 1, seal->chunk_next);
    (void)sqlite3_bind_int64(put, 2, seal->instance);
    (void)sqlite3_bind_int64(put, 3, b->time_ms[0]);
    (void)sqlite3_bind_int64(put, 4, b->time_ms[b->count - 1]);
    (void)sqlite3_bind_int64(put, 5, (int64_t)seal->epoch);
    (void)sqlite3_bind_int64(put, 6, (int64_t)seal->first_sequence);
    (void)sqlite3_bind_int64(put, 7, (int64_t)seal->last_sequence);
    (void)sqlite3_bind_int64(put, 8, b->count);
    (void)sqlite3_bind_blob(put, 9, s->chunk_bytes, (int)size, SQLITE_STATIC);
    int err = database_run(&s->database, SQL_CHUNK_PUT);
    seal->chunk_next++;
    seal->values += b->value_count;
    seal->bytes += size;
    chunk_reset(b);
    return err;
}

static int add_range(struct seal *seal, const struct journal_entry *entry, uint32_t from, uint32_t to,
                     const uint16_t *slots, uint32_t slot_count)
{
    struct chunk_builder *b = seal->s->builder;
    const struct block_matrix *block = &seal->s->scratch->block;
    if (!chunk_has_room(b, to - from, block->slot_count)) {
        int err = flush(seal);
        if (err != ERR_OK)
            return err;
    }
    if (b->count == 0) {
        seal->first_sequence = entry->sequence + from;
        seal->epoch = entry->epoch;
    }
    chunk_add(b, block, from, to, slots, slot_count);
    seal->last_sequence = entry->sequence + to - 1;
    return ERR_OK;
}

/* May sample k of the block follow in the same chunk as samples from..k-1 of the block, and before them
 * those in the builder? */
static bool continues(const struct seal *seal, uint32_t from, uint32_t k)
{
    const struct chunk_builder *b = seal->s->builder;
    const int64_t *time_ms = seal->s->scratch->block.time_ms;
    int64_t before, first = b->count > 0 ? b->time_ms[0] : time_ms[from];
    if (k > from)
        before = time_ms[k - 1];
    else if (b->count > 0)
        before = b->time_ms[b->count - 1];
    else
        return true;
    int64_t pause = time_ms[k] - before;
    return pause >= 0 && pause <= seal->gap_ms && time_ms[k] - first <= CHUNK_SPAN_MS_MAX;
}

static int add_block(struct seal *seal, const struct journal_entry *entry, const uint16_t *slots,
                     uint32_t slot_count)
{
    uint32_t from = 0, count = seal->s->scratch->block.count;
    /* Samples that never came leave a gap in the sequence, even where the times hardly show it. */
    if (seal->s->builder->count > 0 && entry->sequence != seal->last_sequence + 1) {
        int err = flush(seal);
        if (err != ERR_OK)
            return err;
    }
    for (uint32_t k = 0; k < count; k++) {
        if (continues(seal, from, k))
            continue;
        int err = k > from ? add_range(seal, entry, from, k, slots, slot_count) : ERR_OK;
        if (err == ERR_OK)
            err = flush(seal);
        if (err != ERR_OK)
            return err;
        from = k;
    }
    return add_range(seal, entry, from, count, slots, slot_count);
}

/* Entries of the list, oldest first, until they are many. */
static int add_entries(struct seal *seal)
{
    struct store *s = seal->s;
    uint32_t samples = 0;
    uint64_t epoch = 0, last = 0;
    uint32_t at = s->states[seal->instance].pending.first;
    for (; at != JOURNAL_NONE; at = s->journal.entries[at].next) {
        const struct journal_entry *entry = &s->journal.entries[at];
        int err = ERR_OK;
        if (samples + entry->count > CHUNK_SAMPLES_MAX)
            break;
        if (seal->taken > 0 && entry->epoch != epoch) {
            err = flush(seal);
            if (err == ERR_OK)
                err = epoch_put_sealed(s, seal->instance, epoch, last);
        }
        uint32_t slot_count = 0;
        if (err == ERR_OK)
            err = reading_block(s, &seal->reader, seal->instance, entry);
        const uint16_t *slots =
            err == ERR_OK ? epoch_slots(s, seal->instance, entry->epoch, &slot_count) : NULL;
        if (err == ERR_OK && slots == NULL)
            err = ERR_SYSTEM;
        if (err == ERR_OK)
            err = add_block(seal, entry, slots, slot_count);
        else if (err == ERR_MALFORMED)
            err = ERR_OK; /* damaged on disk, counted; the others must not wait for it */
        if (err != ERR_OK)
            return err;
        samples += entry->count;
        epoch = entry->epoch;
        last = entry->sequence + entry->count - 1;
        seal->taken++;
    }
    int err = flush(seal);
    return err == ERR_OK ? epoch_put_sealed(s, seal->instance, epoch, last) : err;
}

/* The oldest row of the journal that will still be needed. */
static int64_t oldest_needed(const struct seal *seal)
{
    const struct store *s = seal->s;
    int64_t oldest = s->journal.next_row;
    for (uint32_t i = 0; i < s->instance_count; i++) {
        uint32_t at = s->states[i].pending.first;
        for (uint32_t skip = i == seal->instance ? seal->taken : 0; skip > 0; skip--)
            at = s->journal.entries[at].next;
        if (at != JOURNAL_NONE && s->journal.entries[at].row < oldest)
            oldest = s->journal.entries[at].row;
    }
    return oldest;
}

static int trim_journal(struct seal *seal, int64_t *first_row)
{
    struct store *s = seal->s;
    int64_t needed = oldest_needed(seal), bound = s->journal.first_row + TRIM_ROWS_MAX;
    *first_row = needed < bound ? needed : bound;
    if (*first_row == s->journal.first_row)
        return ERR_OK;
    sqlite3_stmt *trim = database_statement(&s->database, SQL_JOURNAL_TRIM);
    (void)sqlite3_bind_int64(trim, 1, *first_row);
    return database_run(&s->database, SQL_JOURNAL_TRIM);
}

static void take_over(struct seal *seal, int64_t first_row, struct mono now)
{
    struct store *s = seal->s;
    struct journal_list *pending = &s->states[seal->instance].pending;
    for (; seal->taken > 0; seal->taken--)
        journal_drop_first(&s->journal, pending);
    pending->since_ms = now.ns / NS_PER_MS;
    s->journal.first_row = first_row;
    s->chunk_next = seal->chunk_next;
    s->stats.values_sealed += seal->values;
    s->stats.sealed_bytes += seal->bytes;
    memory_use(s->lines[LINE_JOURNAL], s->journal.used);
}

static int seal_instance(struct store *s, uint32_t instance, struct mono now)
{
    struct seal seal = {.s = s, .instance = instance, .chunk_next = s->chunk_next};
    int64_t interval_ms = s->instances[instance].interval_ms;
    int64_t first_row = s->journal.first_row;
    uint64_t damaged = s->damaged;
    seal.gap_ms = interval_ms * 3 > GAP_MS_MIN ? interval_ms * 3 : GAP_MS_MIN;
    chunk_reset(s->builder);
    int err = database_begin(&s->database, false);
    if (err != ERR_OK)
        return err;
    err = add_entries(&seal);
    reading_end(&seal.reader);
    if (err == ERR_OK)
        err = trim_journal(&seal, &first_row);
    if (err != ERR_OK) {
        database_rollback(&s->database);
        s->epoch_cache.valid = false;
        return err;
    }
    err = database_commit(&s->database);
    if (err != ERR_OK)
        return err;
    take_over(&seal, first_row, now);
    if (s->damaged > damaged)
        plat_log(s->plat, LOG_ERROR, "nephos.db: %u journal entries of %s are damaged and lost; check"
                 " the disk", (unsigned)(s->damaged - damaged), s->instances[instance].id);
    return ERR_OK;
}

/* Fewer samples fill a chunk when there are many columns. */
static uint32_t samples_due(uint32_t slot_count)
{
    uint32_t fit = slot_count == 0 ? SEAL_SAMPLES : CHUNK_VALUES_MAX / slot_count;
    return fit < SEAL_SAMPLES ? fit : SEAL_SAMPLES;
}

bool seal_is_due(const struct store *s, uint32_t instance, int64_t now_ms)
{
    const struct instance_state *st = &s->states[instance];
    const struct journal_list *pending = &st->pending;
    if (pending->count == 0)
        return false;
    return pending->samples >= samples_due(st->slot_count) || pending->count >= SEAL_ENTRIES ||
           now_ms - pending->since_ms >= SEAL_AGE_MS ||
           s->journal.entries[pending->first].epoch != st->epoch;
}

/* When room runs out, who has most pending comes first, due or not. */
static bool is_pressed(const struct store *s)
{
    return s->journal.used > s->journal.capacity / 8 * 7 ||
           (s->retention_due && s->chunk_first == s->chunk_next);
}

static int find_largest(const struct store *s)
{
    uint32_t largest = 0;
    for (uint32_t i = 1; i < s->instance_count; i++)
        if (s->states[i].pending.count > s->states[largest].pending.count)
            largest = i;
    return s->instance_count > 0 && s->states[largest].pending.count > 0 ? (int)largest : ERR_MISSING;
}

static int find_due(struct store *s, int64_t now_ms)
{
    for (uint32_t n = 0; n < s->instance_count; n++) {
        uint32_t i = s->seal_next;
        s->seal_next = i + 1 < s->instance_count ? i + 1 : 0;
        if (seal_is_due(s, i, now_ms))
            return (int)i;
    }
    return ERR_MISSING;
}

int seal_step(struct store *s, struct mono now)
{
    int found = is_pressed(s) ? find_largest(s) : find_due(s, now.ns / NS_PER_MS);
    if (found < 0) {
        s->seal_due = false;
        s->seal_scan_at = mono_after_ms(now, SEAL_SCAN_MS);
        return ERR_OK;
    }
    return seal_instance(s, (uint32_t)found, now);
}
