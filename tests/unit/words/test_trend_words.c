/* SPDX-License-Identifier: MIT */
/* The line through points, when it is called a trend, and what is said of it. */
#include "tests/unit/words/golden.h"

#include "aggregator/analysis/words/trend_words.h"

#define NOW INT64_C(1768488020000)
#define HOUR INT64_C(3600000)

static const char *say(const struct trend_facts *f)
{
    static char words[2048];
    struct text t;
    text_init(&t, words, sizeof words);
    trend_words_say(f, &t);
    assert_false(t.truncated);
    return words;
}

static void every_trend_reads_as_it_was_found_good(void **state)
{
    (void)state;
    struct golden g = golden_open("trends");
    struct trend_facts f = {.now_ms = NOW, .from_ms = NOW - 24 * HOUR, .to_ms = NOW, .host = "web-3",
                            .metric = "cpu_usage", .tag = "", .unit = "percent"};
    golden_check(&g, "no samples", say(&f));
    f.points = 1;
    f.samples = 1;
    f.first = f.last = f.mean = f.least = f.most = 34;
    golden_check(&g, "one sample", say(&f));
    f.points = 600;
    f.samples = 86400;
    f.least = 2.1;
    f.most = 98;
    f.slope_per_hour = 0.01;
    f.explained = 0.02;
    golden_check(&g, "steady", say(&f));
    f.slope_per_hour = -0.52;
    f.explained = 0.93;
    f.has_forecast = true;
    f.ahead_ms = 24 * HOUR;
    f.forecast = 22;
    f.low = 15.5;
    f.high = 30;
    golden_check(&g, "falling, with a forecast", say(&f));
    f.metric = "disk_usage_percent";
    f.tag = "mount=/";
    f.slope_per_hour = 0.52;
    f.has_crossing = true;
    f.threshold = 95;
    f.early_ms = 20 * HOUR;
    f.expected_ms = 30 * HOUR;
    f.late_ms = 60 * HOUR;
    golden_check(&g, "rising, and full soon", say(&f));
    f.late_ms = INT64_MAX;
    golden_check(&g, "rising, and full soon or later", say(&f));
    f.forecast = f.low = f.high = 100;
    f.early_ms = f.expected_ms - HOUR / 10;
    f.late_ms = f.expected_ms + HOUR / 10;
    golden_check(&g, "rising, and it is known when", say(&f));
    f.has_crossing = f.has_forecast = false;
    f.metric = "network_errors";
    f.tag = "interface=eth0";
    f.unit = "count";
    f.is_rate = true;
    f.mean = 12;
    golden_check(&g, "errors a second", say(&f));
    f.metric = "network_rx_bytes";
    f.unit = "bytes";
    f.mean = f.last = 3e6;
    f.least = 1e4;
    f.most = 9e7;
    f.slope_per_hour = 52428.8;
    golden_check(&g, "traffic", say(&f));
    golden_close(&g);
}

static void the_line_is_that_of_least_squares(void **state)
{
    (void)state;
    struct line_sums s = {0};
    assert_true(line_of(&s).slope == 0 && line_of(&s).explained == 0);
    line_add(&s, 5, 7);
    assert_true(line_of(&s).slope == 0 && line_of(&s).mean == 7);
    s = (struct line_sums){0};
    for (uint32_t i = 0; i < 100; i++)
        line_add(&s, i, 3 - 0.25 * i);
    struct line l = line_of(&s);
    assert_true(l.slope < -0.2499999 && l.slope > -0.2500001 && l.explained > 0.999999);
    s = (struct line_sums){0};
    uint64_t random = 7;
    for (uint32_t i = 0; i < 1000; i++)
        line_add(&s, i, (double)(unit_random(&random) % 1000));
    assert_true(line_of(&s).explained < 0.02);
    s = (struct line_sums){0};
    for (uint32_t i = 0; i < 1000; i++)
        line_add(&s, i, 1e9 + 0.1); /* flat, and large enough to round */
    assert_true(line_of(&s).explained == 0);
}

static void noise_is_no_trend(void **state)
{
    (void)state;
    struct trend_facts f = {.points = 100, .slope_per_hour = 3, .explained = 0.24};
    assert_int_equal(trend_judge(&f), TREND_STEADY);
    f.explained = 0.26;
    assert_int_equal(trend_judge(&f), TREND_RISING);
    f.slope_per_hour = -1;
    assert_int_equal(trend_judge(&f), TREND_FALLING);
    f.points = 2;
    assert_int_equal(trend_judge(&f), TREND_STEADY);
    f.points = 0;
    assert_int_equal(trend_judge(&f), TREND_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_trend_reads_as_it_was_found_good),
        cmocka_unit_test(the_line_is_that_of_least_squares),
        cmocka_unit_test(noise_is_no_trend),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
