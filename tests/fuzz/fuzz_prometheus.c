/* SPDX-License-Identifier: MIT */
/* A *.prom file of any script. Promises: it ends; the line told is one of the text; a sample's name and
 * labels lie within the text; what is written of them is printable and fits. */
#include "tests/fuzz/fuzz.h"

#include "agent/inputs/prometheus_text.h"
#include "platform/base/utf8.h"

static void check_inside(struct span s, const char *text, size_t size)
{
    FUZZ_CHECK(s.at >= text && s.end <= text + size && s.at <= s.end);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = fuzz_exact(bytes, size);
    struct prometheus_text t = prometheus_text_of(text, (uint32_t)size);
    struct prometheus_sample sample;
    size_t samples = 0;
    int result;
    while ((result = prometheus_text_next(&t, &sample)) == ERR_OK) {
        char name[METRIC_SIZE], tag[TAG_SIZE];
        FUZZ_CHECK(++samples <= size);
        check_inside(sample.name, text, size);
        FUZZ_CHECK(sample.labels.count <= LABELS_MAX);
        for (uint32_t i = 0; i < sample.labels.count; i++) {
            check_inside(sample.labels.at[i].key, text, size);
            check_inside(sample.labels.at[i].value, text, size);
        }
        if (labels_write_name(sample.name, "", name) == ERR_OK)
            FUZZ_CHECK(name[0] != '\0' && utf8_printable(name) && labels_unit(name)[0] != '\0');
        if (labels_write(&sample.labels, tag) == ERR_OK)
            FUZZ_CHECK(utf8_printable(tag));
    }
    FUZZ_CHECK(result == ERR_MISSING || result == ERR_MALFORMED || result == ERR_DENIED ||
               result == ERR_FULL);
    FUZZ_CHECK(t.line <= size + 1);
    free(text);
    return 0;
}
