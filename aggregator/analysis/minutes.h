/* SPDX-License-Identifier: MIT */
/* From samples to minutes: of one series its mean and its maximum, as the models want them, in integers until
 * the last division. Pure.
 *
 * A counter becomes its rate, between the last sample of a minute and the last one of the minute before that
 * has samples; where it went back or was away for long, the minute is a gap. What cannot be true (a negative
 * counter, ten thousand percent) is no sample at all. */
#ifndef NEPHOS_ANALYSIS_MINUTES_H
#define NEPHOS_ANALYSIS_MINUTES_H

#include "aggregator/store/store.h"

#define MINUTE_S 60

struct minute {            /* all zero, then minute_begin() */
    int64_t least, most;   /* what may be true, as stored */
    int64_t sum, greatest; /* of the samples of this minute */
    int64_t last, last_ms; /* newest sample ever */
    int64_t before, before_ms; /* the newest one of the minute before, 0: none */
    uint32_t count;
    uint32_t scale;
    bool is_counter, is_reset;
};

struct minute_value {
    double mean, greatest; /* in the metric's unit; of a counter both are the rate a second */
};

void minute_begin(struct minute *m, const struct store_metric *metric);
/* Ends the minute: true when there is a value. The next one may be added to then. */
bool minute_end(struct minute *m, struct minute_value *out);
/* A whole minute that was folded before, in place of its samples. False when it cannot be true. */
bool minute_take(struct minute *m, const struct store_cell *cell);

/* One sample. False when it cannot be true, or is not newer than what is known. */
static inline bool minute_add(struct minute *m, int64_t value, int64_t ms)
{
    if (value < m->least || value > m->most || ms <= m->last_ms)
        return false;
    m->sum += value;
    m->greatest = m->count == 0 || value > m->greatest ? value : m->greatest;
    m->is_reset |= value < m->last; /* matters for counters alone */
    m->last = value;
    m->last_ms = ms;
    m->count++;
    return true;
}

/* Consecutive samples, ascending in time: as minute_add of each, when all of them count. Else false, and
 * nothing was added. */
static inline bool minute_add_all(struct minute *m, const int64_t *values, const int64_t *ms, uint32_t count)
{
    int64_t least = values[0], most = values[0], before = m->last;
    uint64_t sum = 0; /* the values may be absurd */
    bool is_reset = false;
    for (uint32_t i = 0; i < count; i++) {
        int64_t v = values[i];
        least = v < least ? v : least;
        most = v > most ? v : most;
        sum += (uint64_t)v;
        is_reset |= v < before;
        before = v;
    }
    if (least < m->least || most > m->most || ms[0] <= m->last_ms)
        return false;
    m->sum += (int64_t)sum;
    m->greatest = m->count == 0 || most > m->greatest ? most : m->greatest;
    m->is_reset |= is_reset;
    m->last = before;
    m->last_ms = ms[count - 1];
    m->count += count;
    return true;
}

#endif
