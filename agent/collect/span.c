/* SPDX-License-Identifier: MIT */
/* Pieces of text; see span.h. */
#include "agent/collect/span.h"

#include <string.h>

#include "platform/base/text.h"

bool span_line(struct span *text, struct span *line)
{
    const char *newline = text->at == text->end ? NULL : memchr(text->at, '\n', span_length(*text));
    if (newline == NULL)
        return false;
    *line = (struct span){text->at, newline};
    text->at = newline + 1;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool span_word(struct span *line, struct span *word)
{
    const char *p = line->at;
    while (p < line->end && is_blank(*p))
        p++;
    const char *start = p;
    while (p < line->end && !is_blank(*p))
        p++;
    if (p == start)
        return false;
    *word = (struct span){start, p};
    line->at = p;
    return true;
}

bool span_u64(struct span *line, uint64_t *out)
{
    const char *p = line->at;
    uint64_t value;
    if (!text_take_u64(&p, line->end, &value) || (p < line->end && !is_blank(*p)))
        return false;
    *out = value;
    line->at = p;
    return true;
}

uint32_t span_numbers(struct span *line, uint64_t *out, uint32_t count)
{
    uint32_t found = 0;
    while (found < count && span_u64(line, &out[found]))
        found++;
    for (uint32_t i = found; i < count; i++)
        out[i] = 0;
    return found;
}

bool span_x100(struct span *line, uint64_t *out)
{
    uint64_t whole;
    const char *p = line->at;
    if (!text_take_u64(&p, line->end, &whole) || whole > UINT32_MAX || line->end - p < 3 || p[0] != '.')
        return false;
    if (p[1] < '0' || p[1] > '9' || p[2] < '0' || p[2] > '9')
        return false;
    *out = whole * 100 + (uint64_t)(p[1] - '0') * 10 + (uint64_t)(p[2] - '0');
    line->at = p + 3;
    return true;
}

bool span_is(struct span s, const char *text)
{
    size_t length = strlen(text);
    return length == span_length(s) && memcmp(s.at, text, length) == 0;
}

bool span_copy(struct span s, char *to, uint32_t to_size)
{
    uint32_t length = span_length(s);
    if (length >= to_size || memchr(s.at, '\0', length) != NULL) {
        to[0] = '\0';
        return false;
    }
    memcpy(to, s.at, length);
    to[length] = '\0';
    return true;
}

bool span_matches(struct span s, const char *pattern)
{
    const char *p = s.at;
    while (*pattern != '\0' && *pattern != '*' && *pattern != '#') {
        if (p == s.end || *p != *pattern)
            return false;
        p++;
        pattern++;
    }
    if (*pattern == '*')
        return true;
    if (*pattern == '\0')
        return p == s.end;
    if (p == s.end)
        return false;
    while (p < s.end && *p >= '0' && *p <= '9')
        p++;
    return p == s.end;
}

bool span_matches_any(struct span s, const char *const *patterns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (span_matches(s, patterns[i]))
            return true;
    return false;
}
