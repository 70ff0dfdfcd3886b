/* SPDX-License-Identifier: MIT */
/* The command line of the aggregator: what it takes, and what it says to mistakes. */
#include "aggregator/config.c"

#include "tests/unit/unit.h"

static struct config config;
static struct settings settings;
static struct command_line line;
static char words[512];
static struct text why;

/* Reads "serve --data x" as a shell would. */
static int parse(const char *command)
{
    static char buffer[512];
    char *argv[16] = {buffer};
    int argc = 1;
    text_copy(buffer, sizeof buffer, command);
    for (char *at = buffer; *at != '\0'; argc++) {
        argv[argc] = at;
        at += strcspn(at, " ");
        if (*at == ' ')
            *at++ = '\0';
    }
    text_init(&why, words, sizeof words);
    config_init(&settings, &config);
    return config_parse_command(&settings, argc, argv, &line, &why);
}

static void serve_is_what_it_does_by_itself(void **state)
{
    (void)state;
    assert_int_equal(parse(""), ERR_OK);
    assert_int_equal(line.verb, VERB_SERVE);
    assert_string_equal(config.listen, "0.0.0.0:7443");
    assert_string_equal(config.api, "127.0.0.1:8080");
    assert_int_equal(config.agents_max, 1000);
    assert_int_equal(config_check(&config, &why), ERR_OK);
    assert_int_equal(parse("serve --agents-max=5 --database-max 1GiB -c f.conf --ship-interval 2s"), ERR_OK);
    assert_string_equal(line.config_file, "f.conf");
    struct aggregator_limits limits;
    config_limits(&config, &limits);
    assert_int_equal(limits.agents_max, 5);
    assert_int_equal(limits.ship_interval_ms, 2000);
    assert_int_equal(limits.certificate_life_s, 90 * 86400);
    assert_true(limits.database_size_max == UINT64_C(1) << 30);
    assert_int_equal(parse("--certificate-lifetime 1m"), ERR_OK);
    config_limits(&config, &limits);
    assert_int_equal(limits.certificate_life_s, 60);
    assert_int_equal(parse("--certificate-lifetime 59s"), ERR_MALFORMED);
    assert_int_equal(parse("--certificate-lifetime 3651d"), ERR_MALFORMED);
    assert_int_equal(parse("--help --version"), ERR_OK);
    assert_true(line.help && line.version && !line.check_config);
}

static void tokens_have_their_own_verb(void **state)
{
    (void)state;
    assert_int_equal(parse("token create --uses 3 --ttl 2h --data /tmp/x"), ERR_OK);
    assert_int_equal(line.verb, VERB_TOKEN_CREATE);
    assert_int_equal(config.token_uses, 3);
    assert_int_equal(config.token_ttl_ms, 7200000);
    assert_string_equal(config.data, "/tmp/x");
    assert_int_equal(parse("token --help"), ERR_OK);
    assert_true(line.help);
}

static void mistakes_are_answered_with_the_nearest_word(void **state)
{
    (void)state;
    static const struct {
        const char *command, *word;
    } mistakes[] = {
        {"sevre", "did you mean serve"},
        {"tokne create", "did you mean token"},
        {"token craete", "did you mean create"},
        {"token", "token create"},
        {"--lisen 1:2", "did you mean --listen"},
        {"--data x --verison", "did you mean --version"},
        {"--confg x", "did you mean --config"},
        {"--something-else", "--help"},
        {"serve extra", "unknown word"},
        {"--agents-max", "--agents-max"},
        {"--agents-max 0", "out of range"},
        {"--ship-interval 10", "10s"},
        {"--database-max 5", "MiB"},
        {"-c", "--config"},
    };
    for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
        assert_int_equal(parse(mistakes[i].command), ERR_MALFORMED);
        if (strstr(words, mistakes[i].word) == NULL)
            fail_msg("%s: %s", mistakes[i].command, words);
    }
}

static void only_loopback_is_open(void **state)
{
    (void)state;
    static const char *const reached[] = {"0.0.0.0:8080", "[::]:8080", "192.0.2.1:80", "127:1", "host:8080"};
    for (size_t i = 0; i < COUNT_OF(reached); i++) {
        assert_int_equal(parse(""), ERR_OK);
        assert_true(config_api_is_open(&config));
        text_copy(config.api, sizeof config.api, reached[i]);
        assert_int_equal(config_check(&config, &why), ERR_OK);
        assert_false(config_api_is_open(&config));
    }
    assert_int_equal(parse("--api-closed"), ERR_OK);
    assert_false(config_api_is_open(&config));
    assert_int_equal(parse("--api-token-file token"), ERR_OK);
    assert_false(config_api_is_open(&config));
    assert_true(config_is_loopback("[::1]:8080") && config_is_loopback("localhost:80"));
    assert_true(config_is_loopback("127.8.8.8:80"));
    assert_false(config_is_loopback("127.evil.example:80"));
    assert_false(config_is_loopback("localhost.example:80"));
}

static void choices_must_fit_together(void **state)
{
    (void)state;
    assert_int_equal(parse("--websockets-max 9 --api-connections-max 8"), ERR_OK);
    assert_int_equal(config_check(&config, &why), ERR_MALFORMED);
    assert_int_equal(parse("--api-cert a"), ERR_OK);
    assert_int_equal(config_check(&config, &why), ERR_MALFORMED);
    assert_int_equal(parse("--api-cert a --api-key b"), ERR_OK);
    assert_int_equal(config_check(&config, &why), ERR_OK);
    assert_int_equal(parse("--log-level loud"), ERR_OK);
    assert_int_equal(config_check(&config, &why), ERR_MALFORMED);
    assert_int_equal(parse("--log-level debug"), ERR_OK);
    assert_int_equal(config_log_level(&config), LOG_DEBUG);
}

static void the_help_names_every_flag(void **state)
{
    (void)state;
    static char help[8192];
    struct text t;
    text_init(&t, help, sizeof help);
    assert_int_equal(parse(""), ERR_OK);
    config_print_help(&settings, &t);
    assert_false(t.truncated);
    for (size_t i = 0; i < COUNT_OF(table); i++)
        assert_non_null(strstr(help, table[i].flag));
    for (size_t i = 0; i < COUNT_OF(actions); i++)
        assert_non_null(strstr(help, actions[i].flag));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serve_is_what_it_does_by_itself),
        cmocka_unit_test(tokens_have_their_own_verb),
        cmocka_unit_test(mistakes_are_answered_with_the_nearest_word),
        cmocka_unit_test(only_loopback_is_open),
        cmocka_unit_test(choices_must_fit_together),
        cmocka_unit_test(the_help_names_every_flag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
