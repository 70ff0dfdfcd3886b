/* SPDX-License-Identifier: MIT */
/* The simulated /proc is a pure function, its counters never go back, and its texts say its numbers. */
#include "platform/sim/proc.c"

#include <stdio.h>

#include "tests/unit/unit.h"

static void counters_never_go_back(void **state)
{
    (void)state;
    struct sim_proc a, b;
    sim_proc_at(3, 1, 0, &a);
    for (uint64_t second = 1; second < 5000; second++, a = b) {
        sim_proc_at(3, 1, second, &b);
        for (uint32_t m = 0; m < 8; m++) {
            assert_true(b.cpu[0][m] >= a.cpu[0][m]);
            assert_true(b.disk[m] >= a.disk[m]);
        }
        for (uint32_t i = 0; i < 4; i++)
            assert_true(b.rx[i] >= a.rx[i] && b.tx[i] >= a.tx[i]);
        assert_true(b.root.available_bytes < b.root.free_bytes);
    }
}

static void texts_are_the_same_within_a_second_and_differ_between(void **state)
{
    (void)state;
    struct sim_world *w = sim_new(1);
    struct plat *p = sim_machine(w, "m");
    char first[2048], second[2048];
    int h = plat_text_open(p, "/proc/stat");
    int n = plat_text_read(p, h, first, sizeof first);
    assert_true(n > 100);
    sim_advance(w, 999 * NS_PER_MS);
    assert_int_equal(plat_text_read(p, h, second, sizeof second), n);
    assert_memory_equal(first, second, (size_t)n);
    sim_advance(w, 1 * NS_PER_MS);
    int m = plat_text_read(p, h, second, sizeof second);
    assert_false(m == n && memcmp(first, second, (size_t)n) == 0);
    assert_int_equal(plat_text_read(p, h, second, 20), ERR_FULL);
    struct sim_proc v;
    char want[64];
    sim_proc_at(0, 0, 1, &v);
    snprintf(want, sizeof want, "cpu  %llu ", (unsigned long long)(v.cpu[0][0] + v.cpu[1][0]));
    plat_text_read(p, h, second, sizeof second);
    assert_memory_equal(second, want, strlen(want));
    sim_free(w);
}

static void texts_can_be_replaced_and_taken_away(void **state)
{
    (void)state;
    struct sim_world *w = sim_new(1);
    struct plat *p = sim_machine(w, "m");
    char buf[64];
    assert_int_equal(plat_text_open(p, "/proc/nothing"), ERR_MISSING);
    sim_text(p, "/proc/uptime", "1.00 2.00\n");
    int h = plat_text_open(p, "/proc/uptime");
    assert_int_equal(plat_text_read(p, h, buf, sizeof buf), 10);
    sim_text(p, "/proc/uptime", NULL);
    assert_int_equal(plat_text_read(p, h, buf, sizeof buf), ERR_MISSING);
    sim_free(w);
}

static void names_are_what_the_paths_make(void **state)
{
    (void)state;
    struct sim_world *w = sim_new(1);
    struct plat *p = sim_machine(w, "m");
    char names[256];
    assert_int_equal(plat_list(p, "/sys/class/hwmon", names, sizeof names), ERR_MISSING);
    sim_text(p, "/sys/class/hwmon/hwmon0/name", "coretemp\n");
    sim_text(p, "/sys/class/hwmon/hwmon0/temp1_input", "42000\n");
    sim_text(p, "/sys/class/hwmon/hwmon12/name", "nvme\n");
    assert_int_equal(plat_list(p, "/sys/class/hwmon", names, sizeof names), 15);
    assert_memory_equal(names, "hwmon0\0hwmon12\0\0", 16);
    assert_int_equal(plat_list(p, "/sys/class/hwmon", names, 15), ERR_FULL);
    assert_memory_equal(names, "hwmon0\0", 8);
    assert_int_equal(plat_list(p, "/sys/class/hwmon/hwmon0", names, sizeof names), 17);
    sim_text(p, "/sys/class/hwmon/hwmon12/name", NULL);
    assert_int_equal(plat_list(p, "/sys/class/hwmon", names, sizeof names), 7);
    assert_true(plat_list(p, "/proc", names, sizeof names) > 40);
    sim_free(w);
}

static void a_text_is_read_once_without_taking_room(void **state)
{
    (void)state;
    struct sim_world *w = sim_new(1);
    struct plat *p = sim_machine(w, "m");
    char path[64], buf[64];
    for (int i = 2000; i < 3000; i++) {
        snprintf(path, sizeof path, "/proc/%d/stat", i);
        assert_int_equal(plat_text_once(p, path, buf, sizeof buf), ERR_MISSING);
        assert_int_equal(plat_text_open(p, path), ERR_MISSING);
    }
    assert_true(plat_text_once(p, "/proc/uptime", buf, sizeof buf) > 0);
    sim_text(p, "/proc/999/stat", "999 (x) S\n");
    assert_int_equal(plat_text_once(p, "/proc/999/stat", buf, sizeof buf), 10);
    assert_int_equal(plat_text_once(p, "/proc/999/stat", buf, 5), ERR_FULL);
    sim_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_never_go_back),
        cmocka_unit_test(texts_are_the_same_within_a_second_and_differ_between),
        cmocka_unit_test(texts_can_be_replaced_and_taken_away),
        cmocka_unit_test(names_are_what_the_paths_make),
        cmocka_unit_test(a_text_is_read_once_without_taking_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
