/* SPDX-License-Identifier: MIT */
/* See host.h. */
#include "aggregator/analysis/models/host.h"

#include "aggregator/analysis/models/anomaly.h"
#include "aggregator/analysis/models/arithmetic.h"

/* The state at which news counts as it is: four standard deviations, as the root of them. */
#define LEVEL_USUAL 2.0

void host_company_add(struct host_company *c, uint32_t metric, double value)
{
    for (uint32_t i = 0; i < HOST_COMPANY; i++) {
        if (i < c->count && value <= c->value[i])
            continue;
        double passed_value = c->value[i];
        uint32_t passed_metric = c->metric[i];
        c->value[i] = value;
        c->metric[i] = metric;
        if (i == c->count) {
            c->count++;
            return;
        }
        value = passed_value;
        metric = passed_metric;
    }
}

double host_level(const struct host_company *state)
{
    double level = 0;
    /* roots: one metric far out of any range must not speak for all */
    for (uint32_t i = 0; i < state->count; i++)
        level += square_root(state->value[i]) / state->count;
    return level;
}

struct host_score host_step(struct host *h, int64_t time_s, const struct host_company *news,
                            const struct host_company *state)
{
    double raw = 0, level = host_level(state);
    for (uint32_t i = 0; i < news->count; i++)
        raw += news->value[i] / news->count;
    raw *= level / LEVEL_USUAL;
    double elapsed_s = h->time_s != 0 ? larger(0.0, (double)(time_s - h->time_s)) : 0.0;
    h->time_s = time_s;
    return (struct host_score){anomaly_tell(&h->told, raw, elapsed_s), level};
}
