/* SPDX-License-Identifier: MIT */
/* What anomaly detection knows of every host just now, to be looked at by who shows it. */
#ifndef NEPHOS_ANALYSIS_BOARD_H
#define NEPHOS_ANALYSIS_BOARD_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define BOARD_RANKED 5U
/* A level from which the state of a host counts as unusual, and an alarm as one of the host. */
#define BOARD_LEVEL 2.0
/* The plain rule beside our own: so many standard deviations from the mean of a day or of a week. */
#define BOARD_SIGMA 3.0F

/* One metric that stands out, in its unit (of a counter: a second). */
struct board_metric {
    uint16_t series;         /* of the instance, in the store */
    uint16_t zero;           /* no byte is left to chance: checkpoints are written as they lie here */
    float value, greatest;   /* mean and maximum of the minute */
    float usual, deviation;  /* mean of a day and standard deviation */
    float now;               /* how many standard deviations away this minute alone is, 0..30 */
    float state;             /* how many standard deviations away, as the models see it, 0..30 */
    float news;              /* 1 and more would be an alarm of the series alone */
    float z_day, z_week;     /* plain (value - mean) / standard deviation over 24 h and 7 d */
};
static_assert(sizeof(struct board_metric) == 2 * sizeof(uint16_t) + 9 * sizeof(float), "no padding");

struct board_host {
    int64_t minute_s;        /* begin of the newest minute that was judged, 0: none */
    int64_t first_s;         /* of what has been learnt from */
    float level, score;      /* host.h; both are 0 while it is learning */
    float level_now;         /* of the newest minute alone */
    bool is_learning;        /* less than a day has been seen */
    bool is_catching_up;     /* what the store holds is being learnt from first */
    bool is_unusual;         /* an incident is open */
    uint16_t tracked, surplus; /* series that take part, and that found no room */
    uint32_t ranked_count;
    struct board_metric ranked[BOARD_RANKED]; /* what stands out most comes first */
    uint16_t beyond;         /* series that the plain rule finds, */
    uint32_t farthest_count;
    struct board_metric farthest[BOARD_RANKED]; /* and the farthest of them, first the farthest */
};

struct board {
    uint32_t count;          /* hosts, by index in the store */
    const struct board_host *hosts;
};

#endif
