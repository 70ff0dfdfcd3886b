/* SPDX-License-Identifier: MIT */
/* The texts that stand once in front of a message and are named by their number. */
#ifndef NEPHOS_PUSH_SYMBOLS_H
#define NEPHOS_PUSH_SYMBOLS_H

#include "proto/fields.h"

#define SYMBOLS_MAX 32768U

struct symbols {
    struct bytes list[SYMBOLS_MAX];
    uint32_t count;
};

static inline void symbols_clear(struct symbols *s)
{
    s->count = 0;
}

/* False when there are too many. */
static inline bool symbols_add(struct symbols *s, struct bytes text)
{
    if (s->count == SYMBOLS_MAX)
        return false;
    s->list[s->count++] = text;
    return true;
}

static inline bool symbols_get(const struct symbols *s, uint64_t number, struct bytes *out)
{
    if (number >= s->count)
        return false;
    *out = s->list[number];
    return true;
}

#endif
