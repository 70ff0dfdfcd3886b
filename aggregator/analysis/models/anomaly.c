/* SPDX-License-Identifier: MIT */
/* See anomaly.h. The numbers of the tables were fitted once, to data of other machines than it will see;
 * docs/ANALYSIS.md tells how, and what they score. */
#include "aggregator/analysis/models/anomaly.h"

#include "aggregator/analysis/models/arithmetic.h"

#define DAY_S 86400
#define TINY 1e-9
#define VALUE_MOST 1e18 /* its square is within a float */
#define ABSURD 1000.0
/* Steps smaller than that part of what is usual are the rounding of our own state. */
#define ROUNDING 1e-6
#define STEP_USUAL_S 300.0  /* between the samples that the rules were made for */
#define STEP_MOST_S 3600.0
#define TOLD_HALF_S 36000.0 /* half of an alarm is forgotten in ten hours, */
#define TOLD_LEAST 0.002    /* or in 500 samples when these are far apart */

enum feature {
    STEP_1, STEP_3, LOG_STEP_1, LOG_STEP_6, LEVEL_16, LEVEL_60, LOG_LEVEL, VARIANCE, BY_QUARTER, BY_HOUR,
    FEATURES
};

static const struct {
    enum feature feature;
    struct record_rule rule;
} records[ANOMALY_RECORDS] = { /* keep, every, rises only, fading, spread */
    {STEP_1,     {3, 1, false, 2e-4F, 0}},
    {BY_QUARTER, {5, 5, false, 1e-4F, 0}},
    {VARIANCE,   {3, 1, false, 2e-4F, 0.05F}},
    {LOG_LEVEL,  {4, 5, false, 3e-5F, 0.1F}},
    {LOG_STEP_1, {1, 50, false, 1e-4F, 0}},
    {LOG_LEVEL,  {3, 10, true, 1e-4F, 0}},
    {LOG_STEP_6, {3, 10, true, 1e-4F, 0}},
    {LEVEL_60,   {4, 5, false, 3e-5F, 0.1F}},
    {LOG_STEP_1, {3, 30, false, 1e-4F, 0}},
    {VARIANCE,   {2, 30, false, 1e-4F, 0}},
    {LEVEL_16,   {3, 10, true, 1e-4F, 0}},
};
enum { RATED_HOUR = ANOMALY_RECORDS, RATED_STEP_3, RATED };

/* A panel is as alarmed as its most alarmed member, and a little more for each other. */
struct member {
    uint8_t rated;
    double weight, from; /* counts from here on */
};
#define MEMBERS 8
struct panel {
    double others;
    struct member members[MEMBERS];
};
static const struct panel panels[2] = {
    {0.013, {{0, 0.577, -0.138}, {1, 0.869, -0.113}, {3, 1.583, 0.444}, {4, 0.886, -0.111},
             {2, 1.801, 0.301}, {RATED_HOUR, 1.803, 0.403}, {5, 0.719, 0.213}, {6, 0.469, 0.013}}},
    {0.056, {{0, 1.901, 0.064}, {1, 1.289, -0.163}, {7, 1.120, 0.072}, {8, 1.306, -0.003},
             {2, 1.324, 0.329}, {9, 1.655, 0.149}, {10, 0.630, 0.153}, {RATED_STEP_3, 0.732, 0.222}}},
};
#define ALARM 0.42 /* mean of the panels at which a person would want to know */

static void follow(float *mean, double x, double weight)
{
    *mean = (float)((double)*mean + weight * (x - (double)*mean));
}

/* A short mean less a long one; both follow. */
static double level(float *fast, float *slow, double x, double window_fast, double window_slow, uint32_t seen)
{
    follow(fast, x, mean_weight(window_fast, seen));
    double f = (double)*fast - (double)*slow;
    follow(slow, x, mean_weight(window_slow, seen));
    return f;
}

static double variance_feature(struct anomaly *a, double x)
{
    double weight = mean_weight(12, a->seen), d = x - (double)a->variance_mean;
    double v = (1.0 - weight) * ((double)a->variance + weight * d * d);
    double range = larger(0.9999 * (double)a->variance_range, absolute(d));
    double l = natural_log(v + 1e-6 * range * range + 1e-12);
    double f = a->seen < 12 ? 0.0 : l - (double)a->variance_usual;
    follow(&a->variance_mean, x, weight);
    a->variance = (float)v;
    a->variance_range = (float)range;
    follow(&a->variance_usual, l, mean_weight(2000, a->seen));
    return f;
}

static double by_time_of_day(float *profile, uint8_t *count, float *spread, uint32_t bin, double x,
                             double start, uint32_t seen)
{
    double usual = count[bin] > 0 ? (double)profile[bin] : start;
    double r = x - usual, kept = r;
    if (seen > 100)
        kept = clamp(r, -3.0 * (double)*spread, 3.0 * (double)*spread);
    follow(spread, absolute(r), mean_weight(500, seen));
    if (count[bin] == 0)
        profile[bin] = (float)x;
    profile[bin] += (float)(mean_weight(5, count[bin]) * kept);
    if (count[bin] < 255)
        count[bin]++;
    return r;
}

/* In standard deviations, of which six are as good as a record. */
static double rate_spread(struct anomaly_spread *s, double f, uint32_t seen)
{
    double d = f - (double)s->mean, sd = square_root((double)s->variance);
    double rated = absolute(d) > 0 && sd > 0 ? natural_log(absolute(d) / sd / 6.0)
                   : absolute(d) > 0         ? RECORD_MOST
                                             : RECORD_LEAST;
    double weight = mean_weight(5000, seen);
    follow(&s->mean, f, weight);
    s->variance = (float)((1.0 - weight) * ((double)s->variance + weight * d * d));
    return seen < RECORD_LEARNING ? RECORD_LEAST : clamp(rated, RECORD_LEAST, RECORD_MOST);
}

