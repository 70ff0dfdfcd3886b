/* SPDX-License-Identifier: MIT */
/* See promql_window.h. A window is closed at both ends, as in Prometheus 2. */
#include "aggregator/query/promql_window.h"

#include <math.h>
#include <string.h>

#define ABSENT_BITS UINT64_C(0x7ff0000000000002)

double promql_absent(void)
{
    double value;
    uint64_t bits = ABSENT_BITS;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

bool promql_is_absent(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits == ABSENT_BITS;
}

static double last_of(const struct promql_sample *s)
{
    return (double)s->cell->last / s->scale;
}

static int64_t time_of(const struct promql_sample *s)
{
    return s->cell->last_ms;
}

/* What was counted from the first to the last; a counter that fell has begun at zero. */
static double counted(const struct promql_sample *s, uint32_t n)
{
    double sum = last_of(&s[n - 1]) - last_of(&s[0]);
    for (uint32_t i = 1; i < n; i++)
        if (last_of(&s[i]) < last_of(&s[i - 1]))
            sum += last_of(&s[i - 1]);
    return sum;
}

/* The difference within the samples, stretched to the ends of the window: fully when the samples come close
 * to them, else by half a distance between samples; a counter never below zero. */
static double extrapolated(const struct promql_sample *s, uint32_t n, int64_t from_ms, int64_t to_ms,
                           bool is_counter)
{
    if (n < 2)
        return promql_absent();
    double value = is_counter ? counted(s, n) : last_of(&s[n - 1]) - last_of(&s[0]);
    double sampled_s = (double)(time_of(&s[n - 1]) - time_of(&s[0])) / 1000;
    double start_s = (double)(time_of(&s[0]) - from_ms) / 1000;
    double end_s = (double)(to_ms - time_of(&s[n - 1])) / 1000;
    double average_s = sampled_s / (n - 1);
    if (sampled_s <= 0)
        return promql_absent();
    if (is_counter && value > 0 && last_of(&s[0]) >= 0) {
        double zero_s = sampled_s * (last_of(&s[0]) / value);
        start_s = zero_s < start_s ? zero_s : start_s;
    }
    double stretched_s = sampled_s;
    stretched_s += start_s < average_s * 1.1 ? start_s : average_s / 2;
    stretched_s += end_s < average_s * 1.1 ? end_s : average_s / 2;
    return value * (stretched_s / sampled_s);
}

static double per_second(double value, int64_t from_ms, int64_t to_ms)
{
    return promql_is_absent(value) ? value : value / ((double)(to_ms - from_ms) / 1000);
}

/* Of the last two. */
static double instantaneous(const struct promql_sample *s, uint32_t n, bool is_rate)
{
    if (n < 2)
        return promql_absent();
    double last = last_of(&s[n - 1]), before = last_of(&s[n - 2]);
    double value = is_rate && last < before ? last : last - before;
    double s_between = (double)(time_of(&s[n - 1]) - time_of(&s[n - 2])) / 1000;
    if (s_between <= 0)
        return promql_absent();
    return is_rate ? value / s_between : value;
}

static double changes(const struct promql_sample *s, uint32_t n, bool are_resets)
{
    uint32_t found = 0;
    for (uint32_t i = 1; i < n; i++) {
        double before = last_of(&s[i - 1]), now = last_of(&s[i]);
        found += are_resets ? now < before : now != before;
    }
    return found;
}

/* sum, count, avg, min or max of everything in the cells */
static double folded(enum promql_function f, const struct promql_sample *s, uint32_t n)
{
    double sum = 0, count = 0, min = INFINITY, max = -INFINITY;
    for (uint32_t i = 0; i < n; i++) {
        const struct store_cell *c = s[i].cell;
        sum += (double)c->sum / s[i].scale;
        count += c->count;
        min = fmin(min, (double)c->min / s[i].scale);
        max = fmax(max, (double)c->max / s[i].scale);
    }
    return f == CALL_SUM_OVER_TIME     ? sum
           : f == CALL_COUNT_OVER_TIME ? count
           : f == CALL_AVG_OVER_TIME   ? sum / count
           : f == CALL_MIN_OVER_TIME   ? min
                                       : max;
}

/* Of the samples within from_ms..to_ms. */
static double value_of(enum promql_function f, const struct promql_sample *s, uint32_t n, int64_t from_ms,
                       int64_t to_ms)
{
    if (n == 0)
        return promql_absent();
    switch (f) {
    case CALL_RATE:
        return per_second(extrapolated(s, n, from_ms, to_ms, true), from_ms, to_ms);
    case CALL_INCREASE:
        return extrapolated(s, n, from_ms, to_ms, true);
    case CALL_DELTA:
        return extrapolated(s, n, from_ms, to_ms, false);
    case CALL_IRATE:
    case CALL_IDELTA:
        return instantaneous(s, n, f == CALL_IRATE);
    case CALL_CHANGES:
    case CALL_RESETS:
        return changes(s, n, f == CALL_RESETS);
    case CALL_LAST_OVER_TIME:
    case CALL_INSTANT:
        return last_of(&s[n - 1]);
    case CALL_PRESENT_OVER_TIME:
        return 1;
    default:
        return folded(f, s, n);
    }
}

static int64_t wide_ms(const struct promql_window *w)
{
    int64_t wide = 3 * w->coarse_ms;
    return wide > w->range_ms ? wide : w->range_ms;
}

int64_t promql_window_reach_ms(const struct promql_window *w)
{
    return wide_ms(w);
}

/* The first sample not before t, from `at` on: times mostly step from one window to the next. */
static uint32_t first_from(const struct promql_sample *samples, uint32_t count, uint32_t at, int64_t t_ms)
{
    while (at < count && time_of(&samples[at]) < t_ms)
        at++;
    return at;
}

/* One behind the last that is not behind t. */
static uint32_t end_at(const struct promql_sample *samples, uint32_t count, uint32_t from, int64_t t_ms)
{
    uint32_t low = from, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (time_of(&samples[middle]) <= t_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

double promql_window_value(const struct promql_window *w, const struct promql_sample *samples, uint32_t count,
                           int64_t t_ms, uint32_t *first, uint64_t *looked)
{
    int64_t range_ms = w->range_ms, wide = wide_ms(w);
    *first = first_from(samples, count, *first, t_ms - wide);
    uint32_t from = first_from(samples, count, *first, t_ms - range_ms);
    uint32_t end = end_at(samples, count, from, t_ms), n = end - from;
    *looked += w->function == CALL_INSTANT ? 4 : n + 4;
    double value = value_of(w->function, samples + from, n, t_ms - range_ms, t_ms);
    if (!promql_is_absent(value) || wide == range_ms)
        return value;
    n = end - *first;
    value = value_of(w->function, samples + *first, n, t_ms - wide, t_ms);
    /* What was counted in the wider window, for the one that was asked for. */
    bool is_amount = w->function == CALL_INCREASE || w->function == CALL_DELTA;
    if (is_amount && !promql_is_absent(value))
        value *= (double)range_ms / (double)wide;
    return value;
}
