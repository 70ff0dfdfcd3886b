/* SPDX-License-Identifier: MIT */
/* What is bad enough for an alert need not wait for the next shipment. */
#include <math.h>
#include <string.h>

#include "aggregator/hints.h"
#include "proto/metrics.h"

/* The metric, or ERR_MISSING when agents cannot compare it. */
static int metric_of(const struct rule *r)
{
    bool is_plain = !r->is_off && r->source != RULE_OF_CLIENTS && r->value.operation == 0 &&
                    r->value.a.kind == TERM_METRIC && r->instances[0] == '\0';
    int id = is_plain ? metric_find(r->value.a.metric) : ERR_MISSING;
    return id >= 0 && metric_info((enum metric)id)->kind == METRIC_GAUGE ? id : ERR_MISSING;
}

static bool is_there(const struct ingest_hint *hints, uint32_t count, const struct ingest_hint *hint)
{
    for (uint32_t i = 0; i < count; i++)
        if (text_equal(hints[i].metric, hint->metric) && hints[i].level == hint->level)
            return true;
    return false;
}

uint32_t hints_of_rules(const struct rule_set *set, struct ingest_hint hints[static HINTS_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < set->count && count < HINTS_MAX; i++) {
        const struct rule *r = &set->rules[i];
        const struct rule_limit *l = r->critical.is_set ? &r->critical : &r->warning;
        int id = metric_of(r);
        if (id < 0)
            continue;
        double level = l->at * metric_info((enum metric)id)->scale;
        if (fabs(level) > 9e15)
            continue;
        struct ingest_hint hint = {.level = (int64_t)(r->is_below ? floor(level) : ceil(level)),
                                   .below = r->is_below};
        (void)text_copy(hint.metric, sizeof hint.metric, r->value.a.metric);
        if (!is_there(hints, count, &hint))
            hints[count++] = hint;
    }
    return count;
}
