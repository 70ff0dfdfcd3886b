/* SPDX-License-Identifier: MIT */
/* The staging area: blocks on their way to disk, kept afterwards for who follows the feed.
 *
 * A block is copied once, with its journal header in front; the commit hands the same bytes to SQLite,
 * and the feed hands out pointers to them. */
#include <string.h>

#include "aggregator/store/state.h"

static_assert(BLOCK_DATA_MAX <= UINT16_MAX, "journal_entry keeps sizes in 16 bits");
static_assert(JOURNAL_HEADER_SIZE + BLOCK_DATA_MAX <= JOURNAL_ROW_SIZE_MAX, "an entry fits in a row");

void staging_init(struct staging *g, uint8_t *bytes, struct staged_block *blocks,
                  struct staged_matrix *matrices)
{
    *g = (struct staging){.bytes = bytes, .blocks = blocks, .matrices = matrices};
}

static struct staged_block *block_at(const struct staging *g, uint64_t number)
{
    return &g->blocks[number & (STAGED_BLOCKS_MAX - 1)];
}

const uint8_t *staging_entry(const struct staging *g, uint64_t number)
{
    if (number < g->oldest || number >= g->committed)
        return NULL;
    return g->bytes + block_at(g, number)->at;
}

/* Where `size` bytes can go without touching what is kept; UINT32_MAX when nowhere. */
static uint32_t find_room(const struct staging *g, uint32_t size)
{
    if (g->oldest == g->next)
        return size <= STAGING_SIZE ? 0 : UINT32_MAX;
    uint32_t tail = block_at(g, g->oldest)->at;
    if (g->head <= tail) /* around the end already */
        return size <= tail - g->head ? g->head : UINT32_MAX;
    if (size <= STAGING_SIZE - g->head)
        return g->head;
    return size <= tail ? 0 : UINT32_MAX;
}

/* Makes room, giving up the oldest committed blocks. NULL when what is staged leaves none. */
static struct staged_block *push(struct staging *g, uint32_t size)
{
    uint32_t at = UINT32_MAX;
    for (;;) {
        if (g->next - g->oldest < STAGED_BLOCKS_MAX)
            at = find_room(g, size);
        if (at != UINT32_MAX)
            break;
        if (g->oldest == g->committed)
            return NULL;
        g->oldest++;
    }
    struct staged_block *b = block_at(g, g->next++);
    b->at = at;
    b->size = size;
    b->is_late = false;
    g->head = at + size;
    g->staged_bytes += size;
    return b;
}

static bool is_sane(const struct stream *m, uint64_t sequence, const struct block_matrix *block,
                    uint32_t size)
{
    if (m == NULL || !m->is_open || size > BLOCK_DATA_MAX)
        return false;
    if (block->count < 1 || block->count > BLOCK_SAMPLES_MAX)
        return false;
    if (sequence < 1 || sequence > (uint64_t)INT64_MAX - BLOCK_SAMPLES_MAX)
        return false;
    return block->slot_count == 0 || block->slots[block->slot_count - 1] < m->slot_count;
}

static struct staged_matrix *matrix_at(const struct staging *g, uint64_t number)
{
    return &g->matrices[number & (STAGED_MATRICES - 1)];
}

/* Of the newest block. Only what is in use is touched. */
static void keep_matrix(struct staging *g, const struct block_matrix *block)
{
    struct staged_matrix *to = matrix_at(g, g->next - 1);
    to->number = g->next;
    to->block.count = block->count;
    to->block.slot_count = block->slot_count;
    to->block.processes.id_count = to->block.processes.use_count = 0;
    memcpy(to->block.slots, block->slots, block->slot_count * sizeof block->slots[0]);
    memcpy(to->block.time_ms, block->time_ms, sizeof block->time_ms);
    memcpy(to->block.values, block->values, block->slot_count * sizeof block->values[0]);
}

