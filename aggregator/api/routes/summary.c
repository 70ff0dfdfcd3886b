/* SPDX-License-Identifier: MIT */
/* GET /insights/summary, /insights/quick-summary, POST /insights/summary/generate: the state of everything in
 * sentences, made of facts that are stored, the same words for the same facts. */
#include <string.h>

#include "aggregator/api/routes/handlers.h"

#define NAMES_MAX 5U
#define SUMMARY_SIZE 1024U

struct state {
    uint32_t total, healthy;
    struct alert_counts alerts;
    uint32_t stats[INSIGHT_TYPE_COUNT][INSIGHT_SEVERITY_COUNT];
    char text[SUMMARY_SIZE];
    bool is_fresh, is_failed;
};
static_assert(sizeof(struct state) <= EXCHANGE_STATE_SIZE, "summary state must fit");

static const char *name_of(struct store *s, const char *id)
{
    int index = store_instance_find(s, id);
    const struct instance *in = index < 0 ? NULL : store_instance(s, (uint32_t)index);
    return in != NULL && in->name[0] != 0 ? in->name : id;
}

static void count_instances(struct exchange *x, struct state *st)
{
    for (uint32_t i = 0; i < store_instance_count(x->world->store); i++) {
        const struct instance *in = store_instance(x->world->store, i);
        if (in->deleted_ms != 0)
            continue;
        st->total++;
        st->healthy += text_equal(instance_status(in, x->now_ms), "healthy");
    }
}

static void say_instances(struct exchange *x, const struct state *st, struct text *t, bool by_name)
{
    struct store *s = x->world->store;
    if (st->total == 0) {
        text_put(t, "No instance is known yet");
        return;
    }
    if (st->healthy == st->total && st->total == 1)
        text_put(t, "The one instance is healthy");
    else if (st->healthy == st->total)
        text_printf(t, "All %u instances are healthy", st->total);
    else
        text_printf(t, "%u of %u instances %s healthy", st->healthy, st->total,
                    st->healthy == 1 ? "is" : "are");
    uint32_t told = 0;
    for (uint32_t i = 0; by_name && i < store_instance_count(s) && told < NAMES_MAX; i++) {
        const struct instance *in = store_instance(s, i);
        const char *status = instance_status(in, x->now_ms);
        if (in->deleted_ms != 0 || text_equal(status, "healthy"))
            continue;
        text_printf(t, "%s%s is %s", told == 0 ? "; " : ", ", in->name[0] != 0 ? in->name : in->id, status);
        told++;
    }
    if (told == NAMES_MAX && st->total - st->healthy > told)
        text_printf(t, " and %u more", st->total - st->healthy - told);
}

static void say_alerts(const struct state *st, struct text *t)
{
    if (st->alerts.active == 0) {
        text_put(t, "no alert is active");
        return;
    }
    text_printf(t, "%u %s active", st->alerts.active, st->alerts.active == 1 ? "alert is" : "alerts are");
    if (st->alerts.critical > 0)
        text_printf(t, ", %u of them critical", st->alerts.critical);
}

/* The newest active alert; 1, 0 or a storage error. */
static int newest_alert(struct store *s, struct alert *out)
{
    const struct alert_filter f = {.status = ALERT_ACTIVE, .instance = "", .before_ms = INT64_MAX,
                                   .before = INT64_MAX};
    return store_alert_list(s, &f, out, 1);
}

static int newest_insight(struct store *s, int severity, struct insight *out)
{
    const struct insight_filter f = {.type = -1, .severity = severity, .instance = "", .before_ms = INT64_MAX,
                                     .before = INT64_MAX};
    return store_insight_list(s, &f, out, 1);
}

