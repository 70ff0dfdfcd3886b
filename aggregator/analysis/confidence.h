/* SPDX-License-Identifier: MIT */
/* What may be believed of an alarm of a host, by its score: of labelled alarms with such a score that share
 * lay in a labelled window, or up to an hour beside it. `nephos-yardstick calibrate` counts anew:
 *
 *     score         alarms   in a window   share
 *     1 to 1.25         16             4    0.25
 *     1.25 to 3         58            31    0.53
 *     3 to 4            18            12    0.67
 *     4 and more        57            51    0.89
 *
 * So of what is shown with 90 % about nine in ten are trouble that a person would have marked. */
#ifndef NEPHOS_ANALYSIS_CONFIDENCE_H
#define NEPHOS_ANALYSIS_CONFIDENCE_H

#include <stdint.h>

static inline uint32_t confidence_permille(double score)
{
    return score >= 4.0 ? 900 : score >= 3.0 ? 650 : score >= 1.25 ? 550 : 250;
}

#endif
