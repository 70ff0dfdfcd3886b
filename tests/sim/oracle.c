/* SPDX-License-Identifier: MIT */
/* The expected value of every metric; see oracle.h. */
#include "tests/sim/oracle.h"

#include <string.h>

enum field {
    CPU_USAGE, CPU_USER, CPU_NICE, CPU_SYSTEM, CPU_IDLE, CPU_IOWAIT, CPU_IRQ, CPU_SOFTIRQ, CPU_STEAL,
    CORE_0_USAGE, CORE_1_USAGE, CORE_0_USER, CORE_0_NICE, CORE_0_SYSTEM, CORE_0_IDLE, CORE_0_IOWAIT,
    CORE_0_IRQ, CORE_0_SOFTIRQ, CORE_0_STEAL, CORE_1_USER, CORE_1_NICE, CORE_1_SYSTEM, CORE_1_IDLE,
    CORE_1_IOWAIT, CORE_1_IRQ, CORE_1_SOFTIRQ, CORE_1_STEAL, SWITCHES, FORKS, RUNNING, BLOCKED,
    BOOT_TIME, LOAD_1, LOAD_5, LOAD_15, UPTIME, MEMORY_USAGE, MEMORY_USED, MEMORY_TOTAL, MEMORY_FREE,
    MEMORY_AVAILABLE, MEMORY_BUFFERS, MEMORY_CACHED, MEMORY_DIRTY, SWAP_TOTAL, SWAP_FREE, MEMORY_SHMEM,
    MEMORY_SLAB, MEMORY_RECLAIMABLE, MEMORY_COMMITTED, SWAP_USED, SWAP_USAGE, PRESSURE_CPU_SOME,
    PRESSURE_MEMORY_SOME, PRESSURE_MEMORY_FULL, PRESSURE_IO_SOME, PRESSURE_IO_FULL,
    PRESSURE_CPU_SOME_10, PRESSURE_MEMORY_SOME_10, PRESSURE_MEMORY_FULL_10, PRESSURE_IO_SOME_10,
    PRESSURE_IO_FULL_10, SWAP_IN, SWAP_OUT, MAJOR_FAULTS, OOM_KILLS, TCP_ACTIVE_OPENS,
    TCP_PASSIVE_OPENS, TCP_ATTEMPT_FAILS, TCP_RESETS, TCP_ESTABLISHED, TCP_SEGMENTS_IN,
    TCP_SEGMENTS_OUT, TCP_RETRANSMITS, TCP_ERRORS_IN, TCP_RESETS_OUT, UDP_DATAGRAMS_IN, UDP_NO_PORTS,
    UDP_ERRORS_IN, UDP_DATAGRAMS_OUT, UDP_RECEIVE_BUFFER_ERRORS, UDP_SEND_BUFFER_ERRORS,
    TCP_LISTEN_OVERFLOWS, TCP_LISTEN_DROPS, SOCKETS_USED, TCP_SOCKETS, TCP_ORPHANS, TCP_TIME_WAIT,
    TCP_MEMORY, UDP_SOCKETS, RX_BYTES, TX_BYTES, RX_PACKETS, TX_PACKETS, NETWORK_ERRORS, NETWORK_DROPS,
    RX_ERRORS, TX_ERRORS, RX_DROPS, TX_DROPS, RX_MB, TX_MB, ROOT_USAGE, ROOT_USED, ROOT_AVAILABLE,
    ROOT_INODES, ROOT_INODES_USAGE, ROOT_READONLY, DISK_READ_BYTES, DISK_WRITTEN_BYTES, DISK_READS,
    DISK_WRITES, DISK_BUSY, DISK_READ_TIME, DISK_WRITE_TIME, DISK_QUEUE_TIME, DISK_IN_FLIGHT,
    DISK_BUSY_SHARE, DISK_QUEUE, DISK_AWAIT, DISK_READ_AWAIT, DISK_WRITE_AWAIT,
    SUSPENDED, CLOCK_SYNCHRONIZED, CLOCK_OFFSET, CLOCK_ERROR, AGENT_MEMORY, AGENT_REFUSED,
    CLOCK_STEPS, CLOCK_STEP, AGENT_CPU, AGENT_CPU_TIME, AGENT_RING, AGENT_LOST, AGENT_SKIPPED,
    MONTH_RX, MONTH_TX, MONTH,
    FIELD_COUNT
};
static_assert(FIELD_COUNT <= ORACLE_FIELDS_MAX, "room for every field");

