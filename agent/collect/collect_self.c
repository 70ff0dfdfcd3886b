/* SPDX-License-Identifier: MIT */
/* The clock, and what the agent itself costs: from the platform to values. */
#include "agent/collect/collect_parts.h"

#include "agent/collect/ratio.h"

/* When looking at the clocks took so long, they cannot be compared. */
#define LOOK_MS_MAX 100

/* --- has it been set? --- */

void collect_parse_clocks(struct collect *c, const char *text, uint32_t length)
{
    (void)text;
    (void)length;
    int64_t slept_before_ms = c->clocks.suspended_ms;
    struct mono before = plat_mono(c->plat);
    int64_t suspended_ms = plat_suspended_ms(c->plat);
    struct wall wall = plat_wall(c->plat);
    struct mono after = plat_mono(c->plat);
    if (after.ns - before.ns > LOOK_MS_MAX * NS_PER_MS)
        return;
    enum clock_event event = clock_watch_see(&c->clocks, wall, before, suspended_ms);
    if (event == CLOCK_STEPPED)
        plat_log(c->plat, LOG_INFO, "the clock was set %s by %lld ms",
                 c->clocks.step_ms < 0 ? "back" : "forward",
                 (long long)(c->clocks.step_ms < 0 ? -c->clocks.step_ms : c->clocks.step_ms));
    else if (event == CLOCK_SLEPT)
        plat_log(c->plat, LOG_INFO, "this machine was suspended for %lld ms",
                 (long long)(suspended_ms - slept_before_ms));
}

void collect_put_clocks(struct collect *c, struct sample *out)
{
    collect_put(c, out, METRIC_CLOCK_STEPS, "", c->clocks.steps);
    collect_put(c, out, METRIC_CLOCK_STEP_SECONDS, "", (uint64_t)c->clocks.step_ms);
    collect_put(c, out, METRIC_SUSPENDED_SECONDS, "", (uint64_t)c->clocks.suspended_ms);
}

/* --- is it right? --- */

void collect_parse_clock_state(struct collect *c, const char *text, uint32_t length)
{
    (void)text;
    (void)length;
    c->has_clock_state = plat_clock(c->plat, &c->clock_state) == ERR_OK;
}

void collect_put_clock_state(struct collect *c, struct sample *out)
{
    if (!c->has_clock_state)
        return;
    collect_put(c, out, METRIC_CLOCK_SYNCHRONIZED, "", c->clock_state.is_synchronized);
    collect_put(c, out, METRIC_CLOCK_OFFSET, "", (uint64_t)c->clock_state.offset_us);
    collect_put(c, out, METRIC_CLOCK_ERROR, "", c->clock_state.error_us);
}

/* --- the agent --- */

void collect_parse_self(struct collect *c, const char *text, uint32_t length)
{
    (void)text;
    (void)length;
    struct plat_self before = c->self;
    int64_t elapsed_ns = c->now.ns - c->self_at.ns;
    plat_self(c->plat, &c->self);
    c->self_at = c->now;
    if (elapsed_ns > 0 && c->self.cpu_ns >= before.cpu_ns)
        c->self_share_x1000 = (c->self.cpu_ns - before.cpu_ns) * 100000 / (uint64_t)elapsed_ns;
}

void collect_put_self(struct collect *c, struct sample *out)
{
    collect_put(c, out, METRIC_AGENT_CPU, "", c->self_share_x1000);
    collect_put(c, out, METRIC_AGENT_CPU_SECONDS, "", c->self.cpu_ns / 1000);
    collect_put(c, out, METRIC_AGENT_MEMORY, "", c->self.rss_bytes);
    const struct collect_agent *a = &c->agent;
    if (a->ring_size == 0)
        return; /* one look by hand: there is no ring */
    collect_put(c, out, METRIC_AGENT_RING, "", (uint64_t)ratio_percent_x100(a->ring_bytes, a->ring_size));
    collect_put(c, out, METRIC_AGENT_SAMPLES_LOST, "", a->samples_lost);
    collect_put(c, out, METRIC_AGENT_SAMPLES_SKIPPED, "", a->samples_skipped);
    collect_put(c, out, METRIC_AGENT_SERIES_REFUSED, "", c->series->refused);
}
