/* SPDX-License-Identifier: MIT */
/* See gateway.h. */
#include "aggregator/forward/gateway/gateway.h"

#include <string.h>

#include "aggregator/forward/credit.h"

#define POINTS_MAX 500U          /* a handler has 30 s, and stores 25 at a time */
#define POINTS_STEP 25U
#define POINTS_RESOLUTION_MS 30000

static void limits(const struct target *to, struct export_limits *out)
{
    uint32_t all = EXPORT_BIT(EXPORT_POINTS) | EXPORT_BIT(EXPORT_ALERTS) | EXPORT_BIT(EXPORT_INSTANCES);
    *out = (struct export_limits){.takes = to->mode == TARGET_BATCH ? EXPORT_BIT(EXPORT_POINTS) : all,
                                  .items_max = POINTS_MAX,
                                  .is_one_instance = to->mode != TARGET_SINGLES,
                                  .has_no_ids = true,
                                  .resolution_ms = POINTS_RESOLUTION_MS};
}

/* --- addresses --- */

static void put_base(struct text *url, const struct target *to)
{
    uint32_t length = (uint32_t)strlen(to->url);
    while (length > 0 && to->url[length - 1] == '/')
        length--;
    text_put_n(url, to->url, length);
}

static void put_path_word(struct text *url, const char *word)
{
    static const char hex[] = "0123456789ABCDEF";
    for (const unsigned char *at = (const unsigned char *)word; *at != '\0'; at++) {
        bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') ||
                     strchr("-_.~", *at) != NULL;
        if (plain)
            text_put_char(url, (char)*at);
        else
            text_printf(url, "%%%c%c", hex[*at >> 4], hex[*at & 15]);
    }
}

static void address(struct export_request *r, const struct target *to, const char *method, const char *path,
                    const char *id)
{
    r->method = method;
    put_base(&r->url, to);
    text_put(&r->url, path);
    if (id[0] == '\0')
        return;
    text_put_char(&r->url, '/');
    put_path_word(&r->url, id);
}

/* --- requests --- */

/* What the other side calls the instance; false: it must be registered first, and r is a request for that. */
static bool know_instance(const struct export_view *v, const struct export_item *item,
                          struct export_request *r, char id[static OUTLET_ALIAS_SIZE])
{
    struct gateway_state *st = v->state;
    if (v->to->mode == TARGET_AGGREGATOR || item->instance == NULL)
        return text_copy(id, OUTLET_ALIAS_SIZE, item->instance != NULL ? item->instance->id : "");
    if (store_outlet_alias(v->store, v->outlet, "instance", item->instance->id, id) == 1)
        return true;
    st->instance = item->instance_index;
    if (st->step == GATEWAY_READY) /* it may be there: an answer was lost, or our memory of it */
        st->step = GATEWAY_LOOK;
    if (st->step == GATEWAY_LOOK) {
        address(r, v->to, "GET", "/instances", "");
        text_put(&r->url, "?limit=1000");
    } else {
        address(r, v->to, "POST", "/instances", "");
        gateway_put_instance(item, true, v->now_ms, &r->body);
    }
    return false;
}

static void shape_points(const struct export_view *v, const struct export_batch *b, struct export_request *r)
{
    char id[OUTLET_ALIAS_SIZE];
    uint32_t at = gateway_begin_at(v->state, b, r);
    if (v->to->mode != TARGET_SINGLES) {
        const struct gateway_state *st = v->state;
        if (r->items_max > POINTS_MAX - st->fewer)
            r->items_max = POINTS_MAX - st->fewer;
        if (v->to->mode == TARGET_BATCH)
            text_put(&r->url, v->to->url);
        else
            address(r, v->to, "POST", "/ingest", "");
        gateway_put_batch(v, b, at, r);
        return;
    }
    if (!export_next(b, r, &at) || !know_instance(v, &b->items[at], r, id))
        return;
    export_take(r, at);
    r->is_needless = !gateway_can_tell(&b->items[at].point);
    address(r, v->to, "POST", "/metrics", "");
    gateway_put_single(&b->items[at].point, id, &r->body);
}

