/* SPDX-License-Identifier: MIT */
/* What a machine's texts become: the right numbers in the right series, and what is missing stays out. */
#include "agent/collect/collect.c"

#include "platform/base/text.h"
#include "platform/sim/sim.h"
#include "tests/unit/agent/fixture.h"

static struct {
    struct sim_world *world;
    struct plat *host;
    struct collect collect;
    struct series series;
    struct sample sample;
    uint8_t scratch[SCRATCH_SIZE];
    uint32_t warnings;
} it;

static void count_warnings(void *ctx, struct plat *p, enum log_level level, const char *line)
{
    (void)ctx;
    (void)p;
    (void)line;
    it.warnings += level <= LOG_WARN;
}

static void begin(void)
{
    memset(&it, 0, sizeof it);
    it.world = sim_new(1);
    it.host = sim_machine(it.world, "web");
    sim_log_to(it.world, count_warnings, NULL);
    series_init(&it.series);
}

static void start(void)
{
    collect_init(&it.collect, it.host, &it.series, it.scratch);
}

static void take(void)
{
    sim_advance(it.world, NS_PER_S);
    collect_take(&it.collect, &it.sample, plat_mono(it.host));
}

static void use_fixture(const char *host)
{
    static const char *const names[] = {"stat", "meminfo", "loadavg", "uptime", "diskstats", "net/dev",
                                        "self/mountinfo"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct fixture f = fixture_read(host, names[i]);
        char *text = calloc(1, f.length + 1), path[64];
        memcpy(text, f.text, f.length);
        snprintf(path, sizeof path, "/proc/%s", names[i]);
        sim_text(it.host, path, text);
        free(text);
        free(f.text);
    }
}

static bool has(enum metric metric, const char *tag)
{
    for (uint32_t slot = 0; slot < it.series.count; slot++)
        if (it.series.entries[slot].metric == metric && text_equal(it.series.entries[slot].tag, tag))
            return sample_has(&it.sample, slot);
    return false;
}

static int64_t value(enum metric metric, const char *tag)
{
    assert_true(has(metric, tag));
    return it.sample.values[series_slot(&it.series, metric, tag)];
}

