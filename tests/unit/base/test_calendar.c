/* SPDX-License-Identifier: MIT */
/* The calendar against one that counts day by day. */
#include "platform/base/calendar.c"

#include "tests/unit/unit.h"

static int64_t length_of(int64_t year, int64_t month)
{
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 ? 28 + is_leap : 30 + ((month + month / 8) & 1);
}

static void check_day(int64_t days, int64_t year, int64_t month, int64_t day)
{
    struct calendar_date d = calendar_date(days);
    assert_int_equal(calendar_days(year, month, day), days);
    assert_int_equal(d.year, year);
    assert_int_equal(d.month, month);
    assert_int_equal(d.day, day);
    assert_int_equal(d.weekday, ((days + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

static void every_day_of_four_centuries_is_where_counting_puts_it(void **state)
{
    (void)state;
    int64_t days = 0;
    for (int64_t year = 1970; year < 2370; year++)
        for (int64_t month = 1; month <= 12; month++) {
            assert_int_equal(calendar_month_length(year, month), length_of(year, month));
            for (int64_t day = 1; day <= length_of(year, month); day++)
                check_day(days++, year, month, day);
        }
    assert_int_equal(days, 146097); /* a Gregorian cycle */
}

static void days_before_1970_count_down(void **state)
{
    (void)state;
    int64_t days = 0;
    for (int64_t year = 1969; year > -405; year--)
        for (int64_t month = 12; month >= 1; month--)
            for (int64_t day = length_of(year, month); day >= 1; day--)
                check_day(--days, year, month, day);
}

static void a_time_belongs_to_the_day_that_holds_it(void **state)
{
    (void)state;
    assert_int_equal(calendar_day_of_ms(0), 0);
    assert_int_equal(calendar_day_of_ms(86399999), 0);
    assert_int_equal(calendar_day_of_ms(86400000), 1);
    assert_int_equal(calendar_day_of_ms(-1), -1);
    assert_int_equal(calendar_day_of_ms(-86400000), -1);
    assert_int_equal(calendar_day_of_ms(-86400001), -2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_of_four_centuries_is_where_counting_puts_it),
        cmocka_unit_test(days_before_1970_count_down),
        cmocka_unit_test(a_time_belongs_to_the_day_that_holds_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
