/* SPDX-License-Identifier: MIT */
/* See forecast.h. */
#include "aggregator/analysis/models/forecast.h"

#include "aggregator/analysis/models/arithmetic.h"

#define HOUR_S 3600
#define OWN FORECASTERS /* the row of what the committee said itself */
#define LOG2_FADE (-0.32192809488736235) /* 0.8 an hour: how a departure from the usual fades */
#define SHORT_MEAN_H 6U
#define DAYS 7U

static const uint32_t horizon_h[FORECAST_HORIZONS] = {1, 6, 24};
static const uint32_t ring_start[FORECAST_HORIZONS] = {0, 1, 7};

static float *made_at(struct forecast *f, uint32_t row, uint32_t horizon, int64_t hour)
{
    return &f->made[row][ring_start[horizon] + (uint32_t)(hour % horizon_h[horizon])];
}

static double at(const struct forecast *f, int64_t hour)
{
    return (double)f->week[hour % FORECAST_WEEK];
}

/* Of 1..24 values, which it sorts. */
static double median(double *x, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        double v = x[i];
        uint32_t j = i;
        for (; j > 0 && x[j - 1] > v; j--)
            x[j] = x[j - 1];
        x[j] = v;
    }
    return n % 2 != 0 ? x[n / 2] : 0.5 * (x[n / 2] + x[n / 2 - 1]);
}

/* Of that hour of the day, on the days up to `hour` that are known at the end of hour `now`. */
static double week_median(const struct forecast *f, int64_t hour, int64_t now)
{
    double x[DAYS];
    uint32_t n = 0;
    for (uint32_t d = 0; d < DAYS; d++) {
        int64_t age = now - (hour - (int64_t)(d * FORECAST_DAY));
        if (age < (int64_t)FORECAST_WEEK && age < (int64_t)f->hours)
            x[n++] = at(f, now - age);
    }
    return n > 0 ? median(x, n) : at(f, now);
}

/* How much the three hours from `age` hours ago back have over those `span` hours before them. */
static double grown_at(const struct forecast *f, int64_t now, uint32_t age, uint32_t span)
{
    double sum = 0;
    for (uint32_t i = age; i < age + 3; i++)
        sum += at(f, now - i) - at(f, now - i - (int64_t)span);
    return sum / 3;
}

/* Growth in `span` hours (12 or 24) as the median of what each of the last `span` hours has over the hour
 * that long before it: no outlier moves it, and over a day no season. Of growth that is not steady less is
 * believed, or nothing: those hours must agree, what has come to a halt in the newest quarter does not go on,
 * and where the span before had not grown it was a step. */
static double growth(const struct forecast *f, int64_t now, uint32_t span)
{
    double sorted[FORECAST_DAY];
    if (f->hours < 2 * span + 3)
        return 0;
    for (uint32_t i = 0; i < span; i++)
        sorted[i] = at(f, now - i) - at(f, now - i - (int64_t)span);
    double middle = median(sorted, span);
    double spread = sorted[span - span / 4 - 1] - sorted[span / 4];
    double turn = 4 * absolute(grown_at(f, now, 0, span) - grown_at(f, now, span / 4, span));
    double step = absolute(middle - grown_at(f, now, span, span));
    double unsteady = larger(spread, larger(turn, step)) / (absolute(middle) + 1e-12);
    double share = (FORECAST_UNSTEADY - unsteady) / (FORECAST_UNSTEADY - FORECAST_STEADY);
    return middle * clamp(share, 0, 1);
}

static double day_median(const struct forecast *f, int64_t now)
{
    double x[FORECAST_DAY];
    uint32_t n = f->hours < FORECAST_DAY ? f->hours : FORECAST_DAY;
    for (uint32_t i = 0; i < n; i++)
        x[i] = at(f, now - i);
    return median(x, n);
}

static double short_mean(const struct forecast *f, int64_t now)
{
    double weight = 1, weights = 0, sum = 0;
    for (uint32_t i = 0; i < SHORT_MEAN_H; i++, weight *= 0.6) {
        sum += weight * at(f, now - i);
        weights += weight;
    }
    return sum / weights;
}

