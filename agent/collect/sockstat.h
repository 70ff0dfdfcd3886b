/* SPDX-License-Identifier: MIT */
/* /proc/net/sockstat and /proc/net/sockstat6: sockets there are now. The two texts name their sockets apart,
 * so each goes into a reading of its own, and who needs the sum adds them up. */
#ifndef NEPHOS_COLLECT_SOCKSTAT_H
#define NEPHOS_COLLECT_SOCKSTAT_H

#include "platform/base/base.h"

enum sockstat_field {
    SOCKSTAT_USED,          /* of every kind */
    SOCKSTAT_TCP,
    SOCKSTAT_TCP_ORPHANS,   /* without a process */
    SOCKSTAT_TCP_TIME_WAIT,
    SOCKSTAT_TCP_MEMORY,    /* pages */
    SOCKSTAT_UDP,
    SOCKSTAT_TCP6,
    SOCKSTAT_UDP6,
    SOCKSTAT_FIELD_COUNT
};

struct sockstat_reading {
    bool has[SOCKSTAT_FIELD_COUNT];
    uint64_t counts[SOCKSTAT_FIELD_COUNT];
};

void sockstat_parse(const char *text, uint32_t length, struct sockstat_reading *out);

#endif
