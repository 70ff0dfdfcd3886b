/* SPDX-License-Identifier: MIT */
/* Routes about one series: which one the request names. */
#ifndef NEPHOS_API_ONE_SERIES_H
#define NEPHOS_API_ONE_SERIES_H

#include "aggregator/api/exchange.h"

struct one_series {
    uint32_t instance;
    uint16_t series;
};

struct one_series_names { /* of the parameters */
    const char *instance, *metric, *tag;
};

/* Without a tag, of several series of that name the whole machine's (without a tag, or of the root
 * filesystem), else the first. False when there is none, and it has been answered. */
bool one_series_read(struct exchange *x, const struct one_series_names *names, struct one_series *out);

#endif
