/* SPDX-License-Identifier: MIT */
/* /proc/pressure; see pressure.h. */
#include "agent/collect/pressure.h"

#include <string.h>

#include "agent/collect/span.h"

/* Takes `key` off the front of the word. */
static bool skip_key(struct span *word, const char *key)
{
    size_t length = strlen(key);
    if (span_length(*word) < length || memcmp(word->at, key, length) != 0)
        return false;
    word->at += length;
    return true;
}

/* "avg10=0.31 avg60=0.12 avg300=0.05 total=5881713" */
static bool parse_values(struct span line, uint64_t *avg10_x100, uint64_t *total_us)
{
    struct span word;
    bool has_avg10 = false, has_total = false;
    while (span_word(&line, &word)) {
        if (skip_key(&word, "avg10="))
            has_avg10 = span_x100(&word, avg10_x100) && *avg10_x100 <= 10000;
        else if (skip_key(&word, "total="))
            has_total = span_u64(&word, total_us);
    }
    return has_avg10 && has_total;
}

void pressure_parse(const char *text, uint32_t length, struct pressure_reading *out)
{
    static const char *const kinds[PRESSURE_KIND_COUNT] = {
        [PRESSURE_SOME] = "some", [PRESSURE_FULL] = "full"};
    *out = (struct pressure_reading){0};
    struct span rest = span_of(text, length), line, kind;
    while (span_line(&rest, &line)) {
        if (!span_word(&line, &kind))
            continue;
        for (uint32_t i = 0; i < PRESSURE_KIND_COUNT; i++)
            if (span_is(kind, kinds[i]))
                out->has[i] = parse_values(line, &out->avg10_x100[i], &out->total_us[i]);
    }
}
