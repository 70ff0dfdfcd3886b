/* SPDX-License-Identifier: MIT */
/* Hints as a person writes them, and those that follow from rules. */
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

static struct rule_set set;

static uint32_t of_rules(const char *rules)
{
    memset(&set, 0, sizeof set);
    text_init(&why, words, sizeof words);
    int e = rules_parse(&set, "rules", rules, (uint32_t)strlen(rules), RULE_FROM_FILE, &why);
    if (e < 0)
        fail_msg("%s", words);
    return hints_of_rules(&set, hints);
}

static void must_be(uint32_t i, const char *metric, int64_t level, bool below, uint32_t hold_s)
{
    assert_string_equal(hints[i].metric, metric);
    assert_int_equal(hints[i].level, level);
    assert_int_equal(hints[i].below, below);
    assert_int_equal(hints[i].hold_s, hold_s);
}

static void rules_make_hints(void **state)
{
    (void)state;
    assert_int_equal(of_rules("[cpu]\nvalue = cpu_usage\nover = 3s\nwarn = 85\ncritical = 101\n"
                              "for = 4s\n"), 2);
    must_be(0, "cpu_usage", 10100, false, 10); /* seven seconds, and three for edges and clocks */
    must_be(1, "cpu_usage", 8500, false, 10);
    assert_int_equal(of_rules("[space]\nvalue = disk_available_bytes\nwarn = < 100\nfor = 0s\n"
                              "[slow]\nvalue = response_time_ms\nwarn = 10\ncritical = 20\nfor = 61s\n"
                              "[minute]\nvalue = memory_usage_percent\ncritical = 95\nfor = 1m\n"
                              "[off]\nvalue = load_average_1min\nwarn = 10\nfor = 1s\nenabled = no\n"
                              "[grows]\nvalue = rate(oom_kills)\ncritical = 1\nfor = 0s\n"), 3);
    must_be(0, "disk_available_bytes", 99, true, 0);
    must_be(1, "memory_usage_percent", 9500, false, HINT_HOLD_S_MAX);
    must_be(2, "response_time_ms", 20000, false, 0); /* patient ones last, and the worse level alone */
    assert_int_equal(of_rules("[a]\nvalue = cpu_usage\nwarn = 90\nfor = 5s\n"
                              "[b]\nvalue = cpu_usage\nwarn = 90\nfor = 9s\n"
                              "[c]\nvalue = cpu_usage\nwarn = < 90\nfor = 2s\n"), 2);
    must_be(0, "cpu_usage", 9000, false, 12); /* the longer of two about the same */
    must_be(1, "cpu_usage", 8999, true, 5);   /* the other way is another hint */
}

/* A value that is beyond its level already waits for the condition: not for a batch, too. */
static void conditions_make_hints(void **state)
{
    (void)state;
    assert_int_equal(of_rules("[cpu]\nvalue = cpu_usage\nonly_if = processes_running > 17\n"
                              "warn = 85\nfor = 4s\n"), 2);
    must_be(0, "cpu_usage", 8500, false, 7);
    must_be(1, "processes_running", 18, false, 7);
    assert_int_equal(of_rules("[disk]\nvalue = rate(disk_reads)\nonly_if = disk_available_bytes < 100\n"
                              "warn = 85\nfor = 0s\n"), 1);
    must_be(0, "disk_available_bytes", 99, true, 0);
    assert_int_equal(of_rules("[patient]\nvalue = cpu_usage\nonly_if = processes_running > 17\n"
                              "warn = 85\nfor = 10m\n[rate]\nvalue = uptime\nonly_if = rate(disk_reads) > 1\n"
                              "warn = 5\nfor = 0s\n"), 2);
    must_be(0, "uptime", 5, false, 0);
    must_be(1, "cpu_usage", 8500, false, 0);
}

/* Series of the sentinel's checks have tags that those of agents have not. */
static void rules_about_checks_make_none(void **state)
{
    (void)state;
    assert_int_equal(of_rules("[slow]\nvalue = response_time_ms\ntags = check=*\nwarn = > 0\nfor = 5s\n"
                              "[ours]\nvalue = response_time_ms\ntags = !check=*\nwarn = 9\nfor = 5s\n"
                              "[space]\nvalue = disk_usage_percent\ntags = mount=/srv*\nwarn = 90\n"
                              "for = 5s\n"
                              "[any]\nvalue = disk_available_bytes\ntags = *srv*\nwarn = < 9\n"
                              "for = 5s\n"), 3);
    must_be(0, "response_time_ms", 9000, false, 8);
    must_be(1, "disk_usage_percent", 9000, false, 8);
    must_be(2, "disk_available_bytes", 8, true, 8);
}

/* What is shipped follows the profile: on most machines nothing of it is reached, or held, in an hour. */
static void the_profile_makes_few(void **state)
{
    (void)state;
    memset(&set, 0, sizeof set);
    text_init(&why, words, sizeof words);
    const char *part;
    for (uint32_t i = 0; (part = rules_profile_part("nephos", i)) != NULL; i++)
        assert_int_equal(rules_parse(&set, "nephos", part, (uint32_t)strlen(part), RULE_FROM_PROFILE, &why),
                         ERR_OK);
    uint32_t count = hints_of_rules(&set, hints), held = 0;
    assert_in_range(count, 8, HINTS_MAX - 1); /* all have room */
    for (uint32_t i = 0; i < count; i++)
        held += hints[i].hold_s > 0;
    assert_int_equal(held, 1);
    must_be(0, "health_up", 0, true, HINT_HOLD_S_MAX);
}

static void the_quick_have_room_first(void **state)
{
    (void)state;
    static char rules[4096];
    struct text t;
    text_init(&t, rules, sizeof rules);
    for (uint32_t i = 0; i < 2 * HINTS_MAX; i++)
        text_printf(&t, "[patient%u]\nvalue = cpu_usage\nwarn = %u\nfor = 10m\n", i, 50 + i);
    text_put(&t, "[quick]\nvalue = memory_usage_percent\nwarn = 90\nfor = 10s\n");
    assert_int_equal(of_rules(rules), HINTS_MAX);
    must_be(0, "memory_usage_percent", 9000, false, 13);
    must_be(HINTS_MAX - 1, "cpu_usage", 6400, false, 0);
}

static void hints_of_people_are_held_as_rules_want(void **state)
{
    (void)state;
    (void)of_rules("[cpu]\nvalue = cpu_usage\nwarn = 95\nfor = 20s\n"
                   "[memory]\nvalue = memory_usage_percent\nwarn = 95\nfor = 20m\n");
    assert_int_equal(parse("cpu_usage>80,cpu_usage<3,memory_usage_percent>90"), 3);
    hints_hold(&set, hints, 3);
    assert_int_equal(hints[0].hold_s, 23);
    assert_int_equal(hints[1].hold_s, 0);
    assert_int_equal(hints[2].hold_s, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_hints_are_read),
        cmocka_unit_test(bad_hints_are_explained),
        cmocka_unit_test(rules_make_hints),
        cmocka_unit_test(conditions_make_hints),
        cmocka_unit_test(rules_about_checks_make_none),
        cmocka_unit_test(the_profile_makes_few),
        cmocka_unit_test(the_quick_have_room_first),
        cmocka_unit_test(hints_of_people_are_held_as_rules_want),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
