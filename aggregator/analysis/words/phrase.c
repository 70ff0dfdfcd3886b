/* SPDX-License-Identifier: MIT */
/* Phrases. */
#include "aggregator/analysis/words/phrase.h"

#include <string.h>

#include "platform/base/calendar.h"
#include "platform/base/utf8.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* --- what comes from outside --- */

void phrase_foreign(struct text *t, const char *s, uint32_t most)
{
    uint32_t length = (uint32_t)strlen(s), put = 0, i = 0;
    while (i < length) {
        uint32_t n = utf8_character(s + i, length - i);
        if (put + (n == 0 ? 1 : n) > most)
            break;
        if (n == 0)
            text_put_char(t, '?');
        else
            text_put_n(t, s + i, n);
        put += n == 0 ? 1 : n;
        i += n == 0 ? 1 : n;
    }
    if (i < length)
        text_put(t, "...");
    if (length == 0)
        text_put(t, "(no name)");
}

void phrase_name(struct text *t, const char *name)
{
    phrase_foreign(t, name, PHRASE_NAME_MAX);
}

/* --- numbers --- */

static void put_grouped(struct text *t, uint64_t v)
{
    uint64_t group = 1;
    while (v / group >= 1000)
        group *= 1000;
    text_put_u64(t, v / group);
    for (group /= 1000; group > 0; group /= 1000)
        text_printf(t, ",%03u", (unsigned)(v / group % 1000));
}

/* Rounded half away from zero; |v| below 1e15. */
static void put_decimals(struct text *t, double v, uint32_t scale)
{
    double scaled = v * scale;
    int64_t n = (int64_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    if (n < 0)
        text_put_char(t, '-');
    uint64_t size = (uint64_t)(n < 0 ? -n : n);
    put_grouped(t, size / scale);
    uint64_t rest = size % scale;
    if (rest == 0)
        return;
    text_put_char(t, '.');
    for (uint32_t digit = scale / 10; digit > 0 && rest > 0; digit /= 10) {
        text_put_u64(t, rest / digit);
        rest %= digit;
    }
}

void phrase_number(struct text *t, double v)
{
    double size = v < 0 ? -v : v;
    if (v != v) {
        text_put(t, "no number");
    } else if (size >= 999.5e9) {
        text_put(t, v < 0 ? "less than -1 trillion" : "more than 1 trillion");
    } else if (size >= 999.5e6) {
        put_decimals(t, v / 1e9, 10);
        text_put(t, " billion");
    } else if (size >= 999.5e3) {
        put_decimals(t, v / 1e6, 10);
        text_put(t, " million");
    } else if (size >= 99.95) {
        put_decimals(t, v, 1);
    } else if (size >= 9.995) {
        put_decimals(t, v, 10);
    } else if (size >= 0.0995 || size < 0.00005) {
        put_decimals(t, v, 100);
    } else {
        put_decimals(t, v, 10000);
    }
}

void phrase_count(struct text *t, uint64_t n, const char *noun, const char *plural)
{
    put_grouped(t, n);
    text_put_char(t, ' ');
    text_put(t, n == 1 || plural == NULL ? noun : plural);
    if (n != 1 && plural == NULL)
        text_put_char(t, 's');
}

void phrase_share(struct text *t, double share)
{
    if (share > 0 && share < 0.01)
        text_put(t, "less than 1");
    else if (share < 1 && share > 0.99)
        text_put(t, "more than 99");
    else
        put_decimals(t, share * 100, 1);
    text_put(t, " %");
}

/* --- units --- */

static void put_bytes(struct text *t, double v)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    uint32_t unit = 0;
    while ((v >= 1023.5 || v <= -1023.5) && unit + 1 < COUNT_OF(units)) {
        v /= 1024;
        unit++;
    }
    phrase_number(t, v);
    text_printf(t, " %s", units[unit]);
}

static bool is_small(double v, double below)
{
    return v < below && v > -below;
}

static void put_seconds(struct text *t, double s, const char *per)
{
    if (is_small(s, 120) || per != NULL) {
        bool is_ms = is_small(s, 0.9995) && s != 0;
        phrase_number(t, is_ms ? s * 1000 : s);
        text_put(t, is_ms ? " ms" : " s");
    } else {
        if (s < 0)
            text_put_char(t, '-');
        phrase_duration(t, is_small(s, 1e15) ? (int64_t)(s * 1000) : INT64_MAX);
    }
}

static void put_with(struct text *t, double v, const char *unit, const char *per)
{
    if (text_equal(unit, "percent") || text_equal(unit, "ratio")) {
        phrase_number(t, unit[0] == 'r' ? v * 100 : v);
        text_put(t, " %");
    } else if (text_equal(unit, "count/s")) {
        phrase_number(t, v);
        text_put(t, "/s");
    } else if (text_equal(unit, "bytes/s")) {
        put_bytes(t, v);
        text_put(t, "/s");
    } else if (text_equal(unit, "bytes")) {
        put_bytes(t, v);
    } else if (text_equal(unit, "megabytes")) {
        put_bytes(t, v * 1048576);
    } else if (text_equal(unit, "milliseconds") || text_equal(unit, "ms")) {
        put_seconds(t, v / 1000, per);
    } else if (text_equal(unit, "seconds") || text_equal(unit, "s")) {
        put_seconds(t, v, per);
    } else if (text_equal(unit, "celsius")) {
        phrase_number(t, v);
        text_put(t, " °C");
    } else {
        phrase_number(t, v);
        if (unit[0] != '\0' && !text_equal(unit, "count") && !text_equal(unit, "load")) {
            text_put_char(t, ' ');
            phrase_foreign(t, unit, 16);
        }
    }
}

