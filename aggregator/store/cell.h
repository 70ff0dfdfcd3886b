/* SPDX-License-Identifier: MIT */
/* What is known of the samples of one series within a stretch of time, and how it grows. Sums wrap, as the
 * columns do; of several samples at the newest time any may be the last. */
#ifndef NEPHOS_STORE_CELL_H
#define NEPHOS_STORE_CELL_H

#include "aggregator/store/store.h"

static inline void cell_add(struct store_cell *cell, int64_t value, int64_t ms)
{
    if (cell->count == 0) {
        *cell = (struct store_cell){.sum = value, .min = value, .max = value, .last = value,
                                    .last_ms = ms, .count = 1};
        return;
    }
    cell->min = value < cell->min ? value : cell->min;
    cell->max = value > cell->max ? value : cell->max;
    if (ms >= cell->last_ms) {
        cell->last = value;
        cell->last_ms = ms;
    }
    cell->sum = (int64_t)((uint64_t)cell->sum + (uint64_t)value);
    cell->count++;
}

static inline void cell_merge(struct store_cell *cell, const struct store_cell *more)
{
    if (more->count == 0)
        return;
    if (cell->count == 0) {
        *cell = *more;
        return;
    }
    cell->min = more->min < cell->min ? more->min : cell->min;
    cell->max = more->max > cell->max ? more->max : cell->max;
    if (more->last_ms >= cell->last_ms) {
        cell->last = more->last;
        cell->last_ms = more->last_ms;
    }
    cell->sum = (int64_t)((uint64_t)cell->sum + (uint64_t)more->sum);
    cell->count += more->count;
}

#endif
