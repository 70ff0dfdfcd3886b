/* SPDX-License-Identifier: MIT */
/* /proc/net/snmp and /proc/net/netstat (RFC 1213 and RFC 4113 name the numbers): TCP of both families, UDP
 * of IPv4. /proc/net/tcp, a line for each connection, is never read: it costs the more the busier a machine
 * is. */
#ifndef NEPHOS_COLLECT_SNMP_H
#define NEPHOS_COLLECT_SNMP_H

#include "platform/base/base.h"

enum snmp_field {
    SNMP_TCP_ACTIVE_OPENS,
    SNMP_TCP_PASSIVE_OPENS,
    SNMP_TCP_ATTEMPT_FAILS,
    SNMP_TCP_RESETS,         /* of connections that were established */
    SNMP_TCP_ESTABLISHED,    /* now */
    SNMP_TCP_SEGMENTS_IN,
    SNMP_TCP_SEGMENTS_OUT,
    SNMP_TCP_RETRANSMITS,
    SNMP_TCP_ERRORS_IN,
    SNMP_TCP_RESETS_OUT,
    SNMP_UDP_DATAGRAMS_IN,
    SNMP_UDP_DATAGRAMS_OUT,
    SNMP_UDP_NO_PORTS,
    SNMP_UDP_ERRORS_IN,
    SNMP_UDP_RECEIVE_BUFFER_ERRORS,
    SNMP_UDP_SEND_BUFFER_ERRORS,
    SNMP_FIELD_COUNT
};

enum netstat_field { NETSTAT_LISTEN_OVERFLOWS, NETSTAT_LISTEN_DROPS, NETSTAT_FIELD_COUNT };

struct snmp_reading {
    bool has[SNMP_FIELD_COUNT];
    uint64_t values[SNMP_FIELD_COUNT];
};

struct netstat_reading {
    bool has[NETSTAT_FIELD_COUNT];
    uint64_t values[NETSTAT_FIELD_COUNT];
};

void snmp_parse(const char *text, uint32_t length, struct snmp_reading *out);
void netstat_parse(const char *text, uint32_t length, struct netstat_reading *out);

#endif
