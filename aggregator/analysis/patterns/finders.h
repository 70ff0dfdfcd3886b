/* SPDX-License-Identifier: MIT */
/* What repeats or keeps growing in a week of hourly values: pure functions, none of which finds anything in
 * noise (the thresholds and their reasons are in finders.c). */
#ifndef NEPHOS_PATTERNS_FINDERS_H
#define NEPHOS_PATTERNS_FINDERS_H

#include <stdbool.h>
#include <stdint.h>

#define COURSE_HOURS 168U

/* v[i] is the mean of hour i, v[COURSE_HOURS - 1] the newest full one; NAN: no samples. */
struct course {
    float v[COURSE_HOURS];
};

/* The same hours of nearly every day stand out. `first_hour`: hour of the day (UTC) of v[0]. */
struct spike {
    uint32_t hour, length;  /* of the day; hours on end */
    uint32_t days, days_of; /* on so many of so many days */
    double usual, peak;     /* medians of the other hours, and of these */
};
bool spike_find(const struct course *c, uint32_t first_hour, double trifle, struct spike *out);

/* It keeps growing, for two days at least. */
struct leak {
    double per_day;  /* robust slope */
    double from, to; /* medians of the first and the last half day */
    uint32_t hours;
    double agreement; /* of pairs of values, Kendall's tau, 0..1 */
};
bool leak_find(const struct course *c, double trifle, struct leak *out);

/* How strongly two courses change together from hour to hour: -1..1; 0 when there is too little to say. */
double together(const struct course *a, const struct course *b, double trifle_a, double trifle_b);

/* Hours of the last day in which others on the same hardware took what this host asked for. */
struct neighbour {
    uint32_t hours;         /* of 24 */
    double steal, pressure; /* means of those hours, percent; NAN: not measured */
    double own;             /* what the host itself used then, percent */
};
/* Any but `usage` may be NULL. */
bool neighbour_find(const struct course *usage, const struct course *steal, const struct course *pressure,
                    struct neighbour *out);

/* Little to do for nearly a week. */
bool spare_find(const struct course *cpu, const struct course *memory, double *cpu_mean,
                double *memory_mean);

#endif
