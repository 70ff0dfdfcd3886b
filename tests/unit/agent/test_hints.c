/* SPDX-License-Identifier: MIT */
/* Levels that samples reach, once each time, and how long those after them are shipped at once, too. */
#include "agent/hints.c"

#include <stdio.h>

#include "tests/unit/unit.h"

struct rig {
    struct hints hints;
    struct series series;
    struct sample sample;
};

static struct rig *make(uint32_t cpu, uint32_t memory, uint32_t disk)
{
    struct rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    series_init(&r->series);
    hints_init(&r->hints, cpu, memory, disk);
    return r;
}

static bool see_at(struct rig *r, int64_t now_ms, enum metric metric, const char *tag, int64_t value)
{
    sample_clear(&r->sample, 0);
    int slot = series_slot(&r->series, metric, tag);
    assert_true(slot >= 0);
    sample_put(&r->sample, (uint32_t)slot, value);
    return hints_reached(&r->hints, &r->sample, &r->series, (struct mono){now_ms * NS_PER_MS});
}

static bool see(struct rig *r, enum metric metric, const char *tag, int64_t value)
{
    return see_at(r, 0, metric, tag, value);
}

static void a_level_is_reached_once(void **state)
{
    (void)state;
    struct rig *r = make(90, 0, 0);
    static const struct {
        int64_t value;
        bool reached;
    } steps[] = {{8999, false}, {9000, true}, {9500, false}, {8900, false}, {9100, false}, {8549, false},
                 {9000, true}, {100, false}, {10000, true}};
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        assert_int_equal(see(r, METRIC_CPU_USAGE, "", steps[i].value), steps[i].reached);
    assert_int_equal(r->hints.reached, 3);
    free(r);
}

static void own_hints_are_about_three_metrics(void **state)
{
    (void)state;
    struct rig *r = make(90, 80, 70);
    assert_true(see(r, METRIC_MEMORY_USAGE, "", 8000));
    assert_true(see(r, METRIC_DISK_USAGE, "/", 7000));
    assert_true(see(r, METRIC_DISK_USAGE, "/home", 7100)); /* any mount, each for itself */
    assert_false(see(r, METRIC_DISK_USAGE, "/", 7200));
    assert_false(see(r, METRIC_LOAD_1, "", 100000));
    free(r);
    r = make(0, 0, 0);
    assert_false(see(r, METRIC_CPU_USAGE, "", 10000));
    free(r);
}

static void settings_replace_what_the_aggregator_said(void **state)
{
    (void)state;
    struct rig *r = make(90, 0, 0);
    struct wire_settings m = {.hint_count = 3};
    m.hints[0] = (struct wire_hint){.metric = "disk_usage_percent", .tag = "mount=/var", .level = 5000};
    m.hints[1] = (struct wire_hint){
        .metric = "memory_available_bytes", .tag = "", .level = 1000, .below = true};
    m.hints[2] = (struct wire_hint){.metric = "of_the_future", .tag = "", .level = 1};
    hints_replace(&r->hints, &m);
    assert_false(see(r, METRIC_DISK_USAGE, "/", 9900));
    assert_true(see(r, METRIC_DISK_USAGE, "/var", 5000));
    assert_false(see(r, METRIC_MEMORY_AVAILABLE, "", 1001));
    assert_true(see(r, METRIC_MEMORY_AVAILABLE, "", 1000));
    assert_false(see(r, METRIC_MEMORY_AVAILABLE, "", 1049)); /* not back yet */
    assert_false(see(r, METRIC_MEMORY_AVAILABLE, "", 900));
    assert_false(see(r, METRIC_MEMORY_AVAILABLE, "", 1051));
    assert_true(see(r, METRIC_MEMORY_AVAILABLE, "", 900));
    m.hint_count = 0;
    hints_replace(&r->hints, &m);
    assert_false(see(r, METRIC_DISK_USAGE, "/var", 9900));
    assert_true(see(r, METRIC_CPU_USAGE, "", 9900)); /* our own stays */
    free(r);
}

static void levels_below_zero_have_a_way_back(void **state)
{
    (void)state;
    struct rig *r = make(0, 0, 0);
    struct wire_settings m = {.hint_count = 1};
    m.hints[0] = (struct wire_hint){.metric = "uptime", .tag = "", .level = -1000};
    hints_replace(&r->hints, &m);
    assert_false(see(r, METRIC_UPTIME, "", -1001));
    assert_true(see(r, METRIC_UPTIME, "", -1000));
    assert_false(see(r, METRIC_UPTIME, "", -1040));
    assert_false(see(r, METRIC_UPTIME, "", -900));
    assert_false(see(r, METRIC_UPTIME, "", -1051));
    assert_true(see(r, METRIC_UPTIME, "", 0));
    m.hints[0].level = INT64_MIN; /* the ends of the scale */
    hints_replace(&r->hints, &m);
    assert_true(see(r, METRIC_UPTIME, "", INT64_MIN));
    assert_false(see(r, METRIC_UPTIME, "", INT64_MIN));
    m.hints[0] = (struct wire_hint){.metric = "uptime", .tag = "", .level = INT64_MAX, .below = true};
    hints_replace(&r->hints, &m);
    assert_true(see(r, METRIC_UPTIME, "", 5));
    assert_false(see(r, METRIC_UPTIME, "", 5));
    free(r);
}

