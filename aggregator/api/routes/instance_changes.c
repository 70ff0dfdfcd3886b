/* SPDX-License-Identifier: MIT */
/* POST, PUT and DELETE of instances.
 *
 * POST is idempotent: an instance with the id that the body gives, or else with its name, is the one that is
 * meant. Earlier agents register by POST and then go on with an id of their own, "vultr-HOST-MAC": the first
 * PUT of such an id takes over the instance that was registered for that host, so there is one. */
#include <string.h>

#include "aggregator/api/audit.h"
#include "aggregator/api/json_reader.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/store/store_told.h"
#include "proto/instance_id.h"

static const char *const required[] = {"name", "type", "region", "endpoint"};

/* What a body says of an instance; "" and 0 when it does not. */
struct facts {
    char id[INSTANCE_ID_SIZE];
    char name[NAME_SIZE], type[FACT_SIZE], region[FACT_SIZE];
    char status[TOLD_STATUS_SIZE];
    struct told told;
    bool has_check, has_any;
    int64_t check_ms;
};

static bool read_facts(struct exchange *x, yyjson_val *body, struct facts *f)
{
    *f = (struct facts){.id = ""};
    if (!json_take_text(x, body, "name", f->name, sizeof(f->name)) ||
        !json_take_text(x, body, "type", f->type, sizeof(f->type)) ||
        !json_take_text(x, body, "region", f->region, sizeof(f->region)) ||
        !json_take_text(x, body, "status", f->status, sizeof(f->status)) ||
        !json_take_text(x, body, "endpoint", f->told.endpoint, sizeof(f->told.endpoint)) ||
        !json_take_object(x, body, "metadata", f->told.metadata, sizeof(f->told.metadata)) ||
        !json_take_time(x, body, "lastHealthCheck", 0, &f->check_ms))
        return false;
    f->has_check = yyjson_obj_get(body, "lastHealthCheck") != NULL;
    f->has_any = f->has_check || f->name[0] != 0 || f->type[0] != 0 || f->region[0] != 0 ||
                 f->status[0] != 0 || f->told.endpoint[0] != 0 || f->told.metadata[0] != 0;
    return true;
}

/* --- the answer --- */

struct changed {
    uint32_t instance;
    uint16_t status;
};

static int produce_changed(struct exchange *x)
{
    const struct changed *st = (const struct changed *)x->state;
    instance_write(&x->json, NULL, x->world->store, st->instance, x->now_ms);
    return PRODUCE_DONE;
}

static int respond_changed(struct exchange *x)
{
    const struct changed *st = (const struct changed *)x->state;
    respond(x, st->status, "application/json", produce_changed);
    return ERR_OK;
}

/* --- applying --- */

static void take_text(char *to, const char *from, uint32_t size)
{
    if (from[0] != 0)
        (void)text_copy(to, size, from);
}

/* Stages what is told of an instance that is there, and answers with it. */
static void apply(struct exchange *x, uint32_t index, const struct facts *f, uint16_t status)
{
    struct store *s = x->world->store;
    struct instance in = *store_instance(s, index);
    take_text(in.name, f->name, sizeof(in.name));
    take_text(in.type, f->type, sizeof(in.type));
    take_text(in.region, f->region, sizeof(in.region));
    struct told told;
    int err = store_told_get(s, index, &told);
    if (err == ERR_OK && (f->told.endpoint[0] != 0 || f->told.metadata[0] != 0)) {
        take_text(told.endpoint, f->told.endpoint, sizeof(told.endpoint));
        take_text(told.metadata, f->told.metadata, sizeof(told.metadata));
        err = store_told_put(s, index, &told);
    }
    if (err == ERR_OK && store_instance_put(s, &in) < 0)
        err = ERR_FULL;
    if (err != ERR_OK) {
        respond_not_stored(x, err);
        return;
    }
    const char *word = f->status[0] != 0 ? f->status : in.told_status;
    store_told_status(s, index, word, f->has_check ? f->check_ms : in.told_check_ms);
    struct changed *st = exchange_state(x, sizeof(*st));
    *st = (struct changed){index, status};
    respond_committed(x, respond_changed);
}

static void respond_no_place(struct exchange *x)
{
    respond_error(x, 503, NULL, "all places for instances are taken; raise agents.max");
    respond_header(x, "Retry-After: 60");
}

/* A new one with the given id, or one that was deleted, as if it were new. */
static int create(struct exchange *x, const char *id, const struct facts *f)
{
    struct store *s = x->world->store;
    struct instance in = {.id = ""};
    int known = store_instance_find(s, id);
    if (known >= 0)
        in = *store_instance(s, (uint32_t)known);
    (void)text_copy(in.id, sizeof(in.id), id);
    (void)text_copy(in.name, sizeof(in.name), f->name[0] != 0 ? f->name : id);
    (void)text_copy(in.type, sizeof(in.type), f->type[0] != 0 ? f->type : "other");
    (void)text_copy(in.region, sizeof(in.region), f->region[0] != 0 ? f->region : "unknown");
    if (!audit(x, "registered the instance %s", id))
        return ERR_AGAIN;
    int index = store_instance_put(s, &in);
    if (index < 0) {
        respond_no_place(x);
        return ERR_FULL;
    }
    if (in.agent_version[0] == 0)
        store_told_source(s, (uint32_t)index, INSTANCE_FROM_API);
    return index;
}

