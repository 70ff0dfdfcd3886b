/* SPDX-License-Identifier: MIT */
/* POST, PUT and DELETE of alerts. A client that reports the same breach again and again (the same instance
 * and type) gets the alert that is open already: it has one occurrence more. */
#include <string.h>

#include "aggregator/api/audit.h"
#include "aggregator/api/json_reader.h"
#include "aggregator/api/routes/handlers.h"

static const char *const required[] = {"instanceId", "alertType", "severity", "message"};

struct changed {
    char id[ALERT_ID_SIZE];
    uint16_t status;
};

/* The alert, read back after the commit: answers of changes are small, so that it is read once. */
static int produce_changed(struct exchange *x)
{
    struct alert a;
    const struct changed *st = (const struct changed *)x->state;
    int n = store_alert_get(x->world->store, st->id, &a);
    if (n != 1)
        return ERR_SYSTEM; /* somebody deleted it in between, or storage cannot be read */
    alert_write(&x->json, NULL, &a);
    return PRODUCE_DONE;
}

static int respond_changed(struct exchange *x)
{
    const struct changed *st = (const struct changed *)x->state;
    respond(x, st->status, "application/json", produce_changed);
    return ERR_OK;
}

static void answer_committed(struct exchange *x, const char *id, uint16_t status)
{
    struct changed *st = exchange_state(x, sizeof(*st));
    (void)text_copy(st->id, sizeof(st->id), id);
    st->status = status;
    respond_committed(x, respond_changed);
}

static bool read_severity(struct exchange *x, yyjson_val *body, enum alert_severity *out)
{
    char word[16];
    if (!json_take_text(x, body, "severity", word, sizeof(word)))
        return false;
    for (uint32_t i = 0; i < ALERT_SEVERITY_COUNT; i++)
        if (text_equal(word, alert_severity_names[i])) {
            *out = (enum alert_severity)i;
            return true;
        }
    respond_error(x, 400, NULL, "severity must be low, medium, high or critical");
    return false;
}

void handle_alert_post(struct exchange *x)
{
    char instance[INSTANCE_ID_SIZE], type[ALERT_TYPE_SIZE], message[ALERT_MESSAGE_SIZE];
    struct alert_report r = {.instance = instance, .rule = type, .tag = "", .type = type, .message = message,
                             .metric = "", .unit = "", .time_ms = x->now_ms, .write_now = true};
    yyjson_val *body = json_body(x);
    if (body == NULL || !json_require(x, body, required, COUNT_OF(required)) ||
        !json_take_text(x, body, "instanceId", instance, sizeof(instance)) ||
        !json_take_text(x, body, "alertType", type, sizeof(type)) ||
        !json_take_text(x, body, "message", message, sizeof(message)) || !read_severity(x, body, &r.severity))
        return;
    bool was_open;
    int64_t number = store_alert_raise(x->world->store, &r, &was_open);
    if (number < 0) {
        respond_not_stored(x, (int)number);
        return;
    }
    answer_committed(x, store_alert_open(x->world->store, instance, type, "")->id, 201);
}

static bool read_change(struct exchange *x, yyjson_val *body, char message[static ALERT_MESSAGE_SIZE],
                        struct alert_change *c)
{
    char word[16];
    if (!json_take_text(x, body, "status", word, sizeof(word)) ||
        !json_take_text(x, body, "message", message, ALERT_MESSAGE_SIZE))
        return false;
    c->message = message[0] != 0 ? message : NULL;
    c->resolved = json_is_present(yyjson_obj_get(body, "resolvedAt"));
    for (uint32_t i = 0; i < ALERT_STATUS_COUNT; i++)
        if (text_equal(word, alert_status_names[i]))
            c->status = (int)i;
    if (word[0] != 0 && c->status < 0) {
        respond_error(x, 400, NULL, "status must be active, acknowledged or resolved");
        return false;
    }
    if (c->status < 0 && c->message == NULL && !c->resolved) {
        respond_error(x, 400, "No fields to update", "name at least one of status, message and resolvedAt");
        return false;
    }
    return true;
}

/* Committed and not deleted; else answers. */
static bool is_there(struct exchange *x)
{
    struct alert a;
    int n = store_alert_get(x->world->store, x->parameter, &a);
    if (n == 0)
        respond_error(x, 404, "Alert not found", "no alert has that id");
    else if (n < 0)
        respond_not_stored(x, n);
    return n == 1;
}

static void answer_change(struct exchange *x, int err)
{
    if (err == ERR_MISSING)
        respond_error(x, 404, "Alert not found", "no alert has that id");
    else if (err == ERR_BUSY)
        respond_error(x, 409, NULL, "the same breach is open as another alert; see to that one");
    else
        respond_not_stored(x, err);
}

void handle_alert_put(struct exchange *x)
{
    char message[ALERT_MESSAGE_SIZE];
    struct alert_change c = {.status = -1, .who = x->who[0] != 0 ? x->who : "api"};
    yyjson_val *body = json_body(x);
    if (body == NULL || !read_change(x, body, message, &c) || !is_there(x))
        return;
    if (!audit(x, "changed the alert %s%s%s", x->parameter, c.status >= 0 ? " to " : "",
               c.status >= 0 ? alert_status_names[c.status] : ""))
        return;
    int err = store_alert_change(x->world->store, x->parameter, &c);
    if (err == ERR_OK)
        answer_committed(x, x->parameter, 200);
    else
        answer_change(x, err);
}

void handle_alert_delete(struct exchange *x)
{
    if (!is_there(x) || !audit(x, "deleted the alert %s", x->parameter))
        return;
    int err = store_alert_remove(x->world->store, x->parameter);
    if (err == ERR_OK)
        respond_success(x);
    else
        answer_change(x, err);
}
