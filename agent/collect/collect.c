/* SPDX-License-Identifier: MIT */
/* From texts to samples; see collect.h. */
#include "agent/collect/collect.h"

#include <string.h>

#include "agent/collect/collect_parts.h"

/* What to say when a text is not there. */
enum absence {
    ABSENCE_IS_WRONG,
    ABSENCE_IS_TOLD,  /* older kernels do not have it */
    ABSENCE_IS_USUAL,
};

struct source {
    const char *name; /* its path, when it is a text; otherwise what is asked of the platform */
    uint32_t every_ms;
    uint32_t phase_ms; /* from the first reading to the second, so that slow sources take turns */
    enum absence absence;
    void (*parse)(struct collect *c, const char *text, uint32_t length);
    void (*put)(struct collect *c, struct sample *out);
};

/* What people watch by the second is read with every sample, and so is what costs as little as reading a
 * clock. The others: /proc/net/netstat and /proc/vmstat are four kilobytes each, added up over all CPUs by
 * the kernel, for two and four numbers; mounts come and go rarely and fill slowly; the number of sockets is
 * not worth a text each second. */
#define EACH 0, 0
#define SLOW(phase_s) SLOW_MS, (phase_s) * 1000
#define BOTH(name) collect_parse_##name, collect_put_##name
static const struct source sources[SOURCE_COUNT] = {
    [SOURCE_STAT] = {"/proc/stat", EACH, ABSENCE_IS_WRONG, BOTH(stat)},
    [SOURCE_LOADAVG] = {"/proc/loadavg", EACH, ABSENCE_IS_WRONG, BOTH(loadavg)},
    [SOURCE_UPTIME] = {"/proc/uptime", EACH, ABSENCE_IS_WRONG, BOTH(uptime)},
    [SOURCE_MEMINFO] = {"/proc/meminfo", EACH, ABSENCE_IS_WRONG, BOTH(meminfo)},
    [SOURCE_PRESSURE_CPU] = {"/proc/pressure/cpu", EACH, ABSENCE_IS_TOLD, BOTH(pressure_cpu)},
    [SOURCE_PRESSURE_MEMORY] = {"/proc/pressure/memory", EACH, ABSENCE_IS_USUAL, BOTH(pressure_memory)},
    [SOURCE_PRESSURE_IO] = {"/proc/pressure/io", EACH, ABSENCE_IS_USUAL, BOTH(pressure_io)},
    [SOURCE_VMSTAT] = {"/proc/vmstat", SLOW(2), ABSENCE_IS_WRONG, BOTH(vmstat)},
    [SOURCE_SNMP] = {"/proc/net/snmp", EACH, ABSENCE_IS_WRONG, BOTH(snmp)},
    [SOURCE_NETSTAT] = {"/proc/net/netstat", SLOW(4), ABSENCE_IS_WRONG, BOTH(netstat)},
    [SOURCE_SOCKSTAT] = {"/proc/net/sockstat", SLOW(6), ABSENCE_IS_WRONG, collect_parse_sockstat, NULL},
    [SOURCE_SOCKSTAT6] = {"/proc/net/sockstat6", SLOW(6), ABSENCE_IS_USUAL, collect_parse_sockstat6,
                          collect_put_sockstat},
    [SOURCE_CLOCKS] = {"steps of the clock", EACH, ABSENCE_IS_USUAL, BOTH(clocks)},
    [SOURCE_CLOCK_STATE] = {"state of the clock", SLOW(8), ABSENCE_IS_USUAL, BOTH(clock_state)},
    [SOURCE_SELF] = {"own cost", SLOW(8), ABSENCE_IS_USUAL, BOTH(self)},
    [SOURCE_NET_DEV] = {"/proc/net/dev", EACH, ABSENCE_IS_WRONG, BOTH(net_dev)},
    [SOURCE_MOUNTINFO] = {"/proc/self/mountinfo", SLOW(10), ABSENCE_IS_WRONG, BOTH(mountinfo)},
    [SOURCE_DISKSTATS] = {"/proc/diskstats", EACH, ABSENCE_IS_WRONG, BOTH(diskstats)},
    /* Read with SOURCE_STAT: they only come last. */
    [SOURCE_CORES] = {"CPUs one by one", EACH, ABSENCE_IS_USUAL, NULL, collect_put_cores},
};

/* --- reading --- */

static bool is_text(const struct source *s)
{
    return s->name[0] == '/';
}

