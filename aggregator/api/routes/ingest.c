/* SPDX-License-Identifier: MIT */
/* POST /ingest and /ingest/vultr: the batch that earlier agents send each half minute: an instance, its
 * health and its samples. Nothing of a batch is stored when one of its metrics is no sample; what an agent of
 * ours measures itself, and what finds no room, is left out. */
#include <string.h>

#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/sample_reader.h"
#include "aggregator/store/store_told.h"
#include "proto/instance_id.h"

#define MESSAGE_SIZE 200U
static const struct sample_keys keys = {"name", "value"};

struct batch {
    char id[INSTANCE_ID_SIZE];
    char name[NAME_SIZE], type[FACT_SIZE], region[FACT_SIZE];
    char endpoint[TOLD_ENDPOINT_SIZE], status[TOLD_STATUS_SIZE];
    int64_t check_ms;
};

struct ingested {
    char id[INSTANCE_ID_SIZE];
    uint64_t revision;          /* before it: alerts that are newer came of it */
    uint32_t metrics, alerts;
    bool is_counted;
    char message[MESSAGE_SIZE];
};

/* --- what is sent --- */

static bool read_batch(struct exchange *x, yyjson_val *body, struct batch *b)
{
    yyjson_val *health = yyjson_obj_get(body, "health");
    if (!json_is_present(yyjson_obj_get(body, "instanceId")) ||
        !yyjson_is_arr(yyjson_obj_get(body, "metrics"))) {
        respond_error(x, 400, "Bad Request", "instanceId and metrics are required");
        return false;
    }
    if (json_is_present(health) && !yyjson_is_obj(health)) {
        respond_error(x, 400, NULL, "health must be an object");
        return false;
    }
    return json_take_text(x, body, "instanceId", b->id, sizeof(b->id)) &&
           json_take_text(x, body, "instanceName", b->name, sizeof(b->name)) &&
           json_take_text(x, body, "instanceType", b->type, sizeof(b->type)) &&
           json_take_text(x, body, "region", b->region, sizeof(b->region)) &&
           json_take_text(x, body, "endpoint", b->endpoint, sizeof(b->endpoint)) &&
           json_take_text(x, health, "status", b->status, sizeof(b->status)) &&
           json_take_time(x, health, "lastCheck", x->now_ms, &b->check_ms);
}

/* All metrics, once: true when each is a sample. */
static bool pass(struct exchange *x, enum push_pass which, const char *id, yyjson_val *metrics)
{
    struct push *p = x->world->push;
    const struct push_facts facts = {.id = id};
    size_t i, count;
    yyjson_val *metric;
    push_begin(p, which);
    int instance = push_instance(p, &facts);
    if (instance < 0) {
        respond_error(x, 400, NULL, "%s", push_why(p));
        return false;
    }
    yyjson_arr_foreach(metrics, i, count, metric)
    {
        struct sample_texts texts;
        struct push_sample sample;
        char words[160];
        struct text why;
        text_init(&why, words, sizeof(words));
        if (sample_is_text(metric))
            continue;
        bool is_good = sample_read(metric, &keys, x->now_ms, &texts, &sample, &why);
        if (is_good && push_sample(p, instance, &sample) >= 0)
            continue;
        respond_error(x, 400, NULL, "metric %u: %s; nothing of the batch was stored", (unsigned)i,
                      is_good ? push_why(p) : words);
        return false;
    }
    return true;
}

/* --- storing --- */

static void take(char *to, uint32_t size, const char *told, const char *fallback)
{
    if (told[0] != 0 || to[0] == 0)
        (void)text_copy(to, size, told[0] != 0 ? told : fallback);
}

