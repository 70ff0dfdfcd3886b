/* SPDX-License-Identifier: MIT */
/* Steps and sleep; see clock_watch.h. */
#include "agent/collect/clock_watch.h"

enum clock_event clock_watch_see(struct clock_watch *w, struct wall wall, struct mono mono,
                                 int64_t suspended_ms)
{
    int64_t apart_ns, moved_ns;
    if (__builtin_sub_overflow(wall.ns, mono.ns, &apart_ns))
        return CLOCK_WENT_ON; /* no clock shows that */
    int64_t slept_ms = suspended_ms - w->suspended_ms;
    bool has_before = w->has_before;
    bool is_sane = !__builtin_sub_overflow(apart_ns, w->apart_ns, &moved_ns);
    w->has_before = true;
    w->apart_ns = apart_ns;
    w->suspended_ms = suspended_ms;
    if (!has_before || !is_sane)
        return CLOCK_WENT_ON;
    int64_t step_ms = moved_ns / NS_PER_MS - slept_ms;
    if (step_ms > CLOCK_STEP_MS_MIN || step_ms < -CLOCK_STEP_MS_MIN) {
        w->steps++;
        w->step_ms = step_ms;
        return CLOCK_STEPPED;
    }
    return slept_ms > CLOCK_STEP_MS_MIN ? CLOCK_SLEPT : CLOCK_WENT_ON;
}
