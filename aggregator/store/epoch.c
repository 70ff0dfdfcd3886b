/* SPDX-License-Identifier: MIT */
/* Epochs: what the slots of an agent's blocks mean, and how far each epoch has come.
 *
 * An instance has one current epoch, in memory. The dictionaries of all others stay on disk for ever, so
 * blocks of an old epoch that wait to be sealed can be understood, and blocks that an agent sends again
 * after going back to an old epoch are recognised. */
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
        good = good && c->series_of_slot[i] < s->states[instance].series_count;
    }
    database_reset(&s->database, SQL_EPOCH_GET);
    if (!good)
        return ERR_MALFORMED;
    c->instance = instance;
    c->epoch = epoch;
    c->valid = true;
    return ERR_OK;
}

const uint16_t *epoch_slots(struct store *s, uint32_t instance, uint64_t epoch, uint32_t *slot_count)
{
    const struct instance_state *st = &s->states[instance];
    if (st->has_epoch && st->epoch == epoch) {
        *slot_count = st->slot_count;
        return slots_of(s, instance);
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

static void make_current(struct store *s, uint32_t instance, uint64_t epoch, uint64_t newest)
{
    struct instance_state *st = &s->states[instance];
    st->has_epoch = true;
    st->epoch = epoch;
    st->committed_sequence = newest;
    st->staged_sequence = newest;
}

static void take_cached_slots(struct store *s, uint32_t instance)
{
    s->states[instance].slot_count = (uint16_t)s->epoch_cache.slot_count;
    memcpy(slots_of(s, instance), s->epoch_cache.series_of_slot, sizeof s->epoch_cache.series_of_slot);
}

int epoch_load(struct store *s, uint32_t instance, uint64_t epoch)
{
    int err = load(s, instance, epoch);
    if (err != ERR_OK)
        return err;
    take_cached_slots(s, instance);
    make_current(s, instance, epoch, s->epoch_cache.sealed_sequence);
    return ERR_OK;
}

/* Newest sequence of an epoch that waits to be sealed; 0 when none does. */
static uint64_t newest_pending(const struct store *s, uint32_t instance, uint64_t epoch)
{
    uint64_t newest = 0;
    uint32_t at = s->states[instance].pending.first;
    for (; at != JOURNAL_NONE; at = s->journal.entries[at].next) {
        const struct journal_entry *e = &s->journal.entries[at];
        if (e->epoch == epoch && e->sequence + e->count - 1 > newest)
            newest = e->sequence + e->count - 1;
    }
    return newest;
}

int store_epoch(struct store *s, uint32_t instance, uint64_t epoch)
{
    struct instance_state *st = &s->states[instance];
    ASSERT(instance < s->instance_count);
    /* An agent that comes back must not be told less than what will soon be on disk: it would count samples
     * as lost that are not. */
    if (st->has_epoch && st->epoch == epoch)
        return st->staged_blocks > 0 ? ERR_AGAIN : ERR_OK;
    /* What is staged belongs to the epoch that ends here. */
    if ((st->staged_blocks > 0 || st->dictionary_changed) && store_commit(s) != ERR_OK)
        return ERR_AGAIN;
    int err = load(s, instance, epoch);
    if (err != ERR_OK && err != ERR_MISSING)
        return ERR_AGAIN;
    uint64_t newest = newest_pending(s, instance, epoch);
    if (err == ERR_OK) {
        newest = s->epoch_cache.sealed_sequence > newest ? s->epoch_cache.sealed_sequence : newest;
        take_cached_slots(s, instance);
    } else {
        st->slot_count = 0;
        st->dictionary_changed = true; /* the row is made even when no slot follows */
    }
    make_current(s, instance, epoch, newest);
    s->epoch_cache.valid = false; /* the dictionary in memory will grow past it */
    st->facts_changed = true; /* the current epoch stands beside them */
    if (st->pending.count > 0)
        s->seal_due = true;
    tables_changed(s, instance);
    return ERR_OK;
}
