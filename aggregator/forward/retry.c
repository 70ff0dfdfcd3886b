/* SPDX-License-Identifier: MIT */
/* See retry.h. */
#include "aggregator/forward/retry.h"

#include <string.h>

#include "platform/base/calendar.h"

enum verdict retry_judge(uint32_t status)
{
    if (status >= 200 && status < 300)
        return VERDICT_DONE;
    switch (status) {
    /* These alone can be about what was sent. */
    case 400: case 413: case 422:
        return VERDICT_DROP;
    /* These are about us, the address, the method, or the server: nothing is left out for them. */
    case 401: case 402: case 403: case 404: case 405: case 406: case 407: case 410: case 411: case 414:
    case 415: case 501: case 505:
        return VERDICT_HOLD;
    default:
        /* A redirect is not followed: the address is wrong. Of other 4xx, 408, 409, 423, 425 and 429 pass. */
        return status >= 300 && status < 400 ? VERDICT_HOLD : VERDICT_AGAIN;
    }
}

int64_t retry_delay_ms(enum verdict verdict, uint32_t failures, int64_t after_ms, uint64_t random)
{
    int64_t bound = RETRY_BASE_MS;
    for (uint32_t i = 1; i < failures && bound < RETRY_CEILING_MS; i++)
        bound *= 2;
    if (bound > RETRY_CEILING_MS)
        bound = RETRY_CEILING_MS;
    int64_t delay = (int64_t)(random % (uint64_t)(bound + 1));
    if (verdict == VERDICT_HOLD)
        delay = RETRY_HELD_MS / 2 + (int64_t)(random % (RETRY_HELD_MS / 2));
    else if (failures >= RETRY_FAILURES_DOWN)
        delay = RETRY_PROBE_MS / 2 + (int64_t)(random % (RETRY_PROBE_MS / 2));
    return after_ms > delay ? after_ms : delay;
}

/* --- dates --- */

static bool take_number(const char **at, uint32_t digits, int64_t *out)
{
    *out = 0;
    for (uint32_t i = 0; i < digits; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        *out = *out * 10 + (**at - '0');
    }
    return true;
}

static bool take_literal(const char **at, const char *literal)
{
    if (!text_starts(*at, literal))
        return false;
    *at += strlen(literal);
    return true;
}

int64_t retry_date_ms(const char *text)
{
    int64_t day, year, hour, minute, second, month = 0;
    const char *at = strchr(text, ',');
    if (at == NULL || !take_literal(&at, ", ") || !take_number(&at, 2, &day) || !take_literal(&at, " "))
        return -1;
    while (month < 12 && !text_starts(at, calendar_months[month]))
        month++;
    if (month == 12)
        return -1;
    at += 3;
    if (!take_literal(&at, " ") || !take_number(&at, 4, &year) || !take_literal(&at, " ") ||
        !take_number(&at, 2, &hour) || !take_literal(&at, ":") || !take_number(&at, 2, &minute) ||
        !take_literal(&at, ":") || !take_number(&at, 2, &second) || !text_equal(at, " GMT"))
        return -1;
    if (day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 || year < 1970)
        return -1;
    return ((calendar_days(year, month + 1, day) * 24 + hour) * 60 + minute) * 60000 + second * 1000;
}

int64_t retry_after_ms(const char *text, int64_t now_ms)
{
    uint64_t seconds;
    int64_t ms;
    if (text[0] != '\0' && text[strspn(text, "0123456789")] == '\0') {
        if (!text_to_u64(text, &seconds))
            seconds = UINT64_MAX;
        ms = seconds > (uint64_t)(RETRY_AFTER_MAX_MS / 1000) ? RETRY_AFTER_MAX_MS : (int64_t)seconds * 1000;
    } else {
        int64_t date_ms = retry_date_ms(text);
        if (date_ms < 0)
            return -1;
        ms = date_ms > now_ms ? date_ms - now_ms : 0;
    }
    return ms > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : ms;
}
