/* SPDX-License-Identifier: MIT */
/* Temperatures as drivers tell them, and names that are fit to be shown. */
#include "agent/collect/temperature.c"

#include "tests/unit/unit.h"

static bool parse(const char *text, int64_t *milli)
{
    size_t length = strlen(text);
    char *exact = unit_exact(text, length);
    bool good = temperature_parse(exact, (uint32_t)length, milli);
    free(exact);
    return good;
}

static void values(void **state)
{
    (void)state;
    int64_t milli;
    assert_true(parse("58000\n", &milli) && milli == 58000);
    assert_true(parse("0\n", &milli) && milli == 0);
    assert_true(parse("-12500\n", &milli) && milli == -12500);
    static const char *const bad[] = {"", "58000", "\n", "-\n", "x\n", "58000x\n", "58 000\n", "--1\n",
                                      "+1\n", "250001\n", "-100001\n", "99999999999999999999\n"};
    for (uint32_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(parse(bad[i], &milli));
}

static void check_name(const char *driver, const char *label, const char *expected)
{
    char name[TEMPERATURE_NAME_SIZE];
    assert_int_equal(temperature_name(driver, (uint32_t)strlen(driver), label, (uint32_t)strlen(label), name),
                     expected[0] != '\0');
    assert_string_equal(name, expected);
}

static void names(void **state)
{
    (void)state;
    check_name("coretemp\n", "Package id 0\n", "coretemp Package id 0");
    check_name("cpu-thermal\n", "", "cpu-thermal");
    check_name("", "temp1", "temp1");
    check_name("nvme\nmore", "Composite\nmore", "nvme Composite");
    check_name("\n", "", "");
    check_name("a\x1b", "\xff", "a? ?");
    check_name("0123456789012345678901234567890123456789", "0123456789",
               "0123456789012345678901234567890123456789 012345");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
