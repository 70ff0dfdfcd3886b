/* SPDX-License-Identifier: MIT */
/* Which series a pushed sample belongs to, and as which integer. */
#ifndef NEPHOS_PUSH_RESOLVE_H
#define NEPHOS_PUSH_RESOLVE_H

#include "aggregator/push/push.h"
#include "aggregator/push/scale.h"

struct resolve;

struct resolve *resolve_reserve(struct memory_map *map);
void resolve_open(struct resolve *r, struct store *s);

struct resolved {
    int64_t value;     /* times the scale of the series */
    bool exact;
    bool has_siblings; /* series of the same name and tag with another scale */
};
/* The series, made when it is not there. ERR_FULL: no room. ERR_MALFORMED: its scale cannot hold the
 * value. */
int resolve_series(struct resolve *r, uint32_t instance, const struct push_sample *sample,
                   const struct scale_number *n, struct resolved *out);
/* What the other series of the same name and tag have at that time (enum store_pushed), or ERR_SYSTEM. */
int resolve_siblings(struct resolve *r, uint32_t instance, uint16_t series, const struct push_sample *sample,
                     const struct scale_number *n);

#endif