static void note_times(struct staged_block *b, const struct block_matrix *block)
{
    b->min_ms = b->max_ms = block->time_ms[0];
    for (uint32_t i = 1; i < block->count; i++) {
        int64_t t = block->time_ms[i];
        b->min_ms = t < b->min_ms ? t : b->min_ms;
        b->max_ms = t > b->max_ms ? t : b->max_ms;
    }
}

static void note_newest(struct store *s, uint32_t instance, const struct block_matrix *block)
{
    const uint16_t *series_of_slot = s->states[instance].live.series_of_slot;
    struct newest_value *newest = newest_of(s, instance);
    uint32_t last = block->count - 1;
    for (uint32_t i = 0; i < block->slot_count; i++) {
        uint16_t series = series_of_slot[block->slots[i]];
        if (series != SERIES_NONE)
            newest[series] =
                (struct newest_value){.value = block->values[i][last], .ms = block->time_ms[last]};
    }
}

/* A block more must find room in the index of the journal once it is committed. */
static bool is_held_back(const struct store *s, uint32_t instance)
{
    const struct instance_state *st = &s->states[instance];
    const struct stream *history = stream_of(s, instance, STREAM_HISTORY);
    uint32_t staged = st->live.staged_blocks + st->push.staged_blocks;
    if (history != NULL)
        staged += history->staged_blocks;
    return st->pending.count + staged >= PENDING_MAX ||
           s->journal.used + s->staged_entries >= s->journal.capacity;
}

/* History leaves room for the live samples of everybody; what it waits for, sealing makes soon. */
static bool is_history_held_back(const struct store *s, uint32_t instance)
{
    const struct stream *history = stream_of(s, instance, STREAM_HISTORY);
    ASSERT(history != NULL);
    return s->states[instance].pending.count + history->staged_blocks >= PENDING_HISTORY_MAX ||
           s->journal.used + s->staged_entries >= s->journal.capacity / 8 * JOURNAL_HISTORY_EIGHTHS ||
           s->staging.staged_bytes >= STAGED_HISTORY_SIZE ||
           s->staging.next - s->staging.committed >= STAGED_HISTORY_BLOCKS;
}

/* So do pushed samples. */
static bool is_push_held_back(const struct store *s, uint32_t instance)
{
    const struct instance_state *st = &s->states[instance];
    return st->push.pending_count + st->push.staged_blocks >= PENDING_PUSH_MAX ||
           s->journal.used + s->staged_entries >= s->journal.capacity / 8 * JOURNAL_PUSH_EIGHTHS ||
           s->staging.staged_bytes >= STAGED_PUSH_SIZE ||
           s->staging.next - s->staging.committed >= STAGED_PUSH_BLOCKS;
}

bool store_has_room(const struct store *s, uint32_t instance, enum store_stream stream)
{
    return !is_held_back(s, instance) &&
           (stream != STREAM_HISTORY || !is_history_held_back(s, instance)) &&
           (stream != STREAM_PUSH || !is_push_held_back(s, instance));
}

/* Puts header and data into the staging area; NULL when there is no room now. */
static struct staged_block *stage(struct store *s, enum store_stream stream, const struct journal_header *h,
                                  const uint8_t *data)
{
    struct staged_block *b = store_has_room(s, h->instance, stream)
                                 ? push(&s->staging, JOURNAL_HEADER_SIZE + h->size)
                                 : NULL;
    if (b == NULL)
        return NULL;
    uint8_t *to = s->staging.bytes + b->at;
    memcpy(to + JOURNAL_HEADER_SIZE, data, h->size);
    journal_put_header(s->sums, h, to);
    b->stream = stream;
    s->staged_entries++;
    memory_use(s->lines[LINE_STAGING], s->staging.staged_bytes);
    return b;
}