/* --- POST --- */

static int find_by_name(struct store *s, const struct facts *f)
{
    for (uint32_t i = 0; i < store_instance_count(s); i++) {
        const struct instance *in = store_instance(s, i);
        if (in->deleted_ms == 0 && text_equal(in->name, f->name))
            return (int)i;
    }
    return ERR_MISSING;
}

void handle_instance_post(struct exchange *x)
{
    struct facts f;
    struct store *s = x->world->store;
    char id[INSTANCE_ID_SIZE] = "";
    yyjson_val *body = json_body(x);
    if (body == NULL || !json_require(x, body, required, COUNT_OF(required)) || !read_facts(x, body, &f))
        return;
    yyjson_val *given = yyjson_obj_get(body, "id");
    if (yyjson_is_str(given) && instance_id_allowed(yyjson_get_str(given)))
        (void)text_copy(id, sizeof(id), yyjson_get_str(given));
    int known = id[0] != 0 ? store_instance_find(s, id) : find_by_name(s, &f);
    if (known >= 0 && store_instance(s, (uint32_t)known)->deleted_ms != 0)
        known = ERR_MISSING;
    if (known < 0) {
        if (id[0] == 0)
            store_new_id(s, id);
        if (f.status[0] == 0)
            (void)text_copy(f.status, sizeof(f.status), "unknown");
        known = create(x, id, &f);
    }
    if (known >= 0)
        apply(x, (uint32_t)known, &f, 201);
}

/* --- PUT --- */

/* "vultr-HOST-0123456789ab": where HOST begins and how long it is; 0 when the id is another kind. */
static uint32_t host_of_id(const char *id, const char **host)
{
    const char *last = strrchr(id, '-');
    if (!text_starts(id, "vultr-") || last == NULL || last < id + 7)
        return 0;
    *host = id + 6;
    return (uint32_t)(last - *host);
}

static bool names_host(const struct json_pool *pool, const char *metadata, const char *host, uint32_t length)
{
    char words[128];
    struct text why;
    uint16_t status;
    text_init(&why, words, sizeof(words));
    yyjson_val *root = json_parse(pool, (struct span){metadata, (uint32_t)strlen(metadata)}, &why, &status);
    yyjson_val *name = yyjson_obj_get(root, "hostname");
    return yyjson_is_str(name) && yyjson_get_len(name) == length &&
           memcmp(yyjson_get_str(name), host, length) == 0;
}

/* The instance that an agent registered for that host and has not used: it has no samples, and an id that was
 * made here. */
static int find_registered(struct exchange *x, const char *id)
{
    struct store *s = x->world->store;
    const char *host;
    uint32_t length = host_of_id(id, &host);
    for (uint32_t i = 0; length > 0 && i < store_instance_count(s); i++) {
        const struct instance *in = store_instance(s, i);
        struct told told;
        if (in->deleted_ms != 0 || in->source != INSTANCE_FROM_API || store_series_count(s, i) > 0 ||
            text_starts(in->id, "vultr-") || !in->has_told || store_told_get(s, i, &told) != ERR_OK)
            continue;
        if (names_host(&x->world->json_pool, told.metadata, host, length))
            return (int)i;
    }
    return ERR_MISSING;
}

static void put_unknown(struct exchange *x, struct facts *f)
{
    struct store *s = x->world->store;
    const char *host;
    if (!instance_id_allowed(x->parameter)) {
        respond_error(x, 400, NULL, "an instance id has 1 to 63 of A-Z a-z 0-9 . _ : -");
        return;
    }
    int index = find_registered(x, x->parameter);
    if (index >= 0 && store_instance_find(s, x->parameter) == ERR_MISSING &&
        store_instance_rename(s, (uint32_t)index, x->parameter) == ERR_OK) {
        apply(x, (uint32_t)index, f, 200);
        return;
    }
    uint32_t length = host_of_id(x->parameter, &host);
    if (length > 0 && f->type[0] == 0)
        (void)text_copy(f->type, sizeof(f->type), "vultr-server");
    index = create(x, x->parameter, f);
    if (index >= 0 && f->status[0] == 0)
        (void)text_copy(f->status, sizeof(f->status), "unknown");
    if (index >= 0)
        apply(x, (uint32_t)index, f, 200);
}

void handle_instance_put(struct exchange *x)
{
    struct facts f;
    struct store *s = x->world->store;
    yyjson_val *body = json_body(x);
    if (body == NULL || !read_facts(x, body, &f))
        return;
    if (!f.has_any) {
        respond_error(x, 400, "No fields to update", "name at least one of name, type, status, region,"
                      " endpoint, metadata and lastHealthCheck");
        return;
    }
    int index = store_instance_find(s, x->parameter);
    if (index < 0 || store_instance(s, (uint32_t)index)->deleted_ms != 0)
        put_unknown(x, &f);
    else
        apply(x, (uint32_t)index, &f, 200);
}

/* --- DELETE --- */

void handle_instance_delete(struct exchange *x)
{
    int index = instance_find(x, x->parameter);
    if (index < 0)
        return;
    if (!audit(x, "deleted the instance %s", x->parameter))
        return;
    store_instance_remove(x->world->store, (uint32_t)index);
    respond_success(x);
}
