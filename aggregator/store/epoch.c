/* SPDX-License-Identifier: MIT */
/* Epochs: what the slots of an agent's blocks mean, and how far each epoch has come.
 *
 * An instance has a live epoch in memory and, while its agent catches up, one of history, in a place of a
 * pool. The dictionaries of all others stay on disk for ever, so blocks of an old epoch that wait to be
 * sealed can be understood, and blocks that an agent sends again are recognised, whichever way the epoch
 * comes back: as the live one or as history. */
#include <string.h>

#include "aggregator/store/state.h"
#include "platform/base/bytes.h"

/* Fills the cache from disk. ERR_MISSING, or a storage error. */
static int load(struct store *s, uint32_t instance, uint64_t epoch)
{
    struct epoch_cache *c = &s->epoch_cache;
    if (c->valid && c->instance == instance && c->epoch == epoch)
        return ERR_OK;
    c->valid = false;
    sqlite3_stmt *get = database_statement(&s->database, SQL_EPOCH_GET);
    (void)sqlite3_bind_int64(get, 1, instance);
    (void)sqlite3_bind_int64(get, 2, (int64_t)epoch);
    int n = database_next(&s->database, SQL_EPOCH_GET);
    if (n <= 0)
        return n < 0 ? n : ERR_MISSING;
    uint32_t size = (uint32_t)sqlite3_column_bytes(get, 0);
    const uint8_t *slots = sqlite3_column_blob(get, 0);
    c->slot_count = size / 2 < SLOTS_MAX ? size / 2 : SLOTS_MAX;
    c->sealed_sequence = (uint64_t)sqlite3_column_int64(get, 1);
    bool good = true;
    for (uint32_t i = 0; i < c->slot_count; i++) {
        c->series_of_slot[i] = get_u16(slots + 2 * (size_t)i);
        good = good && (c->series_of_slot[i] < s->states[instance].series_count ||
                        c->series_of_slot[i] == SERIES_NONE);
    }
    database_reset(&s->database, SQL_EPOCH_GET);
    if (!good)
        return ERR_MALFORMED;
    c->instance = instance;
    c->epoch = epoch;
    c->valid = true;
    return ERR_OK;
}

struct stream *stream_of_epoch(const struct store *s, uint32_t instance, uint64_t epoch)
{
    if (epoch_is_push(epoch))
        return stream_of(s, instance, STREAM_PUSH);
    for (enum store_stream which = STREAM_LIVE; which <= STREAM_HISTORY; which++) {
        struct stream *m = stream_of(s, instance, which);
        if (m != NULL && m->is_open && m->epoch == epoch)
            return m;
    }
    return NULL;
}

const uint16_t *epoch_slots(struct store *s, uint32_t instance, uint64_t epoch, uint32_t *slot_count)
{
    if (epoch_is_push(epoch))
        return push_slots(s, instance, epoch, slot_count);
    const struct stream *m = stream_of_epoch(s, instance, epoch);
    if (m != NULL) {
        *slot_count = m->slot_count;
        return m->series_of_slot;
    }
    if (load(s, instance, epoch) != ERR_OK)
        return NULL;
    *slot_count = s->epoch_cache.slot_count;
    return s->epoch_cache.series_of_slot;
}

int epoch_sealed(struct store *s, uint32_t instance, uint64_t epoch, uint64_t *sequence)
{
    int err = load(s, instance, epoch);
    if (err == ERR_OK)
        *sequence = s->epoch_cache.sealed_sequence;
    return err;
}

int epoch_put_sealed(struct store *s, uint32_t instance, uint64_t epoch, uint64_t sequence)
{
    sqlite3_stmt *put = database_statement(&s->database, SQL_EPOCH_SEALED);
    s->epoch_cache.valid = false;
    (void)sqlite3_bind_int64(put, 1, instance);
    (void)sqlite3_bind_int64(put, 2, (int64_t)epoch);
    (void)sqlite3_bind_int64(put, 3, (int64_t)sequence);
    return database_run(&s->database, SQL_EPOCH_SEALED);
}

static void take_cached_slots(const struct store *s, struct stream *m)
{
    m->slot_count = (uint16_t)s->epoch_cache.slot_count;
    memcpy(m->series_of_slot, s->epoch_cache.series_of_slot, sizeof s->epoch_cache.series_of_slot);
}

int epoch_load(struct store *s, uint32_t instance, uint64_t epoch)
{
    struct stream *m = &s->states[instance].live;
    int err = load(s, instance, epoch);
    if (err != ERR_OK)
        return err;
    take_cached_slots(s, m);
    m->is_open = true;
    m->epoch = epoch;
    m->committed_sequence = m->staged_sequence = s->epoch_cache.sealed_sequence;
    return ERR_OK;
}

