/* SPDX-License-Identifier: MIT */
/* What every fuzz target shares. A target takes bytes from anywhere and calls one door of the program;
 * the sanitizers see stray reads and writes, FUZZ_CHECK sees broken promises.
 *
 * libFuzzer hands over an exact-size heap block, so reading past its end is seen. Text that must be
 * terminated is copied by fuzz_text. Targets may use the heap: they are tests. */
#ifndef NEPHOS_TESTS_FUZZ_H
#define NEPHOS_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A promise of the code under test; broken, it ends the run like a crash. */
#define FUZZ_CHECK(cond)                                                              \
    do {                                                                              \
        if (!(cond)) {                                                                \
            fprintf(stderr, "%s:%d: promise broken: %s\n", __FILE__, __LINE__, #cond); \
            abort();                                                                  \
        }                                                                             \
    } while (0)

/* An exact-size copy; the caller frees it. */
static inline void *fuzz_exact(const void *bytes, size_t size)
{
    void *copy = malloc(size == 0 ? 1 : size);
    FUZZ_CHECK(copy != NULL);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

/* The same, terminated. */
static inline char *fuzz_text(const void *bytes, size_t size)
{
    char *copy = malloc(size + 1);
    FUZZ_CHECK(copy != NULL);
    if (size > 0)
        memcpy(copy, bytes, size);
    copy[size] = '\0';
    return copy;
}

#endif
