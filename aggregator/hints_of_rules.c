/* SPDX-License-Identifier: MIT */
/* What is bad enough for an alert need not wait for the next shipment. */
#include <math.h>
#include <string.h>

#include "aggregator/hints.h"
#include "proto/metrics.h"

/* The rule is about the sentinel's checks, which agents do not know. */
static bool is_about_checks(const struct rule *r)
{
    return strncmp(r->tags, "check=", 6) == 0;
}

/* The metric that a term of it is alone, or ERR_MISSING when agents cannot compare that. */
static int metric_of(const struct rule *r, const struct rule_expression *e)
{
    bool is_plain = !r->is_off && r->source != RULE_OF_CLIENTS && e->operation == 0 &&
                    e->a.kind == TERM_METRIC && r->instances[0] == '\0' && !is_about_checks(r);
    int id = is_plain ? metric_find(e->a.metric) : ERR_MISSING;
    return id >= 0 && metric_info((enum metric)id)->kind == METRIC_GAUGE ? id : ERR_MISSING;
}

#define MARGIN_S 3U /* the first second may be beyond it in part only; both ends of the window; the clocks */

/* How long a value must have been there before the rule says so, with a margin. 0: so long that a habitual
 * shipment is early enough, or no time at all. */
static uint32_t hold_s(const struct rule *r, const struct rule_limit *limit)
{
    int64_t ms = r->over_ms + limit->for_ms;
    if (ms <= 0 || ms > HINT_HOLD_S_MAX * INT64_C(1000))
        return 0;
    uint32_t s = (uint32_t)((ms + 999) / 1000) + MARGIN_S;
    return s < HINT_HOLD_S_MAX ? s : HINT_HOLD_S_MAX;
}

/* Adds what is new to the list; of two about the same level the one that looks longer counts. */
static uint32_t add(struct ingest_hint *hints, uint32_t count, int id, double level, bool below, uint32_t s)
{
    if (fabs(level) > 9e15)
        return count;
    struct ingest_hint hint = {.level = (int64_t)level, .below = below, .hold_s = s};
    (void)text_copy(hint.metric, sizeof hint.metric, metric_info((enum metric)id)->name);
    for (uint32_t i = 0; i < count; i++) {
        struct ingest_hint *it = &hints[i];
        if (!text_equal(it->metric, hint.metric) || it->level != hint.level || it->below != hint.below)
            continue;
        it->hold_s = it->hold_s > hint.hold_s ? it->hold_s : hint.hold_s;
        return count;
    }
    if (count == HINTS_MAX)
        return count;
    hints[count] = hint;
    return count + 1;
}

static uint32_t add_limit(struct ingest_hint *hints, uint32_t count, const struct rule *r,
                          const struct rule_limit *limit)
{
    int id = metric_of(r, &r->value);
    if (id < 0 || !limit->is_set)
        return count;
    double level = limit->at * metric_info((enum metric)id)->scale;
    return add(hints, count, id, r->is_below ? floor(level) : ceil(level), r->is_below, hold_s(r, limit));
}

/* What is beyond its level already may have waited for the condition alone. */
static uint32_t add_condition(struct ingest_hint *hints, uint32_t count, const struct rule *r,
                              const struct rule_limit *limit)
{
    int id = r->only_if_operation != 0 ? metric_of(r, &r->only_if) : ERR_MISSING;
    if (id < 0)
        return count;
    bool below = r->only_if_operation == '<';
    double level = r->only_if_level * metric_info((enum metric)id)->scale;
    return add(hints, count, id, below ? ceil(level) - 1 : floor(level) + 1, below, hold_s(r, limit));
}

static bool is_quick(const struct rule *r, const struct rule_limit *limit)
{
    return r->over_ms + limit->for_ms <= HINT_HOLD_S_MAX * INT64_C(1000);
}

/* Room is short: first what is judged so quickly that seconds count, then what is worst of the others. Their
 * warnings can wait for a habitual shipment. */
uint32_t hints_of_rules(const struct rule_set *set, struct ingest_hint hints[static HINTS_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        const struct rule *r = &set->rules[i];
        const struct rule_limit *limits[] = {&r->critical, &r->warning};
        for (uint32_t k = 0; k < COUNT_OF(limits); k++)
            if (limits[k]->is_set && is_quick(r, limits[k])) {
                count = add_limit(hints, count, r, limits[k]);
                count = add_condition(hints, count, r, limits[k]);
            }
    }
    for (uint32_t i = 0; i < set->count; i++)
        count = add_limit(hints, count, &set->rules[i],
                          set->rules[i].critical.is_set ? &set->rules[i].critical : &set->rules[i].warning);
    return count;
}

void hints_hold(const struct rule_set *set, struct ingest_hint hints[static HINTS_MAX], uint32_t count)
{
    for (uint32_t i = 0; i < set->count; i++) {
        const struct rule *r = &set->rules[i];
        if (metric_of(r, &r->value) < 0)
            continue;
        uint32_t warning_s = r->warning.is_set ? hold_s(r, &r->warning) : 0;
        uint32_t critical_s = r->critical.is_set ? hold_s(r, &r->critical) : 0;
        uint32_t s = warning_s > critical_s ? warning_s : critical_s;
        for (uint32_t k = 0; k < count; k++)
            if (text_equal(hints[k].metric, r->value.a.metric) && hints[k].below == r->is_below &&
                hints[k].hold_s < s)
                hints[k].hold_s = s;
    }
}
