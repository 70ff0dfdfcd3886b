/* SPDX-License-Identifier: MIT */
/* GET /insights/summary, /insights/quick-summary, POST /insights/summary/generate: the state of everything in
 * sentences, made of facts that are stored, the same words for the same facts. */
#include <string.h>

#include "aggregator/api/routes/rewording.h"

struct state {
    struct words_slot *slot;
    bool is_fresh, is_failed;
    uint64_t key;              /* of its rewording */
    struct mono asked;
};
#define WHAT "a summary of how all servers are"

static struct state *state_of(struct exchange *x)
{
    return (struct state *)x->state;
}

static void release(struct exchange *x)
{
    if (state_of(x)->slot != NULL)
        words_release(state_of(x)->slot);
    state_of(x)->slot = NULL;
}

/* The facts; NULL when it was answered already. */
static struct summary *gather(struct exchange *x)
{
    struct state *st = exchange_state(x, sizeof(*st));
    st->slot = words_take(x);
    if (st->slot == NULL)
        return NULL;
    x->release = release;
    struct summary *s = &st->slot->summary;
    memset(s, 0, sizeof(*s));
    s->marks = st->slot->marks;
    st->is_failed = summary_gather(x, s) < 0;
    if (st->is_failed)
        memset(s->stats, 0, sizeof(s->stats));
    return s;
}

static void write_stats(struct json *j, const struct summary *s)
{
    json_open_array(j, "stats");
    for (uint32_t t = 0; t < INSIGHT_TYPE_COUNT; t++)
        for (uint32_t v = 0; v < INSIGHT_SEVERITY_COUNT; v++) {
            if (s->stats[t][v] == 0)
                continue;
            json_open_object(j, NULL);
            json_text(j, "INSIGHT_TYPE", insight_type_names[t]);
            json_text(j, "SEVERITY", insight_severity_names[v]);
            json_u64(j, "COUNT", s->stats[t][v]);
            json_close_object(j);
        }
    json_close_array(j);
}

/* The hosts of the sentence by level, each once: who shows counters beside it takes these. */
static void write_levels(struct json *j, const struct summary_facts *f)
{
    json_open_object(j, "levels");
    json_u64(j, "critical", f->critical_hosts);
    json_u64(j, "warn", f->attention - f->critical_hosts);
    json_u64(j, "stale", f->unknown);
    json_u64(j, "ok", f->hosts - f->attention - f->unknown);
    json_close_object(j);
    json_u64(j, "hostCount", f->hosts);
    json_u64(j, "openAlerts", f->alert_count);
    json_u64(j, "acknowledgedAlerts", f->acknowledged);
}

static bool newest_critical(struct store *s, struct insight *out)
{
    const struct insight_filter f = {.type = -1, .severity = INSIGHT_HIGH, .instance = "",
                                     .before_ms = INT64_MAX, .before = INT64_MAX};
    return store_insight_list(s, &f, out, 1) == 1;
}

static int produce_summary(struct exchange *x)
{
    const struct state *st = state_of(x);
    struct json *j = &x->json;
    struct insight critical;
    json_open_object(j, NULL);
    const char *ours = st->is_failed ? "AI summary temporarily unavailable" : st->slot->summary.text;
    json_text(j, "summary", st->slot->reworded[0] != '\0' ? st->slot->reworded : ours);
    rewording_write(j, st->slot, ours);
    write_stats(j, &st->slot->summary);
    write_levels(j, &st->slot->summary.facts);
    if (!st->is_failed && newest_critical(x->world->store, &critical))
        insight_write(j, "criticalInsight", &critical);
    else
        json_null(j, "criticalInsight");
    json_iso_ms(j, "generatedAt", x->now_ms);
    if (st->is_fresh) {
        json_open_object(j, "metadata");
        json_text(j, "aiModel", st->slot->reworded[0] != '\0' ? st->slot->model : "nephos-facts");
        json_bool(j, "freshGeneration", true);
        json_close_object(j);
    }
    json_close_object(j);
    return json_is_full(j) ? ERR_FULL : PRODUCE_DONE;
}

static void say(struct summary *s)
{
    struct text t;
    text_init(&t, s->text, sizeof(s->text));
    summary_words_say(&s->facts, &t);
}

void handle_summary(struct exchange *x)
{
    struct summary *s = gather(x);
    if (s == NULL)
        return;
    say(s);
    struct state *st = state_of(x);
    st->key = rewording_key_of_summary(&s->facts);
    /* The next one that asks may have the answer: this one does not wait. */
    if (!st->is_failed && rewording_ask(x, st->slot, st->key, WHAT, s->text, false))
        rewording_take(x, st->key, st->slot);
    respond_json(x, produce_summary);
}

static int decide(struct exchange *x)
{
    struct state *st = state_of(x);
    int answer = rewording_wait(x, st->key, st->asked);
    if (answer != ERR_OK)
        return answer;
    rewording_take(x, st->key, st->slot);
    respond_json(x, produce_summary);
    return ERR_OK;
}

void handle_summary_generate(struct exchange *x)
{
    struct summary *s = gather(x);
    if (s == NULL)
        return;
    if (state_of(x)->is_failed) {
        respond_error(x, 500, "Failed to generate AI summary", "storage cannot be read; see the log");
        return;
    }
    struct state *st = state_of(x);
    st->is_fresh = true;
    st->key = rewording_key_of_summary(&s->facts);
    st->asked = x->now;
    say(s);
    if (rewording_ask(x, st->slot, st->key, WHAT, s->text, true))
        respond_later(x, decide);
    else
        respond_json(x, produce_summary);
}

static int produce_quick(struct exchange *x)
{
    json_open_object(&x->json, NULL);
    json_text(&x->json, "summary", state_of(x)->slot->summary.text);
    write_levels(&x->json, &state_of(x)->slot->summary.facts);
    json_iso_ms(&x->json, "generatedAt", x->now_ms);
    json_close_object(&x->json);
    return PRODUCE_DONE;
}

void handle_quick_summary(struct exchange *x)
{
    struct text t;
    struct summary *s = gather(x);
    if (s == NULL)
        return;
    if (state_of(x)->is_failed) {
        respond_error(x, 500, "Internal server error", "storage cannot be read; see the log");
        return;
    }
    text_init(&t, s->text, sizeof(s->text));
    summary_words_quick(&s->facts, &t);
    respond_json(x, produce_quick);
}
