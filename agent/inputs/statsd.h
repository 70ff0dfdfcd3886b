/* SPDX-License-Identifier: MIT */
/* StatsD and DogStatsD over UDP: applications of this machine tell counters, gauges, timers and sets, and
 * find them in the sample as series of their own.
 *
 *   counter  name                        total since the agent knows it, beginning with 0
 *   gauge    name                        as it was set last, for STATSD_STALE_MS
 *   timer    name (the mean), name.min, .max, .p50, .p95, .p99   of the last window with values
 *            name.count                  total, as of a counter
 *   set      name                        different values in the last window
 *
 * Whoever floods the socket gets STATSD_DATAGRAMS_MAX datagrams read at a time, with a pause in between; the
 * rest waits in the kernel's buffer and is dropped there when that is full. A table that is full refuses
 * newcomers and counts them. */
#ifndef NEPHOS_INPUTS_STATSD_H
#define NEPHOS_INPUTS_STATSD_H

#include "agent/inputs/distinct.h"
#include "agent/inputs/statsd_line.h"
#include "agent/inputs/summary.h"
#include "agent/limits.h"
#include "agent/sample.h"
#include "agent/series.h"
#include "platform/platform.h"

enum statsd_figure { FIGURE_MEAN, FIGURE_MIN, FIGURE_MAX, FIGURE_P50, FIGURE_P95, FIGURE_P99,
                     FIGURE_COUNT, STATSD_FIGURES };

struct statsd_entry {
    uint32_t hash;                /* of name and tag */
    uint8_t kind;                 /* enum statsd_kind */
    uint8_t detail;               /* of a timer or set: its index below */
    bool is_told;                 /* a counter's beginning has been in a sample */
    bool is_set;                  /* a gauge's value is of now */
    uint16_t slots[STATSD_FIGURES]; /* only a timer has more than the first */
    int64_t value;                /* thousandths: a counter's total, a gauge, a timer's count */
    struct mono updated_at;
};

struct statsd_timer {
    struct summary open;          /* the window that is not over */
    bool has_shown;
    int64_t shown[FIGURE_COUNT];  /* the one before */
};

struct statsd_set {
    struct distinct open;
    uint64_t shown;
};

struct statsd {
    struct plat *plat;
    struct series *series;
    uint8_t *scratch;             /* SCRATCH_SIZE bytes, lent: a datagram while it is read */
    int socket;                   /* negative: off */
    bool is_ready;
    bool is_resting;              /* not reported: looked at again at rest_until */
    struct mono rest_until;
    struct mono read_at;
    struct mono window_until;
    bool said_full, said_taken;
    uint64_t datagrams, lines, bad_lines, refused, skipped;
    uint64_t dropped;             /* datagrams, by the kernel */
    uint32_t dropped_before;      /* what it said last */
    uint32_t count, timer_count, set_count;
    struct statsd_entry entries[STATSD_ENTRIES_MAX];
    struct statsd_timer timers[STATSD_TIMERS_MAX];
    struct statsd_set sets[STATSD_SETS_MAX];
};

/* `address` is "HOST:PORT", or "" for off. When it cannot be had this is said once and the agent goes on. */
void statsd_init(struct statsd *s, struct plat *p, struct series *series,
                 uint8_t scratch[static SCRATCH_SIZE], const char *address);
void statsd_ready(struct statsd *s, int conn);
/* Reads what waits, within bounds; returns when to come back if nothing is ready before. */
struct mono statsd_step(struct statsd *s, struct mono now);
/* Takes one datagram in; for tests too. */
void statsd_datagram(struct statsd *s, const char *text, uint32_t length, struct mono now);
void statsd_take(struct statsd *s, struct sample *out, struct mono now);
void statsd_close(struct statsd *s);

#endif
