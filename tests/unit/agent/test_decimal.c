/* SPDX-License-Identifier: MIT */
/* Numbers of other people, exactly. */
#include "agent/inputs/decimal.c"

#include "tests/unit/unit.h"

static int parse(const char *text, uint32_t places, int64_t *out)
{
    size_t length = strlen(text);
    char *exact = unit_exact(text, length);
    int result = decimal_parse(span_of(exact, (uint32_t)length), places, out);
    free(exact);
    return result;
}

static void assert_reads(const char *text, int64_t expected)
{
    int64_t value;
    assert_int_equal(parse(text, 3, &value), ERR_OK);
    if (value != expected)
        fail_msg("%s: %lld, not %lld", text, (long long)value, (long long)expected);
}

static void numbers(void **state)
{
    (void)state;
    assert_reads("0", 0);
    assert_reads("-0", 0);
    assert_reads("1", 1000);
    assert_reads("+1", 1000);
    assert_reads("-1.25", -1250);
    assert_reads(".5", 500);
    assert_reads("5.", 5000);
    assert_reads("1e3", 1000000);
    assert_reads("1E-3", 1);
    assert_reads("12.5e+1", 125000);
    assert_reads("0.0004", 0);
    assert_reads("0.0005", 1);
    assert_reads("-0.0005", -1);
    assert_reads("0.00049999999999999999999999", 0);
    assert_reads("1234567.8915", 1234567892);
    assert_reads("0.000000000000000000000000000001e30", 1000);
    assert_reads("00000000000000000000000000000000007", 7000);
    assert_reads("1.7934e+09", INT64_C(1793400000000));
}

static void too_large_saturates(void **state)
{
    (void)state;
    assert_reads("9223372036854775.807", INT64_MAX);
    assert_reads("9223372036854775.808", INT64_MAX);
    assert_reads("-9223372036854775.808", INT64_MIN);
    assert_reads("-9223372036854775.809", INT64_MIN);
    assert_reads("1e300", INT64_MAX);
    assert_reads("-1e99999999999", INT64_MIN);
    assert_reads("1e-99999999999", 0);
    assert_reads("123456789012345678901234567890", INT64_MAX);
    assert_reads("0e99999", 0);
}

static void what_is_no_number(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",   "-",  "+",   ".",   "e3",   "1e",   "1e+",   "1.2.3", "1,5",
        " 1", "1 ", "NaN", "inf", "-Inf", "0x10", "1_000", "--1",   "+-1", "1e3.5",
    };
    int64_t value;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (parse(texts[i], 3, &value) != ERR_MALFORMED)
            fail_msg("\"%s\" is taken for a number", texts[i]);
}

static void scaling(void **state)
{
    (void)state;
    assert_int_equal(decimal_scale(1000, 1000000, 100000), 10000);
    assert_int_equal(decimal_scale(1000, 1000000, 333333), 3000);
    assert_int_equal(decimal_scale(-1000, 1000000, 100000), -10000);
    assert_int_equal(decimal_scale(0, 1000000, 1), 0);
    assert_true(decimal_scale(INT64_MAX, 1000000, 1) == INT64_MAX);
    assert_true(decimal_scale(INT64_MIN, 1000000, 1) == INT64_MIN);
    assert_true(decimal_scale(INT64_MAX, 1000000, 1000000) == INT64_MAX);
    assert_true(decimal_add(INT64_MAX, 1) == INT64_MAX);
    assert_true(decimal_add(INT64_MIN, -1) == INT64_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(too_large_saturates),
        cmocka_unit_test(what_is_no_number),
        cmocka_unit_test(scaling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
