/* SPDX-License-Identifier: MIT */
/* From texts to samples; see collect.h. */
#include "agent/collect/collect.h"

#include "agent/collect/load.h"
#include "agent/collect/memory.h"
#include "agent/collect/ratio.h"
#include "agent/collect/uptime.h"
#include "platform/base/utf8.h"

static const char *const paths[SOURCE_COUNT] = {
    [SOURCE_STAT] = "/proc/stat",
    [SOURCE_LOADAVG] = "/proc/loadavg",
    [SOURCE_UPTIME] = "/proc/uptime",
    [SOURCE_MEMINFO] = "/proc/meminfo",
    [SOURCE_NET_DEV] = "/proc/net/dev",
    [SOURCE_DISKSTATS] = "/proc/diskstats",
    [SOURCE_MOUNTINFO] = "/proc/self/mountinfo",
};

/* Into the scratch: how many bytes. A text that does not fit is used as far as it goes. */
static uint32_t read_source(struct collect *c, enum collect_source source)
{
    if (c->handles[source] < 0)
        return 0;
    int n = plat_text_read(c->plat, c->handles[source], c->scratch, SCRATCH_SIZE);
    if (n == ERR_FULL)
        return SCRATCH_SIZE;
    return n < 0 ? 0 : (uint32_t)n;
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
    *c = (struct collect){.plat = p, .series = series, .scratch = (char *)scratch};
    for (uint32_t i = 0; i < SOURCE_COUNT; i++) {
        c->handles[i] = plat_text_open(p, paths[i]);
        if (c->handles[i] < 0)
            plat_log(p, LOG_WARN, "cannot open %s; its values will be missing", paths[i]);
    }
    uint32_t length = read_source(c, SOURCE_STAT);
    cpu_parse(c->scratch, length, &c->cpu);
    c->mounts_at = plat_mono(p);
    const struct process_moment m = moment_of(&c->cpu, c->mounts_at);
    process_watch_init(&c->processes, p, c->scratch, &m);
}

static void put(struct collect *c, struct sample *out, enum metric metric, const char *tag,
                uint64_t value)
{
    int slot = series_slot(c->series, metric, tag);
    if (slot >= 0)
        sample_put(out, (uint32_t)slot, (int64_t)value);
}

static void say_once(struct collect *c, bool *said, uint32_t skipped, uint32_t limit, const char *what)
{
    if (skipped == 0 || *said)
        return;
    *said = true;
    plat_log(c->plat, LOG_WARN, "%u of the %s are not watched: more than %u, or names too long",
             skipped, what, limit);
}

/* --- one function for each text --- */

static void take_cpu(struct collect *c, struct sample *out)
{
    static const char *const modes[CPU_MODE_COUNT] = {
        [CPU_USER] = "user", [CPU_NICE] = "nice",       [CPU_SYSTEM] = "system",
        [CPU_IDLE] = "idle", [CPU_IOWAIT] = "iowait",   [CPU_IRQ] = "irq",
        [CPU_SOFTIRQ] = "softirq", [CPU_STEAL] = "steal",
    };
    static const enum metric events[CPU_EVENT_COUNT] = {
        [CPU_CONTEXT_SWITCHES] = METRIC_CONTEXT_SWITCHES,
        [CPU_FORKS] = METRIC_FORKS,
        [CPU_RUNNING] = METRIC_PROCESSES_RUNNING,
        [CPU_BLOCKED] = METRIC_PROCESSES_BLOCKED,
    };
    struct cpu_reading now;
    cpu_parse(c->scratch, read_source(c, SOURCE_STAT), &now);
    if (now.has_ticks && c->cpu.has_ticks) {
        int usage = cpu_usage(&c->cpu, &now);
        if (usage >= 0)
            put(c, out, METRIC_CPU_USAGE, "", (uint64_t)usage);
    }
    for (uint32_t i = 0; i < CPU_MODE_COUNT && now.has_ticks; i++)
        put(c, out, METRIC_CPU_SECONDS, modes[i], now.ticks[i]);
    for (uint32_t i = 0; i < CPU_EVENT_COUNT; i++)
        if (now.has_event[i])
            put(c, out, events[i], "", now.events[i]);
    c->cpu = now;
}

static void take_load(struct collect *c, struct sample *out)
{
    struct load_reading load;
    load_parse(c->scratch, read_source(c, SOURCE_LOADAVG), &load);
    if (!load.has)
        return;
    put(c, out, METRIC_LOAD_1, "", load.x100[0]);
    put(c, out, METRIC_LOAD_5, "", load.x100[1]);
    put(c, out, METRIC_LOAD_15, "", load.x100[2]);
}

static void take_uptime(struct collect *c, struct sample *out)
{
    int64_t seconds = uptime_parse(c->scratch, read_source(c, SOURCE_UPTIME));
    if (seconds >= 0)
        put(c, out, METRIC_UPTIME, "", (uint64_t)seconds);
}

