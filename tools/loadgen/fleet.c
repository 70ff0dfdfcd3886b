/* SPDX-License-Identifier: MIT */
/* The fleet, second by second. The order in which chance is asked is part of the result: one draw more
 * or one less and every later value differs. */
#include "tools/loadgen/fleet.h"

#include <string.h>

const struct fleet_series fleet_series[FLEET_SERIES] = {
    {"cpu_user_jiffies", 1, true},        {"cpu_nice_jiffies", 1, true},
    {"cpu_system_jiffies", 1, true},      {"cpu_idle_jiffies", 1, true},
    {"cpu_iowait_jiffies", 1, true},      {"cpu_irq_jiffies", 1, true},
    {"cpu_softirq_jiffies", 1, true},     {"cpu_steal_jiffies", 1, true},
    {"cpu_usage", 10, false},             {"ctxt_total", 1, true},
    {"intr_total", 1, true},              {"forks_total", 1, true},
    {"procs_running", 1, false},          {"procs_blocked", 1, false},
    {"load1", 100, false},                {"load5", 100, false},
    {"load15", 100, false},               {"mem_total_kb", 1, false},
    {"mem_free_kb", 1, false},            {"mem_available_kb", 1, false},
    {"mem_buffers_kb", 1, false},         {"mem_cached_kb", 1, false},
    {"swap_free_kb", 1, false},           {"mem_dirty_kb", 1, false},
    {"memory_usage_percent", 10, false},  {"disk_reads_total", 1, true},
    {"disk_read_sectors_total", 1, true}, {"disk_writes_total", 1, true},
    {"disk_written_sectors_total", 1, true}, {"disk_io_time_ms_total", 1, true},
    {"disk_weighted_io_ms_total", 1, true}, {"disk_used_bytes", 1, false},
    {"disk_free_bytes", 1, false},        {"disk_usage_percent", 10, false},
    {"net_rx_bytes_total", 1, true},      {"net_tx_bytes_total", 1, true},
    {"net_rx_packets_total", 1, true},    {"net_tx_packets_total", 1, true},
    {"tcp_established", 1, false},        {"uptime_seconds", 100, false},
};

/* Indexes into fleet_series. */
enum {
    CPU_USER, CPU_NICE, CPU_SYSTEM, CPU_IDLE, CPU_IOWAIT, CPU_IRQ, CPU_SOFTIRQ, CPU_STEAL,
    CPU_USAGE, CONTEXT_SWITCHES, INTERRUPTS, FORKS, RUNNING, BLOCKED,
    LOAD_1, LOAD_5, LOAD_15,
    MEMORY_TOTAL, MEMORY_FREE, MEMORY_AVAILABLE, MEMORY_BUFFERS, MEMORY_CACHED, SWAP_FREE,
    MEMORY_DIRTY, MEMORY_PERCENT,
    DISK_READS, DISK_READ_SECTORS, DISK_WRITES, DISK_WRITTEN_SECTORS, DISK_BUSY_MS,
    DISK_WEIGHTED_MS, DISK_USED, DISK_FREE, DISK_PERCENT,
    NET_RX_BYTES, NET_TX_BYTES, NET_RX_PACKETS, NET_TX_PACKETS, TCP_CONNECTIONS, UPTIME,
};
static_assert(UPTIME == FLEET_SERIES - 1, "one name for each series");

