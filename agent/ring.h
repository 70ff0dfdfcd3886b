/* SPDX-License-Identifier: MIT */
/* The ring: encoded blocks that the aggregator has not acknowledged yet, oldest first.
 *
 * The sampler fills it, the uplink empties it, and a block leaves only when it is acknowledged, or when
 * a newer one needs its room: then its samples are counted as lost. Blocks stand as
 *     u64 sequence   u16 count   u16 zero   u32 size   data
 * one behind the other in a byte ring; a block never wraps (a gap at the end is skipped).
 *
 * A block may have to be given up while it is on its way. Its samples are in doubt until the connection
 * tells: an acknowledgement says that they arrived, the next Welcome settles the rest. So always
 *     samples taken = acknowledged + moved out + sample_count + in doubt + lost_count. */
#ifndef NEPHOS_RING_H
#define NEPHOS_RING_H

#include "platform/base/base.h"

struct ring_block {
    uint64_t sequence; /* of its first sample */
    uint32_t count;
    uint32_t size;
    const uint8_t *data;
};

struct ring {
    uint8_t *bytes;
    uint32_t size;
    uint32_t head;          /* where the next block goes */
    uint32_t tail;          /* the oldest block */
    uint32_t wrap;          /* end of the used part behind the tail, when the head is before it; else 0 */
    uint32_t block_count;
    uint64_t sample_count;  /* in the ring */
    uint64_t lost_count;    /* samples given up because there was no room */
    uint64_t given_up_count; /* the same, and those that may have arrived */
    uint32_t high_water;    /* most bytes ever in use */
    /* ever, of blocks that are at least half as long as they can be: how large one is in an outage */
    uint64_t pushed_blocks, pushed_samples, pushed_bytes;
    /* uplink -> ring */
    uint64_t sent_sequence; /* newest sample that was sent over this connection */
    uint64_t doubt_first;   /* given up while on their way; none when first > last */
    uint64_t doubt_last;
};

void ring_init(struct ring *r, uint8_t *bytes, uint32_t size);
/* Copies a block in, giving up the oldest ones as needed. A block larger than the ring is a bug. */
void ring_push(struct ring *r, uint64_t sequence, uint32_t count, const uint8_t *data, uint32_t size);
/* The n-th oldest block for a walk: start with *at = 0 and call until false. Nothing may be pushed or
 * acknowledged meanwhile. */
bool ring_walk(const struct ring *r, uint32_t *at, struct ring_block *out);
/* Drops blocks whose last sample is at or before `sequence`. Number of samples dropped. */
uint64_t ring_acknowledge(struct ring *r, uint64_t sequence);
/* Bytes in use. */
static inline uint32_t ring_used(const struct ring *r)
{
    return r->wrap == 0 ? r->head - r->tail : r->wrap - r->tail + r->head;
}
uint64_t ring_oldest_sequence(const struct ring *r); /* 0 when empty */
/* Forgets the oldest block: it is held elsewhere from now on. */
void ring_move_out(struct ring *r);
/* The next block begins a new line of sequences. The ring is empty, and nothing of it is in doubt. */
void ring_begin(struct ring *r);

/* Samples up to `sequence` are on their way. */
void ring_sent(struct ring *r, uint64_t sequence);
/* A new connection begins after `sequence`, which is durable: acknowledges it; everything newer that was
 * given up is lost, and everything newer that is held will be sent again. */
void ring_restart(struct ring *r, uint64_t sequence);
uint64_t ring_in_doubt(const struct ring *r);

#endif
