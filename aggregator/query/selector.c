/* SPDX-License-Identifier: MIT */
/* Reading selectors, and holding them against series. */
#include "aggregator/query/selector.h"

#include <string.h>

#define NAME_LABEL "__name__"
#define PATTERN_SIZE 400U

/* --- words --- */

void selector_skip_blanks(const char **at, const char *end)
{
    while (*at < end && (**at == ' ' || **at == '\t' || **at == '\n' || **at == '\r'))
        (*at)++;
}

uint32_t selector_word(const char *at, const char *end)
{
    uint32_t n = 0;
    for (; at + n < end; n++) {
        char c = at[n];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
        if (!is_letter && !(n > 0 && c >= '0' && c <= '9'))
            break;
    }
    return n;
}

static char unescaped(char c)
{
    static const char letters[] = "nrtabfv", bytes[] = "\n\r\t\a\b\f\v";
    const char *known = c != 0 ? strchr(letters, c) : NULL;
    return known != NULL ? bytes[known - letters] : c;
}

int selector_text(const char **at, const char *end, char *to, uint32_t to_size)
{
    const char *p = *at;
    uint32_t n = 0;
    if (p == end || (*p != '"' && *p != '\'' && *p != '`'))
        return ERR_MALFORMED;
    char quote = *p++;
    for (;; p++) {
        if (p == end || *p == '\0')
            return ERR_MALFORMED;
        if (*p == quote)
            break;
        char c = *p;
        if (c == '\\' && quote != '`') {
            if (++p == end)
                return ERR_MALFORMED;
            c = unescaped(*p);
        }
        if (n + 1 >= to_size)
            return ERR_FULL;
        to[n++] = c;
    }
    to[n] = '\0';
    *at = p + 1;
    return (int)n;
}

/* --- one matcher --- */

static int complain(struct text *why, int err, const char *words)
{
    text_clear(why);
    text_put(why, words);
    return err;
}

static int read_operator(const char **at, const char *end, enum match_kind *kind)
{
    const char *p = *at;
    char first = p < end ? *p : 0, second = p + 1 < end ? p[1] : 0;
    bool is_two = first == '!' || (first == '=' && second == '~');
    if (first == '=')
        *kind = second == '~' ? MATCH_REGEX : MATCH_EQUAL;
    else if (first == '!' && (second == '=' || second == '~'))
        *kind = second == '~' ? MATCH_NOT_REGEX : MATCH_NOT_EQUAL;
    else
        return ERR_MALFORMED;
    *at = p + (is_two ? 2 : 1);
    return ERR_OK;
}

static int set_regex(struct selection *s, struct matcher *m, const char *pattern, uint32_t length,
                     struct text *why)
{
    if (s->regex_count == SELECTION_REGEXES_MAX)
        return complain(why, ERR_FULL, "more regular expressions than one request may hold (6)");
    int err = regex_compile(&s->regexes[s->regex_count], pattern, length);
    if (err == ERR_FULL)
        return complain(why, err, "a regular expression is too long");
    if (err != ERR_OK)
        return complain(why, err,
                        "a regular expression is broken, or uses flags, [[:classes:]] or back references");
    m->regex = (uint8_t)s->regex_count++;
    return ERR_OK;
}

static int read_value(struct selection *s, struct matcher *m, const char **at, const char *end,
                      struct text *why)
{
    char pattern[PATTERN_SIZE];
    bool is_regex = m->kind >= MATCH_REGEX;
    int n = is_regex ? selector_text(at, end, pattern, sizeof(pattern))
                     : selector_text(at, end, m->value, sizeof(m->value));
    if (n == ERR_FULL)
        return complain(why, n, "the value of a label matcher is too long");
    if (n < 0)
        return complain(why, n, "a label matcher needs a value in quotes");
    return is_regex ? set_regex(s, m, pattern, (uint32_t)n, why) : ERR_OK;
}

static struct matcher *new_matcher(struct selector *it)
{
    return it->count < MATCHERS_MAX ? &it->matchers[it->count++] : NULL;
}

static int read_matcher(struct selection *s, struct selector *it, const char **at, const char *end,
                        struct text *why)
{
    struct matcher *m = new_matcher(it);
    uint32_t length = selector_word(*at, end);
    if (m == NULL)
        return complain(why, ERR_FULL, "more label matchers than a selector may have (10)");
    if (length == 0 || length >= sizeof(m->name))
        return complain(why, ERR_MALFORMED, "the name of a label was expected, as in {mode=\"idle\"}");
    memcpy(m->name, *at, length);
    m->name[length] = '\0';
    *at += length;
    selector_skip_blanks(at, end);
    if (read_operator(at, end, &m->kind) != ERR_OK)
        return complain(why, ERR_MALFORMED, "behind a label's name stands =, !=, =~ or !~");
    selector_skip_blanks(at, end);
    return read_value(s, m, at, end, why);
}

