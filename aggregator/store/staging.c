/* SPDX-License-Identifier: MIT */
/* The staging area: blocks on their way to disk, kept afterwards for who follows the feed.
 *
 * A block is copied once, with its journal header in front; the commit hands the same bytes to SQLite,
 * and the feed hands out pointers to them. */
#include <string.h>

#include "aggregator/store/state.h"

static_assert(BLOCK_DATA_MAX <= UINT16_MAX, "journal_entry keeps sizes in 16 bits");
static_assert(JOURNAL_HEADER_SIZE + BLOCK_DATA_MAX <= JOURNAL_ROW_SIZE_MAX, "an entry fits in a row");

void staging_init(struct staging *g, uint8_t *bytes, struct staged_block *blocks)
{
    *g = (struct staging){.bytes = bytes, .blocks = blocks};
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
    g->head = at + size;
    g->staged_bytes += size;
    return b;
}

static bool is_sane(const struct instance_state *st, uint64_t sequence, const struct block_matrix *block,
                    uint32_t size)
{
    if (!st->has_epoch || size > BLOCK_DATA_MAX || block->count < 1 || block->count > BLOCK_SAMPLES_MAX)
        return false;
    if (sequence < 1 || sequence > (uint64_t)INT64_MAX - BLOCK_SAMPLES_MAX)
        return false;
    return block->slot_count == 0 || block->slots[block->slot_count - 1] < st->slot_count;
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
    const uint16_t *series_of_slot = slots_of(s, instance);
    struct newest_value *newest = newest_of(s, instance);
    uint32_t last = block->count - 1;
    for (uint32_t i = 0; i < block->slot_count; i++)
        newest[series_of_slot[block->slots[i]]] =
            (struct newest_value){.value = block->values[i][last], .ms = block->time_ms[last]};
}

/* A block more must find room in the index of the journal once it is committed. */
static bool is_held_back(const struct store *s, const struct instance_state *st)
{
    return st->pending.count + st->staged_blocks >= PENDING_MAX ||
           s->journal.used + s->staged_entries >= s->journal.capacity;
}

int store_append(struct store *s, uint32_t instance, uint64_t sequence, const struct block_matrix *block,
                 const uint8_t *data, uint32_t size, struct wall received)
{
    struct instance_state *st = &s->states[instance];
    struct instance *facts = &s->instances[instance];
    ASSERT(instance < s->instance_count);
    if (!is_sane(st, sequence, block, size))
        return ERR_MALFORMED;
    uint64_t last = sequence + block->count - 1;
    if (last <= st->staged_sequence) {
        facts->duplicate_count += block->count;
        return 0;
    }
    if (sequence <= st->staged_sequence)
        return ERR_MALFORMED;
    struct staged_block *b = is_held_back(s, st) ? NULL : push(&s->staging, JOURNAL_HEADER_SIZE + size);
    if (b == NULL) {
        s->stats.refused_full++;
        return ERR_FULL;
    }
    uint8_t *to = s->staging.bytes + b->at;
    struct journal_header h = {.instance = instance, .size = size, .epoch = st->epoch,
                               .sequence = sequence, .received_ms = wall_ms(received),
                               .count = block->count};
    memcpy(to + JOURNAL_HEADER_SIZE, data, size);
    journal_put_header(s->sums, &h, to);
    note_times(b, block);
    note_newest(s, instance, block);
    facts->gap_count += sequence - st->staged_sequence - 1;
    st->staged_sequence = last;
    st->staged_blocks++;
    st->staged_samples += block->count;
    st->staged_values += block->count * block->slot_count;
    st->staged_last_ms = block->time_ms[block->count - 1];
    st->staged_received_ms = h.received_ms;
    s->staged_entries++;
    tables_changed(s, instance);
    memory_use(s->lines[LINE_STAGING], s->staging.staged_bytes);
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
        const uint8_t *entry = g->bytes + block_at(g, (*cursor)++)->at;
        struct journal_header h;
        uint32_t slot_count;
        journal_peek_header(entry, &h);
        const uint16_t *series_of_slot = epoch_slots(s, h.instance, h.epoch, &slot_count);
        if (series_of_slot == NULL) { /* an old epoch's dictionary that cannot be read now */
            (*missed)++;
            continue;
        }
        *out = (struct store_feed_block){.instance = h.instance, .sequence = h.sequence,
                                         .data = entry + JOURNAL_HEADER_SIZE, .size = h.size,
                                         .count = h.count, .series_of_slot = series_of_slot};
        return true;
    }
    return false;
}