static void begin(struct anomaly *a, double x, int64_t time_s)
{
    for (uint32_t i = 0; i < ANOMALY_LAST; i++)
        a->last[i] = (float)x;
    a->size = (float)absolute(x);
    a->slow = a->slow16 = a->slow60 = a->fast16 = a->fast60 = a->variance_mean = (float)x;
    a->slow_log = a->fast_log = (float)area_sinh(x / (0.2 * (double)a->size + TINY));
    a->time_s = time_s;
}

static const bool is_log[FEATURES] = {
    [LOG_STEP_1] = true, [LOG_STEP_6] = true, [LOG_LEVEL] = true, [VARIANCE] = true};

static void take_features(struct anomaly *a, int64_t time_s, double x, double f[FEATURES])
{
    double unit = 0.1 * (double)a->size + TINY, log_x = area_sinh(x / unit);
    f[STEP_1] = x - (double)a->last[0];
    f[STEP_3] = x - (double)a->last[2];
    f[LOG_STEP_1] = log_x - area_sinh((double)a->last[0] / unit);
    f[LOG_STEP_6] = log_x - area_sinh((double)a->last[5] / unit);
    f[LEVEL_16] = level(&a->fast16, &a->slow16, x, 16, 2000, a->seen);
    f[LEVEL_60] = level(&a->fast60, &a->slow60, x, 60, 3000, a->seen);
    double log_wide = area_sinh(x / (0.2 * (double)a->size + TINY));
    f[LOG_LEVEL] = level(&a->fast_log, &a->slow_log, log_wide, 12, 2000, a->seen);
    f[VARIANCE] = variance_feature(a, x);
    uint32_t second = (uint32_t)(((time_s % DAY_S) + DAY_S) % DAY_S);
    f[BY_QUARTER] = by_time_of_day(a->quarter, a->quarter_seen, &a->quarter_spread,
                                   second * ANOMALY_QUARTERS / DAY_S, x, (double)a->slow, a->seen);
    double r = by_time_of_day(a->hour, a->hour_seen, &a->hour_spread, second * ANOMALY_HOURS / DAY_S, x,
                              (double)a->slow, a->seen);
    follow(&a->hour_run, r, 1.0 / 12);
    f[BY_HOUR] = (double)a->hour_run;
    for (uint32_t i = 0; i < FEATURES; i++)
        if (absolute(f[i]) < ROUNDING * (is_log[i] ? 1.0 : (double)a->size))
            f[i] = 0;
}

static void remember(struct anomaly *a, double x)
{
    for (uint32_t i = ANOMALY_LAST - 1; i > 0; i--)
        a->last[i] = a->last[i - 1];
    a->last[0] = (float)x;
    follow(&a->size, absolute(x), mean_weight(1000, a->seen));
    follow(&a->slow, x, 0.01);
}

static double panel_alarm(const struct panel *p, const double rated[RATED])
{
    double most = 0, sum = 0;
    for (uint32_t i = 0; i < MEMBERS; i++) {
        const struct member *m = &p->members[i];
        double v = larger(0.0, m->weight * (rated[m->rated] - m->from));
        most = larger(most, v);
        sum += v;
    }
    return most + p->others * (sum - most);
}

double anomaly_tell(float *told, double raw, double elapsed_s)
{
    double news = 0;
    if (raw > 1.25 * (double)*told) {
        *told = (float)raw;
        news = raw;
    }
    *told = (float)((double)*told * power_of_two(-larger(elapsed_s / TOLD_HALF_S, TOLD_LEAST)));
    return news;
}

/* What is a thousand times the usual says no more than that, and must not be remembered for months. */
static double take_in(const struct anomaly *a, double value)
{
    value = clamp(value, -VALUE_MOST, VALUE_MOST);
    double reach = ABSURD * (double)a->size;
    return a->seen < RECORD_LEARNING || reach <= 0 ? value : clamp(value, -reach, reach);
}

struct anomaly_score anomaly_step(struct anomaly *a, int64_t time_s, double value)
{
    value = take_in(a, value);
    if (a->seen == 0)
        begin(a, value, time_s);
    double f[FEATURES], rated[RATED], elapsed_s = larger(0.0, (double)(time_s - a->time_s));
    if (a->seen > 0)
        follow(&a->step_s, smaller(elapsed_s, STEP_MOST_S), mean_weight(100, a->seen - 1));
    double pace = clamp((double)a->step_s / STEP_USUAL_S, 0.1, 3.0);
    take_features(a, time_s, value, f);
    for (uint32_t i = 0; i < ANOMALY_RECORDS; i++)
        rated[i] = record_rate(&a->records[i], &records[i].rule, f[records[i].feature], a->seen, pace);
    rated[RATED_HOUR] = rate_spread(&a->hour_usual, f[BY_HOUR], a->seen);
    rated[RATED_STEP_3] = rate_spread(&a->step3_usual, f[STEP_3], a->seen);
    remember(a, value);
    double raw = (panel_alarm(&panels[0], rated) + panel_alarm(&panels[1], rated)) / 2.0 / ALARM;
    a->time_s = time_s;
    if (a->seen < UINT32_MAX)
        a->seen++;
    return (struct anomaly_score){anomaly_tell(&a->told, raw, elapsed_s), raw};
}
