/* SPDX-License-Identifier: MIT */
/* /proc/stat (proc(5)): CPU time by mode, of all CPUs and of each, context switches, forks, runnable and
 * blocked threads, and when the machine was started. */
#ifndef NEPHOS_COLLECT_CPU_H
#define NEPHOS_COLLECT_CPU_H

#include "agent/limits.h"

enum cpu_mode {
    CPU_USER, /* includes guest, and nice includes guest_nice */
    CPU_NICE,
    CPU_SYSTEM,
    CPU_IDLE,
    CPU_IOWAIT,
    CPU_IRQ,
    CPU_SOFTIRQ,
    CPU_STEAL,
    CPU_MODE_COUNT
};

enum cpu_guest { CPU_GUEST, CPU_GUEST_NICE, CPU_GUEST_COUNT };

enum cpu_event {
    CPU_CONTEXT_SWITCHES,
    CPU_FORKS,
    CPU_RUNNING,
    CPU_BLOCKED,
    CPU_BOOT_TIME, /* seconds since 1970 */
    CPU_EVENT_COUNT
};

/* Ticks are of 1/100 s (USER_HZ). */
struct cpu_core {
    uint32_t number;     /* as the kernel counts; those that are switched off are not told */
    uint64_t busy, idle; /* iowait is idle */
};

struct cpu_reading {
    bool has_ticks;
    uint64_t ticks[CPU_MODE_COUNT]; /* all CPUs together */
    uint64_t guest[CPU_GUEST_COUNT];
    bool has_event[CPU_EVENT_COUNT];
    uint64_t events[CPU_EVENT_COUNT];
    uint32_t core_count;
    uint32_t cores_skipped;         /* more than CORES_MAX */
    struct cpu_core cores[CORES_MAX];
    uint64_t core_ticks[CORE_MODES_MAX][CPU_MODE_COUNT]; /* of the first cores */
};

void cpu_parse(const char *text, uint32_t length, struct cpu_reading *out);
/* Busy share of the time between two readings, percent x 100; ERR_AGAIN when no time has passed. Idle and
 * iowait are not busy; counters that went back (iowait may) count as standing still. */
int cpu_usage(const struct cpu_reading *before, const struct cpu_reading *after);
/* The same of after->cores[index]; ERR_AGAIN also when the core was not there before. */
int cpu_core_usage(const struct cpu_reading *before, const struct cpu_reading *after, uint32_t index);

#endif