/* What waits to be sealed of the epoch; returns its newest sequence, 0 when nothing does. */
static uint64_t find_pending(const struct store *s, uint32_t instance, struct stream *m)
{
    uint64_t newest = 0;
    m->pending_count = m->pending_samples = 0;
    m->pending_since_ms = plat_mono(s->plat).ns / NS_PER_MS;
    uint32_t at = s->states[instance].pending.first;
    for (; at != JOURNAL_NONE; at = s->journal.entries[at].next) {
        const struct journal_entry *e = &s->journal.entries[at];
        if (e->epoch != m->epoch)
            continue;
        newest = e->sequence + e->count - 1;
        m->pending_count++;
        m->pending_samples += e->count;
    }
    return newest;
}

/* The stream is of this epoch from now on, wherever it has come so far. */
static int open_epoch(struct store *s, uint32_t instance, struct stream *m, uint64_t epoch)
{
    int err = load(s, instance, epoch);
    if (err != ERR_OK && err != ERR_MISSING)
        return ERR_AGAIN;
    uint64_t sealed = 0;
    m->slot_count = 0;
    if (err == ERR_OK) {
        sealed = s->epoch_cache.sealed_sequence;
        take_cached_slots(s, m);
    }
    m->dictionary_changed = err == ERR_MISSING; /* the row is made even when no slot follows */
    m->is_open = true;
    m->epoch = epoch;
    uint64_t pending = find_pending(s, instance, m);
    m->committed_sequence = m->staged_sequence = pending > sealed ? pending : sealed;
    s->epoch_cache.valid = false; /* the dictionary in memory will grow past it */
    tables_changed(s, instance);
    return ERR_OK;
}

/* An agent that comes back must not be told less than what will soon be on disk: it would count samples as
 * lost that are not. */
static int reopen(const struct stream *m)
{
    return m->staged_blocks > 0 ? ERR_AGAIN : ERR_OK;
}

int store_epoch(struct store *s, uint32_t instance, uint64_t epoch)
{
    ASSERT(instance < s->instance_count);
    struct stream *m = &s->states[instance].live;
    if (epoch_is_push(epoch))
        return ERR_MALFORMED;
    if (m->is_open && m->epoch == epoch)
        return reopen(m);
    const struct history *h = history_of(s, instance);
    if (h != NULL && h->stream.epoch == epoch)
        return h->is_ending ? ERR_AGAIN : ERR_BUSY;
    /* What is staged belongs to the epoch that ends here. */
    if ((m->staged_blocks > 0 || m->dictionary_changed) && store_commit(s) != ERR_OK)
        return ERR_AGAIN;
    int err = open_epoch(s, instance, m, epoch);
    if (err != ERR_OK)
        return err;
    s->states[instance].facts_changed = true; /* the live epoch stands beside them */
    if (orphans_of(s, instance) > 0)
        s->seal_due = true;
    return ERR_OK;
}

/* --- history --- */

static void note_histories(struct store *s, uint32_t count)
{
    s->history_count = count;
    memory_use(s->lines[LINE_HISTORIES], count);
}

static void give_back(struct store *s, uint32_t instance)
{
    struct history *h = history_of(s, instance);
    ASSERT(h != NULL);
    h->stream.is_open = false;
    h->is_ending = false;
    s->states[instance].history = HISTORY_NONE;
    s->epoch_cache.valid = false;
    note_histories(s, s->history_count - 1);
    if (orphans_of(s, instance) > 0)
        s->seal_due = true;
}

static int find_place(const struct store *s)
{
    for (uint32_t i = 0; i < s->limits.histories_max; i++)
        if (!s->histories[i].stream.is_open)
            return (int)i;
    return ERR_FULL;
}

int store_history(struct store *s, uint32_t instance, uint64_t epoch)
{
    ASSERT(instance < s->instance_count);
    struct instance_state *st = &s->states[instance];
    if (epoch_is_push(epoch))
        return ERR_MALFORMED;
    if (st->live.is_open && st->live.epoch == epoch)
        return ERR_BUSY;
    const struct history *h = history_of(s, instance);
    if (h != NULL && !h->is_ending && h->stream.epoch == epoch)
        return reopen(&h->stream);
    if (h != NULL)
        store_history_end(s, instance);
    if (st->history != HISTORY_NONE)
        return ERR_AGAIN;
    int place = find_place(s);
    if (place < 0)
        return ERR_FULL;
    int err = open_epoch(s, instance, &s->histories[place].stream, epoch);
    if (err != ERR_OK)
        return err;
    st->history = (uint16_t)place;
    s->instances[instance].catching_up = true;
    note_histories(s, s->history_count + 1);
    return ERR_OK;
}

void store_history_end(struct store *s, uint32_t instance)
{
    struct history *h = history_of(s, instance);
    if (h == NULL)
        return;
    s->instances[instance].catching_up = false;
    s->instances[instance].history_left = 0;
    h->is_ending = true;
    epoch_committed(s, instance);
}

void epoch_committed(struct store *s, uint32_t instance)
{
    const struct history *h = history_of(s, instance);
    if (h != NULL && h->is_ending && h->stream.staged_blocks == 0 && !h->stream.dictionary_changed)
        give_back(s, instance);
}

uint32_t store_history_count(const struct store *s)
{
    return s->history_count;
}
