/* SPDX-License-Identifier: MIT */
/* One line of StatsD or DogStatsD:
 *
 *     name:value[:value...]|c|g|ms|h|d|s[|@rate][|#key:value,key...][|...]
 *
 * Pure: the result points into the line, and whatever stands in the line no byte beyond it is read. */
#ifndef NEPHOS_INPUTS_STATSD_LINE_H
#define NEPHOS_INPUTS_STATSD_LINE_H

#include "agent/inputs/labels.h"

enum statsd_kind {
    STATSD_COUNTER, /* c */
    STATSD_GAUGE,   /* g */
    STATSD_TIMER,   /* ms, h, d */
    STATSD_SET,     /* s */
};

#define STATSD_RATE_ONE 1000000U

struct statsd_line {
    enum statsd_kind kind;
    bool is_duration;    /* ms: the unit is milliseconds */
    uint32_t rate_ppm;   /* 1..STATSD_RATE_ONE: this share of the events is told */
    struct span name;
    struct span values;  /* of a set one text, else numbers with colons between them */
    struct labels tags;  /* a tag without value has the value "true" */
};

struct statsd_value {
    int64_t x1000;
    bool is_change;      /* it has a sign: a gauge moves by it */
};

/* ERR_OK; ERR_MISSING: an event or a service check, which are not taken; ERR_MALFORMED; ERR_FULL: more than
 * LABELS_MAX tags. */
int statsd_parse(struct span line, struct statsd_line *out);
/* The next number of a line that is not about a set; false behind the last. */
bool statsd_next(struct span *values, struct statsd_value *out);

#endif
