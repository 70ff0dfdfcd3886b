/* SPDX-License-Identifier: MIT */
/* Is this machine in trouble? The three most unusual of its metrics say more than any one: a noisy metric is
 * alone, trouble has company. The alarm wants both news (anomaly.h) and a state that is unusual now
 * (unusual.h), and is told once. */
#ifndef NEPHOS_MODELS_HOST_H
#define NEPHOS_MODELS_HOST_H

#include <stdint.h>

#define HOST_COMPANY 3U

struct host {           /* all zero: nothing seen */
    int64_t time_s;
    float told;         /* the fading maximum of what was told */
};

/* The three largest of what is put in, and where they were found. */
struct host_company {
    double value[HOST_COMPANY];
    uint32_t metric[HOST_COMPANY];
    uint32_t count;
};
void host_company_add(struct host_company *c, uint32_t metric, double value);

/* How unusual a machine is by what is put in: the mean of the roots. */
double host_level(const struct host_company *state);

struct host_score {
    double score;       /* 1 and more: raise an alarm. 0 when nothing new is to be told */
    double level;       /* how unusual its state is, 0..5.5: the mean of the roots of standard deviations */
};

/* `news`: the raw scores of all metrics at `time_s`; `state`: how many standard deviations each is away. */
struct host_score host_step(struct host *h, int64_t time_s, const struct host_company *news,
                            const struct host_company *state);

#endif
