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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_stable),
        cmocka_unit_test(a_full_table_refuses_newcomers_only),
        cmocka_unit_test(descriptions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
