/* SPDX-License-Identifier: MIT */
/* Rules from text: one table of keys makes parser and printer. */
#include "aggregator/rules/rule.h"

#include <string.h>

#include "aggregator/rules/ini.h"
#include "platform/base/settings.h"

#define FOR_MS_MAX (INT64_C(30) * 86400 * 1000)
#define SUGGEST_DISTANCE_MAX 3U
#define MINUTE_MS INT64_C(60000)

const char *const rule_origin_names[RULE_ORIGIN_COUNT] = {"profile", "file", "api"};

enum key_type {
    KEY_TEXT, KEY_LIST, KEY_DURATION, KEY_SEVERITY, KEY_SWITCH, KEY_VALUE, KEY_ONLY_IF, KEY_LEVEL, KEY_CLEAR,
    KEY_SOURCE, KEY_FOR, KEY_SILENCE, KEY_WORDS,
};
#define FIELD(field) offsetof(struct rule, field), sizeof(((struct rule *)NULL)->field)
#define AT(field) offsetof(struct rule, field), 0

static const struct key {
    const char *name;
    enum key_type type;
    uint32_t at, size;
} keys[] = {
    {"value", KEY_VALUE, AT(value)},
    {"only_if", KEY_ONLY_IF, AT(only_if)},
    {"source", KEY_SOURCE, AT(source)},
    {"instance", KEY_LIST, FIELD(instances)},
    {"tags", KEY_LIST, FIELD(tags)},
    {"warn", KEY_LEVEL, AT(warning)},
    {"warn_clear", KEY_CLEAR, AT(warning)},
    {"warn_for", KEY_DURATION, AT(warning.for_ms)},
    {"warn_severity", KEY_SEVERITY, AT(warning.severity)},
    {"critical", KEY_LEVEL, AT(critical)},
    {"critical_clear", KEY_CLEAR, AT(critical)},
    {"critical_for", KEY_DURATION, AT(critical.for_ms)},
    {"critical_severity", KEY_SEVERITY, AT(critical.severity)},
    {"for", KEY_FOR, AT(warning)},
    {"over", KEY_DURATION, AT(over_ms)},
    {"bridge", KEY_DURATION, AT(bridge_ms)},
    {"clear_for", KEY_DURATION, AT(clear_for_ms)},
    {"forget_after", KEY_DURATION, AT(gap_ms)},
    {"grace", KEY_DURATION, AT(grace_ms)},
    {"repeat", KEY_DURATION, AT(repeat_ms)},
    {"group", KEY_TEXT, FIELD(group)},
    {"unless", KEY_TEXT, FIELD(unless)},
    {"message", KEY_WORDS, FIELD(message)},
    {"type", KEY_WORDS, FIELD(type)},
    {"silence", KEY_SILENCE, AT(silence)},
    {"enabled", KEY_SWITCH, AT(is_off)},
};
static_assert(COUNT_OF(keys) <= 32, "a bit for each");

static int malformed(struct text *why, const char *words)
{
    text_put(why, words);
    return ERR_MALFORMED;
}

/* --- values of keys --- */

static int take_duration(const char *value, int64_t *ms, struct text *why)
{
    uint64_t n;
    if (settings_take_duration(value, &n) && n <= (uint64_t)FOR_MS_MAX) {
        *ms = (int64_t)n;
        return ERR_OK;
    }
    text_printf(why, "\"%s\" is no duration up to 30d; write 30s, 5m, 1h", value);
    return ERR_MALFORMED;
}

static int take_word(const char *value, const char *const *words, uint32_t count, struct text *why)
{
    uint32_t distance = SUGGEST_DISTANCE_MAX + 1;
    const char *best = NULL;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t d = text_distance(value, words[i]);
        if (d == 0)
            return (int)i;
        if (d < distance) {
            distance = d;
            best = words[i];
        }
    }
    text_printf(why, "\"%s\" is not one of", value);
    for (uint32_t i = 0; i < count; i++)
        text_printf(why, "%s %s", i == 0 ? "" : ",", words[i]);
    if (best != NULL)
        text_printf(why, " (did you mean %s?)", best);
    return ERR_MALFORMED;
}

static double beyond(double level, bool is_below)
{
    double step = level == 0 ? 1e-9 : (level < 0 ? -level : level) * 1e-12;
    return is_below ? level - step : level + step;
}

/* "90", "> 90", "<= 5GiB". The first level says which side is bad. */
static int take_level(struct rule *r, struct rule_limit *l, const char *value, struct text *why)
{
    bool is_below = *value == '<', has_sign = *value == '<' || *value == '>';
    bool other_is_set = (l == &r->warning ? &r->critical : &r->warning)->is_set;
    value += has_sign;
    bool is_strict = has_sign && *value != '=';
    value += has_sign && *value == '=';
    if (text_equal(value, "none")) {
        l->is_set = false;
        return ERR_OK;
    }
    if (r->value.a.kind == TERM_NONE)
        return malformed(why, "`value` must come before the levels");
    if (!level_parse(value, r->value.unit, &l->at, why))
        return ERR_MALFORMED;
    if (!has_sign && (other_is_set || l->is_set))
        is_below = r->is_below;
    if (other_is_set && is_below != r->is_below)
        return malformed(why, "warn and critical must both be > or both be <");
    r->is_below = is_below;
    l->is_strict = is_strict;
    if (is_strict)
        l->at = beyond(l->at, is_below);
    l->clear = l->at;
    l->is_set = true;
    return ERR_OK;
}

