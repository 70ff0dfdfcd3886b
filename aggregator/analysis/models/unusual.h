/* SPDX-License-Identifier: MIT */
/* How unusual is the state now? Where an alarm (anomaly.h) falls back when the news is told, this stays high
 * as long as the trouble lasts: the distance from what is usual, in standard deviations. What is usual
 * is a slow mean, or a profile of the day where that fits better. */
#ifndef NEPHOS_MODELS_UNUSUAL_H
#define NEPHOS_MODELS_UNUSUAL_H

#include <stdbool.h>
#include <stdint.h>

#define UNUSUAL_QUARTERS 96U
#define UNUSUAL_MOST 30.0

/* One opinion of what is usual: the variance of what departs from it. */
struct departure {
    float variance, run; /* run: a short mean of the departures */
};

struct unusual {         /* all zero: nothing seen */
    uint32_t seen;
    int64_t time_s, first_s;
    float step_s;        /* mean time between samples */
    float mean, least, most;
    float quarter[UNUSUAL_QUARTERS];
    uint8_t quarter_seen[UNUSUAL_QUARTERS];
    struct departure from_mean, from_day;
};

/* In standard deviations away from what is usual, 0..UNUSUAL_MOST. */
struct unusual_state {
    double lasting;      /* of the last few samples: falls by a third with each that is usual again */
    double now;          /* of the newest one alone */
};
/* Takes the next sample. */
struct unusual_state unusual_step(struct unusual *u, int64_t time_s, double value);

#endif
