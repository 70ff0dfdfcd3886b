/* SPDX-License-Identifier: MIT */
/* /proc/pressure of several kernels. */
#include "agent/collect/pressure.c"

#include "tests/unit/agent/fixture.h"

static struct pressure_reading read_host(const char *host, const char *name)
{
    struct fixture f = fixture_read(host, name);
    struct pressure_reading r;
    pressure_parse(f.text, f.length, &r);
    free(f.text);
    return r;
}

static void small_machine(void **state)
{
    (void)state;
    struct pressure_reading r = read_host("vm-x86_64-6.1", "pressure/io");
    assert_true(r.has[PRESSURE_SOME] && r.has[PRESSURE_FULL]);
    assert_int_equal(r.avg10_x100[PRESSURE_SOME], 1250);
    assert_int_equal(r.total_us[PRESSURE_SOME], 331203441);
    assert_int_equal(r.avg10_x100[PRESSURE_FULL], 987);
    assert_int_equal(r.total_us[PRESSURE_FULL], 224021130);
    r = read_host("storage-x86_64-5.15", "pressure/io");
    assert_true(r.total_us[PRESSURE_SOME] == UINT64_C(88120441203312));
}

static void older_kernels_tell_only_some_of_the_cpu(void **state)
{
    (void)state;
    struct pressure_reading r = read_host("board-aarch64-5.10", "pressure/cpu");
    assert_true(r.has[PRESSURE_SOME]);
    assert_false(r.has[PRESSURE_FULL]);
    assert_int_equal(r.avg10_x100[PRESSURE_SOME], 31);
}

static bool tells(const char *text)
{
    struct pressure_reading r;
    pressure_parse(text, (uint32_t)strlen(text), &r);
    return r.has[PRESSURE_SOME] || r.has[PRESSURE_FULL];
}

static void only_what_is_whole(void **state)
{
    (void)state;
    assert_true(tells("some avg10=0.00 total=5\n"));
    assert_true(tells("some total=5 avg10=100.00 avg9=x\n")); /* any order, and what is to come */
    assert_false(tells("some avg10=0.00 total=5"));
    assert_false(tells("some avg10=0.00\n"));
    assert_false(tells("some avg10=100.01 total=5\n"));
    assert_false(tells("some avg10=0.0 total=5\n"));
    assert_false(tells("some avg10=0.00 total=-5\n"));
    assert_false(tells("none avg10=0.00 total=5\n"));
    assert_false(tells(""));
}

static void check_cut(const struct fixture *whole, const char *cut, uint32_t length)
{
    struct pressure_reading all, some;
    pressure_parse(whole->text, whole->length, &all);
    pressure_parse(cut, length, &some);
    for (uint32_t i = 0; i < PRESSURE_KIND_COUNT; i++)
        if (some.has[i])
            assert_true(some.total_us[i] == all.total_us[i] && some.avg10_x100[i] == all.avg10_x100[i]);
}

static void a_cut_text_tells_nothing_wrong(void **state)
{
    (void)state;
    fixture_cut("pressure/io", check_cut);
    fixture_cut("pressure/cpu", check_cut);
}

static void harm(const char *text, uint32_t length)
{
    struct pressure_reading r;
    pressure_parse(text, length, &r);
    for (uint32_t i = 0; i < PRESSURE_KIND_COUNT; i++)
        assert_true(!r.has[i] || r.avg10_x100[i] <= 10000);
}

static void noise_does_no_harm(void **state)
{
    (void)state;
    fixture_noise("pressure/memory", harm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_machine),
        cmocka_unit_test(older_kernels_tell_only_some_of_the_cpu),
        cmocka_unit_test(only_what_is_whole),
        cmocka_unit_test(a_cut_text_tells_nothing_wrong),
        cmocka_unit_test(noise_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
