/* SPDX-License-Identifier: MIT */
/* Blocks of Snappy from anywhere. Promise: nothing is written beyond the room, and what is decoded is as
 * long as the block says. */
#include "tests/fuzz/fuzz.h"

#include "aggregator/push/snappy.h"

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
    free(more);
    free(exact);
    return 0;
}
