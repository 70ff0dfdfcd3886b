/* SPDX-License-Identifier: MIT */
/* See allowance.h. */
#include "aggregator/analysis/models/allowance.h"

#include "aggregator/analysis/models/arithmetic.h"
#include "platform/base/calendar.h"

#define HOUR_S 3600
#define DAY_S 86400
#define DAY_HOURS 24U
#define DAYS_MAX (ALLOWANCE_HOURS / DAY_HOURS)
#define ALL 100.0
/* From so many days on the least and the greatest are left out of the mean. */
#define DAYS_TRIMMED 4U
/* One day says little of how days differ. */
#define DOUBT 0.25

void allowance_step(struct allowance *a, int64_t time_s, double value)
{
    int64_t hour = (time_s - 1) / HOUR_S;
    if (!(value >= 0 && value < 1e6) || hour < a->hour)
        return;
    if (a->first_hour == 0) {
        a->first_hour = a->hour = hour;
        a->value = value;
        return;
    }
    int64_t from = hour - a->hour > (int64_t)ALLOWANCE_HOURS ? hour - (int64_t)ALLOWANCE_HOURS : a->hour;
    for (int64_t h = from + 1; h <= hour; h++)
        a->grown[h % ALLOWANCE_HOURS] = 0;
    double growth = value >= a->value ? value - a->value : value;
    a->grown[hour % ALLOWANCE_HOURS] = (float)((double)a->grown[hour % ALLOWANCE_HOURS] + growth);
    a->hour = hour;
    a->value = value;
}

/* What each of the last days took, from the least to the greatest; how many. */
static uint32_t days_of(const struct allowance *a, double day[static DAYS_MAX])
{
    int64_t known = a->hour - a->first_hour;
    uint32_t count = known >= (int64_t)ALLOWANCE_HOURS ? DAYS_MAX : (uint32_t)known / DAY_HOURS;
    for (uint32_t d = 0; d < count; d++) {
        double sum = 0;
        for (uint32_t h = 0; h < DAY_HOURS; h++)
            sum += (double)a->grown[(a->hour - (int64_t)(d * DAY_HOURS + h)) % ALLOWANCE_HOURS];
        uint32_t at = d;
        for (; at > 0 && day[at - 1] > sum; at--)
            day[at] = day[at - 1];
        day[at] = sum;
    }
    return count;
}

static int64_t time_for(double left, double a_day, int64_t most_s)
{
    double seconds = a_day > 0 ? left / a_day * DAY_S : 1e18;
    return seconds < (double)most_s ? (int64_t)seconds : CROSSING_NEVER;
}

bool allowance_ask(const struct allowance *a, int64_t now_s, int64_t until_s, struct crossing_time *out)
{
    double day[DAYS_MAX], sum = 0, left = ALL - a->value;
    uint32_t count = a->first_hour == 0 ? 0 : days_of(a, day);
    uint32_t cut = count >= DAYS_TRIMMED ? 1 : 0;
    if (count == 0 || left <= 0 || now_s >= until_s)
        return false;
    for (uint32_t d = cut; d < count - cut; d++)
        sum += day[d];
    double usual = sum / (count - 2 * cut);
    double least = smaller(day[cut], usual * (1 - DOUBT));
    double most = larger(day[count - 1 - cut], usual * (1 + DOUBT));
    int64_t most_s = until_s - now_s;
    *out = (struct crossing_time){time_for(left, most, most_s), time_for(left, usual, most_s),
                                  time_for(left, least, most_s)};
    return out->expected_s != CROSSING_NEVER;
}

int64_t allowance_month_end_s(int64_t now_s)
{
    int64_t today = calendar_day_of_ms(now_s * MS_PER_S);
    struct calendar_date date = calendar_date(today);
    return (today - date.day + 1 + calendar_month_length(date.year, date.month)) * DAY_S;
}
