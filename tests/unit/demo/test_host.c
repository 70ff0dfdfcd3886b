/* SPDX-License-Identifier: MIT */
/* The hosts of the demonstration: what a rule, a chart and a forecast rely on. */
#include "tests/unit/unit.h"

#include <string.h>

#include "aggregator/demo/host.h"

#define BEGUN_MS (INT64_C(1795000000) * 1000)
#define HOUR_MS (INT64_C(3600) * 1000)

static struct demo_host host, other;

static uint32_t number_of(const char *name)
{
    for (uint32_t i = 0; i < DEMO_HOSTS; i++)
        if (strcmp(demo_roles[i].name, name) == 0)
            return i;
    fail_msg("%s", name);
    return 0;
}

static double value_of(const struct demo_host *h, enum metric metric, const char *tag)
{
    for (uint32_t i = 0; i < h->count; i++)
        if (h->series[i].metric == metric && strcmp(h->series[i].tag, tag) == 0)
            return (double)h->values[i] / metric_info(metric)->scale;
    fail_msg("%s has no %s %s", h->role->name, metric_info(metric)->name, tag);
    return 0;
}

static void counters_grow_and_shares_are_shares(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < DEMO_HOSTS; n++) {
        int64_t before[DEMO_SERIES_MAX] = {0};
        demo_host_init(&host, n, BEGUN_MS);
        for (int64_t t = BEGUN_MS - 2 * HOUR_MS; t < BEGUN_MS; t += 7000) {
            demo_host_step(&host, t);
            assert_int_equal(host.count, host.at);
            for (uint32_t i = 0; i < host.count; i++) {
                const struct metric_info *m = metric_info(host.series[i].metric);
                assert_true(host.values[i] >= (m->kind == METRIC_COUNTER ? before[i] : 0));
                if (strcmp(m->unit, "percent") == 0)
                    assert_true(host.values[i] <= 100 * (int64_t)m->scale);
                before[i] = host.values[i];
            }
        }
    }
}

static void no_series_is_there_twice(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < DEMO_HOSTS; n++) {
        demo_host_init(&host, n, BEGUN_MS);
        demo_host_step(&host, BEGUN_MS);
        for (uint32_t i = 0; i < host.count; i++)
            for (uint32_t k = 0; k < i; k++)
                assert_false(host.series[i].metric == host.series[k].metric &&
                             strcmp(host.series[i].tag, host.series[k].tag) == 0);
    }
}

static void the_same_host_has_the_same_day(void **state)
{
    (void)state;
    demo_host_init(&host, 3, BEGUN_MS);
    demo_host_init(&other, 3, BEGUN_MS);
    for (int64_t t = BEGUN_MS; t < BEGUN_MS + HOUR_MS; t += 1000) {
        demo_host_step(&host, t);
        demo_host_step(&other, t);
        assert_memory_equal(host.values, other.values, sizeof host.values);
    }
}

static void one_runs_away_and_its_process_shows(void **state)
{
    (void)state;
    demo_host_init(&host, number_of("web-2"), BEGUN_MS);
    demo_host_step(&host, BEGUN_MS - HOUR_MS);
    assert_true(value_of(&host, METRIC_CPU_USAGE, "") < 60);
    for (int64_t t = BEGUN_MS - HOUR_MS / 4; t < BEGUN_MS; t += 1000) {
        demo_host_step(&host, t);
        assert_true(value_of(&host, METRIC_CPU_USAGE, "") > 95);
    }
    assert_string_equal(host.tops.tops[0].name, "php-fpm");
    assert_true(host.tops.tops[0].cpu_share > 15000); /* of 200 % */
}

static void one_fills_within_half_a_day(void **state)
{
    (void)state;
    demo_host_init(&host, number_of("db-1"), BEGUN_MS);
    demo_host_step(&host, BEGUN_MS);
    double now = value_of(&host, METRIC_DISK_USAGE, "mount=/var/lib/postgresql");
    assert_true(now > 90 && now < 92);
    demo_host_step(&host, BEGUN_MS + 12 * HOUR_MS);
    assert_true(value_of(&host, METRIC_DISK_USAGE, "mount=/var/lib/postgresql") > 99.5);
    assert_true(value_of(&host, METRIC_DISK_USAGE, "mount=/") < 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_grow_and_shares_are_shares),
        cmocka_unit_test(no_series_is_there_twice),
        cmocka_unit_test(the_same_host_has_the_same_day),
        cmocka_unit_test(one_runs_away_and_its_process_shows),
        cmocka_unit_test(one_fills_within_half_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