static void simulated_machine(void **state)
{
    (void)state;
    struct sim_proc was, now;
    begin();
    start();
    take();
    sim_proc_at(sim_number(it.host), sim_boot(it.host), 0, &was);
    sim_proc_at(sim_number(it.host), sim_boot(it.host), 1, &now);
    uint64_t all = 0, idle = 0;
    static const char *const modes[] = {"user", "nice", "system", "idle", "iowait", "irq", "softirq",
                                        "steal"};
    for (uint32_t m = 0; m < 8; m++) {
        uint64_t passed = now.cpu[0][m] + now.cpu[1][m] - was.cpu[0][m] - was.cpu[1][m];
        all += passed;
        idle += m == 3 || m == 4 ? passed : 0;
        assert_int_equal(value(METRIC_CPU_SECONDS, modes[m]), now.cpu[0][m] + now.cpu[1][m]);
    }
    assert_int_equal(value(METRIC_CPU_USAGE, ""), (all - idle) * 10000 / all);
    assert_int_equal(value(METRIC_CONTEXT_SWITCHES, ""), now.context_switches);
    assert_int_equal(value(METRIC_PROCESSES_BLOCKED, ""), now.blocked);
    assert_int_equal(value(METRIC_LOAD_15, ""), now.load_centi[2]);
    assert_int_equal(value(METRIC_UPTIME, ""), 1);
    assert_int_equal(value(METRIC_MEMORY_TOTAL, ""), now.memory_kib[0] * 1024);
    assert_int_equal(value(METRIC_SWAP_FREE, ""), now.memory_kib[7] * 1024);
    assert_int_equal(value(METRIC_MEMORY_USAGE, ""),
                     (now.memory_kib[0] - now.memory_kib[2]) * 10000 / now.memory_kib[0]);
    assert_int_equal(value(METRIC_DISK_WRITTEN_BYTES, "vda"), now.disk[3] * 512);
    assert_int_equal(value(METRIC_DISK_BUSY, "vda"), now.disk[4]);
    assert_int_equal(value(METRIC_NETWORK_RX_BYTES, "eth0"), now.rx[0]);
    assert_int_equal(value(METRIC_NETWORK_ERRORS, "eth0"), now.rx[2] + now.tx[2]);
    assert_int_equal(value(METRIC_NETWORK_TX_MB, ""), now.tx[0] * 100 / 1048576);
    assert_int_equal(value(METRIC_CPU_CORE_SECONDS, "1,mode=steal"), now.cpu[1][7]);
    assert_true(has(METRIC_CPU_CORE_USAGE, "1"));
    assert_int_equal(value(METRIC_PRESSURE_IO_FULL, ""), now.pressure_us[2][1] / 1000);
    assert_int_equal(value(METRIC_PRESSURE_MEMORY_SOME_AVG10, ""), now.pressure_x100[1][0]);
    assert_int_equal(value(METRIC_SWAP_OUT, ""), now.vmstat[1]);
    assert_int_equal(value(METRIC_TCP_RETRANSMITS, ""), now.tcp[7]);
    assert_int_equal(value(METRIC_UDP_DATAGRAMS_OUT, ""), now.udp[3]);
    assert_int_equal(value(METRIC_TCP_LISTEN_DROPS, ""), now.listen[1]);
    assert_int_equal(value(METRIC_TCP_SOCKETS, ""), now.sockets[1] + now.sockets[6]);
    assert_int_equal(value(METRIC_DISK_QUEUE_DEPTH, "vda"), (now.disk[7] - was.disk[7]) * 100 / 1000);
    assert_int_equal(value(METRIC_DISK_INODES_USED, "/"), now.root.inodes_total - now.root.inodes_free);
    assert_int_equal(value(METRIC_DISK_READONLY, "/"), 0);
    uint64_t used = now.root.total_bytes - now.root.free_bytes;
    assert_int_equal(value(METRIC_DISK_USED_BYTES, "/"), used);
    assert_int_equal(value(METRIC_DISK_USAGE, "/"), used * 10000 / (used + now.root.available_bytes));
    assert_int_equal(it.warnings, 0);
    sim_free(it.world);
}

static void no_usage_before_time_has_passed(void **state)
{
    (void)state;
    begin();
    start();
    collect_take(&it.collect, &it.sample, plat_mono(it.host));
    assert_false(has(METRIC_CPU_USAGE, ""));
    assert_true(has(METRIC_CPU_SECONDS, "user"));
    take();
    assert_true(has(METRIC_CPU_USAGE, ""));
    sim_free(it.world);
}

static void filesystems_stay_the_same_between_refreshes(void **state)
{
    (void)state;
    begin();
    start();
    take();
    int64_t used = value(METRIC_DISK_USED_BYTES, "/");
    for (uint32_t i = 0; i < 9; i++) {
        take();
        assert_int_equal(value(METRIC_DISK_USED_BYTES, "/"), used);
    }
    take();
    assert_int_not_equal(value(METRIC_DISK_USED_BYTES, "/"), used);
    sim_free(it.world);
}

static void missing_texts_are_said_once(void **state)
{
    (void)state;
    begin();
    sim_text(it.host, "/proc/diskstats", NULL);
    sim_text(it.host, "/proc/net/dev", NULL);
    start();
    for (uint32_t i = 0; i < 5; i++)
        take();
    assert_int_equal(it.warnings, 2);
    assert_false(has(METRIC_DISK_READS, "vda"));
    assert_false(has(METRIC_NETWORK_RX_MB, ""));
    assert_true(has(METRIC_UPTIME, ""));
    sim_free(it.world);
}

static void an_older_kernel_without_pressure_is_no_reason_to_warn(void **state)
{
    (void)state;
    begin();
    sim_text(it.host, "/proc/pressure/cpu", NULL);
    sim_text(it.host, "/proc/pressure/memory", NULL);
    sim_text(it.host, "/proc/pressure/io", NULL);
    sim_text(it.host, "/proc/net/sockstat6", NULL); /* and without IPv6 */
    start();
    take();
    assert_int_equal(it.warnings, 0);
    assert_false(has(METRIC_PRESSURE_CPU_SOME, "") || has(METRIC_PRESSURE_IO_FULL_AVG10, ""));
    assert_true(has(METRIC_TCP_SOCKETS, ""));
    sim_free(it.world);
}

