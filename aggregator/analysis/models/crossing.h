/* SPDX-License-Identifier: MIT */
/* When will it be full? The time until a level in percent reaches a threshold, some days ahead.
 * Forecasters of growth work side by side on an hourly grid and are weighted by how they did of late on this
 * very series: a line through hours or days, yesterday's course again, the mean course of three days, and no
 * growth at all. Each says when; weighted quantiles of what they say are told, with the usual miss of each
 * to either side. A cleanup, when somebody
 * made room, ends the old line; a daily sawtooth is no growth. */
#ifndef NEPHOS_MODELS_CROSSING_H
#define NEPHOS_MODELS_CROSSING_H

#include <stdbool.h>
#include <stdint.h>

#define CROSSING_HOURS 96U    /* remembered */
#define CROSSING_AHEAD 72U    /* hours that are looked ahead */
#define CROSSING_HORIZONS 3U  /* 6, 12 and 24 hours: where forecasts are held against what came */
#define CROSSING_RING (6U + 12U + 24U)

enum grower {
    GROW_LINE_3, GROW_LINE_6, GROW_LINE_24, GROW_LINE_72, /* least squares over so many hours */
    GROW_YESTERDAY, GROW_DAYS, GROW_NOT,
    GROWERS,
};

struct crossing {             /* all zero: nothing seen */
    int64_t hour;             /* since 1970: the one being filled */
    float last[3];            /* samples, the newest first */
    uint32_t samples;         /* of this hour */
    uint32_t hours;           /* full ones seen */
    uint32_t since_cleanup;   /* hours */
    float most;               /* of this hour */
    float usual_growth;       /* running mean of the hourly growth */
    float value[CROSSING_HOURS];  /* at the end of each hour, by hour modulo their number */
    float grown[CROSSING_HOURS];  /* the sum of growth, cleanups left out */
    float excess[CROSSING_HOURS]; /* the hour's maximum above its end */
    float made[GROWERS][CROSSING_RING];
    float error[GROWERS][CROSSING_HORIZONS];
};

/* Takes a sample in percent (0..100; of what has no such bound, a share of the level that will be asked for)
 * that was measured during the time before `time_s` since 1970. */
void crossing_step(struct crossing *c, int64_t time_s, double value);
/* Seconds from the last sample until the level first stays at or above the threshold. */
#define CROSSING_NEVER INT64_MAX
struct crossing_time {
    int64_t early_s, expected_s, late_s; /* CROSSING_NEVER: not within the time asked for */
};
/* Within `ahead_s` (at most CROSSING_AHEAD hours) after `now_s`, the time of the last sample. All are zero
 * when the threshold is held already. False while less than a day has been seen. */
bool crossing_ask(const struct crossing *c, int64_t now_s, double threshold, int64_t ahead_s,
                  struct crossing_time *out);

#endif
