/* SPDX-License-Identifier: MIT */
/* The command line; see command.h. */
#include "agent/command.h"

#include <string.h>

static const struct {
    const char *word;
    enum verb verb;
    const char *help; /* NULL: another spelling */
} verbs[] = {
    {"--once", VERB_ONCE, "take one sample, print it as a table, end"},
    {"--once=json", VERB_ONCE_JSON, "the same as JSON"},
    {"--once=prom", VERB_ONCE_PROM, "the same as Prometheus reads it"},
    {"--dry-run", VERB_DRY_RUN, "take twenty samples, send none, print what they would cost, end"},
    {"--check-config", VERB_CHECK_CONFIG, "check the settings, print them with their origin, end"},
    {"--print-config", VERB_PRINT_CONFIG, "print the settings with their origin, end"},
    {"--print-memory-map", VERB_PRINT_MEMORY_MAP, "print all memory that the agent will ever use, end"},
    {"--help", VERB_HELP, "print this, end"},
    {"-h", VERB_HELP, NULL},
    {"--version", VERB_VERSION, "print the version, end"},
    {"-V", VERB_VERSION, NULL},
};

static bool find_verb(const char *word, enum verb *verb)
{
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (text_equal(word, verbs[i].word)) {
            *verb = verbs[i].verb;
            return true;
        }
    return false;
}

int command_parse(struct settings *s, int argc, char *argv[], enum verb *verb, struct text *why)
{
    *verb = VERB_RUN;
    for (int at = 1; at < argc; at++) {
        if (text_equal(argv[at], "-c") && at + 1 < argc) {
            if (settings_set(s, (uint32_t)settings_find(s, "config"), argv[++at], ORIGIN_FLAG, "-c", why) < 0)
                return ERR_MALFORMED;
            continue;
        }
        int result = settings_parse_flags(s, argc, argv, &at, why);
        if (result < 0)
            return result;
        if (at == argc)
            break;
        if (!find_verb(argv[at], verb)) {
            settings_explain_unknown(s, argv[at], why);
            return ERR_MALFORMED;
        }
    }
    return ERR_OK;
}

void command_hide_secrets(int argc, char *argv[])
{
    for (int i = 1; i < argc; i++) {
        char *value = NULL;
        if (text_equal(argv[i], "--token") && i + 1 < argc)
            value = argv[i + 1];
        else if (text_starts(argv[i], "--token="))
            value = argv[i] + strlen("--token=");
        if (value != NULL)
            memset(value, '*', strlen(value));
    }
}

bool command_verb(uint32_t index, const char **word, const char **help)
{
    if (index >= COUNT_OF(verbs))
        return false;
    *word = verbs[index].word;
    *help = verbs[index].help;
    return true;
}

void command_help(const struct settings *s, struct text *out)
{
    text_put(out, "nephos-agent measures this machine every second and sends it to nephos-aggregator.\n\n"
                  "  nephos-agent --server HOST:PORT --token TOKEN      first start: joins\n"
                  "  nephos-agent --server HOST:PORT                    from then on\n\n");
    settings_print_help(s, out);
    text_put_char(out, '\n');
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (verbs[i].help != NULL)
            text_printf(out, "  %-23s %s\n", verbs[i].word, verbs[i].help);
    text_put(out, "\nExit codes: 0 ended in order, 1 failed, 64 wrong usage, 65 damaged state, 70 a bug, "
                  "73 the state\ndirectory cannot be written, 77 not permitted, or refused to join, 78 a "
                  "setting is wrong.\n");
}
