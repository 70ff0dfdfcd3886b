/* SPDX-License-Identifier: MIT */
/* /proc/net/dev (proc(5)): interfaces through which bytes leave the machine.
 *
 * Left out: what is virtual (bridges, bonds, VLANs, tunnels, containers' and VMs' ends), because the
 * same bytes pass a real interface too and would be counted twice. */
#ifndef NEPHOS_COLLECT_NETWORK_H
#define NEPHOS_COLLECT_NETWORK_H

#include "agent/limits.h"

struct interface {
    char name[INTERFACE_NAME_SIZE];
    uint64_t rx_bytes, rx_packets, tx_bytes, tx_packets;
    uint64_t rx_errors, rx_drops, tx_errors, tx_drops;
};

struct network_reading {
    uint32_t count;
    uint32_t skipped; /* more than INTERFACES_MAX */
    struct interface interfaces[INTERFACES_MAX];
};

void network_parse(const char *text, uint32_t length, struct network_reading *out);

#endif
