/* SPDX-License-Identifier: MIT */
/* Disks that fill and disks that do not, for days: what is foretold, how early, and when it is taken back. */
#include "tests/unit/analysis/detect_rig.h"

#include "aggregator/analysis/outlook.h"

#define RULE "forecast:disk_usage_percent"

static const struct alert *foretold(struct scene *m)
{
    return store_alert_open(m->rig->store, "alpha", RULE, "mount=/");
}

static struct predict_stats stats_of(const struct scene *m)
{
    struct analysis_stats stats;
    analysis_stats(m->analysis, &stats);
    return stats.predict;
}

static int predictions(struct scene *m, struct insight *found, uint32_t max)
{
    struct insight_filter filter = {.type = INSIGHT_PREDICTION, .severity = -1, .instance = "alpha",
                                    .before_ms = INT64_MAX, .before = INT64_MAX};
    return store_insight_list(m->rig->store, &filter, found, max);
}

/* Steps of the room until it has nothing to do at once: a look takes some. */
static void run(struct scene *m, int64_t minutes, double percent_an_hour)
{
    for (int64_t i = 0; i < minutes; i += 2) {
        m->leaked = m->filled; /* memory goes the same way */
        scene_run(m, 2);
        m->filled += percent_an_hour / 30;
        for (uint32_t k = 0; k < 40; k++) {
            sim_advance(m->rig->world, 5 * NS_PER_MS);
            scene_judge(m);
        }
    }
}

static void a_disk_that_fills_is_foretold(void **state)
{
    (void)state;
    struct scene *m = scene_new(11);
    struct insight found[8];
    run(m, DAYS(2), 0);
    assert_null(foretold(m));
    assert_int_equal(predictions(m, found, 8), 0);
    assert_true(stats_of(m).looks >= 2 * 8);
    int64_t hours = 0;
    for (; foretold(m) == NULL && m->filled < 65; hours++)
        run(m, 60, 1.0); /* from 30 to 95 percent within 65 hours */
    double left = 65 - m->filled;
    print_message("foretold after %lld hours, %.0f hours before\n", (long long)hours, left);
    assert_true(left >= 24);
    assert_non_null(foretold(m));
    print_message("%s\n", foretold(m)->message);
    run(m, HOURS(8), 1.0);
    assert_int_equal(foretold(m)->occurrences > 1, 1); /* looked at again, still the same alert */
    assert_true(store_commit(m->rig->store) == ERR_OK);
    assert_in_range(predictions(m, found, 8), 1, 2); /* memory goes the same way, from lower down */
    assert_non_null(strstr(found[0].metadata, "\"earliest\":"));
    while (m->filled < 58)
        run(m, 60, 1.0);
    assert_int_equal(foretold(m)->severity, ALERT_HIGH); /* less than a day */
    m->filled = 0; /* somebody made room */
    run(m, HOURS(4), 0);
    assert_null(foretold(m));
    assert_true(store_commit(m->rig->store) == ERR_OK);
    assert_int_equal(predictions(m, found, 8), 0);
    scene_free(m);
}

/* Logs that grow by day and are rotated at night come back: nothing to tell. */
static void a_sawtooth_is_no_forecast(void **state)
{
    (void)state;
    struct scene *m = scene_new(12);
    for (uint32_t day = 0; day < 6; day++) {
        for (uint32_t hour = 0; hour < 24; hour++) {
            run(m, 60, 2.0);
            if (day > 1)
                assert_null(foretold(m));
        }
        m->filled = 0;
    }
    scene_free(m);
}

/* Two points in ten minutes: nobody waits six hours to look. */
static void a_runaway_is_looked_at_at_once(void **state)
{
    (void)state;
    struct scene *m = scene_new(13);
    run(m, DAYS(2), 0);
    uint64_t before = stats_of(m).at_once;
    run(m, HOURS(2), 10.0);
    assert_true(stats_of(m).at_once > before);
    scene_free(m);
}

/* What the month allows lasts to its middle: that is told two weeks before, and as no more than it is. */
static void traffic_that_will_not_last_is_foretold(void **state)
{
    (void)state;
    struct scene *m = scene_new(14);
    struct insight found[8];
    const struct alert *a;
    int64_t month_s = allowance_month_end_s(m->ms / 1000);
    while (m->ms / 1000 < month_s) /* 2 % a day is enough */
        for (uint32_t hour = 0; hour < 24; hour++, m->transferred += 2.0 / 24)
            scene_run(m, 60);
    assert_null(store_alert_open(m->rig->store, "alpha", "forecast:transfer_usage_percent", ""));
    m->transferred = 0;
    month_s = allowance_month_end_s(m->ms / 1000);
    for (uint32_t hour = 0; hour < 5 * 24; hour++, m->transferred += 100.0 / (15 * 24))
        run(m, 60, 0);
    a = store_alert_open(m->rig->store, "alpha", "forecast:transfer_usage_percent", "");
    assert_non_null(a);
    print_message("%s\n", a->message);
    assert_int_equal(a->severity, ALERT_LOW);
    assert_int_equal(a->level, 10000);
    assert_true(store_commit(m->rig->store) == ERR_OK);
    assert_int_equal(predictions(m, found, 8), 1);
    assert_non_null(strstr(found[0].metadata, "\"threshold\":100"));
    scene_free(m);
}

