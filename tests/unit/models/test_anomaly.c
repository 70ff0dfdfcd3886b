/* SPDX-License-Identifier: MIT */
/* Planted trouble is found, what repeats is not news, and nothing that can be put in spoils the state. */
#include "aggregator/analysis/models/anomaly.h"

#include <math.h>

#include "aggregator/analysis/models/host.h"
#include "aggregator/analysis/models/unusual.h"
#include "tests/unit/unit.h"

#define MINUTE 60
#define DAY_MINUTES 1440

static uint64_t seed;

static double noise(double size)
{
    double sum = 0;
    for (int i = 0; i < 4; i++)
        sum += (double)(unit_random(&seed) >> 11) / 9007199254740992.0 - 0.5;
    return sum * size;
}

/* A host with a daily course. */
static double usual(int minute)
{
    return 30 + 12 * sin(minute * 2 * 3.14159265358979 / DAY_MINUTES) + noise(4);
}

static struct anomaly a;
static struct unusual u;
static int minute, alarms;
static double highest, state_now;

static int fresh(void **state)
{
    (void)state;
    a = (struct anomaly){0};
    u = (struct unusual){0};
    minute = alarms = 0;
    highest = 0;
    seed = 7;
    return 0;
}

static void put(double value)
{
    double score = anomaly_step(&a, (int64_t)minute * MINUTE, value).score;
    state_now = unusual_step(&u, (int64_t)minute * MINUTE, value).lasting;
    assert_true(isfinite(score) && isfinite(state_now));
    alarms += score >= 1;
    highest = score > highest ? score : highest;
    minute++;
}

static void live(int minutes)
{
    for (int i = 0; i < minutes; i++)
        put(usual(minute));
}

static void a_quiet_month_is_quiet(void **state)
{
    (void)state;
    live(7 * DAY_MINUTES);
    alarms = 0;
    live(23 * DAY_MINUTES);
    assert_in_range(alarms, 0, 6);
    assert_true(state_now < 4);
}

static void a_shift_is_told_once(void **state)
{
    (void)state;
    live(10 * DAY_MINUTES);
    alarms = 0;
    for (int i = 0; i < 300; i++)
        put(usual(minute) + 60);
    assert_in_range(alarms, 1, 12); /* it may become worse some times while it is weighed */
    assert_true(state_now > 4);     /* and stays to be seen */
}

static void a_spike_each_night_becomes_usual(void **state)
{
    (void)state;
    for (int day = 0; day < 21; day++) {
        if (day == 14)
            alarms = 0;
        for (int i = 0; i < DAY_MINUTES; i++)
            put(usual(minute) + (i >= 180 && i < 200 ? 50 : 0));
    }
    assert_in_range(alarms, 0, 2);
}

static void silence_says_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 10 * DAY_MINUTES; i++)
        put(42);
    assert_int_equal(alarms, 0);
    assert_true(state_now == 0);
    put(42.5);
    assert_true(alarms == 1); /* a change where nothing ever changed */
}

static void the_new_normal_is_learnt(void **state)
{
    (void)state;
    live(7 * DAY_MINUTES);
    for (int i = 0; i < 28 * DAY_MINUTES; i++)
        put(usual(minute) + 40);
    assert_true(state_now < 3);
}

static void nothing_spoils_the_state(void **state)
{
    (void)state;
    const double bad[] = {0, -1, 1e300, -1e300, 1e-300, 9.2e18, -0.0, 1e9};
    live(3 * DAY_MINUTES);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        put(bad[i]);
        minute -= 2; /* time steps back, too */
        put(bad[i]);
    }
    live(30 * DAY_MINUTES);
    assert_true(state_now < 5);
}

static void company_counts(void **state)
{
    (void)state;
    struct host_company c = {0};
    const double values[] = {1, 5, 3, 4, 2, 5};
    for (uint32_t i = 0; i < 6; i++)
        host_company_add(&c, i, values[i]);
    assert_int_equal(c.count, 3);
    assert_true(c.value[0] == 5 && c.value[1] == 5 && c.value[2] == 4);
    assert_int_equal(c.metric[0], 1);
    assert_int_equal(c.metric[1], 5);
    assert_int_equal(c.metric[2], 3);
    struct host h = {0};
    struct host_company alone = {.count = 3, .value = {2.4, 0, 0}};
    struct host_company company = {.count = 3, .value = {2.4, 2, 1.8}};
    struct host_company calm = {.count = 3, .value = {1, 1, 1}}, upset = {.count = 3, .value = {16, 9, 4}};
    assert_true(host_step(&h, 60, &alone, &upset).score < 1.3);
    h = (struct host){0};
    assert_true(host_step(&h, 60, &company, &calm).score < 1.3);
    h = (struct host){0};
    assert_true(host_step(&h, 60, &company, &upset).score > 2.5);
    assert_true(host_step(&h, 120, &company, &upset).score == 0); /* told */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_quiet_month_is_quiet, fresh),
        cmocka_unit_test_setup(a_shift_is_told_once, fresh),
        cmocka_unit_test_setup(a_spike_each_night_becomes_usual, fresh),
        cmocka_unit_test_setup(silence_says_nothing, fresh),
        cmocka_unit_test_setup(the_new_normal_is_learnt, fresh),
        cmocka_unit_test_setup(nothing_spoils_the_state, fresh),
        cmocka_unit_test(company_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
