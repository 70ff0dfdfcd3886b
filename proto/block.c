/* SPDX-License-Identifier: MIT */
/* Blocks of samples, column by column; the layout is in block.h. */
#include "proto/block.h"

#include <string.h>

#include "platform/base/bytes.h"

#define TIME_MS_MAX INT64_C(7258118400000) /* 2200-01-01: a later clock is a broken clock */

static bool is_dense(const struct block_matrix *m)
{
    return m->slot_count == 0 || m->slots[m->slot_count - 1] == m->slot_count - 1;
}

static struct processes view_of(struct block_processes *b)
{
    return (struct processes){.ids = b->ids, .uses = b->uses, .ids_max = COUNT_OF(b->ids),
                              .uses_max = COUNT_OF(b->uses), .id_count = b->id_count,
                              .use_count = b->use_count};
}

static void take_back(struct block_processes *b, const struct processes *view)
{
    b->id_count = view->id_count;
    b->use_count = view->use_count;
}

struct processes block_processes_view(const struct block_processes *b)
{
    return view_of((struct block_processes *)(uintptr_t)b); /* the caller only reads */
}

int block_processes_add(struct block_processes *b, uint32_t sample, const struct process_tops *tops)
{
    struct processes view = view_of(b);
    int err = processes_add(&view, sample, tops);
    take_back(b, &view);
    return err;
}

void block_processes_drop(struct block_processes *b, uint32_t count)
{
    struct processes view = view_of(b);
    processes_drop(&view, count);
}

static uint32_t put_slots(const struct block_matrix *m, uint8_t *to)
{
    uint32_t at = put_varint(to, m->slot_count);
    to[at++] = is_dense(m) ? 0 : 1;
    if (is_dense(m))
        return at;
    uint32_t bitmap_size = m->slots[m->slot_count - 1] / 8U + 1U;
    to[at++] = (uint8_t)bitmap_size;
    memset(to + at, 0, bitmap_size);
    for (uint32_t i = 0; i < m->slot_count; i++)
        to[at + m->slots[i] / 8U] |= (uint8_t)(1U << m->slots[i] % 8U);
    return at + bitmap_size;
}

int block_encode(const struct block_matrix *m, uint8_t *to, uint32_t size)
{
    ASSERT(m->count >= 1 && m->count <= BLOCK_SAMPLES_MAX && m->slot_count <= SLOTS_MAX);
    if (size < VARINT_SIZE_MAX + 2 + SLOTS_MAX / 8)
        return ERR_FULL;
    uint32_t at = put_slots(m, to);
    int n = column_encode(m->time_ms, m->count, to + at, size - at);
    for (uint32_t i = 0; n >= 0 && i < m->slot_count; i++) {
        at += (uint32_t)n;
        n = column_encode(m->values[i], m->count, to + at, size - at);
    }
    if (n < 0)
        return n;
    at += (uint32_t)n;
    int64_t work[BLOCK_SAMPLES_MAX];
    const struct processes view = block_processes_view(&m->processes);
    n = processes_encode(&view, m->count, work, to + at, size - at);
    return n < 0 ? n : (int)at + n;
}

static int get_bitmap(const uint8_t *from, uint32_t size, struct block_matrix *m)
{
    if (size == 0 || from[0] == 0 || from[0] > SLOTS_MAX / 8 || size - 1 < from[0])
        return ERR_MALFORMED;
    uint32_t found = 0;
    for (uint32_t slot = 0; slot < from[0] * 8U; slot++) {
        if ((from[1 + slot / 8] >> slot % 8 & 1) == 0)
            continue;
        if (found == m->slot_count)
            return ERR_MALFORMED;
        m->slots[found++] = (uint16_t)slot;
    }
    return found == m->slot_count ? 1 + from[0] : ERR_MALFORMED;
}

static int get_slots(const uint8_t *from, uint32_t size, struct block_matrix *m)
{
    uint64_t slot_count;
    uint32_t at = get_varint(from, size, &slot_count);
    if (at == 0 || slot_count > SLOTS_MAX || at == size || from[at] > 1)
        return ERR_MALFORMED;
    m->slot_count = (uint32_t)slot_count;
    if (from[at] == 1) {
        int n = get_bitmap(from + at + 1, size - at - 1, m);
        return n < 0 ? n : (int)at + 1 + n;
    }
    for (uint32_t i = 0; i < m->slot_count; i++)
        m->slots[i] = (uint16_t)i;
    return (int)at + 1;
}

int block_decode_times(const uint8_t *from, uint32_t size, uint32_t count, struct block_matrix *m)
{
    if (count < 1 || count > BLOCK_SAMPLES_MAX)
        return ERR_MALFORMED;
    m->count = count;
    int at = get_slots(from, size, m);
    if (at < 0)
        return at;
    int n = column_decode(from + at, size - (uint32_t)at, m->time_ms, count);
    if (n < 0)
        return n;
    for (uint32_t i = 0; i < count; i++)
        if (m->time_ms[i] < 0 || m->time_ms[i] > TIME_MS_MAX)
            return ERR_MALFORMED;
    return at + n;
}

int block_decode(const uint8_t *from, uint32_t size, uint32_t count, struct block_matrix *m)
{
    int at = block_decode_times(from, size, count, m);
    for (uint32_t i = 0; at >= 0 && i < m->slot_count; i++) {
        int n = column_decode(from + at, size - (uint32_t)at, m->values[i], count);
        at = n < 0 ? n : at + n;
    }
    if (at < 0)
        return at;
    int64_t work[BLOCK_SAMPLES_MAX];
    struct processes processes = view_of(&m->processes);
    int err = processes_decode(from + at, size - (uint32_t)at, count, work, &processes);
    take_back(&m->processes, &processes);
    return err;
}
