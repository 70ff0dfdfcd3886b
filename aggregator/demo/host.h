/* SPDX-License-Identifier: MIT */
/* One simulated host: its series, and what they would be at the next moment. Pure: the same host and times
 * give the same samples. */
#ifndef NEPHOS_DEMO_HOST_H
#define NEPHOS_DEMO_HOST_H

#include "aggregator/demo/roles.h"
#include "proto/limits.h"
#include "proto/metrics.h"
#include "proto/processes.h"

#define DEMO_SERIES_MAX 96U

struct demo_series {
    enum metric metric;
    char tag[TAG_SIZE]; /* "mount=/", or "" */
};

struct demo_host {
    const struct demo_role *role;
    uint32_t count, at;                 /* series; and which is next within a moment */
    struct demo_series series[DEMO_SERIES_MAX];
    int64_t values[DEMO_SERIES_MAX];    /* of the newest moment, as stored: times scale */
    double totals[DEMO_SERIES_MAX];     /* counters, before they are rounded */
    struct process_tops tops;
    int64_t time_ms, begun_ms;          /* now, and when the demonstration begins */
    uint64_t random;
    double drift;                       /* minutes long, about -1..1 */
    double load[3], pressure;           /* averages under way */
};

/* Before its first moment. `begun_ms`: what ails it has ailed it for a while then. */
void demo_host_init(struct demo_host *h, uint32_t number, int64_t begun_ms);
/* The next moment, `time_ms` behind the one before. */
void demo_host_step(struct demo_host *h, int64_t time_ms);

#endif