enum kind {
    EXACT, /* as the machine says at that second */
    TIMED, /* since the sample before */
    SLOW,  /* as it said some seconds ago at most */
    LOOSE, /* depends on more than the second: only that it is there is judged */
};

static const struct {
    const char *metric, *tag;
    enum kind kind;
} fields[FIELD_COUNT] = {
    [CPU_USAGE] = {"cpu_usage", "", TIMED},
    [CPU_USER] = {"cpu_seconds", "mode=user"},
    [CPU_NICE] = {"cpu_seconds", "mode=nice"},
    [CPU_SYSTEM] = {"cpu_seconds", "mode=system"},
    [CPU_IDLE] = {"cpu_seconds", "mode=idle"},
    [CPU_IOWAIT] = {"cpu_seconds", "mode=iowait"},
    [CPU_IRQ] = {"cpu_seconds", "mode=irq"},
    [CPU_SOFTIRQ] = {"cpu_seconds", "mode=softirq"},
    [CPU_STEAL] = {"cpu_seconds", "mode=steal"},
    [CORE_0_USAGE] = {"cpu_core_usage", "core=0", TIMED},
    [CORE_1_USAGE] = {"cpu_core_usage", "core=1", TIMED},
    [CORE_0_USER] = {"cpu_core_seconds", "core=0,mode=user"},
    [CORE_0_NICE] = {"cpu_core_seconds", "core=0,mode=nice"},
    [CORE_0_SYSTEM] = {"cpu_core_seconds", "core=0,mode=system"},
    [CORE_0_IDLE] = {"cpu_core_seconds", "core=0,mode=idle"},
    [CORE_0_IOWAIT] = {"cpu_core_seconds", "core=0,mode=iowait"},
    [CORE_0_IRQ] = {"cpu_core_seconds", "core=0,mode=irq"},
    [CORE_0_SOFTIRQ] = {"cpu_core_seconds", "core=0,mode=softirq"},
    [CORE_0_STEAL] = {"cpu_core_seconds", "core=0,mode=steal"},
    [CORE_1_USER] = {"cpu_core_seconds", "core=1,mode=user"},
    [CORE_1_NICE] = {"cpu_core_seconds", "core=1,mode=nice"},
    [CORE_1_SYSTEM] = {"cpu_core_seconds", "core=1,mode=system"},
    [CORE_1_IDLE] = {"cpu_core_seconds", "core=1,mode=idle"},
    [CORE_1_IOWAIT] = {"cpu_core_seconds", "core=1,mode=iowait"},
    [CORE_1_IRQ] = {"cpu_core_seconds", "core=1,mode=irq"},
    [CORE_1_SOFTIRQ] = {"cpu_core_seconds", "core=1,mode=softirq"},
    [CORE_1_STEAL] = {"cpu_core_seconds", "core=1,mode=steal"},
    [SWITCHES] = {"context_switches", ""},
    [FORKS] = {"forks", ""},
    [RUNNING] = {"processes_running", ""},
    [BLOCKED] = {"processes_blocked", ""},
    [BOOT_TIME] = {"boot_time", ""},
    [LOAD_1] = {"load_average_1min", ""},
    [LOAD_5] = {"load_average_5min", ""},
    [LOAD_15] = {"load_average_15min", ""},
    [UPTIME] = {"uptime", ""},
    [MEMORY_USAGE] = {"memory_usage_percent", ""},
    [MEMORY_USED] = {"memory_used_bytes", ""},
    [MEMORY_TOTAL] = {"memory_total_bytes", ""},
    [MEMORY_FREE] = {"memory_free_bytes", ""},
    [MEMORY_AVAILABLE] = {"memory_available_bytes", ""},
    [MEMORY_BUFFERS] = {"memory_buffers_bytes", ""},
    [MEMORY_CACHED] = {"memory_cached_bytes", ""},
    [MEMORY_DIRTY] = {"memory_dirty_bytes", ""},
    [SWAP_TOTAL] = {"swap_total_bytes", ""},
    [SWAP_FREE] = {"swap_free_bytes", ""},
    [MEMORY_SHMEM] = {"memory_shmem_bytes", ""},
    [MEMORY_SLAB] = {"memory_slab_bytes", ""},
    [MEMORY_RECLAIMABLE] = {"memory_slab_reclaimable_bytes", ""},
    [MEMORY_COMMITTED] = {"memory_committed_bytes", ""},
    [SWAP_USED] = {"swap_used_bytes", ""},
    [SWAP_USAGE] = {"swap_usage_percent", ""},
    [PRESSURE_CPU_SOME] = {"pressure_cpu_some_seconds", ""},
    [PRESSURE_MEMORY_SOME] = {"pressure_memory_some_seconds", ""},
    [PRESSURE_MEMORY_FULL] = {"pressure_memory_full_seconds", ""},
    [PRESSURE_IO_SOME] = {"pressure_io_some_seconds", ""},
    [PRESSURE_IO_FULL] = {"pressure_io_full_seconds", ""},
    [PRESSURE_CPU_SOME_10] = {"pressure_cpu_some_avg10", ""},
    [PRESSURE_MEMORY_SOME_10] = {"pressure_memory_some_avg10", ""},
    [PRESSURE_MEMORY_FULL_10] = {"pressure_memory_full_avg10", ""},
    [PRESSURE_IO_SOME_10] = {"pressure_io_some_avg10", ""},
    [PRESSURE_IO_FULL_10] = {"pressure_io_full_avg10", ""},
    [SWAP_IN] = {"swap_in_pages", "", SLOW},
    [SWAP_OUT] = {"swap_out_pages", "", SLOW},
    [MAJOR_FAULTS] = {"major_faults", "", SLOW},
    [OOM_KILLS] = {"oom_kills", "", SLOW},
    [TCP_ACTIVE_OPENS] = {"tcp_active_opens", ""},
    [TCP_PASSIVE_OPENS] = {"tcp_passive_opens", ""},
    [TCP_ATTEMPT_FAILS] = {"tcp_attempt_fails", ""},
    [TCP_RESETS] = {"tcp_resets", ""},
    [TCP_ESTABLISHED] = {"tcp_established", ""},
    [TCP_SEGMENTS_IN] = {"tcp_segments_in", ""},
    [TCP_SEGMENTS_OUT] = {"tcp_segments_out", ""},
    [TCP_RETRANSMITS] = {"tcp_retransmits", ""},
    [TCP_ERRORS_IN] = {"tcp_errors_in", ""},
    [TCP_RESETS_OUT] = {"tcp_resets_out", ""},
    [UDP_DATAGRAMS_IN] = {"udp_datagrams_in", ""},
    [UDP_NO_PORTS] = {"udp_no_ports", ""},
    [UDP_ERRORS_IN] = {"udp_errors_in", ""},
    [UDP_DATAGRAMS_OUT] = {"udp_datagrams_out", ""},
    [UDP_RECEIVE_BUFFER_ERRORS] = {"udp_receive_buffer_errors", ""},
    [UDP_SEND_BUFFER_ERRORS] = {"udp_send_buffer_errors", ""},
    [TCP_LISTEN_OVERFLOWS] = {"tcp_listen_overflows", "", SLOW},
    [TCP_LISTEN_DROPS] = {"tcp_listen_drops", "", SLOW},
    [SOCKETS_USED] = {"sockets_used", "", SLOW},
    [TCP_SOCKETS] = {"tcp_sockets", "", SLOW},
    [TCP_ORPHANS] = {"tcp_orphans", "", SLOW},
    [TCP_TIME_WAIT] = {"tcp_time_wait", "", SLOW},
    [TCP_MEMORY] = {"tcp_memory_pages", "", SLOW},
    [UDP_SOCKETS] = {"udp_sockets", "", SLOW},
    [RX_BYTES] = {"network_rx_bytes", "interface=eth0"},
    [TX_BYTES] = {"network_tx_bytes", "interface=eth0"},
    [RX_PACKETS] = {"network_rx_packets", "interface=eth0"},
    [TX_PACKETS] = {"network_tx_packets", "interface=eth0"},
    [NETWORK_ERRORS] = {"network_errors", "interface=eth0"},
    [NETWORK_DROPS] = {"network_drops", "interface=eth0"},
    [RX_ERRORS] = {"network_rx_errors", "interface=eth0"},
    [TX_ERRORS] = {"network_tx_errors", "interface=eth0"},
    [RX_DROPS] = {"network_rx_drops", "interface=eth0"},
    [TX_DROPS] = {"network_tx_drops", "interface=eth0"},
    [RX_MB] = {"network_rx_mb", ""},
    [TX_MB] = {"network_tx_mb", ""},
    [ROOT_USAGE] = {"disk_usage_percent", "mount=/", SLOW},
    [ROOT_USED] = {"disk_used_bytes", "mount=/", SLOW},
    [ROOT_AVAILABLE] = {"disk_available_bytes", "mount=/", SLOW},
    [ROOT_INODES] = {"disk_inodes_used", "mount=/", SLOW},
    [ROOT_INODES_USAGE] = {"disk_inodes_usage_percent", "mount=/", SLOW},
    [ROOT_READONLY] = {"disk_readonly", "mount=/", SLOW},
    [DISK_READ_BYTES] = {"disk_read_bytes", "device=vda"},
    [DISK_WRITTEN_BYTES] = {"disk_written_bytes", "device=vda"},
    [DISK_READS] = {"disk_reads", "device=vda"},
    [DISK_WRITES] = {"disk_writes", "device=vda"},
    [DISK_BUSY] = {"disk_busy_seconds", "device=vda"},
    [DISK_READ_TIME] = {"disk_read_seconds", "device=vda"},
    [DISK_WRITE_TIME] = {"disk_write_seconds", "device=vda"},
    [DISK_QUEUE_TIME] = {"disk_queue_seconds", "device=vda"},
    [DISK_IN_FLIGHT] = {"disk_in_flight", "device=vda"},
    [DISK_BUSY_SHARE] = {"disk_busy_percent", "device=vda", LOOSE},
    [DISK_QUEUE] = {"disk_queue_depth", "device=vda", LOOSE},
    [DISK_AWAIT] = {"disk_await_ms", "device=vda", LOOSE},
    [DISK_READ_AWAIT] = {"disk_read_await_ms", "device=vda", LOOSE},
    [DISK_WRITE_AWAIT] = {"disk_write_await_ms", "device=vda", LOOSE},
    [SUSPENDED] = {"suspended_seconds", ""},
    [CLOCK_SYNCHRONIZED] = {"clock_synchronized", ""},
    [CLOCK_OFFSET] = {"clock_offset_seconds", ""},
    [CLOCK_ERROR] = {"clock_error_seconds", ""},
    [AGENT_MEMORY] = {"agent_memory_bytes", ""},
    [AGENT_REFUSED] = {"agent_series_refused", ""},
    [CLOCK_STEPS] = {"clock_steps", "", LOOSE},
    [CLOCK_STEP] = {"clock_step_seconds", "", LOOSE},
    [AGENT_CPU] = {"agent_cpu_percent", "", LOOSE},
    [AGENT_CPU_TIME] = {"agent_cpu_seconds", "", LOOSE},
    [AGENT_RING] = {"agent_ring_percent", "", LOOSE},
    [AGENT_LOST] = {"agent_samples_lost", "", LOOSE},
    [AGENT_SKIPPED] = {"agent_samples_skipped", "", LOOSE},
    [MONTH_RX] = {"network_month_rx_bytes", "", LOOSE},
    [MONTH_TX] = {"network_month_tx_bytes", "", LOOSE},
    [MONTH] = {"network_month_bytes", "", LOOSE},
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
    return fields[field].kind == TIMED;
}

