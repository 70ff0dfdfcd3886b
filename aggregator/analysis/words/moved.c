/* SPDX-License-Identifier: MIT */
/* Median and spread. */
#include "aggregator/analysis/words/moved.h"

#include "platform/base/text.h"

#define DEVIATIONS_LEAST 4.0
#define SHARE_LEAST 0.2      /* of the larger of both values */
#define SPREAD_OF_MEAN 0.02  /* nothing is steadier than that */
#define NORMAL_OF_MAD 1.4826 /* standard deviation over median departure, of normal noise */
#define NORMAL_OF_MEAN 1.2533

static double size_of(double v)
{
    return v < 0 ? -v : v;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* Sorts in place; `count` is at least 1. */
static double median_of(double *v, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        double it = v[i];
        uint32_t at = i;
        for (; at > 0 && v[at - 1] > it; at--)
            v[at] = v[at - 1];
        v[at] = it;
    }
    return count % 2 == 1 ? v[count / 2] : (v[count / 2 - 1] + v[count / 2]) / 2;
}

static uint32_t gather(const double *values, uint32_t from, uint32_t to, double *out)
{
    uint32_t n = 0;
    for (uint32_t i = from; i < to; i++)
        if (values[i] == values[i])
            out[n++] = values[i];
    return n;
}

/* The beginning of the run of values at the start of `from` that depart as those during the trouble do. */
static uint32_t onset_of(const double *values, uint32_t from, double middle, double sign, double threshold)
{
    uint32_t onset = from, silent = 0;
    for (uint32_t i = from; i > 0; i--) {
        double v = values[i - 1];
        if (v != v && ++silent <= 2)
            continue;
        if (v != v || (v - middle) * sign < threshold)
            break;
        onset = i - 1;
    }
    return onset;
}

struct moved moved_of(const double *values, uint32_t count, uint32_t baseline_end, uint32_t from,
                      double trifle)
{
    double kept[MOVED_POINTS_MAX], sum = 0, departures = 0;
    struct moved m = {.onset = from};
    if (count > MOVED_POINTS_MAX || baseline_end > from || from >= count)
        return m;
    uint32_t n = gather(values, from, count, kept);
    for (uint32_t i = 0; i < n; i++)
        sum += kept[i];
    uint32_t usual = gather(values, 0, baseline_end, kept);
    if (n == 0 || usual < MOVED_BASELINE_LEAST)
        return m;
    m.has_baseline = true;
    m.during = sum / n;
    m.before = median_of(kept, usual);
    for (uint32_t i = 0; i < usual; i++) {
        kept[i] = size_of(kept[i] - m.before);
        departures += kept[i];
    }
    double spread = larger(NORMAL_OF_MEAN * departures / usual, NORMAL_OF_MAD * median_of(kept, usual));
    spread = larger(spread, larger(SPREAD_OF_MEAN * size_of(m.before), trifle / DEVIATIONS_LEAST));
    double change = m.during - m.before;
    if (!(spread > 0))
        return m;
    m.deviations = change / spread;
    m.is_noticeable = size_of(m.deviations) >= DEVIATIONS_LEAST && size_of(change) >= trifle &&
                      size_of(change) >= SHARE_LEAST * larger(size_of(m.before), size_of(m.during));
    if (m.is_noticeable)
        m.onset = onset_of(values, from, m.before, change < 0 ? -1 : 1,
                           larger(DEVIATIONS_LEAST * spread, size_of(change) / 4));
    return m;
}

double moved_trifle(const char *unit, bool is_rate)
{
    static const struct {
        const char *unit;
        double value, rate;
    } units[] = {{"percent", 3, 3}, {"bytes", 16777216, 65536}, {"milliseconds", 3, 3}, {"seconds", 1, 0.02},
                 {"load", 0.3, 0.3}, {"count", 3, 5}, {"celsius", 3, 3}, {"megabytes", 16, 0.1}};
    for (uint32_t i = 0; i < COUNT_OF(units); i++)
        if (text_equal(unit, units[i].unit))
            return is_rate ? units[i].rate : units[i].value;
    return 0;
}