static void too_little_says_nothing(void **state)
{
    (void)state;
    struct outlook *o = calloc(1, sizeof *o);
    const struct store_metric percent = {.name = "p", .unit = "percent", .scale = 100};
    struct forecast_level level;
    struct crossing_time at;
    assert_non_null(o);
    outlook_begin(o, &percent, 95);
    assert_false(outlook_level(o, 0, 1, &level));
    assert_false(outlook_full(o, 0, 3600, &at));
    int64_t ms = RIG_START_MS;
    for (uint32_t i = 0; i < 11 * 12; i++, ms += OUTLOOK_STEP_MS) {
        struct store_cell cell = {.sum = 5000 + i * 20, .min = 5000, .max = 9000, .last = 5000, .count = 1,
                                  .last_ms = ms};
        outlook_take(o, ms, &cell);
    }
    assert_false(outlook_full(o, ms / 1000, 172800, &at)); /* eleven hours */
    assert_false(outlook_level(o, ms / 1000, 1, &level));
    const struct store_cell absurd = {.sum = INT64_MAX, .min = INT64_MIN, .max = INT64_MAX, .count = 2,
                                      .last_ms = ms};
    double last = o->last;
    outlook_take(o, ms, &absurd);
    assert_true(o->last >= last && o->last <= last);
    free(o);
}

static void feed_growth(struct outlook *o, const struct store_metric *metric, double full, int64_t from,
                        int64_t step, int64_t *ms)
{
    outlook_begin(o, metric, full);
    *ms = RIG_START_MS;
    for (int64_t i = 0; i < 4 * 288; i++, *ms += OUTLOOK_STEP_MS) {
        int64_t v = from + i * step;
        struct store_cell cell = {.sum = v, .min = v, .max = v, .last = v, .count = 1, .last_ms = *ms};
        outlook_take(o, *ms, &cell);
    }
}

static void a_percentage_stays_within_its_bounds(void **state)
{
    (void)state;
    struct outlook *o = calloc(1, sizeof *o);
    const struct store_metric percent = {.name = "p", .unit = "percent", .scale = 1000};
    const struct store_metric bytes = {.name = "b", .unit = "bytes", .scale = 1000};
    const struct store_metric celsius = {.name = "c", .unit = "celsius", .scale = 1000};
    struct forecast_level level;
    int64_t ms;
    assert_non_null(o);
    feed_growth(o, &percent, 0, 37400, 50, &ms); /* 95 % now, 14 points a day more */
    for (uint32_t hours = 1; hours <= 48; hours++) {
        assert_true(outlook_level(o, ms / 1000, hours, &level));
        assert_true(level.low <= level.value && level.value <= level.high && level.high <= 100);
    }
    assert_true(level.value >= 100);
    feed_growth(o, &percent, 0, 57400, 50, &ms); /* of several processors together */
    assert_true(outlook_level(o, ms / 1000, 24, &level) && level.value > 125);
    feed_growth(o, &bytes, 0, 37400, 50, &ms);
    assert_true(outlook_level(o, ms / 1000, 24, &level) && level.value > 105);
    feed_growth(o, &bytes, 0, 58000, -50, &ms); /* what was never below zero */
    assert_true(outlook_level(o, ms / 1000, 48, &level) && level.low >= 0 && level.value <= 0);
    feed_growth(o, &celsius, 0, 37600, -50, &ms); /* and what was */
    assert_true(outlook_level(o, ms / 1000, 48, &level) && level.low < -40);
    free(o);
}

/* A queue, a number of connections, bytes: whatever grows reaches a level, whatever its unit. */
static void any_metric_has_its_threshold(void **state)
{
    (void)state;
    struct outlook *o = calloc(1, sizeof *o);
    const struct store_metric percent = {.name = "p", .unit = "percent", .scale = 1000};
    const struct store_metric bytes = {.name = "b", .unit = "bytes", .scale = 1};
    const struct store_metric jobs = {.name = "j", .unit = "count", .scale = 1000};
    const struct { const struct store_metric *metric; double full; int64_t from, step; } growths[] = {
        {&percent, 95, 37400, 40}, {&jobs, 95, 37400, 40}, {&jobs, 950, 374000, 400},
        {&bytes, 95e9, INT64_C(37400000000), 40000000},
    };
    struct crossing_time at, first = {0, 0, 0};
    int64_t ms;
    assert_non_null(o);
    for (uint32_t i = 0; i < COUNT_OF(growths); i++) {
        feed_growth(o, growths[i].metric, growths[i].full, growths[i].from, growths[i].step, &ms);
        assert_true(outlook_full(o, ms / 1000, 172800, &at));
        first = i == 0 ? at : first;
        /* 11.56 left, 0.04 in five minutes: 24 hours; and the same in any unit */
        assert_in_range(at.expected_s, 23 * 3600, 25 * 3600);
        assert_in_range(at.expected_s, first.expected_s - 60, first.expected_s + 60);
        assert_true(at.early_s <= at.expected_s && at.expected_s <= at.late_s);
    }
    feed_growth(o, &jobs, 0, 37400, 40, &ms); /* nobody said what it must not reach */
    assert_false(outlook_full(o, ms / 1000, 172800, &at));
    feed_growth(o, &jobs, 10, 37400, 40, &ms); /* it is there */
    assert_true(outlook_full(o, ms / 1000, 172800, &at));
    assert_int_equal(at.expected_s, 0);
    feed_growth(o, &jobs, 1e9, 37400, 40, &ms); /* and will not be in years */
    assert_false(outlook_full(o, ms / 1000, 172800, &at));
    feed_growth(o, &jobs, 1e-9, 37400, 40, &ms);
    assert_true(outlook_full(o, ms / 1000, 172800, &at));
    free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_metric_has_its_threshold),
        cmocka_unit_test(a_percentage_stays_within_its_bounds),
        cmocka_unit_test(a_disk_that_fills_is_foretold),
        cmocka_unit_test(a_sawtooth_is_no_forecast),
        cmocka_unit_test(a_runaway_is_looked_at_at_once),
        cmocka_unit_test(traffic_that_will_not_last_is_foretold),
        cmocka_unit_test(too_little_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