static int compose(struct exchange *x, struct state *st)
{
    struct store *s = x->world->store;
    struct alert alert;
    struct insight insight;
    struct text t;
    text_init(&t, st->text, sizeof(st->text));
    count_instances(x, st);
    int alerts = store_alert_counts(s, &st->alerts), one = alerts < 0 ? alerts : newest_alert(s, &alert);
    int stats = store_insight_counts(s, st->stats);
    int found = stats < 0 ? stats : newest_insight(s, -1, &insight);
    if (alerts < 0 || one < 0 || stats < 0 || found < 0)
        return ERR_SYSTEM;
    say_instances(x, st, &t, true);
    text_put(&t, ".\n");
    uint32_t sentence = t.length;
    say_alerts(st, &t);
    if (sentence < t.length && st->text[sentence] == 'n')
        st->text[sentence] = 'N';
    if (one == 1)
        text_printf(&t, "; the newest is on %s: %s", name_of(s, alert.instance), alert.message);
    text_put(&t, ".");
    if (found == 1)
        text_printf(&t, "\nNewest insight: %s.", insight.title);
    return ERR_OK;
}

static void write_stats(struct json *j, const struct state *st)
{
    json_open_array(j, "stats");
    for (uint32_t t = 0; t < INSIGHT_TYPE_COUNT; t++)
        for (uint32_t v = 0; v < INSIGHT_SEVERITY_COUNT; v++) {
            if (st->stats[t][v] == 0)
                continue;
            json_open_object(j, NULL);
            json_text(j, "INSIGHT_TYPE", insight_type_names[t]);
            json_text(j, "SEVERITY", insight_severity_names[v]);
            json_u64(j, "COUNT", st->stats[t][v]);
            json_close_object(j);
        }
    json_close_array(j);
}

static int produce_summary(struct exchange *x)
{
    const struct state *st = (const struct state *)x->state;
    struct json *j = &x->json;
    struct insight critical;
    json_open_object(j, NULL);
    json_text(j, "summary", st->is_failed ? "AI summary temporarily unavailable" : st->text);
    write_stats(j, st);
    if (!st->is_failed && newest_insight(x->world->store, INSIGHT_HIGH, &critical) == 1)
        insight_write(j, "criticalInsight", &critical);
    else
        json_null(j, "criticalInsight");
    json_iso_ms(j, "generatedAt", x->now_ms);
    if (st->is_fresh) {
        json_open_object(j, "metadata");
        json_text(j, "aiModel", "nephos-facts");
        json_bool(j, "freshGeneration", true);
        json_close_object(j);
    }
    json_close_object(j);
    return json_is_full(j) ? ERR_FULL : PRODUCE_DONE;
}

void handle_summary(struct exchange *x)
{
    struct state *st = exchange_state(x, sizeof(*st));
    st->is_failed = compose(x, st) < 0;
    if (st->is_failed)
        memset(st->stats, 0, sizeof(st->stats));
    respond_json(x, produce_summary);
}

void handle_summary_generate(struct exchange *x)
{
    struct state *st = exchange_state(x, sizeof(*st));
    st->is_fresh = true;
    if (compose(x, st) < 0)
        respond_error(x, 500, "Failed to generate AI summary", "storage cannot be read; see the log");
    else
        respond_json(x, produce_summary);
}

static int produce_quick(struct exchange *x)
{
    const struct state *st = (const struct state *)x->state;
    json_open_object(&x->json, NULL);
    json_text(&x->json, "summary", st->text);
    json_iso_ms(&x->json, "generatedAt", x->now_ms);
    json_close_object(&x->json);
    return PRODUCE_DONE;
}

void handle_quick_summary(struct exchange *x)
{
    struct state *st = exchange_state(x, sizeof(*st));
    struct text t;
    text_init(&t, st->text, sizeof(st->text));
    count_instances(x, st);
    if (store_alert_counts(x->world->store, &st->alerts) < 0) {
        respond_error(x, 500, "Internal server error", "storage cannot be read; see the log");
        return;
    }
    say_instances(x, st, &t, false);
    text_put(&t, " and ");
    say_alerts(st, &t);
    text_put(&t, ".");
    respond_json(x, produce_quick);
}
