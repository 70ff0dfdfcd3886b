/* SPDX-License-Identifier: MIT */
/* Has somebody set the clock, or was the machine suspended? Between two samples the wall clock and the
 * monotonic clock go on alike; slewing turns both. When they come apart, either the wall clock was set, or
 * the machine slept, which the monotonic clock does not count and the kernel tells. */
#ifndef NEPHOS_COLLECT_CLOCK_WATCH_H
#define NEPHOS_COLLECT_CLOCK_WATCH_H

#include "platform/base/base.h"

/* A smaller step disturbs nothing; a leap second is larger. */
#define CLOCK_STEP_MS_MIN 500

struct clock_watch {
    bool has_before;
    int64_t apart_ns; /* wall clock less monotonic clock, at the sample before */
    int64_t suspended_ms;
    uint64_t steps;   /* since the agent started */
    int64_t step_ms;  /* the last one; forward is positive */
};

enum clock_event { CLOCK_WENT_ON, CLOCK_STEPPED, CLOCK_SLEPT };

/* `suspended_ms` counts from the boot. What happened since the call before; the step is in step_ms. */
enum clock_event clock_watch_see(struct clock_watch *w, struct wall wall, struct mono mono,
                                 int64_t suspended_ms);

#endif
