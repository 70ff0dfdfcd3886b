/* SPDX-License-Identifier: MIT */
/* /proc/vmstat: what memory pressure has done. Pages are of the machine's page size. */
#ifndef NEPHOS_COLLECT_VMSTAT_H
#define NEPHOS_COLLECT_VMSTAT_H

#include "platform/base/base.h"

enum vmstat_field {
    VMSTAT_SWAP_IN, /* pages */
    VMSTAT_SWAP_OUT,
    VMSTAT_MAJOR_FAULTS,
    VMSTAT_OOM_KILLS, /* since Linux 4.13 */
    VMSTAT_FIELD_COUNT
};

struct vmstat_reading {
    bool has[VMSTAT_FIELD_COUNT];
    uint64_t counts[VMSTAT_FIELD_COUNT];
};

void vmstat_parse(const char *text, uint32_t length, struct vmstat_reading *out);

#endif
