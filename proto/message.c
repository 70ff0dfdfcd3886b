/* SPDX-License-Identifier: MIT */
/* See message.h. */
#include "proto/message.h"

#include "proto/fields.h"

static bool has_room(struct message *m, uint32_t size)
{
    m->truncated = m->truncated || size > m->size - m->length;
    return !m->truncated;
}

static void put_key(struct message *m, uint32_t number, enum field_type type)
{
    if (has_room(m, VARINT_SIZE_MAX))
        m->length += put_varint(m->at + m->length, (uint64_t)number << 3 | type);
}

static void put_number(struct message *m, uint64_t value)
{
    if (has_room(m, VARINT_SIZE_MAX))
        m->length += put_varint(m->at + m->length, value);
}

void message_varint(struct message *m, uint32_t number, uint64_t value)
{
    put_key(m, number, FIELD_VARINT);
    put_number(m, value);
}

void message_fixed64(struct message *m, uint32_t number, uint64_t value)
{
    put_key(m, number, FIELD_64);
    if (!has_room(m, sizeof value))
        return;
    put_u64(m->at + m->length, value);
    m->length += (uint32_t)sizeof value;
}

void message_double(struct message *m, uint32_t number, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    message_fixed64(m, number, bits);
}

void message_bytes(struct message *m, uint32_t number, const void *bytes, uint32_t size)
{
    put_key(m, number, FIELD_BYTES);
    put_number(m, size);
    if (!has_room(m, size))
        return;
    memcpy(m->at + m->length, bytes, size);
    m->length += size;
}

void message_text(struct message *m, uint32_t number, const char *text)
{
    message_bytes(m, number, text, (uint32_t)strlen(text));
}

uint32_t message_begin(struct message *m, uint32_t number)
{
    put_key(m, number, FIELD_BYTES);
    return m->length;
}

/* Only now is the length known that goes before the bytes: they move up for it. */
void message_end(struct message *m, uint32_t begun)
{
    uint8_t length[VARINT_SIZE_MAX];
    if (!has_room(m, VARINT_SIZE_MAX))
        return;
    uint32_t size = m->length - begun, n = put_varint(length, size);
    memmove(m->at + begun + n, m->at + begun, size);
    memcpy(m->at + begun, length, n);
    m->length += n;
}
