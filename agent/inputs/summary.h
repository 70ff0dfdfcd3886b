/* SPDX-License-Identifier: MIT */
/* What is kept of many durations: count, sum, extremes, and a histogram whose buckets grow with the value, so
 * that any quantile is right within 1/32 (3.2 %) of itself, in fixed memory.
 *
 * Values are thousandths. Below 16 each has a bucket of its own; from there each doubling is cut into 16
 * buckets, up to 2^36 (a duration of 19 hours in milliseconds), beyond which the maximum is told. Negative
 * values count as 0 in quantiles; sum, minimum and maximum are exact. */
#ifndef NEPHOS_INPUTS_SUMMARY_H
#define NEPHOS_INPUTS_SUMMARY_H

#include "platform/base/base.h"

#define SUMMARY_STEPS 16U
#define SUMMARY_BITS_MAX 36U
#define SUMMARY_BUCKETS ((SUMMARY_BITS_MAX - 4U) * SUMMARY_STEPS + SUMMARY_STEPS)

struct summary {
    uint32_t count;
    int64_t sum, min, max;
    uint16_t buckets[SUMMARY_BUCKETS]; /* all are halved when one is full: the shape stays */
};

void summary_clear(struct summary *s);
void summary_add(struct summary *s, int64_t value);
/* These want a count of at least 1. */
int64_t summary_mean(const struct summary *s);
/* The smallest value that so many of 1000 values do not exceed. */
int64_t summary_quantile(const struct summary *s, uint32_t permille);

#endif
