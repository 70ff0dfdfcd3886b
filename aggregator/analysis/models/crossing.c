/* SPDX-License-Identifier: MIT */
/* See crossing.h. */
#include "aggregator/analysis/models/crossing.h"

#include "aggregator/analysis/models/arithmetic.h"

#define HOUR_S 3600
#define DAY 24U
#define CLEANUP_FALL 5.0   /* points in an hour, */
#define CLEANUP_UNDER 2.0  /* to so many below the lowest of the day before */
/* Shares of the weight. A little less than half says yes: a warning too many costs less than none. */
#define EARLY 0.15
#define EXPECTED 0.45
#define LATE 0.85
#define LINES 4U
#define OPINIONS (3U * GROWERS) /* as each says, and with its usual miss to either side */
/* Of the weight, to each side: about one in five misses goes that way and is larger than the mean one. */
#define OFF_SHARE 0.25
#define OFF_LEAST 0.1 /* points: as in the weights, less is no error */

static const uint32_t horizon_h[CROSSING_HORIZONS] = {6, 12, 24};
static const uint32_t ring_start[CROSSING_HORIZONS] = {0, 6, 18};
static const uint32_t line_h[LINES] = {3, 6, 24, 72};

static float *made_at(struct crossing *c, uint32_t grower, uint32_t horizon, int64_t hour)
{
    return &c->made[grower][ring_start[horizon] + (uint32_t)(hour % horizon_h[horizon])];
}

static double grown_at(const struct crossing *c, int64_t hour)
{
    return (double)c->grown[hour % CROSSING_HOURS];
}

static double hourly(const struct crossing *c, int64_t hour)
{
    return grown_at(c, hour) - grown_at(c, hour - 1);
}

static double middle_of_last(const struct crossing *c)
{
    double a = (double)c->last[0], b = (double)c->last[1], d = (double)c->last[2];
    return larger(smaller(a, b), smaller(larger(a, b), d));
}

/* Slope per hour of the line through the sums of the last n hours, `hour` the newest. */
static double slope(const struct crossing *c, int64_t hour, uint32_t n)
{
    if (n < 2)
        return 0;
    double mean_x = (n - 1) / 2.0, mean_y = 0, xy = 0, xx = 0, base = grown_at(c, hour);
    for (uint32_t i = 0; i < n; i++)
        mean_y += (grown_at(c, hour - i) - base) / n;
    for (uint32_t i = 0; i < n; i++) {
        double x = mean_x - i;
        xy += x * (grown_at(c, hour - i) - base - mean_y);
        xx += x * x;
    }
    return xy / xx;
}

/* Growth from the end of `hour` on, hour by hour: path[q] after q + 1 hours. */
static void paths(const struct crossing *c, int64_t hour, uint32_t count,
                  double path[GROWERS][CROSSING_AHEAD])
{
    uint32_t known = c->hours < CROSSING_HOURS ? c->hours : CROSSING_HOURS;
    double line[LINES];
    for (uint32_t i = 0; i < LINES; i++) {
        uint32_t n = line_h[i] + 1 < known ? line_h[i] + 1 : known;
        if (i + 1 < LINES && n > c->since_cleanup + 1)
            n = c->since_cleanup + 1;
        line[i] = slope(c, hour, n);
    }
    double yesterday = 0, days = 0;
    uint32_t days_known = (known - 1) / DAY < 3 ? (known - 1) / DAY : 3;
    for (uint32_t q = 0; q < count; q++) {
        for (uint32_t i = 0; i < LINES; i++)
            path[GROW_LINE_3 + i][q] = line[i] * (q + 1);
        if (days_known > 0)
            yesterday += hourly(c, hour - DAY + 1 + q % DAY);
        double sum = 0, weights = 0, weight = 1;
        for (uint32_t d = 1; d <= days_known; d++, weight *= 0.8) {
            sum += weight * hourly(c, hour - (int64_t)(DAY * d) + 1 + q % DAY);
            weights += weight;
        }
        days += weights > 0 ? sum / weights : 0;
        path[GROW_YESTERDAY][q] = yesterday;
        path[GROW_DAYS][q] = days;
        path[GROW_NOT][q] = 0;
    }
}

