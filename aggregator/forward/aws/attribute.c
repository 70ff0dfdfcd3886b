/* SPDX-License-Identifier: MIT */
/* See attribute.h. */
#include "aggregator/forward/aws/attribute.h"

#include <string.h>

#define DEPTH_MAX 33U  /* aws_json_read() takes no more than 32 */
#define DIGITS_MAX 38U /* of a number of DynamoDB's */

void attribute_put_text(struct text *out, const char *text)
{
    text_put(out, "{\"S\":");
    export_put_json(out, text);
    text_put_char(out, '}');
}

void attribute_put_integer(struct text *out, int64_t value)
{
    text_put(out, "{\"N\":\"");
    text_put_i64(out, value);
    text_put(out, "\"}");
}

void attribute_put_decimal(struct text *out, int64_t value, uint32_t scale)
{
    text_put(out, "{\"N\":\"");
    export_put_value(out, value, scale);
    text_put(out, "\"}");
}

void attribute_put_iso(struct text *out, int64_t ms)
{
    text_put(out, "{\"S\":\"");
    text_put_iso_ms(out, ms);
    text_put(out, "\"}");
}

void attribute_put_tags(struct text *out, const struct export_point *p)
{
    struct export_tag tags[EXPORT_TAGS_MAX];
    uint32_t count = export_tags(p, tags);
    text_put(out, "{\"M\":{");
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            text_put_char(out, ',');
        export_put_json_n(out, tags[i].key, tags[i].key_length);
        text_put(out, ":{\"S\":");
        export_put_json_n(out, tags[i].value, tags[i].value_length);
        text_put_char(out, '}');
    }
    text_put(out, "}}");
}

/* --- JSON as attributes --- */

static void put_number(struct text *out, yyjson_val *v)
{
    const char *raw = yyjson_get_raw(v);
    ASSERT(raw != NULL); /* numbers are read as they stand */
    bool is_plain = yyjson_get_len(v) <= DIGITS_MAX && strcspn(raw, "eE") >= yyjson_get_len(v);
    text_put(out, is_plain ? "{\"N\":\"" : "{\"S\":\"");
    text_put_n(out, raw, (uint32_t)yyjson_get_len(v));
    text_put(out, "\"}");
}

static void put_scalar(struct text *out, yyjson_val *v)
{
    if (yyjson_is_raw(v))
        put_number(out, v);
    else if (yyjson_is_bool(v))
        text_put(out, yyjson_get_bool(v) ? "{\"BOOL\":true}" : "{\"BOOL\":false}");
    else if (yyjson_is_str(v))
        attribute_put_text(out, yyjson_get_str(v));
    else
        text_put(out, "{\"NULL\":true}");
}

struct level {
    bool is_object, has_one;
    yyjson_obj_iter members;
    yyjson_arr_iter elements;
};

static bool enter(struct level *l, yyjson_val *v)
{
    *l = (struct level){.is_object = yyjson_is_obj(v)};
    return l->is_object ? yyjson_obj_iter_init(v, &l->members) : yyjson_arr_iter_init(v, &l->elements);
}

/* The next value of the level, with a comma and its name before it; NULL at the end. */
static yyjson_val *next_of(struct text *out, struct level *l)
{
    yyjson_val *key = l->is_object ? yyjson_obj_iter_next(&l->members) : NULL;
    yyjson_val *v = l->is_object ? yyjson_obj_iter_get_val(key) : yyjson_arr_iter_next(&l->elements);
    if (v == NULL)
        return NULL;
    if (l->has_one)
        text_put_char(out, ',');
    l->has_one = true;
    if (key != NULL) {
        export_put_json(out, yyjson_get_str(key));
        text_put_char(out, ':');
    }
    return v;
}

void attribute_put_members(struct text *out, yyjson_val *object)
{
    struct level levels[DEPTH_MAX];
    uint32_t depth = 0;
    if (!yyjson_is_obj(object) || !enter(&levels[0], object))
        return;
    levels[0].has_one = true;
    for (;;) {
        yyjson_val *v = next_of(out, &levels[depth]);
        if (v == NULL && depth == 0)
            return;
        if (v == NULL) {
            depth--;
            text_put(out, levels[depth + 1].is_object ? "}}" : "]}");
        } else if (yyjson_is_ctn(v) && depth + 1 < DEPTH_MAX && enter(&levels[depth + 1], v)) {
            depth++;
            text_put(out, levels[depth].is_object ? "{\"M\":{" : "{\"L\":[");
        } else if (yyjson_is_ctn(v)) {
            text_put(out, yyjson_is_obj(v) ? "{\"M\":{}}" : "{\"L\":[]}");
        } else {
            put_scalar(out, v);
        }
    }
}
