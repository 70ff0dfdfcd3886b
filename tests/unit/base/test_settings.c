/* SPDX-License-Identifier: MIT */
/* Settings: origins in order, units, ranges, and messages that say what, where and what to do. */
#include "platform/base/settings.c"

#include "tests/unit/unit.h"

struct config {
    char server[16];
    char token[8];
    uint32_t count;
    int64_t interval_ms;
    uint64_t size;
    bool loud;
};

#define AT(field) offsetof(struct config, field)
static const struct setting table[] = {
    {"server.address", "--server", "T_SERVER", SETTING_TEXT, AT(server), 16, 0, 0, "a:1", "where"},
    {"server.token", NULL, NULL, SETTING_SECRET, AT(token), 8, 0, 0, "", "secret"},
    {"limits.agents", "--agents", NULL, SETTING_COUNT, AT(count), 0, 1, 100, "10", "how many"},
    {"sample.interval", "--interval", NULL, SETTING_DURATION_MS, AT(interval_ms), 0, 1000, 60000, "1s",
     "how often"},
    {"limits.size", "--size", NULL, SETTING_SIZE, AT(size), 0, 1024, 1 << 30, "1MiB", "how big"},
    {"log.loud", "--loud", NULL, SETTING_SWITCH, AT(loud), 0, 0, 0, "no", "loudly"},
};

static struct config config;
static struct settings settings;
static char words[400];
static struct text why;

static int begin(void **state)
{
    (void)state;
    settings_init(&settings, table, COUNT_OF(table), &config);
    text_init(&why, words, sizeof words);
    return 0;
}

static int parse(const char *file)
{
    size_t size = strlen(file);
    char *exact = unit_exact(file, size);
    int result = settings_parse_file(&settings, "t.conf", exact, (uint32_t)size, &why);
    free(exact);
    return result;
}

static const char *lookup(const char *name)
{
    return text_equal(name, "T_SERVER") ? "env:2" : NULL;
}

static void later_origins_win(void **state)
{
    (void)state;
    assert_string_equal(config.server, "a:1");
    assert_int_equal(parse("# c\n[server]\naddress = file:1 # c\n token=abc#d\n[limits]\nsize = 2KiB\n"), 0);
    assert_string_equal(config.server, "file:1");
    assert_string_equal(config.token, "abc#d");
    assert_int_equal(config.size, 2048);
    assert_int_equal(settings_parse_environment(&settings, lookup, &why), ERR_OK);
    assert_string_equal(config.server, "env:2");
    char a0[] = "--server=x", a1[] = "--loud", a2[] = "--interval", a3[] = "5s", a4[] = "rest";
    char *argv[] = {a0, a1, a2, a3, a4};
    int at = 0;
    assert_int_equal(settings_parse_flags(&settings, 5, argv, &at, &why), ERR_OK);
    assert_int_equal(at, 4);
    assert_string_equal(config.server, "x");
    assert_true(config.loud && config.interval_ms == 5000);
    char out[1000];
    struct text t;
    text_init(&t, out, sizeof out);
    settings_print(&settings, &t);
    assert_non_null(strstr(out, "address = x"));
    assert_non_null(strstr(out, "token = ***"));
    assert_non_null(strstr(out, "interval = 5s"));
    assert_non_null(strstr(out, "# flag"));
    assert_null(strstr(out, "abc"));
}

static void errors_say_what_where_and_what_to_do(void **state)
{
    const struct {
        const char *file, *want;
    } cases[] = {
        {"[server]\nadress = x\n", "t.conf:2: unknown key server.adress (did you mean server.address?)"},
        {"[sample]\ninterval = 5\n", "a duration with its unit"},
        {"[sample]\ninterval = 5h\n", "out of range; give 1s to 1m"},
        {"[limits]\nagents = 0\n", "out of range; give 1 to 100"},
        {"[limits]\nagents = ten\n", "a whole number"},
        {"[server]\naddress = 0123456789abcdef\n", "at most 15 characters"},
        {"nonsense\n", "t.conf:1: neither [section] nor key = value"},
        {"[open\n", "a section is written [name]"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        begin(state);
        assert_int_equal(parse(cases[i].file), ERR_MALFORMED);
        if (strstr(words, cases[i].want) == NULL)
            fail_msg("\"%s\" lacks \"%s\"", words, cases[i].want);
    }
    begin(state);
    settings_explain_unknown(&settings, "--intervall=3", &why);
    assert_string_equal(words, "unknown flag --intervall (did you mean --interval?); --help lists them all");
    begin(state);
    char only[] = "--interval";
    char *argv[] = {only};
    int at = 0;
    assert_int_equal(settings_parse_flags(&settings, 1, argv, &at, &why), ERR_MALFORMED);
}

static void random_files_never_hurt(void **state)
{
    uint64_t random = 4;
    static const char alphabet[] = "[]=#\n ab.serv\t\r\"0k\0";
    for (uint32_t round = 0; round < 5000; round++) {
        begin(state);
        char file[200];
        uint32_t size = (uint32_t)(unit_random(&random) % sizeof file);
        for (uint32_t i = 0; i < size; i++)
            file[i] = alphabet[unit_random(&random) % sizeof alphabet];
        char *exact = unit_exact(file, size);
        int result = settings_parse_file(&settings, "r", exact, size, &why);
        assert_true(result == ERR_OK || (result == ERR_MALFORMED && why.length > 0));
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(later_origins_win, begin),
        cmocka_unit_test_setup(errors_say_what_where_and_what_to_do, begin),
        cmocka_unit_test_setup(random_files_never_hurt, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
