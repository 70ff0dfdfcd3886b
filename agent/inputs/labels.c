/* SPDX-License-Identifier: MIT */
/* Names and tags; see labels.h. */
#include "agent/inputs/labels.h"

#include <string.h>

#include "platform/base/text.h"
#include "platform/base/utf8.h"

bool labels_add(struct labels *l, struct span key, struct span value)
{
    if (l->count == LABELS_MAX)
        return false;
    l->at[l->count++] = (struct label){key, value};
    return true;
}

static int compare(struct span a, struct span b)
{
    uint32_t shorter = span_length(a) < span_length(b) ? span_length(a) : span_length(b);
    int order = shorter == 0 ? 0 : memcmp(a.at, b.at, shorter);
    return order != 0 ? order : (int)span_length(a) - (int)span_length(b);
}

/* Copies while each character is printable; `bad` characters become `instead`. */
static int put_clean(struct text *t, struct span s, const char *bad, char instead)
{
    while (s.at < s.end) {
        uint32_t n = utf8_character(s.at, span_length(s));
        if (n == 0)
            return ERR_MALFORMED;
        if (n == 1 && strchr(bad, *s.at) != NULL)
            text_put_char(t, instead);
        else
            text_put_n(t, s.at, n);
        s.at += n;
    }
    return t->truncated ? ERR_FULL : ERR_OK;
}

/* A newline in a label becomes a blank. */
static int put_unescaped(struct text *t, struct span s)
{
    while (s.at < s.end) {
        const char *backslash = memchr(s.at, '\\', span_length(s));
        struct span plain = {s.at, backslash != NULL ? backslash : s.end};
        int result = put_clean(t, plain, ",", ';');
        if (result < 0 || backslash == NULL)
            return result;
        char c = backslash + 1 < s.end ? backslash[1] : '\0';
        if (c != '\\' && c != '"' && c != 'n')
            return ERR_MALFORMED;
        text_put_char(t, c == 'n' ? ' ' : c);
        s.at = backslash + 2;
    }
    return t->truncated ? ERR_FULL : ERR_OK;
}

/* Insertion sort of indexes; what has the key of another before it is left out. */
static uint32_t sort(const struct labels *l, uint8_t order[static LABELS_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < l->count; i++) {
        uint32_t at = count;
        int comparison = 1;
        while (at > 0 && (comparison = compare(l->at[order[at - 1]].key, l->at[i].key)) > 0)
            at--;
        if (at > 0 && comparison == 0)
            continue;
        memmove(order + at + 1, order + at, count - at);
        order[at] = (uint8_t)i;
        count++;
    }
    return count;
}

int labels_write(const struct labels *l, char to[static TAG_SIZE])
{
    uint8_t order[LABELS_MAX + 1];
    uint32_t count = sort(l, order);
    struct text t;
    text_init(&t, to, TAG_SIZE);
    for (uint32_t i = 0; i < count; i++) {
        const struct label *it = &l->at[order[i]];
        if (span_length(it->key) == 0)
            return ERR_MALFORMED;
        if (i > 0)
            text_put_char(&t, ',');
        int result = put_clean(&t, it->key, " ,=*?", '_');
        text_put_char(&t, '=');
        if (result == ERR_OK)
            result = l->is_escaped ? put_unescaped(&t, it->value) : put_clean(&t, it->value, ",", ';');
        if (result < 0)
            return result;
    }
    return t.truncated ? ERR_FULL : ERR_OK;
}

int labels_write_name(struct span name, const char *suffix, char to[static METRIC_SIZE])
{
    struct text t;
    text_init(&t, to, METRIC_SIZE);
    if (span_length(name) == 0)
        return ERR_MALFORMED;
    int result = put_clean(&t, name, " ,*?", '_');
    text_put(&t, suffix);
    return result < 0 ? result : t.truncated ? ERR_FULL : ERR_OK;
}

static bool ends_with(const char *name, size_t length, const char *end)
{
    size_t end_length = strlen(end);
    return length >= end_length && memcmp(name + length - end_length, end, end_length) == 0;
}

const char *labels_unit(const char *name)
{
    static const struct {
        const char *end, *unit;
    } units[] = {
        {"_bytes", "bytes"},         {"_seconds", "seconds"}, {"_ms", "milliseconds"},
        {"_milliseconds", "milliseconds"}, {"_percent", "percent"}, {"_ratio", "ratio"},
        {"_celsius", "celsius"},     {"_volts", "volts"},     {"_amperes", "amperes"},
        {"_joules", "joules"},       {"_watts", "watts"},     {"_meters", "meters"},
        {"_grams", "grams"},
    };
    size_t length = strlen(name);
    static const char *const endings[] = {"_total", "_sum", "_max", "_min"};
    for (size_t i = 0; i < COUNT_OF(endings); i++)
        if (ends_with(name, length, endings[i]))
            length -= strlen(endings[i]);
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (ends_with(name, length, units[i].end))
            return units[i].unit;
    return "count";
}
