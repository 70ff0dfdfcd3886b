/* SPDX-License-Identifier: MIT */
/* What stands after the '?' of a request, and the times, lengths and patterns in it. */
#include "tests/fuzz/fuzz.h"

#include "aggregator/api/query_string.h"

static void check_value(struct span query, const char *name)
{
    char value[200];
    int n = query_text(query, name, value, sizeof value);
    FUZZ_CHECK(n < 0 || ((uint32_t)n < sizeof value && strlen(value) == (size_t)n && n > 0));
    if (n < 0)
        return;
    int64_t ms = 0;
    int err = time_parse(value, INT64_C(1800000000000), &ms);
    FUZZ_CHECK(err <= 0);
    err = duration_parse(value, &ms);
    FUZZ_CHECK(err <= 0 && (err != ERR_OK || ms >= 0));
    FUZZ_CHECK(glob_match("*", value) && glob_match_any("*", value));
    (void)glob_match(value, "cpu_usage");
    (void)glob_match_any(value, "disk_used_bytes");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = fuzz_exact(bytes, size);
    struct span query = {.at = text, .length = (uint32_t)size};
    check_value(query, "from");
    check_value(query, "step");
    check_value(query, "metric");
    uint64_t number = 7;
    if (query_number(query, "limit", 1, 1000, &number) >= 0)
        FUZZ_CHECK(number >= 1 && number <= 1000);

    struct span rest = query, name, value;
    uint32_t pairs = 0;
    while (query_next(&rest, &name, &value)) {
        char decoded[64];
        FUZZ_CHECK(name.at >= text && name.at + name.length <= text + size);
        FUZZ_CHECK(value.length == 0 || value.at + value.length <= text + size);
        FUZZ_CHECK(++pairs <= size + 1);
        int n = percent_decode(value, true, decoded, sizeof decoded);
        FUZZ_CHECK(n < 0 || strlen(decoded) == (size_t)n);
    }
    free(text);
    return 0;
}