static void take_memory(struct collect *c, struct sample *out)
{
    static const enum metric fields[MEMORY_FIELD_COUNT] = {
        [MEMORY_FIELD_TOTAL] = METRIC_MEMORY_TOTAL,
        [MEMORY_FIELD_FREE] = METRIC_MEMORY_FREE,
        [MEMORY_FIELD_AVAILABLE] = METRIC_MEMORY_AVAILABLE,
        [MEMORY_FIELD_BUFFERS] = METRIC_MEMORY_BUFFERS,
        [MEMORY_FIELD_CACHED] = METRIC_MEMORY_CACHED,
        [MEMORY_FIELD_DIRTY] = METRIC_MEMORY_DIRTY,
        [MEMORY_FIELD_SWAP_TOTAL] = METRIC_SWAP_TOTAL,
        [MEMORY_FIELD_SWAP_FREE] = METRIC_SWAP_FREE,
    };
    struct memory_reading memory;
    memory_parse(c->scratch, read_source(c, SOURCE_MEMINFO), &memory);
    int usage = memory_usage(&memory);
    if (usage >= 0)
        put(c, out, METRIC_MEMORY_USAGE, "", (uint64_t)usage);
    for (uint32_t i = 0; i < MEMORY_FIELD_COUNT; i++)
        if (memory.has[i])
            put(c, out, fields[i], "", memory.kib[i] * 1024);
}

/* Bytes as MiB x 100. */
static uint64_t mib_x100(uint64_t bytes)
{
    return (bytes >> 20) * 100 + ((bytes & 0xfffff) * 100 >> 20);
}

static void take_network(struct collect *c, struct sample *out)
{
    struct network_reading *r = &c->network;
    network_parse(c->scratch, read_source(c, SOURCE_NET_DEV), r);
    say_once(c, &c->said_interfaces, r->skipped, INTERFACES_MAX, "network interfaces");
    uint64_t rx = 0, tx = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        const struct interface *it = &r->interfaces[i];
        put(c, out, METRIC_NETWORK_RX_BYTES, it->name, it->rx_bytes);
        put(c, out, METRIC_NETWORK_TX_BYTES, it->name, it->tx_bytes);
        put(c, out, METRIC_NETWORK_RX_PACKETS, it->name, it->rx_packets);
        put(c, out, METRIC_NETWORK_TX_PACKETS, it->name, it->tx_packets);
        put(c, out, METRIC_NETWORK_ERRORS, it->name, it->errors);
        put(c, out, METRIC_NETWORK_DROPS, it->name, it->drops);
        rx += it->rx_bytes;
        tx += it->tx_bytes;
    }
    if (r->count == 0)
        return;
    put(c, out, METRIC_NETWORK_RX_MB, "", mib_x100(rx));
    put(c, out, METRIC_NETWORK_TX_MB, "", mib_x100(tx));
}

static void take_disks(struct collect *c, struct sample *out)
{
    struct disk_reading *r = &c->disks;
    disk_parse(c->scratch, read_source(c, SOURCE_DISKSTATS), r);
    say_once(c, &c->said_disks, r->skipped, DISKS_MAX, "disks");
    for (uint32_t i = 0; i < r->count; i++) {
        const struct disk *d = &r->disks[i];
        put(c, out, METRIC_DISK_READ_BYTES, d->name, d->read_sectors * 512);
        put(c, out, METRIC_DISK_WRITTEN_BYTES, d->name, d->written_sectors * 512);
        put(c, out, METRIC_DISK_READS, d->name, d->reads);
        put(c, out, METRIC_DISK_WRITES, d->name, d->writes);
        put(c, out, METRIC_DISK_BUSY, d->name, d->busy_ms);
    }
}

static void refresh_mounts(struct collect *c)
{
    struct mount_reading *r = &c->mounts;
    mount_parse(c->scratch, read_source(c, SOURCE_MOUNTINFO), r);
    say_once(c, &c->said_mounts, r->skipped, MOUNTS_MAX, "filesystems");
    for (uint32_t i = 0; i < r->count; i++)
        c->has_use[i] = plat_filesystem(c->plat, r->mounts[i].path, &c->use[i]) == ERR_OK;
}

static void take_filesystems(struct collect *c, struct sample *out, struct mono now)
{
    if (mono_reached(now, c->mounts_at)) {
        refresh_mounts(c);
        c->mounts_at = mono_after_ms(now, FILESYSTEM_REFRESH_MS);
    }
    for (uint32_t i = 0; i < c->mounts.count; i++) {
        const struct plat_filesystem *use = &c->use[i];
        uint64_t used = use->total_bytes - use->free_bytes;
        uint64_t usable = used + use->available_bytes;
        if (!c->has_use[i] || use->free_bytes > use->total_bytes || usable == 0 || usable < used)
            continue;
        char tag[SERIES_TAG_SIZE];
        utf8_copy_clean(tag, sizeof tag, c->mounts.mounts[i].path);
        put(c, out, METRIC_DISK_USAGE, tag, (uint64_t)ratio_percent_x100(used, usable));
        put(c, out, METRIC_DISK_USED_BYTES, tag, used);
        put(c, out, METRIC_DISK_AVAILABLE_BYTES, tag, use->available_bytes);
    }
}

/* A block with a time outside of 1970..2200 would be refused as a whole. */
static int64_t sane_time_ms(struct wall t)
{
    int64_t ms = wall_ms(t);
    return ms < 0 ? 0 : ms > INT64_C(7258118400000) ? INT64_C(7258118400000) : ms;
}

void collect_take(struct collect *c, struct sample *out, struct mono now)
{
    sample_clear(out, sane_time_ms(plat_wall(c->plat)));
    take_cpu(c, out);
    take_load(c, out);
    take_uptime(c, out);
    take_memory(c, out);
    take_network(c, out);
    take_disks(c, out);
    take_filesystems(c, out, now);
    const struct process_moment m = moment_of(&c->cpu, now);
    process_watch_take(&c->processes, &m, &out->tops);
    if (c->series->refused > 0 && !c->said_series) {
        c->said_series = true;
        plat_log(c->plat, LOG_WARN, "all %u series are taken; what appears from now on is not recorded "
                 "until the agent is restarted", SLOTS_MAX);
    }
}
