/* SPDX-License-Identifier: MIT */
/* Sealing pushed samples: what lies in the journal as it came is put in order of time. Samples of one time
 * make one row of a chunk, whatever blocks they came in; a series is present where it was told. */
#include <string.h>

#include "aggregator/store/state.h"
#include "platform/base/heap.h"

/* Entries that fit, oldest first, into rows; returns the newest of their sequences. */
static int gather(struct seal *seal, uint32_t *row_count, uint64_t *last)
{
    struct store *s = seal->s;
    struct push_row *rows = s->scratch->rows;
    const struct block_matrix *block = &s->scratch->block;
    uint32_t values = 0, at = s->states[seal->instance].pending.first;
    for (; at != JOURNAL_NONE; at = s->journal.entries[at].next) {
        const struct journal_entry *entry = &s->journal.entries[at];
        if (entry->epoch != seal->epoch)
            continue;
        if (*row_count + entry->count > CHUNK_BUILD_SAMPLES)
            break;
        int err = reading_block(s, &seal->reader, seal->instance, entry);
        if (err != ERR_OK && err != ERR_MALFORMED)
            return err;
        if (err == ERR_OK) {
            if (values + entry->count * block->slot_count > CHUNK_VALUES_MAX)
                break;
            values += entry->count * block->slot_count;
            for (uint32_t k = 0; k < entry->count; k++, (*row_count)++)
                rows[*row_count] = (struct push_row){.ms = block->time_ms[k], .entry = at,
                                                     .order = (uint16_t)*row_count};
        }
        *last = entry->sequence + entry->count - 1;
        seal->samples += entry->count;
        seal->taken++;
    }
    ASSERT(seal->taken > 0); /* or what was sealed before would be forgotten */
    return ERR_OK;
}

static bool is_before(const void *a, const void *b)
{
    const struct push_row *x = (const struct push_row *)a, *y = (const struct push_row *)b;
    return x->ms != y->ms ? x->ms < y->ms : x->order < y->order;
}

static uint32_t place_of(const struct chunk_builder *b, int64_t ms)
{
    uint32_t from = 0, to = b->count;
    while (from < to) {
        uint32_t middle = (from + to) / 2;
        if (b->time_ms[middle] < ms)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* Puts the values of the decoded block that belong to rows of the chunk where their row is. */
static void scatter(struct chunk_builder *b, const struct block_matrix *block, const uint16_t *slots,
                    uint32_t slot_count)
{
    for (uint32_t k = 0; k < block->count; k++) {
        uint32_t row = place_of(b, block->time_ms[k]), column = UINT32_MAX;
        if (row == b->count || b->time_ms[row] != block->time_ms[k])
            continue;
        for (uint32_t i = 0; i < block->slot_count; i++) {
            if (block->slots[i] >= slot_count)
                continue;
            column = chunk_column(b, slots[block->slots[i]], column + 1);
            ASSERT(column != CHUNK_COLUMN_NONE); /* a page has no more */
            uint64_t bit = UINT64_C(1) << row % 64;
            if ((b->present[column][row / 64] & bit) != 0)
                continue; /* store_push lets nothing in twice; the first would stay */
            b->present[column][row / 64] |= bit;
            b->values[column][row] = block->values[i][k];
            b->lengths[column]++;
            b->value_count++;
        }
    }
}

/* Values stand at their rows; a chunk wants them one behind the other. */
static void close_up(struct chunk_builder *b)
{
    for (uint32_t column = 0; column < b->column_count; column++) {
        uint32_t to = 0;
        for (uint32_t row = 0; b->lengths[column] < b->count && row < b->count; row++)
            if ((b->present[column][row / 64] >> row % 64 & 1) != 0)
                b->values[column][to++] = b->values[column][row];
    }
}

/* One chunk of the rows from..to-1, at most an hour of them. */
static int build(struct seal *seal, uint32_t from, uint32_t to)
{
    struct store *s = seal->s;
    struct chunk_builder *b = s->builder;
    const struct push_row *rows = s->scratch->rows;
    int64_t first_ms = rows[from].ms, last_ms = rows[to - 1].ms;
    chunk_reset(b);
    for (uint32_t i = from; i < to; i++)
        if (b->count == 0 || b->time_ms[b->count - 1] != rows[i].ms)
            b->time_ms[b->count++] = rows[i].ms;
    uint32_t left = seal->taken, at = s->states[seal->instance].pending.first;
    for (; left > 0; at = s->journal.entries[at].next) {
        const struct journal_entry *entry = &s->journal.entries[at];
        uint32_t slot_count;
        if (entry->epoch != seal->epoch)
            continue;
        left--;
        if (entry->max_ms < first_ms || entry->min_ms > last_ms)
            continue;
        int err = reading_block(s, &seal->reader, seal->instance, entry);
        if (err != ERR_OK && err != ERR_MALFORMED)
            return err;
        const uint16_t *slots = epoch_slots(s, seal->instance, seal->epoch, &slot_count);
        if (err == ERR_OK && slots != NULL)
            scatter(b, &s->scratch->block, slots, slot_count);
        seal->last_sequence = entry->sequence + entry->count - 1;
    }
    close_up(b);
    return seal_flush(seal);
}

int push_seal_entries(struct seal *seal)
{
    struct push_row *rows = seal->s->scratch->rows;
    uint32_t count = 0;
    uint64_t last = 0;
    int err = gather(seal, &count, &last);
    uint64_t damaged = seal->s->damaged;
    heap_sort(rows, count, sizeof rows[0], is_before);
    for (uint32_t from = 0, to; err == ERR_OK && from < count; from = to) {
        for (to = from + 1; to < count && floor_ms(rows[to].ms, HOUR_MS) == floor_ms(rows[from].ms, HOUR_MS);)
            to++;
        seal->first_sequence = seal->s->journal.entries[rows[from].entry].sequence;
        err = build(seal, from, to);
    }
    seal->s->damaged = damaged; /* what is read twice is counted once */
    return err == ERR_OK ? epoch_put_sealed(seal->s, seal->instance, seal->epoch, last) : err;
}
