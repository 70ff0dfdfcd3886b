/* SPDX-License-Identifier: MIT */
/* Proof that the fuzzing works at all: a parser with a planted bug. `make fuzz-canary` fails unless the bug
 * is found within seconds. The parser trusts the length in its fourth byte. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 5 || bytes[0] != 'N' || bytes[1] != 'P' || bytes[2] != 'H')
        return 0;
    uint8_t *copy = fuzz_exact(bytes + 4, size - 4);
    volatile uint8_t sum = 0;
    for (uint32_t i = 0; i < bytes[3]; i++)
        sum = (uint8_t)(sum + copy[i]);
    free(copy);
    return 0;
}
