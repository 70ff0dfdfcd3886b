/* SPDX-License-Identifier: MIT */
/* Sealing: the pending blocks of one epoch of an instance become chunks, and leave the journal.
 *
 * Live samples and history lie in one list, in any mixture; each epoch is sealed when there is enough of it,
 * so that chunks are full, and leaves the blocks of the other where they are. What a chunk holds may be older
 * than what others hold already.
 *
 * One transaction writes the chunks, how far each epoch has come, and drops the rows of the journal that
 * nobody needs any more. It need not be durable at once: until it is, a restart finds everything in the
 * journal still, and seals again. */
#include <string.h>

#include "aggregator/store/state.h"

#define GAP_MS_MIN INT64_C(60000)
#define TRIM_ROWS_MAX 256

int seal_flush(struct seal *seal)
{
    struct store *s = seal->s;
    struct chunk_builder *b = s->builder;
    if (b->count == 0)
        return ERR_OK;
    uint32_t size = chunk_encode(s->sums, b, s->chunk_bytes, CHUNK_SIZE_MAX);
    int64_t max_ms = b->time_ms[b->count - 1];
    int64_t age_ms = retention_age(s, max_ms, &seal->newest_age_ms);
    sqlite3_stmt *put = database_statement(&s->database, SQL_CHUNK_PUT);
    (void)sqlite3_bind_int64(put, 1, seal->chunk_next);
    (void)sqlite3_bind_int64(put, 2, seal->instance);
    (void)sqlite3_bind_int64(put, 3, b->time_ms[0]);
    (void)sqlite3_bind_int64(put, 4, max_ms);
    (void)sqlite3_bind_int64(put, 5, (int64_t)seal->epoch);
    (void)sqlite3_bind_int64(put, 6, (int64_t)seal->first_sequence);
    (void)sqlite3_bind_int64(put, 7, (int64_t)seal->last_sequence);
    (void)sqlite3_bind_int64(put, 8, b->count);
    (void)sqlite3_bind_blob(put, 9, s->chunk_bytes, (int)size, SQLITE_STATIC);
    (void)sqlite3_bind_int64(put, 10, age_ms);
    (void)sqlite3_bind_int64(put, 11, roll_due_ms(s, seal->instance, max_ms));
    int err = database_run(&s->database, SQL_CHUNK_PUT);
    seal->chunk_next++;
    seal->tiers[TIER_SECONDS].rows++;
    seal->tiers[TIER_SECONDS].bytes += size;
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
    if (!chunk_has_room(b, to - from, block)) {
        int err = seal_flush(seal);
        if (err != ERR_OK)
            return err;
    }
    if (b->count == 0)
        seal->first_sequence = entry->sequence + from;
    chunk_add(b, block, from, to, slots, slot_count);
    seal->last_sequence = entry->sequence + to - 1;
    return ERR_OK;
}

/* May sample k of the block follow in the same chunk as samples from..k-1 of the block, and before them
 * those in the builder? Chunks end with the hour, so that each is rolled up into one row. */
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
    return pause >= 0 && pause <= seal->gap_ms && floor_ms(time_ms[k], HOUR_MS) == floor_ms(first, HOUR_MS);
}

static int add_block(struct seal *seal, const struct journal_entry *entry, const uint16_t *slots,
                     uint32_t slot_count)
{
    uint32_t from = 0, count = seal->s->scratch->block.count;
    /* Samples that never came leave a gap in the sequence, even where the times hardly show it. */
    if (seal->s->builder->count > 0 && entry->sequence != seal->last_sequence + 1) {
        int err = seal_flush(seal);
        if (err != ERR_OK)
            return err;
    }
    for (uint32_t k = 0; k < count; k++) {
        if (continues(seal, from, k))
            continue;
        int err = k > from ? add_range(seal, entry, from, k, slots, slot_count) : ERR_OK;
        if (err == ERR_OK)
            err = seal_flush(seal);
        if (err != ERR_OK)
            return err;
        from = k;
    }
    return add_range(seal, entry, from, count, slots, slot_count);
}

static int add_entry(struct seal *seal, const struct journal_entry *entry)
{
    struct store *s = seal->s;
    uint32_t slot_count = 0;
    int err = reading_block(s, &seal->reader, seal->instance, entry);
    if (err == ERR_MALFORMED)
        return ERR_OK; /* damaged on disk, counted; the others must not wait for it */
    if (err != ERR_OK)
        return err;
    const uint16_t *slots = epoch_slots(s, seal->instance, entry->epoch, &slot_count);
    return slots == NULL ? ERR_SYSTEM : add_block(seal, entry, slots, slot_count);
}

/* Entries of the epoch, oldest first, until they are many. */
static int add_entries(struct seal *seal)
{
    struct store *s = seal->s;
    uint64_t last = 0;
    uint32_t at = s->states[seal->instance].pending.first;
    for (; at != JOURNAL_NONE; at = s->journal.entries[at].next) {
        const struct journal_entry *entry = &s->journal.entries[at];
        if (entry->epoch != seal->epoch)
            continue;
        if (seal->samples + entry->count > CHUNK_BUILD_SAMPLES)
            break;
        int err = add_entry(seal, entry);
        if (err != ERR_OK)
            return err;
        last = entry->sequence + entry->count - 1;
        seal->samples += entry->count;
        seal->taken++;
    }
    ASSERT(seal->taken > 0); /* or what was sealed before would be forgotten */
    int err = seal_flush(seal);
    return err == ERR_OK ? epoch_put_sealed(s, seal->instance, seal->epoch, last) : err;
}

