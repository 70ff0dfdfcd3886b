/* SPDX-License-Identifier: MIT */
/* See vultr.h. */
#include "aggregator/sentinel/vultr.h"

#include <string.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <yyjson.h>
#pragma GCC diagnostic pop

#include "platform/base/utf8.h"
#include "proto/instance_id.h"

/* The document's root when it is an object, or NULL. */
static yyjson_val *parse(void *pool, char *bytes, uint32_t size, struct text *why)
{
    yyjson_alc alc;
    yyjson_read_err error = {0};
    memset(bytes + size, 0, YYJSON_PADDING_SIZE);
    if (!yyjson_alc_pool_init(&alc, pool, VULTR_POOL_SIZE))
        return NULL;
    yyjson_doc *doc = yyjson_read_opts(bytes, size, YYJSON_READ_INSITU, &alc, &error);
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (yyjson_is_obj(root))
        return root;
    if (size > 0 && bytes[strspn(bytes, " \t\r\n")] == '<')
        text_put(why, "it answers with a page of HTML, not with JSON: is that the address of the API?");
    else if (doc == NULL)
        text_put(why, "its answer is no JSON, or was cut off");
    else
        text_put(why, "its answer is JSON of another shape");
    return NULL;
}

static void take_text(yyjson_val *object, const char *name, char *to, uint32_t size)
{
    const char *text = yyjson_get_str(yyjson_obj_get(object, name));
    utf8_copy_clean(to, size, text != NULL ? text : "");
}

static uint32_t take_count(yyjson_val *object, const char *name)
{
    yyjson_val *v = yyjson_obj_get(object, name);
    return yyjson_is_uint(v) && yyjson_get_uint(v) <= UINT32_MAX ? (uint32_t)yyjson_get_uint(v) : 0;
}

static uint64_t take_bytes(yyjson_val *object, const char *name)
{
    yyjson_val *v = yyjson_obj_get(object, name);
    return yyjson_is_uint(v) && yyjson_get_uint(v) <= INT64_MAX ? yyjson_get_uint(v) : 0;
}

/* Examples of the published description have the address itself, its schema a list of networks. */
static void take_v6(yyjson_val *from, struct vultr_server *s)
{
    take_text(from, "v6_main_ip", s->address_v6, sizeof s->address_v6);
    if (s->address_v6[0] == '\0')
        take_text(yyjson_arr_get_first(yyjson_obj_get(from, "v6_networks")), "main_ip", s->address_v6,
                  sizeof s->address_v6);
}

static bool read_server(yyjson_val *from, struct vultr_server *s)
{
    *s = (struct vultr_server){.cores = take_count(from, "vcpu_count"),
                               .memory_mib = take_count(from, "ram"),
                               .disk_gb = take_count(from, "disk"),
                               .allowance_gb = take_count(from, "allowed_bandwidth")};
    take_text(from, "id", s->id, sizeof s->id);
    take_text(from, "label", s->label, sizeof s->label);
    take_text(from, "hostname", s->hostname, sizeof s->hostname);
    take_text(from, "os", s->os, sizeof s->os);
    take_text(from, "region", s->region, sizeof s->region);
    take_text(from, "plan", s->plan, sizeof s->plan);
    take_text(from, "main_ip", s->address, sizeof s->address);
    take_v6(from, s);
    take_text(from, "status", s->status, sizeof s->status);
    take_text(from, "power_status", s->power, sizeof s->power);
    take_text(from, "server_status", s->state, sizeof s->state);
    if (text_equal(s->address, "0.0.0.0"))
        s->address[0] = '\0';
    return yyjson_is_str(yyjson_obj_get(from, "id")) && instance_id_allowed(s->id);
}

