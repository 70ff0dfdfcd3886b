/* SPDX-License-Identifier: MIT */
/* Planted patterns are found, with their numbers; noise, random walks, seasons and sawtooths hold none. */
#include <math.h>

#include "tests/unit/unit.h"

#include "aggregator/analysis/patterns/finders.h"

static struct course c, d;
static uint64_t random_state;

static double uniform(void)
{
    return (double)(unit_random(&random_state) % 2000001) / 1000000.0 - 1;
}

/* About normal. */
static double normal(void)
{
    return uniform() + uniform() + uniform();
}

static void fill(double middle, double size)
{
    for (uint32_t i = 0; i < COURSE_HOURS; i++)
        c.v[i] = (float)(middle + size * normal());
}

static void a_spike_of_each_night_is_found(void **state)
{
    (void)state;
    struct spike s;
    random_state = 1;
    fill(20, 2);
    for (uint32_t day = 0; day < 7; day++)
        c.v[day * 24 + 5] = c.v[day * 24 + 6] = 80; /* v[0] is 21:00: 02:00 and 03:00 */
    assert_true(spike_find(&c, 21, 3, &s));
    assert_int_equal(s.hour, 2);
    assert_int_equal(s.length, 2);
    assert_int_equal(s.days, 7);
    assert_true(s.peak > 79 && s.usual > 18 && s.usual < 22);
    c.v[5] = c.v[29] = 20; /* twice it did not come: five of seven are too few */
    assert_false(spike_find(&c, 21, 3, &s) && s.hour == 2);
    c.v[29] = 80;
    assert_true(spike_find(&c, 21, 3, &s));
    assert_int_equal(s.days, 6);
    for (uint32_t i = 0; i < 24 * 4; i++) /* too young */
        c.v[i] = NAN;
    assert_false(spike_find(&c, 21, 3, &s));
}

static void a_spike_over_midnight_is_one(void **state)
{
    (void)state;
    struct spike s;
    random_state = 2;
    fill(20, 1);
    for (uint32_t day = 0; day < 7; day++)
        c.v[day * 24 + 23] = c.v[day * 24] = 90;
    assert_true(spike_find(&c, 0, 3, &s));
    assert_int_equal(s.hour, 23);
    assert_int_equal(s.length, 2);
}

static void a_leak_is_found_with_its_rate(void **state)
{
    (void)state;
    struct leak l;
    random_state = 3;
    for (uint32_t i = 0; i < COURSE_HOURS; i++)
        c.v[i] = (float)(1e9 + 2e6 * i + 1e7 * normal());
    assert_true(leak_find(&c, 1e7, &l));
    assert_true(l.per_day > 45e6 && l.per_day < 51e6 && l.hours == COURSE_HOURS && l.agreement > 0.8);
    for (uint32_t i = 0; i < COURSE_HOURS; i += 17)
        c.v[i] = 9e9F; /* outliers */
    assert_true(leak_find(&c, 1e7, &l));
    assert_true(l.per_day > 40e6 && l.per_day < 56e6);
    for (uint32_t i = 0; i < COURSE_HOURS - 40; i++) /* a host of forty hours */
        c.v[i] = NAN;
    assert_false(leak_find(&c, 1e7, &l));
}

static void seasons_sawtooths_and_steps_are_no_leaks(void **state)
{
    (void)state;
    struct leak l;
    random_state = 4;
    for (uint32_t i = 0; i < COURSE_HOURS; i++)
        c.v[i] = (float)(1e9 + 3e8 * sin(i * 6.2832 / 24) + 1e7 * normal());
    assert_false(leak_find(&c, 1e7, &l));
    for (uint32_t i = 0; i < COURSE_HOURS; i++)
        c.v[i] = (float)(1e9 + 2e7 * (i % 36)); /* rotated every day and a half */
    assert_false(leak_find(&c, 1e7, &l));
    for (uint32_t i = 0; i < COURSE_HOURS; i++)
        c.v[i] = (float)((i < 80 ? 1e9 : 2e9) + 1e6 * normal()); /* something was installed */
    assert_false(leak_find(&c, 1e7, &l));
}