/* At the end of hour `now`, about the hour `ahead` later. */
static void take_opinions(const struct forecast *f, int64_t now, uint32_t ahead, double out[FORECASTERS])
{
    int64_t then = now + ahead;
    int64_t same_hour = then - (int64_t)((ahead + FORECAST_DAY - 1) / FORECAST_DAY * FORECAST_DAY);
    uint32_t bin = (uint32_t)(then % FORECAST_DAY), bin_now = (uint32_t)(now % FORECAST_DAY);
    double h = at(f, now), left = power_of_two(LOG2_FADE * ahead);
    double usual = week_median(f, same_hour, now);
    int64_t back = then - same_hour; /* whole days */
    out[FORECAST_ON] = h + ahead * growth(f, now, FORECAST_DAY / 2) / (FORECAST_DAY / 2);
    out[FORECAST_SHORT_MEAN] = short_mean(f, now);
    out[FORECAST_DAY_MEDIAN] = day_median(f, now);
    out[FORECAST_RUNNING] = (double)f->median;
    out[FORECAST_YESTERDAY] = at(f, same_hour) + (double)back / FORECAST_DAY * growth(f, now, FORECAST_DAY);
    out[FORECAST_DAY_ON] = h + at(f, same_hour) - at(f, now - back);
    out[FORECAST_LAST_WEEK] = f->hours < FORECAST_WEEK ? h : at(f, then - (int64_t)FORECAST_WEEK);
    out[FORECAST_DAY_FAST] = (double)f->fast[bin] + left * (h - (double)f->fast[bin_now]);
    out[FORECAST_DAY_SLOW] = (double)f->slow[bin] + left * (h - (double)f->slow[bin_now]);
    out[FORECAST_SEASON] = (double)f->level + (double)f->season[bin];
    out[FORECAST_WEEK_MEDIAN] = usual;
    out[FORECAST_WEEK_NEAR] = usual + left * (h - week_median(f, now - (int64_t)FORECAST_DAY, now));
}

/* Between the horizons that are held against what came lies the rest. */
static double between(const float of[FORECAST_HORIZONS], uint32_t ahead)
{
    uint32_t k = 1;
    while (k + 1 < FORECAST_HORIZONS && ahead > horizon_h[k])
        k++;
    double share = clamp(((double)ahead - horizon_h[k - 1]) / (horizon_h[k] - horizon_h[k - 1]), 0, 1);
    return (1 - share) * (double)of[k - 1] + share * (double)of[k];
}

/* The smaller somebody's error of late, the more the opinion weighs: error^-4. */
static void weigh(const struct forecast *f, uint32_t ahead, double weight[FORECASTERS])
{
    double least = between(f->error[0], ahead);
    for (uint32_t i = 1; i < FORECASTERS; i++)
        least = smaller(least, between(f->error[i], ahead));
    for (uint32_t i = 0; i < FORECASTERS; i++) {
        double ratio = (between(f->error[i], ahead) + 1e-12) / (least + 1e-12);
        weight[i] = 1.0 / (ratio * ratio * ratio * ratio);
    }
}

static void committee(const struct forecast *f, int64_t now, uint32_t ahead, struct forecast_level *out)
{
    double opinion[FORECASTERS], weight[FORECASTERS];
    take_opinions(f, now, ahead, opinion);
    weigh(f, ahead, weight);
    out->value = weighted_quantile(opinion, weight, FORECASTERS, 0.5);
    out->low = weighted_quantile(opinion, weight, FORECASTERS, FORECAST_AT_ODDS);
    out->high = weighted_quantile(opinion, weight, FORECASTERS, 1 - FORECAST_AT_ODDS);
}

static void follow(float *mean, double x, double weight)
{
    *mean = (float)((double)*mean + weight * (x - (double)*mean));
}

/* Holds what was forecast for this hour against what came. */
static void learn_errors(struct forecast *f, double h)
{
    for (uint32_t k = 0; k < FORECAST_HORIZONS; k++) {
        if (f->hours < FORECAST_DAY + horizon_h[k])
            continue;
        double weight = mean_weight(100, f->hours - FORECAST_DAY - horizon_h[k]);
        for (uint32_t i = 0; i < FORECASTERS; i++)
            follow(&f->error[i][k], absolute((double)*made_at(f, i, k, f->hour) - h), weight);
        double miss = h - (double)*made_at(f, OWN, k, f->hour);
        follow(&f->own_error[k], absolute(miss), weight);
        double step = 0.12 * (double)f->own_error[k];
        f->low[k] += (float)(step * (miss < (double)f->low[k] ? -0.9 : 0.1));
        f->high[k] += (float)(step * (miss > (double)f->high[k] ? 0.9 : -0.1));
    }
}

