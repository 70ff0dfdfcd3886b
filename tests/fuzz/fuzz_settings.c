/* SPDX-License-Identifier: MIT */
/* A configuration file, over a table with one setting of every type.
 *
 * Promise: a refusal says why; what was accepted can be printed, and the print is accepted again with
 * the same values. */
#include "tests/fuzz/fuzz.h"

#include "platform/base/settings.h"

struct config {
    char server[64], token[32];
    uint32_t agents;
    int64_t interval_ms;
    uint64_t size;
    bool quiet;
};
#define AT(field) (uint32_t) offsetof(struct config, field)

static const struct setting table[] = {
    {"server.address", "--server", NULL, SETTING_TEXT, AT(server), 64, 0, 0, "127.0.0.1:7443", "where"},
    {"server.token", "--token", NULL, SETTING_SECRET, AT(token), 32, 0, 0, "", "secret"},
    {"limits.agents", "--agents", NULL, SETTING_COUNT, AT(agents), 0, 1, 10000, "1000", "how many"},
    {"sampling.interval", "--interval", NULL, SETTING_DURATION_MS, AT(interval_ms), 0, 100, 60000, "1s",
     "how often"},
    {"limits.size", "--size", NULL, SETTING_SIZE, AT(size), 0, 0, UINT64_MAX, "64MiB", "bytes"},
    {"log.quiet", "--quiet", NULL, SETTING_SWITCH, AT(quiet), 0, 0, 0, "false", "say less"},
};

static int parse(const char *text, uint32_t length, struct settings *s, struct config *config)
{
    char words[256];
    struct text why;
    text_init(&why, words, sizeof words);
    settings_init(s, table, COUNT_OF(table), config);
    int err = settings_parse_file(s, "nephos.conf", text, length, &why);
    FUZZ_CHECK(err == ERR_OK || (err == ERR_MALFORMED && why.length > 0));
    FUZZ_CHECK(memchr(config->server, 0, sizeof config->server) != NULL);
    FUZZ_CHECK(memchr(config->token, 0, sizeof config->token) != NULL);
    FUZZ_CHECK(config->agents >= 1 && config->agents <= 10000);
    FUZZ_CHECK(config->interval_ms >= 100 && config->interval_ms <= 60000);
    return err;
}

/* The same bytes as the value of a name of an earlier agent, in every form. */
static const struct setting_earlier earlier[] = {
    {"SAME", "limits.agents", FORM_SAME},
    {"URL", "server.address", FORM_URL},
    {"MILLISECONDS", "sampling.interval", FORM_MILLISECONDS},
    {"DEBUG", "server.token", FORM_DEBUG},
};
static const char *value_of_all;

static const char *lookup(const char *name)
{
    (void)name;
    return value_of_all;
}

static void parse_earlier(const uint8_t *bytes, size_t size)
{
    char words[256], note_words[600];
    struct config config = {0};
    struct settings s;
    struct text why, note;
    char *value = malloc(size + 1);
    memcpy(value, bytes, size);
    value[size] = '\0';
    for (uint32_t form = 0; form < COUNT_OF(earlier); form++) {
        text_init(&why, words, sizeof words);
        text_init(&note, note_words, sizeof note_words);
        settings_init(&s, table, COUNT_OF(table), &config);
        settings_use_earlier(&s, &earlier[form], 1);
        value_of_all = value;
        int err = settings_parse_environment(&s, lookup, &why);
        FUZZ_CHECK(err == ERR_OK || (err == ERR_MALFORMED && why.length > 0));
        FUZZ_CHECK(memchr(config.server, 0, sizeof config.server) != NULL);
        FUZZ_CHECK(config.interval_ms >= 100 && config.interval_ms <= 60000);
        if (err == ERR_OK)
            FUZZ_CHECK(settings_explain_earlier(&s, 0, &note) == (note.length > 0));
    }
    free(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char print[4096];
    struct config config = {0}, again = {0};
    struct settings s;
    parse_earlier(bytes, size);
    char *exact = fuzz_exact(bytes, size);
    int err = parse(exact, (uint32_t)size, &s, &config);
    free(exact);
    if (err != ERR_OK || config.token[0] != '\0') /* secrets are not printed */
        return 0;
    struct text out;
    text_init(&out, print, sizeof print);
    settings_print(&s, &out);
    FUZZ_CHECK(!out.truncated);
    FUZZ_CHECK(parse(print, out.length, &s, &again) == ERR_OK);
    FUZZ_CHECK(strcmp(config.server, again.server) == 0 && config.agents == again.agents &&
               config.interval_ms == again.interval_ms && config.size == again.size &&
               config.quiet == again.quiet);
    return 0;
}