static int take_cursor(yyjson_val *meta, struct vultr_page *out, struct text *why)
{
    yyjson_val *next = yyjson_obj_get(yyjson_obj_get(meta, "links"), "next");
    out->total = take_count(meta, "total");
    out->next[0] = '\0';
    if (next == NULL || yyjson_is_null(next))
        return ERR_OK;
    if (yyjson_is_str(next) && text_copy(out->next, sizeof out->next, yyjson_get_str(next)))
        return ERR_OK;
    text_printf(why, "it names no next page that can be asked for (links.next is no text of up to %u bytes)",
                VULTR_CURSOR_SIZE - 1);
    return ERR_MALFORMED;
}

int vultr_read_page(void *pool, char *bytes, uint32_t size, struct vultr_page *out, struct text *why)
{
    size_t i, count;
    yyjson_val *server, *root = parse(pool, bytes, size, why);
    yyjson_val *list = yyjson_obj_get(root, "instances");
    out->count = out->left_out = 0;
    if (root == NULL)
        return ERR_MALFORMED;
    if (!yyjson_is_arr(list) || !yyjson_is_obj(yyjson_obj_get(root, "meta"))) {
        text_put(why, "its answer has no list of instances");
        return ERR_MALFORMED;
    }
    yyjson_arr_foreach(list, i, count, server)
    {
        if (out->count < VULTR_PAGE_MAX && read_server(server, &out->servers[out->count]))
            out->count++;
        else
            out->left_out++;
    }
    return take_cursor(yyjson_obj_get(root, "meta"), out, why);
}

int vultr_read_bandwidth(void *pool, char *bytes, uint32_t size, const char *month,
                         struct vultr_bandwidth *out, struct text *why)
{
    size_t i, count;
    yyjson_val *day, *key, *root = parse(pool, bytes, size, why);
    yyjson_val *days = yyjson_obj_get(root, "bandwidth");
    *out = (struct vultr_bandwidth){.incoming_bytes = 0};
    if (root == NULL)
        return ERR_MALFORMED;
    if (!yyjson_is_obj(days) && !(yyjson_is_arr(days) && yyjson_arr_size(days) == 0)) {
        text_put(why, "its answer has no bandwidth");
        return ERR_MALFORMED;
    }
    if (!yyjson_is_obj(days)) /* PHP's habit: an empty object is an empty list */
        return ERR_OK;
    yyjson_obj_foreach(days, i, count, key, day)
    {
        uint64_t in = take_bytes(day, "incoming_bytes"), sent = take_bytes(day, "outgoing_bytes");
        if (!text_starts(yyjson_get_str(key), month))
            continue;
        out->incoming_bytes = in > INT64_MAX - out->incoming_bytes ? INT64_MAX : out->incoming_bytes + in;
        out->outgoing_bytes = sent > INT64_MAX - out->outgoing_bytes ? INT64_MAX
                                                                     : out->outgoing_bytes + sent;
    }
    return ERR_OK;
}

void vultr_read_error(void *pool, char *bytes, uint32_t size, uint32_t status, struct text *out)
{
    char ignored[160], words[100] = "";
    struct text why;
    text_init(&why, ignored, sizeof ignored);
    yyjson_val *root = parse(pool, bytes, size, &why);
    if (root != NULL)
        take_text(root, "error", words, sizeof words);
    text_printf(out, "HTTP %u%s%s", status, words[0] != '\0' ? ": " : "", words);
}

static bool is_one_of(const char *word, const char *const *words, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (text_equal(word, words[i]))
            return true;
    return false;
}

enum check_health vultr_health(const struct vultr_server *s)
{
    static const char *const busy[] = {"locked", "installing", "booting", "installingbooting"};
    static const char *const moving[] = {"pending", "resizing"};
    if (text_equal(s->status, "suspended"))
        return UNHEALTHY;
    if (is_one_of(s->status, moving, COUNT_OF(moving)) || is_one_of(s->state, busy, COUNT_OF(busy)))
        return DEGRADED;
    if (text_equal(s->power, "stopped"))
        return UNHEALTHY;
    return text_equal(s->status, "active") && text_equal(s->power, "running") ? HEALTHY : DEGRADED;
}
