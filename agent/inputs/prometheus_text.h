/* SPDX-License-Identifier: MIT */
/* The Prometheus text exposition format, sample by sample. Pure: spans point into the text. */
#ifndef NEPHOS_INPUTS_PROMETHEUS_TEXT_H
#define NEPHOS_INPUTS_PROMETHEUS_TEXT_H

#include "agent/inputs/labels.h"

struct prometheus_text {
    struct span rest;
    uint32_t line;      /* of what was read last, from 1 */
    struct span family; /* of the last # TYPE */
    struct span type;
};

struct prometheus_sample {
    struct span name;
    struct labels labels;
    bool is_counter; /* said by # TYPE, also of the parts of histograms and summaries */
    int64_t x1000;
};

struct prometheus_text prometheus_text_of(const char *text, uint32_t length);
/* The next sample that is a number; NaN and infinities are left out. ERR_OK; ERR_MISSING at the end;
 * ERR_MALFORMED, also for a text that does not end with a newline; ERR_DENIED for a sample with a timestamp,
 * whose value is not of now; ERR_FULL for more than LABELS_MAX labels. */
int prometheus_text_next(struct prometheus_text *t, struct prometheus_sample *out);

#endif
