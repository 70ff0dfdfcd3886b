/* SPDX-License-Identifier: MIT */
/* The expected value of every metric; see oracle.h. */
#include "tests/sim/oracle.h"

#include <string.h>

enum field {
    CPU_USAGE, CPU_USER, CPU_NICE, CPU_SYSTEM, CPU_IDLE, CPU_IOWAIT, CPU_IRQ, CPU_SOFTIRQ, CPU_STEAL,
    SWITCHES, FORKS, RUNNING, BLOCKED, LOAD_1, LOAD_5, LOAD_15, UPTIME,
    MEMORY_USAGE, MEMORY_TOTAL, MEMORY_FREE, MEMORY_AVAILABLE, MEMORY_BUFFERS, MEMORY_CACHED,
    MEMORY_DIRTY, SWAP_TOTAL, SWAP_FREE,
    DISK_READ_BYTES, DISK_WRITTEN_BYTES, DISK_READS, DISK_WRITES, DISK_BUSY,
    ROOT_USAGE, ROOT_USED, ROOT_AVAILABLE,
    RX_BYTES, TX_BYTES, RX_PACKETS, TX_PACKETS, NETWORK_ERRORS, NETWORK_DROPS, RX_MB, TX_MB,
    FIELD_COUNT
};
static_assert(FIELD_COUNT <= ORACLE_FIELDS_MAX, "room for every field");

static const struct {
    const char *metric, *tag;
} fields[FIELD_COUNT] = {
    [CPU_USAGE] = {"cpu_usage", ""},
    [CPU_USER] = {"cpu_seconds", "mode=user"},
    [CPU_NICE] = {"cpu_seconds", "mode=nice"},
    [CPU_SYSTEM] = {"cpu_seconds", "mode=system"},
    [CPU_IDLE] = {"cpu_seconds", "mode=idle"},
    [CPU_IOWAIT] = {"cpu_seconds", "mode=iowait"},
    [CPU_IRQ] = {"cpu_seconds", "mode=irq"},
    [CPU_SOFTIRQ] = {"cpu_seconds", "mode=softirq"},
    [CPU_STEAL] = {"cpu_seconds", "mode=steal"},
    [SWITCHES] = {"context_switches", ""},
    [FORKS] = {"forks", ""},
    [RUNNING] = {"processes_running", ""},
    [BLOCKED] = {"processes_blocked", ""},
    [LOAD_1] = {"load_average_1min", ""},
    [LOAD_5] = {"load_average_5min", ""},
    [LOAD_15] = {"load_average_15min", ""},
    [UPTIME] = {"uptime", ""},
    [MEMORY_USAGE] = {"memory_usage_percent", ""},
    [MEMORY_TOTAL] = {"memory_total_bytes", ""},
    [MEMORY_FREE] = {"memory_free_bytes", ""},
    [MEMORY_AVAILABLE] = {"memory_available_bytes", ""},
    [MEMORY_BUFFERS] = {"memory_buffers_bytes", ""},
    [MEMORY_CACHED] = {"memory_cached_bytes", ""},
    [MEMORY_DIRTY] = {"memory_dirty_bytes", ""},
    [SWAP_TOTAL] = {"swap_total_bytes", ""},
    [SWAP_FREE] = {"swap_free_bytes", ""},
    [DISK_READ_BYTES] = {"disk_read_bytes", "device=vda"},
    [DISK_WRITTEN_BYTES] = {"disk_written_bytes", "device=vda"},
    [DISK_READS] = {"disk_reads", "device=vda"},
    [DISK_WRITES] = {"disk_writes", "device=vda"},
    [DISK_BUSY] = {"disk_busy_seconds", "device=vda"},
    [ROOT_USAGE] = {"disk_usage_percent", "mount=/"},
    [ROOT_USED] = {"disk_used_bytes", "mount=/"},
    [ROOT_AVAILABLE] = {"disk_available_bytes", "mount=/"},
    [RX_BYTES] = {"network_rx_bytes", "interface=eth0"},
    [TX_BYTES] = {"network_tx_bytes", "interface=eth0"},
    [RX_PACKETS] = {"network_rx_packets", "interface=eth0"},
    [TX_PACKETS] = {"network_tx_packets", "interface=eth0"},
    [NETWORK_ERRORS] = {"network_errors", "interface=eth0"},
    [NETWORK_DROPS] = {"network_drops", "interface=eth0"},
    [RX_MB] = {"network_rx_mb", ""},
    [TX_MB] = {"network_tx_mb", ""},
};

