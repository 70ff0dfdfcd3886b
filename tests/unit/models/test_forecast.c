/* SPDX-License-Identifier: MIT */
/* What repeats is forecast, what grows is foreseen, what does neither is left alone. */
#include "aggregator/analysis/models/forecast.h"

#include <math.h>

#include "aggregator/analysis/models/crossing.h"
#include "tests/unit/unit.h"

#define STEP_S 300
#define HOUR INT64_C(3600)
#define DAY (24 * HOUR)
#define START (20000 * DAY) /* any midnight */

static uint64_t seed;

static double noise(double size)
{
    return ((double)(unit_random(&seed) >> 11) / 9007199254740992.0 - 0.5) * size;
}

static double office_hours(int64_t t)
{
    bool is_weekend = (t / DAY + 4) % 7 >= 5; /* 1970 began on a Thursday */
    int64_t hour = t % DAY / HOUR;
    return !is_weekend && hour >= 8 && hour < 18 ? 60 : 20;
}

static void a_daily_course_is_forecast(void **state)
{
    (void)state;
    static struct forecast f;
    f = (struct forecast){0};
    seed = 1;
    int64_t t = START;
    for (; t < START + 21 * DAY; t += STEP_S)
        forecast_step(&f, t + STEP_S, office_hours(t) + noise(4));
    double missed = 0, inside = 0;
    int asked = 0;
    for (; t < START + 28 * DAY; t += STEP_S) {
        if (t % (7 * HOUR) == 0) {
            struct forecast_level l;
            assert_true(forecast_ask(&f, t, 6 * HOUR, &l));
            double came = office_hours(t + 5 * HOUR);
            missed += fabs(l.value - came);
            inside += l.low - 2 <= came && came <= l.high + 2;
            asked++;
        }
        forecast_step(&f, t + STEP_S, office_hours(t) + noise(4));
    }
    assert_true(missed / asked < 4);
    assert_true(inside / asked > 0.7);
}

static void little_is_no_forecast(void **state)
{
    (void)state;
    static struct forecast f;
    static struct crossing c;
    f = (struct forecast){0};
    c = (struct crossing){0};
    struct forecast_level l;
    struct crossing_time when;
    assert_false(forecast_ask(&f, START, HOUR, &l));
    assert_false(crossing_ask(&c, START, 90, 48 * HOUR, &when));
    int64_t t = START;
    for (; t < START + 23 * HOUR; t += STEP_S) {
        forecast_step(&f, t + STEP_S, 50);
        crossing_step(&c, t + STEP_S, 50);
    }
    assert_false(forecast_ask(&f, t, HOUR, &l));
    assert_false(crossing_ask(&c, t, 90, 48 * HOUR, &when));
    for (; t < START + 25 * HOUR; t += STEP_S)
        forecast_step(&f, t + STEP_S, 50);
    assert_true(forecast_ask(&f, t, HOUR, &l));
    assert_true(l.value == 50 && l.low == 50 && l.high == 50);
}

static struct crossing crossing;

static struct crossing_time ask_after(double (*level)(int64_t), int64_t days)
{
    crossing = (struct crossing){0};
    seed = 2;
    int64_t t = START;
    for (; t < START + days * DAY; t += STEP_S)
        crossing_step(&crossing, t + STEP_S, level(t - START));
    struct crossing_time when;
    assert_true(crossing_ask(&crossing, t, 90, 48 * HOUR, &when));
    assert_true(when.early_s <= when.expected_s && when.expected_s <= when.late_s);
    return when;
}

static double steady_growth(int64_t t)
{
    return 40 + 8.0 * (double)t / DAY + noise(0.4); /* 90 after 6.25 days */
}

static double sawtooth(int64_t t)
{
    return 60 + 20.0 * (double)(t % DAY) / DAY + noise(0.4); /* rotated each night */
}

static double flat(int64_t t)
{
    (void)t;
    return 89 + noise(0.2);
}

static double cleaned(int64_t t)
{
    return 50 + 10.0 * (double)(t % (4 * DAY)) / DAY + noise(0.2) - (t >= 4 * DAY ? 30 : 0);
}

static double filled(int64_t t)
{
    return t < 2 * DAY ? 50 : 91;
}

static void growth_is_foreseen(void **state)
{
    (void)state;
    struct crossing_time when = ask_after(steady_growth, 5);
    assert_in_range(when.expected_s, 24 * HOUR, 36 * HOUR); /* 30 h */
    when = ask_after(steady_growth, 3);
    assert_true(when.expected_s == CROSSING_NEVER); /* 78 h: beyond what was asked for */
}

static void what_repeats_is_no_growth(void **state)
{
    (void)state;
    assert_true(ask_after(sawtooth, 6).expected_s == CROSSING_NEVER);
    assert_true(ask_after(flat, 6).expected_s == CROSSING_NEVER);
}

static void a_cleanup_makes_room(void **state)
{
    (void)state;
    /* 20 % after the cleanup on day 4, ten points a day: nothing to fear for a week */
    assert_true(ask_after(cleaned, 5).expected_s == CROSSING_NEVER);
}

static void what_is_full_is_full(void **state)
{
    (void)state;
    struct crossing_time when = ask_after(filled, 3);
    assert_true(when.early_s == 0 && when.expected_s == 0 && when.late_s == 0);
}

static void gaps_and_steps_of_time(void **state)
{
    (void)state;
    static struct forecast f;
    static struct crossing c;
    f = (struct forecast){0};
    c = (struct crossing){0};
    struct forecast_level l;
    struct crossing_time when;
    const int64_t jumps[] = {0, -DAY, 3 * DAY, 400 * DAY, -399 * DAY, 10 * HOUR};
    int64_t t = START;
    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        t += jumps[i];
        for (int k = 0; k < 1000; k++, t += STEP_S) {
            forecast_step(&f, t, 50 + noise(1));
            crossing_step(&c, t, 50 + noise(1));
        }
        if (forecast_ask(&f, t, 6 * HOUR, &l))
            assert_true(fabs(l.value - 50) < 2 && isfinite(l.low) && isfinite(l.high));
        if (crossing_ask(&c, t, 90, 48 * HOUR, &when))
            assert_true(when.expected_s == CROSSING_NEVER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_daily_course_is_forecast), cmocka_unit_test(little_is_no_forecast),
        cmocka_unit_test(growth_is_foreseen),         cmocka_unit_test(what_repeats_is_no_growth),
        cmocka_unit_test(a_cleanup_makes_room),       cmocka_unit_test(what_is_full_is_full),
        cmocka_unit_test(gaps_and_steps_of_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
