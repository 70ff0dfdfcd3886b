/* SPDX-License-Identifier: MIT */
/* Blocks of Snappy from anywhere. Promise: nothing is written beyond the room, and what is decoded is as
 * long as the block says. The bytes themselves, made a block, come back as they were. */
#include "tests/fuzz/fuzz.h"

#include "proto/snappy.h"

static void there_and_back(const uint8_t *bytes, uint32_t size)
{
    uint32_t room = SNAPPY_SIZE_MAX(size);
    uint8_t *block = malloc(room), *back = malloc(size + 1U);
    FUZZ_CHECK(block != NULL && back != NULL);
    int n = snappy_encode(bytes, size, block, room);
    FUZZ_CHECK(n > 0 && snappy_decode(block, (uint32_t)n, back, size) == (int)size);
    FUZZ_CHECK(memcmp(bytes, back, size) == 0);
    free(block);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2)
        return 0;
    uint32_t room = (uint32_t)bytes[0] << 4;
    uint8_t *to = fuzz_exact("", 0), *more = realloc(to, room + 1U);
    uint8_t *exact = fuzz_exact(bytes + 1, size - 1);
    FUZZ_CHECK(more != NULL);
    int n = snappy_decode(exact, (uint32_t)size - 1, more, room);
    FUZZ_CHECK(n == ERR_FULL || n == ERR_MALFORMED || (n >= 0 && (uint32_t)n <= room));
    there_and_back(exact, (uint32_t)size - 1);
    free(more);
    free(exact);
    return 0;
}
