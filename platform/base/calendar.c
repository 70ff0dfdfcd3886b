/* SPDX-License-Identifier: MIT */
/* See calendar.h. Counted in eras of 400 years that begin on 1 March, so that the leap day is the last of its
 * year: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
#include "platform/base/calendar.h"

#define DAY_MS (86400 * MS_PER_S)
#define ERA_DAYS 146097
#define EPOCH 719468 /* days from 0000-03-01 to 1970-01-01 */

const char *const calendar_weekdays[7] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
const char *const calendar_months[12] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static int64_t divide_down(int64_t n, int64_t by)
{
    return n / by - (n % by < 0);
}

int64_t calendar_day_of_ms(int64_t ms)
{
    return divide_down(ms, DAY_MS);
}

struct calendar_date calendar_date(int64_t days)
{
    int64_t since = days + EPOCH, era = divide_down(since, ERA_DAYS);
    uint32_t of_era = (uint32_t)(since - era * ERA_DAYS);
    uint32_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint32_t of_year = of_era - (365 * year + year / 4 - year / 100);
    uint32_t month = (5 * of_year + 2) / 153; /* 0 is March */
    return (struct calendar_date){
        .year = era * 400 + year + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = of_year - (153 * month + 2) / 5 + 1,
        .weekday = (uint32_t)(days + 4 - divide_down(days + 4, 7) * 7),
    };
}

int64_t calendar_days(int64_t year, int64_t month, int64_t day)
{
    int64_t from_march = (month + 9) % 12, y = year - (month <= 2);
    int64_t era = divide_down(y, 400), of_era = y - era * 400;
    int64_t of_year = (153 * from_march + 2) / 5 + day - 1;
    return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH;
}

int64_t calendar_month_length(int64_t year, int64_t month)
{
    int64_t next = month == 12 ? calendar_days(year + 1, 1, 1) : calendar_days(year, month + 1, 1);
    return next - calendar_days(year, month, 1);
}
