/* SPDX-License-Identifier: MIT */
/* Steps of the clock are told from slewing and from sleep. */
#include "agent/collect/clock_watch.c"

#include "tests/unit/unit.h"

static struct clock_watch w;
static struct wall wall;
static struct mono mono;
static int64_t suspended_ms;

static enum clock_event see(int64_t wall_ms_passed, int64_t mono_ms_passed)
{
    wall.ns += wall_ms_passed * NS_PER_MS;
    mono.ns += mono_ms_passed * NS_PER_MS;
    return clock_watch_see(&w, wall, mono, suspended_ms);
}

static void begin(void)
{
    w = (struct clock_watch){0};
    wall.ns = INT64_C(1795267220) * NS_PER_S;
    mono.ns = 5 * NS_PER_S;
    suspended_ms = 0;
    assert_int_equal(see(0, 0), CLOCK_WENT_ON); /* the first look tells nothing */
}

static void slewing_is_no_step(void **state)
{
    (void)state;
    begin();
    for (uint32_t i = 0; i < 100000; i++)
        assert_int_equal(see(1000 + i % 2, 1000), CLOCK_WENT_ON);
    assert_int_equal(see(1500, 1000), CLOCK_WENT_ON);
    assert_int_equal(w.steps, 0);
}

static void steps(void **state)
{
    (void)state;
    begin();
    assert_int_equal(see(4600, 1000), CLOCK_STEPPED);
    assert_int_equal(w.step_ms, 3600);
    assert_int_equal(see(1000, 1000), CLOCK_WENT_ON);
    assert_int_equal(see(1000 - 86400000, 1000), CLOCK_STEPPED);
    assert_int_equal(w.step_ms, -86400000);
    assert_int_equal(w.steps, 2);
}

static void sleep_is_no_step(void **state)
{
    (void)state;
    begin();
    suspended_ms = 3600000;
    assert_int_equal(see(3601000, 1000), CLOCK_SLEPT);
    assert_int_equal(w.steps, 0);
    suspended_ms += 1000;
    assert_int_equal(see(3600000 + 2000, 1000), CLOCK_STEPPED); /* and set while it slept */
    assert_int_equal(w.step_ms, 3600000);
}

static void absurd_clocks(void **state)
{
    (void)state;
    begin();
    wall.ns = INT64_MAX;
    (void)see(0, 1000);
    wall.ns = INT64_MIN + 1;
    (void)see(0, 1000);
    assert_in_range(w.steps, 0, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slewing_is_no_step),
        cmocka_unit_test(steps),
        cmocka_unit_test(sleep_is_no_step),
        cmocka_unit_test(absurd_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
