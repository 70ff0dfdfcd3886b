/* SPDX-License-Identifier: MIT */
/* GET /insights/explain-alert/{id}, in the shape of existing clients, and GET
 * /api/v1/alerts/{id}/explanation, in parts: an alert in sentences, with what they stand on. */
#include <math.h>
#include <string.h>

#include "aggregator/api/routes/rewording.h"

#define MINUTE_MS INT64_C(60000)

enum part { PART_HEAD, PART_SERIES, PART_TAIL };

struct explain_state {
    struct words_slot *slot;
    enum part part;
    uint32_t at;
    bool in_parts, is_gathered;
    struct mono asked;         /* when its rewording was */
};

static struct explain_state *state_of(struct exchange *x)
{
    return (struct explain_state *)x->state;
}

static void release(struct exchange *x)
{
    struct words_slot *slot = state_of(x)->slot;
    if (slot == NULL)
        return;
    explain_end(x->world->store, &slot->explain);
    words_release(slot);
    state_of(x)->slot = NULL;
}

/* --- as existing clients read it --- */

static int produce_text(struct exchange *x)
{
    const struct explain *e = &state_of(x)->slot->explain;
    const struct alert_words *w = &e->words;
    struct json *j = &x->json;
    char action[COUNT_OF(w->actions[0].what) + COUNT_OF(w->actions[0].command) + 4];
    struct text t;
    text_init(&t, action, sizeof(action));
    text_put(&t, w->actions[0].what);
    if (w->actions[0].command[0] != '\0')
        text_printf(&t, " %s", w->actions[0].command);
    json_open_object(j, NULL);
    json_text(j, "alertId", e->alert.id);
    const struct words_slot *slot = state_of(x)->slot;
    json_text(j, "explanation", slot->reworded[0] != '\0' ? slot->reworded : e->text);
    rewording_write(j, slot, e->text);
    json_text(j, "meaning", w->meaning);
    json_text(j, "cause", w->why);
    json_text(j, "similar", w->similar);
    json_text(j, "action", action);
    json_u64(j, "urgency", w->urgency);
    json_text(j, "urgencyReason", w->urgency_reason);
    alert_write(j, "alert", &e->alert);
    json_iso_ms(j, "generatedAt", x->now_ms);
    json_close_object(j);
    return json_is_full(j) ? ERR_FULL : PRODUCE_DONE;
}

/* --- in parts --- */

static void write_head(struct exchange *x, const struct explain *e)
{
    struct json *j = &x->json;
    json_open_object(j, NULL);
    json_text(j, "alert_id", e->alert.id);
    alert_write(j, "alert", &e->alert);
    json_text(j, "meaning", e->words.meaning);
    json_text(j, "causes", e->words.why);
    json_open_array(j, "evidence");
}

static void write_shown(struct exchange *x, const struct explain *e, uint32_t i)
{
    struct json *j = &x->json;
    const struct shown_series *shown = &e->shown[i];
    const struct store_series *series = store_series(x->world->store, (uint32_t)e->instance, shown->series);
    const struct store_metric *m = store_metric(x->world->store, series->metric_index);
    json_open_object(j, NULL);
    json_text(j, "metric", m->name);
    tags_write(j, "tags", series->tag);
    json_text(j, "unit", m->unit);
    json_bool(j, "is_rate", m->kind == METRIC_COUNTER);
    json_bool(j, "is_own", e->has_own && i == 0);
    if (shown->moved.has_baseline) {
        json_double(j, "before", shown->moved.before);
        json_double(j, "during", shown->moved.during);
        json_double(j, "deviations", shown->deviations);
        json_i64(j, "onset", e->from_ms + shown->moved.onset * MINUTE_MS);
    }
    json_i64(j, "from", e->from_ms);
    json_i64(j, "step_ms", MINUTE_MS);
    json_open_array(j, "v");
    for (uint32_t p = 0; p < e->points; p++)
        json_double(j, NULL, (double)(float)shown->values[p]); /* NAN becomes null */
    json_close_array(j);
    json_close_object(j);
}

static void write_processes(struct json *j, const struct explain *e)
{
    json_open_object(j, "processes");
    if (e->facts.process_count > 0) {
        json_i64(j, "at", e->moments[0].time_ms);
        json_i64(j, "from", e->facts.processes_from_ms);
        json_i64(j, "to", e->facts.processes_to_ms);
        json_u64(j, "samples", e->facts.process_samples);
    }
    json_open_array(j, "list");
    for (uint32_t i = 0; i < e->facts.process_count; i++) {
        const struct alert_process *p = &e->facts.processes[i];
        json_open_object(j, NULL);
        json_u64(j, "pid", p->pid);
        json_text(j, "name", p->name);
        json_u64(j, "count", p->count);
        json_double(j, "cpu_percent", p->cpu_percent);
        json_double(j, "memory_bytes", p->memory_bytes);
        json_close_object(j);
    }
    json_close_array(j);
    json_close_object(j);
}

