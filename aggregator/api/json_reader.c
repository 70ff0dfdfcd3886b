/* SPDX-License-Identifier: MIT */
/* See json_reader.h. The parser itself does not recurse; nesting is bounded for those who walk the result. */
#include "aggregator/api/json_reader.h"

#include <string.h>

#include "aggregator/api/query_string.h"
#include "platform/base/json_depth.h"

#define POOL_FACTOR 9U /* bytes of the pool for each of a body: "[1,1,1" takes 16 for two, and a copy */
#define POOL_SPARE 65536U
#define WRITE_ROOM 16384U /* behind the pool: an object as text, and the writer's stack */
#define TIME_MS_MAX INT64_C(7258118400000) /* 2200 */

void json_pool_reserve(struct memory_map *map, struct json_pool *pool, uint32_t body_size)
{
    uint64_t size = (uint64_t)body_size * POOL_FACTOR + POOL_SPARE;
    char *bytes = memory_reserve(map, "api: JSON of a request's body", 1, size + WRITE_ROOM,
                                 "the body is refused with 413");
    if (pool != NULL)
        *pool = (struct json_pool){bytes, (uint32_t)(size < UINT32_MAX ? size : UINT32_MAX)};
}

yyjson_val *json_parse(const struct json_pool *pool, struct span body, struct text *why, uint16_t *status)
{
    yyjson_alc alc;
    yyjson_read_err err;
    *status = 400;
    if (body.length == 0) {
        text_put(why, "the request has no body; it must be a JSON object");
        return NULL;
    }
    if (json_depth(body.at, body.length) > JSON_NESTING_MAX) {
        text_printf(why, "the body nests deeper than %u", JSON_NESTING_MAX);
        return NULL;
    }
    yyjson_alc_pool_init(&alc, pool->bytes, pool->size);
    /* Without the in-situ flag the parser copies the text and does not write to it. */
    union {
        const char *from;
        char *to;
    } text = {.from = body.at};
    yyjson_doc *doc = yyjson_read_opts(text.to, body.length, YYJSON_READ_NOFLAG, &alc, &err);
    if (doc != NULL)
        return yyjson_doc_get_root(doc);
    if (err.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) {
        *status = 413;
        text_put(why, "the body has too many values; send fewer at a time");
    } else {
        text_printf(why, "the body is not JSON: %s at byte %u", err.msg, (unsigned)err.pos);
    }
    return NULL;
}

yyjson_val *json_body(struct exchange *x)
{
    char words[192];
    struct text why;
    uint16_t status;
    text_init(&why, words, sizeof(words));
    yyjson_val *root = json_parse(&x->world->json_pool, x->body, &why, &status);
    if (root == NULL) {
        respond_error(x, status, NULL, "%s", words);
        return NULL;
    }
    if (yyjson_is_obj(root))
        return root;
    respond_error(x, 400, NULL, "the body must be a JSON object");
    return NULL;
}

bool json_is_present(yyjson_val *value)
{
    if (value == NULL || yyjson_is_null(value) || yyjson_is_false(value))
        return false;
    if (yyjson_is_str(value))
        return yyjson_get_len(value) > 0;
    if (yyjson_is_num(value))
        return yyjson_get_num(value) < 0 || yyjson_get_num(value) > 0;
    return true;
}

/* --- what is missing --- */

struct missing_state {
    const char *const *names;
    uint32_t count;
};

static int produce_missing(struct exchange *x)
{
    const struct missing_state *st = (const struct missing_state *)x->state;
    struct json *j = &x->json;
    json_open_object(j, NULL);
    json_text(j, "error", "Missing required fields");
    json_text(j, "message", x->message);
    json_open_array(j, "required");
    for (uint32_t i = 0; i < st->count; i++)
        json_text(j, NULL, st->names[i]);
    json_close_array(j);
    json_close_object(j);
    return PRODUCE_DONE;
}

bool json_require(struct exchange *x, yyjson_val *object, const char *const *names, uint32_t count)
{
    struct text message;
    uint32_t missing = 0;
    text_init(&message, x->message, sizeof(x->message));
    text_put(&message, "Missing required fields: ");
    for (uint32_t i = 0; i < count; i++) {
        yyjson_val *value = yyjson_obj_get(object, names[i]);
        /* of a measured value only absence counts */
        bool is_there = text_equal(names[i], "metricValue") ? value != NULL && !yyjson_is_null(value)
                                                            : json_is_present(value);
        if (is_there)
            continue;
        text_printf(&message, "%s%s", missing > 0 ? ", " : "", names[i]);
        missing++;
    }
    if (missing == 0)
        return true;
    struct missing_state *st = exchange_state(x, sizeof(*st));
    *st = (struct missing_state){names, count};
    respond(x, 400, "application/json", produce_missing);
    return false;
}

/* --- members --- */

bool json_take_text(struct exchange *x, yyjson_val *object, const char *name, char *to, uint32_t size)
{
    yyjson_val *value = yyjson_obj_get(object, name);
    to[0] = 0;
    if (!json_is_present(value))
        return true;
    if (!yyjson_is_str(value)) {
        respond_error(x, 400, NULL, "%s must be a text", name);
        return false;
    }
    size_t length = yyjson_get_len(value);
    if (length >= size) {
        respond_error(x, 400, NULL, "%s is longer than %u bytes", name, size - 1);
        return false;
    }
    if (memchr(yyjson_get_str(value), 0, length) != NULL) {
        respond_error(x, 400, NULL, "%s holds a zero character", name);
        return false;
    }
    memcpy(to, yyjson_get_str(value), length);
    to[length] = 0;
    return true;
}

bool json_take_object(struct exchange *x, yyjson_val *object, const char *name, char *to, uint32_t size)
{
    yyjson_val *value = yyjson_obj_get(object, name);
    to[0] = 0;
    if (!json_is_present(value))
        return true;
    if (!yyjson_is_obj(value)) {
        respond_error(x, 400, NULL, "%s must be an object", name);
        return false;
    }
    const struct json_pool *pool = &x->world->json_pool;
    yyjson_alc alc;
    size_t length = 0;
    yyjson_alc_pool_init(&alc, pool->bytes + pool->size, WRITE_ROOM);
    char *text = yyjson_val_write_opts(value, YYJSON_WRITE_NOFLAG, &alc, &length, NULL);
    if (text == NULL || length >= size) {
        respond_error(x, 400, NULL, "%s is longer than %u bytes", name, size - 1);
        return false;
    }
    memcpy(to, text, length);
    to[length] = 0;
    return true;
}

bool json_take_time(struct exchange *x, yyjson_val *object, const char *name, int64_t fallback_ms,
                    int64_t *out)
{
    yyjson_val *value = yyjson_obj_get(object, name);
    *out = fallback_ms;
    if (!json_is_present(value))
        return true;
    if (yyjson_is_num(value)) {
        double ms = yyjson_get_num(value);
        if (ms >= 0 && ms <= (double)TIME_MS_MAX) {
            *out = (int64_t)ms;
            return true;
        }
    } else if (yyjson_is_str(value) && time_parse(yyjson_get_str(value), x->now_ms, out) == ERR_OK) {
        return true;
    }
    respond_error(x, 400, NULL, "%s is not a time: write milliseconds since 1970 or 2026-01-15T12:00:00.000Z",
                  name);
    return false;
}
