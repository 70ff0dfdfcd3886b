/* SPDX-License-Identifier: MIT */
/* Where a series is going: the straight line through it by least squares, and the sentences about it. */
#ifndef NEPHOS_WORDS_TREND_WORDS_H
#define NEPHOS_WORDS_TREND_WORDS_H

#include "platform/base/text.h"

/* Sums over points; all zero: none. Take times near zero (hours since the range began). */
struct line_sums {
    double n, t, v, tt, tv, vv;
};
void line_add(struct line_sums *s, double t, double v);

struct line {
    double slope;      /* of v in t; 0 for less than two times */
    double mean;
    double explained;  /* share of the variation that the line explains, r squared, 0..1 */
};
/* Zero points: all zero. */
struct line line_of(const struct line_sums *s);

enum trend { TREND_NONE, TREND_STEADY, TREND_RISING, TREND_FALLING };
/* The words of the API: "none", "steady", ... */
extern const char *const trend_words[];

struct trend_facts {
    int64_t now_ms, from_ms, to_ms;
    const char *host, *metric, *tag, *unit;
    bool is_rate;                 /* of a counter: values are per second */
    uint32_t points;              /* with a value */
    uint64_t samples;
    double first, last, mean, least, most;
    double slope_per_hour, explained;
    bool has_forecast;            /* of the hour that ends ahead_ms after to_ms */
    int64_t ahead_ms;
    double forecast, low, high;   /* the tenth and ninetieth of a hundred outcomes lie at low and high */
    bool has_crossing;            /* reaches `threshold`, and stays there */
    double threshold;
    int64_t early_ms, expected_ms, late_ms; /* times from to_ms; INT64_MAX: not within three days */
};

/* A line that explains less than a quarter of the variation is not called a trend. */
enum trend trend_judge(const struct trend_facts *f);
void trend_words_say(const struct trend_facts *f, struct text *t);

#endif