static void write_similar(struct json *j, const struct explain *e)
{
    const struct alert_past *p = &e->facts.past;
    json_open_object(j, "similar");
    json_text(j, "text", e->words.similar);
    json_u64(j, "count", p->count);
    json_u64(j, "by_itself", p->by_itself);
    json_u64(j, "by_hand", p->by_hand);
    json_i64(j, "median_ms", p->median_ms);
    json_i64(j, "longest_ms", p->longest_ms);
    json_u64(j, "elsewhere", p->elsewhere);
    json_open_array(j, "list");
    for (uint32_t i = 0; i < p->count && i < EXPLAIN_PAST_TOLD; i++) {
        json_open_object(j, NULL);
        json_text(j, "id", e->past[i].id);
        json_i64(j, "from", e->past[i].first_ms);
        json_i64(j, "to", e->past[i].last_ms);
        if (e->past[i].who[0] != '\0')
            json_text(j, "resolved_by", e->past[i].who);
        json_close_object(j);
    }
    json_close_array(j);
    json_close_object(j);
}

static void write_tail(struct exchange *x, const struct explain *e)
{
    struct json *j = &x->json;
    json_close_array(j);
    write_processes(j, e);
    write_similar(j, e);
    json_open_array(j, "actions");
    for (uint32_t i = 0; i < e->words.action_count; i++) {
        json_open_object(j, NULL);
        json_text(j, "what", e->words.actions[i].what);
        if (e->words.actions[i].command[0] != '\0')
            json_text(j, "command", e->words.actions[i].command);
        json_close_object(j);
    }
    json_close_array(j);
    json_open_object(j, "urgency");
    json_u64(j, "level", e->words.urgency);
    json_text(j, "reason", e->words.urgency_reason);
    json_close_object(j);
    const struct words_slot *slot = state_of(x)->slot;
    json_text(j, "text", slot->reworded[0] != '\0' ? slot->reworded : e->text);
    rewording_write(j, slot, e->text);
    json_i64(j, "generated_ms", x->now_ms);
    json_close_object(j);
}

static int produce_parts(struct exchange *x)
{
    struct explain_state *st = state_of(x);
    const struct explain *e = &st->slot->explain;
    for (;;) {
        struct json_mark m = json_mark(&x->json);
        if (st->part == PART_SERIES && st->at == e->shown_count)
            st->part = PART_TAIL;
        enum part part = st->part;
        if (part == PART_HEAD)
            write_head(x, e);
        else if (part == PART_SERIES)
            write_shown(x, e, st->at);
        else
            write_tail(x, e);
        if (produce_or_rewind(&x->json, m) == PRODUCE_MORE)
            return PRODUCE_MORE;
        if (part == PART_TAIL)
            return PRODUCE_DONE;
        st->at += part == PART_SERIES;
        st->part = PART_SERIES;
    }
}

/* --- asking --- */

static int decide(struct exchange *x)
{
    struct explain_state *st = state_of(x);
    struct explain *e = &st->slot->explain;
    uint64_t key = rewording_key_of_alert(&e->alert);
    if (!st->is_gathered) {
        int answer = explain_gather(x, e);
        if (answer != ERR_OK)
            return answer;
        st->is_gathered = true;
        st->asked = x->now;
        (void)rewording_ask(x, st->slot, key, "an explanation of an alert", e->text, false);
    }
    if (rewording_wait(x, key, st->asked) == ERR_BUSY)
        return ERR_BUSY;
    rewording_take(x, key, st->slot);
    respond_json(x, st->in_parts ? produce_parts : produce_text);
    return ERR_OK;
}

static void explain(struct exchange *x, bool in_parts)
{
    struct explain_state *st = exchange_state(x, sizeof(*st));
    struct words_slot *slot = words_take(x);
    if (slot == NULL)
        return;
    struct explain *e = &slot->explain;
    memset(e, 0, sizeof(*e));
    e->query = -1;
    *st = (struct explain_state){.slot = slot, .in_parts = in_parts};
    x->release = release;
    int n = store_alert_get(x->world->store, x->parameter, &e->alert);
    if (n == 0) {
        respond_error(x, 404, "Alert not found", "no alert has that id");
        return;
    }
    if (n < 0) {
        respond_not_stored(x, n);
        return;
    }
    e->instance = store_instance_find(x->world->store, e->alert.instance);
    e->filter.before_ms = e->filter.before = INT64_MAX;
    e->words.subject = subject_of(e->alert.metric, e->alert.rule, e->alert.type);
    respond_later(x, decide);
}

void handle_explain_alert(struct exchange *x)
{
    explain(x, false);
}

void handle_explanation(struct exchange *x)
{
    explain(x, true);
}
