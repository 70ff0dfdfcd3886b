/* SPDX-License-Identifier: MIT */
/* Client messages, parsed within a fixed pool. */
#include "aggregator/api/subscribe.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <yyjson.h>
#pragma GCC diagnostic pop

static void say(struct text *reply, const char *type, const char *key, const char *value)
{
    struct json j = {.out = reply};
    text_clear(reply);
    json_open_object(&j, NULL);
    json_text(&j, "type", type);
    if (key != NULL)
        json_text(&j, key, value);
    json_close_object(&j);
}

static void refuse(struct text *reply, const char *why)
{
    say(reply, "error", "message", why);
}

static bool has_instance(const struct subscription *out, uint32_t index)
{
    for (uint32_t i = 0; i < out->instance_count; i++)
        if (out->instances[i] == index)
            return true;
    return false;
}

/* False, with the reason said, when an id is not known. */
static bool read_instances(struct store *s, yyjson_val *list, struct subscription *out, struct text *reply)
{
    if (yyjson_equals_str(list, "*")) {
        out->follows_all = true;
        return true;
    }
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > SUBSCRIBED_INSTANCES_MAX) {
        refuse(reply, "instances must be \"*\" or a list of at most 16 ids");
        return false;
    }
    size_t i, count;
    yyjson_val *id;
    yyjson_arr_foreach(list, i, count, id)
    {
        int index = yyjson_is_str(id) ? store_instance_find(s, yyjson_get_str(id)) : ERR_MISSING;
        if (index < 0) {
            refuse(reply, "no instance has one of the ids in instances");
            return false;
        }
        if (!has_instance(out, (uint32_t)index))
            out->instances[out->instance_count++] = (uint32_t)index;
    }
    return true;
}

static bool read_types(yyjson_val *list, struct subscription *out, struct text *reply)
{
    out->types = LIVE_NEWS;
    if (list == NULL)
        return true;
    out->types = 0;
    size_t i, count;
    yyjson_val *name;
    bool is_good = yyjson_is_arr(list);
    yyjson_arr_foreach(list, i, count, name)
    {
        uint32_t type = 0;
        while (type < LIVE_TYPE_COUNT && !yyjson_equals_str(name, live_type_names[type]))
            type++;
        is_good &= type < LIVE_TYPE_COUNT;
        out->types = (uint8_t)(out->types | (is_good ? 1U << type : 0));
    }
    if (!is_good)
        refuse(reply, "types must be a list of metric, alert, instance, insight, dashboard");
    return is_good;
}

static bool read_after(yyjson_val *after, struct subscription *out, struct text *reply)
{
    if (after == NULL)
        return true;
    yyjson_val *stream = yyjson_obj_get(after, "stream"), *seq = yyjson_obj_get(after, "seq");
    yyjson_val *revision = yyjson_obj_get(after, "revision");
    bool is_good = yyjson_is_obj(after) && (seq == NULL || (yyjson_is_uint(seq) && yyjson_is_str(stream))) &&
                   (revision == NULL || yyjson_is_uint(revision)) &&
                   yyjson_get_len(stream) < sizeof(out->stream);
    if (!is_good) {
        refuse(reply, "after must be {\"stream\":text,\"seq\":number,\"revision\":number}");
        return false;
    }
    out->has_seq = seq != NULL;
    out->has_revision = revision != NULL;
    out->seq = yyjson_get_uint(seq);
    out->revision = yyjson_get_uint(revision);
    if (seq != NULL)
        text_copy(out->stream, sizeof(out->stream), yyjson_get_str(stream));
    return true;
}

static bool read_subscription(struct store *s, yyjson_val *root, struct subscription *out, struct text *reply)
{
    yyjson_val *format = yyjson_obj_get(root, "format");
    out->wants_columns = format == NULL || yyjson_equals_str(format, "columns");
    if (!out->wants_columns && !yyjson_equals_str(format, "points")) {
        refuse(reply, "format must be \"columns\" or \"points\"");
        return false;
    }
    return read_instances(s, yyjson_obj_get(root, "instances"), out, reply) &&
           read_types(yyjson_obj_get(root, "types"), out, reply) &&
           read_after(yyjson_obj_get(root, "after"), out, reply);
}

int subscribe_message(struct subscribe_scratch *scratch, struct store *s, const char *message, uint32_t size,
                      struct subscription *out, struct text *reply)
{
    yyjson_alc pool;
    yyjson_read_err err;
    *out = (struct subscription){0};
    if (!websocket_is_text(message, size))
        return ERR_MALFORMED;
    yyjson_alc_pool_init(&pool, scratch->bytes, sizeof(scratch->bytes));
    /* Without the in-situ flag the parser copies the message and does not write to it. */
    union {
        const char *from;
        char *to;
    } text = {.from = message};
    yyjson_doc *doc = yyjson_read_opts(text.to, size, YYJSON_READ_NOFLAG, &pool, &err);
    yyjson_val *root = yyjson_doc_get_root(doc);
    yyjson_val *type = yyjson_obj_get(root, "type");
    if (doc == NULL)
        refuse(reply, "a message must be one JSON object");
    else if (yyjson_equals_str(type, "ping"))
        say(reply, "pong", NULL, NULL);
    else if (yyjson_equals_str(type, "subscribe"))
        out->is_asked = read_subscription(s, root, out, reply);
    else
        refuse(reply, "type must be \"ping\" or \"subscribe\"");
    return ERR_OK;
}

void subscribe_confirm(const struct subscription *ask, const char *stream, uint64_t seq, uint64_t revision,
                       struct text *reply)
{
    struct json j = {.out = reply};
    text_clear(reply);
    json_open_object(&j, NULL);
    json_text(&j, "type", "subscribed");
    json_text(&j, "format", ask->wants_columns ? "columns" : "points");
    json_open_array(&j, "types");
    for (uint32_t i = 0; i < LIVE_TYPE_COUNT; i++)
        if ((ask->types & 1U << i) != 0)
            json_text(&j, NULL, live_type_names[i]);
    json_close_array(&j);
    json_text(&j, "stream", stream);
    json_u64(&j, "seq", seq);
    json_u64(&j, "revision", revision);
    json_close_object(&j);
}
