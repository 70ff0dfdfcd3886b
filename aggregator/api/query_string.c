/* SPDX-License-Identifier: MIT */
/* Percent-decoding, times and lengths, and patterns. */
#include "aggregator/api/query_string.h"

#include <stdlib.h>
#include <string.h>

#include "platform/base/timestamp.h"

#define POSITIVE_MOST 1e18 /* larger numbers are nobody's level */

/* --- names and values --- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return ERR_MALFORMED;
}

int percent_decode(struct span from, bool plus_is_blank, char *to, uint32_t to_size)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < from.length; i++) {
        char c = from.at[i];
        if (c == '+' && plus_is_blank)
            c = ' ';
        if (c == '%') {
            if (from.length - i < 3)
                return ERR_MALFORMED;
            int high = hex_digit(from.at[i + 1]), low = hex_digit(from.at[i + 2]);
            if (high < 0 || low < 0)
                return ERR_MALFORMED;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (c == 0)
            return ERR_MALFORMED;
        if (n + 1 >= to_size)
            return ERR_FULL;
        to[n++] = c;
    }
    to[n] = 0;
    return (int)n;
}

bool query_next(struct span *rest, struct span *name, struct span *value)
{
    while (rest->length > 0 && rest->at[0] == '&') {
        rest->at++;
        rest->length--;
    }
    if (rest->length == 0)
        return false;
    uint32_t end = 0, equals = UINT32_MAX;
    while (end < rest->length && rest->at[end] != '&') {
        if (rest->at[end] == '=' && equals == UINT32_MAX)
            equals = end;
        end++;
    }
    uint32_t name_length = equals == UINT32_MAX ? end : equals;
    *name = (struct span){rest->at, name_length};
    *value = equals == UINT32_MAX ? (struct span){rest->at + end, 0}
                                  : (struct span){rest->at + equals + 1, end - equals - 1};
    rest->at += end;
    rest->length -= end;
    return true;
}

int query_text(struct span query, const char *name, char *to, uint32_t to_size)
{
    struct span key, value;
    to[0] = 0;
    while (query_next(&query, &key, &value)) {
        if (!span_equal(key, name))
            continue;
        int n = percent_decode(value, true, to, to_size);
        return n == 0 ? ERR_MISSING : n;
    }
    return ERR_MISSING;
}

int query_number(struct span query, const char *name, uint64_t min, uint64_t max, uint64_t *out)
{
    char digits[24];
    int n = query_text(query, name, digits, sizeof(digits));
    if (n == ERR_MISSING)
        return n;
    uint64_t v;
    if (n < 0 || !text_to_u64(digits, &v) || v < min || v > max)
        return ERR_MALFORMED;
    *out = v;
    return ERR_OK;
}

int query_positive(struct span query, const char *name, double *out)
{
    char digits[32], *end = digits;
    int n = query_text(query, name, digits, sizeof(digits));
    if (n == ERR_MISSING)
        return n;
    /* strtod() also knows hexadecimal numbers and words. */
    if (n < 0 || digits[strspn(digits, "0123456789.eE+-")] != '\0')
        return ERR_MALFORMED;
    double v = strtod(digits, &end);
    if (end == digits || *end != '\0' || !(v > 0 && v <= POSITIVE_MOST))
        return ERR_MALFORMED;
    *out = v;
    return ERR_OK;
}

/* --- times --- */

int duration_parse(const char *s, int64_t *out_ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"", 1},       {"ms", 1},         {"s", 1000},          {"m", 60000},
                 {"h", 3600000}, {"d", 86400000}, {"w", INT64_C(604800000)}};
    const char *at = s;
    uint64_t n;
    if (*s < '0' || *s > '9' || !text_take_u64(&at, s + strlen(s), &n))
        return ERR_MALFORMED;
    for (uint32_t i = 0; i < COUNT_OF(units); i++)
        if (text_equal(at, units[i].unit))
            return n > (uint64_t)(INT64_MAX / 4 / units[i].ms)
                       ? ERR_MALFORMED
                       : (*out_ms = (int64_t)n * units[i].ms, ERR_OK);
    return ERR_MALFORMED;
}

int time_parse(const char *s, int64_t now_ms, int64_t *out_ms)
{
    if (text_equal(s, "now")) {
        *out_ms = now_ms;
        return ERR_OK;
    }
    if (s[0] == '-') {
        int64_t back;
        int err = duration_parse(s + 1, &back);
        if (err == ERR_OK)
            *out_ms = now_ms - back;
        return err;
    }
    uint64_t ms;
    if (text_to_u64(s, &ms)) {
        /* 9999-12-31 is the last day that any form here can say. */
        if (ms > UINT64_C(253402300799999))
            return ERR_MALFORMED;
        *out_ms = (int64_t)ms;
        return ERR_OK;
    }
    return timestamp_parse(s, out_ms);
}

/* --- patterns --- */

static bool match_until(const char *pattern, const char *pattern_end, const char *text)
{
    const char *star = NULL, *resume = NULL;
    for (;;) {
        if (pattern != pattern_end && *pattern == '*') {
            star = ++pattern;
            resume = text;
        } else if (*text == 0) {
            return pattern == pattern_end;
        } else if (pattern != pattern_end && (*pattern == *text || *pattern == '?')) {
            pattern++;
            text++;
        } else if (star != NULL) { /* let the last star take one character more */
            pattern = star;
            text = ++resume;
        } else {
            return false;
        }
    }
}

bool glob_match(const char *pattern, const char *text)
{
    return match_until(pattern, pattern + strlen(pattern), text);
}

bool glob_match_any(const char *patterns, const char *text)
{
    /* A tag of two keys has a comma itself. */
    if (strchr(text, ',') != NULL && match_until(patterns, patterns + strlen(patterns), text))
        return true;
    for (const char *at = patterns;; at++) {
        const char *end = at + strcspn(at, ",");
        if (end != at && match_until(at, end, text))
            return true;
        if (*end == 0)
            return false;
        at = end;
    }
}
