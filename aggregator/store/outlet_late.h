/* SPDX-License-Identifier: MIT */
/* A few ranges of time, kept apart while there is room. Pure. */
#ifndef NEPHOS_STORE_OUTLET_LATE_H
#define NEPHOS_STORE_OUTLET_LATE_H

#include "aggregator/store/store_outlet.h"

/* Joins what touches; with no place left, the two ranges with the smallest gap become one. */
void late_add(struct outlet_place *place, int64_t from_ms, int64_t to_ms);
/* Takes [from, to) out; a range is not split where there is no place for its second half: it stays whole. */
void late_subtract(struct outlet_place *place, int64_t from_ms, int64_t to_ms);
bool late_has_some(const struct outlet_place *place);

#endif
