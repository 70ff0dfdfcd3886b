/* SPDX-License-Identifier: MIT */
/* The group commit: everything staged, in one transaction; and only after it, what it makes visible.
 *
 * Blocks that lie one behind the other in the staging area make one row of the journal, up to
 * JOURNAL_ROW_SIZE_MAX, bound where they lie. When the disk refuses, everything stays staged. */
#include "aggregator/store/state.h"

/* Number of the block behind the row that begins with block `n`, and the bytes of that row. */
static uint64_t row_end(const struct staging *g, uint64_t n, uint32_t *size)
{
    const struct staged_block *first = &g->blocks[n & (STAGED_BLOCKS_MAX - 1)];
    *size = first->size;
    for (n++; n < g->next; n++) {
        const struct staged_block *b = &g->blocks[n & (STAGED_BLOCKS_MAX - 1)];
        if (b->at != first->at + *size || *size + b->size > JOURNAL_ROW_SIZE_MAX)
            break;
        *size += b->size;
    }
    return n;
}

static int write_journal(struct store *s)
{
    const struct staging *g = &s->staging;
    sqlite3_stmt *put = database_statement(&s->database, SQL_JOURNAL_PUT);
    int64_t row = s->journal.next_row;
    int err = ERR_OK;
    for (uint64_t n = g->committed; err == ERR_OK && n < g->next; row++) {
        uint32_t size, at = g->blocks[n & (STAGED_BLOCKS_MAX - 1)].at;
        n = row_end(g, n, &size);
        (void)sqlite3_bind_int64(put, 1, row);
        (void)sqlite3_bind_blob(put, 2, g->bytes + at, (int)size, SQLITE_STATIC);
        err = database_run(&s->database, SQL_JOURNAL_PUT);
    }
    return err;
}

static int transact(struct store *s)
{
    int err = database_begin(&s->database, true);
    if (err != ERR_OK)
        return err;
    err = records_write(s);
    if (err == ERR_OK)
        err = write_journal(s);
    if (err == ERR_OK)
        return database_commit(&s->database);
    database_rollback(&s->database);
    return err;
}

static void index_block(struct store *s, uint64_t number, int64_t row, uint32_t row_at, int64_t now_ms)
{
    const struct staged_block *b = &s->staging.blocks[number & (STAGED_BLOCKS_MAX - 1)];
    struct journal_header h;
    journal_peek_header(s->staging.bytes + b->at, &h);
    struct journal_entry entry = {.row = row, .number = number, .epoch = h.epoch,
                                  .sequence = h.sequence, .min_ms = b->min_ms, .max_ms = b->max_ms,
                                  .offset = b->at - row_at, .size = (uint16_t)h.size,
                                  .count = (uint8_t)h.count};
    struct stream *m = stream_of(s, h.instance, b->stream);
    ASSERT(m != NULL); /* a stream is not closed while blocks of it are staged */
    bool added = journal_add(&s->journal, &s->states[h.instance].pending, &entry);
    ASSERT(added); /* store_append kept room */
    if (m->pending_count++ == 0)
        m->pending_since_ms = now_ms;
    m->pending_samples += h.count;
    if (seal_is_due(s, h.instance, now_ms))
        s->seal_due = true;
}

static void publish_blocks(struct store *s)
{
    struct staging *g = &s->staging;
    int64_t now_ms = plat_mono(s->plat).ns / NS_PER_MS;
    for (uint64_t n = g->committed; n < g->next; s->journal.next_row++) {
        uint32_t size, at = g->blocks[n & (STAGED_BLOCKS_MAX - 1)].at;
        for (uint64_t end = row_end(g, n, &size); n < end; n++)
            index_block(s, n, s->journal.next_row, at, now_ms);
    }
    g->committed = g->next;
    g->staged_bytes = 0;
    s->staged_entries = 0;
}

static void publish_newest(struct store *s, uint32_t index)
{
    const struct instance_state *st = &s->states[index];
    struct store_series *series = series_of(s, index);
    struct newest_value *newest = newest_of(s, index);
    for (uint32_t k = 0; k < st->series_count; k++) {
        if (newest[k].ms == 0)
            continue;
        series[k].last_value = newest[k].value;
        series[k].last_ms = newest[k].ms;
        newest[k].ms = 0;
    }
    s->instances[index].last_sample_ms = st->staged_last_ms;
}

/* True when there was something. */
static bool publish_stream(struct stream *m)
{
    if (m == NULL || m->staged_blocks == 0)
        return false;
    m->committed_sequence = m->staged_sequence;
    m->staged_blocks = 0;
    return true;
}

