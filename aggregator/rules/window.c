/* SPDX-License-Identifier: MIT */
/* See window.h. */
#include "aggregator/rules/window.h"

#include <string.h>

#define DAY_S INT64_C(86400)
#define DAY_MIN 1440U

static const char *const days[7] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

static int find_day(const char **at)
{
    for (int i = 0; i < 7; i++) {
        bool is_it = true;
        for (int k = 0; k < 3; k++)
            is_it = is_it && ((*at)[k] | 0x20) == (days[i][k] | 0x20);
        if (is_it) {
            *at += 3;
            return i;
        }
    }
    return ERR_MISSING;
}

/* "Mon-Fri,Sun" */
static bool take_days(const char **at, uint8_t *mask)
{
    *mask = 0;
    do {
        int first = find_day(at), last = first;
        if (first >= 0 && **at == '-') {
            ++*at;
            last = find_day(at);
        }
        if (first < 0 || last < 0)
            return false;
        for (int d = first;; d = (d + 1) % 7) {
            *mask = (uint8_t)(*mask | 1U << d);
            if (d == last)
                break;
        }
    } while (**at == ',' && *(++*at) != '\0');
    return true;
}

/* "22:00"; 24:00 is the end of the day. */
static bool take_clock(const char **at, uint16_t *minutes)
{
    uint64_t hour, minute;
    const char *end = *at + strlen(*at);
    if (**at < '0' || **at > '9' || !text_take_u64(at, end, &hour) || **at != ':')
        return false;
    ++*at;
    if (**at < '0' || **at > '9' || !text_take_u64(at, end, &minute) || minute > 59 ||
        hour * 60 + minute > DAY_MIN)
        return false;
    *minutes = (uint16_t)(hour * 60 + minute);
    return true;
}

static void skip_blanks(const char **at)
{
    *at += strspn(*at, " \t");
}

int window_parse(const char *text, struct window *out, struct text *why)
{
    const char *at = text;
    *out = (struct window){.days = 0x7f};
    skip_blanks(&at);
    bool good = true;
    if (strncmp(at, "daily", 5) == 0)
        at += 5;
    else if (*at < '0' || *at > '9')
        good = take_days(&at, &out->days);
    skip_blanks(&at);
    if (!good || !take_clock(&at, &out->from_min) || *at++ != '-' || !take_clock(&at, &out->to_min)) {
        text_put(why, "a window is days, hours and a time zone, as Sat,Sun 22:00-06:00 Europe/Berlin");
        return ERR_MALFORMED;
    }
    skip_blanks(&at);
    int64_t offset_s;
    if (*at == '\0')
        at = "UTC";
    if (!text_copy(out->zone, sizeof out->zone, at) || !zone_offset(out->zone, 0, &offset_s)) {
        text_printf(why, "there is no time zone \"%s\" here; write a name as Europe/Berlin, an offset as "
                         "+01:00, or rules as CET-1CEST,M3.5.0,M10.5.0/3", at);
        return ERR_MALFORMED;
    }
    return ERR_OK;
}

void window_print(const struct window *w, struct text *out)
{
    bool is_first = true;
    for (uint32_t d = 0; d < 7 && w->days != 0x7f; d++) {
        if ((w->days >> d & 1) == 0)
            continue;
        text_printf(out, "%s%s", is_first ? "" : ",", days[d]);
        is_first = false;
    }
    text_printf(out, "%s %02u:%02u-%02u:%02u %s", w->days == 0x7f ? "daily" : "", w->from_min / 60U,
                w->from_min % 60U, w->to_min / 60U, w->to_min % 60U, w->zone);
}

bool window_holds(const struct window *w, int64_t ms)
{
    int64_t offset_s = 0, s = ms / MS_PER_S;
    if (w->days == 0 || ms < 0 || !zone_offset(w->zone, s, &offset_s))
        return false;
    int64_t local = s + offset_s;
    if (local < DAY_S)
        return false;
    uint32_t today = (uint32_t)((local / DAY_S + 3) % 7); /* 1970 began on a Thursday */
    uint32_t minute = (uint32_t)(local % DAY_S / 60);
    bool begins_today = (w->days >> today & 1) != 0, began_before = (w->days >> (today + 6) % 7 & 1) != 0;
    if (w->to_min > w->from_min)
        return begins_today && minute >= w->from_min && minute < w->to_min;
    return (begins_today && minute >= w->from_min) || (began_before && minute < w->to_min);
}
