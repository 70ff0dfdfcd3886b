/* SPDX-License-Identifier: MIT */
/* Writing samples as text; see sample_text.h. */
#include <inttypes.h>
#include <string.h>

#include "aggregator/archive/sample_text.h"
#include "aggregator/query/tags.h"

static const char *const names[] = {"csv", "prom", "jsonl"};

int sample_format_of(const char *name)
{
    for (uint32_t i = 0; i < COUNT_OF(names); i++)
        if (text_equal(names[i], name))
            return (int)i;
    return ERR_MISSING;
}

static const char *kind_name(enum metric_kind kind)
{
    return kind == METRIC_COUNTER ? "counter" : "gauge";
}

void sample_put_head(struct text *out, enum sample_format format)
{
    if (format == SAMPLE_CSV)
        text_put(out, "instance,metric,tag,unit,kind,scale,time_ms,value\n");
}

static void put_csv_field(struct text *out, const char *s)
{
    if (strpbrk(s, ",\"\r\n") == NULL) {
        text_put(out, s);
        return;
    }
    text_put_char(out, '"');
    for (; *s != '\0'; s++) {
        if (*s == '"')
            text_put_char(out, '"');
        text_put_char(out, *s);
    }
    text_put_char(out, '"');
}

/* Within double quotes of prom and JSON. */
static void put_escaped(struct text *out, const char *s, uint32_t length, bool is_json)
{
    for (uint32_t i = 0; i < length; i++) {
        uint8_t c = (uint8_t)s[i];
        if (c == '"' || c == '\\')
            text_printf(out, "\\%c", c);
        else if (c == '\n')
            text_put(out, "\\n");
        else if (is_json && c < ' ')
            text_printf(out, "\\u%04x", c);
        else
            text_put_char(out, (char)c);
    }
}

static bool is_label(const char *s, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        bool letter = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') || s[i] == '_';
        if (!letter && (i == 0 || s[i] < '0' || s[i] > '9'))
            return false;
    }
    bool is_ours = (length == 3 && memcmp(s, "tag", 3) == 0) || (length == 8 && memcmp(s, "instance",
                                                                                       8) == 0);
    return length > 0 && !is_ours;
}

/* True when labels say all of the tag, and put together again they are the same text. */
static bool is_pairs(const char *tag)
{
    struct tag_pair pair;
    uint32_t length = 0;
    for (const char *rest = tag; tags_next(&rest, &pair);) {
        if (!is_label(pair.key, pair.key_length))
            return false;
        length += pair.key_length + pair.value_length + 1 + (length > 0);
    }
    return length == strlen(tag);
}

static void put_labels(struct text *out, const struct sample_series *s)
{
    text_put(out, "{instance=\"");
    put_escaped(out, s->instance, (uint32_t)strlen(s->instance), false);
    text_put_char(out, '"');
    if (s->tag[0] != '\0' && !is_pairs(s->tag)) {
        text_put(out, ",tag=\"");
        put_escaped(out, s->tag, (uint32_t)strlen(s->tag), false);
        text_put_char(out, '"');
    } else {
        struct tag_pair pair;
        for (const char *rest = s->tag; tags_next(&rest, &pair);) {
            text_put_char(out, ',');
            text_put_n(out, pair.key, pair.key_length);
            text_put(out, "=\"");
            put_escaped(out, pair.value, pair.value_length, false);
            text_put_char(out, '"');
        }
    }
    text_put_char(out, '}');
}

void sample_put_type(struct text *out, const struct sample_series *s)
{
    text_printf(out, "# TYPE %s %s\n# NEPHOS %s %s %" PRIu32 " %s\n", s->metric, kind_name(s->kind),
                s->metric,
                kind_name(s->kind), s->scale, s->unit);
}

void sample_put(struct text *out, enum sample_format format, const struct sample_series *s, int64_t time_ms,
                int64_t value)
{
    if (format == SAMPLE_PROM) {
        text_put(out, s->metric);
        put_labels(out, s);
        text_put_char(out, ' ');
        text_put_scaled(out, value, s->scale);
        text_put_char(out, ' ');
        text_put_i64(out, time_ms);
        text_put_char(out, '\n');
        return;
    }
    put_csv_field(out, s->instance);
    text_put_char(out, ',');
    put_csv_field(out, s->metric);
    text_put_char(out, ',');
    put_csv_field(out, s->tag);
    text_put_char(out, ',');
    put_csv_field(out, s->unit);
    text_printf(out, ",%s,%" PRIu32 ",", kind_name(s->kind), s->scale);
    text_put_i64(out, time_ms);
    text_put_char(out, ',');
    text_put_scaled(out, value, s->scale);
    text_put_char(out, '\n');
}

static void put_json_text(struct text *out, const char *key, const char *value)
{
    text_printf(out, "\"%s\":\"", key);
    put_escaped(out, value, (uint32_t)strlen(value), true);
    text_put(out, "\",");
}

void sample_put_many(struct text *out, const struct sample_series *s, const int64_t *time_ms,
                     const int64_t *values, uint32_t count)
{
    text_put_char(out, '{');
    put_json_text(out, "instance", s->instance);
    put_json_text(out, "metric", s->metric);
    put_json_text(out, "tag", s->tag);
    put_json_text(out, "unit", s->unit);
    text_printf(out, "\"kind\":\"%s\",\"scale\":%" PRIu32 ",\"t\":[", kind_name(s->kind), s->scale);
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            text_put_char(out, ',');
        text_put_i64(out, time_ms[i]);
    }
    text_put(out, "],\"v\":[");
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            text_put_char(out, ',');
        text_put_scaled(out, values[i], s->scale);
    }
    text_put(out, "]}\n");
}
