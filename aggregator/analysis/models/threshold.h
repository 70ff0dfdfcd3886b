/* SPDX-License-Identifier: MIT */
/* Is a level held, as a person would see it? Not each sample above it, but an incident: it begins when the
 * level has been held for some time, goes on over short recoveries, and ends when the value has left the
 * neighbourhood of the level for a while. Spikes shorter than what begins an incident do not prolong one
 * either. So there is one page for one trouble. */
#ifndef NEPHOS_MODELS_THRESHOLD_H
#define NEPHOS_MODELS_THRESHOLD_H

#include <stdbool.h>
#include <stdint.h>

struct threshold_rule {
    double level, clear;   /* held: at or beyond `level`; left: on the other side of `clear` */
    bool below;            /* low values are the bad ones; then clear >= level */
    int64_t for_ms;        /* how long it must be held without a break */
    int64_t bridge_ms;     /* recoveries no longer than that are part of the incident */
    int64_t hold_ms;       /* after the value has left, so long without trouble */
    int64_t gap_ms;        /* without samples for longer, what was held before is forgotten */
};

struct threshold {         /* all zero: nothing seen, no incident */
    bool is_on, is_held, is_near;
    int64_t held_since_ms; /* of the run at hand, when is_held */
    int64_t last_ms;       /* of the newest sample */
    int64_t held_ms;       /* newest sample that was part of the incident */
    int64_t near_ms;       /* newest sample since then that had not left */
};

enum threshold_change { THRESHOLD_SAME, THRESHOLD_BEGINS, THRESHOLD_ENDS };

/* Takes the next sample. Repeated and older times are passed over. */
enum threshold_change threshold_step(struct threshold *t, const struct threshold_rule *rule, int64_t time_ms,
                                     double value);

#endif
