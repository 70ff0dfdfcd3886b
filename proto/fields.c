/* SPDX-License-Identifier: MIT */
/* See fields.h. */
#include "proto/fields.h"

static bool bad(struct fields *f)
{
    f->is_bad = true;
    f->at = f->end;
    return false;
}

static bool take_bytes(struct fields *f)
{
    uint64_t size;
    uint32_t n = get_varint(f->at, (size_t)(f->end - f->at), &size);
    if (n == 0 || size > (size_t)(f->end - f->at) - n)
        return false;
    f->bytes = (struct bytes){f->at + n, (uint32_t)size};
    f->at += n + size;
    return true;
}

bool fields_next(struct fields *f)
{
    uint64_t key;
    if (f->at == f->end)
        return false;
    uint32_t n = get_varint(f->at, (size_t)(f->end - f->at), &key);
    if (n == 0 || key >> 3 == 0 || key >> 3 > 536870911)
        return bad(f);
    f->at += n;
    f->number = (uint32_t)(key >> 3);
    f->type = (enum field_type)(key & 7);
    size_t left = (size_t)(f->end - f->at);
    switch (f->type) {
    case FIELD_VARINT:
        n = get_varint(f->at, left, &f->value);
        f->at += n;
        return n > 0 || bad(f);
    case FIELD_64:
        if (left < 8)
            return bad(f);
        f->value = get_u64(f->at);
        f->at += 8;
        return true;
    case FIELD_32:
        if (left < 4)
            return bad(f);
        f->value = get_u32(f->at);
        f->at += 4;
        return true;
    case FIELD_BYTES:
        return take_bytes(f) || bad(f);
    default:
        return bad(f);
    }
}
