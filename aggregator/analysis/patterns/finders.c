/* SPDX-License-Identifier: MIT */
/* The finders. */
#include "aggregator/analysis/models/arithmetic.h"
#include "aggregator/analysis/patterns/finders.h"

#include <math.h>
#include <stddef.h>

#define DAY 24U
#define NORMAL_OF_MAD 1.4826

/* A spike is an hour that is four spreads and a quarter above the rest, on four of five days. Noise gets
 * that far in one hour out of thousands, and would have to do so at the same time each day. */
#define SPIKE_SPREADS 4.0
#define SPIKE_SHARE 0.25
#define SPIKE_DAYS_LEAST 4U
#define SPIKE_HOURS_MOST 4U /* what lasts longer is the working day */

/* Growth: three quarters of all pairs agree beyond chance, half day after half day. A random walk wanders
 * as far, but not in one direction all the time. */
#define LEAK_HOURS_LEAST 48U
#define LEAK_TAU_LEAST 0.75
#define LEAK_SHARE 0.1 /* of what it was */
#define HALF_DAY 12U

#define TOGETHER_POINTS_LEAST 96U

#define STEAL_MUCH 5.0
#define PRESSURE_MUCH 20.0
#define OWN_LITTLE 50.0
#define NEIGHBOUR_HOURS_LEAST 4U

#define SPARE_HOURS_LEAST 144U
#define SPARE_CPU_MEAN 5.0
#define SPARE_CPU_MOST 20.0
#define SPARE_MEMORY_MOST 40.0

static bool is_there(float v)
{
    return v == v;
}

/* Sorts in place; NAN for none. */
static double median_of(float *v, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        float it = v[i];
        uint32_t at = i;
        for (; at > 0 && v[at - 1] > it; at--)
            v[at] = v[at - 1];
        v[at] = it;
    }
    if (count == 0)
        return NAN;
    return count % 2 == 1 ? (double)v[count / 2] : ((double)v[count / 2 - 1] + (double)v[count / 2]) / 2;
}

static uint32_t gather(const struct course *c, uint32_t from, uint32_t to, float *out)
{
    uint32_t n = 0;
    for (uint32_t i = from; i < to && i < COURSE_HOURS; i++)
        if (is_there(c->v[i]))
            out[n++] = c->v[i];
    return n;
}

/* Of those that are there; NAN when there are none. */
static double median_within(const struct course *c, uint32_t from, uint32_t to)
{
    float kept[COURSE_HOURS] = {0};
    return median_of(kept, gather(c, from, to, kept));
}

/* --- spikes --- */

/* On how many of the days on which that hour is there it is above the threshold. */
static uint32_t days_above(const struct course *c, uint32_t first_hour, uint32_t hour, double threshold,
                           uint32_t *days)
{
    uint32_t above = 0;
    *days = 0;
    for (uint32_t i = (hour + DAY - first_hour) % DAY; i < COURSE_HOURS; i += DAY) {
        *days += is_there(c->v[i]);
        above += is_there(c->v[i]) && (double)c->v[i] >= threshold;
    }
    return above;
}

static double peak_of(const struct course *c, uint32_t first_hour, uint32_t hour)
{
    float kept[COURSE_HOURS / DAY];
    uint32_t n = 0;
    for (uint32_t i = (hour + DAY - first_hour) % DAY; i < COURSE_HOURS; i += DAY)
        if (is_there(c->v[i]))
            kept[n++] = c->v[i];
    return median_of(kept, n);
}

bool spike_find(const struct course *c, uint32_t first_hour, double trifle, struct spike *out)
{
    float kept[COURSE_HOURS] = {0};
    uint32_t n = gather(c, 0, COURSE_HOURS, kept), hours = 0;
    bool stands_out[DAY];
    if (n < SPIKE_DAYS_LEAST * DAY)
        return false;
    double usual = median_of(kept, n);
    for (uint32_t i = 0; i < n; i++)
        kept[i] = (float)absolute((double)kept[i] - usual);
    double above = larger(SPIKE_SPREADS * NORMAL_OF_MAD * median_of(kept, n),
                          larger(trifle, SPIKE_SHARE * absolute(usual)));
    *out = (struct spike){.hour = DAY, .usual = usual, .days = UINT32_MAX};
    for (uint32_t h = 0; h < DAY; h++) {
        uint32_t days, days_with = days_above(c, first_hour, h, usual + above, &days);
        stands_out[h] =
            days >= SPIKE_DAYS_LEAST && days_with >= SPIKE_DAYS_LEAST && days_with * 5 >= days * 4;
        hours += stands_out[h];
        if (stands_out[h] && days_with < out->days) {
            out->days = days_with;
            out->days_of = days;
        }
    }
    if (hours == 0 || hours > SPIKE_HOURS_MOST)
        return false;
    for (uint32_t h = 0; h < DAY && out->hour == DAY; h++)
        if (stands_out[h] && !stands_out[(h + DAY - 1) % DAY])
            out->hour = h;
    while (out->length < DAY && stands_out[(out->hour + out->length) % DAY]) {
        out->peak = larger(out->peak, peak_of(c, first_hour, (out->hour + out->length) % DAY));
        out->length++;
    }
    return true;
}

/* --- growth --- */