/* By the inverse square of the error, as a multiple of the least one; a tenth of a point is no error. */
static void weigh(const struct crossing *c, double weight[GROWERS])
{
    double ratio[GROWERS] = {0};
    for (uint32_t k = 0; k < CROSSING_HORIZONS; k++) {
        double least = (double)c->error[0][k];
        for (uint32_t i = 1; i < GROWERS; i++)
            least = smaller(least, (double)c->error[i][k]);
        for (uint32_t i = 0; i < GROWERS; i++)
            ratio[i] += ((double)c->error[i][k] + 0.1) / (least + 0.1) / CROSSING_HORIZONS;
    }
    for (uint32_t i = 0; i < GROWERS; i++)
        weight[i] = 1.0 / (ratio[i] * ratio[i]);
}

static void learn_errors(struct crossing *c)
{
    for (uint32_t k = 0; k < CROSSING_HORIZONS; k++) {
        if (c->hours <= DAY + horizon_h[k])
            continue;
        double came = grown_at(c, c->hour) - grown_at(c, c->hour - horizon_h[k]);
        for (uint32_t i = 0; i < GROWERS; i++) {
            double miss = absolute((double)*made_at(c, i, k, c->hour) - came);
            c->error[i][k] = (float)(0.93 * (double)c->error[i][k] + 0.07 * miss);
        }
    }
}

static bool is_cleanup(const struct crossing *c, double growth, double value)
{
    double lowest = value + 1e9;
    for (uint32_t i = 1; i <= DAY && i <= c->hours; i++)
        lowest = smaller(lowest, (double)c->value[(c->hour - i) % CROSSING_HOURS]);
    return growth < -CLEANUP_FALL && value < lowest - CLEANUP_UNDER;
}

static void close_hour(struct crossing *c)
{
    int64_t before = c->hour - 1;
    double value = c->samples > 0 ? middle_of_last(c) : (double)c->value[before % CROSSING_HOURS];
    double growth = c->hours > 0 ? value - (double)c->value[before % CROSSING_HOURS] : 0;
    c->since_cleanup++;
    if (c->hours > 0 && is_cleanup(c, growth, value)) {
        growth = (double)c->usual_growth;
        c->since_cleanup = 0;
    }
    double usual = (double)c->usual_growth;
    c->usual_growth = (float)(usual + mean_weight(72, c->hours) * (growth - usual));
    c->value[c->hour % CROSSING_HOURS] = (float)value;
    c->grown[c->hour % CROSSING_HOURS] = (float)(c->hours > 0 ? grown_at(c, before) + growth : 0);
    c->excess[c->hour % CROSSING_HOURS] = c->samples > 0 ? (float)larger(0.0, (double)c->most - value) : 0;
    c->hours++;
    learn_errors(c);
    double path[GROWERS][CROSSING_AHEAD];
    paths(c, c->hour, horizon_h[CROSSING_HORIZONS - 1], path);
    for (uint32_t k = 0; k < CROSSING_HORIZONS; k++)
        for (uint32_t i = 0; i < GROWERS; i++)
            *made_at(c, i, k, c->hour + horizon_h[k]) = (float)path[i][horizon_h[k] - 1];
    c->hour++;
    c->samples = 0;
}

void crossing_step(struct crossing *c, int64_t time_s, double value)
{
    int64_t hour = (time_s - 1) / HOUR_S;
    bool is_new = c->hours == 0 && c->samples == 0;
    /* away for days, or a clock that was a day ahead: another story */
    if (is_new || hour - c->hour > (int64_t)CROSSING_HOURS || c->hour - hour > (int64_t)DAY) {
        *c = (struct crossing){.hour = hour};
        c->last[0] = c->last[1] = c->last[2] = (float)value;
    }
    if (hour < c->hour)
        return;
    while (c->hour < hour)
        close_hour(c);
    c->last[2] = c->last[1];
    c->last[1] = c->last[0];
    c->last[0] = (float)value;
    c->most = c->samples == 0 ? (float)value : (float)larger((double)c->most, value);
    c->samples++;
}

