/* SPDX-License-Identifier: MIT */
/* Rules from text: what is shipped parses, mistakes are named with their line, levels and units are checked;
 * patterns, windows, zones, silences. */
#include <math.h>

#include "tests/unit/unit.h"

#include "aggregator/rules/book.h"
#include "aggregator/rules/pattern.h"

static struct rule_set set;
static char words[400];
static struct text why;

static int parse(const char *text)
{
    set.count = 0;
    text_init(&why, words, sizeof words);
    return rules_parse(&set, "t.conf", text, (uint32_t)strlen(text), RULE_FROM_FILE, &why);
}

static void refuses(const char *text, const char *reason)
{
    assert_int_equal(parse(text), ERR_MALFORMED);
    if (strstr(words, reason) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", reason, words);
}

static void what_is_shipped_parses_and_prints_itself(void **state)
{
    (void)state;
    const char *name, *part;
    static char space[32768];
    for (uint32_t i = 0; (name = rules_profile_name(i)) != NULL; i++) {
        set.count = 0;
        text_init(&why, words, sizeof words);
        for (uint32_t p = 0; (part = rules_profile_part(name, p)) != NULL; p++)
            if (rules_parse(&set, name, part, (uint32_t)strlen(part), RULE_FROM_PROFILE, &why) < 0)
                fail_msg("%s", words);
        static struct rule_set first;
        first = set;
        struct text out;
        text_init(&out, space, sizeof space);
        for (uint32_t r = 0; r < first.count; r++)
            rule_print(&first.rules[r], &out);
        assert_false(out.truncated);
        if (parse(space) < 0)
            fail_msg("%s: %s", name, words);
        assert_int_equal(set.count, first.count);
        for (uint32_t r = 0; r < first.count; r++) {
            assert_string_equal(set.rules[r].name, first.rules[r].name);
            assert_string_equal(set.rules[r].message, first.rules[r].message);
            assert_true(!first.rules[r].warning.is_set ||
                        set.rules[r].warning.for_ms == first.rules[r].warning.for_ms);
            assert_true(fabs(set.rules[r].critical.at - first.rules[r].critical.at) < 1e-3);
            assert_int_equal(set.rules[r].is_below, first.rules[r].is_below);
            /* "> 0" is not ">= 0", which every value reaches. */
            assert_int_equal(set.rules[r].critical.at > 0, first.rules[r].critical.at > 0);
            assert_int_equal(set.rules[r].critical.is_strict, first.rules[r].critical.is_strict);
            assert_int_equal(set.rules[r].warning.at > 0, first.rules[r].warning.at > 0);
            assert_int_equal(set.rules[r].warning.clear > 0, first.rules[r].warning.clear > 0);
        }
    }
}

static void mistakes_are_named_with_their_line(void **state)
{
    (void)state;
    refuses("[cpu]\nvalue = cpu_usge\n",
            "t.conf:2: value: there is no metric \"cpu_usge\" (did you mean cpu_usage?)");
    refuses("[cpu]\nvalue = cpu_usage\nwarm = 90\n", "t.conf:3: unknown key warm (did you mean warn?)");
    refuses("\n\n[cpu]\nvalue = cpu_usage\n", "t.conf:3: needs a level");
    refuses("[a]\nvalue = cpu_usage\nwarn = 90\n[b]\nwarn = 1\n", "t.conf:5: warn: `value` must come before");
    refuses("[a]\nwarn_for = 5m\n[b]\nvalue = cpu_usage\nwarn = 1\n", "t.conf:1: needs a `value`");
    refuses("warn = 90\n", "t.conf:1: a rule begins with its name");
    refuses("[cpu\n", "t.conf:1: a section is written [name]");
    refuses("[c p]\n", "t.conf:1: a rule's name");
    refuses("[a]\nvalue = cpu_usage\nwarn = 90\nwarn_clear = 95\n", "t.conf:1: warn_clear lies beyond warn");
    refuses("[a]\nvalue = cpu_usage\nwarn = 90\ncritical = 80\n", "critical must lie beyond warn");
    refuses("[a]\nvalue = cpu_usage\nwarn = 90\ncritical = < 80\n", "t.conf:4: critical: warn and critical");
    refuses("[a]\nvalue = cpu_usage\nwarn = 90GiB\n", "is told in percent, so \"GiB\" does not fit");
    refuses("[a]\nvalue = cpu_usage\nfor = 90\n", "t.conf:3: for: \"90\" is no duration");
    refuses("[a]\nvalue = network_errors\n", "write rate(network_errors)");
    refuses("[a]\nvalue = rate(cpu_usage)\n", "has no rate()");
    refuses("[a]\nvalue = disk_available_bytes - cpu_usage\n", "cannot be added or taken away");
    refuses("[a]\nvalue = cpu_usage / 0\n", "divided by 0");
    refuses("[a]\nvalue = 5 / 7\n", "a number alone says nothing");
    refuses("[a]\nvalue = cpu_usage + 1 + 2\n", "two terms at most");
    refuses("[a]\nvalue = cpu_usage\nwarn_severity = hgh\n", "(did you mean high?)");
    refuses("[a]\nvalue = cpu_usage\nmessage = {nme} is {value}\n",
            "t.conf:3: message: nothing is called {nme} (did you mean name?)");
    refuses("[a]\nvalue = cpu_usage\ntype = {x_y_z}_high\n", "t.conf:3: type: nothing is called {x_y_z}");
    refuses("[a]\nvalue = cpu_usage\nwarn = 5\nwarn = 6\n", "t.conf:4: warn: is there twice");
    refuses("[a]\nvalue = cpu_usage\nsilence = Sun 25:00-26:00\n", "a window is days, hours");
    refuses("[a]\nvalue = cpu_usage\nsilence = Sun 02:00-03:00 Mars/Base\n", "no time zone \"Mars/Base\"");
}

/* Braces that are no fields stay; a key may come again in a section that changes the rule. */
static void what_looks_alike_is_no_mistake(void **state)
{
    (void)state;
    assert_int_equal(parse("[a]\nvalue = cpu_usage\nwarn = 5\nmessage = {} { {name} {Name} {a b} {\n"
                           "[a]\nwarn = 6\n"),
                     ERR_OK);
    assert_true(set.rules[0].warning.at == 6);
}

/* A rule that is named must be there, before it or behind it. */
static void rules_that_are_named_are_there(void **state)
{
    (void)state;
    static const char good[] = "[a]\nvalue = cpu_usage\nwarn = 5\nunless = b\n"
                               "[b]\nvalue = cpu_usage\nwarn = 6\n";
    static const char bad[] = "[a]\nvalue = cpu_usage\nwarn = 5\n\nunless = host_silnt\n"
                              "[host_silent]\nvalue = missed_shipments\ncritical = 3\n";
    assert_int_equal(parse(good), ERR_OK);
    assert_int_equal(rules_check_names(&set, "t.conf", good, sizeof good - 1, &why), ERR_OK);
    assert_int_equal(parse(bad), ERR_OK);
    assert_int_equal(rules_check_names(&set, "t.conf", bad, sizeof bad - 1, &why), ERR_MALFORMED);
    assert_string_equal(words, "t.conf:5: unless: there is no rule \"host_silnt\" "
                               "(did you mean host_silent?)");
}

static void a_section_of_a_known_name_changes_that_rule(void **state)
{
    (void)state;
    assert_int_equal(parse("[cpu]\nvalue = cpu_usage\nwarn = > 80\ncritical = 95\nfor = 5m\n"
                           "[free]\nvalue = disk_available_bytes\nwarn = < 5GiB\nonly_if = "
                           "disk_usage_percent > 70\n"),
                     ERR_OK);
    const char more[] = "[cpu]\nwarn = 85\n";
    assert_int_equal(rules_parse(&set, "api", more, sizeof more - 1, RULE_FROM_API, &why), ERR_OK);
    assert_int_equal(set.count, 2);
    assert_true(set.rules[0].warning.at == 85 && set.rules[0].critical.at == 95);
    assert_int_equal(set.rules[0].critical.for_ms, 300000);
    assert_int_equal(set.rules[0].origin, RULE_FROM_API);
    assert_true(set.rules[1].is_below && set.rules[1].only_if_operation == '>');
    assert_true(set.rules[1].warning.at < 5.0 * (1 << 30));
    assert_true(set.rules[1].warning.clear == set.rules[1].warning.at);
}

static void patterns_take_away_what_begins_with_an_exclamation_mark(void **state)
{
    (void)state;
    assert_true(pattern_list_match("web-*, db?", "web-12") && pattern_list_match("web-*, db?", "db1"));
    assert_false(pattern_list_match("web-*, db?", "db12"));
    assert_true(pattern_list_match("!mount=/snap/*", "mount=/"));
    assert_false(pattern_list_match("!mount=/snap/*", "mount=/snap/core"));
    assert_false(pattern_list_match("web-*, !web-3", "web-3"));
    assert_true(pattern_list_match("", "anything") && pattern_match("*a*b", "xxaxxb"));
    assert_false(pattern_match("*a*b", "xxaxxbc"));
}

static bool holds(const char *window, int64_t s)
{
    struct window w;
    text_init(&why, words, sizeof words);
    if (window_parse(window, &w, &why) < 0)
        fail_msg("%s: %s", window, words);
    return window_holds(&w, s * 1000);
}

static void windows_follow_the_clocks_of_their_zone(void **state)
{
    (void)state;
    const int64_t winter = 1768478400, summer = 1784116800; /* Thu 2026-01-15 and Wed 2026-07-15, 12:00 UTC */
    assert_true(holds("Thu 12:00-12:01", winter) && !holds("Thu 12:01-13:00", winter));
    assert_true(holds("Thu 13:00-14:00 Europe/Berlin", winter) && holds("Wed 14:00-15:00 Europe/Berlin",
                                                                        summer));
    assert_false(holds("Wed 13:00-14:00 Europe/Berlin", summer));
    assert_true(holds("Thu 07:00-08:00 America/New_York", winter));
    assert_true(holds("Wed 08:00-09:00 America/New_York", summer));
    assert_true(holds("17:30-17:31 Asia/Kolkata", winter) && holds("17:30-17:31 +05:30", winter));
    assert_true(holds("Thu 23:00-24:00 Australia/Sydney", winter)); /* their summer: +11 */
    assert_true(holds("Wed 22:00-22:30 Australia/Sydney", summer));
    /* over midnight, and around the week */
    assert_true(holds("Thu 22:00-06:00", winter + 10 * 3600) && holds("Thu 22:00-06:00", winter + 17 * 3600));
    assert_false(holds("Thu 22:00-06:00", winter + 18 * 3600));
    assert_true(holds("Sat-Mon 00:00-24:00", winter + 4 * 86400) && !holds("Sat-Mon 00:00-24:00", winter));
    /* the hour of the change itself: 2026-03-29 01:00 UTC */
    assert_true(holds("01:59-02:00 Europe/Berlin", 1774745999) && holds("03:00-03:01 Europe/Berlin",
                                                                        1774746000));
}

static void silences_are_read_as_they_were_written(void **state)
{
    (void)state;
    static struct silence_set one, two;
    static char space[4096];
    struct text out;
    one.count = 2;
    one.silences[0] = (struct silence){.id = "a", .instances = "web-*", .rules = "cpu", .from_ms = 1000,
                                       .to_ms = 5000, .comment = "move", .who = "ann", .created_ms = 900};
    one.silences[1] = (struct silence){.id = "b", .tags = "mount=/data"};
    assert_int_equal(window_parse("Sat,Sun 22:00-06:00 Europe/Berlin", &one.silences[1].weekly, &why),
                     ERR_OK);
    text_init(&out, space, sizeof space);
    silences_print(&one, &out);
    assert_int_equal(silences_parse(&two, space, out.length, &why), 0);
    assert_memory_equal(&one, &two, sizeof one);
    assert_non_null(silences_find(&two, 1000, "web-1", "x", "cpu", ""));
    assert_null(silences_find(&two, 5000, "web-1", "x", "cpu", ""));
    assert_null(silences_find(&two, 1000, "db-1", "x", "cpu", ""));
    assert_null(silences_find(&two, 1000, "web-1", "x", "memory", ""));
    assert_true(silence_is_over(&two.silences[0], 5000) && !silence_is_over(&two.silences[1], INT64_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_shipped_parses_and_prints_itself),
        cmocka_unit_test(mistakes_are_named_with_their_line),
        cmocka_unit_test(what_looks_alike_is_no_mistake),
        cmocka_unit_test(rules_that_are_named_are_there),
        cmocka_unit_test(a_section_of_a_known_name_changes_that_rule),
        cmocka_unit_test(patterns_take_away_what_begins_with_an_exclamation_mark),
        cmocka_unit_test(windows_follow_the_clocks_of_their_zone),
        cmocka_unit_test(silences_are_read_as_they_were_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
