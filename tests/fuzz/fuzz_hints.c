/* SPDX-License-Identifier: MIT */
/* The hints of a configuration. Promise: what is read has names that end, and what is not is explained. */
#include "tests/fuzz/fuzz.h"

#include "aggregator/hints.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct ingest_hint hints[HINTS_MAX];
    char words[256];
    struct text why;
    char *text = fuzz_text(bytes, size);
    text_init(&why, words, sizeof words);
    int n = hints_parse(text, hints, &why);
    FUZZ_CHECK(n == ERR_MALFORMED ? why.length > 0 : n >= 0 && n <= (int)HINTS_MAX);
    for (int i = 0; i < n; i++)
        FUZZ_CHECK(strlen(hints[i].metric) > 0 && strlen(hints[i].metric) < METRIC_SIZE &&
                   strlen(hints[i].tag) < TAG_SIZE);
    free(text);
    return 0;
}
