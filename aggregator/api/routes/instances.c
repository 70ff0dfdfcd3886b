/* SPDX-License-Identifier: MIT */
/* GET /instances, GET /instances/{id}. */
#include <string.h>

#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"

/* --- one --- */

static int produce_instance(struct exchange *x)
{
    const uint32_t *index = (const uint32_t *)x->state;
    instance_write(&x->json, NULL, x->world->store, *index, x->now_ms);
    return PRODUCE_DONE;
}

void handle_instance(struct exchange *x)
{
    int index = instance_find(x, x->parameter);
    if (index < 0)
        return;
    uint32_t *st = exchange_state(x, sizeof(*st));
    *st = (uint32_t)index;
    respond_json(x, produce_instance);
}

/* --- all --- */

struct list_state {
    char status[TOLD_STATUS_SIZE];
    uint32_t next;  /* index of the instance to look at */
    uint32_t limit, count;
    bool is_open;
};

/* True while the instance fits on this page. */
static bool is_listed(const struct exchange *x, const struct list_state *st, uint32_t index)
{
    const struct instance *in = store_instance(x->world->store, index);
    if (in->deleted_ms != 0)
        return false;
    return st->status[0] == 0 || text_equal(st->status, instance_status(in, x->now_ms));
}

static int produce_list(struct exchange *x)
{
    struct list_state *st = (struct list_state *)x->state;
    struct store *s = x->world->store;
    struct json *j = &x->json;
    uint32_t total = store_instance_count(s);
    if (!st->is_open) {
        json_open_object(j, NULL);
        json_open_array(j, "instances");
        st->is_open = true;
    }
    for (; st->next < total; st->next++) {
        if (!is_listed(x, st, st->next))
            continue;
        if (st->count == st->limit)
            break;
        struct json_mark m = json_mark(j);
        instance_write(j, NULL, s, st->next, x->now_ms);
        if (json_is_full(j)) {
            json_rewind(j, m);
            return PRODUCE_MORE;
        }
        st->count++;
    }
    struct json_mark m = json_mark(j);
    json_close_array(j);
    json_u64(j, "count", st->count);
    if (st->next < total) {
        char key[16];
        struct text t;
        text_init(&t, key, sizeof(key));
        text_put_u64(&t, st->next);
        json_text(j, "lastEvaluatedKey", key);
    }
    json_close_object(j);
    return produce_or_rewind(j, m);
}

void handle_instances(struct exchange *x)
{
    struct list_state *st = exchange_state(x, sizeof(*st));
    struct span query = x->request->query;
    uint64_t limit = 100, next = 0;
    if (query_number(query, "limit", 1, 1000, &limit) == ERR_MALFORMED) {
        respond_error(x, 400, NULL, "limit must be a number from 1 to 1000");
        return;
    }
    if (query_number(query, "lastEvaluatedKey", 0, UINT32_MAX, &next) == ERR_MALFORMED) {
        respond_error(x, 400, NULL, "lastEvaluatedKey must be what the page before answered");
        return;
    }
    int length = query_text(query, "status", st->status, sizeof(st->status));
    if (length < 0 && length != ERR_MISSING)
        text_copy(st->status, sizeof(st->status), "?"); /* a word that no instance has */
    st->limit = (uint32_t)limit;
    st->next = (uint32_t)next;
    respond_json(x, produce_list);
}
