/* SPDX-License-Identifier: MIT */
/* See asking.h. */
#include "aggregator/asking.h"

#include <string.h>

#define ANSWER_MS_MAX 30000

static const struct {
    enum config_verb verb;
    const char *method, *path, *behind; /* with an operand: between path and behind */
} table[] = {
    {VERB_TOKEN_LIST, "GET", "/api/v1/tokens", NULL},
    {VERB_TOKEN_REVOKE, "DELETE", "/api/v1/tokens/", ""},
    {VERB_ACCESS_CREATE, "POST", "/api/v1/access", NULL},
    {VERB_ACCESS_LIST, "GET", "/api/v1/access", NULL},
    {VERB_ACCESS_REVOKE, "DELETE", "/api/v1/access/", ""},
    {VERB_AGENT_LIST, "GET", "/api/v1/agents", NULL},
    {VERB_AGENT_REVOKE, "POST", "/api/v1/agents/", "/revoke"},
    {VERB_AGENT_ALLOW, "POST", "/api/v1/agents/", "/allow"},
    {VERB_NOTIFY_LIST, "GET", "/api/v1/destinations", NULL},
    {VERB_NOTIFY_TEST, "POST", "/api/v1/destinations/", "/test"},
    {VERB_FORWARD_STATUS, "GET", "/api/v1/destinations", NULL},
    {VERB_FORWARD_TEST, "POST", "/api/v1/destinations/", "/test"},
    {VERB_FORWARD_REPLAY, "POST", "/api/v1/forward/replay", NULL},
    {VERB_AUDIT, "GET", "/api/v1/audit?limit=1000", NULL},
    {VERB_RULES_LIST, "GET", "/api/v1/rules", NULL},
    {VERB_RULES_SET, "PUT", "/api/v1/rules", NULL},
    {VERB_RULES_TEST, "POST", "/api/v1/rules/test", NULL},
    {VERB_SILENCE_LIST, "GET", "/api/v1/silences", NULL},
    {VERB_SILENCE_CREATE, "POST", "/api/v1/silences", NULL},
    {VERB_SILENCE_DELETE, "DELETE", "/api/v1/silences/", ""},
};

static int find(enum config_verb verb)
{
    for (uint32_t i = 0; i < COUNT_OF(table); i++)
        if (table[i].verb == verb)
            return (int)i;
    return ERR_MISSING;
}

bool asking_is_verb(enum config_verb verb)
{
    return find(verb) >= 0;
}

/* A text in JSON; what cannot stand there as it is the API would not take either. */
static void put_word(struct text *out, const char *word)
{
    for (; *word != '\0'; word++)
        text_put_char(out, *word == '"' || *word == '\\' || (unsigned char)*word < 0x20 ? '?' : *word);
}

static int put_creation(const struct config *c, bool has_ttl, struct text *body, struct text *why)
{
    if (c->access_name[0] == '\0') {
        text_put(why, "access create: --name NAME must say what the token is for");
        return ERR_MALFORMED;
    }
    text_put(body, "{\"name\":\"");
    put_word(body, c->access_name);
    text_put(body, "\",\"role\":\"");
    put_word(body, c->access_role);
    text_printf(body, "\",\"ttl_ms\":%lld}", has_ttl ? (long long)c->token_ttl_ms : 0LL);
    return ERR_OK;
}

/* A text in JSON, whatever it holds. */
static void put_text(struct text *out, const char *key, const char *text)
{
    text_printf(out, "%s\"%s\":\"", out->length > 1 ? "," : "", key);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            text_put_char(out, '\\');
        if (c < 0x20)
            text_printf(out, "\\u%04x", c);
        else
            text_put_char(out, (char)c);
    }
    text_put_char(out, '"');
}

/* "-6h" and "now" are for the aggregator to understand. */
static void put_times(const struct config *c, struct text *body)
{
    if (c->from[0] != '\0')
        put_text(body, "from", c->from);
    if (c->to[0] != '\0')
        put_text(body, "to", c->to);
}

static void put_rules(const struct config *c, const struct command_line *line, const char *text,
                      struct text *body)
{
    text_put_char(body, '{');
    if (line->verb == VERB_SILENCE_CREATE) {
        put_text(body, "rule", c->rule);
        put_text(body, "weekly", c->weekly);
        put_text(body, "comment", c->comment);
    } else if (text != NULL) {
        put_text(body, "text", text);
    } else {
        put_text(body, "rule", line->operand);
    }
    if (line->verb != VERB_RULES_SET) {
        put_text(body, "instance", c->only_instance);
        put_times(c, body);
    }
    text_put_char(body, '}');
}

static void put_replay(const struct config *c, const struct command_line *line, struct text *body)
{
    text_put_char(body, '{');
    put_text(body, "name", line->operand != NULL ? line->operand : "");
    put_times(c, body);
    text_put_char(body, '}');
}

static bool is_of_rules(enum config_verb verb)
{
    return verb == VERB_RULES_SET || verb == VERB_RULES_TEST || verb == VERB_SILENCE_CREATE;
}

int asking_run(struct plat *p, const struct config *c, const struct command_line *line,
               const struct asking_more *more,
               command_print *print, struct text *why)
{
    char path_words[512];
    struct text path, body;
    int row = find(line->verb);
    ASSERT(row >= 0);
    text_init(&path, path_words, sizeof path_words);
    text_init(&body, more->body, more->body_size);
    text_put(&path, table[row].path);
    if (table[row].behind != NULL && line->operand != NULL) {
        command_put_word(&path, line->operand);
        text_put(&path, table[row].behind);
    }
    if (path.truncated) {
        text_put(why, "that is too long for a name");
        return ERR_MALFORMED;
    }
    if (line->verb == VERB_ACCESS_CREATE && put_creation(c, more->has_ttl, &body, why) < 0)
        return ERR_MALFORMED;
    if (is_of_rules(line->verb))
        put_rules(c, line, more->text, &body);
    if (line->verb == VERB_FORWARD_REPLAY)
        put_replay(c, line, &body);
    if (body.truncated) {
        text_put(why, "the file is too large for rules");
        return ERR_MALFORMED;
    }
    bool has_body = text_equal(table[row].method, "POST") || text_equal(table[row].method, "PUT");
    return command_ask(p, table[row].method, path.at, has_body ? body.at : NULL, ANSWER_MS_MAX, print, why);
}