static void shape_instance(const struct export_view *v, const struct export_batch *b,
                           struct export_request *r)
{
    char id[OUTLET_ALIAS_SIZE];
    uint32_t at = gateway_begin_at(v->state, b, r);
    if (!export_next(b, r, &at))
        return;
    const struct export_item *item = &b->items[at];
    bool is_gone = item->instance->deleted_ms != 0, is_ours = v->to->mode == TARGET_AGGREGATOR;
    if (is_gone && !is_ours &&
        store_outlet_alias(v->store, v->outlet, "instance", item->instance->id, id) != 1) {
        export_take(r, at);
        r->is_needless = true;
        return;
    }
    if (!know_instance(v, item, r, id))
        return;
    export_take(r, at);
    address(r, v->to, is_gone ? "DELETE" : "PUT", "/instances", id);
    if (!is_gone)
        gateway_put_instance(item, is_ours, v->now_ms, &r->body);
}

static void shape_alert(const struct export_view *v, const struct export_batch *b, struct export_request *r)
{
    char id[OUTLET_ALIAS_SIZE], instance[OUTLET_ALIAS_SIZE];
    uint32_t at = gateway_begin_at(v->state, b, r);
    if (!export_next(b, r, &at))
        return;
    const struct export_item *item = &b->items[at];
    const struct alert *a = item->alert;
    bool is_known = store_outlet_alias(v->store, v->outlet, "alert", a->id, id) == 1;
    if (!is_known && a->deleted_ms != 0) {
        export_take(r, at);
        r->is_needless = true;
        return;
    }
    if (!is_known) {
        if (!know_instance(v, item, r, instance))
            return;
        export_take(r, at);
        address(r, v->to, "POST", "/alerts", "");
        gateway_put_alert(a, instance[0] != '\0' ? instance : a->instance, &r->body);
        return;
    }
    export_take(r, at);
    address(r, v->to, a->deleted_ms != 0 ? "DELETE" : "PUT", "/alerts", id);
    if (a->deleted_ms == 0)
        gateway_put_alert_change(a, &r->body);
}

/* Changes nothing: a batch without anything is refused for that, and for nothing else. */
static void shape_test(const struct export_view *v, struct export_request *r)
{
    if (v->to->mode == TARGET_BATCH) {
        text_put(&r->url, v->to->url);
        text_put(&r->body, "{}");
        return;
    }
    address(r, v->to, "GET", "/instances", "");
    text_put(&r->url, "?limit=1");
}

static void shape(const struct export_view *v, const struct export_batch *b, struct export_request *r)
{
    text_put(&r->headers, "Content-Type: application/json\n");
    if (v->to->api_key[0] != '\0')
        text_printf(&r->headers, "x-api-key: %s\n", v->to->api_key);
    credit_put(r, v->to);
    if (b->count == 0)
        shape_test(v, r);
    else if (b->kind == EXPORT_POINTS)
        shape_points(v, b, r);
    else if (b->kind == EXPORT_ALERTS)
        shape_alert(v, b, r);
    else
        shape_instance(v, b, r);
}

/* --- answers --- */

static void hold(struct export_judgement *j, const char *why)
{
    j->verdict = VERDICT_HOLD;
    text_clear(&j->why);
    text_put(&j->why, why);
}

