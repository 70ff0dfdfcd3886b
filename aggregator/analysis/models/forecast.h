/* SPDX-License-Identifier: MIT */
/* What will the value be, some hours ahead? Several plain forecasters work side by side on hourly means; at
 * each horizon they are weighted by how they did of late on this very series, and the weighted median of
 * their opinions is told: what repeats daily, weekly or not at all is found out, not assumed, and who is
 * far off does not pull the others. Between the horizons lies what is between; beyond a day the interval
 * grows with the square root of the time. It comes from the committee's own errors, and from what its members
 * are at odds about. */
#ifndef NEPHOS_MODELS_FORECAST_H
#define NEPHOS_MODELS_FORECAST_H

#include <stdbool.h>
#include <stdint.h>

#define FORECAST_HORIZONS 3U       /* 1, 6 and 24 hours */
#define FORECAST_RING (1U + 6U + 24U)
#define FORECAST_DAY 24U
#define FORECAST_WEEK 168U
/* Growth that differs by less than a quarter of it, from hour to hour and from then to now, is steady and
 * goes on in full; where it differs by half of it, it is as much a step, a burst or noise, and does not. */
#define FORECAST_STEADY 0.25
#define FORECAST_UNSTEADY 0.5
/* Past misses do not know yet what has changed today, but the members are at odds about it: the interval
 * reaches to where a fifth of their weight lies beyond. A tenth covers 84 % of labelled hours, this 82. */
#define FORECAST_AT_ODDS 0.2
/* However one-sided the misses were, so much of the mean one is open to both sides. */
#define FORECAST_APART 0.1

enum forecaster {
    FORECAST_ON,          /* as now, and what grew steadily for a day grows on */
    FORECAST_SHORT_MEAN,  /* the mean of the last hours, newer ones first */
    FORECAST_DAY_MEDIAN,  /* the median of the last day */
    FORECAST_RUNNING,     /* the running median */
    FORECAST_YESTERDAY,   /* as at that hour a day before, and what days have added steadily */
    FORECAST_DAY_ON,      /* as now, and the day goes on as the one before */
    FORECAST_LAST_WEEK,   /* as at that hour a week before */
    FORECAST_DAY_FAST,    /* the usual course of a day, soon learnt, with what is left of the departure */
    FORECAST_DAY_SLOW,    /* the same, slowly learnt and hardly by outliers */
    FORECAST_SEASON,      /* a level and additive seasons, after Holt and Winters */
    FORECAST_WEEK_MEDIAN, /* the median of that hour on the last seven days */
    FORECAST_WEEK_NEAR,   /* the same, and what is left of the departure from it */
    FORECASTERS,
};

struct forecast {        /* all zero: nothing seen */
    int64_t hour;        /* since 1970: the one being filled */
    float sum;           /* of its samples */
    uint32_t samples;
    uint32_t hours;      /* full ones seen, or passed over */
    float week[FORECAST_WEEK];   /* hourly means, by hour modulo a week */
    float fast[FORECAST_DAY], slow[FORECAST_DAY], season[FORECAST_DAY];
    float level, median;
    float departure, slow_departure; /* mean sizes of the departures from `median` and from `slow` */
    /* what was forecast, by horizon and hour it was made for */
    float made[FORECASTERS + 1U][FORECAST_RING]; /* the last row: the committee's own */
    float error[FORECASTERS][FORECAST_HORIZONS];
    float own_error[FORECAST_HORIZONS], low[FORECAST_HORIZONS], high[FORECAST_HORIZONS];
};

struct forecast_level {
    double value, low, high; /* low <= value <= high; eight of ten outcomes lie from low to high */
};

/* Takes a sample: the mean of some minutes that ended at `time_s` since 1970. Time may stand still; what is
 * before the hour at hand is left out. A week without samples, or a day back, begins anew. */
void forecast_step(struct forecast *f, int64_t time_s, double value);
/* The mean of the hour that ends ahead_s (1 hour to 7 days) after now_s, which is not before the last sample.
 * False while less than a day has been seen. */
bool forecast_ask(const struct forecast *f, int64_t now_s, int64_t ahead_s, struct forecast_level *out);
/* Cuts off what cannot be: nothing is below `least` or above `most`. */
void forecast_bound(struct forecast_level *l, double least, double most);

#endif
