/* SPDX-License-Identifier: MIT */
/* What the files of predictions share. */
#ifndef NEPHOS_ANALYSIS_PREDICT_STATE_H
#define NEPHOS_ANALYSIS_PREDICT_STATE_H

#include "aggregator/analysis/outlook.h"
#include "aggregator/analysis/predict.h"

#define PREDICTED_MAX 12U          /* series of a host: some disks, their inodes, memory, swap */

struct predicted {
    float value;                   /* newest, at the last look */
    uint16_t series;
    uint8_t missed;                /* looks in a row that no longer expected it */
    bool is_open;                  /* an alert of ours is */
};

struct predict_host {
    struct mono looked_at;
    uint32_t seen;                 /* series that were looked through */
    uint32_t count;
    bool has_turn, has_value, has_open;
    struct predicted series[PREDICTED_MAX];
};

struct predict {
    struct store *store;
    struct predict_host *hosts;
    uint32_t instance, next, at;   /* at: the series of it that comes next */
    int query;
    bool is_read;
    int64_t from_ms;
    struct mono scan_at;
    struct outlook outlook;
    struct predict_stats stats;
};

/* predict_tell.c */
/* Raises, renews or ends what is told of the series in p->outlook. */
void predict_tell(struct predict *p, struct predicted *of, int64_t now_ms);

#endif
