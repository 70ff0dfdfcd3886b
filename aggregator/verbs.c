/* SPDX-License-Identifier: MIT */
#include "aggregator/verbs.h"

static const struct verb table[] = {
    {"serve", NULL, VERB_SERVE, NULL, "receive agents, serve dashboard and API"},
    {"demo", NULL, VERB_DEMO, NULL, "show it all with simulated hosts, and leave nothing behind"},
    {"token", "create", VERB_TOKEN_CREATE, NULL, "print a token that lets agents join"},
    {"token", "list", VERB_TOKEN_LIST, NULL, "show those tokens, and how often each was used"},
    {"token", "revoke", VERB_TOKEN_REVOKE, "ID", "let nobody join with that token any more"},
    {"access", "create", VERB_ACCESS_CREATE, NULL, "print a token for the API, with --name and --role"},
    {"access", "list", VERB_ACCESS_LIST, NULL, "show the tokens for the API, and when each was used"},
    {"access", "revoke", VERB_ACCESS_REVOKE, "NAME", "let nobody use that token any more, logins included"},
    {"agent", "list", VERB_AGENT_LIST, NULL, "show whose certificates are good here"},
    {"agent", "revoke", VERB_AGENT_REVOKE, "NAME", "cut an agent off, and let it in no more; NAME or id"},
    {"agent", "allow", VERB_AGENT_ALLOW, "NAME", "let it in again"},
    {"audit", NULL, VERB_AUDIT, NULL, "show who changed what"},
    {"notify", "list", VERB_NOTIFY_LIST, NULL, "show where alerts are sent, and how that goes"},
    {"notify", "test", VERB_NOTIFY_TEST, "NAME", "send a test message to a destination, [notify.NAME]"},
    {"forward", "status", VERB_FORWARD_STATUS, NULL, "show where metrics are sent, and how that goes"},
    {"forward", "test", VERB_FORWARD_TEST, "NAME", "try whether [forward.NAME] can be reached"},
    {"forward", "replay", VERB_FORWARD_REPLAY, "[NAME]", "send metrics once more, with --from and --to"},
    {"rules", "list", VERB_RULES_LIST, NULL, "show the alert rules that hold, in the form of a file"},
    {"rules", "check", VERB_RULES_CHECK, "FILE", "read a file of alert rules, and say what is wrong"},
    {"rules", "set", VERB_RULES_SET, "FILE", "store these rules on top of profile and file"},
    {"rules", "test", VERB_RULES_TEST, "RULES", "try one, some (cpu,disk*), all (*) or a file on the past"},
    {"silence", "list", VERB_SILENCE_LIST, NULL, "show when nothing is said of what"},
    {"silence", "create", VERB_SILENCE_CREATE, NULL, "say nothing, with --instance, --rule, --to, --weekly"},
    {"silence", "delete", VERB_SILENCE_DELETE, "ID", "end a silence"},
    {"backup", NULL, VERB_BACKUP, "FILE", "copy the database, while it is in use or not"},
    {"restore", NULL, VERB_RESTORE, "FILE", "put a backup into the data directory"},
    {"verify", NULL, VERB_VERIFY, "[FILE]", "check every block of a backup, or of a stopped database"},
    {"export", NULL, VERB_EXPORT, NULL, "write samples as csv, prom or jsonl"},
    {"import", NULL, VERB_IMPORT, "[FILE]", "take samples as export writes them"},
};

const struct verb *verbs_at(uint32_t index)
{
    return index < COUNT_OF(table) ? &table[index] : NULL;
}

const struct verb *verbs_of(enum config_verb verb)
{
    for (uint32_t i = 0; i < COUNT_OF(table); i++)
        if (table[i].verb == verb)
            return &table[i];
    return &table[0];
}

static int explain(const char *word, const char *first, struct text *why)
{
    const char *best = NULL;
    uint32_t distance = 4;
    for (uint32_t i = 0; i < COUNT_OF(table); i++) {
        const char *known = first == NULL ? table[i].word : table[i].second;
        if (known == NULL || (first != NULL && !text_equal(table[i].word, first)))
            continue;
        uint32_t d = text_distance(word, known);
        if (d < distance) {
            best = known;
            distance = d;
        }
    }
    text_printf(why, "unknown word \"%s\"", word);
    if (best != NULL)
        text_printf(why, " (did you mean %s?)", best);
    text_put(why, "; there are ");
    bool more = false;
    for (uint32_t i = 0; i < COUNT_OF(table); i++) {
        if (first != NULL && !text_equal(table[i].word, first))
            continue;
        text_printf(why, "%s`%s%s%s`", more ? ", " : "", table[i].word, table[i].second != NULL ? " " : "",
                    table[i].second != NULL ? table[i].second : "");
        more = true;
    }
    return ERR_MALFORMED;
}

int verbs_explain(const char *word, struct text *why)
{
    return explain(word, NULL, why);
}

static bool is_help(const char *word)
{
    return text_equal(word, "--help") || text_equal(word, "-h");
}

int verbs_parse(int argc, char *argv[], int *at, enum config_verb *verb, struct text *why)
{
    *verb = VERB_SERVE;
    if (*at >= argc || argv[*at][0] == '-')
        return ERR_OK;
    const char *first = argv[*at], *second = *at + 1 < argc ? argv[*at + 1] : "";
    bool is_known = false;
    for (uint32_t i = 0; i < COUNT_OF(table); i++) {
        if (!text_equal(table[i].word, first))
            continue;
        is_known = true;
        if (table[i].second == NULL || text_equal(table[i].second, second) || is_help(second)) {
            *verb = table[i].verb;
            *at += table[i].second == NULL || is_help(second) ? 1 : 2;
            return ERR_OK;
        }
    }
    return is_known ? explain(second, first, why) : explain(first, NULL, why);
}

void verbs_print(struct text *out)
{
    for (uint32_t i = 0; i < COUNT_OF(table); i++) {
        char words[48];
        struct text t;
        text_init(&t, words, sizeof words);
        text_printf(&t, "%s%s%s%s%s [flags]", table[i].word, table[i].second != NULL ? " " : "",
                    table[i].second != NULL ? table[i].second : "", table[i].operand != NULL ? " " : "",
                    table[i].operand != NULL ? table[i].operand : "");
        text_printf(out, "  nephos-aggregator %-29s %s\n", words, table[i].help);
    }
}
