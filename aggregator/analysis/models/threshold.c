/* SPDX-License-Identifier: MIT */
/* See threshold.h. */
#include "aggregator/analysis/models/threshold.h"

static bool beyond(const struct threshold_rule *rule, double value, double level)
{
    return rule->below ? value <= level : value >= level;
}

/* One more sample of the incident, when it is one. */
static void prolong(struct threshold *t, const struct threshold_rule *rule, int64_t time_ms)
{
    bool bridged = time_ms - t->held_ms <= rule->bridge_ms;
    bool sustained = time_ms - t->held_since_ms >= rule->for_ms;
    if (!bridged && !sustained)
        return;
    t->held_ms = t->near_ms = time_ms;
    t->is_near = true;
}

enum threshold_change threshold_step(struct threshold *t, const struct threshold_rule *rule, int64_t time_ms,
                                     double value)
{
    if (time_ms <= t->last_ms)
        return THRESHOLD_SAME;
    if (time_ms - t->last_ms > rule->gap_ms)
        t->is_held = false;
    t->last_ms = time_ms;
    bool was_on = t->is_on;
    if (beyond(rule, value, rule->level)) {
        if (!t->is_held)
            t->held_since_ms = time_ms;
        t->is_held = true;
        if (!t->is_on && time_ms - t->held_since_ms >= rule->for_ms) {
            t->is_on = true;
            t->held_ms = time_ms;
        }
        if (t->is_on)
            prolong(t, rule, time_ms);
    } else {
        t->is_held = false;
        t->is_near = t->is_near && beyond(rule, value, rule->clear);
        if (t->is_on && t->is_near)
            t->near_ms = time_ms;
    }
    if (t->is_on && time_ms - t->near_ms > rule->hold_ms)
        t->is_on = false;
    return t->is_on == was_on ? THRESHOLD_SAME : t->is_on ? THRESHOLD_BEGINS : THRESHOLD_ENDS;
}