static void noise_holds_no_pattern(void **state)
{
    (void)state;
    uint32_t spikes = 0, leaks = 0, pairs = 0, walks = 0;
    random_state = 5;
    for (uint32_t round = 0; round < 1000; round++) {
        struct spike s;
        struct leak l;
        fill(50, 10);
        d = c;
        spikes += spike_find(&c, round % 24, 3, &s);
        leaks += leak_find(&c, 3, &l);
        fill(50, 10);
        pairs += fabs(together(&c, &d, 1, 1)) > 0.8;
        double at = 50;
        for (uint32_t i = 0; i < COURSE_HOURS; i++)
            c.v[i] = (float)(at += normal());
        walks += leak_find(&c, 3, &l);
    }
    assert_int_equal(spikes, 0);
    assert_int_equal(leaks, 0);
    assert_int_equal(pairs, 0);
    assert_in_range(walks, 0, 30); /* of a thousand walks without a direction */
}

static void what_moves_together_is_told_from_what_shares_a_day(void **state)
{
    (void)state;
    random_state = 6;
    fill(50, 10);
    for (uint32_t i = 0; i < COURSE_HOURS; i++)
        d.v[i] = (float)(300 - 2 * (double)c.v[i] + normal());
    assert_true(together(&c, &d, 1, 1) < -0.95);
    for (uint32_t i = 0; i < COURSE_HOURS; i++) { /* the same slow day, each with noise of its own */
        c.v[i] = (float)(50 + 10 * sin(i * 6.2832 / 24) + 4 * normal());
        d.v[i] = (float)(50 + 10 * sin(i * 6.2832 / 24) + 4 * normal());
    }
    assert_true(together(&c, &d, 1, 1) < 0.6);
    for (uint32_t i = 0; i < COURSE_HOURS; i++)
        d.v[i] = i < 100 ? NAN : c.v[i];
    assert_true(together(&c, &d, 1, 1) == 0); /* too little in common */
    assert_true(together(&c, &c, 1000, 1000) == 0); /* trifles */
}

static void neighbours_are_told_from_own_work(void **state)
{
    (void)state;
    struct neighbour n;
    struct course steal;
    random_state = 7;
    for (uint32_t i = 0; i < COURSE_HOURS; i++) {
        steal.v[i] = i >= COURSE_HOURS - 6 ? 15 : 0;
        c.v[i] = 20 + steal.v[i];
    }
    assert_true(neighbour_find(&c, &steal, NULL, &n));
    assert_int_equal(n.hours, 6);
    assert_true(n.steal > 14.9 && n.own > 19 && n.own < 21);
    for (uint32_t i = 0; i < COURSE_HOURS; i++)
        c.v[i] = 99; /* the host itself is busy */
    assert_false(neighbour_find(&c, &steal, NULL, &n));
    fill(20, 1);
    assert_false(neighbour_find(&c, NULL, NULL, &n));
}

static void idle_hosts_are_found_after_a_week(void **state)
{
    (void)state;
    double cpu, memory;
    random_state = 8;
    for (uint32_t i = 0; i < COURSE_HOURS; i++) {
        c.v[i] = 2;
        d.v[i] = 25;
    }
    assert_true(spare_find(&c, &d, &cpu, &memory) && cpu == 2 && memory == 25);
    c.v[100] = 60; /* it had work once */
    assert_false(spare_find(&c, &d, &cpu, &memory));
    c.v[100] = 2;
    for (uint32_t i = 0; i < 30; i++)
        c.v[i] = NAN;
    assert_false(spare_find(&c, &d, &cpu, &memory));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spike_of_each_night_is_found),
        cmocka_unit_test(a_spike_over_midnight_is_one),
        cmocka_unit_test(a_leak_is_found_with_its_rate),
        cmocka_unit_test(seasons_sawtooths_and_steps_are_no_leaks),
        cmocka_unit_test(noise_holds_no_pattern),
        cmocka_unit_test(what_moves_together_is_told_from_what_shares_a_day),
        cmocka_unit_test(neighbours_are_told_from_own_work),
        cmocka_unit_test(idle_hosts_are_found_after_a_week),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
