/* SPDX-License-Identifier: MIT */
/* What moved: steps, spikes among the usual values, gaps, and noise that is no movement. */
#include <math.h>

#include "tests/unit/unit.h"

#include "aggregator/analysis/words/moved.h"

#define COUNT 150U
#define BASELINE 120U
#define FROM 130U

static double values[COUNT];

static double noise(uint64_t *random, double size)
{
    return size * ((double)(unit_random(random) % 10001) / 5000.0 - 1);
}

static void fill(double middle, double size)
{
    uint64_t random = 42;
    for (uint32_t i = 0; i < COUNT; i++)
        values[i] = middle + noise(&random, size);
}

static void a_step_is_noticed_where_it_began(void **state)
{
    (void)state;
    fill(20, 2);
    for (uint32_t i = 126; i < COUNT; i++)
        values[i] += 50;
    struct moved m = moved_of(values, COUNT, BASELINE, FROM, 3);
    assert_true(m.has_baseline && m.is_noticeable);
    assert_true(m.before > 18 && m.before < 22 && m.during > 68 && m.during < 72 && m.deviations > 20);
    assert_int_equal(m.onset, 126);
    for (uint32_t i = 126; i < COUNT; i++)
        values[i] -= 65; /* and down */
    m = moved_of(values, COUNT, BASELINE, FROM, 3);
    assert_true(m.is_noticeable && m.deviations < -5);
    values[127] = values[128] = NAN; /* two minutes without a sample do not break it */
    assert_int_equal(moved_of(values, COUNT, BASELINE, FROM, 3).onset, 126);
}

static void outliers_before_change_nothing(void **state)
{
    (void)state;
    fill(20, 2);
    for (uint32_t i = 0; i < BASELINE; i += 20)
        values[i] = 100;
    for (uint32_t i = FROM; i < COUNT; i++)
        values[i] += 60;
    struct moved m = moved_of(values, COUNT, BASELINE, FROM, 3);
    assert_true(m.is_noticeable && m.before < 22);
}

static void noise_and_trifles_are_no_movement(void **state)
{
    (void)state;
    uint64_t random = 1;
    for (uint32_t round = 0; round < 500; round++) {
        for (uint32_t i = 0; i < COUNT; i++)
            values[i] = 50 + noise(&random, 30);
        assert_false(moved_of(values, COUNT, BASELINE, FROM, 3).is_noticeable);
    }
    for (uint32_t i = 0; i < COUNT; i++)
        values[i] = i < FROM ? 1 : 2.5; /* perfectly steady, and a percent and a half more */
    assert_false(moved_of(values, COUNT, BASELINE, FROM, 3).is_noticeable);
    for (uint32_t i = 0; i < COUNT; i++)
        values[i] = i < FROM ? 1000 : 1100; /* many deviations, a tenth */
    assert_false(moved_of(values, COUNT, BASELINE, FROM, 3).is_noticeable);
    for (uint32_t i = 0; i < COUNT; i++)
        values[i] = 0;
    assert_false(moved_of(values, COUNT, BASELINE, FROM, 0).is_noticeable);
}

static void too_few_values_are_no_baseline(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < COUNT; i++)
        values[i] = i < BASELINE - (MOVED_BASELINE_LEAST - 1) ? NAN : 5;
    assert_false(moved_of(values, COUNT, BASELINE, FROM, 3).has_baseline);
    values[0] = 5;
    assert_true(moved_of(values, COUNT, BASELINE, FROM, 3).has_baseline);
    for (uint32_t i = FROM; i < COUNT; i++)
        values[i] = NAN;
    assert_false(moved_of(values, COUNT, BASELINE, FROM, 3).has_baseline);
    assert_false(moved_of(values, COUNT, FROM + 1, FROM, 3).has_baseline);
    assert_false(moved_of(values, MOVED_POINTS_MAX + 1, 1, 2, 3).has_baseline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_is_noticed_where_it_began),
        cmocka_unit_test(outliers_before_change_nothing),
        cmocka_unit_test(noise_and_trifles_are_no_movement),
        cmocka_unit_test(too_few_values_are_no_baseline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