/* Behind '{', up to and with '}'. */
static int read_matchers(struct selection *s, struct selector *it, const char **at, const char *end,
                         struct text *why)
{
    for (;;) {
        selector_skip_blanks(at, end);
        if (*at < end && **at == '}') {
            (*at)++;
            return ERR_OK;
        }
        int err = read_matcher(s, it, at, end, why);
        if (err < 0)
            return err;
        selector_skip_blanks(at, end);
        if (*at < end && **at == ',')
            (*at)++;
        else if (*at == end || **at != '}')
            return complain(why, ERR_MALFORMED, "a selector's braces are not closed");
    }
}

static bool takes_value(const struct selection *s, const struct matcher *m, const char *value,
                        uint32_t length)
{
    if (m->kind >= MATCH_REGEX)
        return regex_match(&s->regexes[m->regex], value, length) == (m->kind == MATCH_REGEX);
    bool is_equal = strlen(m->value) == length && memcmp(m->value, value, length) == 0;
    return is_equal == (m->kind == MATCH_EQUAL);
}

/* Prometheus refuses these, too: they would select everything there is. */
static bool takes_anything(const struct selection *s, const struct selector *it)
{
    for (uint32_t i = 0; i < it->count; i++)
        if (!takes_value(s, &it->matchers[i], "", 0))
            return false;
    return true;
}

int selection_add(struct selection *s, const char **at, const char *end, struct text *why)
{
    if (s->count == SELECTORS_MAX)
        return complain(why, ERR_FULL, "more selectors than one request may hold (8)");
    struct selector *it = &s->selectors[s->count];
    it->count = 0;
    selector_skip_blanks(at, end);
    uint32_t length = selector_word(*at, end);
    if (length >= MATCHER_VALUE_SIZE)
        return complain(why, ERR_MALFORMED, "no metric has so long a name");
    if (length > 0) {
        struct matcher *m = new_matcher(it);
        m->kind = MATCH_EQUAL;
        text_copy(m->name, sizeof(m->name), NAME_LABEL);
        memcpy(m->value, *at, length);
        m->value[length] = '\0';
        *at += length;
        selector_skip_blanks(at, end);
    }
    if (*at < end && **at == '{') {
        (*at)++;
        int err = read_matchers(s, it, at, end, why);
        if (err < 0)
            return err;
    } else if (length == 0) {
        return complain(why, ERR_MALFORMED, "a metric's name or {label=\"value\"} was expected");
    }
    if (takes_anything(s, it))
        return complain(why, ERR_MALFORMED, "at least one matcher must not match the empty text");
    s->count++;
    return ERR_OK;
}

/* --- matching --- */

bool selector_takes_name(const struct selection *s, const struct selector *it, const char *name)
{
    for (uint32_t i = 0; i < it->count; i++)
        if (text_equal(it->matchers[i].name, NAME_LABEL) &&
            !takes_value(s, &it->matchers[i], name, (uint32_t)strlen(name)))
            return false;
    return true;
}

bool selector_takes(const struct selection *s, const struct selector *it, const char *name,
                    const struct labels *labels)
{
    if (!selector_takes_name(s, it, name))
        return false;
    for (uint32_t i = 0; i < it->count; i++) {
        const struct matcher *m = &it->matchers[i];
        if (text_equal(m->name, NAME_LABEL))
            continue;
        const struct label *label = labels_find(labels, m->name);
        const char *value = label != NULL ? label->value : text_equal(m->name, "job") ? "nephos" : "";
        uint32_t length = label != NULL ? label->length : (uint32_t)strlen(value);
        if (!takes_value(s, m, value, length))
            return false;
    }
    return true;
}

bool selection_takes_name(const struct selection *s, const char *name)
{
    bool any = s->count == 0;
    for (uint32_t i = 0; i < s->count && !any; i++)
        any = selector_takes_name(s, &s->selectors[i], name);
    return any;
}

bool selection_takes(const struct selection *s, const char *name, const struct labels *labels)
{
    bool any = s->count == 0;
    for (uint32_t i = 0; i < s->count && !any; i++)
        any = selector_takes(s, &s->selectors[i], name, labels);
    return any;
}