static int take_clear(const struct rule *r, struct rule_limit *l, const char *value, struct text *why)
{
    if (!l->is_set)
        return malformed(why, "the level itself must come before the one at which it is over");
    return level_parse(value, r->value.unit, &l->clear, why) ? ERR_OK : ERR_MALFORMED;
}

static int take_only_if(struct rule *r, const char *value, struct text *why)
{
    char left[METRIC_SIZE * 3];
    const char *sign = strpbrk(value, "<>");
    r->only_if_operation = 0;
    if (text_equal(value, "none"))
        return ERR_OK;
    if (sign == NULL || (size_t)(sign - value) >= sizeof left)
        return malformed(why, "a condition is written as disk_available_bytes < 20GiB");
    memcpy(left, value, (size_t)(sign - value));
    left[sign - value] = '\0';
    if (expression_parse(left, &r->only_if, why) < 0 ||
        !level_parse(sign + 1, r->only_if.unit, &r->only_if_level, why))
        return ERR_MALFORMED;
    r->only_if_operation = *sign;
    return ERR_OK;
}

static int take_text(char *to, uint32_t size, const char *value, struct text *why)
{
    if (text_copy(to, size, value))
        return ERR_OK;
    text_printf(why, "takes up to %u characters", size - 1);
    return ERR_MALFORMED;
}

static int take_source(struct rule *r, const char *value, struct text *why)
{
    static const char *const words[] = {"all", "agents", "clients"};
    int n = take_word(value, words, COUNT_OF(words), why);
    if (n >= 0)
        r->source = (enum rule_source)n;
    return n < 0 ? n : ERR_OK;
}

static int take_switch(struct rule *r, const char *value, struct text *why)
{
    static const char *const words[] = {"yes", "no"};
    int n = take_word(value, words, COUNT_OF(words), why);
    if (n >= 0)
        r->is_off = n == 1;
    return n < 0 ? n : ERR_OK;
}

static int take_key(struct rule *r, const struct key *k, const char *value, struct text *why)
{
    void *at = (char *)r + k->at;
    int n;
    switch (k->type) {
    case KEY_TEXT:
    case KEY_LIST:
        return take_text(at, k->size, value, why);
    case KEY_WORDS:
        n = rule_check_words(value, why);
        return n < 0 ? n : take_text(at, k->size, value, why);
    case KEY_DURATION:
        return take_duration(value, at, why);
    case KEY_FOR:
        n = take_duration(value, &r->warning.for_ms, why);
        r->critical.for_ms = r->warning.for_ms;
        return n;
    case KEY_SEVERITY:
        n = take_word(value, alert_severity_names, ALERT_SEVERITY_COUNT, why);
        if (n >= 0)
            *(enum alert_severity *)at = (enum alert_severity)n;
        return n < 0 ? n : ERR_OK;
    case KEY_SWITCH:
        return take_switch(r, value, why);
    case KEY_VALUE:
        r->warning.is_set = r->critical.is_set = false;
        return expression_parse(value, &r->value, why);
    case KEY_ONLY_IF:
        return take_only_if(r, value, why);
    case KEY_LEVEL:
        return take_level(r, at, value, why);
    case KEY_CLEAR:
        return take_clear(r, at, value, why);
    case KEY_SOURCE:
        return take_source(r, value, why);
    case KEY_SILENCE:
        if (!text_equal(value, "none"))
            return window_parse(value, &r->silence, why);
        r->silence.days = 0;
        return ERR_OK;
    }
    return ERR_MALFORMED;
}

/* --- sections --- */

int rules_find(const struct rule_set *set, const char *name)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (text_equal(set->rules[i].name, name))
            return (int)i;
    return ERR_MISSING;
}

static bool is_name(const char *name)
{
    size_t length = strlen(name);
    return length < RULE_NAME_SIZE &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == length;
}

/* The rule of that section; durations of a new one are those that tell incidents from noise. */
static int open_section(struct rule_set *set, const char *name, enum rule_origin origin, struct text *why)
{
    int at = rules_find(set, name);
    if (!is_name(name)) {
        text_printf(why, "a rule's name has up to %u letters, digits, _ - and .", RULE_NAME_SIZE - 1);
        return ERR_MALFORMED;
    }
    if (at < 0 && set->count == RULES_MAX) {
        text_printf(why, "there are more than %u rules", RULES_MAX);
        return ERR_MALFORMED;
    }
    if (at < 0) {
        struct rule *r = &set->rules[at = (int)set->count++];
        memset(r, 0, sizeof *r); /* padding too: rules are compared as bytes */
        (void)text_copy(r->name, sizeof r->name, name);
        (void)text_copy(r->type, sizeof r->type, "{rule}_{level}");
        (void)text_copy(r->message, sizeof r->message, "{value_of} is {value} {unit} on {name} (level: "
                                                       "{threshold})");
        r->warning = (struct rule_limit){.for_ms = 10 * MINUTE_MS, .severity = ALERT_MEDIUM};
        r->critical = (struct rule_limit){.for_ms = 10 * MINUTE_MS, .severity = ALERT_CRITICAL};
        r->bridge_ms = r->gap_ms = 30 * MINUTE_MS;
        r->clear_for_ms = 15 * MINUTE_MS;
        r->grace_ms = 30 * MINUTE_MS;
        r->repeat_ms = MINUTE_MS;
    }
    set->rules[at].origin = (uint8_t)origin;
    return at;
}

