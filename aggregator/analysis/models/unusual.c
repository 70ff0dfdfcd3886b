/* SPDX-License-Identifier: MIT */
/* See unusual.h. */
#include "aggregator/analysis/models/unusual.h"

#include "aggregator/analysis/models/arithmetic.h"

#define DAY_S 86400
#define WINDOW_S (21.0 * DAY_S)
#define VALUE_MOST 1e18 /* its square is within a float */
#define CLIP 8.0 /* standard deviations: what trouble may teach */

static double deviation(const struct departure *d, double range)
{
    return larger(square_root((double)d->variance), 0.01 * range);
}

/* The departure as it may teach. */
static double clip(const struct unusual *u, const struct departure *d, double r, int64_t time_s)
{
    double sd = deviation(d, (double)(u->most - u->least));
    return time_s - u->first_s < DAY_S / 2 || sd <= 0 ? r : clamp(r, -CLIP * sd, CLIP * sd);
}

static void follow(struct departure *d, double r, double clipped, double weight)
{
    d->variance = (float)((double)d->variance + weight * (clipped * clipped - (double)d->variance));
    d->run = (float)((double)d->run + (r - (double)d->run) / 3.0);
}

static double in_deviations(double departure, double sd)
{
    return sd > 0 ? smaller(UNUSUAL_MOST, absolute(departure) / sd) : 0.0;
}

static void begin(struct unusual *u, int64_t time_s, double value)
{
    u->time_s = u->first_s = time_s;
    u->step_s = 60;
    u->mean = u->least = u->most = (float)value;
}

/* One sample widens it no more than threefold to either side: what is absurd must not make all else look
 * small. */
static void follow_range(struct unusual *u, double x)
{
    double range = (double)(u->most - u->least), pull = 3e-5 * range;
    if (range > 0)
        x = clamp(x, (double)u->least - 3.0 * range, (double)u->most + 3.0 * range);
    u->least = (float)smaller((double)u->least + pull, x);
    u->most = (float)larger((double)u->most - pull, x);
}

struct unusual_state unusual_step(struct unusual *u, int64_t time_s, double value)
{
    value = clamp(value, -VALUE_MOST, VALUE_MOST);
    if (u->seen == 0)
        begin(u, time_s, value);
    double elapsed = clamp((double)(time_s - u->time_s), 0.0, 3600.0);
    if (u->seen > 0)
        u->step_s += (float)(mean_weight(100, u->seen - 1) * (elapsed - (double)u->step_s));
    u->time_s = time_s;
    double weight = mean_weight(WINDOW_S / larger((double)u->step_s, 1.0), u->seen);
    uint32_t q = (uint32_t)(((time_s % DAY_S) + DAY_S) % DAY_S) * UNUSUAL_QUARTERS / DAY_S;
    if (u->quarter_seen[q] == 0)
        u->quarter[q] = u->mean;
    double r0 = value - (double)u->mean, r1 = value - (double)u->quarter[q];
    double c0 = clip(u, &u->from_mean, r0, time_s), c1 = clip(u, &u->from_day, r1, time_s);
    follow(&u->from_mean, r0, c0, weight);
    follow(&u->from_day, r1, c1, weight);
    follow_range(u, value);
    u->mean = (float)((double)u->mean + weight * c0);
    u->quarter[q] = (float)((double)u->quarter[q] + larger(0.02, 1.0 / (u->quarter_seen[q] + 1.0)) * c1);
    if (u->quarter_seen[q] < 255)
        u->quarter_seen[q]++;
    if (u->seen < UINT32_MAX)
        u->seen++;

    bool by_day = time_s - u->first_s >= 2 * DAY_S &&
                  (double)u->from_day.variance < 0.9 * (double)u->from_mean.variance;
    const struct departure *d = by_day ? &u->from_day : &u->from_mean;
    double sd = deviation(d, (double)(u->most - u->least));
    return (struct unusual_state){in_deviations((double)d->run, sd), in_deviations(by_day ? r1 : r0, sd)};
}
