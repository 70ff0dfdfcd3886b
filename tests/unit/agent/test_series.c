/* SPDX-License-Identifier: MIT */
/* A slot is given out once and never means something else. */
#include "agent/series.c"

#include <stdio.h>

#include "tests/unit/unit.h"

static void slots_are_stable(void **state)
{
    (void)state;
    static struct series s;
    series_init(&s);
    assert_int_equal(series_slot(&s, METRIC_CPU_USAGE, ""), 0);
    assert_int_equal(series_slot(&s, METRIC_DISK_READS, "vda"), 1);
    assert_int_equal(series_slot(&s, METRIC_DISK_READS, "vdb"), 2);
    assert_int_equal(series_slot(&s, METRIC_DISK_WRITES, "vda"), 3);
    assert_int_equal(series_slot(&s, METRIC_CPU_USAGE, ""), 0); /* the next round, in order */
    assert_int_equal(series_slot(&s, METRIC_DISK_READS, "vda"), 1);
    assert_int_equal(series_slot(&s, METRIC_DISK_WRITES, "vda"), 3); /* vdb has gone */
    assert_int_equal(series_slot(&s, METRIC_UPTIME, ""), 4);
    assert_int_equal(series_slot(&s, METRIC_DISK_READS, "vdb"), 2); /* and comes back */
    assert_int_equal(s.count, 5);
    assert_int_equal(s.refused, 0);
}

static void a_full_table_refuses_newcomers_only(void **state)
{
    (void)state;
    static struct series s;
    char tag[SERIES_TAG_SIZE];
    series_init(&s);
    for (uint32_t i = 0; i < SLOTS_MAX; i++) {
        snprintf(tag, sizeof tag, "%u", i);
        assert_int_equal(series_slot(&s, METRIC_DISK_READS, tag), i);
    }
    assert_int_equal(series_slot(&s, METRIC_UPTIME, ""), ERR_FULL);
    assert_int_equal(series_slot(&s, METRIC_DISK_READS, "255"), 255);
    assert_int_equal(series_slot(&s, METRIC_DISK_READS, "0"), 0);
    assert_int_equal(s.refused, 1);
}

static void descriptions(void **state)
{
    (void)state;
    static struct series s;
    char tag[TAG_SIZE], longest[SERIES_TAG_SIZE];
    struct wire_series it;
    series_init(&s);
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    (void)series_slot(&s, METRIC_CPU_USAGE, "");
    (void)series_slot(&s, METRIC_NETWORK_RX_BYTES, longest); /* "interface=" is the longest key */
    series_describe(&s, 0, tag, &it);
    assert_string_equal(it.metric, "cpu_usage");
    assert_string_equal(it.tag, "");
    assert_string_equal(it.unit, "percent");
    assert_int_equal(it.scale, 100);
    assert_false(it.counter);
    series_describe(&s, 1, tag, &it);
    assert_memory_equal(it.tag, "interface=xxx", 13);
    assert_int_equal(strlen(it.tag), TAG_SIZE - 1);
    assert_true(it.counter);
}

static void custom_series_have_names_of_their_own(void **state)
{
    (void)state;
    static struct series s;
    char tag[TAG_SIZE];
    struct wire_series it;
    series_init(&s);
    assert_int_equal(series_slot(&s, METRIC_CPU_USAGE, ""), 0);
    assert_int_equal(series_custom(&s, "orders", "shop=a", "count", true), 1);
    assert_int_equal(series_slot(&s, METRIC_UPTIME, ""), 2);
    assert_int_equal(series_custom(&s, "orders", "shop=b", "count", true), 3);
    assert_int_equal(series_custom(&s, "orders", "shop=a", "count", true), 1);
    assert_int_equal(series_slot(&s, METRIC_UPTIME, ""), 2);
    assert_int_equal(series_slot(&s, METRIC_CPU_USAGE, ""), 0);
    series_describe(&s, 3, tag, &it);
    assert_string_equal(it.metric, "orders");
    assert_string_equal(it.tag, "shop=b");
    assert_string_equal(it.unit, "count");
    assert_int_equal(it.scale, CUSTOM_SCALE);
    assert_true(it.counter);
}

static void a_custom_name_is_one_kind_of_thing(void **state)
{
    (void)state;
    static struct series s;
    series_init(&s);
    assert_int_equal(series_custom(&s, "orders", "", "count", true), 0);
    assert_int_equal(series_custom(&s, "orders", "", "count", false), ERR_DENIED);
    assert_int_equal(series_custom(&s, "orders", "shop=a", "count", false), ERR_DENIED);
    assert_int_equal(series_custom(&s, "cpu_usage", "", "percent", false), ERR_DENIED);
    assert_int_equal(series_custom(&s, "cpu_usage", "cpu=0", "percent", false), ERR_DENIED);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.refused, 0);
}

static void applications_tell_some_metrics_of_ours(void **state)
{
    (void)state;
    static struct series s;
    char tag[TAG_SIZE];
    struct wire_series it;
    series_init(&s);
    assert_int_equal(series_custom(&s, "response_time_ms", "", "seconds", false), 0);
    assert_int_equal(series_slot(&s, METRIC_RESPONSE_TIME, ""), 0); /* the same as ours */
    assert_int_equal(series_custom(&s, "response_time_ms", "path=/", "seconds", false), 1);
    assert_int_equal(series_custom(&s, "request_rate", "", "count", false), ERR_DENIED);
    series_describe(&s, 1, tag, &it);
    assert_string_equal(it.metric, "response_time_ms");
    assert_string_equal(it.tag, "path=/");
    assert_string_equal(it.unit, "milliseconds");
    assert_int_equal(it.scale, metric_info(METRIC_RESPONSE_TIME)->scale);
    for (int id = 0; id < METRIC_COUNT; id++)
        if (metric_is_told((enum metric)id))
            assert_int_equal(metric_info((enum metric)id)->scale, CUSTOM_SCALE);
}

static void the_pool_of_custom_series_is_bounded(void **state)
{
    (void)state;
    static struct series s;
    char name[METRIC_SIZE];
    series_init(&s);
    for (uint32_t i = 0; i < CUSTOM_SERIES_MAX; i++) {
        assert_int_equal(series_custom_room(&s), CUSTOM_SERIES_MAX - i);
        snprintf(name, sizeof name, "m%u", i);
        assert_int_equal(series_custom(&s, name, "", "count", false), i);
    }
    assert_int_equal(series_custom(&s, "one more", "", "count", false), ERR_FULL);
    assert_int_equal(series_custom(&s, "m7", "", "count", false), 7);
    assert_int_equal(series_custom_room(&s), 0);
    assert_int_equal(s.refused, 1);
    assert_int_equal(series_slot(&s, METRIC_CPU_USAGE, ""), CUSTOM_SERIES_MAX); /* ours does not suffer */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_stable),
        cmocka_unit_test(a_full_table_refuses_newcomers_only),
        cmocka_unit_test(descriptions),
        cmocka_unit_test(custom_series_have_names_of_their_own),
        cmocka_unit_test(a_custom_name_is_one_kind_of_thing),
        cmocka_unit_test(applications_tell_some_metrics_of_ours),
        cmocka_unit_test(the_pool_of_custom_series_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
