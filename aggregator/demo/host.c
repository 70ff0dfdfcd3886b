/* SPDX-License-Identifier: MIT */
/* How such a machine behaves is put together from the time of day, a drift over minutes, noise from second to
 * second, and what ails it. The numbers are chosen to look like small VMs; none was measured. */
#include "aggregator/demo/host.h"

#include <math.h>
#include <string.h>

#include "platform/base/text.h"

#define PI 3.14159265358979323846
#define DAY_MS (INT64_C(86400) * 1000)
#define MIB 1048576.0
#define GIB 1073741824.0
/* Of the disk that fills: full about nine hours from the beginning, as it started two and a half days ago. */
#define FILL_PERCENT_PER_HOUR 0.95
#define FILL_MS (INT64_C(60) * 3600 * 1000)
#define RUNAWAY_MS (INT64_C(22) * 60 * 1000)
#define UP_DAYS 23

/* What a host does at one moment, in the units of people. */
struct moment {
    double seconds;      /* since the one before */
    double day;          /* 0 at night, 1 at noon */
    double cpu, iowait, steal; /* percent */
    bool is_ill;
};

/* Any number in 0..1 (xorshift64*, Vigna 2016). */
static double chance(struct demo_host *h)
{
    h->random ^= h->random >> 12;
    h->random ^= h->random << 25;
    h->random ^= h->random >> 27;
    return (double)((h->random * UINT64_C(2685821657736338717)) >> 11) / 9007199254740992.0;
}

/* Around 0, mostly within -1..1. */
static double noise(struct demo_host *h)
{
    return chance(h) + chance(h) + chance(h) - 1.5;
}

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* Where the next value goes: the first moment makes the list, the others go through it in the same order. */
static uint32_t next_series(struct demo_host *h, enum metric metric, const char *tag)
{
    uint32_t i = h->at++;
    if (i == h->count) {
        ASSERT(h->count < DEMO_SERIES_MAX);
        h->series[h->count].metric = metric;
        (void)text_copy(h->series[h->count++].tag, TAG_SIZE, tag);
    }
    ASSERT(h->series[i].metric == metric);
    return i;
}

static void set(struct demo_host *h, enum metric metric, const char *tag, double value)
{
    uint32_t i = next_series(h, metric, tag);
    h->values[i] = (int64_t)llround(value * metric_info(metric)->scale);
}

/* A counter grows by so much; at the first moment it has come to `since` already. */
static void grow(struct demo_host *h, enum metric metric, const char *tag, double by, double since)
{
    bool is_new = h->at == h->count;
    uint32_t i = next_series(h, metric, tag);
    h->totals[i] = (is_new ? floor(since) : h->totals[i]) + by;
    h->values[i] = (int64_t)(h->totals[i] * metric_info(metric)->scale);
}

static void put_cpu(struct demo_host *h, const struct moment *m)
{
    static const struct {
        const char *mode;
        double share;
    } modes[] = {{"user", 0.71}, {"system", 0.23}, {"softirq", 0.04}, {"nice", 0.02}};
    const struct demo_role *r = h->role;
    char tag[TAG_SIZE];
    struct text t;
    double busy = m->cpu * m->seconds * r->cpus / 100, up = UP_DAYS * 86400.0 * r->cpus;
    set(h, METRIC_CPU_USAGE, "", m->cpu);
    for (uint32_t i = 0; i < COUNT_OF(modes); i++) {
        text_init(&t, tag, sizeof tag);
        text_printf(&t, "mode=%s", modes[i].mode);
        grow(h, METRIC_CPU_SECONDS, tag, busy * modes[i].share, up * 0.2 * modes[i].share);
    }
    double waits = m->iowait * m->seconds * r->cpus / 100, stolen = m->steal * m->seconds * r->cpus / 100;
    grow(h, METRIC_CPU_SECONDS, "mode=iowait", waits, up * 0.01);
    grow(h, METRIC_CPU_SECONDS, "mode=steal", stolen, up * 0.002);
    double idle = m->seconds * r->cpus - busy - waits - stolen;
    grow(h, METRIC_CPU_SECONDS, "mode=idle", idle > 0 ? idle : 0, up * 0.78);
    for (uint32_t core = 0; core < r->cpus; core++) {
        text_init(&t, tag, sizeof tag);
        text_printf(&t, "core=%u", core);
        set(h, METRIC_CPU_CORE_USAGE, tag, clamp(m->cpu + (m->is_ill ? 2 : 9) * noise(h), 0, 100));
    }
    double running = 1 + m->cpu / 100 * r->cpus * (m->is_ill ? 3.2 : 1);
    set(h, METRIC_PROCESSES_RUNNING, "", floor(running + chance(h)));
    grow(h, METRIC_CONTEXT_SWITCHES, "", m->seconds * (800 + 90 * m->cpu), up * 3000);
    static const double minutes[3] = {1, 5, 15};
    static const enum metric loads[3] = {METRIC_LOAD_1, METRIC_LOAD_5, METRIC_LOAD_15};
    for (uint32_t i = 0; i < 3; i++) {
        double keep = exp(-m->seconds / (60 * minutes[i]));
        h->load[i] = h->load[i] < 0 ? running - 0.6 : h->load[i] * keep + (running - 0.6) * (1 - keep);
        set(h, loads[i], "", h->load[i]);
    }
    double keep = exp(-m->seconds / 10), now = clamp((m->cpu - 55) * 0.8, 0, 90);
    h->pressure = h->pressure * keep + now * (1 - keep);
    set(h, METRIC_PRESSURE_CPU_SOME_AVG10, "", h->pressure);
    set(h, METRIC_PRESSURE_MEMORY_SOME_AVG10, "", 0);
    set(h, METRIC_PRESSURE_IO_SOME_AVG10, "", clamp(m->iowait * 0.9 + 0.1 * noise(h), 0, 100));
    set(h, METRIC_PRESSURE_IO_FULL_AVG10, "", clamp(m->iowait * 0.4, 0, 100));
}

