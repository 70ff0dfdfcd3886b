/* SPDX-License-Identifier: MIT */
/* Will what a month allows last? Traffic of the month in percent of an allowance, which begins at zero with
 * each month: it grows day by day, and when it will be used up follows from what the days of the last week
 * took. */
#ifndef NEPHOS_MODELS_ALLOWANCE_H
#define NEPHOS_MODELS_ALLOWANCE_H

#include "aggregator/analysis/models/crossing.h"

#define ALLOWANCE_HOURS 168U

struct allowance {               /* all zero: nothing seen */
    int64_t first_hour, hour;    /* since 1970 */
    double value;                /* newest, percent */
    float grown[ALLOWANCE_HOURS]; /* in each hour, by hour modulo their number */
};

/* Takes a sample in percent that was measured before `time_s`. One that is smaller than the one before begins
 * a month. */
void allowance_step(struct allowance *a, int64_t time_s, double value);
/* When 100 % will be reached, in seconds after `now_s`, if that is before `until_s`. False when it is not,
 * when it is already, or when less than a day has been seen. */
bool allowance_ask(const struct allowance *a, int64_t now_s, int64_t until_s, struct crossing_time *out);
/* When the month of that time ends, UTC, in seconds since 1970. */
int64_t allowance_month_end_s(int64_t now_s);

#endif
