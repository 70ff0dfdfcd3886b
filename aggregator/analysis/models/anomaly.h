/* SPDX-License-Identifier: MIT */
/* Is this sample news? A streaming detector with fixed state for one series of means, a minute to some
 * minutes apart. It looks at the series in ten ways (steps, level, variance, time of day), rates each against
 * its own records (record.h), and takes the mean of two differently built panels of these; a filter in time
 * lets through only what beats the recent alarms, so that one trouble is told once.
 *
 * It knows nothing of the series but its samples in the order of time: no range, no unit, no period. */
#ifndef NEPHOS_MODELS_ANOMALY_H
#define NEPHOS_MODELS_ANOMALY_H

#include "aggregator/analysis/models/record.h"

#define ANOMALY_RECORDS 11U
#define ANOMALY_QUARTERS 96U /* of an hour, in a day */
#define ANOMALY_HOURS 24U
#define ANOMALY_LAST 6U

/* Of a feature that is measured in its standard deviations. */
struct anomaly_spread {
    float mean, variance;
};

struct anomaly {                  /* all zero: nothing seen */
    uint32_t seen;
    int64_t time_s;               /* of the sample before */
    float last[ANOMALY_LAST];     /* [0] the sample before */
    float step_s;                 /* mean time between samples */
    float size;                   /* mean |value| */
    float slow;                   /* mean of some hundred samples: what a new bin of a profile starts with */
    float fast16, slow16, fast60, slow60, fast_log, slow_log;
    float variance_mean, variance, variance_range, variance_usual;
    float quarter[ANOMALY_QUARTERS], quarter_spread;
    float hour[ANOMALY_HOURS], hour_spread, hour_run;
    uint8_t quarter_seen[ANOMALY_QUARTERS], hour_seen[ANOMALY_HOURS];
    struct anomaly_spread hour_usual, step3_usual;
    struct record records[ANOMALY_RECORDS];
    float told;                   /* the fading maximum of what was told */
};

struct anomaly_score {
    double score; /* 1 and more: raise an alarm. 0 when nothing new is to be told */
    double raw;   /* before the filter in time */
};

/* Takes the next sample; `time_s` since 1970, `value` finite. Time may stand still or step back. */
struct anomaly_score anomaly_step(struct anomaly *a, int64_t time_s, double value);

/* The filter in time: `raw` when it beats the fading maximum *told of what was told before, else 0. */
double anomaly_tell(float *told, double raw, double elapsed_s);

#endif
