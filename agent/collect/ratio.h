/* SPDX-License-Identifier: MIT */
/* Shares as integers. */
#ifndef NEPHOS_COLLECT_RATIO_H
#define NEPHOS_COLLECT_RATIO_H

#include "platform/base/base.h"

/* part / whole in percent x 100, for any size; `part` at most `whole`, `whole` not zero. */
static inline int ratio_percent_x100(uint64_t part, uint64_t whole)
{
    while (part > UINT64_MAX / 10000) {
        part >>= 1;
        whole >>= 1;
    }
    return (int)(part * 10000 / whole);
}

#endif