/* --- chance --- */

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t draw(struct fleet_host *h)
{
    uint64_t z = (h->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0..n-1; does not draw when there is no choice. */
static int64_t below(struct fleet_host *h, int64_t n)
{
    return n <= 0 ? 0 : (int64_t)((draw(h) >> 33) % (uint64_t)n);
}

static bool chance(struct fleet_host *h, int64_t millionths)
{
    return (draw(h) >> 40) % 1000000U < (uint32_t)millionths;
}

/* Bell-shaped around 0 (the sum of four uniform draws), standard deviation about `deviation`. */
static int64_t noise(struct fleet_host *h, int64_t deviation)
{
    if (deviation <= 0)
        return 0;
    uint64_t x = draw(h);
    int64_t sum = (int64_t)(x & 0xffff) + (int64_t)(x >> 16 & 0xffff) +
                  (int64_t)(x >> 32 & 0xffff) + (int64_t)(x >> 48) - 131070;
    return sum * deviation / 37837; /* the deviation of the sum */
}

/* How often something happens that happens thousandths/1000 times on average. */
static int64_t events(struct fleet_host *h, int64_t thousandths)
{
    int64_t n = thousandths / 1000;
    if (thousandths >= 20000) {
        int64_t root = 1;
        while (root * root < n)
            root++;
        n += noise(h, root);
        return n < 0 ? 0 : n;
    }
    int64_t count = 0;
    int64_t tries = thousandths / 250 + 1;
    for (int64_t i = 0; i < tries; i++)
        count += chance(h, thousandths * 1000 / tries);
    return count;
}

/* Now and then one more or one less. */
static int64_t jitter(struct fleet_host *h, int64_t millionths)
{
    if (!chance(h, millionths))
        return 0;
    return chance(h, 500000) ? 1 : -1;
}

static int64_t whole(int64_t v, int64_t unit)
{
    return v / unit * unit;
}

static int64_t at_least(int64_t v, int64_t least)
{
    return v < least ? least : v;
}

static int64_t at_most(int64_t v, int64_t most)
{
    return v > most ? most : v;
}

/* --- a host before its first second --- */

static void init_machine(struct fleet_host *h)
{
    static const int64_t cpus[8] = {1, 1, 1, 2, 2, 2, 4, 4};
    h->cpu_count = cpus[below(h, 8)];
    int64_t lot = below(h, 100);
    h->class = lot < 50 ? FLEET_IDLE : lot < 85 ? FLEET_MODERATE : FLEET_BUSY;
    static const int64_t base_least[3] = {10, 80, 350}, base_spread[3] = {40, 250, 400};
    h->base = (base_least[h->class] + below(h, base_spread[h->class])) * h->cpu_count;
    h->level = h->base;
    h->day_offset_s = below(h, 86400);
    static const int64_t gibibytes[4] = {1, 2, 4, 8};
    h->memory = whole(gibibytes[below(h, 4)] * 1048576 * 955 / 1000, 4);
    h->anonymous = whole(h->memory * (150 + below(h, 500)) / 1000, 4);
    h->buffers = whole(h->memory * (5 + below(h, 30)) / 1000, 4);
    h->cached = whole(h->memory * (100 + below(h, 200)) / 1000, 4);
    h->leaks = below(h, 20) == 0;
    h->swap_free = below(h, 2) ? 2097148 : 0;
    h->dirty = 40 + below(h, 200) * 4;
    static const int64_t gigabytes[4] = {25, 55, 80, 160};
    h->disk_size = whole(gigabytes[below(h, 4)] * 1000000000, 4096);
    h->disk_used = whole(h->disk_size * (150 + below(h, 600)) / 1000, 4096);
    static const int64_t packets_least[3] = {2, 30, 400}, packets_spread[3] = {12, 300, 4000};
    h->packets_per_s = packets_least[h->class] + below(h, packets_spread[h->class]);
    h->received_size = 90 + below(h, 700);
    h->sent_size = 110 + below(h, 1000);
    static const int64_t connections_spread[3] = {6, 60, 900};
    h->connections = 3 + below(h, connections_spread[h->class]);
}

/* Counters as after some days of uptime. */
static void init_counters(struct fleet_host *h)
{
    int64_t *v = h->values;
    int64_t up = 3600 + below(h, 86400 * 60);
    int64_t jiffies = up * 100 * h->cpu_count;
    int64_t busy = jiffies * (h->base / h->cpu_count) / 1000;
    v[CPU_USER] = busy * 6 / 10;
    v[CPU_NICE] = below(h, 5000);
    v[CPU_SYSTEM] = busy * 3 / 10;
    v[CPU_IDLE] = jiffies - busy;
    v[CPU_IOWAIT] = jiffies / 500;
    v[CPU_SOFTIRQ] = busy / 50;
    v[CPU_STEAL] = jiffies / 700;
    v[CONTEXT_SWITCHES] = up * (200 + h->base * 4);
    v[INTERRUPTS] = up * (150 + h->base * 2);
    v[FORKS] = up * (1 + h->base / 100);
    v[DISK_READS] = 20000 + below(h, 200000);
    v[DISK_READ_SECTORS] = v[DISK_READS] * 40;
    v[DISK_WRITES] = up * (1 + (int64_t)h->class * 4);
    v[DISK_WRITTEN_SECTORS] = v[DISK_WRITES] * 24;
    v[DISK_BUSY_MS] = v[DISK_WRITES] * 2;
    v[DISK_WEIGHTED_MS] = v[DISK_WRITES] * 5;
    v[NET_RX_BYTES] = up * h->packets_per_s * h->received_size;
    v[NET_TX_BYTES] = up * h->packets_per_s * h->sent_size;
    v[NET_RX_PACKETS] = up * h->packets_per_s;
    v[NET_TX_PACKETS] = up * h->packets_per_s * 95 / 100;
    v[UPTIME] = up * 100 + below(h, 100);
    for (uint32_t i = 0; i < 3; i++)
        h->load[i] = h->base * 2048 / 1000;
}

void fleet_init(struct fleet_host *h, uint64_t seed, uint32_t id)
{
    memset(h, 0, sizeof *h);
    h->id = id;
    h->random = seed * UINT64_C(0xd1342543de82ef95) + id * UINT64_C(0x9e3779b97f4a7c15) + 12345;
    for (uint32_t i = 0; i < 4; i++)
        (void)draw(h);
    h->second = FLEET_START_S - 1;
    h->phase_ms = (uint32_t)below(h, 1000);
    init_machine(h);
    init_counters(h);
}

/* --- one second --- */

/* Activity in thousandths of one CPU. */
static int64_t step_activity(struct fleet_host *h)
{
    int64_t of_day = (h->second + h->day_offset_s) % 86400;
    int64_t wave = of_day < 43200 ? of_day : 86400 - of_day;
    int64_t target = h->base * (700 + wave * 600 / 43200) / 1000;
    int64_t pull = (target - h->level) / 16;
    h->level += pull + noise(h, h->base / 12 + 2);
    if (h->burst_s > 0) {
        h->burst_s--;
    } else if (chance(h, 1600)) {
        h->burst_s = 5 + below(h, 55);
        h->burst_height = below(h, 900) * h->cpu_count + 50;
    }
    int64_t cron = h->second % 60 == 1 ? 15 : 0;
    int64_t u = h->level + (h->burst_s != 0 ? h->burst_height : 0) + cron;
    h->level = at_least(h->level, 0);
    return at_most(at_least(u, 3), 1000 * h->cpu_count);
}

/* Returns whether something is written to disk in this second. */
static bool step_cpu(struct fleet_host *h, int64_t u)
{
    static const int64_t share[8] = {600, 2, 270, 0, 0, 0, 25, 0};
    int64_t *v = h->values;
    int64_t delta[8] = {0};
    int64_t total = 100 * h->cpu_count + jitter(h, 120000);
    for (uint32_t i = 0; i < 8; i++) {
        h->jiffies_rest[i] += u * share[i] / 10;
        delta[i] = h->jiffies_rest[i] / 1000;
        h->jiffies_rest[i] -= delta[i] * 1000;
    }
    static const int64_t write_chance[3] = {120000, 420000, 850000};
    bool writes = chance(h, write_chance[h->class]);
    writes = writes || (h->second + h->id) % 5 == 0;
    if (writes && chance(h, 200000 + u * 200))
        delta[CPU_IOWAIT] = 1 + below(h, (int64_t)h->class + 1);
    if (chance(h, (int64_t)h->class * 60000 + 15000))
        delta[CPU_STEAL] = 1 + below(h, (int64_t)h->class * 2 + 1);
    int64_t busy = 0;
    for (uint32_t i = 0; i < 8; i++)
        busy += i == CPU_IDLE ? 0 : delta[i];
    if (busy > total) {
        delta[CPU_USER] = at_least(delta[CPU_USER] - (busy - total), 0);
        busy = total;
    }
    delta[CPU_IDLE] = total - busy;
    for (uint32_t i = 0; i < 8; i++)
        v[CPU_USER + i] += delta[i];
    v[CPU_USAGE] = total > 0 ? ((busy - delta[CPU_IOWAIT]) * 1000 + total / 2) / total : 0;
    return writes;
}

static void step_kernel(struct fleet_host *h, int64_t u, bool writes)
{
    int64_t *v = h->values;
    int64_t switches = noise(h, 12);
    switches += noise(h, u / 6 + 1);
    v[CONTEXT_SWITCHES] += 120 + u * 4 + switches;
    int64_t interrupts = noise(h, 8);
    interrupts += noise(h, u / 10 + 1);
    v[INTERRUPTS] += 90 + u * 2 + interrupts;
    v[FORKS] += events(h, 120 + u * 2);
    if (h->second % 60 == 1)
        v[FORKS] += 4 + below(h, 3);
    v[RUNNING] = 1 + events(h, u * 6 / 10 + 20);
    bool blocked = writes && chance(h, 60000 + 40000 * (int64_t)h->class);
    v[BLOCKED] = blocked ? 1 + below(h, 2) : 0;
    if (h->second % 5 != 0)
        return;
    static const int64_t decay[3] = {1884, 2014, 2037}; /* as the kernel has them, of 2048 */
    int64_t active = (u / 1000 + chance(h, u % 1000 * 1000)) * 2048;
    for (uint32_t i = 0; i < 3; i++) {
        h->load[i] = (h->load[i] * decay[i] + active * (2048 - decay[i])) / 2048;
        v[LOAD_1 + i] = h->load[i] * 100 / 2048;
    }
}

static void step_anonymous(struct fleet_host *h, int64_t u)
{
    static const int64_t change[3] = {350000, 800000, 970000};
    if (chance(h, change[h->class]))
        h->anonymous += 4 * noise(h, 8 + u / 4);
    if (h->burst_s == 1)
        h->anonymous -= whole(h->anonymous / 64, 4);
    if (h->leaks)
        h->anonymous += 4 * below(h, 3);
    int64_t least = h->memory * 10 / 100, most = h->memory * 70 / 100;
    if (h->anonymous < least)
        h->anonymous = whole(least, 4);
    if (h->anonymous > most) /* what leaks is killed */
        h->anonymous = whole(h->leaks ? h->memory * 20 / 100 : most, 4);
}

struct disk_work {
    int64_t writes, reads, sectors_read;
};

static struct disk_work step_disk(struct fleet_host *h, int64_t u, bool writes)
{
    int64_t *v = h->values;
    struct disk_work d = {0};
    int64_t sectors_written = 0;
    if (writes) {
        d.writes = 1 + events(h, 800 + u * 12);
        sectors_written = 8 * (d.writes + below(h, d.writes * 6 + 1));
    }
    if (chance(h, 4000 + (int64_t)h->class * 40000)) {
        d.reads = 1 + events(h, 1500 + u * 4);
        d.sectors_read = 8 * (d.reads + below(h, d.reads * 12 + 1));
    }
    v[DISK_READS] += d.reads;
    v[DISK_READ_SECTORS] += d.sectors_read;
    v[DISK_WRITES] += d.writes;
    v[DISK_WRITTEN_SECTORS] += sectors_written;
    int64_t busy_ms = 0;
    if (d.writes + d.reads != 0)
        busy_ms = at_most((d.writes * 6 + d.reads * 8 + 9) / 10 + below(h, 4), 1000);
    v[DISK_BUSY_MS] += busy_ms;
    if (busy_ms != 0)
        v[DISK_WEIGHTED_MS] += busy_ms + below(h, d.writes + d.reads + 1);
    return d;
}

static int64_t free_memory(const struct fleet_host *h)
{
    return h->memory - h->anonymous - h->cached - h->buffers - whole(h->memory * 6 / 100, 4);
}

static void step_caches(struct fleet_host *h, int64_t u, bool writes, const struct disk_work *d)
{
    int64_t flushed = writes ? whole(h->dirty / 2, 4) : 0;
    h->dirty = at_least(h->dirty - flushed + 4 * events(h, 400 + u * 10), 0);
    if (d->sectors_read != 0)
        h->cached += whole(d->sectors_read / 2, 4);
    if (writes && chance(h, 500000))
        h->cached += 4 * below(h, d->writes + 1);
    if (chance(h, 30000))
        h->buffers += 4 * (below(h, 3) - (h->buffers > h->memory * 4 / 100));
    h->free = free_memory(h);
    if (h->free < h->memory * 4 / 100) {
        h->cached -= whole(h->memory * 3 / 100, 4);
        h->free = free_memory(h);
    }
    h->cached = at_least(h->cached, 0);
    h->free = at_least(h->free, 0);
    int64_t *v = h->values;
    v[MEMORY_TOTAL] = h->memory;
    v[MEMORY_FREE] = h->free;
    v[MEMORY_AVAILABLE] = h->free + whole(h->cached * 9 / 10, 4) + h->buffers;
    v[MEMORY_BUFFERS] = h->buffers;
    v[MEMORY_CACHED] = h->cached;
    v[SWAP_FREE] = h->swap_free;
    v[MEMORY_DIRTY] = h->dirty;
    v[MEMORY_PERCENT] = ((h->memory - v[MEMORY_AVAILABLE]) * 1000 + h->memory / 2) / h->memory;
}

static void step_filesystem(struct fleet_host *h, bool writes, const struct disk_work *d)
{
    if (writes && chance(h, 300000))
        h->disk_used += 4096 * below(h, 1 + d->writes / 2);
    if (h->disk_used > h->disk_size * 92 / 100) /* an administrator cleans up */
        h->disk_used = whole(h->disk_size * 40 / 100, 4096);
    if (h->second % 86400 == (int64_t)(h->id % 86400)) /* logs are rotated */
        h->disk_used -= whole(h->disk_size / 100, 4096);
    h->values[DISK_USED] = h->disk_used;
    h->values[DISK_FREE] = whole(h->disk_size * 95 / 100, 4096) - h->disk_used;
    h->values[DISK_PERCENT] = (h->disk_used * 1000 + h->disk_size / 2) / h->disk_size;
}

static int64_t traffic(struct fleet_host *h, int64_t packets, int64_t size)
{
    int64_t spread = noise(h, packets * size / 8 + (packets != 0 ? 20 : 0));
    return packets * size + (packets > 0 ? spread : 0);
}

static void step_network(struct fleet_host *h, int64_t u)
{
    int64_t *v = h->values;
    int64_t base = at_least(h->base, 1);
    int64_t rate = h->packets_per_s * 1000 * (300 + 700 * u / base) / 1000;
    rate = at_most(rate, 60000000);
    int64_t received = events(h, rate);
    int64_t sent = events(h, rate * 95 / 100);
    v[NET_RX_PACKETS] += received;
    v[NET_TX_PACKETS] += sent;
    v[NET_RX_BYTES] += traffic(h, received, h->received_size);
    v[NET_TX_BYTES] += traffic(h, sent, h->sent_size);
    if (chance(h, 20000 + (int64_t)h->class * 250000)) {
        h->connections += noise(h, 1 + h->connections / 40);
        h->connections = at_most(at_least(h->connections, 1), 4000);
    }
    v[TCP_CONNECTIONS] = h->connections;
    v[UPTIME] += 100 + jitter(h, 60000);
}

void fleet_step(struct fleet_host *h)
{
    h->second++;
    int64_t u = step_activity(h);
    bool writes = step_cpu(h, u);
    step_kernel(h, u, writes);
    step_anonymous(h, u);
    struct disk_work d = step_disk(h, u, writes);
    step_caches(h, u, writes, &d);
    step_filesystem(h, writes, &d);
    step_network(h, u);
}