static void open_sources(struct collect *c)
{
    for (uint32_t i = 0; i < SOURCE_COUNT; i++) {
        const struct source *s = &sources[i];
        c->due_at[i] = c->now;
        c->handles[i] = is_text(s) ? plat_text_open(c->plat, s->name) : ERR_MISSING;
        if (c->handles[i] >= 0)
            continue;
        if (s->absence == ABSENCE_IS_WRONG)
            plat_log(c->plat, LOG_WARN, "cannot open %s; its values will be missing", s->name);
        else if (s->absence == ABSENCE_IS_TOLD)
            plat_log(c->plat, LOG_INFO, "there is no %s; this kernel does not tell", s->name);
    }
}

/* A text that does not fit into the scratch is used as far as it goes. One that is not there is empty. */
static void read_source(struct collect *c, enum collect_source source)
{
    const struct source *s = &sources[source];
    if (s->parse == NULL)
        return;
    int n = c->handles[source] < 0
                ? 0
                : plat_text_read(c->plat, c->handles[source], c->scratch, SCRATCH_SIZE);
    s->parse(c, c->scratch, n == ERR_FULL ? SCRATCH_SIZE : n < 0 ? 0 : (uint32_t)n);
}

/* Half a second early is in time: samples do not come exactly by the clock. */
static bool is_due(struct collect *c, enum collect_source source)
{
    const struct source *s = &sources[source];
    if (s->every_ms == 0)
        return true;
    if (!mono_reached(mono_after_ms(c->now, INTERVAL_MS_MIN / 2), c->due_at[source]))
        return false;
    bool is_first = c->sample_count == 0;
    c->due_at[source] = mono_after_ms(c->now, is_first ? s->phase_ms : s->every_ms);
    return true;
}

/* What the search for busy processes is measured against. */
static struct process_moment moment_of(const struct cpu_reading *cpu, struct mono now)
{
    return (struct process_moment){
        .now = now,
        .busy_ticks = cpu->ticks[CPU_USER] + cpu->ticks[CPU_NICE] + cpu->ticks[CPU_SYSTEM],
        .forks = cpu->events[CPU_FORKS],
    };
}

void collect_init(struct collect *c, struct plat *p, struct series *series,
                  uint8_t scratch[static SCRATCH_SIZE])
{
    memset(c, 0, offsetof(struct collect, cpu)); /* every parser sets what it fills */
    c->plat = p;
    c->series = series;
    c->scratch = (char *)scratch;
    c->now = plat_mono(p);
    open_sources(c);
    read_source(c, SOURCE_STAT);
    read_source(c, SOURCE_DISKSTATS);
    folders_init(&c->folders, p, c->scratch, c->now);
    read_source(c, SOURCE_CLOCKS);
    read_source(c, SOURCE_SELF);
    const struct process_moment m = moment_of(&c->cpu[c->cpu_newest], c->now);
    process_watch_init(&c->processes, p, c->scratch, &m);
}

/* --- into the sample --- */

void collect_put(struct collect *c, struct sample *out, enum metric metric, const char *tag,
                 uint64_t value)
{
    int slot = series_slot(c->series, metric, tag);
    if (slot >= 0)
        sample_put(out, (uint32_t)slot, (int64_t)value);
}

void collect_say_skipped(struct collect *c, bool *said, uint32_t skipped, uint32_t limit,
                         const char *what)
{
    if (skipped == 0 || *said)
        return;
    *said = true;
    plat_log(c->plat, LOG_WARN, "%u of the %s are not watched: more than %u, or names too long",
             skipped, what, limit);
}

/* A block with a time outside of 1970..2200 would be refused as a whole. */
static int64_t sane_time_ms(struct wall t)
{
    int64_t ms = wall_ms(t);
    return ms < 0 ? 0 : ms > INT64_C(7258118400000) ? INT64_C(7258118400000) : ms;
}

void collect_take(struct collect *c, struct sample *out, struct mono now)
{
    c->now = now;
    sample_clear(out, sane_time_ms(plat_wall(c->plat)));
    for (uint32_t i = 0; i < SOURCE_COUNT; i++) {
        if (is_due(c, (enum collect_source)i))
            read_source(c, (enum collect_source)i);
        if (sources[i].put != NULL)
            sources[i].put(c, out);
    }
    collect_take_folders(c, out);
    const struct process_moment m = moment_of(&c->cpu[c->cpu_newest], now);
    process_watch_take(&c->processes, &m, &out->tops);
    c->sample_count++;
    if (c->series->refused > 0 && !c->said_series) {
        c->said_series = true;
        plat_log(c->plat, LOG_WARN, "all %u series are taken; what appears from now on is not recorded "
                 "until the agent is restarted", SLOTS_MAX);
    }
}
