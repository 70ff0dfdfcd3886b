/* SPDX-License-Identifier: MIT */
/* See snappy.h. A block is its length and then elements: bytes as they are, or copies of what was written. */
#include "proto/snappy.h"

#include "platform/base/bytes.h"

enum element { LITERAL, COPY_SHORT, COPY_LONG, COPY_FAR };

struct block {
    const uint8_t *at, *end;
    uint8_t *to;
    uint32_t written, length;
};

/* Little-endian number of `size` bytes; false when they are not there. */
static bool take(struct block *b, uint32_t size, uint32_t *out)
{
    if ((size_t)(b->end - b->at) < size)
        return false;
    *out = 0;
    for (uint32_t i = 0; i < size; i++)
        *out |= (uint32_t)b->at[i] << (8 * i);
    b->at += size;
    return true;
}

static bool put_literal(struct block *b, uint32_t tag)
{
    uint32_t length = tag >> 2;
    if (length >= 60 && !take(b, length - 59, &length))
        return false;
    /* What is stored is one less; 2^32 would become 0. */
    if (length >= b->length - b->written || length >= (size_t)(b->end - b->at))
        return false;
    length++;
    memcpy(b->to + b->written, b->at, length);
    b->at += length;
    b->written += length;
    return true;
}

/* Byte by byte: a copy may reach into what it writes itself. */
static bool put_copy(struct block *b, uint32_t length, uint32_t offset)
{
    if (offset == 0 || offset > b->written || length > b->length - b->written)
        return false;
    uint8_t *to = b->to + b->written;
    for (uint32_t i = 0; i < length; i++)
        to[i] = (to - offset)[i];
    b->written += length;
    return true;
}

static bool put_element(struct block *b)
{
    uint32_t tag = *b->at++, offset;
    switch ((enum element)(tag & 3)) {
    case LITERAL:
        return put_literal(b, tag);
    case COPY_SHORT:
        return take(b, 1, &offset) && put_copy(b, (tag >> 2 & 7) + 4, offset | (tag >> 5) << 8);
    case COPY_LONG:
        return take(b, 2, &offset) && put_copy(b, (tag >> 2) + 1, offset);
    default:
        return take(b, 4, &offset) && put_copy(b, (tag >> 2) + 1, offset);
    }
}

int snappy_decode(const uint8_t *from, uint32_t size, uint8_t *to, uint32_t room)
{
    uint64_t length;
    uint32_t n = get_varint(from, size, &length);
    if (n == 0 || length > UINT32_MAX)
        return ERR_MALFORMED;
    if (length > room || length > INT32_MAX)
        return ERR_FULL;
    struct block b = {.at = from + n, .end = from + size, .to = to, .length = (uint32_t)length};
    while (b.at < b.end)
        if (!put_element(&b))
            return ERR_MALFORMED;
    return b.written == b.length ? (int)b.length : ERR_MALFORMED;
}
