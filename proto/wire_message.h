/* SPDX-License-Identifier: MIT */
/* What the files of messages share. Private to proto. */
#ifndef NEPHOS_WIRE_MESSAGE_H
#define NEPHOS_WIRE_MESSAGE_H

#include <string.h>

#include "nephos.pb-c.h"
#include "proto/wire.h"

/* Frame and packed message: its size, or ERR_FULL. */
int wire_put_frame(uint8_t *to, uint32_t size, enum wire_type type, const ProtobufCMessage *message);
/* The message of a frame of that type, all of it in `scratch`; NULL when it is none. */
const void *wire_unpack(const struct wire_frame *f, enum wire_type type, struct arena *scratch,
                        const ProtobufCMessageDescriptor *descriptor);

/* protobuf-c's structs serve both directions, so their texts are not const; packing only reads. */
static inline char *text_out(const char *s)
{
    return s == NULL ? (char *)(uintptr_t)"" : (char *)(uintptr_t)s;
}

static inline ProtobufCBinaryData bytes_out(struct wire_bytes b)
{
    return (ProtobufCBinaryData){.len = b.size, .data = (uint8_t *)(uintptr_t)b.at};
}

static inline struct wire_bytes bytes_in(ProtobufCBinaryData b)
{
    return (struct wire_bytes){.at = b.data, .size = (uint32_t)b.len};
}

static inline bool fits(const char *s, uint32_t size_with_terminator)
{
    return strlen(s) < size_with_terminator;
}

#endif
