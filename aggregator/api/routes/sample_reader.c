/* SPDX-License-Identifier: MIT */
/* Names, values, times and tags, in every form that clients send. */
#include "aggregator/api/routes/sample_reader.h"

#include <stdlib.h>
#include <string.h>

#include "aggregator/api/query_string.h"

#define TAGS_MAX 16U
#define NUMBER_TEXT_MAX 64U

/* --- values --- */

/* "240.75ms" is 240.75; "10.0.0.1", "abc", "0x10", "inf" and "" are none. */
static bool number_of_text(const char *s, double *out)
{
    size_t length = strlen(s);
    size_t sign = s[0] == '-' || s[0] == '+';
    if (length == 0 || length > NUMBER_TEXT_MAX)
        return false;
    const char *digits = s + sign + (s[sign] == '.');
    if (*digits < '0' || *digits > '9' || (digits[0] == '0' && (digits[1] | 0x20) == 'x'))
        return false;
    char *end;
    *out = strtod(s, &end);
    return *end != '.' && (*end < '0' || *end > '9');
}

static bool read_value(yyjson_val *value, struct push_sample *out)
{
    if (yyjson_is_sint(value) || (yyjson_is_uint(value) && yyjson_get_uint(value) <= INT64_MAX)) {
        out->is_integer = true;
        out->integer = yyjson_get_sint(value);
        return true;
    }
    if (yyjson_is_num(value)) {
        out->value = yyjson_get_num(value);
        return true;
    }
    return yyjson_is_str(value) && number_of_text(yyjson_get_str(value), &out->value);
}

/* --- tags --- */

struct tag {
    const char *name, *value;
};

static bool is_plain(yyjson_val *text)
{
    const char *s = yyjson_get_str(text);
    return s != NULL && strlen(s) == yyjson_get_len(text) && strpbrk(s, "=,") == NULL && s[0] != 0;
}

/* In the order of their names, so that one series has one spelling. */
static uint32_t sort_in(struct tag *tags, uint32_t count, struct tag new)
{
    uint32_t at = count;
    for (; at > 0 && strcmp(tags[at - 1].name, new.name) > 0; at--)
        tags[at] = tags[at - 1];
    tags[at] = new;
    return count + 1;
}

static bool read_tags(yyjson_val *value, char to[static TAG_SIZE], struct text *why)
{
    struct tag tags[TAGS_MAX];
    uint32_t count = 0;
    size_t i, size;
    yyjson_val *name, *tag;
    to[0] = 0;
    if (!json_is_present(value))
        return true;
    if (!yyjson_is_obj(value) || yyjson_obj_size(value) > TAGS_MAX) {
        text_printf(why, "tags must be an object of at most %u texts", TAGS_MAX);
        return false;
    }
    yyjson_obj_foreach(value, i, size, name, tag)
    {
        if (!yyjson_is_str(tag) || !is_plain(name) || (yyjson_get_len(tag) > 0 && !is_plain(tag))) {
            text_put(why, "tags must be texts without = and comma");
            return false;
        }
        if (yyjson_get_len(tag) > 0)
            count = sort_in(tags, count, (struct tag){yyjson_get_str(name), yyjson_get_str(tag)});
    }
    struct text t;
    text_init(&t, to, TAG_SIZE);
    for (uint32_t k = 0; k < count; k++)
        text_printf(&t, "%s%s=%s", k > 0 ? "," : "", tags[k].name, tags[k].value);
    if (t.truncated)
        text_printf(why, "tags take at most %u bytes in all", TAG_SIZE - 1);
    return !t.truncated;
}

/* --- the whole --- */

static bool read_text(yyjson_val *object, const char *key, const char *fallback, char *to, uint32_t size,
                      struct text *why)
{
    yyjson_val *value = yyjson_obj_get(object, key);
    if (!json_is_present(value) && fallback != NULL)
        return text_copy(to, size, fallback);
    if (!yyjson_is_str(value) || yyjson_get_len(value) == 0 || yyjson_get_len(value) >= size ||
        strlen(yyjson_get_str(value)) != yyjson_get_len(value)) {
        text_printf(why, "%s must be a text of 1 to %u bytes", key, size - 1);
        return false;
    }
    return text_copy(to, size, yyjson_get_str(value));
}

static bool read_time(yyjson_val *value, int64_t now_ms, int64_t *out, struct text *why)
{
    *out = now_ms;
    if (!json_is_present(value))
        return true;
    double ms = yyjson_is_num(value) ? yyjson_get_num(value) : -1;
    if (ms >= 0 && ms < 9e15)
        *out = (int64_t)ms;
    else if (!yyjson_is_str(value) || time_parse(yyjson_get_str(value), now_ms, out) != ERR_OK) {
        text_put(why, "timestamp must be milliseconds since 1970 or ISO 8601 text");
        return false;
    }
    return true;
}

bool sample_is_text(yyjson_val *object)
{
    return yyjson_equals_str(yyjson_obj_get(object, "unit"), "string") &&
           yyjson_is_str(yyjson_obj_get(object, "value"));
}

bool sample_read(yyjson_val *object, const struct sample_keys *keys, int64_t now_ms,
                 struct sample_texts *texts, struct push_sample *out, struct text *why)
{
    if (!yyjson_is_obj(object)) {
        text_put(why, "a metric must be an object");
        return false;
    }
    *out = (struct push_sample){.metric = texts->metric, .unit = texts->unit, .tag = texts->tag,
                                .kind = METRIC_GAUGE};
    if (!read_text(object, keys->name, NULL, texts->metric, sizeof(texts->metric), why) ||
        !read_text(object, "unit", "count", texts->unit, sizeof(texts->unit), why) ||
        !read_time(yyjson_obj_get(object, "timestamp"), now_ms, &out->time_ms, why) ||
        !read_tags(yyjson_obj_get(object, "tags"), texts->tag, why))
        return false;
    if (read_value(yyjson_obj_get(object, keys->value), out))
        return true;
    text_printf(why, "%s of %s must be a number", keys->value, texts->metric);
    return false;
}
