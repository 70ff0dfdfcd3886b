/* SPDX-License-Identifier: MIT */
/* Which series of a host a rule looks at: looked up when its dictionary grows or the rules change. */
#include "aggregator/analysis/watch_state.h"

#include <string.h>

static bool is_there(const struct watched *h, uint16_t rule, const struct binding *b)
{
    for (uint32_t i = 0; i < h->count; i++)
        if (h->watches[i].rule == rule && h->watches[i].binding.series[0] == b->series[0] &&
            h->watches[i].binding.series[1] == b->series[1])
            return true;
    return false;
}

/* An alert that is open goes on. */
static void resume_alert(struct watch_room *w, uint32_t instance, struct watch *x)
{
    const struct rule *r = rule_of(w, x);
    char key[ALERT_RULE_SIZE];
    watch_rule_key(w, instance, x, key);
    const struct alert *a = store_alert_open(w->store, store_instance(w->store, instance)->id, key,
                                             watch_tag(w, instance, x));
    if (a == NULL)
        return;
    bool is_critical = r->critical.is_set && (!r->warning.is_set || a->severity == r->critical.severity);
    enum rule_level level = is_critical ? LEVEL_CRITICAL : LEVEL_WARNING;
    evaluate_resume(&x->e, level, a->first_ms, a->last_ms);
    x->e.peak = a->scale > 0 ? (double)a->peak_value / a->scale : 0;
    x->e.peak_ms = a->peak_ms;
    x->is_told = true;
    x->told_level = (uint8_t)level;
    x->told_ms = a->last_ms;
}

static bool is_for_clock(const struct watch_room *w, const struct watch *x)
{
    const struct rule_term *t = &rule_of(w, x)->value.a;
    return (x->binding.series[0] == SERIES_NONE && x->binding.series[1] == SERIES_NONE) ||
           (t->kind == TERM_FACT && t->fact == FACT_MISSED_SHIPMENTS);
}

static void mark(const struct watch_room *w, struct watched *h, uint32_t at)
{
    if (is_for_clock(w, &h->watches[at]))
        h->of_facts[at / 64] |= UINT64_C(1) << at % 64;
}

static void add(struct watch_room *w, uint32_t instance, uint32_t rule, const struct binding *b,
                const char *kept)
{
    struct watched *h = &w->hosts[instance];
    if (is_there(h, (uint16_t)rule, b))
        return;
    if (h->count == WATCHES_PER_INSTANCE) {
        w->stats.surplus++;
        return;
    }
    struct watch *x = &h->watches[h->count++];
    *x = (struct watch){.rule = (uint16_t)rule, .binding = *b};
    mark(w, h, h->count - 1);
    memory_use(w->line, ++w->in_use / WATCHES_PER_INSTANCE);
    resume_alert(w, instance, x);
    const struct rule_term *t = &rule_of(w, x)->value.a;
    if (x->is_told && t->kind == TERM_FACT && t->fact == FACT_MISSED_SHIPMENTS)
        h->is_silent = true;
    if (kept != NULL && !x->is_told)
        watch_resume_kept(w, instance, x, kept);
}

/* True when one of the further terms is of that metric: then it may be the last that was missing. */
static bool names_partner(const struct rule *r, const char *metric)
{
    const struct rule_term *partners[] = {&r->value.b, &r->only_if.a, &r->only_if.b};
    for (uint32_t i = 0; i < COUNT_OF(partners); i++)
        if ((partners[i]->kind == TERM_METRIC || partners[i]->kind == TERM_RATE) &&
            text_equal(partners[i]->metric, metric))
            return true;
    return false;
}

static void bind_range(struct watch_room *w, uint32_t instance, uint32_t rule, uint32_t from, uint32_t to,
                       const char *kept)
{
    struct binding b;
    for (uint32_t i = from; i < to; i++)
        if (rule_bind(&book_rules(w->book)->rules[rule], w->store, instance, i, &b))
            add(w, instance, rule, &b, kept);
}

static void bind_rule(struct watch_room *w, uint32_t instance, uint32_t rule, uint32_t from, uint32_t to,
                      const char *kept)
{
    const struct rule *r = &book_rules(w->book)->rules[rule];
    bool is_partner = false;
    if (!rule_is_for(r, store_instance(w->store, instance)))
        return;
    if (rule_is_of_facts(r)) {
        const struct binding none = {.series = {SERIES_NONE, SERIES_NONE, SERIES_NONE, SERIES_NONE}};
        add(w, instance, rule, &none, NULL);
        return;
    }
    for (uint32_t i = from; from > 0 && !is_partner && i < to; i++)
        is_partner = names_partner(
            r, store_metric(w->store, store_series(w->store, instance, i)->metric_index)->name);
    bind_range(w, instance, rule, is_partner ? 0 : from, to, kept);
}

/* What stands in the book unchanged goes on; the rest is over. */
static void renumber(struct watch_room *w, uint32_t instance)
{
    struct watched *h = &w->hosts[instance];
    bool follows = h->generation + 1 == book_generation(w->book);
    uint32_t kept = 0;
    memset(h->of_facts, 0, sizeof h->of_facts);
    for (uint32_t i = 0; i < h->count; i++) {
        int at = follows ? book_moved(w->book, h->watches[i].rule) : ERR_MISSING;
        if (at < 0)
            continue; /* its alert, if any, is taken up by the rule's successor, or ages */
        h->watches[kept] = h->watches[i];
        h->watches[kept].rule = (uint16_t)at;
        mark(w, h, kept++);
    }
    w->in_use -= h->count - kept;
    h->count = kept;
    h->series_count = 0;
    h->generation = book_generation(w->book);
}

void watch_bind(struct watch_room *w, uint32_t instance)
{
    struct watched *h = &w->hosts[instance];
    uint32_t count = store_series_count(w->store, instance);
    if (h->generation != book_generation(w->book))
        renumber(w, instance);
    else if (h->series_count == count)
        return;
    const char *kept = watch_kept(w, store_instance(w->store, instance)->id);
    for (uint32_t r = 0; r < book_rules(w->book)->count; r++)
        bind_rule(w, instance, r, h->series_count, count, kept);
    h->series_count = count;
}

void watch_drop_all(struct watch_room *w, uint32_t instance, int64_t time_ms)
{
    struct watched *h = &w->hosts[instance];
    for (uint32_t i = 0; i < h->count; i++)
        if (h->watches[i].is_told)
            watch_settle(w, instance, &h->watches[i], time_ms);
    w->in_use -= h->count;
    h->count = h->series_count = h->generation = 0;
    memset(h->of_facts, 0, sizeof h->of_facts);
    h->is_silent = false;
}
