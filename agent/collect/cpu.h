/* SPDX-License-Identifier: MIT */
/* /proc/stat (proc(5)): CPU time by mode, context switches, forks, runnable and blocked threads. */
#ifndef NEPHOS_COLLECT_CPU_H
#define NEPHOS_COLLECT_CPU_H

#include "platform/base/base.h"

enum cpu_mode {
    CPU_USER, /* includes guest, and nice includes guest_nice: those columns are not read */
    CPU_NICE,
    CPU_SYSTEM,
    CPU_IDLE,
    CPU_IOWAIT,
    CPU_IRQ,
    CPU_SOFTIRQ,
    CPU_STEAL,
    CPU_MODE_COUNT
};

enum cpu_event { CPU_CONTEXT_SWITCHES, CPU_FORKS, CPU_RUNNING, CPU_BLOCKED, CPU_EVENT_COUNT };

struct cpu_reading {
    bool has_ticks;
    uint64_t ticks[CPU_MODE_COUNT]; /* of 1/100 s (USER_HZ), all CPUs together */
    bool has_event[CPU_EVENT_COUNT];
    uint64_t events[CPU_EVENT_COUNT];
};

void cpu_parse(const char *text, uint32_t length, struct cpu_reading *out);
/* Busy share of the time between two readings, percent x 100; ERR_AGAIN when no time has passed. Idle and
 * iowait are not busy; counters that went back (iowait may) count as standing still. */
int cpu_usage(const struct cpu_reading *before, const struct cpu_reading *after);

#endif