/* Each is read in the first sample, repeats itself, and not all are read again in the same second. */
static void slow_sources_take_turns(void **state)
{
    (void)state;
    begin();
    start();
    uint32_t most = 0;
    for (uint32_t second = 0; second < 60; second++) {
        struct mono due_at[SOURCE_COUNT];
        uint32_t read = 0;
        memcpy(due_at, it.collect.due_at, sizeof due_at);
        take();
        for (uint32_t i = 0; i < SOURCE_COUNT; i++)
            read += it.collect.due_at[i].ns != due_at[i].ns;
        if (second == 0)
            assert_true(read >= 5);
        else
            most = read > most ? read : most;
        assert_true(has(METRIC_OOM_KILLS, "") && has(METRIC_TCP_LISTEN_DROPS, ""));
        assert_true(has(METRIC_UDP_SOCKETS, "") && has(METRIC_DISK_USAGE, "/"));
    }
    assert_in_range(most, 1, 2); /* the two texts of sockets belong together */
    sim_free(it.world);
}

static void own_cost_and_clock(void **state)
{
    (void)state;
    begin();
    start();
    it.collect.agent = (struct collect_agent){.ring_bytes = 1, .ring_size = 4, .samples_lost = 7};
    take();
    assert_int_equal(value(METRIC_AGENT_CPU, ""), 100000 / SIM_SELF_CPU_DIVISOR);
    assert_int_equal(value(METRIC_AGENT_MEMORY, ""), SIM_SELF_RSS);
    assert_int_equal(value(METRIC_AGENT_RING, ""), 2500);
    assert_int_equal(value(METRIC_AGENT_SAMPLES_LOST, ""), 7);
    assert_int_equal(value(METRIC_CLOCK_SYNCHRONIZED, ""), 1);
    assert_int_equal(value(METRIC_CLOCK_STEPS, ""), 0);
    sim_wall_jump(it.host, -3 * NS_PER_S);
    take();
    assert_int_equal(value(METRIC_CLOCK_STEPS, ""), 1);
    assert_in_range(-value(METRIC_CLOCK_STEP_SECONDS, ""), 2999, 3001);
    sim_suspended(it.host, 5000);
    sim_wall_jump(it.host, 5 * NS_PER_S);
    take();
    assert_int_equal(value(METRIC_CLOCK_STEPS, ""), 1);
    assert_int_equal(value(METRIC_SUSPENDED_SECONDS, ""), 5000);
    assert_int_equal(it.warnings, 0);
    sim_free(it.world);
}

static void bytes_of_the_month_outlive_process_and_machine(void **state)
{
    (void)state;
    begin();
    start();
    take();
    assert_false(has(METRIC_NETWORK_MONTH, "")); /* one look by hand keeps nothing */
    collect_restore(&it.collect);
    take();
    collect_keep(&it.collect, plat_mono(it.host), false);
    int64_t first = value(METRIC_NETWORK_MONTH, "");
    take();
    collect_keep(&it.collect, plat_mono(it.host), false); /* not due yet */
    sim_kill(it.host, SIM_KILL);
    sim_restart(it.host);
    series_init(&it.series);
    start();
    collect_restore(&it.collect);
    take();
    int64_t second = value(METRIC_NETWORK_MONTH, "");
    struct sim_proc v;
    sim_proc_at(sim_number(it.host), sim_boot(it.host), sim_second(it.host), &v);
    assert_int_equal(second, v.rx[0] + v.tx[0]); /* nothing was lost: the counters went on */
    assert_true(second > first);
    collect_keep(&it.collect, plat_mono(it.host), true);
    sim_kill(it.host, SIM_POWER_CUT);
    sim_restart(it.host);
    series_init(&it.series);
    start();
    collect_restore(&it.collect);
    take();
    sim_proc_at(sim_number(it.host), sim_boot(it.host), sim_second(it.host), &v);
    assert_int_equal(value(METRIC_NETWORK_MONTH, ""), second + (int64_t)(v.rx[0] + v.tx[0]));
    sim_disk_put(it.host, "transfer", "nonsense", 8);
    uint32_t warnings = it.warnings;
    collect_restore(&it.collect);
    assert_int_equal(it.warnings, warnings + 1);
    sim_free(it.world);
}