void phrase_value(struct text *t, double v, const char *unit)
{
    if (v != v)
        text_put(t, "no value");
    else
        put_with(t, v, unit, NULL);
}

void phrase_rate(struct text *t, double v, const char *unit, const char *per)
{
    if (v != v) {
        text_put(t, "no value");
        return;
    }
    put_with(t, v, unit, per);
    text_printf(t, "/%s", per);
}

/* --- time --- */

static uint64_t size_of(int64_t ms)
{
    return ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
}

static void put_two(struct text *t, uint64_t a, const char *major, uint64_t b, const char *minor)
{
    text_printf(t, "%llu %s", (unsigned long long)a, major);
    if (b > 0)
        text_printf(t, " %llu %s", (unsigned long long)b, minor);
}

void phrase_duration(struct text *t, int64_t ms)
{
    uint64_t d = size_of(ms);
    if (d < SECOND) {
        text_put(t, "less than a second");
    } else if (d < MINUTE) {
        phrase_count(t, d / SECOND, "second", NULL);
    } else if (d < HOUR) {
        phrase_count(t, d / MINUTE, "minute", NULL);
    } else if (d < 2 * DAY) {
        if (d % HOUR < MINUTE)
            phrase_count(t, d / HOUR, "hour", NULL);
        else
            put_two(t, d / HOUR, "h", d % HOUR / MINUTE, "min");
    } else if (d < 10 * DAY) {
        put_two(t, d / DAY, "days", d % DAY / HOUR, "h");
    } else {
        phrase_count(t, d / DAY, "day", NULL);
    }
}

void phrase_about(struct text *t, int64_t ms)
{
    uint64_t d = size_of(ms);
    if (d < 90 * SECOND)
        text_put(t, "a minute");
    else if (d < 90 * MINUTE)
        phrase_count(t, (d + MINUTE / 2) / MINUTE, "minute", NULL);
    else if (d < 36 * HOUR)
        phrase_count(t, (d + HOUR / 2) / HOUR, "hour", NULL);
    else
        phrase_count(t, (d + DAY / 2) / DAY, "day", NULL);
}

static uint32_t minute_of(int64_t ms)
{
    return (uint32_t)((ms - calendar_day_of_ms(ms) * DAY) / MINUTE);
}

static void put_clock(struct text *t, int64_t ms)
{
    text_printf(t, "%02u:%02u", minute_of(ms) / 60, minute_of(ms) % 60);
}

/* "yesterday ", nothing for today */
static void put_day(struct text *t, int64_t ms, int64_t now_ms)
{
    int64_t day = calendar_day_of_ms(ms), days = day - calendar_day_of_ms(now_ms);
    struct calendar_date d = calendar_date(day), now = calendar_date(day - days);
    if (days == -1 || days == 1)
        text_put(t, days < 0 ? "yesterday " : "tomorrow ");
    else if (days != 0 && d.year == now.year)
        text_printf(t, "%s %u %s ", calendar_weekdays[d.weekday], d.day, calendar_months[d.month - 1]);
    else if (days != 0)
        text_printf(t, "%u %s %lld ", d.day, calendar_months[d.month - 1], (long long)d.year);
}

void phrase_time(struct text *t, int64_t ms, int64_t now_ms)
{
    put_day(t, ms, now_ms);
    put_clock(t, ms);
    text_put(t, " UTC");
}

void phrase_at(struct text *t, int64_t ms, int64_t now_ms)
{
    int64_t days = calendar_day_of_ms(ms) - calendar_day_of_ms(now_ms);
    if (days < -1 || days > 1)
        text_put(t, "on ");
    put_day(t, ms, now_ms);
    text_put(t, "at ");
    put_clock(t, ms);
    text_put(t, " UTC");
}

void phrase_span(struct text *t, int64_t from_ms, int64_t to_ms, int64_t now_ms)
{
    bool is_one_day = calendar_day_of_ms(from_ms) == calendar_day_of_ms(to_ms);
    if (is_one_day && minute_of(from_ms) == minute_of(to_ms)) {
        phrase_at(t, from_ms, now_ms);
        return;
    }
    text_put(t, "from ");
    put_day(t, from_ms, now_ms);
    put_clock(t, from_ms);
    text_put(t, is_one_day ? " to " : " UTC to ");
    if (is_one_day) {
        put_clock(t, to_ms);
        text_put(t, " UTC");
    } else {
        phrase_time(t, to_ms, now_ms);
    }
}

void phrase_since(struct text *t, int64_t ms, int64_t now_ms)
{
    text_put(t, "since ");
    phrase_time(t, ms, now_ms);
    if (now_ms - ms < MINUTE) {
        text_put(t, ", just now");
        return;
    }
    text_put(t, ", ");
    phrase_duration(t, now_ms - ms);
    text_put(t, " ago");
}

/* --- lists --- */

void phrase_list_next(struct text *t, uint32_t at, uint32_t told, uint32_t total)
{
    if (at == 0)
        return;
    text_put(t, at + 1 == told && told == total ? " and " : ", ");
}

void phrase_list_end(struct text *t, uint32_t told, uint32_t total)
{
    if (total > told)
        text_printf(t, "%s%u more", told > 0 ? " and " : "", total - told);
}

void phrase_capital(struct text *t, uint32_t from)
{
    if (from < t->length && t->at[from] >= 'a' && t->at[from] <= 'z')
        t->at[from] = (char)(t->at[from] - 'a' + 'A');
}
