/* SPDX-License-Identifier: MIT */
/* What a rule looks at: one term, or two with an operation between them; and the numbers it is held
 * against. */
#include <string.h>

#include "aggregator/rules/pattern.h"
#include "aggregator/rules/rule.h"
#include "proto/metrics.h"

#define RATE_SCALE 100U
#define NUMBER_MAX 1e15 /* beyond, a double is no whole number any more */
#define SUGGEST_DISTANCE_MAX 3U

static const struct {
    const char *name, *unit;
    uint32_t scale;
} facts[FACT_COUNT] = {
    [FACT_CORES] = {"cores", "count", 1},
    [FACT_MEMORY_BYTES] = {"host_memory_bytes", "bytes", 1},
    [FACT_MISSED_SHIPMENTS] = {"missed_shipments", "count", 10},
    [FACT_CLOCK_SKEW] = {"clock_skew_seconds", "seconds", 1000},
};

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == ':' || c == '*' || c == '?';
}

static bool take_word(const char **at, char *to, uint32_t size)
{
    uint32_t length = 0;
    *at += strspn(*at, " \t");
    while (is_word((*at)[length]))
        length++;
    if (length == 0 || length >= size)
        return false;
    memcpy(to, *at, length);
    to[length] = '\0';
    *at += length;
    *at += strspn(*at, " \t");
    return true;
}

/* "12", "0.5" */
static bool take_number(const char **at, double *out)
{
    double value = 0, place = 1;
    const char *start = *at;
    for (; **at >= '0' && **at <= '9'; ++*at)
        value = value * 10 + (**at - '0');
    if (*at == start)
        return false;
    if (**at == '.')
        for (++*at; **at >= '0' && **at <= '9'; ++*at)
            value += (**at - '0') * (place /= 10);
    *out = value;
    return value <= NUMBER_MAX;
}

static int find_fact(const char *name)
{
    for (int i = 0; i < (int)FACT_COUNT; i++)
        if (text_equal(facts[i].name, name))
            return i;
    return ERR_MISSING;
}

/* A name that is nobody's may be one of people's own; one that is nearly one of ours is a mistake. */
static int check_name(const char *name, struct text *why)
{
    uint32_t distance = SUGGEST_DISTANCE_MAX + 1;
    const char *best = NULL;
    if (pattern_is(name) || metric_find(name) >= 0)
        return ERR_OK;
    for (uint32_t i = 0; i < METRIC_COUNT; i++) {
        uint32_t d = text_distance(name, metric_info((enum metric)i)->name);
        if (d < distance) {
            distance = d;
            best = metric_info((enum metric)i)->name;
        }
    }
    for (uint32_t i = 0; i < FACT_COUNT; i++) {
        uint32_t d = text_distance(name, facts[i].name);
        if (d < distance) {
            distance = d;
            best = facts[i].name;
        }
    }
    if (best == NULL)
        return ERR_OK;
    text_printf(why, "there is no metric \"%s\" (did you mean %s?)", name, best);
    return ERR_MALFORMED;
}

static int check_kind(const struct rule_term *t, bool is_last, struct text *why)
{
    int id = metric_find(t->metric);
    if (id < 0)
        return ERR_OK;
    bool is_counter = metric_info((enum metric)id)->kind == METRIC_COUNTER;
    if (t->kind == TERM_RATE && !is_counter) {
        text_printf(why, "%s does not only grow, so it has no rate(); write %s alone", t->metric, t->metric);
        return ERR_MALFORMED;
    }
    if (t->kind == TERM_METRIC && is_counter && !is_last) {
        text_printf(why, "%s only ever grows, so it reaches any level and stays there; write rate(%s) for "
                         "its growth a second, or last(%s) where clients send it as a plain number",
                    t->metric, t->metric, t->metric);
        return ERR_MALFORMED;
    }
    return ERR_OK;
}

