/* SPDX-License-Identifier: MIT */
/* Rules and silences as people write them. Promise: what is read has names that end, prints itself, and holds
 * over within its room; what is not read is explained. */
#include "tests/fuzz/fuzz.h"

#include "aggregator/rules/rule.h"
#include "aggregator/rules/silence.h"

/* The store's, which this target does without. */
const char *const alert_severity_names[ALERT_SEVERITY_COUNT] = {"low", "medium", "high", "critical"};

static struct rule_set first;
static struct silence_set silences;
static char space[262144];

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char words[400];
    struct text why, out;
    char *text = fuzz_text(bytes, size);
    text_init(&why, words, sizeof words);
    first.count = 0;
    int err = rules_parse(&first, "f", text, (uint32_t)strlen(text), RULE_FROM_FILE, &why);
    FUZZ_CHECK(err == ERR_OK ? first.count <= RULES_MAX : err == ERR_MALFORMED && why.length > 2);
    text_init(&out, space, sizeof space);
    for (uint32_t i = 0; err == ERR_OK && i < first.count; i++) {
        FUZZ_CHECK(strlen(first.rules[i].name) > 0 && strlen(first.rules[i].message) < RULE_MESSAGE_SIZE);
        rule_print(&first.rules[i], &out);
        if (first.rules[i].silence.days != 0)
            (void)window_holds(&first.rules[i].silence, 1767225600000);
    }
    text_init(&why, words, sizeof words);
    if (silences_parse(&silences, text, (uint32_t)strlen(text), &why) == 0)
        (void)silences_find(&silences, 1767225600000, "web-1", "web", "cpu", "mount=/");
    free(text);
    return 0;
}
