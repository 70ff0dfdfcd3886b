/* SPDX-License-Identifier: MIT */
/* /proc/stat; see cpu.h. */
#include "agent/collect/cpu.h"

#include "agent/collect/span.h"

static const char *const event_names[CPU_EVENT_COUNT] = {
    [CPU_CONTEXT_SWITCHES] = "ctxt",
    [CPU_FORKS] = "processes",
    [CPU_RUNNING] = "procs_running",
    [CPU_BLOCKED] = "procs_blocked",
};

/* user, nice, system and idle are as old as Linux; the others came one by one. */
#define OLDEST_MODE_COUNT 4U

void cpu_parse(const char *text, uint32_t length, struct cpu_reading *out)
{
    *out = (struct cpu_reading){0};
    struct span rest = span_of(text, length), line, name;
    while (span_line(&rest, &line)) {
        if (!span_word(&line, &name))
            continue;
        if (span_is(name, "cpu")) {
            out->has_ticks = span_numbers(&line, out->ticks, CPU_MODE_COUNT) >= OLDEST_MODE_COUNT;
            continue;
        }
        for (uint32_t i = 0; i < CPU_EVENT_COUNT; i++)
            if (span_is(name, event_names[i]))
                out->has_event[i] = span_u64(&line, &out->events[i]);
    }
}

int cpu_usage(const struct cpu_reading *before, const struct cpu_reading *after)
{
    uint64_t all = 0, idle = 0;
    for (uint32_t i = 0; i < CPU_MODE_COUNT; i++) {
        uint64_t passed =
            after->ticks[i] > before->ticks[i] ? after->ticks[i] - before->ticks[i] : 0;
        passed &= (UINT64_C(1) << 40) - 1; /* a lying text cannot make the sums overflow */
        all += passed;
        if (i == CPU_IDLE || i == CPU_IOWAIT)
            idle += passed;
    }
    if (all == 0)
        return ERR_AGAIN;
    return (int)((all - idle) * 10000 / all);
}
