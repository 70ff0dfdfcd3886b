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

/* Fills `next` from the list of ids; false, with the reason said, when one is not known. */
static bool read_instances(struct store *s, yyjson_val *list, struct subscriber *next, struct text *reply)
{
    if (yyjson_is_str(list) && text_equal(yyjson_get_str(list), "*")) {
        next->follows_all = true;
        return true;
    }
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > SUBSCRIBED_INSTANCES_MAX) {
        say(reply, "error", "message", "instances must be \"*\" or a list of at most 16 ids");
        return false;
    }
    size_t i, count;
    yyjson_val *id;
    yyjson_arr_foreach(list, i, count, id)
    {
        int index = yyjson_is_str(id) ? store_instance_find(s, yyjson_get_str(id)) : ERR_MISSING;
        if (index < 0) {
            say(reply, "error", "message", "no instance has one of the ids in instances");
            return false;
        }
        next->instances[next->instance_count++] = (uint32_t)index;
    }
    return true;
}

static void subscribe(struct store *s, struct subscriber *sub, yyjson_val *root, struct text *reply)
{
    yyjson_val *format = yyjson_obj_get(root, "format");
    if (format != NULL && !yyjson_equals_str(format, "columns")) {
        say(reply, "error", "message", "the only format is \"columns\"");
        return;
    }
    struct subscriber next = *sub;
    next.wants_columns = true;
    next.follows_all = false;
    next.instance_count = 0;
    if (!read_instances(s, yyjson_obj_get(root, "instances"), &next, reply))
        return;
    *sub = next;
    say(reply, "subscribed", "format", "columns");
}

int subscribe_message(struct subscribe_scratch *scratch, struct store *s, struct subscriber *sub,
                      const char *message, uint32_t size, struct text *reply)
{
    yyjson_alc pool;
    yyjson_read_err err;
    yyjson_alc_pool_init(&pool, scratch->bytes, sizeof(scratch->bytes));
    /* Without the in-situ flag the parser copies the message and does not write to it. */
    union {
        const char *from;
        char *to;
    } text = {.from = message};
    yyjson_doc *doc = yyjson_read_opts(text.to, size, YYJSON_READ_NOFLAG, &pool, &err);
    yyjson_val *root = yyjson_doc_get_root(doc);
    yyjson_val *type = yyjson_obj_get(root, "type");
    if (doc == NULL && err.code == YYJSON_READ_ERROR_INVALID_STRING)
        return ERR_MALFORMED;
    if (doc == NULL)
        say(reply, "error", "message", "a message must be one JSON object");
    else if (yyjson_equals_str(type, "ping"))
        say(reply, "pong", NULL, NULL);
    else if (yyjson_equals_str(type, "subscribe"))
        subscribe(s, sub, root, reply);
    else
        say(reply, "error", "message", "type must be \"ping\" or \"subscribe\"");
    return ERR_OK;
}
