/* SPDX-License-Identifier: MIT */
/* A rule at work on one group of series: values in, incidents out. State of a fixed size, no clock. */
#ifndef NEPHOS_RULES_EVALUATE_H
#define NEPHOS_RULES_EVALUATE_H

#include "aggregator/analysis/models/threshold.h"
#include "aggregator/rules/rule.h"

/* What stands for the terms of a rule on an instance. */
struct binding {
    uint16_t series[RULE_TERMS]; /* SERIES_NONE: no series */
    uint32_t scales[RULE_TERMS]; /* of their values */
};
/* The series that go with `series` as that of the rule's first metric: of the same tag, else without one.
 * False when the rule does not look at it, or another series is not there. */
bool rule_bind(const struct rule *r, const struct store *s, uint32_t instance, uint32_t series,
               struct binding *out);
/* Is the rule for such a host at all? */
bool rule_is_for(const struct rule *r, const struct instance *in);
/* It looks at no samples, only at facts. */
bool rule_is_of_facts(const struct rule *r);

struct input {
    int64_t value, time_ms, before, before_ms; /* of a series; time_ms 0: nothing yet */
};
struct evaluation {
    struct input inputs[RULE_TERMS];
    double sum;                  /* of the window at hand */
    uint32_t count;
    int64_t window_ms;           /* its number */
    double last, peak;           /* values, as the rule sees them; the peak is of this incident */
    int64_t last_ms, peak_ms, begin_ms;
    enum rule_level level;
    struct threshold warning, critical;
};

/* A value of term number `term`; older and repeated times are passed over. */
static inline void evaluate_take(struct evaluation *e, uint32_t term, int64_t time_ms, int64_t value)
{
    struct input *i = &e->inputs[term];
    if (time_ms <= i->time_ms)
        return;
    i->before = i->value;
    i->before_ms = i->time_ms;
    i->value = value;
    i->time_ms = time_ms;
}
/* Once all values of that time are in: true when the level changed. `hold_ms` at least is waited before an
 * incident is over. */
bool evaluate_step(struct evaluation *e, const struct rule *r, const struct binding *b,
                   const double facts[static FACT_COUNT], int64_t time_ms, int64_t hold_ms);
/* What the rule looks at, of a rule of facts: false when it is not known. */
bool evaluate_facts(const struct rule *r, const double facts[static FACT_COUNT], double *value);
/* Facts that do not change with time; the others are not known (negative). */
void evaluate_fill_facts(const struct instance *in, double facts[static FACT_COUNT]);
/* The same with a value that is known. */
bool evaluate_value(struct evaluation *e, const struct rule *r, int64_t time_ms, double value, bool counts,
                    int64_t hold_ms);
/* An incident that was going on before there was this state. */
void evaluate_resume(struct evaluation *e, enum rule_level level, int64_t begin_ms, int64_t last_ms);

#endif
