/* SPDX-License-Identifier: MIT */
/* What is to come of one series: its stored past, folded into five minutes each, goes through the models
 * (models/forecast.h, models/crossing.h). Nothing is kept between two looks: the store remembers, what came
 * late has been put in its place, and a restart changes nothing. Pure but for the cells that it is given. */
#ifndef NEPHOS_ANALYSIS_OUTLOOK_H
#define NEPHOS_ANALYSIS_OUTLOOK_H

#include "aggregator/analysis/minutes.h"
#include "aggregator/analysis/models/allowance.h"
#include "aggregator/analysis/models/crossing.h"
#include "aggregator/analysis/models/forecast.h"

/* So much of the past is looked at: two weeks, so that a week can be seen to come again. */
#define OUTLOOK_PAST_MS (INT64_C(14) * 86400 * 1000)
#define OUTLOOK_STEP_MS INT64_C(300000)
#define OUTLOOK_POINTS ((uint32_t)(OUTLOOK_PAST_MS / OUTLOOK_STEP_MS))
#define OUTLOOK_HOURS_MOST 168U
/* Where a percentage counts as full: above, little goes right any more. */
#define OUTLOOK_FULL_PERCENT 95
/* Less than that of the past, and nothing is said; older than that, and it is not about now. */
#define OUTLOOK_SEEN_S (12 * 3600)
#define OUTLOOK_STALE_S 3600

struct outlook {
    struct minute minute;
    bool is_percent;
    double full;              /* the level whose crossing is looked for, 0: none */
    double in_percent;        /* what makes a value one that the crossing takes: a share of the level */
    bool is_allowance;        /* of a month: it begins at zero with each */
    int64_t first_s, last_s;  /* of the samples; 0: none */
    double last, least, most; /* of the means */
    struct forecast forecast;
    struct crossing crossing;
    struct allowance allowance;
};

/* `full` above 0 is the level whose crossing will be asked for, in the unit of the metric (of a counter: a
 * second); 0 stands for OUTLOOK_FULL_PERCENT of a percentage, and for none of anything else. */
void outlook_begin(struct outlook *o, const struct store_metric *metric, double full);
/* The next cell, whose step begins at `ms`. Empty ones and such as cannot be true are passed over. */
void outlook_take(struct outlook *o, int64_t ms, const struct store_cell *cell);
/* What a level cannot be: a percentage is from 0 to 100, and what was never below zero does not fall below
 * it. A series that has been beyond such a bound has none there. `least` and `most` are the extremes of its
 * past. */
void outlook_bound(struct forecast_level *l, bool is_percent, double least, double most);
/* Mean of the hour that ends `hours` (1..OUTLOOK_HOURS_MOST) after the last sample. False when there is too
 * little to say, or it is old at `now_s`. */
bool outlook_level(const struct outlook *o, int64_t now_s, uint32_t hours, struct forecast_level *out);
/* When the allowance will be used up, in seconds after the last sample. False when that is not to be expected
 * before the month ends, or there is nothing to say. */
bool outlook_used_up(const struct outlook *o, int64_t now_s, struct crossing_time *out);
/* When o->full will be reached from below, in seconds after the last sample, within `ahead_s`. False when
 * there is nothing to say: no such level, too little seen, or not to be expected. What is above it already is
 * reached in 0 seconds. */
bool outlook_full(const struct outlook *o, int64_t now_s, int64_t ahead_s, struct crossing_time *out);

#endif
