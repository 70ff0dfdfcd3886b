/* SPDX-License-Identifier: MIT */
/* An allowance of traffic: months of any length, when it will be used up, and when nothing is to be said. */
#include <math.h>

#include "tests/unit/unit.h"

#include "aggregator/analysis/models/allowance.h"
#include "platform/base/base.h"

#define DAY INT64_C(86400)
#define HOUR INT64_C(3600)
#define MARCH INT64_C(1772323200) /* 2026-03-01T00:00:00Z */

static void test_months_end_when_they_do(void **state)
{
    (void)state;
    const struct {
        int64_t now_s, end_s;
    } months[] = {
        {MARCH, MARCH + 31 * DAY},
        {MARCH - 1, MARCH},
        {MARCH - 28 * DAY, MARCH},                /* February 2026 */
        {MARCH + 31 * DAY - 1, MARCH + 31 * DAY},
        {MARCH + 31 * DAY, MARCH + 61 * DAY},     /* April */
        {INT64_C(1709164800), INT64_C(1709251200)}, /* 2024-02-29, to 2024-03-01 */
        {INT64_C(1798675200), INT64_C(1798761600)}, /* 2026-12-31, to 2027-01-01 */
        {INT64_C(4107542400) - 1, INT64_C(4107542400)}, /* 2100 has no 29 February */
    };
    for (uint32_t i = 0; i < COUNT_OF(months); i++)
        assert_int_equal(allowance_month_end_s(months[i].now_s), months[i].end_s);
}

/* So much a day, an hour at a time, from `from_s` on for so many days. */
static int64_t grow(struct allowance *a, int64_t from_s, uint32_t days, double a_day)
{
    double value = a->value;
    for (uint32_t h = 1; h <= days * 24; h++)
        allowance_step(a, from_s + h * HOUR, value += a_day / 24);
    return from_s + days * DAY;
}

static void test_it_says_when(void **state)
{
    (void)state;
    struct allowance a = {0};
    struct crossing_time t;
    allowance_step(&a, MARCH, 0);
    assert_false(allowance_ask(&a, MARCH, MARCH + 31 * DAY, &t));
    int64_t now_s = grow(&a, MARCH, 9, 5); /* 45 %: 11 more days */
    assert_true(allowance_ask(&a, now_s, allowance_month_end_s(now_s), &t));
    assert_in_range(t.expected_s, 11 * DAY - HOUR, 11 * DAY + HOUR);
    assert_true(t.early_s < t.expected_s && t.late_s > t.expected_s);
}

static void test_what_lasts_is_not_told(void **state)
{
    (void)state;
    struct allowance a = {0};
    struct crossing_time t;
    allowance_step(&a, MARCH, 0);
    int64_t now_s = grow(&a, MARCH, 9, 3); /* 93 % at the end */
    assert_false(allowance_ask(&a, now_s, allowance_month_end_s(now_s), &t));
    struct allowance still = {0};
    now_s = grow(&still, MARCH, 9, 0);
    assert_false(allowance_ask(&still, now_s, allowance_month_end_s(now_s), &t));
}

/* The month begins anew, and what the days took goes on to be known. */
static void test_a_new_month_is_no_fall(void **state)
{
    (void)state;
    struct allowance a = {0};
    struct crossing_time t;
    allowance_step(&a, MARCH - 8 * DAY, 60);
    (void)grow(&a, MARCH - 8 * DAY, 8, 4);
    allowance_step(&a, MARCH + HOUR, 0.2);
    assert_true(allowance_ask(&a, MARCH + HOUR, MARCH + 31 * DAY, &t));
    assert_in_range(t.expected_s, 24 * DAY, 26 * DAY);
}

/* One day with a backup of everything says nothing about the others. */
static void test_one_great_day_is_left_out(void **state)
{
    (void)state;
    struct allowance a = {0};
    struct crossing_time t;
    allowance_step(&a, MARCH, 0);
    int64_t now_s = grow(&a, MARCH, 4, 1);
    now_s = grow(&a, now_s, 1, 30);
    now_s = grow(&a, now_s, 2, 1);
    assert_false(allowance_ask(&a, now_s, allowance_month_end_s(now_s), &t));
}

static void test_nonsense_is_passed_over(void **state)
{
    (void)state;
    struct allowance a = {0};
    struct crossing_time t;
    allowance_step(&a, MARCH, 0);
    int64_t now_s = grow(&a, MARCH, 9, 5);
    const double bad[] = {NAN, -INFINITY, INFINITY, -3, 1e12};
    for (uint32_t i = 0; i < COUNT_OF(bad); i++)
        allowance_step(&a, now_s, bad[i]);
    allowance_step(&a, MARCH, 99);             /* of the past */
    assert_true(allowance_ask(&a, now_s, allowance_month_end_s(now_s), &t));
    assert_in_range(t.expected_s, 11 * DAY - HOUR, 11 * DAY + HOUR);
    allowance_step(&a, now_s + 400 * DAY, 50); /* a pause of more than is remembered */
    now_s += 400 * DAY;
    (void)allowance_ask(&a, now_s, allowance_month_end_s(now_s), &t);
    allowance_step(&a, now_s, 100);
    assert_false(allowance_ask(&a, now_s, allowance_month_end_s(now_s), &t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_months_end_when_they_do), cmocka_unit_test(test_it_says_when),
        cmocka_unit_test(test_what_lasts_is_not_told),  cmocka_unit_test(test_a_new_month_is_no_fall),
        cmocka_unit_test(test_one_great_day_is_left_out), cmocka_unit_test(test_nonsense_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
