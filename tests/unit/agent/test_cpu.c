/* SPDX-License-Identifier: MIT */
/* /proc/stat of several kernels, and the share of time that was busy. */
#include "agent/collect/cpu.c"

#include "tests/unit/agent/fixture.h"

static struct cpu_reading read_host(const char *host)
{
    struct fixture f = fixture_read(host, "stat");
    struct cpu_reading r;
    cpu_parse(f.text, f.length, &r);
    free(f.text);
    return r;
}

static void small_machine(void **state)
{
    (void)state;
    struct cpu_reading r = read_host("vm-x86_64-6.1");
    const uint64_t ticks[CPU_MODE_COUNT] = {48291, 1204, 20119, 9120344, 3310, 0, 812, 2044};
    assert_true(r.has_ticks);
    assert_memory_equal(r.ticks, ticks, sizeof ticks);
    assert_true(r.has_event[CPU_CONTEXT_SWITCHES] && r.events[CPU_CONTEXT_SWITCHES] == 14210933);
    assert_true(r.has_event[CPU_FORKS] && r.events[CPU_FORKS] == 81233);
    assert_true(r.has_event[CPU_RUNNING] && r.events[CPU_RUNNING] == 2);
    assert_true(r.has_event[CPU_BLOCKED] && r.events[CPU_BLOCKED] == 1);
}

static void many_cpus(void **state)
{
    (void)state;
    struct cpu_reading r = read_host("storage-x86_64-5.15");
    assert_true(r.has_ticks && r.has_event[CPU_BLOCKED]);
    assert_int_equal(r.events[CPU_RUNNING], 17);
    assert_true(r.events[CPU_CONTEXT_SWITCHES] == UINT64_C(88120441204));
}

static void very_old_kernel_has_four_modes(void **state)
{
    (void)state;
    static const char text[] = "cpu 10 20 30 40\nctxt 5\n";
    struct cpu_reading r;
    cpu_parse(text, sizeof text - 1, &r);
    assert_true(r.has_ticks);
    assert_int_equal(r.ticks[CPU_IDLE], 40);
    assert_int_equal(r.ticks[CPU_STEAL], 0);
    cpu_parse("cpu 10 20 30\n", 13, &r);
    assert_false(r.has_ticks);
    assert_false(r.has_event[CPU_FORKS]);
}

static void check_cut(const struct fixture *whole, const char *cut, uint32_t length)
{
    struct cpu_reading all, some;
    cpu_parse(whole->text, whole->length, &all);
    cpu_parse(cut, length, &some);
    if (some.has_ticks)
        assert_memory_equal(some.ticks, all.ticks, sizeof all.ticks);
    for (uint32_t i = 0; i < CPU_EVENT_COUNT; i++)
        if (some.has_event[i])
            assert_true(some.events[i] == all.events[i]);
}

static void a_cut_text_tells_nothing_wrong(void **state)
{
    (void)state;
    fixture_cut("stat", check_cut);
}

static void harm(const char *text, uint32_t length)
{
    static const struct cpu_reading zero = {0};
    struct cpu_reading r;
    cpu_parse(text, length, &r);
    int usage = cpu_usage(&zero, &r);
    assert_true(usage == ERR_AGAIN || (usage >= 0 && usage <= 10000));
}

static void noise_does_no_harm(void **state)
{
    (void)state;
    fixture_noise("stat", harm);
}

static void usage(void **state)
{
    (void)state;
    struct cpu_reading a = {.ticks = {100, 10, 50, 1000, 20, 1, 2, 3}};
    struct cpu_reading b = a;
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
        cmocka_unit_test(many_cpus),
        cmocka_unit_test(very_old_kernel_has_four_modes),
        cmocka_unit_test(a_cut_text_tells_nothing_wrong),
        cmocka_unit_test(noise_does_no_harm),
        cmocka_unit_test(usage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