static int check_limit(const struct rule *r, const struct rule_limit *l, const char *word, struct text *why)
{
    if (!l->is_set || (r->is_below ? l->clear >= l->at : l->clear <= l->at))
        return ERR_OK;
    text_printf(why, "%s_clear lies beyond %s: it would be over before it begins", word, word);
    return ERR_MALFORMED;
}

/* What the keys of a rule must have in common, once they are all there. */
static int check_rule(const struct rule *r, struct text *why)
{
    if (r->value.a.kind == TERM_NONE)
        return malformed(why, "needs a `value`, as value = cpu_usage");
    if (!r->warning.is_set && !r->critical.is_set)
        return malformed(why, "needs a level: warn, critical or both");
    if (r->warning.is_set && r->critical.is_set &&
        (r->is_below ? r->critical.at > r->warning.at : r->critical.at < r->warning.at))
        return malformed(why, "critical must lie beyond warn");
    int err = check_limit(r, &r->warning, "warn", why);
    return err < 0 ? err : check_limit(r, &r->critical, "critical", why);
}

static int explain_key(const char *key, struct text *why)
{
    uint32_t distance = SUGGEST_DISTANCE_MAX + 1;
    const char *best = NULL;
    for (uint32_t i = 0; i < COUNT_OF(keys); i++) {
        uint32_t d = text_distance(key, keys[i].name);
        if (d < distance) {
            distance = d;
            best = keys[i].name;
        }
    }
    text_printf(why, "unknown key %s", key);
    if (best != NULL)
        text_printf(why, " (did you mean %s?)", best);
    return ERR_MALFORMED;
}

/* `taken` has a bit for each key that this section has had. */
static int take_assignment(struct rule_set *set, int at, const struct ini *i, uint32_t *taken,
                           struct text *why)
{
    if (at < 0)
        return malformed(why, "a rule begins with its name in brackets, as [cpu]");
    for (uint32_t k = 0; k < COUNT_OF(keys); k++)
        if (text_equal(keys[k].name, i->key)) {
            text_printf(why, "%s: ", i->key);
            uint32_t length = why->length;
            if ((*taken & UINT32_C(1) << k) != 0)
                return malformed(why, "is there twice in this section; remove one of them");
            *taken |= UINT32_C(1) << k;
            int err = take_key(&set->rules[at], &keys[k], i->value, why);
            if (err >= 0)
                text_clear(why);
            ASSERT(err >= 0 || why->length > length || why->truncated);
            return err;
        }
    return explain_key(i->key, why);
}

static int parse(struct rule_set *set, struct ini *i, enum rule_origin origin, struct text *why,
                 uint32_t *line)
{
    int at = ERR_MISSING, n;
    uint32_t begun = 0, taken = 0;
    while ((n = ini_next(i, why)) > 0) {
        *line = i->line;
        if (i->section == NULL) {
            if (take_assignment(set, at, i, &taken, why) < 0)
                return ERR_MALFORMED;
            continue;
        }
        uint32_t here = *line;
        *line = begun;
        if (at >= 0 && check_rule(&set->rules[at], why) < 0)
            return ERR_MALFORMED;
        *line = begun = here;
        taken = 0;
        if ((at = open_section(set, i->section, origin, why)) < 0)
            return ERR_MALFORMED;
    }
    if (n < 0) {
        *line = 0; /* it is in the words */
        return n;
    }
    *line = begun;
    return at >= 0 ? check_rule(&set->rules[at], why) : ERR_OK;
}

int rules_parse(struct rule_set *set, const char *name, const char *text, uint32_t length,
                enum rule_origin origin, struct text *why)
{
    char words[320];
    struct text reason;
    struct ini i;
    uint32_t line = 0;
    text_init(&reason, words, sizeof words);
    ini_begin(&i, text, length);
    int err = parse(set, &i, origin, &reason, &line);
    if (err >= 0)
        return ERR_OK;
    text_clear(why);
    text_printf(why, "%s:", name);
    if (line > 0)
        text_printf(why, "%u: ", line);
    text_put(why, words);
    return ERR_MALFORMED;
}

void rule_name_of(const char *rule, char to[static ALERT_RULE_SIZE])
{
    bool is_ours = text_starts(rule, RULE_PREFIX);
    (void)text_copy(to, ALERT_RULE_SIZE, is_ours ? rule + sizeof RULE_PREFIX - 1 : rule);
    if (is_ours)
        to[strcspn(to, ":")] = '\0';
}
