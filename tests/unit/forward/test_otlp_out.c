/* SPDX-License-Identifier: MIT */
/* Points as OTLP: resources, gauges and cumulative sums, OpenTelemetry's names and units; what a receiver
 * says of them. */
#include "aggregator/forward/otlp.c"

#include "tests/unit/forward/points_rig.h"

static struct bytes message_of(const struct points_rig *r)
{
    return (struct bytes){(const uint8_t *)r->body, r->request.body.length};
}

static struct bytes metric_of(const struct points_rig *r, uint32_t resource, uint32_t metric)
{
    struct bytes all = points_in(message_of(r), REQUEST_RESOURCE_METRICS, resource);
    struct bytes scope = points_in(all, RESOURCE_METRICS_SCOPE_METRICS, 0);
    return points_in(scope, SCOPE_METRICS_METRICS, metric);
}

static const char *attributes_of(struct bytes message, uint32_t number)
{
    return points_pairs(message, number, KEY, VALUE, VALUE_TEXT);
}

static void points_become_metrics(void **state)
{
    struct points_rig *r = points_new(TARGET_OTLP);
    (void)state;
    points_add(r, 0, 1, "cpu_usage", "", 0, 1234);
    points_add(r, 0, 1, "cpu_usage", "", 1, 5);
    points_add(r, 0, 2, "disk_read_bytes", "device=sda", 0, 7);
    points_add(r, 0, 3, "disk_read_bytes", "device=sdb", 0, 8);
    points_add(r, 1, 3, "orders.open", "shop=a", 0, 15);
    points_shape(r, EXPORT_ITEMS_MAX);
    assert_int_equal(r->request.count, 5);
    struct bytes first = points_in(message_of(r), REQUEST_RESOURCE_METRICS, 0);
    struct bytes resource = points_in(first, RESOURCE_METRICS_RESOURCE, 0);
    assert_string_equal(attributes_of(resource, RESOURCE_ATTRIBUTES),
                        "service.name=nephos,service.instance.id=11111111-2222-4333-8444-555555555555,"
                        "host.id=11111111-2222-4333-8444-555555555555,host.name=web-1,"
                        "host.type=vultr-compute,cloud.provider=vultr,cloud.region=ewr");
    struct bytes metric = metric_of(r, 0, 0), data = points_in(metric, METRIC_GAUGE_DATA, 0);
    assert_true(points_is(points_in(metric, METRIC_NAME, 0), "system.cpu.utilization"));
    assert_true(points_is(points_in(metric, METRIC_UNIT, 0), "1"));
    assert_true(points_double(points_in(data, DATA_POINTS, 0), POINT_DOUBLE) == 0.1234);
    assert_true(points_double(points_in(data, DATA_POINTS, 1), POINT_DOUBLE) == 0.0005);
    assert_int_equal(points_number(points_in(data, DATA_POINTS, 0), POINT_TIME),
                     (POINTS_AT_MS + 60000) * 1000000);
    assert_int_equal(points_number(points_in(data, DATA_POINTS, 0), POINT_START), UINT64_MAX);
    metric = metric_of(r, 0, 1);
    data = points_in(metric, METRIC_SUM_DATA, 0);
    assert_true(points_is(points_in(metric, METRIC_NAME, 0), "system.disk.io"));
    assert_true(points_is(points_in(metric, METRIC_UNIT, 0), "By"));
    assert_int_equal(points_number(data, DATA_TEMPORALITY), TEMPORALITY_CUMULATIVE);
    assert_int_equal(points_number(data, DATA_MONOTONIC), 1);
    assert_string_equal(attributes_of(points_in(data, DATA_POINTS, 1), POINT_ATTRIBUTES),
                        "disk.io.direction=read,system.device=sdb");
    metric = metric_of(r, 1, 0);
    assert_true(points_is(points_in(metric, METRIC_NAME, 0), "orders.open"));
    assert_true(points_is(points_in(metric, METRIC_UNIT, 0), "apples"));
    assert_null(metric_of(r, 0, 2).at);
    assert_null(metric_of(r, 1, 1).at);
    points_free(r);
}

/* Counters of the machine began with it; when they did before its last start, nobody knows. */
static void sums_begin_when_the_machine_did(void **state)
{
    struct points_rig *r = points_new(TARGET_OTLP);
    struct store *s = r->view.store;
    int64_t boot_ms = POINTS_AT_MS - 7000;
    (void)state;
    assert_int_equal(store_instance_put(s, &r->instances[0]), 0);
    int series = store_series_put(s, 0, &(struct store_series_facts){.metric = "boot_time", .tag = "",
                                                                     .unit = "seconds", .scale = 1});
    struct store_push_value value = {.time_ms = POINTS_AT_MS, .value = boot_ms / 1000,
                                     .series = (uint16_t)series};
    assert_int_equal(store_push(s, 0, &value, 1, (struct wall){POINTS_AT_MS * NS_PER_MS}), 1);
    assert_int_equal(store_commit(s), ERR_OK);
    points_add(r, 0, 2, "forks", "", -2, 7);
    points_add(r, 0, 2, "forks", "", 0, 7);
    points_add(r, 0, 3, "cgroup_cpu_seconds", "slice=a", 0, 7);
    points_shape(r, EXPORT_ITEMS_MAX);
    struct bytes data = points_in(metric_of(r, 0, 0), METRIC_SUM_DATA, 0);
    assert_int_equal(points_number(points_in(data, DATA_POINTS, 0), POINT_START), UINT64_MAX);
    assert_int_equal(points_number(points_in(data, DATA_POINTS, 1), POINT_START),
                     boot_ms / 1000 * 1000000000);
    data = points_in(metric_of(r, 0, 1), METRIC_SUM_DATA, 0);
    assert_int_equal(points_number(points_in(data, DATA_POINTS, 0), POINT_START), UINT64_MAX);
    points_free(r);
}

