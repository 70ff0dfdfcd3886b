/* SPDX-License-Identifier: MIT */
/* Levels that samples reach, once each time. */
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

static bool see(struct rig *r, enum metric metric, const char *tag, int64_t value)
{
    sample_clear(&r->sample, 0);
    int slot = series_slot(&r->series, metric, tag);
    assert_true(slot >= 0);
    sample_put(&r->sample, (uint32_t)slot, value);
    return hints_reached(&r->hints, &r->sample, &r->series);
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
        cmocka_unit_test(more_series_than_room_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
