/* SPDX-License-Identifier: MIT */
/* /proc/loadavg (proc(5)). */
#ifndef NEPHOS_COLLECT_LOAD_H
#define NEPHOS_COLLECT_LOAD_H

#include "platform/base/base.h"

struct load_reading {
    bool has;
    uint64_t x100[3]; /* over 1, 5 and 15 minutes, times 100 */
};

void load_parse(const char *text, uint32_t length, struct load_reading *out);

#endif
