/* SPDX-License-Identifier: MIT */
/* Counting what is different: how far off, over many draws. */
#include "agent/inputs/distinct.c"

#include <stdio.h>

#include "tests/unit/unit.h"

static struct distinct d;

static uint64_t count_of(uint32_t different, uint32_t round, uint32_t repeats)
{
    char text[32];
    distinct_clear(&d);
    for (uint32_t i = 0; i < different * repeats; i++) {
        int n = snprintf(text, sizeof text, "user-%u-%u", round, i % different);
        distinct_add(&d, text, (uint32_t)n);
    }
    return distinct_count(&d);
}

static void few_are_nearly_exact(void **state)
{
    (void)state;
    distinct_clear(&d);
    assert_int_equal(distinct_count(&d), 0);
    for (uint32_t round = 0; round < 50; round++) {
        assert_int_equal(count_of(1, round, 5), 1);
        assert_in_range(count_of(10, round, 3), 8, 10);
        assert_in_range(count_of(100, round, 2), 90, 110);
    }
}

/* The root of the mean square of the relative error. */
static double typical_error(uint32_t different, uint32_t rounds)
{
    double sum = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        double off = ((double)count_of(different, round, 1) - different) / different;
        sum += off * off;
    }
    return sum / rounds;
}

static void many_keep_the_promise(void **state)
{
    (void)state;
    static const uint32_t counts[] = {300, 1000, 2500, 3000, 5000, 20000};
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        double error = typical_error(counts[i], 60);
        if (error > 0.045 * 0.045)
            fail_msg("%u different: mean square error %f", counts[i], error);
    }
    assert_in_range(count_of(1000000, 1, 1), 900000, 1100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_are_nearly_exact),
        cmocka_unit_test(many_keep_the_promise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
