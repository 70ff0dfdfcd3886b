/* SPDX-License-Identifier: MIT */
/* What the files of the cutter have of each other; nobody else includes it.
 *
 * cut.c         the way round all instances, the query, what follows when a batch arrived or is dropped
 * cut_find.c    what is to be cut of an instance
 * cut_points.c  points of what the query found */
#ifndef NEPHOS_FORWARD_CUT_PARTS_H
#define NEPHOS_FORWARD_CUT_PARTS_H

#include "aggregator/forward/cut.h"

#define CUT_HOUR_MS INT64_C(3600000)

/* Times are not negative. */
static inline int64_t cut_floor(int64_t ms, int64_t span_ms)
{
    return ms - ms % span_ms;
}

static inline int64_t cut_ceil(int64_t ms, int64_t span_ms)
{
    return cut_floor(ms + span_ms - 1, span_ms);
}

/* cut_find.c: what is to be done for the instance, in cut->part; false: nothing. */
bool cut_find(struct cutter *c, struct cut *cut, uint32_t instance, int64_t now_ms);

/* cut_points.c, while the query has its answer */
/* Puts what fits into the batch, and tells up to where that is, and how many points it was. */
int64_t cut_take(struct cutter *c, struct cut *cut, uint32_t *points);
/* Points of windows that are too old to be sent: at most as many as there were windows with samples. */
void cut_count_given_up(struct cutter *c, struct cut *cut);

#endif
