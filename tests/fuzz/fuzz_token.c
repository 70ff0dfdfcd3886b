/* SPDX-License-Identifier: MIT */
/* A join token as somebody pasted it. Promise: what reads as a token writes as the same text. */
#include "tests/fuzz/fuzz.h"

#include "proto/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct token t;
    char again[TOKEN_TEXT_SIZE];
    char *text = fuzz_text(bytes, size);
    int err = token_read(text, &t);
    FUZZ_CHECK(err == ERR_OK || err == ERR_MALFORMED);
    if (err == ERR_OK) {
        token_write(&t, again);
        FUZZ_CHECK(strstr(text, again) != NULL);
    }
    free(text);
    return 0;
}