/* The first entry of the list that is not sealed now. */
static uint32_t first_left(const struct seal *seal)
{
    const struct store *s = seal->s;
    uint32_t at = s->states[seal->instance].pending.first;
    for (uint32_t skip = seal->taken; at != JOURNAL_NONE; at = s->journal.entries[at].next)
        if (s->journal.entries[at].epoch != seal->epoch || skip-- == 0)
            break;
    return at;
}

/* The oldest row of the journal that will still be needed. */
static int64_t oldest_needed(const struct seal *seal)
{
    const struct store *s = seal->s;
    int64_t oldest = s->journal.next_row;
    for (uint32_t i = 0; i < s->instance_count; i++) {
        uint32_t at = i == seal->instance ? first_left(seal) : s->states[i].pending.first;
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
    struct stream *m = stream_of_epoch(s, seal->instance, seal->epoch);
    journal_drop(&s->journal, &s->states[seal->instance].pending, seal->epoch, seal->taken);
    if (m != NULL) {
        m->pending_count -= seal->taken;
        m->pending_samples -= seal->samples;
        m->pending_since_ms = now.ns / NS_PER_MS;
    }
    s->journal.first_row = first_row;
    memcpy(s->tiers, seal->tiers, sizeof s->tiers);
    s->chunk_next = seal->chunk_next;
    s->newest_age_ms = seal->newest_age_ms;
    s->sealings++;
    s->stats.values_sealed += seal->values;
    s->stats.sealed_bytes += seal->bytes;
    memory_use(s->lines[LINE_JOURNAL], s->journal.used);
}

static int seal_epoch(struct store *s, uint32_t instance, uint64_t epoch, struct mono now)
{
    struct seal seal = {.s = s, .instance = instance, .epoch = epoch, .chunk_next = s->chunk_next,
                        .newest_age_ms = s->newest_age_ms};
    int64_t interval_ms = s->instances[instance].interval_ms;
    int64_t first_row = s->journal.first_row;
    uint64_t damaged = s->damaged;
    seal.gap_ms = interval_ms * 3 > GAP_MS_MIN ? interval_ms * 3 : GAP_MS_MIN;
    memcpy(seal.tiers, s->tiers, sizeof seal.tiers);
    chunk_reset(s->builder);
    int err = database_begin(&s->database, false);
    if (err != ERR_OK)
        return err;
    err = epoch_is_push(epoch) ? push_seal_entries(&seal) : add_entries(&seal);
    reading_end(&seal.reader);
    if (err == ERR_OK)
        err = trim_journal(&seal, &first_row);
    if (err == ERR_OK)
        err = tiers_put(s, seal.tiers);
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

static bool is_stream_due(const struct stream *m, int64_t now_ms)
{
    return m != NULL && m->pending_count > 0 &&
           (m->pending_samples >= samples_due(m->slot_count) ||
            now_ms - m->pending_since_ms >= SEAL_AGE_MS);
}

bool seal_is_due(const struct store *s, uint32_t instance, int64_t now_ms)
{
    const struct instance_state *st = &s->states[instance];
    const struct stream *history = stream_of(s, instance, STREAM_HISTORY);
    if (st->pending.count == 0)
        return false;
    return st->pending.count >= (history != NULL ? PENDING_HISTORY_MAX : SEAL_ENTRIES) ||
           is_stream_due(&st->live, now_ms) || is_stream_due(history, now_ms) ||
           is_stream_due(&st->push, now_ms) ||
           orphans_of(s, instance) > 0;
}

static uint64_t first_orphan(const struct store *s, uint32_t instance)
{
    uint32_t at = s->states[instance].pending.first;
    while (stream_of_epoch(s, instance, s->journal.entries[at].epoch) != NULL)
        at = s->journal.entries[at].next;
    return s->journal.entries[at].epoch;
}

/* The page of pushed samples that has waited longest. */
static uint64_t first_page(const struct store *s, uint32_t instance)
{
    uint32_t at = s->states[instance].pending.first;
    while (!epoch_is_push(s->journal.entries[at].epoch))
        at = s->journal.entries[at].next;
    return s->journal.entries[at].epoch;
}

/* The epoch of the instance whose turn it is: first those of which nothing more comes, then who has enough,
 * and when none has, who has most. */
static uint64_t epoch_to_seal(const struct store *s, uint32_t instance, int64_t now_ms)
{
    const struct stream *live = stream_of(s, instance, STREAM_LIVE);
    const struct stream *history = stream_of(s, instance, STREAM_HISTORY);
    const struct stream *push = stream_of(s, instance, STREAM_PUSH), *most = live;
    if (orphans_of(s, instance) > 0)
        return first_orphan(s, instance);
    if (is_stream_due(live, now_ms))
        return live->epoch;
    if (history != NULL &&
        (is_stream_due(history, now_ms) || history->pending_samples > live->pending_samples))
        most = history;
    if (is_stream_due(push, now_ms) || push->pending_count > most->pending_count)
        return first_page(s, instance);
    return most->epoch;
}

/* When room runs out, who has most pending comes first, due or not. History asks for room earlier, so that
 * it need not wait for what becomes due by itself. */
static bool is_pressed(const struct store *s)
{
    uint32_t eighths = s->history_count > 0 ? JOURNAL_HISTORY_EIGHTHS - 1 : 7;
    return s->journal.used > s->journal.capacity / 8 * eighths ||
           (s->retention_due && s->tiers[TIER_SECONDS].rows == 0);
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
        s->seal_scan_at = mono_on_beat(mono_after_ms(now, SEAL_SCAN_MS));
        return ERR_OK;
    }
    uint32_t instance = (uint32_t)found;
    return seal_epoch(s, instance, epoch_to_seal(s, instance, now.ns / NS_PER_MS), now);
}