static int take_metric(const char **at, struct rule_term *t, const char *word, struct text *why)
{
    bool is_rate = text_equal(word, "rate"), is_last = text_equal(word, "last");
    t->kind = is_rate && **at == '(' ? TERM_RATE : TERM_METRIC;
    if ((is_rate || is_last) && **at == '(') {
        ++*at;
        if (!take_word(at, t->metric, sizeof t->metric) || **at != ')') {
            text_printf(why, "%s( must be followed by the name of a metric and )", word);
            return ERR_MALFORMED;
        }
        ++*at;
        *at += strspn(*at, " \t");
    } else {
        is_last = false;
        (void)text_copy(t->metric, sizeof t->metric, word);
    }
    int err = check_name(t->metric, why);
    return err < 0 ? err : check_kind(t, is_last, why);
}

static int take_term(const char **at, struct rule_term *t, struct text *why)
{
    char word[METRIC_SIZE];
    *t = (struct rule_term){.kind = TERM_NUMBER};
    *at += strspn(*at, " \t");
    if (**at >= '0' && **at <= '9') {
        if (!take_number(at, &t->number)) {
            text_put(why, "that number is too large");
            return ERR_MALFORMED;
        }
        *at += strspn(*at, " \t");
        return ERR_OK;
    }
    if (!take_word(at, word, sizeof word)) {
        text_put(why, "a metric, rate(metric) or a number is wanted");
        return ERR_MALFORMED;
    }
    int fact = find_fact(word);
    if (fact < 0)
        return take_metric(at, t, word, why);
    *t = (struct rule_term){.kind = TERM_FACT, .fact = (enum rule_fact)fact};
    return ERR_OK;
}

static const char *unit_of(const struct rule_term *t)
{
    int id = t->kind == TERM_METRIC || t->kind == TERM_RATE ? metric_find(t->metric) : ERR_MISSING;
    if (t->kind == TERM_FACT)
        return facts[t->fact].unit;
    if (id < 0 || pattern_is(t->metric))
        return "";
    const char *unit = metric_info((enum metric)id)->unit;
    if (t->kind == TERM_METRIC)
        return unit;
    return text_equal(unit, "bytes") ? "bytes/s" : text_equal(unit, "seconds") ? "ratio" : "count/s";
}

static bool is_patterned(const struct rule_term *t)
{
    return (t->kind == TERM_METRIC || t->kind == TERM_RATE) && pattern_is(t->metric);
}

/* Seconds and milliseconds are not the same; what has no unit that is known goes with anything. */
static int check_units(struct rule_expression *e, struct text *why)
{
    const char *a = unit_of(&e->a), *b = unit_of(&e->b);
    if (e->operation == 0) {
        (void)text_copy(e->unit, sizeof e->unit, a);
        e->scale = e->a.kind == TERM_RATE ? RATE_SCALE : e->a.kind == TERM_FACT ? facts[e->a.fact].scale : 0;
        return ERR_OK;
    }
    e->scale = RATE_SCALE;
    if (is_patterned(&e->a) || is_patterned(&e->b)) {
        text_put(why, "a pattern of metrics stands alone, without another term");
        return ERR_MALFORMED;
    }
    if (e->operation == '/') {
        bool is_plain = e->b.kind == TERM_NUMBER;
        (void)text_copy(e->unit, sizeof e->unit, is_plain ? a : text_equal(a, b) ? "ratio" : "");
        return ERR_OK;
    }
    if (e->a.kind != TERM_NUMBER && e->b.kind != TERM_NUMBER && a[0] != '\0' && b[0] != '\0' &&
        !text_equal(a, b)) {
        text_printf(why, "%s and %s cannot be added or taken away from each other", a, b);
        return ERR_MALFORMED;
    }
    (void)text_copy(e->unit, sizeof e->unit, a[0] != '\0' ? a : b);
    return ERR_OK;
}