int oracle_field(const char *metric, const char *tag)
{
    for (int i = 0; i < (int)FIELD_COUNT; i++)
        if (strcmp(fields[i].metric, metric) == 0 && strcmp(fields[i].tag, tag) == 0)
            return i;
    return ERR_MISSING;
}

const char *oracle_name(uint32_t field)
{
    return fields[field].metric;
}

uint32_t oracle_field_count(void)
{
    return FIELD_COUNT;
}

bool oracle_needs_time(uint32_t field)
{
    return field == CPU_USAGE;
}

bool oracle_is_slow(uint32_t field)
{
    return field == ROOT_USAGE || field == ROOT_USED || field == ROOT_AVAILABLE;
}

static void cpu_sums(const struct sim_proc *v, uint64_t *busy, uint64_t *all)
{
    *busy = *all = 0;
    for (uint32_t c = 0; c < 2; c++)
        for (uint32_t m = 0; m < 8; m++) {
            *all += v->cpu[c][m];
            if (m != 3 && m != 4) /* idle, iowait */
                *busy += v->cpu[c][m];
        }
}

/* Percent x 100; what is over is cut off. */
static int64_t share(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : (int64_t)(part * 10000 / whole);
}

static void expect_memory(const struct sim_proc *v, int64_t *expected)
{
    for (uint32_t i = 0; i < 8; i++)
        expected[MEMORY_TOTAL + i] = (int64_t)(v->memory_kib[i] * 1024);
    expected[MEMORY_USAGE] = share(v->memory_kib[0] - v->memory_kib[2], v->memory_kib[0]);
}

static void expect_disk(const struct sim_proc *v, int64_t *expected)
{
    expected[DISK_READS] = (int64_t)v->disk[0];
    expected[DISK_READ_BYTES] = (int64_t)(v->disk[1] * 512);
    expected[DISK_WRITES] = (int64_t)v->disk[2];
    expected[DISK_WRITTEN_BYTES] = (int64_t)(v->disk[3] * 512);
    expected[DISK_BUSY] = (int64_t)v->disk[4];
    uint64_t used = v->root.total_bytes - v->root.free_bytes;
    expected[ROOT_USED] = (int64_t)used;
    expected[ROOT_AVAILABLE] = (int64_t)v->root.available_bytes;
    expected[ROOT_USAGE] = share(used, used + v->root.available_bytes);
}

static void expect_network(const struct sim_proc *v, int64_t *expected)
{
    expected[RX_BYTES] = (int64_t)v->rx[0];
    expected[TX_BYTES] = (int64_t)v->tx[0];
    expected[RX_PACKETS] = (int64_t)v->rx[1];
    expected[TX_PACKETS] = (int64_t)v->tx[1];
    expected[NETWORK_ERRORS] = (int64_t)(v->rx[2] + v->tx[2]);
    expected[NETWORK_DROPS] = (int64_t)(v->rx[3] + v->tx[3]);
    expected[RX_MB] = (int64_t)(v->rx[0] * 100 >> 20);
    expected[TX_MB] = (int64_t)(v->tx[0] * 100 >> 20);
}

void oracle_expect(uint32_t machine, uint32_t boot, uint32_t second, uint32_t before,
                   int64_t expected[static ORACLE_FIELDS_MAX])
{
    struct sim_proc v, last;
    sim_proc_at(machine, boot, second, &v);
    sim_proc_at(machine, boot, before, &last);
    for (uint32_t m = 0; m < 8; m++)
        expected[CPU_USER + m] = (int64_t)(v.cpu[0][m] + v.cpu[1][m]);
    uint64_t busy, all, busy_before, all_before;
    cpu_sums(&v, &busy, &all);
    cpu_sums(&last, &busy_before, &all_before);
    expected[CPU_USAGE] = share(busy - busy_before, all - all_before);
    expected[SWITCHES] = (int64_t)v.context_switches;
    expected[FORKS] = (int64_t)v.forks;
    expected[RUNNING] = (int64_t)v.running;
    expected[BLOCKED] = (int64_t)v.blocked;
    for (uint32_t i = 0; i < 3; i++)
        expected[LOAD_1 + i] = (int64_t)v.load_centi[i];
    expected[UPTIME] = second;
    expect_memory(&v, expected);
    expect_disk(&v, expected);
    expect_network(&v, expected);
}
