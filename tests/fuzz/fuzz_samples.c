/* SPDX-License-Identifier: MIT */
/* Lines of `import`. Promises: a line is refused with words, or gives samples whose names end and whose
 * times and scale are in order; and each, written again, reads back as the same number. */
#include "tests/fuzz/fuzz.h"

#include "aggregator/archive/sample_text.h"

static struct sample_lines reader, again;
static uint8_t pool[SAMPLE_POOL_SIZE];

static void check_again(const struct sample_series *s, int64_t time_ms, int64_t value)
{
    static char bytes[8192];
    char words[256];
    struct text out, why;
    text_init(&out, bytes, sizeof bytes);
    text_init(&why, words, sizeof words);
    sample_put_many(&out, s, &time_ms, &value, 1);
    FUZZ_CHECK(!out.truncated);
    sample_line_init(&again, SAMPLE_JSONL, pool);
    int n = sample_line_read(&again, out.at, out.length, &why);
    if (n < 0) /* names that are no UTF-8 */
        return;
    FUZZ_CHECK(n == 1 && again.values[0] == value && again.time_ms[0] == time_ms && again.rounded == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 1)
        return 0;
    sample_line_init(&reader, (enum sample_format)(bytes[0] % 3), pool);
    const char *at = (const char *)bytes + 1, *end = (const char *)bytes + size;
    while (at < end) {
        char words[256];
        struct text why;
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        uint32_t length = (uint32_t)((stop != NULL ? stop : end) - at);
        char *line = fuzz_exact(at, length);
        text_init(&why, words, sizeof words);
        int n = sample_line_read(&reader, line, length, &why);
        FUZZ_CHECK(n >= 0 ? n <= (int)SAMPLE_VALUES_MAX && n == (int)reader.count : why.length > 0);
        for (int i = 0; i < n; i++) {
            FUZZ_CHECK(reader.time_ms[i] >= 0 && reader.series.scale >= 1);
            FUZZ_CHECK(strlen(reader.series.tag) < TAG_SIZE && reader.series.instance[0] != '\0');
        }
        if (n > 0) {
            struct sample_series s = reader.series;
            check_again(&s, reader.time_ms[0], reader.values[0]);
        }
        free(line);
        at = stop != NULL ? stop + 1 : end;
    }
    return 0;
}