/* A machine with hundreds of CPUs keeps everything else. */
static void many_cpus_do_not_push_out_filesystems(void **state)
{
    (void)state;
    begin();
    static char stat[40000];
    uint32_t length = (uint32_t)snprintf(stat, sizeof stat, "cpu 1 1 1 1 1 1 1 1 0 0\n");
    for (uint32_t i = 0; i < 300; i++)
        length += (uint32_t)snprintf(stat + length, sizeof stat - length, "cpu%u 1 1 1 1 1 1 1 1 0 0\n", i);
    sim_text(it.host, "/proc/stat", stat);
    start();
    it.collect.cpu[it.collect.cpu_newest].cores[0].busy = 0; /* so that time seems to have passed on one */
    it.collect.cpu[it.collect.cpu_newest].cores[255].busy = 0;
    take();
    assert_int_equal(it.warnings, 1); /* 300 are too many to be watched one by one */
    assert_true(has(METRIC_CPU_CORE_USAGE, "0") && has(METRIC_CPU_CORE_USAGE, "255"));
    assert_false(has(METRIC_CPU_CORE_SECONDS, "0,mode=user"));
    assert_true(has(METRIC_DISK_USAGE, "/") && has(METRIC_DISK_AWAIT, "vda"));
    assert_in_range(it.series.count, 50, SLOTS_MAX - 256);
    sim_free(it.world);
}

static void what_does_not_fit_is_said_once(void **state)
{
    (void)state;
    begin();
    use_fixture("storage-x86_64-5.15");
    start();
    for (uint32_t i = 0; i < 5; i++)
        take();
    assert_int_equal(it.warnings, 2); /* disks and filesystems */
    assert_true(has(METRIC_DISK_READS, "nvme0n1"));
    assert_true(has(METRIC_PROCESSES_BLOCKED, "")); /* behind the 13 KB of 128 CPUs */
    uint32_t before = it.series.count;
    take();
    assert_int_equal(it.series.count, before);
    sim_free(it.world);
}

static void names_become_fit_to_be_shown(void **state)
{
    (void)state;
    begin();
    start();
    it.collect.mounts = (struct mount_reading){.count = 1, .mounts = {{.path = "/a\tb\xff"}}};
    it.collect.use[0] = (struct plat_filesystem){.total_bytes = 9, .free_bytes = 5, .available_bytes = 4};
    it.collect.has_use[0] = true;
    sample_clear(&it.sample, 0);
    collect_put_mountinfo(&it.collect, &it.sample);
    assert_true(has(METRIC_DISK_USAGE, "/a?b?"));
    sim_free(it.world);
}

static void clocks_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(sane_time_ms((struct wall){-5 * NS_PER_S}), 0);
    assert_true(sane_time_ms((struct wall){INT64_MAX}) == INT64_C(7258118400000));
    assert_int_equal(sane_time_ms((struct wall){5 * NS_PER_S}), 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simulated_machine),
        cmocka_unit_test(no_usage_before_time_has_passed),
        cmocka_unit_test(filesystems_stay_the_same_between_refreshes),
        cmocka_unit_test(missing_texts_are_said_once),
        cmocka_unit_test(what_does_not_fit_is_said_once),
        cmocka_unit_test(names_become_fit_to_be_shown),
        cmocka_unit_test(an_older_kernel_without_pressure_is_no_reason_to_warn),
        cmocka_unit_test(slow_sources_take_turns),
        cmocka_unit_test(own_cost_and_clock),
        cmocka_unit_test(bytes_of_the_month_outlive_process_and_machine),
        cmocka_unit_test(many_cpus_do_not_push_out_filesystems),
        cmocka_unit_test(clocks_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
