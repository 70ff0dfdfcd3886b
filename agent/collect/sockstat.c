/* SPDX-License-Identifier: MIT */
/* /proc/net/sockstat and /proc/net/sockstat6; see sockstat.h. */
#include "agent/collect/sockstat.h"

#include "agent/collect/fields.h"

static const struct field_name names[SOCKSTAT_FIELD_COUNT] = {
    [SOCKSTAT_USED] = {"sockets:", "used"},
    [SOCKSTAT_TCP] = {"TCP:", "inuse"},
    [SOCKSTAT_TCP_ORPHANS] = {"TCP:", "orphan"},
    [SOCKSTAT_TCP_TIME_WAIT] = {"TCP:", "tw"},
    [SOCKSTAT_TCP_MEMORY] = {"TCP:", "mem"},
    [SOCKSTAT_UDP] = {"UDP:", "inuse"},
    [SOCKSTAT_TCP6] = {"TCP6:", "inuse"},
    [SOCKSTAT_UDP6] = {"UDP6:", "inuse"},
};

void sockstat_parse(const char *text, uint32_t length, struct sockstat_reading *out)
{
    fields_pairs(text, length, names, SOCKSTAT_FIELD_COUNT, out->has, out->counts);
}
