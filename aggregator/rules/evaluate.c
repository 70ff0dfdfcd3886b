/* SPDX-License-Identifier: MIT */
/* See evaluate.h. */
#include "aggregator/rules/evaluate.h"

#include "aggregator/rules/pattern.h"

/* A value that came longer ago says nothing of now. */
#define INPUT_MS_MAX INT64_C(600000)
#define MISSING_MS INT64_C(120000)

static const struct rule_term *term_of(const struct rule *r, uint32_t n)
{
    const struct rule_expression *e = n < 2 ? &r->value : &r->only_if;
    return n % 2 == 0 ? &e->a : &e->b;
}

static bool is_series(const struct rule_term *t)
{
    return t->kind == TERM_METRIC || t->kind == TERM_RATE;
}

bool rule_is_of_facts(const struct rule *r)
{
    return !is_series(&r->value.a) && !is_series(&r->value.b);
}

bool rule_is_for(const struct rule *r, const struct instance *in)
{
    bool is_agent = in->source == INSTANCE_FROM_AGENT || in->agent_version[0] != '\0';
    if (r->is_off || in->deleted_ms != 0 || (r->source == RULE_OF_AGENTS && !is_agent) ||
        (r->source == RULE_OF_CLIENTS && (is_agent || in->source == INSTANCE_FROM_SENTINEL)))
        return false;
    return r->instances[0] == '\0' || pattern_list_match(r->instances, in->id) ||
           pattern_list_match(r->instances, in->name);
}

/* The series of that metric with the same tag, or else without a tag. */
static uint16_t find_partner(const struct store *s, uint32_t instance, const char *metric, const char *tag)
{
    uint16_t found = SERIES_NONE;
    uint32_t count = store_series_count(s, instance);
    for (uint32_t i = 0; i < count; i++) {
        const struct store_series *series = store_series(s, instance, i);
        if (!text_equal(store_metric(s, series->metric_index)->name, metric))
            continue;
        if (text_equal(series->tag, tag))
            return (uint16_t)i;
        if (series->tag[0] == '\0')
            found = (uint16_t)i;
    }
    return found;
}

bool rule_bind(const struct rule *r, const struct store *s, uint32_t instance, uint32_t series,
               struct binding *out)
{
    const struct store_series *of = store_series(s, instance, series);
    uint32_t first = is_series(&r->value.a) ? 0 : 1;
    const struct rule_term *t = term_of(r, first);
    if (!is_series(t) || !pattern_match(t->metric, store_metric(s, of->metric_index)->name) ||
        (r->tags[0] != '\0' && !pattern_list_match(r->tags, of->tag)))
        return false;
    for (uint32_t i = 0; i < RULE_TERMS; i++) {
        out->series[i] = SERIES_NONE;
        out->scales[i] = 1;
        if ((i >= 2 && r->only_if_operation == 0) || !is_series(term_of(r, i)))
            continue;
        out->series[i] = i == first ? (uint16_t)series
                                    : find_partner(s, instance, term_of(r, i)->metric, of->tag);
        if (out->series[i] == SERIES_NONE)
            return false;
        uint32_t metric = store_series(s, instance, out->series[i])->metric_index;
        out->scales[i] = store_metric(s, metric)->scale;
    }
    return true;
}

/* --- values --- */

/* Everything that a value follows from. */
struct ground {
    const struct evaluation *e;
    const struct binding *b;
    const double *facts;
    int64_t time_ms;
};

static bool value_of(const struct ground *g, const struct rule_term *t, uint32_t n, double *out)
{
    const struct input *i = &g->e->inputs[n];
    uint32_t scale = g->b->scales[n];
    int64_t time_ms = g->time_ms;
    *out = t->kind == TERM_FACT ? g->facts[t->fact] : t->number;
    if (t->kind == TERM_NUMBER || t->kind == TERM_FACT)
        return t->kind == TERM_NUMBER || *out >= 0;
    if (i->time_ms == 0 || time_ms - i->time_ms > INPUT_MS_MAX)
        return false;
    *out = (double)i->value / scale;
    if (t->kind == TERM_METRIC)
        return true;
    if (i->before_ms == 0 || i->value < i->before || i->time_ms - i->before_ms > INPUT_MS_MAX)
        return false; /* the first one, or the counter began anew */
    *out = (double)(i->value - i->before) / scale * 1000.0 / (double)(i->time_ms - i->before_ms);
    return true;
}

static bool expression_of(const struct ground *g, const struct rule_expression *x, uint32_t first,
                          double *out)
{
    double right;
    if (!value_of(g, &x->a, first, out))
        return false;
    if (x->operation == 0)
        return true;
    if (!value_of(g, &x->b, first + 1, &right) || (x->operation == '/' && right == 0))
        return false;
    *out = x->operation == '/' ? *out / right : x->operation == '+' ? *out + right : *out - right;
    return true;
}

