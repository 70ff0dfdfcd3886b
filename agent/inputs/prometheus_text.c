/* SPDX-License-Identifier: MIT */
/* The Prometheus text exposition format; see prometheus_text.h. */
#include "agent/inputs/prometheus_text.h"

#include <string.h>

#include "agent/inputs/decimal.h"

struct prometheus_text prometheus_text_of(const char *text, uint32_t length)
{
    return (struct prometheus_text){.rest = span_of(text, length)};
}

static void skip_blanks(struct span *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t'))
        s->at++;
}

static bool take_char(struct span *s, char c)
{
    skip_blanks(s);
    if (s->at == s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

/* [a-zA-Z_:][a-zA-Z0-9_:]* */
static bool take_name(struct span *s, struct span *name)
{
    skip_blanks(s);
    const char *start = s->at;
    while (s->at < s->end && ((*s->at >= 'a' && *s->at <= 'z') || (*s->at >= 'A' && *s->at <= 'Z') ||
                              *s->at == '_' || *s->at == ':' ||
                              (s->at > start && *s->at >= '0' && *s->at <= '9')))
        s->at++;
    *name = (struct span){start, s->at};
    return s->at > start;
}

/* "text" with \" and \\ in it, quotes taken off. */
static bool take_quoted(struct span *s, struct span *value)
{
    if (!take_char(s, '"'))
        return false;
    const char *start = s->at;
    while (s->at < s->end && *s->at != '"')
        s->at += *s->at == '\\' && s->end - s->at > 1 ? 2 : 1;
    if (s->at >= s->end)
        return false;
    *value = (struct span){start, s->at};
    s->at++;
    return true;
}

/* {name="value",...}, or nothing. */
static int take_labels(struct span *s, struct labels *out)
{
    *out = (struct labels){.is_escaped = true};
    if (!take_char(s, '{'))
        return ERR_OK;
    while (!take_char(s, '}')) {
        struct span key, value;
        if (!take_name(s, &key) || !take_char(s, '=') || !take_quoted(s, &value))
            return ERR_MALFORMED;
        if (!labels_add(out, key, value))
            return ERR_FULL;
        skip_blanks(s);
        if (!take_char(s, ',') && (s->at == s->end || *s->at != '}'))
            return ERR_MALFORMED;
    }
    return ERR_OK;
}

static bool is_no_number(struct span word)
{
    static const char *const words[] = {"nan", "inf", "infinity"};
    char lower[12];
    if (word.at < word.end && (*word.at == '+' || *word.at == '-'))
        word.at++;
    uint32_t length = span_length(word);
    if (length >= sizeof lower)
        return false;
    for (uint32_t i = 0; i < length; i++)
        lower[i] = (char)(word.at[i] | 0x20);
    lower[length] = '\0';
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcmp(lower, words[i]) == 0)
            return true;
    return false;
}

static bool same(struct span a, struct span b)
{
    return span_length(a) == span_length(b) && memcmp(a.at, b.at, span_length(a)) == 0;
}

static bool is_part(struct span name, struct span family, const char *end)
{
    uint32_t family_length = span_length(family), end_length = (uint32_t)strlen(end);
    return span_length(name) == family_length + end_length &&
           memcmp(name.at, family.at, family_length) == 0 &&
           memcmp(name.at + family_length, end, end_length) == 0;
}

static bool is_counter(const struct prometheus_text *t, struct span name)
{
    if (t->family.at == NULL)
        return false;
    bool is_sum = is_part(name, t->family, "_sum") || is_part(name, t->family, "_count");
    if (span_is(t->type, "counter"))
        return same(name, t->family);
    if (span_is(t->type, "histogram"))
        return is_sum || is_part(name, t->family, "_bucket");
    return span_is(t->type, "summary") && is_sum;
}

/* "# TYPE name type"; every other comment is for people. */
static int take_comment(struct prometheus_text *t, struct span line)
{
    struct span word, name, type;
    if (!span_word(&line, &word) || !span_is(word, "TYPE"))
        return ERR_OK;
    if (!take_name(&line, &name) || !span_word(&line, &type))
        return ERR_MALFORMED;
    t->family = name;
    t->type = type;
    return ERR_OK;
}

/* ERR_AGAIN: not a number. */
static int take_sample(const struct prometheus_text *t, struct span line, struct prometheus_sample *out)
{
    struct span word, more;
    if (!take_name(&line, &out->name))
        return ERR_MALFORMED;
    int result = take_labels(&line, &out->labels);
    if (result < 0)
        return result;
    if (!span_word(&line, &word))
        return ERR_MALFORMED;
    if (span_word(&line, &more))
        return ERR_DENIED;
    out->is_counter = is_counter(t, out->name);
    if (is_no_number(word))
        return ERR_AGAIN;
    return decimal_parse(word, 3, &out->x1000);
}

int prometheus_text_next(struct prometheus_text *t, struct prometheus_sample *out)
{
    struct span line;
    while (span_line(&t->rest, &line)) {
        t->line++;
        if (line.at < line.end && line.end[-1] == '\r')
            line.end--;
        skip_blanks(&line);
        int result = ERR_AGAIN;
        if (take_char(&line, '#'))
            result = take_comment(t, line) < 0 ? ERR_MALFORMED : ERR_AGAIN;
        else if (line.at < line.end)
            result = take_sample(t, line, out);
        if (result != ERR_AGAIN)
            return result;
    }
    t->line++;
    return t->rest.at == t->rest.end ? ERR_MISSING : ERR_MALFORMED;
}
