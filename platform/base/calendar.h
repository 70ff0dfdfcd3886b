/* SPDX-License-Identifier: MIT */
/* The Gregorian calendar, also for the years before it, as days from 1970-01-01. Pure. */
#ifndef NEPHOS_CALENDAR_H
#define NEPHOS_CALENDAR_H

#include "platform/base/base.h"

struct calendar_date {
    int64_t year;
    uint32_t month, day; /* from 1 */
    uint32_t weekday;    /* 0 is Sunday */
};

/* "Sun", and "Jan" for the first month. */
extern const char *const calendar_weekdays[7];
extern const char *const calendar_months[12];

/* The day that holds this time; negative before 1970. */
int64_t calendar_day_of_ms(int64_t ms);
struct calendar_date calendar_date(int64_t days);
/* Days to that date: month 1 to 12; a day behind the last of its month is one of the next. */
int64_t calendar_days(int64_t year, int64_t month, int64_t day);
/* How many days that month has. */
int64_t calendar_month_length(int64_t year, int64_t month);

#endif
