/* SPDX-License-Identifier: MIT */
/* Sensors and slices of a simulated /sys, found and read again every ten seconds. */
#include "agent/collect/collect_folders.c"

#include <stdio.h>

#include "platform/sim/sim.h"
#include "tests/unit/unit.h"

static struct folders f;
static char scratch[SCRATCH_SIZE];

static void chip(struct plat *p, uint32_t n, const char *name, uint32_t input, const char *label,
                 const char *value)
{
    char path[80];
    snprintf(path, sizeof path, "/sys/class/hwmon/hwmon%u/name", n);
    sim_text(p, path, name);
    snprintf(path, sizeof path, "/sys/class/hwmon/hwmon%u/temp%u_input", n, input);
    sim_text(p, path, value);
    snprintf(path, sizeof path, "/sys/class/hwmon/hwmon%u/temp%u_label", n, input);
    sim_text(p, path, label);
}

static void sensors_of_chips(void **state)
{
    (void)state;
    struct sim_world *w = sim_new(1);
    struct plat *p = sim_machine(w, "m");
    chip(p, 0, "coretemp\n", 1, "Package id 0\n", "58000\n");
    chip(p, 0, "coretemp\n", 2, "Core 0\n", "55000\n");
    chip(p, 1, "nvme\n", 1, "Composite\n", "41850\n");
    chip(p, 3, "nvme\n", 1, "Composite\n", "39850\n");
    chip(p, 4, "nvme\n", 1, "Composite\n", "38850\n");
    chip(p, 5, "k10temp\n", 1, NULL, "47125\n");
    chip(p, 6, "dead\n", 1, NULL, "x\n");
    sim_text(p, "/sys/class/thermal/thermal_zone0/type", "acpitz\n");
    sim_text(p, "/sys/class/thermal/thermal_zone0/temp", "27800\n");
    folders_init(&f, p, scratch, plat_mono(p));
    static const char *const names[] = {"coretemp Package id 0", "coretemp Core 0", "nvme Composite",
                                        "nvme Composite 2", "nvme Composite 3", "k10temp temp1"};
    assert_int_equal(f.sensor_count, COUNT_OF(names));
    for (uint32_t i = 0; i < COUNT_OF(names); i++)
        assert_string_equal(f.sensors[i].name, names[i]);
    folders_read(&f, p, scratch, plat_mono(p));
    assert_true(f.sensors[0].has && f.sensors[0].milli_celsius == 58000);
    chip(p, 0, "coretemp\n", 1, "Package id 0\n", "61000\n");
    chip(p, 1, "nvme\n", 1, "Composite\n", NULL);
    sim_advance(w, 5 * NS_PER_S);
    folders_read(&f, p, scratch, plat_mono(p));
    assert_int_equal(f.sensors[0].milli_celsius, 58000);
    sim_advance(w, 5 * NS_PER_S);
    folders_read(&f, p, scratch, plat_mono(p));
    assert_int_equal(f.sensors[0].milli_celsius, 61000);
    assert_false(f.sensors[2].has);
    sim_free(w);
}

static void zones_only_without_chips(void **state)
{
    (void)state;
    struct sim_world *w = sim_new(1);
    struct plat *p = sim_machine(w, "m");
    for (uint32_t i = 0; i < TEMPERATURES_MAX + 2; i++) {
        char path[80];
        snprintf(path, sizeof path, "/sys/class/thermal/thermal_zone%u/type", i);
        sim_text(p, path, "cpu-thermal\n");
        snprintf(path, sizeof path, "/sys/class/thermal/thermal_zone%u/temp", i);
        sim_text(p, path, "47712\n");
    }
    folders_init(&f, p, scratch, plat_mono(p));
    assert_int_equal(f.sensor_count, TEMPERATURES_MAX);
    assert_int_equal(f.sensors_skipped, 2);
    assert_string_equal(f.sensors[0].name, "cpu-thermal");
    assert_string_equal(f.sensors[7].name, "cpu-thermal 8");
    sim_free(w);
}

static void slices(void **state)
{
    (void)state;
    struct sim_world *w = sim_new(1);
    struct plat *p = sim_machine(w, "m");
    sim_text(p, "/sys/fs/cgroup/system.slice/cpu.stat", "usage_usec 1000\n");
    folders_init(&f, p, scratch, plat_mono(p));
    folders_read(&f, p, scratch, plat_mono(p));
    assert_int_equal(f.slice_count, 0); /* cgroup v1 has other files in such folders */
    sim_text(p, "/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
    sim_text(p, "/sys/fs/cgroup/cpu.stat", "usage_usec 1\n");
    sim_text(p, "/sys/fs/cgroup/system.slice/memory.current", "4096\n");
    sim_text(p, "/sys/fs/cgroup/user.slice/io.stat", "8:0 rbytes=10 wbytes=20\n7:1 rbytes=1 wbytes=1\n");
    sim_text(p, "/proc/devices", "  7 loop\n");
    folders_init(&f, p, scratch, plat_mono(p));
    folders_read(&f, p, scratch, plat_mono(p));
    assert_int_equal(f.slice_count, 2);
    const struct slice *system = &f.slices[f.slices[0].name[0] == 's' ? 0 : 1];
    const struct slice *user = &f.slices[system == &f.slices[0] ? 1 : 0];
    assert_true(system->has_cpu && system->has_memory && !system->has_io);
    assert_true(system->cpu_us == 1000 && system->memory_bytes == 4096);
    assert_true(!user->has_cpu && !user->has_memory && user->has_io);
    assert_true(user->io.read_bytes == 10 && user->io.written_bytes == 20);
    sim_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sensors_of_chips),
        cmocka_unit_test(zones_only_without_chips),
        cmocka_unit_test(slices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
