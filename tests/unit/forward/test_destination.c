/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include "aggregator/config.c" /* another program has functions of the same names */

static struct config config;
static struct settings settings;
static char words[512];
static struct text why;

static int parse(const char *file)
{
    text_init(&why, words, sizeof words);
    config_init(&settings, &config);
    return settings_parse_file(&settings, "f", file, (uint32_t)strlen(file), &why);
}

static void test_sections_make_destinations(void **state)
{
    (void)state;
    assert_int_equal(parse("[notify.ops]\ntype = webhook\nurl = https://x/y\nseverity = high\ngroup = 5s\n"
                           "[api]\nrate = 7\n[notify.mail]\ntype=email\nrepeat=30m\nresolved=no\n"), ERR_OK);
    assert_int_equal(config.notify_count, 2);
    assert_string_equal(config.notify[0].name, "ops");
    assert_int_equal(config.notify[0].severity, ALERT_HIGH);
    assert_int_equal(config.notify[0].group_ms, 5000);
    assert_int_equal(config.notify[1].repeat_ms, 1800000);
    assert_true(config.notify[1].no_resolved);
}

static void test_mistakes_are_told_with_line_and_remedy(void **state)
{
    (void)state;
    const struct {
        const char *file, *words;
    } cases[] = {
        {"[notify.ops]\ntipe = webhook\n", "f:2: a destination has no key tipe (did you mean type?)"},
        {"[notify.ops]\ntype = irc\n", "f:2: type = irc is not one of webhook, slack"},
        {"[notify.ops]\ntoken = abc\n", "secrets stand in files of their own: token_file = PATH"},
        {"[notify.ops]\ngroup = 5\n", "group = 5 is not a time"},
        {"[notify.o/s]\ntype = slack\n", "f:2: [notify.o/s]: a name is at most 31 letters"},
        {"[notify.]\ntype = slack\n", "a name is at most"},
        {"[notify.ops]\nresolved = maybe\n", "neither yes nor no"},
    };
    for (uint32_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(parse(cases[i].file), ERR_MALFORMED);
        if (strstr(words, cases[i].words) == NULL)
            fail_msg("%s", words);
    }
}

static void test_what_a_type_needs(void **state)
{
    (void)state;
    const struct {
        const char *file;
        bool good;
    } cases[] = {
        {"[notify.a]\ntype=webhook\n", false},
        {"[notify.a]\ntype=webhook\nurl=ftp://x\n", false},
        {"[notify.a]\ntype=webhook\nurl=http://x\n", true},
        {"[notify.a]\nurl=http://x\n", false},
        {"[notify.a]\ntype=email\nurl=smtp://x\n", false},
        {"[notify.a]\ntype=email\nurl=smtp://x\nfrom=a@b\nto=c@d\n", true},
        {"[notify.a]\ntype=telegram\nto=1\n", false},
        {"[notify.a]\ntype=sns\nto=x\nregion=r\n", false},
        {"[notify.a]\ntype=sns\nto=arn:x\nuser=A\n", false},
        {"[notify.a]\ntype=sns\nto=arn:x\n", true},
        {"[notify.a]\ntype=ntfy\nto=topic\n", true},
    };
    for (uint32_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(parse(cases[i].file), ERR_OK);
        assert_int_equal(destination_check(&config.notify[0], &why) == ERR_OK, cases[i].good);
    }
    assert_int_equal(parse("[notify.a]\ntype=webhook\nurl=http://x\n"), ERR_OK);
    (void)text_copy(config.notify[0].token, sizeof config.notify[0].token, "a\r\nX: y");
    assert_int_equal(destination_check(&config.notify[0], &why), ERR_MALFORMED);
}

static void test_patterns(void **state)
{
    (void)state;
    assert_true(destination_matches("", "anything"));
    assert_true(destination_matches("web-*, db-?", "web-17"));
    assert_true(destination_matches("web-*, db-?", "db-1"));
    assert_false(destination_matches("web-*, db-?", "db-12"));
    assert_false(destination_matches("web-*", "aweb-1"));
    assert_true(destination_matches("*a*b*c", "xxaxxbxxbxc"));
    assert_false(destination_matches("*a*b*c", "xxaxxbxxbx"));
    assert_true(destination_matches("*", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sections_make_destinations),
        cmocka_unit_test(test_mistakes_are_told_with_line_and_remedy),
        cmocka_unit_test(test_what_a_type_needs),
        cmocka_unit_test(test_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