static void put_memory(struct demo_host *h, const struct moment *m)
{
    const struct demo_role *r = h->role;
    double total = r->memory_gib * GIB * 0.97;
    double percent = clamp(r->memory_percent + 3 * m->day + 1.5 * h->drift + 0.15 * noise(h) +
                           (m->is_ill && r->ailment == AILMENT_RUNAWAY ? 9 : 0), 2, 99);
    double used = floor(total * percent / 100), cached = floor((total - used) * 0.72);
    set(h, METRIC_MEMORY_USAGE, "", percent);
    set(h, METRIC_MEMORY_TOTAL, "", floor(total));
    set(h, METRIC_MEMORY_USED, "", used);
    set(h, METRIC_MEMORY_AVAILABLE, "", floor(total) - used);
    set(h, METRIC_MEMORY_CACHED, "", cached);
    set(h, METRIC_MEMORY_FREE, "", floor(total) - used - cached);
    set(h, METRIC_SWAP_TOTAL, "", GIB);
    set(h, METRIC_SWAP_FREE, "", GIB - 12 * MIB);
    set(h, METRIC_SWAP_USAGE, "", 1.17);
    grow(h, METRIC_SWAP_IN, "", 0, 3000);
    grow(h, METRIC_SWAP_OUT, "", 0, 4100);
    grow(h, METRIC_OOM_KILLS, "", 0, 0);
}

static void put_mount(struct demo_host *h, const char *mount, double gib, double percent)
{
    char tag[TAG_SIZE];
    struct text t;
    text_init(&t, tag, sizeof tag);
    text_printf(&t, "mount=%s", mount);
    set(h, METRIC_DISK_USAGE, tag, percent);
    set(h, METRIC_DISK_USED_BYTES, tag, floor(gib * GIB * percent / 100));
    set(h, METRIC_DISK_AVAILABLE_BYTES, tag, floor(gib * GIB * (100 - percent) / 100));
    set(h, METRIC_DISK_INODES_USAGE, tag, 2 + percent / 20);
    set(h, METRIC_DISK_READONLY, tag, 0);
}

static void put_disk(struct demo_host *h, const struct moment *m)
{
    const struct demo_role *r = h->role;
    double since_h = (double)(h->time_ms - h->begun_ms) / 3600e3;
    put_mount(h, "/", r->disk_gib, clamp(r->disk_percent + since_h * 0.006 + 0.02 * noise(h), 1, 99.9));
    if (r->mount != NULL) {
        double pace = r->ailment == AILMENT_DISK ? FILL_PERCENT_PER_HOUR : 0.01;
        double from_h = -(double)FILL_MS / 3600e3;
        put_mount(h, r->mount, r->mount_gib,
                  clamp(r->mount_percent + pace * (since_h < from_h ? from_h : since_h) + 0.03 * noise(h), 1,
                        100));
    }
    double busy = (0.25 + 0.75 * m->day) * (1 + 0.4 * h->drift) * (0.5 + chance(h)), up = UP_DAYS * 86400.0;
    double reads = r->read_kib_s * 1024 * busy * m->seconds;
    double writes = r->write_kib_s * 1024 * busy * m->seconds;
    grow(h, METRIC_DISK_READ_BYTES, "device=vda", floor(reads / 4096) * 4096, r->read_kib_s * up * 512);
    grow(h, METRIC_DISK_WRITTEN_BYTES, "device=vda", floor(writes / 4096) * 4096, r->write_kib_s * up * 512);
    set(h, METRIC_DISK_AWAIT, "device=vda", 0.4 + 0.3 * busy + 0.2 * chance(h) + m->iowait * 0.3);
    set(h, METRIC_DISK_BUSY_PERCENT, "device=vda",
        clamp((r->read_kib_s + r->write_kib_s) * busy / 60, 0, 100));
}