static bool is_json(const struct export_answer *a)
{
    const char *at = a->body;
    while (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')
        at++;
    return *at == '{' || (*at == '\0' && (a->status == 204 || a->status == 205));
}

/* A step of the registration of an instance was answered. */
static void judge_registration(const struct export_view *v, const struct export_request *r,
                               const struct export_answer *a, struct export_judgement *j)
{
    struct gateway_state *st = v->state;
    char id[OUTLET_ALIAS_SIZE];
    const char *ours = store_instance(v->store, st->instance)->id;
    bool is_look = st->step == GATEWAY_LOOK;
    if (j->verdict != VERDICT_DONE) {
        j->is_doubtful = a->may_have_arrived && !is_look;
        st->step = GATEWAY_READY; /* look again whether it is there */
        j->verdict = j->verdict == VERDICT_DROP ? VERDICT_HOLD : j->verdict;
        return;
    }
    bool found = is_look ? gateway_find(a->body, a->body_size, ours, r->scratch, id)
                         : gateway_read_id(a->body, a->body_size, r->scratch, id);
    if (!found && !is_look) {
        hold(j, "it registers an instance and names no id for it");
        return;
    }
    st->step = found ? GATEWAY_READY : GATEWAY_REGISTER;
    if (found && store_outlet_alias_put(v->store, v->outlet, "instance", ours, id) < 0)
        st->step = GATEWAY_LOOK; /* no room to remember it now */
    j->verdict = VERDICT_MORE;
}

static void judge_alert(const struct export_view *v, const struct export_batch *b,
                        const struct export_request *r, const struct export_answer *a,
                        struct export_judgement *j)
{
    char id[OUTLET_ALIAS_SIZE];
    const struct alert *alert = b->items[r->items[0]].alert;
    bool was_known = store_outlet_alias(v->store, v->outlet, "alert", alert->id, id) == 1;
    if (was_known) {
        if (a->status == 404) /* somebody has removed it there */
            j->verdict = VERDICT_DONE;
        return;
    }
    if (j->verdict != VERDICT_DONE)
        return;
    if (!gateway_read_id(a->body, a->body_size, r->scratch, id))
        return; /* it took it, and that is all that can be told */
    if (store_outlet_alias_put(v->store, v->outlet, "alert", alert->id, id) == ERR_OK &&
        alert->status != ALERT_ACTIVE)
        j->verdict = VERDICT_MORE; /* it is news already */
}

/* It took too long for so many: half of them next time, and slowly more again. */
static void judge_length(const struct export_view *v, const struct export_batch *b,
                         const struct export_request *r, const struct export_answer *a,
                         const struct export_judgement *j)
{
    struct gateway_state *st = v->state;
    if (b->kind != EXPORT_POINTS || v->to->mode == TARGET_SINGLES)
        return;
    bool is_long = a->may_have_arrived || a->status == 503 || a->status == 504;
    if (is_long)
        st->fewer = POINTS_MAX - (r->count / 2 > POINTS_STEP ? r->count / 2 : POINTS_STEP);
    else if (j->verdict == VERDICT_DONE)
        st->fewer -= st->fewer < POINTS_STEP ? st->fewer : POINTS_STEP;
}

/* What may have been carried out is there twice when it is repeated, but at another aggregator. A handler
 * that fails has kept what it had written of a batch before; that is repeated always. */
static void judge_doubt(const struct export_view *v, const struct export_batch *b,
                        const struct export_request *r, const struct export_answer *a,
                        struct export_judgement *j)
{
    bool may = a->may_have_arrived || a->status == 503 || a->status == 504;
    bool may_in_part = a->status == 500 && b->kind == EXPORT_POINTS && v->to->mode == TARGET_BATCH;
    bool is_told_twice =
        b->kind == EXPORT_POINTS ? v->to->mode != TARGET_AGGREGATOR : b->kind == EXPORT_ALERTS;
    if (may_in_part && !gateway_lacks_table(a->body))
        j->is_doubtful = true;
    if (!may || !is_told_twice || j->verdict != VERDICT_AGAIN)
        return;
    j->is_doubtful = true;
    if (!v->to->no_repeat)
        return;
    j->verdict = VERDICT_DONE;
    j->dropped = r->count;
}

static void judge(const struct export_view *v, const struct export_batch *b, const struct export_request *r,
                  const struct export_answer *a, struct export_judgement *j)
{
    struct gateway_state *st = v->state;
    if ((j->verdict == VERDICT_DONE || a->status == 400) && !is_json(a)) {
        hold(j, "what it answers is no JSON: is the address right?");
        return;
    }
    if (b->count == 0) {
        if (v->to->mode == TARGET_BATCH && a->status == 400 && strstr(a->body, "instanceId") != NULL)
            j->verdict = VERDICT_DONE;
        return;
    }
    if (r->count == 0) {
        judge_registration(v, r, a, j);
        return;
    }
    if (a->status == 404 && text_equal(r->method, "DELETE"))
        j->verdict = VERDICT_DONE;
    if (b->kind == EXPORT_ALERTS)
        judge_alert(v, b, r, a, j);
    if (a->status == 500)
        gateway_crashed(v->state, b, r, a, j);
    judge_length(v, b, r, a, j);
    judge_doubt(v, b, r, a, j);
    if (j->verdict == VERDICT_DONE || j->verdict == VERDICT_MORE)
        gateway_taken(st, b, r);
    for (uint32_t i = 0; b->kind == EXPORT_POINTS && j->verdict == VERDICT_DONE && i < r->count; i++)
        j->dropped += j->dropped < r->count && !gateway_can_tell(&b->items[r->items[i]].point);
}

const struct exporter exporter_apigateway = {.limits = limits, .shape = shape, .judge = judge};
