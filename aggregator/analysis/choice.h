/* SPDX-License-Identifier: MIT */
/* Which series anomaly detection listens to. Memory is fixed, so that not everything can take part; what says
 * something about a machine's health comes first, and what is told twice (free beside used, packets beside
 * bytes) is left out. Data, no state. */
#ifndef NEPHOS_ANALYSIS_CHOICE_H
#define NEPHOS_ANALYSIS_CHOICE_H

#include "platform/base/base.h"

/* What we measure ourselves and keep as a series. */
#define ANOMALY_LEVEL_METRIC "anomaly_level"

enum choice {
    CHOICE_NOT,     /* says nothing that others do not say */
    CHOICE_CORE,    /* takes part as long as there is room at all */
    CHOICE_FURTHER, /* somebody's own metric: takes part while a quarter of the room is left */
};

enum choice choice_of(const char *metric, const char *tag);

#endif