static void names(void **state)
{
    struct otlp_name n;
    (void)state;
    otlp_name("cpu_seconds", "seconds", true, &n);
    assert_string_equal(n.name, "nephos.cpu_seconds");
    otlp_name("cpu_seconds", "seconds", false, &n);
    assert_string_equal(n.name, "system.cpu.time");
    otlp_name("network_errors", "count", false, &n);
    assert_string_equal(n.name, "nephos.network_errors");
    otlp_name("pressure_cpu_some_avg10", "percent", false, &n);
    assert_string_equal(n.name, "nephos.pressure_cpu_some_avg10");
    assert_string_equal(n.unit, "%");
    assert_int_equal(n.divisor, 1);
    for (uint32_t i = 0; i < METRIC_COUNT; i++) { /* no two are alike: a receiver could not tell them apart */
        struct otlp_name a, b;
        otlp_name(metric_info(i)->name, metric_info(i)->unit, true, &a);
        for (uint32_t k = i + 1; k < METRIC_COUNT; k++) {
            otlp_name(metric_info(k)->name, metric_info(k)->unit, true, &b);
            bool alike = text_equal(a.name, b.name) &&
                         (a.key == NULL ? b.key == NULL : b.key != NULL && text_equal(a.value, b.value)) &&
                         text_equal(metric_info(i)->tag_key, metric_info(k)->tag_key);
            if (alike)
                fail_msg("%s and %s are both %s", metric_info(i)->name, metric_info(k)->name, a.name);
        }
    }
}

static void a_full_batch_fits_or_says_so(void **state)
{
    struct points_rig *r = points_new(TARGET_OTLP);
    static char tag[TAG_SIZE];
    (void)state;
    memset(tag, 'x', sizeof tag - 1);
    for (uint32_t i = 0; i < EXPORT_ITEMS_MAX; i++)
        points_add(r, i % 2, i, "pressure_memory_some_seconds", tag, 0, i);
    points_shape(r, EXPORT_ITEMS_MAX);
    assert_int_equal(r->request.count, EXPORT_ITEMS_MAX);
    if (r->request.body.truncated)
        assert_int_equal(r->request.body.length, 0);
    else
        assert_non_null(points_in(message_of(r), REQUEST_RESOURCE_METRICS, EXPORT_ITEMS_MAX - 1).at);
    points_free(r);
}

static void answers(void **state)
{
    static const uint8_t partial[] = {0x0a, 0x0a, 0x08, 0x02, 0x12, 0x06, 't', 'o', 'o', ' ', 'o', '\n'};
    static const uint8_t status[] = {0x08, 0x03, 0x12, 0x03, 'b', 'a', 'd'};
    struct points_rig *r = points_new(TARGET_OTLP);
    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        points_add(r, 0, i, "cpu_usage", "", 0, 1);
    points_shape(r, 10);
    assert_int_equal(points_judge(r, 200, "", 0), VERDICT_DONE);
    assert_int_equal(r->judgement.dropped, 0);
    assert_int_equal(points_judge(r, 200, partial, sizeof partial), VERDICT_DONE);
    assert_int_equal(r->judgement.dropped, 2);
    assert_string_equal(r->why, "it rejects 2 of 3 points: too o?");
    assert_int_equal(points_judge(r, 200, "<html>", 6), VERDICT_DONE);
    assert_int_equal(points_judge(r, 400, status, sizeof status), VERDICT_DROP);
    assert_non_null(strstr(r->why, ": bad"));
    assert_int_equal(points_judge(r, 429, "", 0), VERDICT_AGAIN);
    assert_int_equal(points_judge(r, 503, "", 0), VERDICT_AGAIN);
    assert_int_equal(points_judge(r, 401, "", 0), VERDICT_HOLD);
    assert_int_equal(points_judge(r, 404, "", 0), VERDICT_HOLD);
    assert_int_equal(points_judge(r, 0, "", 0), VERDICT_AGAIN);
    points_free(r);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_become_metrics),
        cmocka_unit_test(sums_begin_when_the_machine_did),
        cmocka_unit_test(names),
        cmocka_unit_test(a_full_batch_fits_or_says_so),
        cmocka_unit_test(answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
