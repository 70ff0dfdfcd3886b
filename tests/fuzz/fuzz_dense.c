/* SPDX-License-Identifier: MIT */
/* Dense columns, as chunks have them; see columns.h. */
#define COUNT_MAX 2048U /* with tables of either size */
#include "tests/fuzz/columns.h"

#include "aggregator/store/dense.h"

static struct dense_work work;

static int pack(int64_t *from, uint32_t count, uint8_t *to, uint32_t size_max)
{
    return dense_pack(&work, from, count, to, size_max);
}

static int unpack(const uint8_t *bytes, uint32_t size, int64_t *to, uint32_t count)
{
    return dense_decode(bytes, size, to, count);
}
