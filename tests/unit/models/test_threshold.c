/* SPDX-License-Identifier: MIT */
/* What begins an incident, what prolongs it, what ends it. Samples are a minute apart. */
#include "aggregator/analysis/models/threshold.h"

#include "tests/unit/unit.h"

#define MINUTE INT64_C(60000)

static const struct threshold_rule rule = {
    .level = 90, .clear = 80, .for_ms = 10 * MINUTE, .bridge_ms = 30 * MINUTE, .hold_ms = 60 * MINUTE,
    .gap_ms = 5 * MINUTE,
};
static struct threshold t;
static int64_t minute;
static int begun, ended;

static int fresh(void **state)
{
    (void)state;
    t = (struct threshold){0};
    minute = 1000;
    begun = ended = 0;
    return 0;
}

static void stay(double value, int minutes)
{
    for (int i = 0; i < minutes; i++) {
        enum threshold_change c = threshold_step(&t, &rule, ++minute * MINUTE, value);
        begun += c == THRESHOLD_BEGINS;
        ended += c == THRESHOLD_ENDS;
    }
}

static void begins_when_held(void **state)
{
    (void)state;
    stay(95, 10);
    assert_int_equal(begun, 0);
    stay(95, 1);
    assert_int_equal(begun, 1);
    stay(95, 100);
    assert_int_equal(begun, 1);
}

static void a_break_begins_anew(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        stay(95, 9);
        stay(89, 1);
    }
    assert_int_equal(begun, 0);
}

static void ends_an_hour_after_it_left(void **state)
{
    (void)state;
    stay(95, 11);
    stay(50, 60);
    assert_true(t.is_on);
    stay(50, 1);
    assert_int_equal(ended, 1);
    assert_false(t.is_on);
}

static void goes_on_near_the_level(void **state)
{
    (void)state;
    stay(95, 11);
    stay(85, 300);
    assert_true(t.is_on);
    stay(50, 1);
    stay(85, 59); /* near again, but it had left */
    assert_true(t.is_on);
    stay(85, 1);
    assert_false(t.is_on);
}

static void short_recoveries_are_bridged(void **state)
{
    (void)state;
    stay(95, 11);
    for (int i = 0; i < 10; i++) {
        stay(50, 29);
        stay(95, 2);
    }
    assert_true(t.is_on && begun == 1 && ended == 0);
}

static void lone_spikes_do_not_prolong(void **state)
{
    (void)state;
    stay(95, 11);
    stay(50, 40);
    stay(99, 3); /* 40 minutes later and short: another story */
    stay(50, 18);
    assert_false(t.is_on);
    assert_int_equal(begun, 1);
}

static void a_gap_is_no_proof(void **state)
{
    (void)state;
    stay(95, 6);
    minute += 30;
    stay(95, 6);
    assert_int_equal(begun, 0);
    stay(95, 5);
    assert_int_equal(begun, 1);
}

static void old_samples_are_passed_over(void **state)
{
    (void)state;
    stay(95, 5);
    minute -= 5;
    stay(10, 5);
    stay(95, 6);
    assert_int_equal(begun, 1);
}

static void low_values_can_be_the_bad_ones(void **state)
{
    (void)state;
    const struct threshold_rule low = {.level = 5, .clear = 10, .below = true, .gap_ms = MINUTE};
    struct threshold l = {0};
    assert_int_equal(threshold_step(&l, &low, MINUTE, 6), THRESHOLD_SAME);
    assert_int_equal(threshold_step(&l, &low, MINUTE + 1, 5), THRESHOLD_BEGINS);
    assert_int_equal(threshold_step(&l, &low, MINUTE + 2, 9), THRESHOLD_SAME);
    assert_int_equal(threshold_step(&l, &low, MINUTE + 3, 11), THRESHOLD_ENDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(begins_when_held, fresh),
        cmocka_unit_test_setup(a_break_begins_anew, fresh),
        cmocka_unit_test_setup(ends_an_hour_after_it_left, fresh),
        cmocka_unit_test_setup(goes_on_near_the_level, fresh),
        cmocka_unit_test_setup(short_recoveries_are_bridged, fresh),
        cmocka_unit_test_setup(lone_spikes_do_not_prolong, fresh),
        cmocka_unit_test_setup(a_gap_is_no_proof, fresh),
        cmocka_unit_test_setup(old_samples_are_passed_over, fresh),
        cmocka_unit_test_setup(low_values_can_be_the_bad_ones, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