static void learn_day(struct forecast *f, double h)
{
    uint32_t bin = (uint32_t)(f->hour % FORECAST_DAY);
    bool is_first = f->hours < FORECAST_DAY;
    if (is_first) {
        f->fast[bin] = f->slow[bin] = (float)h;
    } else {
        follow(&f->fast[bin], h, 0.35);
        double r = h - (double)f->slow[bin], most = 3.0 * (double)f->slow_departure;
        double taught = f->hours < 3 * FORECAST_DAY ? r : clamp(r, -most, most);
        f->slow[bin] += (float)(0.15 * taught);
        follow(&f->slow_departure, absolute(r), mean_weight(100, f->hours - FORECAST_DAY));
    }
    follow(&f->level, h - (double)f->season[bin], 0.1);
    follow(&f->season[bin], h - (double)f->level, is_first ? 1.0 : 0.1);
}

static void learn_median(struct forecast *f, double h)
{
    double d = h - (double)f->median;
    follow(&f->departure, absolute(d), mean_weight(50, f->hours + 1.0));
    f->median += (float)((d > 0 ? 0.15 : d < 0 ? -0.15 : 0.0) * (double)f->departure);
}

static void make_forecasts(struct forecast *f)
{
    for (uint32_t k = 0; k < FORECAST_HORIZONS; k++) {
        double opinion[FORECASTERS];
        struct forecast_level l;
        int64_t then = f->hour + horizon_h[k];
        take_opinions(f, f->hour, horizon_h[k], opinion);
        for (uint32_t i = 0; i < FORECASTERS; i++)
            *made_at(f, i, k, then) = (float)opinion[i];
        committee(f, f->hour, horizon_h[k], &l);
        *made_at(f, OWN, k, then) = (float)l.value;
    }
}

static void begin(struct forecast *f, double h)
{
    for (uint32_t i = 0; i < FORECAST_WEEK; i++)
        f->week[i] = (float)h;
    f->level = f->median = (float)h;
    f->departure = (float)(0.1 * absolute(h));
}

/* The hour is over; one without samples was as the one before, and teaches nobody a lesson. */
static void close_hour(struct forecast *f)
{
    double h = f->samples > 0 ? (double)f->sum / f->samples : at(f, f->hour + (int64_t)FORECAST_WEEK - 1);
    if (f->hours == 0)
        begin(f, h);
    if (f->samples > 0)
        learn_errors(f, h);
    f->week[f->hour % FORECAST_WEEK] = (float)h;
    learn_day(f, h);
    learn_median(f, h);
    if (f->hours < UINT32_MAX)
        f->hours++;
    make_forecasts(f);
    f->hour++;
    f->sum = 0;
    f->samples = 0;
}

void forecast_step(struct forecast *f, int64_t time_s, double value)
{
    int64_t hour = (time_s - 1) / HOUR_S;
    bool is_new = f->hours == 0 && f->samples == 0;
    /* away for a week, or a clock that was a day ahead: another story */
    if (is_new || hour - f->hour > (int64_t)FORECAST_WEEK || f->hour - hour > (int64_t)FORECAST_DAY)
        *f = (struct forecast){.hour = hour};
    if (hour < f->hour)
        return;
    while (f->hour < hour)
        close_hour(f);
    f->sum += (float)value;
    f->samples++;
}

bool forecast_ask(const struct forecast *f, int64_t now_s, int64_t ahead_s, struct forecast_level *out)
{
    struct forecast then = *f;
    if (now_s >= (then.hour + 1) * HOUR_S - HOUR_S / 2 && then.samples > 0)
        close_hour(&then); /* most of the hour at hand is known */
    if (then.hours < FORECAST_DAY)
        return false;
    int64_t ahead = (now_s + ahead_s - 1) / HOUR_S - (then.hour - 1);
    uint32_t hours = ahead < 1 ? 1 : ahead > (int64_t)FORECAST_WEEK ? FORECAST_WEEK : (uint32_t)ahead;
    double apart = FORECAST_APART * between(then.own_error, hours);
    double wider = hours > FORECAST_DAY ? square_root((double)hours / FORECAST_DAY) : 1;
    committee(&then, then.hour - 1, hours, out);
    out->low = smaller(out->low, out->value + wider * smaller(-apart, between(then.low, hours)));
    out->high = larger(out->high, out->value + wider * larger(apart, between(then.high, hours)));
    return true;
}

void forecast_bound(struct forecast_level *l, double least, double most)
{
    l->value = clamp(l->value, least, most);
    l->low = clamp(l->low, least, most);
    l->high = clamp(l->high, least, most);
}