/* How far the samples within an hour usually rise above its end. */
static double usual_excess(const struct crossing *c)
{
    float sorted[48];
    uint32_t n = 0;
    for (uint32_t i = 1; i <= 48 && i <= c->hours; i++) {
        float x = c->excess[(c->hour - i) % CROSSING_HOURS];
        uint32_t j = n++;
        for (; j > 0 && sorted[j - 1] > x; j--)
            sorted[j] = sorted[j - 1];
        sorted[j] = x;
    }
    return n > 0 ? (double)sorted[n / 4] : 0;
}

/* How far off a grower usually is after so many hours: a line from one horizon to the next, and on. */
static double off_after(const struct crossing *c, uint32_t grower, uint32_t hours)
{
    double before_h = 0, before = OFF_LEAST;
    for (uint32_t k = 0; k < CROSSING_HORIZONS; k++) {
        double error = larger(OFF_LEAST, (double)c->error[grower][k]);
        if (hours <= horizon_h[k])
            return before + (error - before) * (hours - before_h) / (horizon_h[k] - before_h);
        before_h = horizon_h[k];
        before = error;
    }
    return before * hours / before_h;
}

/* Hours until a grower's path has grown by `room`; more than `count` when it does not. `side` is 1 or -1 when
 * it is off by its usual miss, 0 when it is not. */
static double hours_until(const struct crossing *c, uint32_t grower, const double *path, uint32_t count,
                          double room, int side)
{
    double before = 0;
    for (uint32_t q = 0; q < count; q++) {
        double grown = path[q] + side * off_after(c, grower, q + 1);
        if (grown >= room)
            return q + (grown > before ? clamp((room - before) / (grown - before), 0, 1) : 1.0);
        before = grown;
    }
    return count + 1.0;
}

static int64_t in_seconds(const double *when_h, const double *weight, uint32_t number, double share,
                          uint32_t count)
{
    double hours = weighted_quantile(when_h, weight, number, share);
    return hours > count ? CROSSING_NEVER : (int64_t)(hours * HOUR_S);
}

/* Earliest and latest: not only who says what, but how far off each has been. */
static void spread(const struct crossing *c, double path[GROWERS][CROSSING_AHEAD], uint32_t count,
                   double room, const double weight[GROWERS], struct crossing_time *out)
{
    double when_h[OPINIONS], share[OPINIONS];
    for (uint32_t i = 0; i < GROWERS; i++) {
        for (uint32_t k = 0; k < 3; k++)
            when_h[3 * i + k] = hours_until(c, i, path[i], count, room, 1 - (int)k);
        share[3 * i] = share[3 * i + 2] = OFF_SHARE * weight[i];
        share[3 * i + 1] = (1 - 2 * OFF_SHARE) * weight[i];
    }
    int64_t early_s = in_seconds(when_h, share, OPINIONS, EARLY, count);
    int64_t late_s = in_seconds(when_h, share, OPINIONS, LATE, count);
    out->early_s = early_s < out->expected_s ? early_s : out->expected_s;
    out->late_s = late_s > out->expected_s ? late_s : out->expected_s;
}

bool crossing_ask(const struct crossing *c, int64_t now_s, double threshold, int64_t ahead_s,
                  struct crossing_time *out)
{
    struct crossing then = *c;
    double now = middle_of_last(c);
    *out = (struct crossing_time){0, 0, 0};
    if (c->hours + c->samples > 0 && now >= threshold)
        return true;
    if (now_s >= (then.hour + 1) * HOUR_S - HOUR_S / 2 && then.samples > 0)
        close_hour(&then); /* most of the hour at hand is known */
    if (then.hours < DAY)
        return false;
    uint32_t count = (uint32_t)clamp((double)(ahead_s / HOUR_S), 1, CROSSING_AHEAD);
    double path[GROWERS][CROSSING_AHEAD], weight[GROWERS], when_h[GROWERS];
    paths(&then, then.hour - 1, count, path);
    weigh(&then, weight);
    double room = threshold - usual_excess(&then) - now;
    for (uint32_t i = 0; i < GROWERS; i++)
        when_h[i] = hours_until(&then, i, path[i], count, room, 0);
    out->expected_s = in_seconds(when_h, weight, GROWERS, EXPECTED, count);
    spread(&then, path, count, room, weight, out);
    return true;
}
