/* SPDX-License-Identifier: MIT */
/* Hints: levels at which a sample is shipped at once, so that an alert does not wait for the next batch.
 *
 * They come from the aggregator (a Settings message replaces those of the one before) and from our own
 * configuration. A series reaches a level once: it must come back by a part of the level before it can
 * reach it again, so a value that stays above, or trembles around it, does not ship for ever. A rule may want
 * to see the value there for some seconds before it says something: so long, HINT_HOLD_S_MAX at most, the
 * samples after the first are shipped as they are taken, too, unless the value has come back. */
#ifndef NEPHOS_HINTS_H
#define NEPHOS_HINTS_H

#include "agent/limits.h"
#include "agent/sample.h"
#include "agent/series.h"

struct hint {
    char metric[METRIC_SIZE];
    char tag[TAG_SIZE]; /* "mount=/", or "": any */
    int64_t level;      /* as the sample holds it */
    bool below;         /* reached from above */
    uint8_t hold_s;     /* up to HINT_HOLD_S_MAX; 0: only the sample that reaches it */
};

/* A series that a hint is about. */
struct watched {
    uint16_t slot;
    uint8_t hint;
    bool is_reached;
    uint32_t held_until_s; /* seconds of struct mono: they fit for 136 years of uptime */
};

struct hints {
    uint32_t own_count, count;  /* our own come first */
    uint32_t resolved_slots;    /* series that have been compared with every hint */
    uint32_t watched_count;
    uint64_t unwatched;         /* series that found no room among the watched */
    uint64_t reached;           /* samples with which a series reached its level */
    uint64_t held;              /* those after them that were shipped at once, too */
    struct watched watched[WATCHED_MAX];
    struct hint hints[OWN_HINTS_MAX + HINTS_MAX];
};

/* Our own: percent of CPU, memory, disk; 0: none. */
void hints_init(struct hints *h, uint32_t cpu, uint32_t memory, uint32_t disk);
/* Those of the aggregator, from now on. */
void hints_replace(struct hints *h, const struct wire_settings *m);
/* Is the sample, taken `now`, to be shipped at once? A series has just reached its level, or is held
 * there. */
bool hints_reached(struct hints *h, const struct sample *sample, const struct series *series,
                   struct mono now);

#endif
