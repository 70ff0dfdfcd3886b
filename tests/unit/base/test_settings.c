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

/* Earlier names, and an environment of pairs for them. */
static const struct setting_earlier earlier[] = {
    {"OLD_URL", "server.address", FORM_URL},
    {"OLDER_URL", "server.address", FORM_URL},
    {"OLD_MS", "sample.interval", FORM_MILLISECONDS},
    {"OLD_AGENTS", "limits.agents", FORM_SAME},
};
static const char *const *environment;

static const char *lookup_pair(const char *name)
{
    for (uint32_t i = 0; environment[i] != NULL; i += 2)
        if (text_equal(environment[i], name))
            return environment[i + 1];
    return NULL;
}

static const struct setting with_environment[] = {
    {"server.address", "--server", "T_SERVER", SETTING_TEXT, AT(server), 16, 0, 0, "a:1", "where"},
    {"sample.interval", "--interval", "T_INTERVAL", SETTING_DURATION_MS, AT(interval_ms), 0, 1000, 60000,
     "1s", "how often"},
    {"limits.agents", "--agents", "T_AGENTS", SETTING_COUNT, AT(count), 0, 1, 100, "10", "how many"},
};

static int parse_environment(const char *const pairs[])
{
    text_init(&why, words, sizeof words);
    settings_init(&settings, with_environment, COUNT_OF(with_environment), &config);
    settings_use_earlier(&settings, earlier, COUNT_OF(earlier));
    environment = pairs;
    return settings_parse_environment(&settings, lookup_pair, &why);
}

static const char *note_of(uint32_t index)
{
    static char note_words[300];
    struct text note;
    text_init(&note, note_words, sizeof note_words);
    bool has = settings_explain_earlier(&settings, index, &note);
    assert_true(has == (note.length > 0));
    return note_words;
}

static void earlier_names_are_honoured_and_explained(void **state)
{
    (void)state;
    assert_int_equal(parse_environment((const char *const[]){
        "OLD_URL", "http://u:p@h:3000/ingest?x", "OLD_MS", "30000", "OLD_AGENTS", "", NULL}), ERR_OK);
    assert_string_equal(config.server, "h:3000");
    assert_int_equal(config.interval_ms, 30000);
    assert_int_equal(config.count, 10);
    assert_string_equal(note_of(2), "OLD_MS is a name of earlier agents and still works; its new name is "
                                    "T_INTERVAL=30s (in a file: sample.interval)");
    assert_string_equal(note_of(3), "");
    char out[600];
    struct text t;
    text_init(&t, out, sizeof out);
    settings_print(&settings, &t);
    assert_non_null(strstr(out, "# environment OLD_URL\n"));

    /* A name of today wins, and so does the first of several earlier ones. */
    assert_int_equal(parse_environment((const char *const[]){"T_SERVER", "new", "OLD_URL", "old", NULL}),
                     ERR_OK);
    assert_string_equal(config.server, "new");
    assert_non_null(strstr(note_of(0), "is passed over: another name of server.address is set too"));
    assert_int_equal(parse_environment((const char *const[]){
        "OLDER_URL", "https://b/", "OLD_URL", "a", NULL}), ERR_OK);
    assert_string_equal(config.server, "a");
    assert_non_null(strstr(note_of(1), "passed over"));
}

static void earlier_names_that_cannot_be_honoured(void **state)
{
    (void)state;
    assert_int_equal(parse_environment((const char *const[]){
        "OLD_URL", "https://abc.execute-api.eu-west-1.amazonaws.com/prod/ingest", NULL}), ERR_OK);
    assert_string_equal(config.server, "a:1");
    assert_non_null(strstr(note_of(0), "service of AWS"));
    assert_int_equal(parse_environment((const char *const[]){"OLD_MS", "300000", NULL}), ERR_OK);
    assert_int_equal(config.interval_ms, 60000);
    assert_non_null(strstr(note_of(2), "T_INTERVAL=1m (in a file: sample.interval); that is the nearest"));
    assert_int_equal(parse_environment((const char *const[]){"OLD_MS", "-1", NULL}), ERR_MALFORMED);
    assert_non_null(strstr(words, "OLD_MS: \"-1ms\" is not what it takes"));
    assert_int_equal(parse_environment((const char *const[]){"OLD_AGENTS", "80.5", NULL}), ERR_MALFORMED);
    assert_int_equal(parse_environment((const char *const[]){"OLD_MS", "30s", NULL}), ERR_MALFORMED);
}

static void every_value_tells_its_file_and_line(void **state)
{
    (void)state;
    assert_int_equal(parse("[limits]\nagents = 5\nsize = 2KiB\n"), ERR_OK);
    static const char second[] = "\n[limits]\n\nagents = 6\n";
    assert_int_equal(settings_parse_file(&settings, "t.d/9.conf", second, sizeof second - 1, &why),
                     ERR_OK);
    char out[1000];
    struct text t;
    text_init(&t, out, sizeof out);
    settings_print(&settings, &t);
    assert_non_null(strstr(out, "# file t.d/9.conf:4\n"));
    assert_non_null(strstr(out, "# file t.conf:3\n"));
    assert_int_equal(config.count, 6);
    /* The names of files are kept in a fixed space. */
    int result = ERR_OK;
    for (uint32_t i = 0; i < 200 && result == ERR_OK; i++)
        result = settings_parse_file(&settings, "another.conf", second, sizeof second - 1, &why);
    assert_int_equal(result, ERR_MALFORMED);
    assert_non_null(strstr(words, "join some"));
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
    assert_non_null(strstr(out, "# flag --server\n"));
    assert_non_null(strstr(out, "# file t.conf:4\n"));
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
        cmocka_unit_test_setup(earlier_names_are_honoured_and_explained, begin),
        cmocka_unit_test_setup(earlier_names_that_cannot_be_honoured, begin),
        cmocka_unit_test_setup(every_value_tells_its_file_and_line, begin),
        cmocka_unit_test_setup(random_files_never_hurt, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
