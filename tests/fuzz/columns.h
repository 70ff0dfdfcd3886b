/* SPDX-License-Identifier: MIT */
/* A codec of columns, both ways. First two bytes of the input: how many values, and which way.
 *
 * Decoding: foreign bytes, then the decoded values are packed and read again. Packing: the bytes are
 * values (repeated to fill the count). Promise: what was packed reads as the same values from exactly the
 * bytes written, and never takes more than COLUMN_SIZE_MAX.
 *
 * Who includes this has defined COUNT_MAX, how many values there may be. */
#ifndef NEPHOS_TESTS_FUZZ_COLUMNS_H
#define NEPHOS_TESTS_FUZZ_COLUMNS_H

#include "tests/fuzz/fuzz.h"

#include "proto/column.h"

static int64_t values[COUNT_MAX], back[COUNT_MAX];
static uint8_t room[COLUMN_SIZE_MAX(COUNT_MAX)];

/* Packs the values and leaves them as they are: bytes written, above 0. */
static int pack(int64_t *from, uint32_t count, uint8_t *to, uint32_t size_max);
/* Bytes that the count of values took, or ERR_MALFORMED. */
static int unpack(const uint8_t *bytes, uint32_t size, int64_t *to, uint32_t count);

static void check_round_trip(uint32_t count)
{
    memcpy(back, values, count * sizeof values[0]);
    int size = pack(values, count, room, COLUMN_SIZE_MAX(count));
    FUZZ_CHECK(size > 0 && memcmp(values, back, count * sizeof values[0]) == 0);
    uint8_t *exact = fuzz_exact(room, (size_t)size);
    FUZZ_CHECK(unpack(exact, (uint32_t)size, back, count) == size);
    FUZZ_CHECK(memcmp(values, back, count * sizeof values[0]) == 0);
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 3)
        return 0;
    uint32_t word = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8;
    uint32_t count = word % COUNT_MAX + 1;
    bytes += 2;
    size -= 2;
    if (word >> 15 == 0) {
        uint8_t *exact = fuzz_exact(bytes, size);
        int n = unpack(exact, (uint32_t)size, values, count);
        FUZZ_CHECK(n == ERR_MALFORMED || (n > 0 && (size_t)n <= size));
        free(exact);
        if (n < 0)
            return 0;
    } else {
        for (uint32_t i = 0; i < count; i++)
            for (uint32_t b = 0; b < 8; b++)
                ((uint8_t *)&values[i])[b] = bytes[(i * 8 + b) % size];
    }
    check_round_trip(count);
    return 0;
}

#endif
