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

/* --- what grows, and what only seems to --- */

static double grows(int64_t t)
{
    return 34 + 0.95 * (double)(t > 4 * DAY ? t - 4 * DAY : 0) / HOUR; /* flat for four days before */
}

static double grows_by_day(int64_t t)
{
    return 50 + 0.2 * (double)t / HOUR + 5 * sin(2 * acos(-1.0) * (double)t / DAY);
}

static double steps(int64_t t)
{
    return t < 5 * DAY ? 40 : 60;
}

static double rotated(int64_t t)
{
    return 50 + 20.0 * (double)(t % DAY) / DAY;
}

static double idle(int64_t t)
{
    (void)t;
    return 50;
}

static struct forecast fed;
static int64_t fed_s;

static void feed(double (*level)(int64_t), int64_t hours, double noise_size)
{
    fed = (struct forecast){0};
    seed = 3;
    fed_s = hours * HOUR;
    for (int64_t t = 0; t < fed_s; t += STEP_S)
        forecast_step(&fed, START + t + STEP_S, level(t) + noise(noise_size));
}

static struct forecast_level ask_level(int64_t hours)
{
    struct forecast_level l;
    assert_true(forecast_ask(&fed, START + fed_s, hours * HOUR, &l));
    assert_true(l.low <= l.value && l.value <= l.high);
    return l;
}

/* Up to `hours` ahead the value is off by `most` at the worst, and has room to both sides. */
static void expect_course(double (*level)(int64_t), int64_t hours, double most)
{
    for (int64_t q = 1; q <= hours; q++) {
        struct forecast_level l = ask_level(q);
        double came = level(fed_s + q * HOUR - HOUR / 2);
        if (fabs(l.value - came) > most)
            fail_msg("in %d h: %.2f instead of %.2f", (int)q, l.value, came);
        assert_true(l.low < l.value && l.value < l.high);
        assert_true(l.low - 0.5 <= came && came <= l.high + 0.5);
    }
}

static void steady_growth_goes_on(void **state)
{
    (void)state;
    feed(grows, 4 * 24 + 60, 0.06);
    expect_course(grows, 48, 1);
    for (int64_t q = 2; q <= 48; q++)
        assert_true(ask_level(q).value > ask_level(q - 1).value);
    assert_true(ask_level(24).low > 105); /* 113: that it stays as it was is not thought possible */
}

static void growth_with_a_daily_course_goes_on(void **state)
{
    (void)state;
    feed(grows_by_day, 7 * 24, 0.06);
    expect_course(grows_by_day, 48, 1);
}

static void a_step_is_no_growth(void **state)
{
    (void)state;
    for (int64_t after = 3; after <= 60; after += 3) {
        feed(steps, 5 * 24 + after, 0.06);
        for (int64_t q = 1; q <= 48; q++) {
            struct forecast_level l = ask_level(q);
            assert_true(l.value > 39 && l.value < 61); /* as before or as now, never beyond */
            assert_true(l.low < 61 && l.high > 59);    /* what it is now is among what is thought possible */
            if (after >= 30)
                assert_true(l.value > 59);
        }
    }
}

static void what_is_rotated_does_not_grow(void **state)
{
    (void)state;
    feed(rotated, 7 * 24 + 14, 0.06);
    expect_course(rotated, 48, 1);
}

static void what_is_idle_stays(void **state)
{
    (void)state;
    feed(idle, 7 * 24, 0);
    for (int64_t q = 1; q <= 168; q++) {
        struct forecast_level l = ask_level(q);
        assert_true(l.value == 50 && l.low == 50 && l.high == 50);
    }
}

static void what_cannot_be_is_cut_off(void **state)
{
    (void)state;
    feed(grows, 4 * 24 + 60, 0.06);
    struct forecast_level l = ask_level(48), before = l;
    assert_true(l.value > 120);
    forecast_bound(&l, 0, 100);
    assert_true(l.value == 100 && l.low == 100 && l.high == 100);
    l = before;
    forecast_bound(&l, 0, 1000);
    assert_true(l.value == before.value && l.low == before.low && l.high == before.high);
    l = (struct forecast_level){.value = 3, .low = -4, .high = 120};
    forecast_bound(&l, 0, 100);
    assert_true(l.value == 3 && l.low == 0 && l.high == 100);
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
    assert_true(when.early_s < when.expected_s && when.expected_s < when.late_s);
    assert_true(when.early_s > 15 * HOUR);
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
        cmocka_unit_test(gaps_and_steps_of_time),     cmocka_unit_test(steady_growth_goes_on),
        cmocka_unit_test(growth_with_a_daily_course_goes_on),
        cmocka_unit_test(a_step_is_no_growth),        cmocka_unit_test(what_is_rotated_does_not_grow),
        cmocka_unit_test(what_is_idle_stays),         cmocka_unit_test(what_cannot_be_is_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
