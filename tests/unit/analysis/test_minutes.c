/* SPDX-License-Identifier: MIT */
/* Samples of a block that are added together are the same minute as one after the other, to the last bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aggregator/analysis/minutes.h"

static uint64_t random_state = 0x9e3779b97f4a7c15U;

static uint32_t draw(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % below;
}

/* Mostly what may be; now and then absurd, or a counter that begins anew. */
static int64_t some_value(int64_t before, bool is_counter)
{
    switch (draw(40)) {
    case 0: return INT64_MAX - (int64_t)draw(3);
    case 1: return INT64_MIN + (int64_t)draw(3);
    case 2: return 0;
    default: break;
    }
    return is_counter && before < INT64_C(1) << 40 ? before + (int64_t)draw(1000) : (int64_t)draw(9000);
}

static void same_minute(const struct minute *a, const struct minute *b)
{
    assert_int_equal(a->sum, b->sum);
    assert_int_equal(a->greatest, b->greatest);
    assert_int_equal(a->last, b->last);
    assert_int_equal(a->last_ms, b->last_ms);
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->is_reset, b->is_reset);
}

static void one_life(const struct store_metric *metric)
{
    struct minute one, all;
    int64_t ms = 1700000000000, value = 0;
    minute_begin(&one, metric);
    minute_begin(&all, metric);
    for (uint32_t block = 0; block < 60; block++) {
        int64_t values[16], times[16];
        uint32_t count = 1 + draw(16);
        if (draw(10) == 0)
            ms -= (int64_t)draw(20000); /* told again */
        for (uint32_t i = 0; i < count; i++) {
            values[i] = value = some_value(value, metric->kind == METRIC_COUNTER);
            times[i] = ms += 1 + draw(1500);
        }
        struct minute before = all;
        if (!minute_add_all(&all, values, times, count)) {
            same_minute(&all, &before);
            for (uint32_t i = 0; i < count; i++)
                (void)minute_add(&all, values[i], times[i]);
        }
        for (uint32_t i = 0; i < count; i++)
            (void)minute_add(&one, values[i], times[i]);
        same_minute(&one, &all);
        if (draw(5) == 0) {
            struct minute_value a = {0}, b = {0};
            assert_int_equal(minute_end(&one, &a), minute_end(&all, &b));
            assert_memory_equal(&a, &b, sizeof a);
        }
    }
}

static void together_is_as_one_by_one(void **state)
{
    (void)state;
    const struct store_metric gauge = {.name = "cpu_usage", .unit = "percent", .scale = 100};
    const struct store_metric counter = {.name = "network_rx_bytes", .unit = "bytes", .scale = 1,
                                         .kind = METRIC_COUNTER};
    for (uint32_t i = 0; i < 500; i++) {
        one_life(&gauge);
        one_life(&counter);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(together_is_as_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
