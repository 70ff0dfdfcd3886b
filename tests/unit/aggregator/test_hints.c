/* SPDX-License-Identifier: MIT */
/* Hints as a person writes them. */
#include "aggregator/hints.h"

#include "tests/unit/unit.h"

static struct ingest_hint hints[HINTS_MAX];
static char words[256];
static struct text why;

static int parse(const char *text)
{
    char *exact = (char *)unit_exact((const uint8_t *)text, strlen(text) + 1);
    text_init(&why, words, sizeof words);
    int n = hints_parse(exact, hints, &why);
    free(exact);
    return n;
}

static void good_hints_are_read(void **state)
{
    (void)state;
    assert_int_equal(parse(""), 0);
    assert_int_equal(parse("  "), 0);
    assert_int_equal(parse(" cpu_usage > 90 ,disk_usage_percent{mount=/}>95.25,"
                           "memory_available_bytes<104857600, load_average_1min > 0.5"), 4);
    assert_string_equal(hints[0].metric, "cpu_usage");
    assert_string_equal(hints[0].tag, "");
    assert_int_equal(hints[0].level, 9001); /* in hundredths: the first that is above */
    assert_false(hints[0].below);
    assert_string_equal(hints[1].tag, "mount=/");
    assert_int_equal(hints[1].level, 9526);
    assert_int_equal(hints[2].level, 104857599);
    assert_true(hints[2].below);
    assert_int_equal(hints[3].level, 51);
    assert_int_equal(parse("disk_usage_percent{mount=/srv/a,b}>1"), 1); /* a comma in a mount point */
    assert_string_equal(hints[0].tag, "mount=/srv/a,b");
    assert_int_equal(parse("cpu_usage>-1.50"), 1);
    assert_int_equal(hints[0].level, -149);
    assert_int_equal(parse("cpu_usage>=90,memory_available_bytes<= 100"), 2);
    assert_int_equal(hints[0].level, 9000);
    assert_int_equal(hints[1].level, 100);
    assert_int_equal(parse("cpu_usage>1.500"), 1);
}

static void bad_hints_are_explained(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"cpu_usage", "hint 1: behind cpu_usage a > or < is wanted"},
        {"cpu_usage>", "number in percent in steps of 1/100"},
        {"cpu_usage>9x", "number in percent"},
        {"cpu_usage>1.001", "steps of 1/100"},
        {"cpu_usage>1.", "number"},
        {"cpu_usage>99999999999999999999", "number"},
        {"memory_available_bytes<9223372036854775808", "number in bytes"},
        {"memory_available_bytes>9223372036854775807", "number in bytes"},
        {"cpu_usage> =5", "number in percent"},
        {">5", "a metric, > or <, and a level are wanted"},
        {"cpu_usage>1,,cpu_usage>2", "hint 2: a metric"},
        {"cpu_usag>5", "did you mean cpu_usage?"},
        {"turbo>5", "there is no metric \"turbo\""},
        {"disk_usage_percent{mount=/>5", "{mount=...}"},
        {"disk_usage_percent{/}>5", "{mount=...}"},
        {"disk_usage_percent{}>5", "{mount=...}"},
        {"cpu_seconds{mode=user}>5", "only ever grows"},
        {"a_name_that_is_longer_than_any_metric_may_ever_be_here>5", "are wanted"},
    };
    for (uint32_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(parse(bad[i].text), ERR_MALFORMED);
        if (strstr(words, bad[i].says) == NULL)
            fail_msg("%s: %s", bad[i].text, words);
    }
    char many[512];
    struct text t;
    text_init(&t, many, sizeof many);
    for (uint32_t i = 0; i < HINTS_MAX; i++)
        text_put(&t, "cpu_usage>1,");
    assert_int_equal(parse(many), HINTS_MAX);
    text_put(&t, "cpu_usage>1,");
    assert_int_equal(parse(many), ERR_MALFORMED);
    assert_non_null(strstr(words, "at most 16 hints"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_hints_are_read),
        cmocka_unit_test(bad_hints_are_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
