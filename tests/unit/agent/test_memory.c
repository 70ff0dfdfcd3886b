/* SPDX-License-Identifier: MIT */
/* /proc/meminfo of several kernels. */
#include "agent/collect/memory.c"

#include "tests/unit/agent/fixture.h"

static struct memory_reading read_host(const char *host)
{
    struct fixture f = fixture_read(host, "meminfo");
    struct memory_reading r;
    memory_parse(f.text, f.length, &r);
    free(f.text);
    return r;
}

static void small_machine(void **state)
{
    (void)state;
    struct memory_reading r = read_host("vm-x86_64-6.1");
    const uint64_t kib[MEMORY_FIELD_COUNT] = {984392, 101220, 612480, 48212,  540128,  1844,
                                              5180,   92212,  0,      402212, 2097148, 2090236};
    assert_memory_equal(r.kib, kib, sizeof kib);
    assert_false(r.has[MEMORY_FIELD_SLAB_RECLAIMABLE]);
    assert_int_equal(memory_used_kib(&r), 984392 - 612480);
    assert_int_equal(memory_usage(&r), (984392 - 612480) * UINT64_C(10000) / 984392);
    assert_int_equal(memory_swap_used_kib(&r), 2097148 - 2090236);
    assert_int_equal(memory_swap_usage(&r), (2097148 - 2090236) * 10000 / 2097148);
}

static void board(void **state)
{
    (void)state;
    struct memory_reading r = read_host("board-armv7-4.19");
    assert_int_equal(r.kib[MEMORY_FIELD_SHMEM], 9120);
    assert_int_equal(r.kib[MEMORY_FIELD_SLAB], 40211);
    assert_int_equal(r.kib[MEMORY_FIELD_SLAB_RECLAIMABLE], 22044);
    assert_int_equal(r.kib[MEMORY_FIELD_COMMITTED], 331204);
}

static void old_kernel_has_no_available(void **state)
{
    (void)state;
    struct memory_reading r = read_host("old-x86_64-3.10");
    assert_true(r.has[MEMORY_FIELD_AVAILABLE]);
    assert_int_equal(r.kib[MEMORY_FIELD_AVAILABLE], 512000 + 102400 + 409600);
    assert_int_equal(memory_usage(&r), 5000);
    assert_int_equal(memory_swap_used_kib(&r), 0);
    assert_int_equal(memory_swap_usage(&r), ERR_MISSING); /* there is no swap */
}

static void nothing_to_tell(void **state)
{
    (void)state;
    struct memory_reading r;
    memory_parse("MemTotal: 0 kB\nMemAvailable: 5 kB\n", 35, &r);
    assert_int_equal(memory_usage(&r), ERR_MISSING);
    memory_parse("", 0, &r);
    assert_int_equal(memory_usage(&r), ERR_MISSING);
    static const char odd[] = "MemTotal: 10 kB\nMemAvailable: 50 kB\n"; /* more than all: none is used */
    memory_parse(odd, sizeof odd - 1, &r);
    assert_int_equal(memory_usage(&r), 0);
    static const char vast[] = "MemTotal: 9223372036854775807 kB\nMemAvailable: 0 kB\n";
    memory_parse(vast, sizeof vast - 1, &r);
    assert_int_equal(memory_usage(&r), 10000);
}

static void check_cut(const struct fixture *whole, const char *cut, uint32_t length)
{
    struct memory_reading all, some;
    memory_parse(whole->text, whole->length, &all);
    memory_parse(cut, length, &some);
    for (uint32_t i = 0; i < MEMORY_FIELD_COUNT; i++)
        if (some.has[i] && i != MEMORY_FIELD_AVAILABLE)
            assert_true(some.kib[i] == all.kib[i]);
}

static void a_cut_text_tells_nothing_wrong(void **state)
{
    (void)state;
    fixture_cut("meminfo", check_cut);
}

static void harm(const char *text, uint32_t length)
{
    struct memory_reading r;
    memory_parse(text, length, &r);
    int usage = memory_usage(&r);
    assert_true(usage == ERR_MISSING || (usage >= 0 && usage <= 10000));
}

static void noise_does_no_harm(void **state)
{
    (void)state;
    fixture_noise("meminfo", harm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_machine),
        cmocka_unit_test(board),
        cmocka_unit_test(old_kernel_has_no_available),
        cmocka_unit_test(nothing_to_tell),
        cmocka_unit_test(a_cut_text_tells_nothing_wrong),
        cmocka_unit_test(noise_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
