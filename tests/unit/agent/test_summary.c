/* SPDX-License-Identifier: MIT */
/* Quantiles against the sorted truth; the promise is 1/32 of the value. */
#include "agent/inputs/summary.c"

#include "tests/unit/unit.h"

static struct summary s;
static int64_t values[20000];

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void fill(uint32_t count, int64_t (*draw)(uint64_t *seed), uint64_t seed)
{
    summary_clear(&s);
    for (uint32_t i = 0; i < count; i++) {
        values[i] = draw(&seed);
        summary_add(&s, values[i]);
    }
    qsort(values, count, sizeof values[0], compare);
}

static void assert_quantiles(uint32_t count)
{
    static const uint32_t permilles[] = {1, 10, 250, 500, 900, 950, 990, 999, 1000};
    for (size_t i = 0; i < COUNT_OF(permilles); i++) {
        int64_t exact = values[(count * (uint64_t)permilles[i] + 999) / 1000 - 1];
        int64_t told = summary_quantile(&s, permilles[i]);
        int64_t off = told > exact ? told - exact : exact - told;
        if (off > exact / 32)
            fail_msg("%u permille of %u: %lld, truly %lld", permilles[i], count, (long long)told,
                     (long long)exact);
    }
}

static int64_t even(uint64_t *seed)
{
    return (int64_t)(unit_random(seed) % 1000000);
}

/* From a microsecond to hours. */
static int64_t wide(uint64_t *seed)
{
    return (int64_t)(unit_random(seed) >> (28 + unit_random(seed) % 36));
}

static int64_t few(uint64_t *seed)
{
    return (int64_t)(unit_random(seed) % 12);
}

static void quantiles_keep_their_promise(void **state)
{
    (void)state;
    int64_t (*const draws[])(uint64_t *) = {even, wide, few};
    static const uint32_t counts[] = {1, 2, 3, 10, 100, 1000, 20000};
    for (size_t d = 0; d < COUNT_OF(draws); d++)
        for (size_t c = 0; c < COUNT_OF(counts); c++) {
            fill(counts[c], draws[d], 100 * d + c);
            assert_quantiles(counts[c]);
        }
}

static void mean_and_extremes_are_exact(void **state)
{
    (void)state;
    summary_clear(&s);
    static const int64_t some[] = {-5000, 1, 2, 70000, INT64_C(1) << 50};
    int64_t sum = 0;
    for (size_t i = 0; i < COUNT_OF(some); i++) {
        summary_add(&s, some[i]);
        sum += some[i];
    }
    assert_true(s.min == -5000 && s.max == INT64_C(1) << 50);
    assert_true(summary_mean(&s) == sum / 5);
    assert_true(summary_quantile(&s, 1000) == INT64_C(1) << 50); /* beyond the last bucket */
    assert_int_equal(summary_quantile(&s, 600), 2);
}

static void a_full_bucket_keeps_the_shape(void **state)
{
    (void)state;
    summary_clear(&s);
    for (uint32_t i = 0; i < 1000000; i++)
        summary_add(&s, i % 100 == 0 ? 500000 : i % 10 == 0 ? 20000 : 1000);
    assert_int_equal(s.count, 1000000);
    assert_in_range(summary_quantile(&s, 500), 1000 - 32, 1000 + 32);
    assert_in_range(summary_quantile(&s, 950), 20000 - 640, 20000 + 640);
    assert_in_range(summary_quantile(&s, 995), 500000 - 16000, 500000);
}

static void every_bucket_holds_its_own_middle(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < SUMMARY_BUCKETS; i++)
        assert_int_equal(bucket_of(value_of(i)), i);
    assert_int_equal(bucket_of(INT64_MAX), SUMMARY_BUCKETS - 1);
    assert_int_equal(bucket_of(INT64_MIN), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_keep_their_promise),
        cmocka_unit_test(mean_and_extremes_are_exact),
        cmocka_unit_test(a_full_bucket_keeps_the_shape),
        cmocka_unit_test(every_bucket_holds_its_own_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