/* CPU at 90 % from `from_ms` on, a sample a second: how many of the next hundred are shipped at once. */
static uint32_t shipped_from(struct rig *r, int64_t from_ms)
{
    uint32_t n = 0;
    for (int64_t i = 0; i < 100; i++) {
        bool at_once = see_at(r, from_ms + i * 1000, METRIC_CPU_USAGE, "", 9000);
        assert_true(!at_once || n == i); /* all of them in a row */
        n += at_once;
    }
    return n;
}

static void what_stays_beyond_is_held_for_a_while(void **state)
{
    (void)state;
    static const struct {
        uint32_t hold_s, shipped;
    } cases[] = {{0, 1}, {1, 2}, {7, 8}, {HINT_HOLD_S_MAX, HINT_HOLD_S_MAX + 1},
                 {HINT_HOLD_S_MAX + 1, HINT_HOLD_S_MAX + 1}, {256, HINT_HOLD_S_MAX + 1},
                 {UINT32_MAX, HINT_HOLD_S_MAX + 1}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rig *r = make(0, 0, 0);
        struct wire_settings m = {.hint_count = 1};
        m.hints[0] = (struct wire_hint){
            .metric = "cpu_usage", .tag = "", .level = 9000, .hold_s = cases[i].hold_s};
        hints_replace(&r->hints, &m);
        assert_int_equal(shipped_from(r, 500), cases[i].shipped);
        assert_int_equal(r->hints.reached, 1);
        assert_int_equal(r->hints.held, cases[i].shipped - 1);
        free(r);
    }
    struct rig *own = make(90, 0, 0); /* no rule is known that would wait for them */
    assert_int_equal(shipped_from(own, 1000), 1);
    free(own);
}

static void what_comes_back_is_held_no_longer(void **state)
{
    (void)state;
    struct rig *r = make(0, 0, 0);
    struct wire_settings m = {.hint_count = 2};
    m.hints[0] = (struct wire_hint){.metric = "cpu_usage", .tag = "", .level = 9000, .hold_s = 30};
    m.hints[1] = (struct wire_hint){.metric = "disk_usage_percent", .tag = "", .level = 9000, .hold_s = 3};
    hints_replace(&r->hints, &m);
    assert_true(see_at(r, 1000, METRIC_CPU_USAGE, "", 9100));
    assert_true(see_at(r, 2000, METRIC_CPU_USAGE, "", 8900)); /* trembles: not back yet */
    assert_false(see_at(r, 3000, METRIC_CPU_USAGE, "", 100));
    assert_false(see_at(r, 4000, METRIC_CPU_USAGE, "", 8900));
    assert_true(see_at(r, 5000, METRIC_CPU_USAGE, "", 9100)); /* again, with time of its own */
    assert_true(see_at(r, 35000, METRIC_CPU_USAGE, "", 9100));
    assert_false(see_at(r, 36000, METRIC_CPU_USAGE, "", 9100));
    assert_true(see_at(r, 37000, METRIC_DISK_USAGE, "/", 9100)); /* each mount for itself */
    assert_true(see_at(r, 39000, METRIC_DISK_USAGE, "/var", 9100));
    assert_true(see_at(r, 40000, METRIC_DISK_USAGE, "/", 9100));
    assert_false(see_at(r, 41000, METRIC_DISK_USAGE, "/", 9100));
    assert_true(see_at(r, 42000, METRIC_DISK_USAGE, "/var", 9100));
    free(r);
}

static void more_series_than_room_are_counted(void **state)
{
    (void)state;
    struct rig *r = make(0, 0, 50);
    for (uint32_t i = 0; i < WATCHED_MAX + 5; i++) {
        char tag[16];
        snprintf(tag, sizeof tag, "/m%u", i);
        assert_int_equal(see(r, METRIC_DISK_USAGE, tag, 9000), i < WATCHED_MAX);
    }
    assert_int_equal(r->hints.unwatched, 5);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_level_is_reached_once),
        cmocka_unit_test(own_hints_are_about_three_metrics),
        cmocka_unit_test(settings_replace_what_the_aggregator_said),
        cmocka_unit_test(levels_below_zero_have_a_way_back),
        cmocka_unit_test(what_stays_beyond_is_held_for_a_while),
        cmocka_unit_test(what_comes_back_is_held_no_longer),
        cmocka_unit_test(more_series_than_room_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