static void publish_instance(struct store *s, uint32_t index)
{
    struct instance_state *st = &s->states[index];
    struct instance *i = &s->instances[index];
    bool live = publish_stream(&st->live);
    bool history = publish_stream(stream_of(s, index, STREAM_HISTORY));
    bool push = publish_stream(&st->push);
    if (live || push)
        publish_newest(s, index);
    if (live || history || push)
        i->last_seen_ms = st->staged_received_ms;
    i->sample_count += st->staged_samples;
    i->history_count += st->staged_history;
    s->stats.samples_committed += st->staged_values;
    st->staged_samples = 0;
    st->staged_history = 0;
    st->staged_values = 0;
}

static void publish(struct store *s)
{
    publish_blocks(s);
    for (uint32_t i = 0; i < s->changed_count; i++)
        publish_instance(s, s->changed[i]);
    records_written(s);
    s->staged_since = MONO_NEVER;
    s->haste = HASTE_NONE;
    s->stats.commits++;
    memory_use(s->lines[LINE_STAGING], 0);
    memory_use(s->lines[LINE_JOURNAL], s->journal.used);
}

static const char *advice_for(int err)
{
    switch (err) {
    case ERR_FULL:
        return "the disk is full; free space or lower the configured database size";
    case ERR_DENIED:
        return "it may not be written: the file system is read-only, or permissions have changed; see `mount`"
               " and the kernel's log";
    case ERR_MALFORMED:
        return "the file is damaged; restore it from a backup";
    default:
        return "the disk reports an error; check the system's log";
    }
}

void commit_note(struct store *s, struct retry *r, const char *work, int err)
{
    if (err == ERR_OK) {
        if (r->delay_ms > 0)
            plat_log(s->plat, LOG_INFO, "nephos.db: can %s again", work);
        r->delay_ms = 0;
        return;
    }
    if (r->delay_ms == 0)
        plat_log(s->plat, LOG_ERROR, "nephos.db: cannot %s: %s. Agents keep what is not"
                 " acknowledged", work, advice_for(err));
    r->delay_ms = r->delay_ms == 0 ? RETRY_MS_MIN : r->delay_ms * 2;
    if (r->delay_ms > RETRY_MS_MAX)
        r->delay_ms = RETRY_MS_MAX;
    r->at = mono_after_ms(plat_mono(s->plat), r->delay_ms);
}

bool commit_may_try(const struct retry *r, struct mono now)
{
    return r->delay_ms == 0 || mono_reached(now, r->at);
}

int store_commit(struct store *s)
{
    if (!s->is_open)
        return ERR_CLOSED;
    if (s->staged_since.ns == MONO_NEVER.ns)
        return ERR_OK;
    int err = transact(s);
    if (err == ERR_FULL) { /* at our own cap the oldest give way at once */
        retention_check(s);
        if (s->retention_due && retention_step(s, 64, true) > 0)
            err = transact(s);
    }
    commit_note(s, &s->committing, "commit", err);
    if (err != ERR_OK && s->stats.trouble == NULL)
        s->stats.trouble_since_ms = wall_ms(plat_wall(s->plat));
    s->stats.trouble = err != ERR_OK ? advice_for(err) : NULL;
    if (err != ERR_OK) {
        s->stats.commit_failures++;
        return err;
    }
    publish(s);
    retention_check(s);
    return ERR_OK;
}

struct mono commit_from(const struct store *s)
{
    static const int64_t pause_ms[] = {[HASTE_NONE] = COMMIT_PAUSE_LONG_MS, [HASTE_SOON] = COMMIT_PAUSE_MS,
                                       [HASTE_NOW] = COMMIT_PAUSE_SHORT_MS};
    if (s->staged_since.ns == MONO_NEVER.ns)
        return MONO_NEVER;
    if (s->committing.delay_ms > 0)
        return s->committing.at;
    if (s->staging.staged_bytes >= STAGING_SIZE / 2)
        return s->staged_since;
    return mono_after_ms(s->committed, pause_ms[s->haste]);
}

struct mono commit_due_at(const struct store *s)
{
    struct mono from = commit_from(s);
    return from.ns == MONO_NEVER.ns || s->haste != HASTE_NONE ? from : mono_after_ms(from, COMMIT_SLACK_MS);
}

void store_hurry(struct store *s)
{
    if (s->staged_since.ns != MONO_NEVER.ns)
        s->haste = HASTE_NOW;
}

uint64_t store_committed_sequence(const struct store *s, uint32_t instance, enum store_stream stream)
{
    const struct stream *m = stream_of(s, instance, stream);
    return m == NULL ? 0 : m->committed_sequence;
}

uint64_t store_commit_count(const struct store *s)
{
    return s->stats.commits;
}

uint64_t store_commit_failures(const struct store *s)
{
    return s->stats.commit_failures;
}

uint64_t store_room_count(const struct store *s)
{
    return s->stats.commits + s->sealings;
}

uint64_t store_commit_awaited(const struct store *s)
{
    return s->stats.commits + (s->staged_since.ns == MONO_NEVER.ns ? 0 : 1);
}
