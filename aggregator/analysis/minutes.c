/* SPDX-License-Identifier: MIT */
/* See minutes.h. */
#include "aggregator/analysis/minutes.h"

/* A sum of a minute's samples, a thousand each second, stays far below 2^63. */
#define GAUGE_MOST (INT64_C(1) << 47)
#define COUNTER_MOST (INT64_C(1) << 62)
/* A rate over a longer pause says nothing of the minute at its end. */
#define COUNTER_PAUSE_MS INT64_C(600000)

/* Bounds in the unit; 0 and 0: any. Of units that are not named here everything may be true. */
static const struct {
    const char *unit;
    int64_t least, most;
} bounds[] = {
    {"percent", 0, 1000}, {"celsius", -273, 5000}, {"bytes", 0, GAUGE_MOST}, {"count", 0, GAUGE_MOST},
    {"milliseconds", 0, INT64_C(10000000000)}, {"load", 0, 1000000}, {"megabytes", 0, GAUGE_MOST},
};

static int64_t scaled(int64_t bound, uint32_t scale)
{
    int64_t v = bound > GAUGE_MOST / (int64_t)scale ? GAUGE_MOST : bound * (int64_t)scale;
    return v > GAUGE_MOST ? GAUGE_MOST : v;
}

void minute_begin(struct minute *m, const struct store_metric *metric)
{
    *m = (struct minute){.least = -GAUGE_MOST, .most = GAUGE_MOST, .last_ms = INT64_MIN,
                         .scale = metric->scale > 0 ? metric->scale : 1,
                         .is_counter = metric->kind == METRIC_COUNTER};
    if (m->is_counter) {
        m->least = 0;
        m->most = COUNTER_MOST;
        return;
    }
    for (uint32_t i = 0; i < COUNT_OF(bounds); i++) {
        if (!text_equal(bounds[i].unit, metric->unit))
            continue;
        m->least = bounds[i].least * (int64_t)m->scale;
        m->most = scaled(bounds[i].most, m->scale);
    }
}

static bool rate(struct minute *m, struct minute_value *out)
{
    int64_t elapsed_ms = m->last_ms - m->before_ms, grown = m->last - m->before;
    if (m->before_ms == 0 || m->is_reset || grown < 0 || elapsed_ms <= 0 || elapsed_ms > COUNTER_PAUSE_MS)
        return false;
    out->mean = (double)grown / m->scale * 1000.0 / (double)elapsed_ms;
    out->greatest = out->mean;
    return true;
}

bool minute_end(struct minute *m, struct minute_value *out)
{
    bool has_value = m->count > 0;
    if (has_value && m->is_counter) {
        has_value = rate(m, out);
        m->before = m->last;
        m->before_ms = m->last_ms;
    } else if (has_value) {
        out->mean = (double)m->sum / m->count / m->scale;
        out->greatest = (double)m->greatest / m->scale;
    }
    m->sum = m->greatest = 0;
    m->count = 0;
    m->is_reset = false;
    return has_value;
}

bool minute_take(struct minute *m, const struct store_cell *cell)
{
    if (cell->count == 0)
        return true;
    if (cell->min < m->least || cell->max > m->most || cell->last_ms <= m->last_ms)
        return false;
    m->sum = cell->sum;
    m->greatest = cell->max;
    m->count = cell->count;
    /* the lowest of a counter that did not go back is not below the newest one before it, nor is the highest
     * above its newest */
    m->is_reset = m->is_counter && (cell->min < m->last || cell->max > cell->last);
    m->last = cell->last;
    m->last_ms = cell->last_ms;
    return true;
}
