/* SPDX-License-Identifier: MIT */
/* Did a series move when trouble began? Its course is held against what was usual just before, by median and
 * spread, so that an outlier among the usual values changes nothing. */
#ifndef NEPHOS_WORDS_MOVED_H
#define NEPHOS_WORDS_MOVED_H

#include <stdbool.h>
#include <stdint.h>

#define MOVED_POINTS_MAX 180U
#define MOVED_BASELINE_LEAST 20U /* values without which nothing is usual */

struct moved {
    bool has_baseline;         /* enough values before, and one then at least */
    bool is_noticeable;        /* far beyond what is usual, and not only by a trifle */
    double before, during;     /* median, mean */
    double deviations;         /* signed; in spreads of the baseline */
    uint32_t onset;            /* the first of the values that led there without a break */
};

/* `values` are evenly spaced, NAN where there are none; usual ones are 0..baseline_end-1, those during the
 * trouble from..count-1. At most MOVED_POINTS_MAX. `trifle`: a change of that size is nothing to speak of. */
struct moved moved_of(const double *values, uint32_t count, uint32_t baseline_end, uint32_t from,
                      double trifle);
/* What is a trifle in that unit. */
double moved_trifle(const char *unit, bool is_rate);

#endif
