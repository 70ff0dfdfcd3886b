/* SPDX-License-Identifier: MIT */
/* See timestamp.h. */
#include "platform/base/timestamp.h"

#include "platform/base/calendar.h"

#define DAY_MS (86400 * MS_PER_S)

/* Exactly `count` digits at *at, within min..max. */
static bool take_digits(const char **at, uint32_t count, int64_t min, int64_t max, int64_t *out)
{
    int64_t v = 0;
    for (uint32_t i = 0; i < count; i++) {
        if ((*at)[i] < '0' || (*at)[i] > '9')
            return false;
        v = v * 10 + ((*at)[i] - '0');
    }
    *at += count;
    *out = v;
    return v >= min && v <= max;
}

static bool take_char(const char **at, char c)
{
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

static bool take_date(const char **at, int64_t *days)
{
    int64_t year, month, day;
    if (!take_digits(at, 4, 1, 9999, &year) || !take_char(at, '-') ||
        !take_digits(at, 2, 1, 12, &month) || !take_char(at, '-') ||
        !take_digits(at, 2, 1, calendar_month_length(year, month), &day))
        return false;
    *days = calendar_days(year, month, day);
    return true;
}

/* "12:00:00", fraction, and 'Z' or "+01:00". */
static bool take_clock(const char **at, int64_t *ms)
{
    int64_t hour, minute, second, fraction = 0;
    if (!take_digits(at, 2, 0, 23, &hour) || !take_char(at, ':') ||
        !take_digits(at, 2, 0, 59, &minute) || !take_char(at, ':') ||
        !take_digits(at, 2, 0, 60, &second)) /* 60: a leap second */
        return false;
    if (take_char(at, '.')) {
        int64_t unit = 100;
        if (**at < '0' || **at > '9')
            return false;
        for (; **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
            fraction += (**at - '0') * unit;
    }
    *ms = ((hour * 60 + minute) * 60 + second) * MS_PER_S + fraction;
    if (take_char(at, 'Z') || take_char(at, 'z'))
        return true;
    /* An unescaped '+' of a query string has become a blank on the way. */
    bool is_east = **at == '+' || **at == ' ';
    if (!is_east && **at != '-')
        return false;
    (*at)++;
    if (!take_digits(at, 2, 0, 23, &hour) || !take_char(at, ':') ||
        !take_digits(at, 2, 0, 59, &minute))
        return false;
    int64_t offset = (hour * 60 + minute) * 60 * MS_PER_S;
    *ms += is_east ? -offset : offset;
    return true;
}

int timestamp_parse(const char *s, int64_t *out_ms)
{
    const char *at = s;
    int64_t days, clock_ms = 0;
    if (!take_date(&at, &days))
        return ERR_MALFORMED;
    if (*at != 0) {
        if (*at != 'T' && *at != 't' && *at != ' ')
            return ERR_MALFORMED;
        at++;
        if (!take_clock(&at, &clock_ms) || *at != 0)
            return ERR_MALFORMED;
    }
    *out_ms = days * DAY_MS + clock_ms;
    return ERR_OK;
}

void timestamp_put(struct text *t, int64_t ms, const char *zone)
{
    int64_t day = calendar_day_of_ms(ms);
    struct calendar_date d = calendar_date(day);
    uint32_t s = (uint32_t)((ms - day * DAY_MS) / MS_PER_S);
    text_printf(t, "%s, %02u %s %04d %02u:%02u:%02u %s", calendar_weekdays[d.weekday], d.day,
                calendar_months[d.month - 1], (int)d.year, s / 3600, s / 60 % 60, s % 60, zone);
}
