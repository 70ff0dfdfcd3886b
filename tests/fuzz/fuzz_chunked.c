/* SPDX-License-Identifier: MIT */
/* A request body in the chunked coding. First byte: the size of the stretches in which it comes; second:
 * room for it.
 *
 * Promises: the same body however it is cut; never more bytes out than in, nor than there is room for. */
#include "tests/fuzz/fuzz.h"

#include "aggregator/api/chunked.h"

static int decode(char *text, uint32_t size, uint32_t room, uint32_t step, uint32_t *taken, uint32_t *made)
{
    struct chunked d;
    int answer = ERR_AGAIN;
    chunked_begin(&d);
    *taken = *made = 0;
    while (answer == ERR_AGAIN && *taken < size) {
        uint32_t n = size - *taken < step ? size - *taken : step, in, out;
        answer = chunked_take(&d, text + *taken, n, text + *made, room - *made, &in, &out);
        FUZZ_CHECK(in <= n && out <= in && *made + out <= room);
        FUZZ_CHECK(answer != ERR_AGAIN || in == n);
        *taken += in;
        *made += out;
    }
    return answer;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2)
        return 0;
    uint32_t step = 1 + bytes[0], room = bytes[1] % 2 == 0 ? UINT32_MAX : bytes[1];
    size -= 2;
    char *whole = fuzz_exact(bytes + 2, size), *partly = fuzz_exact(bytes + 2, size);
    uint32_t taken, made, taken_partly, made_partly;
    int a = decode(whole, (uint32_t)size, room, UINT32_MAX, &taken, &made);
    int b = decode(partly, (uint32_t)size, room, step, &taken_partly, &made_partly);
    FUZZ_CHECK(a == b && taken == taken_partly && made == made_partly);
    FUZZ_CHECK(made == 0 || memcmp(whole, partly, made) == 0);
    FUZZ_CHECK(a == ERR_OK || a == ERR_AGAIN || a == ERR_FULL || a == ERR_MALFORMED);
    free(whole);
    free(partly);
    return 0;
}
