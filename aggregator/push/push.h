/* SPDX-License-Identifier: MIT */
/* Samples from outside without an agent: JSON, Prometheus remote write, OTLP. They go the way of an
 * agent's samples: same store, same durability, same feed for who analyses.
 *
 * A request is read twice. The first pass says what is wrong and changes nothing; the second one stores:
 *
 *     push_begin(p, PUSH_CHECK);  push_instance(), push_sample() for each; any error: answer 400, done
 *     push_begin(p, PUSH_STORE);  the same calls again; push_commit(p, &result)
 *
 * What push_commit has taken is durable, and may be acknowledged, once store_commit_count() has reached
 * result.awaited. When it answers ERR_FULL the request must come again later, whole: what was taken
 * already is recognised then. An identical sample (same series, time and value) adds nothing, whenever it
 * comes again; the same time with another value is refused, the first one stays. Order does not matter.
 *
 * Values become scaled integers, as all of Nephos. A metric of proto/metrics.def has the scale that stands
 * there (what is finer is rounded). Any other name gets, from its name and first value, the smallest of
 * the scales 1, 1000, 10^6 and 10^9 that keeps the value; a later value that does not fit it exactly opens
 * another series of the same name and tag with a finer scale. Integers up to 2^63 stay exact; fractions
 * are rounded at 10^-9, or at 16 digits, whichever comes first. Rounding is counted.
 *
 * Fixed memory: instances and series are those of the store (agents.max, agents.series_max); what finds no
 * room is left out and counted, the rest of the request is stored. */
#ifndef NEPHOS_PUSH_H
#define NEPHOS_PUSH_H

#include "aggregator/store/store.h"

/* Samples of one request; the one that has more is refused with ERR_FULL by push_sample. */
#define PUSH_SAMPLES_MAX 32768U
/* What lies further ahead of our clock is refused. */
#define PUSH_AHEAD_MS_MAX INT64_C(3600000)

struct push;

struct push *push_reserve(struct memory_map *map, uint32_t instances_max);
void push_open(struct push *p, struct plat *plat, struct store *s);

enum push_pass { PUSH_CHECK, PUSH_STORE };

/* A request begins; one that was not committed is forgotten. */
void push_begin(struct push *p, enum push_pass pass);

/* Who the samples are of. NULL or "" leaves what is known; a new instance has its id as name, "other" as
 * type and provider, "unknown" as region. Facts that an agent told itself are not changed. */
struct push_facts {
    const char *id; /* instance_id_allowed() */
    const char *name, *type, *region, *provider, *os;
};
/* A handle for push_sample in this pass; ERR_MALFORMED with push_why(). When there is no room for another
 * instance the handle is good, and its samples are left out and counted. */
int push_instance(struct push *p, const struct push_facts *facts);

struct push_sample {
    const char *metric;
    const char *tag;        /* "", "mount=/" or "a=b,c=d" (tags in order of their names) */
    const char *unit;       /* NULL or "": that of proto/metrics.def, else "count" */
    enum metric_kind kind;  /* of a name that proto/metrics.def does not know */
    int64_t time_ms;        /* since 1970, UTC */
    bool is_integer;        /* `integer` holds the value, exactly */
    double value;
    int64_t integer;
};
/* ERR_MALFORMED with push_why(): an empty, too long or unprintable name, tag or unit, a value that is not
 * finite or beyond +-2^63, a time before 1970 or too far ahead. The sample is left out then, and the
 * request may go on. ERR_FULL: more than PUSH_SAMPLES_MAX. */
int push_sample(struct push *p, int instance, const struct push_sample *sample);
/* What the last error was about, in words; "" when there was none since push_begin. */
const char *push_why(const struct push *p);

struct push_result {
    uint32_t stored;           /* new ones */
    uint32_t repeated;         /* there already */
    uint32_t conflicts;        /* another value is there at that time */
    uint32_t no_instance, no_series; /* left out, no room */
    uint32_t agents_own;       /* left out: the instance's agent measures that series itself */
    uint32_t rounded;
    uint64_t awaited;          /* see above */
};
/* ERR_OK; ERR_FULL: come again in a second; ERR_SYSTEM: storage cannot be read now, come again. */
int push_commit(struct push *p, struct push_result *result);
/* Of the samples of a result, those that were not stored and never will be; explains them in `why`, if
 * any. */
uint32_t push_left_out(const struct push_result *result, struct text *why);

struct push_stats { /* since start */
    uint64_t requests, samples, repeated, conflicts, malformed, no_instance, no_series, agents_own, rounded;
    uint64_t not_finite, held_back;
};
const struct push_stats *push_stats(const struct push *p);
/* A number that can be stored: finite, and within +-2^63. */
bool push_is_number(double value);
/* A sample without one was left out. */
void push_count_not_finite(struct push *p, const char *metric);

#endif
