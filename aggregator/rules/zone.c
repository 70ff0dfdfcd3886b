/* SPDX-License-Identifier: MIT */
/* Time zones without files: POSIX rules, and the names of common ones. */
#include <string.h>

#include "aggregator/rules/window.h"
#include "platform/base/calendar.h"

#define DAY_S INT64_C(86400)
#define EUROPE ",M3.5.0,M10.5.0/3"
#define AMERICA ",M3.2.0,M11.1.0"

static const struct {
    const char *name, *rules;
} zones[] = {
    {"UTC", "UTC0"}, {"Etc/UTC", "UTC0"}, {"GMT", "GMT0"},
    {"Europe/London", "GMT0BST,M3.5.0/1,M10.5.0"}, {"Europe/Dublin", "GMT0IST,M3.5.0/1,M10.5.0"},
    {"Europe/Lisbon", "WET0WEST,M3.5.0/1,M10.5.0"},
    {"Europe/Amsterdam", "CET-1CEST" EUROPE}, {"Europe/Berlin", "CET-1CEST" EUROPE},
    {"Europe/Brussels", "CET-1CEST" EUROPE}, {"Europe/Copenhagen", "CET-1CEST" EUROPE},
    {"Europe/Madrid", "CET-1CEST" EUROPE}, {"Europe/Oslo", "CET-1CEST" EUROPE},
    {"Europe/Paris", "CET-1CEST" EUROPE}, {"Europe/Prague", "CET-1CEST" EUROPE},
    {"Europe/Rome", "CET-1CEST" EUROPE}, {"Europe/Stockholm", "CET-1CEST" EUROPE},
    {"Europe/Vienna", "CET-1CEST" EUROPE}, {"Europe/Warsaw", "CET-1CEST" EUROPE},
    {"Europe/Zurich", "CET-1CEST" EUROPE}, {"Europe/Budapest", "CET-1CEST" EUROPE},
    {"Europe/Athens", "EET-2EEST,M3.5.0/3,M10.5.0/4"}, {"Europe/Helsinki", "EET-2EEST,M3.5.0/3,M10.5.0/4"},
    {"Europe/Kyiv", "EET-2EEST,M3.5.0/3,M10.5.0/4"}, {"Europe/Istanbul", "TRT-3"},
    {"Europe/Moscow", "MSK-3"}, {"Africa/Cairo", "EET-2EEST,M4.5.5/0,M10.5.4/24"},
    {"Africa/Johannesburg", "SAST-2"}, {"Africa/Lagos", "WAT-1"}, {"Africa/Nairobi", "EAT-3"},
    {"America/New_York", "EST5EDT" AMERICA}, {"America/Toronto", "EST5EDT" AMERICA},
    {"America/Chicago", "CST6CDT" AMERICA}, {"America/Denver", "MST7MDT" AMERICA},
    {"America/Phoenix", "MST7"}, {"America/Los_Angeles", "PST8PDT" AMERICA},
    {"America/Vancouver", "PST8PDT" AMERICA}, {"America/Mexico_City", "CST6"},
    {"America/Bogota", "COT5"}, {"America/Sao_Paulo", "BRT3"}, {"America/Argentina/Buenos_Aires", "ART3"},
    {"Asia/Dubai", "GST-4"}, {"Asia/Karachi", "PKT-5"}, {"Asia/Kolkata", "IST-5:30"},
    {"Asia/Dhaka", "BDT-6"}, {"Asia/Bangkok", "ICT-7"}, {"Asia/Jakarta", "WIB-7"},
    {"Asia/Shanghai", "CST-8"}, {"Asia/Hong_Kong", "HKT-8"}, {"Asia/Singapore", "SGT-8"},
    {"Asia/Manila", "PST-8"}, {"Asia/Taipei", "CST-8"}, {"Asia/Tokyo", "JST-9"}, {"Asia/Seoul", "KST-9"},
    {"Australia/Perth", "AWST-8"}, {"Australia/Brisbane", "AEST-10"},
    {"Australia/Sydney", "AEST-10AEDT,M10.1.0,M4.1.0/3"},
    {"Australia/Melbourne", "AEST-10AEDT,M10.1.0,M4.1.0/3"},
    {"Pacific/Auckland", "NZST-12NZDT,M9.5.0,M4.1.0/3"}, {"Pacific/Honolulu", "HST10"},
};

