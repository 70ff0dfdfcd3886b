/* SPDX-License-Identifier: MIT */
/* A pattern as an insight, in words. */
#ifndef NEPHOS_PATTERNS_TELL_H
#define NEPHOS_PATTERNS_TELL_H

#include "aggregator/analysis/patterns/finders.h"
#include "aggregator/store/store_insights.h"

struct pattern_series {
    const char *metric, *tag, *unit;
    bool is_rate;
};

/* Each fills `out` anew. `in`: the host. */
void tell_spike(struct insight *out, const struct instance *in, const struct pattern_series *s,
                const struct spike *spike);
void tell_leak(struct insight *out, const struct instance *in, const struct pattern_series *s,
               const struct leak *leak);
void tell_pair(struct insight *out, const struct instance *in, const struct pattern_series *a,
               const struct pattern_series *b, double correlation);
void tell_neighbour(struct insight *out, const struct instance *in, const struct neighbour *n);
void tell_spare(struct insight *out, const struct instance *in, double cpu, double memory);

struct recurring {
    const char *rule, *tag, *type, *metric; /* of the newest */
    uint32_t count;
    int64_t median_ms; /* of how long they lasted */
    bool has_hour;     /* all began within two hours of the day */
    uint32_t hour;
};
void tell_recurring(struct insight *out, const struct instance *in, const struct recurring *r);

/* Hosts whose CPU use moves together: the first one and how many there are in all; the others by
 * tell_group_add(). */
void tell_group(struct insight *out, const struct instance *leader, uint32_t count, double correlation);
void tell_group_add(struct insight *out, const struct instance *in, uint32_t count);
void tell_group_end(struct insight *out, uint32_t count);

#endif
