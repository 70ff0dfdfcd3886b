/* SPDX-License-Identifier: MIT */
/* Planted troubles (faults.h) in hosts that are measured every ten seconds: the quick proof. The figures are
 * printed; what they must not fall below is asserted. tests/bench/bench_faults.c is the whole measurement. */
#include "tests/unit/analysis/faults.h"

static struct tally planted(uint32_t at, uint32_t hosts)
{
    struct tally t = {0};
    for (uint32_t i = 0; i < hosts; i++)
        host_with_fault(&t, 100 * (at + 1) + i, &faults[at], HOST_EVERY_MS);
    print_message("%-24s planted %2u, told %2u, mean delay %5lld s, more pages %u, false %u in %lld days\n",
                  faults[at].name, t.planted, t.any.found,
                  t.any.found > 0 ? (long long)t.any.delay_ms / 1000 / t.any.found : 0LL, t.repeats,
                  t.false_pages, (long long)t.host_ms / 86400000);
    return t;
}

static void troubles_are_told(void **state)
{
    (void)state;
    static const uint32_t at[] = {SPIKE, LOAD_THAT_STAYS, NEW_LEVEL};
    for (uint32_t i = 0; i < COUNT_OF(at); i++) {
        struct tally t = planted(at[i], 2);
        assert_int_equal(t.any.found, t.planted);
        assert_in_range(t.any.worst_ms, 1, 600000);
        assert_int_equal(t.repeats + t.false_pages, 0);
    }
}

/* Not as load of its own: by the rule for stolen time, and as a pattern that says so. */
static void a_neighbour_is_told_as_one(void **state)
{
    (void)state;
    struct tally t = planted(NEIGHBOUR, 2);
    for (uint32_t k = 0; k < TELLERS_MAX; k++)
        assert_int_equal(t.by[k].found, t.planted);
    assert_int_equal(t.repeats + t.false_pages, 0);
}

/* Foretold a day and more before memory is full; what it may say of it besides is little. */
static void a_leak_is_foretold(void **state)
{
    (void)state;
    struct tally t = planted(LEAK, 1);
    assert_int_equal(t.by[0].found, t.planted);
    assert_true(t.by[0].worst_ms <= HOURS(36) * 60000);
    assert_int_equal(t.by[1].found, t.planted);
    assert_true(t.repeats <= 2);
    assert_int_equal(t.false_pages, 0);
}

static void a_full_disk_is_foretold_and_then_told(void **state)
{
    (void)state;
    struct tally t = planted(FULL_DISK, 1);
    assert_int_equal(t.by[0].found, t.planted);
    assert_int_equal(t.by[1].found, t.planted);
    assert_true(t.by[0].worst_ms < t.by[1].worst_ms);
    assert_true(t.repeats <= 2 * t.planted);
    assert_int_equal(t.false_pages, 0);
}

static void a_blip_does_not_page(void **state)
{
    (void)state;
    assert_int_equal(planted(BLIP, 3).false_pages, 0);
}

/* The same time every night for a week: from then on it is what is usual. */
static void a_nightly_job_is_learnt(void **state)
{
    (void)state;
    struct tally t = {0};
    uint32_t nights[JOB_NIGHTS] = {0};
    host_with_job(&t, 900, HOST_EVERY_MS, 0, nights);
    print_message("nightly job: pages of each night");
    for (uint32_t i = 0; i < JOB_NIGHTS; i++)
        print_message(" %u", nights[i]);
    print_message("\n");
    assert_int_equal(nights[0], 1);
    assert_int_equal(t.false_pages, 0);
}

/* Nothing happens for a month. */
static void a_quiet_host_does_not_page(void **state)
{
    (void)state;
    struct tally t = {0};
    for (uint64_t seed = 21; seed <= 23; seed++)
        quiet_host(&t, seed, HOST_EVERY_MS, 10);
    print_message("quiet: %u pages in a host-month\n", t.false_pages);
    assert_int_equal(t.false_pages, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(troubles_are_told),
        cmocka_unit_test(a_neighbour_is_told_as_one),
        cmocka_unit_test(a_leak_is_foretold),
        cmocka_unit_test(a_full_disk_is_foretold_and_then_told),
        cmocka_unit_test(a_blip_does_not_page),
        cmocka_unit_test(a_nightly_job_is_learnt),
        cmocka_unit_test(a_quiet_host_does_not_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
