/* SPDX-License-Identifier: MIT */
/* CPU, load, memory: from readings to values. */
#include "agent/collect/collect_parts.h"

#include "agent/collect/uptime.h"
#include "platform/base/text.h"

/* --- /proc/stat --- */

static const char *const modes[CPU_MODE_COUNT] = {
    [CPU_USER] = "user", [CPU_NICE] = "nice",       [CPU_SYSTEM] = "system",
    [CPU_IDLE] = "idle", [CPU_IOWAIT] = "iowait",   [CPU_IRQ] = "irq",
    [CPU_SOFTIRQ] = "softirq", [CPU_STEAL] = "steal",
};

void collect_parse_stat(struct collect *c, const char *text, uint32_t length)
{
    c->cpu_newest ^= 1;
    struct cpu_reading *now = &c->cpu[c->cpu_newest];
    cpu_parse(text, length, now);
    collect_say_skipped(c, &c->said_cores, now->cores_skipped, CORES_MAX, "CPUs");
}

static void put_guest(struct collect *c, struct sample *out, const struct cpu_reading *now)
{
    if (now->guest[CPU_GUEST] == 0 && now->guest[CPU_GUEST_NICE] == 0)
        return;
    collect_put(c, out, METRIC_CPU_GUEST_SECONDS, "user", now->guest[CPU_GUEST]);
    collect_put(c, out, METRIC_CPU_GUEST_SECONDS, "nice", now->guest[CPU_GUEST_NICE]);
}

void collect_put_stat(struct collect *c, struct sample *out)
{
    static const enum metric events[CPU_EVENT_COUNT] = {
        [CPU_CONTEXT_SWITCHES] = METRIC_CONTEXT_SWITCHES,
        [CPU_FORKS] = METRIC_FORKS,
        [CPU_RUNNING] = METRIC_PROCESSES_RUNNING,
        [CPU_BLOCKED] = METRIC_PROCESSES_BLOCKED,
        [CPU_BOOT_TIME] = METRIC_BOOT_TIME,
    };
    const struct cpu_reading *now = &c->cpu[c->cpu_newest], *before = &c->cpu[c->cpu_newest ^ 1];
    if (now->has_ticks && before->has_ticks) {
        int usage = cpu_usage(before, now);
        if (usage >= 0)
            collect_put(c, out, METRIC_CPU_USAGE, "", (uint64_t)usage);
    }
    for (uint32_t i = 0; i < CPU_MODE_COUNT && now->has_ticks; i++)
        collect_put(c, out, METRIC_CPU_SECONDS, modes[i], now->ticks[i]);
    put_guest(c, out, now);
    for (uint32_t i = 0; i < CPU_EVENT_COUNT; i++)
        if (now->has_event[i])
            collect_put(c, out, events[i], "", now->events[i]);
}

static void put_core_modes(struct collect *c, struct sample *out, const char *core, const uint64_t *ticks)
{
    for (uint32_t i = 0; i < CPU_MODE_COUNT; i++) {
        char tag[SERIES_TAG_SIZE];
        struct text t;
        text_init(&t, tag, sizeof tag);
        text_put(&t, core);
        text_put(&t, ",mode=");
        text_put(&t, modes[i]);
        collect_put(c, out, METRIC_CPU_CORE_SECONDS, tag, ticks[i]);
    }
}

void collect_put_cores(struct collect *c, struct sample *out)
{
    const struct cpu_reading *now = &c->cpu[c->cpu_newest], *before = &c->cpu[c->cpu_newest ^ 1];
    for (uint32_t i = 0; i < now->core_count; i++) {
        char core[12];
        struct text t;
        text_init(&t, core, sizeof core);
        text_put_u64(&t, now->cores[i].number);
        int usage = cpu_core_usage(before, now, i);
        if (usage >= 0)
            collect_put(c, out, METRIC_CPU_CORE_USAGE, core, (uint64_t)usage);
        if (now->core_count <= CORE_MODES_MAX)
            put_core_modes(c, out, core, now->core_ticks[i]);
    }
}

/* --- /proc/loadavg, /proc/uptime --- */

