/* SPDX-License-Identifier: MIT */
/* Dense columns, both ways. First two bytes: how many values, and which way.
 *
 * Decoding: foreign bytes, then the decoded values are packed and read again. Packing: the bytes are
 * values (repeated to fill the count). Promise: what was packed reads as the same values from exactly the
 * bytes written, and never takes more than COLUMN_SIZE_MAX. */
#include "tests/fuzz/fuzz.h"

#include "aggregator/store/dense.h"

#define COUNT_MAX 2048U /* with tables of either size */

static struct dense_work work;
static int64_t values[COUNT_MAX], back[COUNT_MAX];
static uint8_t room[COLUMN_SIZE_MAX(COUNT_MAX)];

static void check_round_trip(uint32_t count)
{
    memcpy(back, values, count * sizeof values[0]);
    int size = dense_pack(&work, values, count, room, COLUMN_SIZE_MAX(count));
    FUZZ_CHECK(size > 0 && memcmp(values, back, count * sizeof values[0]) == 0);
    uint8_t *exact = fuzz_exact(room, (size_t)size);
    FUZZ_CHECK(dense_decode(exact, (uint32_t)size, back, count) == size);
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
        int n = dense_decode(exact, (uint32_t)size, values, count);
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