static bool take_digits(const char **at, int64_t most, int64_t *out)
{
    uint64_t n;
    if (**at < '0' || **at > '9' || !text_take_u64(at, *at + strlen(*at), &n) || n > (uint64_t)most)
        return false;
    *out = (int64_t)n;
    return true;
}

/* "[+-]hh[:mm]" in seconds */
static bool take_offset(const char **at, int64_t *s)
{
    int64_t hours, minutes = 0;
    bool is_negative = **at == '-';
    *at += **at == '-' || **at == '+';
    if (!take_digits(at, 24, &hours))
        return false;
    if (**at == ':') {
        ++*at;
        if (!take_digits(at, 59, &minutes))
            return false;
    }
    *s = (hours * 60 + minutes) * (is_negative ? -60 : 60);
    return true;
}

static bool take_letters(const char **at)
{
    const char *start = *at;
    while ((**at >= 'A' && **at <= 'Z') || (**at >= 'a' && **at <= 'z'))
        ++*at;
    return *at - start >= 3;
}

/* ",M3.5.0/2": local seconds since 1970 of that change in that year. */
static bool take_change(const char **at, int64_t year, int64_t *s)
{
    int64_t month, week, day, time_s = 7200;
    if (*(*at)++ != ',' || *(*at)++ != 'M' || !take_digits(at, 12, &month) || month == 0 || *(*at)++ != '.' ||
        !take_digits(at, 5, &week) || week == 0 || *(*at)++ != '.' || !take_digits(at, 6, &day))
        return false;
    if (**at == '/') {
        ++*at;
        if (!take_offset(at, &time_s))
            return false;
    }
    int64_t first = calendar_days(year, month, 1);
    int64_t next = first + calendar_month_length(year, month);
    int64_t weekday = (first + 4) % 7; /* Sunday is 0 */
    int64_t date = first + (day - weekday + 7) % 7 + (week - 1) * 7;
    while (date >= next)
        date -= 7;
    *s = date * DAY_S + time_s;
    return true;
}

/* "CET-1CEST,M3.5.0,M10.5.0/3"; west is positive there. */
static bool posix_offset(const char *rules, int64_t s, int64_t *offset_s)
{
    int64_t standard, summer, begin, end;
    const char *at = rules;
    if (!take_letters(&at) || !take_offset(&at, &standard))
        return false;
    *offset_s = -standard;
    if (*at == '\0')
        return true;
    summer = standard - 3600;
    if (!take_letters(&at) || (*at != ',' && !take_offset(&at, &summer)))
        return false;
    int64_t year = calendar_date(s < standard ? 0 : (s - standard) / DAY_S).year;
    if (!take_change(&at, year, &begin) || !take_change(&at, year, &end) || *at != '\0')
        return false;
    begin += standard;
    end += summer;
    bool is_summer = begin < end ? s >= begin && s < end : s >= begin || s < end;
    *offset_s = is_summer ? -summer : -standard;
    return true;
}

bool zone_offset(const char *zone, int64_t s, int64_t *offset_s)
{
    const char *at = zone;
    if (*at == '+' || *at == '-')
        return take_offset(&at, offset_s) && *at == '\0';
    for (uint32_t i = 0; i < COUNT_OF(zones); i++)
        if (text_equal(zones[i].name, zone))
            return posix_offset(zones[i].rules, s, offset_s);
    return posix_offset(zone, s, offset_s);
}
