/* SPDX-License-Identifier: MIT */
/* Decimal numbers of other people ("-1.25", "1e3") as scaled integers, without floating point: the same
 * answer on every CPU. */
#ifndef NEPHOS_INPUTS_DECIMAL_H
#define NEPHOS_INPUTS_DECIMAL_H

#include "agent/collect/span.h"

/* The whole of `s` times 10^places (0..9), rounded half away from zero and saturating at INT64_MIN and
 * INT64_MAX. ERR_OK, or ERR_MALFORMED: not a number, also NaN and infinity. */
int decimal_parse(struct span s, uint32_t places, int64_t *out);
/* a * b / c without overflow in between, saturating; a of any sign, b and c from 1 to 1,000,000. */
int64_t decimal_scale(int64_t a, uint32_t b, uint32_t c);
/* Saturating. */
int64_t decimal_add(int64_t a, int64_t b);

#endif
