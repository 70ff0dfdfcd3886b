/* SPDX-License-Identifier: MIT */
/* See record.h. */
#include "aggregator/analysis/models/record.h"

#include "aggregator/analysis/models/arithmetic.h"

/* ln(a / b) where either may be zero. */
static double log_ratio(double a, double b)
{
    if (!(a > 0))
        return RECORD_LEAST;
    return b > 0 ? natural_log(a / b) : RECORD_MOST;
}

/* The records lie between the largest and the K-th: where they lie far apart a new one means less. */
static double rate(const struct record *r, const struct record_rule *rule, double a)
{
    if (rule->spread <= 0)
        return log_ratio(a, (double)r->top[rule->keep - 1]);
    double width = clamp(log_ratio((double)r->top[0], (double)r->top[rule->keep - 1]), 0.0, 3.0);
    return 0.5 * log_ratio(a, (double)r->top[rule->keep / 2]) / ((double)rule->spread + width);
}

static void enter(struct record *r, uint32_t keep, float a)
{
    for (uint32_t i = 0; i < keep; i++) {
        if (a > r->top[i]) {
            float passed = r->top[i];
            r->top[i] = a;
            a = passed;
        }
    }
}

double record_rate(struct record *r, const struct record_rule *rule, double deviation, uint32_t seen,
                   double pace)
{
    double a = rule->rises_only ? larger(deviation, 0.0) : absolute(deviation);
    double rated = seen < RECORD_LEARNING ? RECORD_LEAST : rate(r, rule, a);
    for (uint32_t i = 0; i < rule->keep; i++)
        r->top[i] = (float)((double)r->top[i] * (1.0 - (double)rule->fading * pace));
    r->candidate = (float)larger((double)r->candidate, a);
    if (++r->since >= rule->every) {
        enter(r, rule->keep, r->candidate);
        r->candidate = 0;
        r->since = 0;
    }
    return clamp(rated, RECORD_LEAST, RECORD_MOST);
}
