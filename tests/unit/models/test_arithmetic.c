/* SPDX-License-Identifier: MIT */
/* Logarithms and powers against the C library's; quantiles by hand. */
#include "aggregator/analysis/models/arithmetic.c"

#include <math.h>

#include "tests/unit/unit.h"

static double random_positive(uint64_t *seed)
{
    double part = (double)(unit_random(seed) >> 11) / 9007199254740992.0;
    return ldexp(1.0 + part, (int)(unit_random(seed) % 600) - 300);
}

static void logarithms(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 100000; i++) {
        double x = random_positive(&seed), want = log(x);
        assert_true(fabs(natural_log(x) - want) <= 4e-15 * fmax(1.0, fabs(want)));
    }
    assert_true(fabs(natural_log(1.0)) == 0);
    assert_true(natural_log(0.0) < -1000 && natural_log(-1.0) < -1000 && natural_log((double)NAN) < -1000);
    assert_true(natural_log(1e-310) < -700);
}

static void powers(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (int i = 0; i < 100000; i++) {
        double x = ((double)(unit_random(&seed) >> 11) / 9007199254740992.0 - 0.5) * 600, want = exp2(x);
        assert_true(fabs(power_of_two(x) - want) <= 4e-15 * want);
    }
    assert_true(power_of_two(3.0) == 8.0 && power_of_two(0.0) == 1.0);
    assert_true(isfinite(power_of_two(1e9)) && power_of_two(-1e9) > 0);
}

static void area_of_sinh(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int i = 0; i < 100000; i++) {
        double x = random_positive(&seed), want = asinh(x);
        if (x > 1e150)
            continue; /* its square is beyond a double */
        assert_true(fabs(area_sinh(x) - want) <= 1e-8 * want);
        assert_true(area_sinh(-x) == -area_sinh(x));
    }
    assert_true(area_sinh(0.0) == 0.0);
}

static void quantiles(void **state)
{
    (void)state;
    const double value[] = {5, 1, 3}, even[] = {1, 1, 1}, heavy[] = {1, 0.2, 10};
    assert_true(weighted_quantile(value, even, 3, 0.5) == 3);
    assert_true(weighted_quantile(value, even, 3, 0.1) == 1);
    assert_true(weighted_quantile(value, even, 3, 1.0) == 5);
    assert_true(weighted_quantile(value, heavy, 3, 0.15) == 3);
    assert_true(weighted_quantile(value, heavy, 1, 0.9) == 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logarithms), cmocka_unit_test(powers),
        cmocka_unit_test(area_of_sinh), cmocka_unit_test(quantiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
