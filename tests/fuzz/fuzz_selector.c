/* SPDX-License-Identifier: MIT */
/* Series selectors with their regular expressions: whatever is taken can be matched against anything. */
#include "tests/fuzz/fuzz.h"

#include "aggregator/query/selector.h"

static void match(const struct selection *s)
{
    struct labels labels = {.count = 2};
    labels.at[0] = (struct label){"instance", "web-1", 5};
    labels.at[1] = (struct label){"mode", "idle", 4};
    bool one = selection_takes(s, "node_cpu_seconds_total", &labels);
    FUZZ_CHECK(!one || selection_takes_name(s, "node_cpu_seconds_total"));
    labels.count = 0;
    /* A selector that takes everything would have been refused. */
    for (uint32_t i = 0; i < s->count; i++)
        FUZZ_CHECK(s->selectors[i].count > 0);
    (void)selection_takes(s, "", &labels);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct selection s;
    char words[128];
    struct text why;
    text_init(&why, words, sizeof words);
    char *text = fuzz_exact(bytes, size);
    const char *at = text, *end = text + size;
    s.count = s.regex_count = 0;
    while (at < end) {
        const char *before = at;
        int err = selection_add(&s, &at, end, &why);
        FUZZ_CHECK(at >= before && at <= end && err <= 0);
        if (err < 0)
            break;
        FUZZ_CHECK(at > before);
    }
    match(&s);
    static struct regex r;
    if (regex_compile(&r, text, (uint32_t)size) == ERR_OK) {
        FUZZ_CHECK(r.count <= REGEX_STATES_MAX);
        (void)regex_match(&r, text, (uint32_t)size);
        (void)regex_match(&r, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 53);
    }
    free(text);
    return 0;
}
