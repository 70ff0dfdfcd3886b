/* SPDX-License-Identifier: MIT */
/* Settings of the agent: what is completed, what is refused and in which words. */
#include "agent/config.c"

#include "tests/unit/unit.h"

static struct config config;
static struct settings settings;
static char words[400];

static int check_with(const char *key, const char *value)
{
    struct text why;
    text_init(&why, words, sizeof words);
    config_init(&settings, &config);
    for (uint32_t i = 0; i < settings.count && key != NULL; i++)
        if (text_equal(settings.table[i].key, key)) {
            int result = settings_set(&settings, i, value, ORIGIN_FLAG, key, &why);
            if (result < 0)
                return result;
        }
    return config_check(&config, &why);
}

static void defaults(void **state)
{
    (void)state;
    assert_int_equal(check_with(NULL, NULL), ERR_OK);
    assert_string_equal(config.server, "127.0.0.1:7443");
    assert_int_equal(config.interval_ms, 1000);
    assert_int_equal(config_log_level(&config), LOG_INFO);
}

static void server_addresses(void **state)
{
    (void)state;
    static const char *const good[][2] = {
        {"central", "central:7443"},
        {"central.example.net:1", "central.example.net:1"},
        {"192.0.2.1", "192.0.2.1:7443"},
        {"192.0.2.1:65535", "192.0.2.1:65535"},
        {"[2001:db8::1]", "[2001:db8::1]:7443"},
        {"[2001:db8::1]:99", "[2001:db8::1]:99"},
        {"2001:db8::1", "[2001:db8::1]:7443"},
    };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_int_equal(check_with("server.address", good[i][0]), ERR_OK);
        assert_string_equal(config.server, good[i][1]);
    }
    static const char *const bad[] = {"", ":7443", "central:", "central:0", "central:65536", "central:http"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(check_with("server.address", bad[i]), ERR_MALFORMED);
        assert_non_null(strstr(words, "--server"));
    }
}

static void tokens_ids_and_levels(void **state)
{
    (void)state;
    struct token token = {.id = {1}, .secret = {2}, .ca_hash = {3}};
    char text[TOKEN_TEXT_SIZE];
    token_write(&token, text);
    assert_int_equal(check_with("server.token", text), ERR_OK);
    text[20] = text[20] == 'A' ? 'B' : 'A';
    assert_int_equal(check_with("server.token", text), ERR_MALFORMED);
    assert_null(strstr(words, text)); /* a secret, even a wrong one, is not repeated */
    assert_int_equal(check_with("host.id", "web-1.example:eu_2"), ERR_OK);
    assert_int_equal(check_with("host.id", "web 1"), ERR_MALFORMED);
    assert_int_equal(check_with("host.id", "w\xc3\xa9"), ERR_MALFORMED);
    assert_int_equal(check_with("log.level", "debug"), ERR_OK);
    assert_int_equal(check_with("log.level", "loud"), ERR_MALFORMED);
    assert_int_equal(check_with("sample.interval", "500ms"), ERR_MALFORMED);
    assert_int_equal(check_with("sample.interval", "2m"), ERR_MALFORMED);
    assert_int_equal(check_with("sample.interval", "1m"), ERR_OK);
}

static const char *earlier_environment(const char *name)
{
    static const char *const pairs[][2] = {
        {"NEPHOS_API_URL", "http://monitor.example:3000"}, {"INSTANCE_NAME", "web"},
        {"VULTR_REGION", "ewr"}, {"INSTANCE_TYPE", "vultr-compute"}, {"INSTANCE_ID", "web-1"},
        {"HEALTH_ENDPOINT", "http://127.0.0.1/health"}, {"COLLECTION_INTERVAL", "30000"},
        {"ALERT_CPU_THRESHOLD", "80"}, {"ALERT_MEMORY_THRESHOLD", "85"}, {"ALERT_DISK_THRESHOLD", "90"},
        {"DEBUG", "true"},
    };
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        if (text_equal(pairs[i][0], name))
            return pairs[i][1];
    return NULL;
}

static void an_environment_of_the_earlier_agents(void **state)
{
    (void)state;
    struct text why;
    text_init(&why, words, sizeof words);
    config_init(&settings, &config);
    assert_int_equal(settings_parse_environment(&settings, earlier_environment, &why), ERR_OK);
    assert_int_equal(config_check(&config, &why), ERR_OK);
    assert_string_equal(config.server, "monitor.example:3000");
    assert_string_equal(config.id, "web-1");
    assert_string_equal(config.name, "web");
    assert_string_equal(config.region, "ewr");
    assert_string_equal(config.type, "vultr-compute");
    assert_string_equal(config.health_url, "http://127.0.0.1/health");
    assert_int_equal(config.interval_ms, 30000);
    assert_true(config.alert_cpu == 80 && config.alert_memory == 85 && config.alert_disk == 90);
    assert_int_equal(config_log_level(&config), LOG_DEBUG);
    uint32_t notes = 0;
    for (uint32_t i = 0; i < settings.earlier_count; i++) {
        char note_words[300];
        struct text note;
        text_init(&note, note_words, sizeof note_words);
        notes += settings_explain_earlier(&settings, i, &note);
        assert_false(note.truncated);
    }
    assert_int_equal(notes, 11);
}

static const char *const *pair;

static const char *one_earlier(const char *name)
{
    return text_equal(name, pair[0]) ? pair[1] : NULL;
}

/* Whatever the earlier agents took starts this one, too, and is explained in a line. */
static void odd_values_of_the_earlier_agents(void **state)
{
    (void)state;
    static const struct {
        const char *pair[2];
        int64_t interval_ms;
        const char *says; /* NULL: nothing */
    } cases[] = {
        {{"COLLECTION_INTERVAL", "300000"}, 60000, "NEPHOS_INTERVAL=1m (in a file: sample.interval); that is "
                                                   "the nearest value"},
        {{"NEPHOS_CHECK_INTERVAL", "500"}, 1000, "NEPHOS_INTERVAL=1s (in a file: sample.interval); that is"},
        {{"COLLECTION_INTERVAL", "0"}, 1000, "nearest"},
        {{"COLLECTION_INTERVAL", "18446744073709551615"}, 60000, "nearest"},
        {{"DEBUG", "false"}, 1000, "its new name is NEPHOS_LOG"},
        {{"DEBUG", "0"}, 1000, "changes nothing"},
        {{"DEBUG", "express:*"}, 1000, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct text why;
        text_init(&why, words, sizeof words);
        pair = cases[i].pair;
        config_init(&settings, &config);
        assert_int_equal(settings_parse_environment(&settings, one_earlier, &why), ERR_OK);
        assert_int_equal(config_check(&config, &why), ERR_OK);
        assert_int_equal(config.interval_ms, cases[i].interval_ms);
        assert_int_equal(config_log_level(&config), LOG_INFO);
        char note_words[300] = "";
        struct text note;
        text_init(&note, note_words, sizeof note_words);
        uint32_t notes = 0;
        for (uint32_t k = 0; k < settings.earlier_count; k++)
            notes += settings_explain_earlier(&settings, k, &note);
        assert_int_equal(notes, cases[i].says != NULL);
        assert_true(cases[i].says == NULL || strstr(note_words, cases[i].says) != NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(server_addresses),
        cmocka_unit_test(tokens_ids_and_levels),
        cmocka_unit_test(an_environment_of_the_earlier_agents),
        cmocka_unit_test(odd_values_of_the_earlier_agents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
