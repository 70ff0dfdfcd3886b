/* SPDX-License-Identifier: MIT */
/* The command line: verbs, flags in both forms, and secrets that do not stay in it. */
#include "agent/command.c"

#include "agent/config.h"
#include "tests/unit/unit.h"

static struct config config;
static struct settings settings;
static char words[400];

static int parse(enum verb *verb, int argc, char *argv[])
{
    struct text why;
    text_init(&why, words, sizeof words);
    config_init(&settings, &config);
    return command_parse(&settings, argc, argv, verb, &why);
}

static char server[] = "--server", central[] = "central", once_json[] = "--once=json", help[] = "-h";
static char interval[] = "--interval=5s", intervall[] = "--intervall=5s", bare[] = "central";
static char short_config[] = "-c";

static void verbs_and_flags(void **state)
{
    (void)state;
    enum verb verb;
    assert_int_equal(parse(&verb, 1, (char *[]){server, NULL}), ERR_OK);
    assert_int_equal(verb, VERB_RUN);
    assert_int_equal(parse(&verb, 5, (char *[]){bare, server, central, once_json, interval, NULL}), ERR_OK);
    assert_int_equal(verb, VERB_ONCE_JSON);
    assert_string_equal(config.server, "central");
    assert_int_equal(config.interval_ms, 5000);
    assert_int_equal(parse(&verb, 4, (char *[]){bare, short_config, central, interval, NULL}), ERR_OK);
    assert_string_equal(config.config_file, "central");
    assert_int_equal(parse(&verb, 3, (char *[]){bare, interval, help, NULL}), ERR_OK);
    assert_int_equal(verb, VERB_HELP);
}

static void unknown_words_get_a_suggestion(void **state)
{
    (void)state;
    enum verb verb;
    assert_int_equal(parse(&verb, 2, (char *[]){bare, intervall, NULL}), ERR_MALFORMED);
    assert_non_null(strstr(words, "--interval?"));
    assert_int_equal(parse(&verb, 2, (char *[]){bare, bare, NULL}), ERR_MALFORMED);
    assert_int_equal(parse(&verb, 2, (char *[]){bare, server, NULL}), ERR_MALFORMED);
}

static void secrets_are_overwritten(void **state)
{
    (void)state;
    char flag[] = "--token", value[] = "abc", joined[] = "--token=def", file[] = "--token-file", path[] = "x";
    char last[] = "--token";
    char *argv[] = {bare, flag, value, joined, file, path, last, NULL};
    command_hide_secrets(7, argv);
    assert_string_equal(value, "***");
    assert_string_equal(joined, "--token=***");
    assert_string_equal(path, "x");
}

static void help_names_everything(void **state)
{
    (void)state;
    char page[8192];
    struct text out;
    text_init(&out, page, sizeof page);
    config_init(&settings, &config);
    command_help(&settings, &out);
    assert_false(out.truncated);
    for (uint32_t i = 0; i < settings.count; i++)
        assert_non_null(strstr(page, settings.table[i].flag));
    assert_non_null(strstr(page, "--once=json"));
    assert_non_null(strstr(page, "--print-memory-map"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verbs_and_flags),
        cmocka_unit_test(unknown_words_get_a_suggestion),
        cmocka_unit_test(secrets_are_overwritten),
        cmocka_unit_test(help_names_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
