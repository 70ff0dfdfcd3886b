/* SPDX-License-Identifier: MIT */
/* /proc/net/snmp and /proc/net/netstat; see snmp.h. */
#include "agent/collect/snmp.h"

#include "agent/collect/fields.h"

static const struct field_name snmp_names[SNMP_FIELD_COUNT] = {
    [SNMP_TCP_ACTIVE_OPENS] = {"Tcp:", "ActiveOpens"},
    [SNMP_TCP_PASSIVE_OPENS] = {"Tcp:", "PassiveOpens"},
    [SNMP_TCP_ATTEMPT_FAILS] = {"Tcp:", "AttemptFails"},
    [SNMP_TCP_RESETS] = {"Tcp:", "EstabResets"},
    [SNMP_TCP_ESTABLISHED] = {"Tcp:", "CurrEstab"},
    [SNMP_TCP_SEGMENTS_IN] = {"Tcp:", "InSegs"},
    [SNMP_TCP_SEGMENTS_OUT] = {"Tcp:", "OutSegs"},
    [SNMP_TCP_RETRANSMITS] = {"Tcp:", "RetransSegs"},
    [SNMP_TCP_ERRORS_IN] = {"Tcp:", "InErrs"},
    [SNMP_TCP_RESETS_OUT] = {"Tcp:", "OutRsts"},
    [SNMP_UDP_DATAGRAMS_IN] = {"Udp:", "InDatagrams"},
    [SNMP_UDP_DATAGRAMS_OUT] = {"Udp:", "OutDatagrams"},
    [SNMP_UDP_NO_PORTS] = {"Udp:", "NoPorts"},
    [SNMP_UDP_ERRORS_IN] = {"Udp:", "InErrors"},
    [SNMP_UDP_RECEIVE_BUFFER_ERRORS] = {"Udp:", "RcvbufErrors"},
    [SNMP_UDP_SEND_BUFFER_ERRORS] = {"Udp:", "SndbufErrors"},
};

static const struct field_name netstat_names[NETSTAT_FIELD_COUNT] = {
    [NETSTAT_LISTEN_OVERFLOWS] = {"TcpExt:", "ListenOverflows"},
    [NETSTAT_LISTEN_DROPS] = {"TcpExt:", "ListenDrops"},
};

void snmp_parse(const char *text, uint32_t length, struct snmp_reading *out)
{
    fields_columns(text, length, snmp_names, SNMP_FIELD_COUNT, out->has, out->values);
}

void netstat_parse(const char *text, uint32_t length, struct netstat_reading *out)
{
    fields_columns(text, length, netstat_names, NETSTAT_FIELD_COUNT, out->has, out->values);
}
