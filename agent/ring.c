/* SPDX-License-Identifier: MIT */
/* The byte ring of blocks; see ring.h. While `wrap` is zero the blocks lie in [tail, head); otherwise the
 * older ones lie in [tail, wrap) and the newer ones in [0, head), and head <= tail. */
#include "agent/ring.h"

#include <string.h>

#include "platform/base/bytes.h"
#include "proto/limits.h"

#define HEADER_SIZE 16U
#define WALK_END UINT32_MAX

static void check(const struct ring *r)
{
    ASSERT(r->head <= r->size && r->tail <= r->size && r->wrap <= r->size);
    ASSERT(r->wrap == 0 ? r->tail <= r->head : r->head <= r->tail && r->tail < r->wrap);
}

void ring_init(struct ring *r, uint8_t *bytes, uint32_t size)
{
    *r = (struct ring){.bytes = bytes, .size = size, .doubt_first = 1};
    /* Touched now, every page of it is resident from the start: an outage does not make us larger. */
    memset(bytes, 0, size);
}

static struct ring_block block_at(const struct ring *r, uint32_t at)
{
    const uint8_t *header = r->bytes + at;
    return (struct ring_block){
        .sequence = get_u64(header),
        .count = get_u16(header + 8),
        .size = get_u32(header + 12),
        .data = header + HEADER_SIZE,
    };
}

static uint64_t last_sequence(const struct ring_block *b)
{
    return b->sequence + b->count - 1;
}

/* Forgets the oldest block. */
static void drop(struct ring *r, const struct ring_block *oldest)
{
    r->block_count--;
    r->sample_count -= oldest->count;
    r->tail += HEADER_SIZE + oldest->size;
    if (r->wrap != 0 && r->tail == r->wrap) {
        r->tail = 0;
        r->wrap = 0;
    }
    if (r->block_count == 0) {
        r->head = 0;
        r->tail = 0;
    }
    check(r);
}

static void give_up_oldest(struct ring *r)
{
    struct ring_block oldest = block_at(r, r->tail);
    r->given_up_count += oldest.count;
    if (last_sequence(&oldest) > r->sent_sequence) {
        r->lost_count += oldest.count;
    } else {
        if (oldest.sequence != r->doubt_last + 1) {
            r->lost_count += ring_in_doubt(r); /* none, unless a peer let the whole ring pass by */
            r->doubt_first = oldest.sequence;
        }
        r->doubt_last = last_sequence(&oldest);
    }
    drop(r, &oldest);
}

/* Moves the head to the start when the block does not fit behind it; false when older blocks are in the
 * way. */
static bool make_place(struct ring *r, uint32_t total)
{
    if (r->wrap != 0)
        return r->tail - r->head >= total;
    if (r->size - r->head >= total)
        return true;
    if (r->tail < total)
        return false;
    r->wrap = r->head;
    r->head = 0;
    return true;
}

void ring_push(struct ring *r, uint64_t sequence, uint32_t count, const uint8_t *data, uint32_t size)
{
    check(r);
    ASSERT(size <= r->size - HEADER_SIZE);
    ASSERT(count >= 1 && count <= UINT16_MAX);
    uint32_t total = HEADER_SIZE + size;
    while (!make_place(r, total))
        give_up_oldest(r);
    uint8_t *header = r->bytes + r->head;
    put_u64(header, sequence);
    put_u16(header + 8, (uint16_t)count);
    put_u16(header + 10, 0);
    put_u32(header + 12, size);
    memcpy(header + HEADER_SIZE, data, size);
    r->head += total;
    r->block_count++;
    r->sample_count += count;
    if (count >= BLOCK_SAMPLES_MAX / 2) {
        r->pushed_blocks++;
        r->pushed_samples += count;
        r->pushed_bytes += size;
    }
    if (ring_used(r) > r->high_water)
        r->high_water = ring_used(r);
    check(r);
}

/* *at is one more than the place of the next block, so that 0 can mean the oldest. */
bool ring_walk(const struct ring *r, uint32_t *at, struct ring_block *out)
{
    if (r->block_count == 0 || *at == WALK_END)
        return false;
    uint32_t place = *at == 0 ? r->tail : *at - 1;
    *out = block_at(r, place);
    uint32_t next = place + HEADER_SIZE + out->size;
    if (r->wrap != 0 && next == r->wrap)
        next = 0;
    *at = next == r->head ? WALK_END : next + 1;
    return true;
}

/* Of those in doubt, the ones up to `sequence` have arrived. */
static void settle_doubt(struct ring *r, uint64_t sequence)
{
    if (sequence >= r->doubt_first)
        r->doubt_first = sequence < r->doubt_last ? sequence + 1 : r->doubt_last + 1;
}

uint64_t ring_acknowledge(struct ring *r, uint64_t sequence)
{
    uint64_t dropped = 0;
    while (r->block_count > 0) {
        struct ring_block oldest = block_at(r, r->tail);
        if (last_sequence(&oldest) > sequence)
            break;
        dropped += oldest.count;
        drop(r, &oldest);
    }
    settle_doubt(r, sequence);
    return dropped;
}

void ring_move_out(struct ring *r)
{
    ASSERT(r->block_count > 0);
    struct ring_block oldest = block_at(r, r->tail);
    drop(r, &oldest);
}

void ring_begin(struct ring *r)
{
    ASSERT(r->block_count == 0 && ring_in_doubt(r) == 0);
    r->sent_sequence = 0;
    r->doubt_first = 1;
    r->doubt_last = 0;
}

uint64_t ring_oldest_sequence(const struct ring *r)
{
    return r->block_count == 0 ? 0 : get_u64(r->bytes + r->tail);
}

void ring_sent(struct ring *r, uint64_t sequence)
{
    ASSERT(sequence >= r->sent_sequence);
    r->sent_sequence = sequence;
}

void ring_restart(struct ring *r, uint64_t sequence)
{
    ring_acknowledge(r, sequence);
    r->lost_count += ring_in_doubt(r);
    r->doubt_first = r->doubt_last + 1;
    r->sent_sequence = sequence;
}

uint64_t ring_in_doubt(const struct ring *r)
{
    return r->doubt_last + 1 - r->doubt_first;
}
