/* SPDX-License-Identifier: MIT */
/* A protobuf message read field by field, where it lies. protobuf-c would build a tree of all labels of
 * all series first, several times the size of the message; here nothing is built, and nothing can run out. */
#ifndef NEPHOS_PROTO_FIELDS_H
#define NEPHOS_PROTO_FIELDS_H

#include "platform/base/bytes.h"

enum field_type { FIELD_VARINT = 0, FIELD_64 = 1, FIELD_BYTES = 2, FIELD_32 = 5 };

struct bytes {
    const uint8_t *at;
    uint32_t size;
};

struct fields {
    const uint8_t *at, *end;
    bool is_bad;           /* the message does not parse from here on */
    /* the field at hand */
    uint32_t number;
    enum field_type type;
    uint64_t value;        /* of all types but FIELD_BYTES */
    struct bytes bytes;
};

static inline struct fields fields_of(struct bytes message)
{
    return (struct fields){.at = message.at, .end = message.at + message.size};
}

/* The next field; false at the end, or when the rest does not parse. Fields of unknown numbers are the
 * caller's to pass over. */
bool fields_next(struct fields *f);

static inline bool fields_is(const struct fields *f, uint32_t number, enum field_type type)
{
    return f->number == number && f->type == type;
}

static inline double fields_double(const struct fields *f)
{
    double value;
    memcpy(&value, &f->value, sizeof value);
    return value;
}

#endif
