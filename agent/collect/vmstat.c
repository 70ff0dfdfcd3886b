/* SPDX-License-Identifier: MIT */
/* /proc/vmstat; see vmstat.h. */
#include "agent/collect/vmstat.h"

#include "agent/collect/fields.h"

static const struct field_name names[VMSTAT_FIELD_COUNT] = {
    [VMSTAT_SWAP_IN] = {"", "pswpin"},
    [VMSTAT_SWAP_OUT] = {"", "pswpout"},
    [VMSTAT_MAJOR_FAULTS] = {"", "pgmajfault"},
    [VMSTAT_OOM_KILLS] = {"", "oom_kill"},
};

void vmstat_parse(const char *text, uint32_t length, struct vmstat_reading *out)
{
    fields_lines(text, length, names, VMSTAT_FIELD_COUNT, out->has, out->counts);
}