int expression_parse(const char *text, struct rule_expression *out, struct text *why)
{
    const char *at = text;
    *out = (struct rule_expression){.operation = 0};
    if (take_term(&at, &out->a, why) < 0)
        return ERR_MALFORMED;
    if (*at != '\0') {
        if (strchr("+-/", *at) == NULL) {
            text_printf(why, "behind the first term + - or / is wanted, not \"%.20s\"", at);
            return ERR_MALFORMED;
        }
        out->operation = *at++;
        if (take_term(&at, &out->b, why) < 0)
            return ERR_MALFORMED;
    }
    if (*at != '\0') {
        text_printf(why, "there are two terms at most; \"%.20s\" is too much", at);
        return ERR_MALFORMED;
    }
    if (out->a.kind == TERM_NUMBER && (out->b.kind == TERM_NONE || out->b.kind == TERM_NUMBER)) {
        text_put(why, "a number alone says nothing; name a metric");
        return ERR_MALFORMED;
    }
    if (out->b.kind == TERM_NUMBER && out->operation == '/' && out->b.number <= 0) {
        text_put(why, "nothing can be divided by 0");
        return ERR_MALFORMED;
    }
    return check_units(out, why);
}

static void print_term(const struct rule_term *t, struct text *out)
{
    int id = t->kind == TERM_METRIC ? metric_find(t->metric) : ERR_MISSING;
    bool is_last = id >= 0 && metric_info((enum metric)id)->kind == METRIC_COUNTER;
    if (t->kind == TERM_FACT)
        text_put(out, facts[t->fact].name);
    else if (t->kind == TERM_NUMBER)
        text_put_scaled(out, (int64_t)(t->number * 1000 + 0.5), 1000);
    else
        text_printf(out, "%s%s%s", t->kind == TERM_RATE ? "rate(" : is_last ? "last(" : "", t->metric,
                    t->kind == TERM_RATE || is_last ? ")" : "");
}

void expression_print(const struct rule_expression *e, struct text *out)
{
    print_term(&e->a, out);
    if (e->operation == 0)
        return;
    text_printf(out, " %c ", e->operation);
    print_term(&e->b, out);
}

bool level_parse(const char *text, const char *unit, double *out, struct text *why)
{
    static const struct {
        const char *suffix, *unit;
        double factor;
    } suffixes[] = {
        {"KiB", "bytes", 1024.0}, {"MiB", "bytes", 1048576.0}, {"GiB", "bytes", 1073741824.0},
        {"TiB", "bytes", 1099511627776.0}, {"KB", "bytes", 1e3}, {"MB", "bytes", 1e6}, {"GB", "bytes", 1e9},
        {"TB", "bytes", 1e12}, {"KiB/s", "bytes/s", 1024.0}, {"MiB/s", "bytes/s", 1048576.0},
        {"%", "percent", 1},
        {"ms", "milliseconds", 1}, {"s", "milliseconds", 1000}, {"ms", "seconds", 1e-3}, {"s", "seconds", 1},
        {"m", "seconds", 60}, {"h", "seconds", 3600}, {"d", "seconds", 86400},
    };
    const char *at = text + strspn(text, " \t");
    bool is_negative = *at == '-', is_known = false;
    at += is_negative;
    bool good = take_number(&at, out);
    at += strspn(at, " \t");
    if (good && is_negative)
        *out = -*out;
    if (good && (*at == '\0' || (unit[0] != '\0' && text_equal(at, unit))))
        return true;
    for (uint32_t i = 0; good && i < COUNT_OF(suffixes); i++) {
        is_known = is_known || text_equal(suffixes[i].suffix, at);
        if (!text_equal(suffixes[i].suffix, at) ||
            !(text_equal(unit, suffixes[i].unit) ||
              (unit[0] == '\0' && text_equal(suffixes[i].unit, "bytes"))))
            continue;
        *out *= suffixes[i].factor;
        return *out <= 1e3 * NUMBER_MAX && *out >= -1e3 * NUMBER_MAX;
    }
    if (is_known)
        text_printf(why, "what is looked at is told in %s, so \"%s\" does not fit", unit[0] != '\0' ? unit
                    : "a unit that is not known", at);
    else
        text_printf(why, "\"%s\" is no number in %s", text, unit[0] != '\0' ? unit : "plain digits");
    return false;
}