static bool counts(const struct ground *g, const struct rule *r)
{
    double value;
    if (r->only_if_operation == 0)
        return true;
    if (!expression_of(g, &r->only_if, 2, &value))
        return false;
    return r->only_if_operation == '<' ? value < r->only_if_level : value > r->only_if_level;
}

/* --- incidents --- */

/* Time of which nothing is known is no recovery. */
static void bridge_gap(struct threshold *t, int64_t time_ms)
{
    int64_t gap_ms = time_ms - t->last_ms;
    if (!t->is_on || gap_ms <= MISSING_MS)
        return;
    t->held_ms += gap_ms;
    t->near_ms += gap_ms;
}

static void step_limit(struct threshold *t, const struct rule *r, const struct rule_limit *l, int64_t time_ms,
                       double value, int64_t hold_ms)
{
    if (!l->is_set)
        return;
    const struct threshold_rule rule = {
        .level = l->at, .clear = l->clear, .below = r->is_below, .for_ms = l->for_ms,
        .bridge_ms = r->bridge_ms, .gap_ms = r->gap_ms,
        .hold_ms = hold_ms > r->clear_for_ms ? hold_ms : r->clear_for_ms};
    bridge_gap(t, time_ms);
    (void)threshold_step(t, &rule, time_ms, value);
}

/* Where no incident is, whatever the levels are. */
static double harmless(const struct rule *r)
{
    return r->is_below ? 1e300 : -1e300;
}

bool evaluate_value(struct evaluation *e, const struct rule *r, int64_t time_ms, double value,
                    bool is_counted,
                    int64_t hold_ms)
{
    enum rule_level before = e->level;
    e->last = value;
    e->last_ms = time_ms;
    double judged = is_counted ? value : harmless(r);
    step_limit(&e->critical, r, &r->critical, time_ms, judged, hold_ms);
    step_limit(&e->warning, r, &r->warning, time_ms, judged, hold_ms);
    e->level = e->critical.is_on ? LEVEL_CRITICAL : e->warning.is_on ? LEVEL_WARNING : LEVEL_NORMAL;
    if (e->level == LEVEL_NORMAL)
        return before != LEVEL_NORMAL;
    if (before == LEVEL_NORMAL) {
        e->begin_ms = e->level == LEVEL_CRITICAL ? e->critical.held_since_ms : e->warning.held_since_ms;
        e->peak = value;
        e->peak_ms = time_ms;
    }
    if (r->is_below ? value < e->peak : value > e->peak) {
        e->peak = value;
        e->peak_ms = time_ms;
    }
    return e->level != before;
}

bool evaluate_facts(const struct rule *r, const double facts[static FACT_COUNT], double *value)
{
    static const struct evaluation none;
    static const struct binding unbound;
    const struct ground g = {.e = &none, .b = &unbound, .facts = facts};
    return expression_of(&g, &r->value, 0, value);
}

void evaluate_fill_facts(const struct instance *in, double facts[static FACT_COUNT])
{
    facts[FACT_CORES] = in->cpu_count > 0 ? (double)in->cpu_count : -1;
    facts[FACT_MEMORY_BYTES] = in->memory_bytes > 0 ? (double)in->memory_bytes : -1;
    facts[FACT_MISSED_SHIPMENTS] = facts[FACT_CLOCK_SKEW] = -1;
}

bool evaluate_step(struct evaluation *e, const struct rule *r, const struct binding *b,
                   const double facts[static FACT_COUNT], int64_t time_ms, int64_t hold_ms)
{
    const struct ground g = {.e = e, .b = b, .facts = facts, .time_ms = time_ms};
    double value;
    if (!expression_of(&g, &r->value, 0, &value))
        return false;
    bool is_counted = counts(&g, r);
    if (r->over_ms == 0)
        return evaluate_value(e, r, time_ms, value, is_counted, hold_ms);
    int64_t window = time_ms / r->over_ms;
    bool is_changed = false;
    if (window != e->window_ms && e->count > 0)
        is_changed = evaluate_value(e, r, (e->window_ms + 1) * r->over_ms - 1, e->sum / e->count, is_counted,
                                    hold_ms);
    if (window != e->window_ms) {
        e->window_ms = window;
        e->sum = 0;
        e->count = 0;
    }
    e->sum += value;
    e->count++;
    return is_changed;
}

static void resume(struct threshold *t, int64_t begin_ms, int64_t last_ms)
{
    *t = (struct threshold){.is_on = true, .is_near = true, .held_since_ms = begin_ms, .last_ms = last_ms,
                            .held_ms = last_ms, .near_ms = last_ms};
}

void evaluate_resume(struct evaluation *e, enum rule_level level, int64_t begin_ms, int64_t last_ms)
{
    if (level >= LEVEL_WARNING)
        resume(&e->warning, begin_ms, last_ms);
    if (level == LEVEL_CRITICAL)
        resume(&e->critical, begin_ms, last_ms);
    e->level = level;
    e->begin_ms = begin_ms;
    e->last_ms = last_ms;
}
