/* SPDX-License-Identifier: MIT */
/* What a rule's text may name: the fields of its messages, and other rules. */
#include "aggregator/rules/rule.h"

#include <string.h>

#include "aggregator/rules/ini.h"

#define SUGGEST_DISTANCE_MAX 3U

const char *const rule_fields[] = {
    "name", "instance", "rule", "group", "tag", "metric", "unit", "level", "word", "value", "value2",
    "threshold", "for", "why", "value_of", NULL,
};

/* The nearest one so far. */
struct guess {
    const char *best;
    uint32_t distance;
};

static void guess_among(struct guess *g, const char *what, const char *word)
{
    uint32_t d = text_distance(what, word);
    if (d < g->distance) {
        g->distance = d;
        g->best = word;
    }
}

static void put_guess(const struct guess *g, struct text *why)
{
    if (g->best != NULL)
        text_printf(why, " (did you mean %s?)", g->best);
}

static bool is_field(const char *field, struct guess *g)
{
    *g = (struct guess){.distance = SUGGEST_DISTANCE_MAX + 1};
    for (uint32_t i = 0; rule_fields[i] != NULL; i++)
        guess_among(g, field, rule_fields[i]);
    return g->distance == 0;
}

int rule_check_words(const char *words, struct text *why)
{
    char field[RULE_FIELD_SIZE];
    struct guess g;
    for (const char *at = strchr(words, '{'); at != NULL; at = strchr(at + 1, '{')) {
        size_t length = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
        if (length == 0 || length >= sizeof field || at[1 + length] != '}')
            continue; /* a brace is a brace */
        memcpy(field, at + 1, length);
        field[length] = '\0';
        if (is_field(field, &g))
            continue;
        text_printf(why, "nothing is called {%s}", field);
        put_guess(&g, why);
        return ERR_MALFORMED;
    }
    return ERR_OK;
}

int rules_check_names(const struct rule_set *set, const char *name, const char *text, uint32_t length,
                      struct text *why)
{
    struct ini i;
    int n;
    ini_begin(&i, text, length);
    while ((n = ini_next(&i, why)) > 0) {
        if (i.section != NULL || !text_equal(i.key, "unless") || i.value[0] == '\0' ||
            rules_find(set, i.value) >= 0)
            continue;
        struct guess g = {.distance = SUGGEST_DISTANCE_MAX + 1};
        for (uint32_t k = 0; k < set->count; k++)
            guess_among(&g, i.value, set->rules[k].name);
        text_clear(why);
        text_printf(why, "%s:%u: unless: there is no rule \"%s\"", name, i.line, i.value);
        put_guess(&g, why);
        return ERR_MALFORMED;
    }
    return n;
}
