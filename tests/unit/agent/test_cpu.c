/* SPDX-License-Identifier: MIT */
/* /proc/stat of several kernels, and the share of time that was busy. */
#include "agent/collect/cpu.c"

#include "tests/unit/agent/fixture.h"

static struct cpu_reading r;

static void read_host(const char *host)
{
    struct fixture f = fixture_read(host, "stat");
    cpu_parse(f.text, f.length, &r);
    free(f.text);
}

static void small_machine(void **state)
{
    (void)state;
    read_host("vm-x86_64-6.1");
    const uint64_t ticks[CPU_MODE_COUNT] = {48291, 1204, 20119, 9120344, 3310, 0, 812, 2044};
    assert_true(r.has_ticks);
    assert_memory_equal(r.ticks, ticks, sizeof ticks);
    assert_true(r.has_event[CPU_CONTEXT_SWITCHES] && r.events[CPU_CONTEXT_SWITCHES] == 14210933);
    assert_true(r.has_event[CPU_FORKS] && r.events[CPU_FORKS] == 81233);
    assert_true(r.has_event[CPU_RUNNING] && r.events[CPU_RUNNING] == 2);
    assert_true(r.has_event[CPU_BLOCKED] && r.events[CPU_BLOCKED] == 1);
    assert_int_equal(r.core_count, 1);
    assert_int_equal(r.cores[0].idle, 9120344 + 3310);
    assert_int_equal(r.cores[0].busy, 48291 + 1204 + 20119 + 812 + 2044);
    assert_memory_equal(r.core_ticks[0], ticks, sizeof ticks);
}

static void one_cpu_of_the_board_is_switched_off(void **state)
{
    (void)state;
    read_host("board-armv7-4.19");
    assert_int_equal(r.core_count, 3);
    assert_int_equal(r.cores[1].number, 1);
    assert_int_equal(r.cores[2].number, 3);
    assert_int_equal(r.core_ticks[2][CPU_SYSTEM], 13100);
    assert_true(r.has_event[CPU_BOOT_TIME] && r.events[CPU_BOOT_TIME] == 1609459200);
}

static void many_cpus(void **state)
{
    (void)state;
    read_host("storage-x86_64-5.15");
    assert_true(r.has_ticks && r.has_event[CPU_BLOCKED]);
    assert_int_equal(r.events[CPU_RUNNING], 17);
    assert_true(r.events[CPU_CONTEXT_SWITCHES] == UINT64_C(88120441204));
    assert_int_equal(r.core_count, 128);
    assert_int_equal(r.cores_skipped, 0);
    assert_int_equal(r.cores[127].number, 127);
}

static void very_old_kernel_has_four_modes(void **state)
{
    (void)state;
    static const char text[] = "cpu 10 20 30 40\nctxt 5\n";
    cpu_parse(text, sizeof text - 1, &r);
    assert_true(r.has_ticks);
    assert_int_equal(r.ticks[CPU_IDLE], 40);
    assert_int_equal(r.ticks[CPU_STEAL], 0);
    cpu_parse("cpu 10 20 30\n", 13, &r);
    assert_false(r.has_ticks);
    assert_false(r.has_event[CPU_FORKS]);
}

static void more_cpus_than_are_watched(void **state)
{
    (void)state;
    static char text[20000];
    uint32_t length = 0;
    for (uint32_t i = 0; i < CORES_MAX + 3; i++)
        length += (uint32_t)snprintf(text + length, sizeof text - length, "cpu%u %u 0 0 9 0 0 0 0\n", i, i);
    length += (uint32_t)snprintf(text + length, sizeof text - length,
                                 "cpux 1 2 3 4\ncpu7y 1 2 3 4\ncpu8 1 2 3\nctxt 5\n");
    cpu_parse(text, length, &r);
    assert_int_equal(r.core_count, CORES_MAX);
    assert_int_equal(r.cores_skipped, 3);
    assert_int_equal(r.cores[CORES_MAX - 1].busy, CORES_MAX - 1);
    assert_true(r.has_event[CPU_CONTEXT_SWITCHES]);
}