bool oracle_is_slow(uint32_t field)
{
    return fields[field].kind == SLOW;
}

bool oracle_is_loose(uint32_t field)
{
    return fields[field].kind == LOOSE;
}

static void core_sums(const struct sim_proc *v, uint32_t core, uint64_t *busy, uint64_t *all)
{
    *busy = *all = 0;
    for (uint32_t m = 0; m < 8; m++) {
        *all += v->cpu[core][m];
        if (m != 3 && m != 4) /* idle, iowait */
            *busy += v->cpu[core][m];
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
    for (uint32_t i = 0; i < 4; i++)
        expected[MEMORY_SHMEM + i] = (int64_t)(v->memory_more_kib[i] * 1024);
    uint64_t used = v->memory_kib[0] - v->memory_kib[2], swapped = v->memory_kib[6] - v->memory_kib[7];
    expected[MEMORY_USED] = (int64_t)(used * 1024);
    expected[MEMORY_USAGE] = share(used, v->memory_kib[0]);
    expected[SWAP_USED] = (int64_t)(swapped * 1024);
    expected[SWAP_USAGE] = share(swapped, v->memory_kib[6]);
    for (uint32_t i = 0; i < 4; i++)
        expected[SWAP_IN + i] = (int64_t)v->vmstat[i];
}

static void expect_disk(const struct sim_proc *v, int64_t *expected)
{
    expected[DISK_READS] = (int64_t)v->disk[0];
    expected[DISK_READ_BYTES] = (int64_t)(v->disk[1] * 512);
    expected[DISK_WRITES] = (int64_t)v->disk[2];
    expected[DISK_WRITTEN_BYTES] = (int64_t)(v->disk[3] * 512);
    for (uint32_t i = 4; i < 8; i++)
        expected[DISK_BUSY + i - 4] = (int64_t)v->disk[i];
    expected[DISK_IN_FLIGHT] = 0;
    uint64_t used = v->root.total_bytes - v->root.free_bytes;
    expected[ROOT_USED] = (int64_t)used;
    expected[ROOT_AVAILABLE] = (int64_t)v->root.available_bytes;
    expected[ROOT_USAGE] = share(used, used + v->root.available_bytes);
    uint64_t inodes = v->root.inodes_total - v->root.inodes_free;
    expected[ROOT_INODES] = (int64_t)inodes;
    expected[ROOT_INODES_USAGE] = share(inodes, v->root.inodes_total);
    expected[ROOT_READONLY] = 0;
}

static void expect_network(const struct sim_proc *v, int64_t *expected)
{
    expected[RX_BYTES] = (int64_t)v->rx[0];
    expected[TX_BYTES] = (int64_t)v->tx[0];
    expected[RX_PACKETS] = (int64_t)v->rx[1];
    expected[TX_PACKETS] = (int64_t)v->tx[1];
    expected[NETWORK_ERRORS] = (int64_t)(v->rx[2] + v->tx[2]);
    expected[NETWORK_DROPS] = (int64_t)(v->rx[3] + v->tx[3]);
    expected[RX_ERRORS] = (int64_t)v->rx[2];
    expected[TX_ERRORS] = (int64_t)v->tx[2];
    expected[RX_DROPS] = (int64_t)v->rx[3];
    expected[TX_DROPS] = (int64_t)v->tx[3];
    expected[RX_MB] = (int64_t)(v->rx[0] * 100 >> 20);
    expected[TX_MB] = (int64_t)(v->tx[0] * 100 >> 20);
}

static void expect_sockets(const struct sim_proc *v, int64_t *expected)
{
    for (uint32_t i = 0; i < 10; i++)
        expected[TCP_ACTIVE_OPENS + i] = (int64_t)v->tcp[i];
    for (uint32_t i = 0; i < 6; i++)
        expected[UDP_DATAGRAMS_IN + i] = (int64_t)v->udp[i];
    expected[TCP_LISTEN_OVERFLOWS] = (int64_t)v->listen[0];
    expected[TCP_LISTEN_DROPS] = (int64_t)v->listen[1];
    for (uint32_t i = 0; i < 6; i++)
        expected[SOCKETS_USED + i] = (int64_t)v->sockets[i];
    expected[TCP_SOCKETS] += (int64_t)v->sockets[6];
    expected[UDP_SOCKETS] += (int64_t)v->sockets[7];
}

static void expect_pressure(const struct sim_proc *v, int64_t *expected)
{
    static const struct {
        uint32_t resource, kind;
    } order[5] = {{0, 0}, {1, 0}, {1, 1}, {2, 0}, {2, 1}};
    for (uint32_t i = 0; i < 5; i++) {
        expected[PRESSURE_CPU_SOME + i] = (int64_t)(v->pressure_us[order[i].resource][order[i].kind] / 1000);
        expected[PRESSURE_CPU_SOME_10 + i] = (int64_t)v->pressure_x100[order[i].resource][order[i].kind];
    }
}

static void expect_cpu(const struct sim_proc *v, const struct sim_proc *last, int64_t *expected)
{
    uint64_t busy = 0, all = 0;
    for (uint32_t m = 0; m < 8; m++)
        expected[CPU_USER + m] = (int64_t)(v->cpu[0][m] + v->cpu[1][m]);
    for (uint32_t c = 0; c < 2; c++) {
        uint64_t busy_now, all_now, busy_before, all_before;
        core_sums(v, c, &busy_now, &all_now);
        core_sums(last, c, &busy_before, &all_before);
        expected[CORE_0_USAGE + c] = share(busy_now - busy_before, all_now - all_before);
        busy += busy_now - busy_before;
        all += all_now - all_before;
        for (uint32_t m = 0; m < 8; m++)
            expected[CORE_0_USER + c * 8 + m] = (int64_t)v->cpu[c][m];
    }
    expected[CPU_USAGE] = share(busy, all);
}

void oracle_expect(uint32_t machine, uint32_t boot, uint32_t second, uint32_t before,
                   int64_t expected[static ORACLE_FIELDS_MAX])
{
    struct sim_proc v, last;
    sim_proc_at(machine, boot, second, &v);
    sim_proc_at(machine, boot, before, &last);
    memset(expected, 0, FIELD_COUNT * sizeof expected[0]); /* what is loose */
    expect_cpu(&v, &last, expected);
    expected[SWITCHES] = (int64_t)v.context_switches;
    expected[FORKS] = (int64_t)v.forks;
    expected[RUNNING] = (int64_t)v.running;
    expected[BLOCKED] = (int64_t)v.blocked;
    expected[BOOT_TIME] = 1767225600;
    for (uint32_t i = 0; i < 3; i++)
        expected[LOAD_1 + i] = (int64_t)v.load_centi[i];
    expected[UPTIME] = second;
    expected[CLOCK_SYNCHRONIZED] = 1;
    expected[CLOCK_ERROR] = 1000;
    expected[AGENT_MEMORY] = (int64_t)SIM_SELF_RSS;
    expect_memory(&v, expected);
    expect_pressure(&v, expected);
    expect_sockets(&v, expected);
    expect_disk(&v, expected);
    expect_network(&v, expected);
}

/* The busiest uses 12 ticks a second, all of them within the first 200 ms if an agent begins just then. */
#define SHARE_MAX 6000U

static int find_process(const struct process_top *top)
{
    for (uint32_t i = 0; i < SIM_PROCESSES; i++)
        if (sim_processes[i].pid == top->pid && strcmp(sim_processes[i].name, top->name) == 0)
            return (int)i;
    return ERR_MISSING;
}

const char *oracle_processes(uint32_t machine, uint32_t boot, uint32_t second,
                             const struct process_tops *tops)
{
    struct sim_proc v;
    uint32_t with_memory = 0;
    sim_proc_at(machine, boot, second, &v);
    for (uint32_t i = 0; i < tops->count; i++) {
        int n = find_process(&tops->tops[i]);
        if (n < 0)
            return "a process that there is not";
        if (tops->tops[i].memory_kib != v.process_pages[n] * 4)
            return "a process with other memory than it has";
        if (tops->tops[i].cpu_share > SHARE_MAX)
            return "a process that used more than any of them does";
        with_memory += v.process_pages[n] > 0;
    }
    return with_memory == 5 ? NULL : "too few processes";
}
