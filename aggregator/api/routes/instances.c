/* SPDX-License-Identifier: MIT */
/* GET /instances, GET /instances/{id}: hosts in the shape that clients know. */
#include <string.h>

#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"

/* Agents ship every 10 s unless asked for more; half of that again is grace. */
#define SILENCE_MS_MAX INT64_C(35000)

const char *instance_status(const struct instance *in, int64_t now_ms)
{
    if (in->last_seen_ms == 0)
        return "unknown";
    int64_t patience_ms = 3 * (int64_t)in->interval_ms + 5000;
    if (patience_ms < SILENCE_MS_MAX)
        patience_ms = SILENCE_MS_MAX;
    if (now_ms - in->last_seen_ms <= patience_ms)
        return "healthy";
    return in->connected ? "degraded" : "unhealthy";
}

/* The address without its port. */
static void write_address(struct json *j, const char *address)
{
    const char *end = strrchr(address, ':');
    uint32_t length = end == NULL ? (uint32_t)strlen(address) : (uint32_t)(end - address);
    if (length > 1 && address[0] == '[' && address[length - 1] == ']') {
        address++;
        length -= 2;
    }
    if (length > 0)
        json_text_n(j, "ipAddress", address, length);
}

static void write_fact(struct json *j, const char *key, const char *value)
{
    if (value[0] != 0)
        json_text(j, key, value);
}

static void write_metadata(struct json *j, const struct instance *in)
{
    json_open_object(j, "metadata");
    json_text(j, "source", "nephos-agent");
    write_address(j, in->address);
    write_fact(j, "os", in->os);
    write_fact(j, "kernel", in->kernel);
    write_fact(j, "architecture", in->architecture);
    write_fact(j, "agentVersion", in->agent_version);
    json_u64(j, "cpuCount", in->cpu_count);
    json_u64(j, "memoryBytes", in->memory_bytes);
    json_u64(j, "intervalMs", in->interval_ms);
    json_bool(j, "connected", in->connected);
    json_i64(j, "clockSkewMs", in->skew_ms);
    json_u64(j, "samples", in->sample_count);
    json_u64(j, "lostSamples", in->lost_count);
    json_u64(j, "missingSamples", in->gap_count);
    json_u64(j, "repeatedSamples", in->duplicate_count);
    json_bool(j, "catchingUp", in->catching_up);
    json_u64(j, "historySamples", in->history_count);
    json_u64(j, "historyLeft", in->history_left);
    if (in->last_sample_ms > 0)
        json_iso_ms(j, "lastSampleAt", in->last_sample_ms);
    json_close_object(j);
}

void instance_write(struct json *j, const char *key, struct store *s, uint32_t instance, int64_t now_ms)
{
    const struct instance *in = store_instance(s, instance);
    json_open_object(j, key);
    json_text(j, "id", in->id);
    json_text(j, "name", in->name[0] != 0 ? in->name : in->id);
    json_text(j, "type", in->type[0] != 0 ? in->type : "other");
    json_text(j, "status", instance_status(in, now_ms));
    json_text(j, "region", in->region[0] != 0 ? in->region : "unknown");
    json_text(j, "provider", in->provider[0] != 0 ? in->provider : "other");
    json_text(j, "endpoint", "");
    write_metadata(j, in);
    json_iso_ms(j, "createdAt", in->created_ms);
    json_iso_ms(j, "updatedAt", in->updated_ms);
    if (in->last_seen_ms > 0)
        json_iso_ms(j, "lastHealthCheck", in->last_seen_ms);
    json_close_object(j);
}

/* --- one --- */

static int produce_instance(struct exchange *x)
{
    const uint32_t *index = (const uint32_t *)x->state;
    instance_write(&x->json, NULL, x->world->store, *index, x->now_ms);
    return PRODUCE_DONE;
}

void handle_instance(struct exchange *x)
{
    int index = store_instance_find(x->world->store, x->parameter);
    if (index < 0) {
        respond_error(x, 404, "Instance not found", "Instance not found");
        return;
    }
    uint32_t *st = exchange_state(x, sizeof(*st));
    *st = (uint32_t)index;
    respond_json(x, produce_instance);
}

/* --- all --- */

struct list_state {
    char status[16];
    uint32_t next;  /* index of the instance to look at */
    uint32_t limit, count;
    bool is_open;
};

/* True while the instance fits on this page. */
static bool is_listed(const struct exchange *x, const struct list_state *st, uint32_t index)
{
    const struct instance *in = store_instance(x->world->store, index);
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