static void count_staged(struct store *s, uint32_t instance, enum store_stream stream,
                         const struct block_matrix *block)
{
    struct instance_state *st = &s->states[instance];
    st->staged_samples += block->count;
    st->staged_values += block->count * block->slot_count;
    if (stream == STREAM_HISTORY)
        st->staged_history += block->count;
    if (stream != STREAM_LIVE) /* push.c notes newest values itself: its blocks come in any order */
        return;
    note_newest(s, instance, block);
    st->staged_last_ms = block->time_ms[block->count - 1];
}

bool staging_put(struct store *s, enum store_stream stream, const struct journal_header *h,
                 const struct block_matrix *block, const uint8_t *data)
{
    struct stream *m = stream_of(s, h->instance, stream);
    struct staged_block *b = stage(s, stream, h, data);
    if (b == NULL) {
        s->stats.refused_full++;
        s->seal_due = true; /* it makes room, and need not wait for the next look */
        return false;
    }
    note_times(b, block);
    if (stream == STREAM_LIVE)
        keep_matrix(&s->staging, block);
    m->staged_sequence = h->sequence + h->count - 1;
    m->staged_blocks++;
    s->states[h->instance].staged_received_ms = h->received_ms;
    count_staged(s, h->instance, stream, block);
    if (stream == STREAM_LIVE)
        tables_sampled(s, h->instance);
    else
        tables_changed(s, h->instance);
    if (s->instances[h->instance].deleted_ms != 0) { /* it speaks again */
        s->instances[h->instance].deleted_ms = 0;
        tables_facts_changed(s, h->instance);
    }
    return true;
}

int store_append(struct store *s, uint32_t instance, enum store_stream stream, uint64_t sequence,
                 const struct block_matrix *block, const uint8_t *data, uint32_t size, struct wall received)
{
    ASSERT(instance < s->instance_count);
    struct stream *m = stream_of(s, instance, stream);
    struct instance *facts = &s->instances[instance];
    if (!is_sane(m, sequence, block, size))
        return ERR_MALFORMED;
    uint64_t last = sequence + block->count - 1;
    if (last <= m->staged_sequence) {
        facts->duplicate_count += block->count;
        return 0;
    }
    if (sequence <= m->staged_sequence)
        return ERR_MALFORMED;
    const struct journal_header h = {.instance = instance, .size = size, .epoch = m->epoch,
                                     .sequence = sequence, .received_ms = wall_ms(received),
                                     .count = block->count};
    uint64_t gap = sequence - m->staged_sequence - 1;
    if (!staging_put(s, stream, &h, block, data))
        return ERR_FULL;
    facts->gap_count += gap;
    return (int)block->count;
}

/* --- feed --- */

uint64_t store_feed_end(const struct store *s)
{
    return s->staging.committed;
}

bool store_feed_next(struct store *s, uint64_t *cursor, uint64_t *missed, struct store_feed_block *out)
{
    const struct staging *g = &s->staging;
    if (*cursor < g->oldest) {
        *missed += g->oldest - *cursor;
        *cursor = g->oldest;
    }
    while (*cursor < g->committed) {
        const struct staged_matrix *kept = matrix_at(g, *cursor);
        bool is_kept = kept->number == *cursor + 1;
        const struct staged_block *b = block_at(g, (*cursor)++);
        const uint8_t *entry = g->bytes + b->at;
        struct journal_header h;
        uint32_t slot_count;
        journal_peek_header(entry, &h);
        const uint16_t *series_of_slot = epoch_slots(s, h.instance, h.epoch, &slot_count);
        if (series_of_slot == NULL) { /* an old epoch's dictionary that cannot be read now */
            (*missed)++;
            continue;
        }
        *out = (struct store_feed_block){.instance = h.instance, .sequence = h.sequence,
                                         .stream = b->is_late ? STREAM_HISTORY : b->stream,
                                         .data = entry + JOURNAL_HEADER_SIZE,
                                         .matrix = is_kept ? &kept->block : NULL,
                                         .size = h.size, .count = h.count,
                                         .series_of_slot = series_of_slot};
        return true;
    }
    return false;
}