/* The instance as the batch tells it; what it leaves out stays as it was. */
static int store_instance_of(struct exchange *x, const struct batch *b)
{
    struct store *s = x->world->store;
    struct instance in = {.id = ""};
    struct told told;
    int known = store_instance_find(s, b->id);
    if (known >= 0)
        in = *store_instance(s, (uint32_t)known);
    (void)text_copy(in.id, sizeof(in.id), b->id);
    if (in.agent_version[0] == 0) {
        take(in.name, sizeof(in.name), b->name, "Vultr Instance");
        take(in.type, sizeof(in.type), b->type, "vultr-compute");
        take(in.region, sizeof(in.region), b->region, "unknown");
    }
    int index = store_instance_put(s, &in);
    if (index < 0)
        return index;
    if (in.agent_version[0] == 0)
        store_told_source(s, (uint32_t)index, INSTANCE_FROM_INGEST);
    store_told_status(s, (uint32_t)index, b->status[0] != 0 ? b->status : "healthy", b->check_ms);
    int err = store_told_get(s, (uint32_t)index, &told);
    if (err == ERR_OK && b->endpoint[0] != 0 && !text_equal(told.endpoint, b->endpoint)) {
        (void)text_copy(told.endpoint, sizeof(told.endpoint), b->endpoint);
        err = store_told_put(s, (uint32_t)index, &told);
    }
    return err;
}

/* --- the answer --- */

static int produce_ingested(struct exchange *x)
{
    const struct ingested *st = (const struct ingested *)x->state;
    struct json *j = &x->json;
    json_open_object(j, NULL);
    json_text(j, "message", st->message);
    json_u64(j, "metricsIngested", st->metrics);
    json_bool(j, "instanceUpdated", true);
    json_u64(j, "alertsGenerated", st->alerts);
    json_close_object(j);
    return PRODUCE_DONE;
}

/* After the commit analysis has seen the samples; what it raised waits for a commit of its own. */
static int respond_ingested(struct exchange *x)
{
    struct ingested *st = (struct ingested *)x->state;
    uint32_t at = 0;
    const struct alert *a;
    bool must_wait = false;
    while (!st->is_counted && (a = store_alert_walk_open(x->world->store, &at)) != NULL) {
        if (a->revision <= st->revision || !text_equal(a->instance, st->id))
            continue;
        st->alerts += a->created_revision > st->revision;
        must_wait = true;
    }
    st->is_counted = true;
    if (must_wait) {
        respond_committed(x, respond_ingested);
        return ERR_BUSY;
    }
    respond_json(x, produce_ingested);
    return ERR_OK;
}

static void answer_result(struct exchange *x, const struct batch *b, const struct push_result *result,
                          uint64_t revision)
{
    struct ingested *st = exchange_state(x, sizeof(*st));
    struct text t;
    char words[160];
    struct text why;
    text_init(&why, words, sizeof(words));
    text_init(&t, st->message, sizeof(st->message));
    uint32_t left_out = push_left_out(result, &why);
    text_put(&t, "Metrics ingested successfully");
    if (left_out > 0)
        text_printf(&t, "; %u left out: %s", left_out, words);
    (void)text_copy(st->id, sizeof(st->id), b->id);
    st->revision = revision;
    st->metrics = result->stored + result->repeated;
    respond_committed(x, respond_ingested);
}

void handle_ingest(struct exchange *x)
{
    struct batch b = {.id = ""};
    struct push_result result;
    yyjson_val *body = json_body(x);
    if (body == NULL || !read_batch(x, body, &b))
        return;
    yyjson_val *metrics = yyjson_obj_get(body, "metrics");
    uint64_t revision = store_revision_staged(x->world->store);
    if (!pass(x, PUSH_CHECK, b.id, metrics))
        return;
    int err = store_instance_of(x, &b);
    if (err < 0) {
        respond_not_stored(x, err);
        return;
    }
    if (!pass(x, PUSH_STORE, b.id, metrics))
        return;
    err = push_commit(x->world->push, &result);
    if (err == ERR_OK)
        answer_result(x, &b, &result, revision);
    else
        respond_not_stored(x, err);
}
