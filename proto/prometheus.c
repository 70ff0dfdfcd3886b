/* SPDX-License-Identifier: MIT */
/* See prometheus.h. */
#include "proto/prometheus.h"

#include <string.h>

struct base_unit {
    const char *unit, *suffix;
    uint32_t scale;            /* so many of the unit are one of the base unit */
    const char *endings[2];    /* in our names, cut before the suffix is added */
};
static const struct base_unit base_units[] = {
    {"percent", "_ratio", 100, {"_percent", NULL}},
    {"milliseconds", "_seconds", 1000, {"_ms", "_milliseconds"}},
    {"seconds", "_seconds", 1, {"_seconds", NULL}},
    {"bytes", "_bytes", 1, {"_bytes", NULL}},
};

static bool ends_with(const char *s, const char *end)
{
    size_t length = strlen(s), end_length = strlen(end);
    return length >= end_length && text_equal(s + length - end_length, end);
}

bool prometheus_is_total(const char *name)
{
    return ends_with(name, "_total");
}

void prometheus_put_word(struct text *t, const char *s, size_t length, bool may_have_colon)
{
    for (size_t i = 0; i < length; i++) {
        char c = s[i];
        bool is_good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       (may_have_colon && c == ':');
        text_put_char(t, is_good ? c : '_');
    }
}

static const struct base_unit *find_base(const char *unit)
{
    for (uint32_t i = 0; i < COUNT_OF(base_units); i++)
        if (text_equal(unit, base_units[i].unit))
            return &base_units[i];
    return NULL;
}

void prometheus_put_metric(struct text *name, const char *metric, const char *unit, bool is_counter,
                           uint32_t *scale)
{
    const struct base_unit *base = find_base(unit);
    size_t length = strlen(metric);
    for (uint32_t i = 0; base != NULL && i < COUNT_OF(base->endings); i++)
        if (base->endings[i] != NULL && ends_with(metric, base->endings[i])) {
            length -= strlen(base->endings[i]);
            break;
        }
    text_put(name, "nephos_");
    prometheus_put_word(name, metric, length, false);
    if (base != NULL && !__builtin_mul_overflow(*scale, base->scale, scale))
        text_put(name, base->suffix);
    if (is_counter && !prometheus_is_total(name->at))
        text_put(name, "_total");
}

const char *prometheus_label(const char *key, size_t length)
{
    static const char *const renamed[][2] = {
        {"mount", "mountpoint"}, {"interface", "device"}, {"core", "cpu"},
    };
    for (uint32_t i = 0; i < COUNT_OF(renamed); i++)
        if (strlen(renamed[i][0]) == length && memcmp(renamed[i][0], key, length) == 0)
            return renamed[i][1];
    return NULL;
}