void collect_parse_loadavg(struct collect *c, const char *text, uint32_t length)
{
    load_parse(text, length, &c->load);
}

void collect_put_loadavg(struct collect *c, struct sample *out)
{
    if (!c->load.has)
        return;
    collect_put(c, out, METRIC_LOAD_1, "", c->load.x100[0]);
    collect_put(c, out, METRIC_LOAD_5, "", c->load.x100[1]);
    collect_put(c, out, METRIC_LOAD_15, "", c->load.x100[2]);
}

void collect_parse_uptime(struct collect *c, const char *text, uint32_t length)
{
    c->uptime_s = uptime_parse(text, length);
}

void collect_put_uptime(struct collect *c, struct sample *out)
{
    if (c->uptime_s >= 0)
        collect_put(c, out, METRIC_UPTIME, "", (uint64_t)c->uptime_s);
}

/* --- /proc/meminfo --- */

void collect_parse_meminfo(struct collect *c, const char *text, uint32_t length)
{
    memory_parse(text, length, &c->memory);
}

/* What the text did not tell, or what there is none of, is negative. */
static void put_known(struct collect *c, struct sample *out, enum metric metric, int64_t value,
                      uint32_t unit)
{
    if (value >= 0)
        collect_put(c, out, metric, "", (uint64_t)value * unit);
}

void collect_put_meminfo(struct collect *c, struct sample *out)
{
    static const enum metric fields[MEMORY_FIELD_COUNT] = {
        [MEMORY_FIELD_TOTAL] = METRIC_MEMORY_TOTAL,
        [MEMORY_FIELD_FREE] = METRIC_MEMORY_FREE,
        [MEMORY_FIELD_AVAILABLE] = METRIC_MEMORY_AVAILABLE,
        [MEMORY_FIELD_BUFFERS] = METRIC_MEMORY_BUFFERS,
        [MEMORY_FIELD_CACHED] = METRIC_MEMORY_CACHED,
        [MEMORY_FIELD_DIRTY] = METRIC_MEMORY_DIRTY,
        [MEMORY_FIELD_SHMEM] = METRIC_MEMORY_SHMEM,
        [MEMORY_FIELD_SLAB] = METRIC_MEMORY_SLAB,
        [MEMORY_FIELD_SLAB_RECLAIMABLE] = METRIC_MEMORY_SLAB_RECLAIMABLE,
        [MEMORY_FIELD_COMMITTED] = METRIC_MEMORY_COMMITTED,
        [MEMORY_FIELD_SWAP_TOTAL] = METRIC_SWAP_TOTAL,
        [MEMORY_FIELD_SWAP_FREE] = METRIC_SWAP_FREE,
    };
    const struct memory_reading *r = &c->memory;
    put_known(c, out, METRIC_MEMORY_USAGE, memory_usage(r), 1);
    put_known(c, out, METRIC_MEMORY_USED, memory_used_kib(r), 1024);
    put_known(c, out, METRIC_SWAP_USED, memory_swap_used_kib(r), 1024);
    put_known(c, out, METRIC_SWAP_USAGE, memory_swap_usage(r), 1);
    for (uint32_t i = 0; i < MEMORY_FIELD_COUNT; i++)
        if (r->has[i])
            collect_put(c, out, fields[i], "", r->kib[i] * 1024);
}

/* --- /proc/vmstat --- */

void collect_parse_vmstat(struct collect *c, const char *text, uint32_t length)
{
    vmstat_parse(text, length, &c->vmstat);
}

void collect_put_vmstat(struct collect *c, struct sample *out)
{
    static const enum metric fields[VMSTAT_FIELD_COUNT] = {
        [VMSTAT_SWAP_IN] = METRIC_SWAP_IN,
        [VMSTAT_SWAP_OUT] = METRIC_SWAP_OUT,
        [VMSTAT_MAJOR_FAULTS] = METRIC_MAJOR_FAULTS,
        [VMSTAT_OOM_KILLS] = METRIC_OOM_KILLS,
    };
    for (uint32_t i = 0; i < VMSTAT_FIELD_COUNT; i++)
        if (c->vmstat.has[i])
            collect_put(c, out, fields[i], "", c->vmstat.counts[i]);
}
