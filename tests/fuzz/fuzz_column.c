/* SPDX-License-Identifier: MIT */
/* The column codec, as blocks have it; see columns.h. */
#define COUNT_MAX 512U /* four groups; more only costs time */
#include "tests/fuzz/columns.h"

static int pack(int64_t *from, uint32_t count, uint8_t *to, uint32_t size_max)
{
    return column_encode(from, count, to, size_max);
}

static int unpack(const uint8_t *bytes, uint32_t size, int64_t *to, uint32_t count)
{
    return column_decode(bytes, size, to, count);
}
