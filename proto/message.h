/* SPDX-License-Identifier: MIT */
/* A protobuf message written field by field into a buffer: the other half of fields.h, for messages of other
 * people's that are made of many small ones. protobuf-c would want a tree of all of them first.
 *
 * A message inside a message is begun, filled and ended; ends come in the opposite order of beginnings. What
 * does not fit is left out and `truncated` is set; the bytes are then of no use. */
#ifndef NEPHOS_MESSAGE_H
#define NEPHOS_MESSAGE_H

#include "platform/base/bytes.h"

struct message {
    uint8_t *at;
    uint32_t size, length;
    bool truncated;
};

static inline struct message message_into(void *to, uint32_t size)
{
    return (struct message){.at = to, .size = size};
}

/* Numbers from 1; fields of the value 0 are written too. */
void message_varint(struct message *m, uint32_t number, uint64_t value);
void message_fixed64(struct message *m, uint32_t number, uint64_t value);
void message_double(struct message *m, uint32_t number, double value);
void message_bytes(struct message *m, uint32_t number, const void *bytes, uint32_t size);
void message_text(struct message *m, uint32_t number, const char *text);
/* What message_end() wants to know. */
uint32_t message_begin(struct message *m, uint32_t number);
void message_end(struct message *m, uint32_t begun);

#endif