static void put_network(struct demo_host *h, const struct moment *m)
{
    const struct demo_role *r = h->role;
    double busy = (0.2 + 0.8 * m->day) * (1 + 0.35 * h->drift) * (0.8 + 0.4 * chance(h));
    double rx = r->rx_kib_s * 1024 * busy * m->seconds, tx = r->tx_kib_s * 1024 * busy * m->seconds;
    double up = UP_DAYS * 86400.0, month = (double)((h->begun_ms / DAY_MS) % 30) * 86400.0;
    grow(h, METRIC_NETWORK_RX_BYTES, "interface=eth0", rx, r->rx_kib_s * up * 600);
    grow(h, METRIC_NETWORK_TX_BYTES, "interface=eth0", tx, r->tx_kib_s * up * 600);
    grow(h, METRIC_NETWORK_RX_MB, "", rx / MIB, r->rx_kib_s * up * 600 / MIB);
    grow(h, METRIC_NETWORK_TX_MB, "", tx / MIB, r->tx_kib_s * up * 600 / MIB);
    grow(h, METRIC_NETWORK_MONTH_RX, "", rx, r->rx_kib_s * month * 600);
    grow(h, METRIC_NETWORK_MONTH_TX, "", tx, r->tx_kib_s * month * 600);
    grow(h, METRIC_NETWORK_ERRORS, "interface=eth0", 0, 0);
    grow(h, METRIC_NETWORK_DROPS, "interface=eth0", 0, 14);
    set(h, METRIC_TCP_ESTABLISHED, "", floor(r->connections * (0.3 + 0.7 * m->day) + 3 * noise(h) + 5));
    grow(h, METRIC_TCP_RETRANSMITS, "", 0.05 * m->seconds * (0.5 + chance(h)), up / 40);
    grow(h, METRIC_TCP_LISTEN_OVERFLOWS, "", m->is_ill && chance(h) < 0.1 ? 2 : 0, 0);
    if (r->response_ms > 0) {
        double slow = m->is_ill ? 9 : 1 + 0.3 * m->day;
        set(h, METRIC_RESPONSE_TIME, "", r->response_ms * slow * (0.85 + 0.3 * chance(h)));
        set(h, METRIC_HEALTH_UP, "", 1);
        set(h, METRIC_HEALTH_STATUS, "", 200);
    }
}

static void put_processes(struct demo_host *h, const struct moment *m)
{
    const struct demo_role *r = h->role;
    double all = m->cpu * r->cpus;
    h->tops.count = DEMO_PROCESSES;
    for (uint32_t i = 0; i < DEMO_PROCESSES; i++) {
        const struct demo_process *p = &r->processes[i];
        bool is_runaway = m->is_ill && r->ailment == AILMENT_RUNAWAY && i == 0;
        struct process_top *top = &h->tops.tops[i];
        double share = all * (is_runaway ? 0.93 : m->is_ill ? p->share * 0.1 : p->share);
        top->pid = 700 + 137 * i;
        top->cpu_share = (uint32_t)llround(100 * share * (0.9 + 0.2 * chance(h)));
        top->memory_kib = p->memory_mib * 1024 + (is_runaway ? 360U * 1024 : 0);
        (void)text_copy(top->name, sizeof top->name, p->name);
    }
}

void demo_host_init(struct demo_host *h, uint32_t number, int64_t begun_ms)
{
    memset(h, 0, sizeof *h);
    h->role = &demo_roles[number];
    h->begun_ms = begun_ms;
    h->random = UINT64_C(0x9e3779b97f4a7c15) * (number + 1);
    h->load[0] = h->load[1] = h->load[2] = -1;
}

void demo_host_step(struct demo_host *h, int64_t time_ms)
{
    const struct demo_role *r = h->role;
    struct moment m = {.seconds = h->time_ms == 0 ? 1 : (double)(time_ms - h->time_ms) / 1000};
    h->time_ms = time_ms;
    double turn = (double)(time_ms % DAY_MS) / (double)DAY_MS;
    m.day = 0.5 - 0.5 * cos(2 * PI * (turn - 2.0 / 24));
    double keep = exp(-m.seconds / 240);
    h->drift = h->drift * keep + noise(h) * sqrt(1 - keep * keep);
    m.is_ill = r->ailment == AILMENT_RUNAWAY && time_ms >= h->begun_ms - RUNAWAY_MS;
    m.iowait = clamp((r->write_kib_s + r->read_kib_s) / 900 * (0.4 + 0.6 * m.day) + 0.2 * noise(h), 0, 40);
    h->at = 0;
    m.steal = clamp(0.15 + 0.2 * noise(h), 0, 5);
    m.cpu = m.is_ill ? clamp(98.4 + 0.8 * noise(h), 0, 100)
                     : clamp(r->cpu_low + r->cpu_swing * m.day + 3 * h->drift + 2.2 * noise(h), 0.4, 96);
    put_cpu(h, &m);
    put_memory(h, &m);
    put_disk(h, &m);
    put_network(h, &m);
    put_processes(h, &m);
    set(h, METRIC_UPTIME, "", UP_DAYS * 86400.0 + (double)(time_ms - h->begun_ms) / 1000);
    set(h, METRIC_BOOT_TIME, "", (double)(h->begun_ms / 1000) - UP_DAYS * 86400.0);
    set(h, METRIC_CLOCK_SYNCHRONIZED, "", 1);
}
