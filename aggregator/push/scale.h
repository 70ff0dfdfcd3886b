/* SPDX-License-Identifier: MIT */
/* Numbers from outside as scaled integers. */
#ifndef NEPHOS_PUSH_SCALE_H
#define NEPHOS_PUSH_SCALE_H

#include "proto/metrics.h"

struct scale_number {
    bool is_integer;
    double value;
    int64_t integer;
};

/* Finite and within +-2^63. */
bool scale_is_number(const struct scale_number *n);
/* n * scale, rounded to the nearest integer; false when that is beyond +-2^63 (which itself becomes
 * 2^63-1: as a double they are the same). *exact: dividing by the scale gives n again. */
bool scale_number(const struct scale_number *n, uint32_t scale, int64_t *out, bool *exact);
/* The scale for a new series of that name: the smallest that keeps the number, and not below what its name
 * suggests. */
uint32_t scale_choose(const char *name, const struct scale_number *n);

#endif