/* Kendall's tau: pairs that agree less pairs that do not, of all. */
static double tau_of(const struct course *c, uint32_t from)
{
    int64_t agree = 0, pairs = 0;
    for (uint32_t i = from; i < COURSE_HOURS; i++)
        for (uint32_t k = i + 1; k < COURSE_HOURS && is_there(c->v[i]); k++) {
            if (!is_there(c->v[k]))
                continue;
            pairs++;
            agree += (c->v[k] > c->v[i]) - (c->v[k] < c->v[i]);
        }
    return pairs == 0 ? 0 : (double)agree / (double)pairs;
}

/* Median of the slopes over half of the time, after Theil: no outlier moves it. */
static double slope_of(const struct course *c, uint32_t from)
{
    float slopes[COURSE_HOURS] = {0};
    uint32_t n = 0, half = (COURSE_HOURS - from) / 2;
    for (uint32_t i = from; i + half < COURSE_HOURS; i++)
        if (is_there(c->v[i]) && is_there(c->v[i + half]))
            slopes[n++] = (c->v[i + half] - c->v[i]) / (float)half;
    return median_of(slopes, n);
}

/* Every half day is above the one before, but for one in six. */
static bool is_steady(const struct course *c, uint32_t from)
{
    uint32_t steps = 0, falls = 0;
    double before = NAN;
    for (uint32_t at = from; at + HALF_DAY <= COURSE_HOURS; at += HALF_DAY) {
        double now = median_within(c, at, at + HALF_DAY);
        if (now != now)
            continue;
        steps += before == before;
        falls += before == before && now <= before;
        before = now;
    }
    return steps >= 3 && falls * 6 <= steps;
}

bool leak_find(const struct course *c, double trifle, struct leak *out)
{
    uint32_t from = 0, there = 0;
    while (from < COURSE_HOURS && !is_there(c->v[from]))
        from++;
    for (uint32_t i = from; i < COURSE_HOURS; i++)
        there += is_there(c->v[i]);
    uint32_t hours = COURSE_HOURS - from;
    if (hours < LEAK_HOURS_LEAST || there * 4 < hours * 3)
        return false;
    *out = (struct leak){.hours = hours,
                         .from = median_within(c, from, from + HALF_DAY),
                         .to = median_within(c, COURSE_HOURS - HALF_DAY, COURSE_HOURS)};
    double growth = out->to - out->from;
    if (!(growth >= trifle) || growth < LEAK_SHARE * absolute(out->from))
        return false;
    out->per_day = slope_of(c, from) * DAY;
    out->agreement = tau_of(c, from);
    return out->agreement >= LEAK_TAU_LEAST && out->per_day > 0 && is_steady(c, from);
}

/* --- together --- */

double together(const struct course *a, const struct course *b, double trifle_a, double trifle_b)
{
    double n = 0, sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
    for (uint32_t i = 1; i < COURSE_HOURS; i++) {
        double da = (double)a->v[i] - (double)a->v[i - 1], db = (double)b->v[i] - (double)b->v[i - 1];
        if (da != da || db != db)
            continue;
        n++;
        sa += da;
        sb += db;
        saa += da * da;
        sbb += db * db;
        sab += da * db;
    }
    if (n < TOGETHER_POINTS_LEAST)
        return 0;
    double va = saa / n - sa * sa / n / n, vb = sbb / n - sb * sb / n / n, cov = sab / n - sa * sb / n / n;
    if (va < trifle_a * trifle_a / 4 || vb < trifle_b * trifle_b / 4 || !(va * vb > 0))
        return 0;
    return cov / sqrt(va * vb);
}

/* --- neighbours --- */

bool neighbour_find(const struct course *usage, const struct course *steal, const struct course *pressure,
                    struct neighbour *out)
{
    double stolen = 0, waited = 0, own = 0;
    *out = (struct neighbour){0};
    for (uint32_t i = COURSE_HOURS - DAY; i < COURSE_HOURS; i++) {
        double s = steal == NULL || !is_there(steal->v[i]) ? 0 : (double)steal->v[i];
        double w = pressure == NULL || !is_there(pressure->v[i]) ? 0 : (double)pressure->v[i];
        double used = (double)usage->v[i] - s; /* the usage counts stolen time, too */
        if (!(used <= OWN_LITTLE) || (s < STEAL_MUCH && (w < PRESSURE_MUCH || s < 1)))
            continue;
        out->hours++;
        stolen += s;
        waited += w;
        own += used < 0 ? 0 : used;
    }
    if (out->hours < NEIGHBOUR_HOURS_LEAST)
        return false;
    out->steal = stolen / out->hours;
    out->pressure = pressure == NULL ? NAN : waited / out->hours;
    out->own = own / out->hours;
    return true;
}

/* --- room to spare --- */

bool spare_find(const struct course *cpu, const struct course *memory, double *cpu_mean,
                double *memory_mean)
{
    double c = 0, m = 0;
    uint32_t n = 0;
    for (uint32_t i = 0; i < COURSE_HOURS; i++) {
        if (!is_there(cpu->v[i]) || !is_there(memory->v[i]))
            continue;
        if ((double)cpu->v[i] > SPARE_CPU_MOST || (double)memory->v[i] > SPARE_MEMORY_MOST)
            return false;
        c += (double)cpu->v[i];
        m += (double)memory->v[i];
        n++;
    }
    if (n < SPARE_HOURS_LEAST)
        return false;
    *cpu_mean = c / n;
    *memory_mean = m / n;
    return *cpu_mean <= SPARE_CPU_MEAN;
}