static void share_of_one_cpu(void **state)
{
    (void)state;
    static const char before[] = "cpu0 10 0 0 100 5 0 0 0\ncpu1 20 0 0 100 0 0 0 0\n";
    static const char after[] = "cpu1 20 5 10 150 15 0 0 20 7 7\ncpu2 1 1 1 1 1 1 1 1\n"; /* 0 is off, 2 on */
    static struct cpu_reading was;
    cpu_parse(before, sizeof before - 1, &was);
    cpu_parse(after, sizeof after - 1, &r);
    assert_int_equal(cpu_core_usage(&was, &r, 0), 35 * 10000 / 100);
    assert_int_equal(cpu_core_usage(&was, &r, 1), ERR_AGAIN);
    assert_int_equal(cpu_core_usage(&r, &r, 0), ERR_AGAIN);
}

static void guests(void **state)
{
    (void)state;
    static const char text[] = "cpu 100 50 0 9 0 0 0 0 60 12\n";
    cpu_parse(text, sizeof text - 1, &r);
    assert_int_equal(r.guest[CPU_GUEST], 60);
    assert_int_equal(r.guest[CPU_GUEST_NICE], 12);
    assert_int_equal(r.ticks[CPU_USER], 100);
}

static void check_cut(const struct fixture *whole, const char *cut, uint32_t length)
{
    static struct cpu_reading all, some;
    cpu_parse(whole->text, whole->length, &all);
    cpu_parse(cut, length, &some);
    if (some.has_ticks)
        assert_memory_equal(some.ticks, all.ticks, sizeof all.ticks);
    for (uint32_t i = 0; i < CPU_EVENT_COUNT; i++)
        if (some.has_event[i])
            assert_true(some.events[i] == all.events[i]);
    assert_true(some.core_count <= all.core_count);
    assert_memory_equal(some.cores, all.cores, some.core_count * sizeof some.cores[0]);
}

static void a_cut_text_tells_nothing_wrong(void **state)
{
    (void)state;
    fixture_cut("stat", check_cut);
}

static void harm(const char *text, uint32_t length)
{
    static const struct cpu_reading zero = {0};
    cpu_parse(text, length, &r);
    int usage = cpu_usage(&zero, &r);
    assert_true(usage == ERR_AGAIN || (usage >= 0 && usage <= 10000));
    for (uint32_t i = 0; i < r.core_count; i++) {
        int share_of_core = cpu_core_usage(&zero, &r, i);
        assert_true(share_of_core == ERR_AGAIN || (share_of_core >= 0 && share_of_core <= 10000));
    }
}

static void noise_does_no_harm(void **state)
{
    (void)state;
    fixture_noise("stat", harm);
}

static void usage(void **state)
{
    (void)state;
    static struct cpu_reading a, b;
    a = (struct cpu_reading) {.ticks = {100, 10, 50, 1000, 20, 1, 2, 3}};
    b = a;
    assert_int_equal(cpu_usage(&a, &b), ERR_AGAIN);
    b.ticks[CPU_IDLE] += 75;
    b.ticks[CPU_IOWAIT] += 5;
    b.ticks[CPU_USER] += 15;
    b.ticks[CPU_STEAL] += 5;
    assert_int_equal(cpu_usage(&a, &b), 2000);
    b.ticks[CPU_IOWAIT] = 3; /* goes back now and then */
    assert_int_equal(cpu_usage(&a, &b), 20 * 10000 / 95);
    b = a;
    b.ticks[CPU_SYSTEM] += 7;
    assert_int_equal(cpu_usage(&a, &b), 10000);
    for (uint32_t i = 0; i < CPU_MODE_COUNT; i++)
        b.ticks[i] = UINT64_MAX;
    assert_in_range(cpu_usage(&a, &b), 0, 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_machine),
        cmocka_unit_test(one_cpu_of_the_board_is_switched_off),
        cmocka_unit_test(many_cpus),
        cmocka_unit_test(more_cpus_than_are_watched),
        cmocka_unit_test(share_of_one_cpu),
        cmocka_unit_test(guests),
        cmocka_unit_test(very_old_kernel_has_four_modes),
        cmocka_unit_test(a_cut_text_tells_nothing_wrong),
        cmocka_unit_test(noise_does_no_harm),
        cmocka_unit_test(usage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
