/* SPDX-License-Identifier: MIT */
/* Writes a Snappy block: each four bytes are looked up among those seen before, in pieces of 64 KiB so that
 * an offset fits two bytes. The table of where they were is on the stack and small: what it misses is only
 * compressed less. */
#include "proto/snappy.h"

#include "platform/base/bytes.h"

#define PIECE_SIZE 65536U
#define TABLE_BITS 11U
#define MATCH_MIN 4U
#define COPY_MAX 64U

struct encoder {
    uint8_t *to;
    uint32_t length;
};

static uint32_t slot_of(uint32_t four)
{
    return four * 0x1e35a7bdU >> (32 - TABLE_BITS);
}

static void put_literal(struct encoder *e, const uint8_t *from, uint32_t size)
{
    if (size == 0)
        return;
    uint32_t n = size - 1;
    if (n < 60) {
        e->to[e->length++] = (uint8_t)(n << 2);
    } else {
        uint32_t bytes = n < 256 ? 1 : 2; /* a piece has no more than 65,536 */
        e->to[e->length++] = (uint8_t)((59 + bytes) << 2);
        e->to[e->length++] = (uint8_t)n;
        if (bytes == 2)
            e->to[e->length++] = (uint8_t)(n >> 8);
    }
    memcpy(e->to + e->length, from, size);
    e->length += size;
}

/* Elements with an offset of two bytes; none of the last is shorter than a copy may be. */
static void put_copy(struct encoder *e, uint32_t offset, uint32_t size)
{
    while (size > 0) {
        uint32_t n = size <= COPY_MAX ? size : size < COPY_MAX + MATCH_MIN ? COPY_MAX - MATCH_MIN : COPY_MAX;
        e->to[e->length++] = (uint8_t)((n - 1) << 2 | 2);
        put_u16(e->to + e->length, (uint16_t)offset);
        e->length += 2;
        size -= n;
    }
}

static void put_piece(struct encoder *e, const uint8_t *from, uint32_t size)
{
    uint16_t table[1U << TABLE_BITS] = {0}; /* where these four were seen last; 0 may also be "never" */
    uint32_t at = 0, told = 0;
    while (at + MATCH_MIN <= size) {
        uint32_t four = get_u32(from + at), slot = slot_of(four), before = table[slot];
        table[slot] = (uint16_t)at;
        if (before >= at || get_u32(from + before) != four) {
            at += 1 + ((at - told) >> 5); /* what does not repeat is passed over faster and faster */
            continue;
        }
        uint32_t n = MATCH_MIN;
        while (at + n < size && from[before + n] == from[at + n])
            n++;
        put_literal(e, from + told, at - told);
        put_copy(e, at - before, n);
        at += n;
        told = at;
    }
    put_literal(e, from + told, size - told);
}

int snappy_encode(const uint8_t *from, uint32_t size, uint8_t *to, uint32_t room)
{
    if (size > INT32_MAX || room < SNAPPY_SIZE_MAX(size))
        return ERR_FULL;
    struct encoder e = {.to = to};
    e.length = put_varint(to, size);
    for (uint32_t at = 0; at < size; at += PIECE_SIZE)
        put_piece(&e, from + at, size - at < PIECE_SIZE ? size - at : PIECE_SIZE);
    return (int)e.length;
}
