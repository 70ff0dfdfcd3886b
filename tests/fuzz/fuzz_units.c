/* SPDX-License-Identifier: MIT */
/* What a service manager answers, in pieces. First byte: the size of a piece.
 *
 * Promises: however the answer is cut, the result is the same; a number that is found has at most nine
 * digits. */
#include "tests/fuzz/fuzz.h"

#include "agent/inputs/units_search.h"

static int search(const uint8_t *bytes, size_t size, size_t piece, uint64_t *count)
{
    struct units_search s = {0};
    int result = 0;
    for (size_t at = 0; at < size && result == 0; at += piece) {
        size_t n = piece < size - at ? piece : size - at;
        char *exact = fuzz_exact(bytes + at, n);
        result = units_search(&s, exact, (uint32_t)n);
        free(exact);
    }
    *count = s.count;
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    uint64_t whole_count, count;
    if (size < 2)
        return 0;
    int whole = search(bytes + 1, size - 1, size, &whole_count);
    int result = search(bytes + 1, size - 1, 1U + bytes[0], &count);
    FUZZ_CHECK(whole == 0 || whole == 1 || whole == ERR_MALFORMED);
    FUZZ_CHECK(result == whole && (whole != 1 || (count == whole_count && count <= 999999999)));
    return 0;
}
