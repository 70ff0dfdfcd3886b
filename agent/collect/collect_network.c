/* SPDX-License-Identifier: MIT */
/* Interfaces, TCP and UDP: from readings to values. */
#include "agent/collect/collect_parts.h"

/* --- /proc/net/dev --- */

void collect_parse_net_dev(struct collect *c, const char *text, uint32_t length)
{
    network_parse(text, length, &c->network);
    collect_say_skipped(c, &c->said_interfaces, c->network.skipped, INTERFACES_MAX, "network interfaces");
    const struct cpu_reading *cpu = &c->cpu[c->cpu_newest];
    if (c->keeps_transfer)
        transfer_add(&c->transfer, &c->network, wall_ms(plat_wall(c->plat)),
                     cpu->has_event[CPU_BOOT_TIME] ? (int64_t)cpu->events[CPU_BOOT_TIME] : 0, c->now);
}

/* Bytes as MiB x 100. */
static uint64_t mib_x100(uint64_t bytes)
{
    return (bytes >> 20) * 100 + ((bytes & 0xfffff) * 100 >> 20);
}

static void put_interface(struct collect *c, struct sample *out, const struct interface *it)
{
    collect_put(c, out, METRIC_NETWORK_RX_BYTES, it->name, it->rx_bytes);
    collect_put(c, out, METRIC_NETWORK_TX_BYTES, it->name, it->tx_bytes);
    collect_put(c, out, METRIC_NETWORK_RX_PACKETS, it->name, it->rx_packets);
    collect_put(c, out, METRIC_NETWORK_TX_PACKETS, it->name, it->tx_packets);
    collect_put(c, out, METRIC_NETWORK_ERRORS, it->name, it->rx_errors + it->tx_errors);
    collect_put(c, out, METRIC_NETWORK_DROPS, it->name, it->rx_drops + it->tx_drops);
    collect_put(c, out, METRIC_NETWORK_RX_ERRORS, it->name, it->rx_errors);
    collect_put(c, out, METRIC_NETWORK_TX_ERRORS, it->name, it->tx_errors);
    collect_put(c, out, METRIC_NETWORK_RX_DROPS, it->name, it->rx_drops);
    collect_put(c, out, METRIC_NETWORK_TX_DROPS, it->name, it->tx_drops);
}

void collect_put_net_dev(struct collect *c, struct sample *out)
{
    const struct network_reading *r = &c->network;
    uint64_t rx = 0, tx = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        put_interface(c, out, &r->interfaces[i]);
        rx += r->interfaces[i].rx_bytes;
        tx += r->interfaces[i].tx_bytes;
    }
    if (r->count == 0)
        return;
    collect_put(c, out, METRIC_NETWORK_RX_MB, "", mib_x100(rx));
    collect_put(c, out, METRIC_NETWORK_TX_MB, "", mib_x100(tx));
    const struct transfer *t = &c->transfer;
    if (!c->keeps_transfer || t->month == 0)
        return;
    collect_put(c, out, METRIC_NETWORK_MONTH_RX, "", t->rx_bytes);
    collect_put(c, out, METRIC_NETWORK_MONTH_TX, "", t->tx_bytes);
    collect_put(c, out, METRIC_NETWORK_MONTH, "", t->rx_bytes + t->tx_bytes);
    if (c->allowance_gb > 0)
        collect_put(c, out, METRIC_TRANSFER_USAGE, "",
                    transfer_usage(t, c->allowance_counts, c->allowance_gb));
}

/* --- bytes of the month --- */

void collect_restore(struct collect *c)
{
    char text[BOOT_ID_SIZE];
    uint8_t kept[TRANSFER_KEPT_SIZE];
    int n = plat_text_once(c->plat, "/proc/sys/kernel/random/boot_id", text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    transfer_init(&c->transfer, text);
    int size = plat_state_read(c->plat, "transfer", kept, sizeof kept);
    if (size >= 0 ? transfer_load(&c->transfer, kept, (uint32_t)size) < 0 : size != ERR_MISSING)
        plat_log(c->plat, LOG_WARN, "the bytes of this month are counted anew: transfer in the state "
                 "directory is damaged or cannot be read");
    c->keeps_transfer = true;
    c->transfer_keep_at = plat_mono(c->plat);
}

void collect_keep(struct collect *c, struct mono now, bool in_any_case)
{
    if (!c->keeps_transfer || c->transfer.month == 0 ||
        !(in_any_case || mono_reached(now, c->transfer_keep_at)))
        return;
    uint8_t kept[TRANSFER_KEPT_SIZE];
    int e = plat_state_write(c->plat, "transfer", kept, transfer_store(&c->transfer, kept));
    if (e < 0 && !c->said_transfer)
        plat_log(c->plat, LOG_WARN, "the bytes of this month cannot be kept in the state directory; is the "
                 "disk full? Until they are, a reboot loses them");
    c->said_transfer = e < 0;
    c->transfer_keep_at = mono_after_ms(now, TRANSFER_KEEP_MS);
}

/* --- /proc/net/snmp, /proc/net/netstat --- */

void collect_parse_snmp(struct collect *c, const char *text, uint32_t length)
{
    snmp_parse(text, length, &c->snmp);
}

void collect_put_snmp(struct collect *c, struct sample *out)
{
    static const enum metric fields[SNMP_FIELD_COUNT] = {
        [SNMP_TCP_ACTIVE_OPENS] = METRIC_TCP_ACTIVE_OPENS,
        [SNMP_TCP_PASSIVE_OPENS] = METRIC_TCP_PASSIVE_OPENS,
        [SNMP_TCP_ATTEMPT_FAILS] = METRIC_TCP_ATTEMPT_FAILS,
        [SNMP_TCP_RESETS] = METRIC_TCP_RESETS,
        [SNMP_TCP_ESTABLISHED] = METRIC_TCP_ESTABLISHED,
        [SNMP_TCP_SEGMENTS_IN] = METRIC_TCP_SEGMENTS_IN,
        [SNMP_TCP_SEGMENTS_OUT] = METRIC_TCP_SEGMENTS_OUT,
        [SNMP_TCP_RETRANSMITS] = METRIC_TCP_RETRANSMITS,
        [SNMP_TCP_ERRORS_IN] = METRIC_TCP_ERRORS_IN,
        [SNMP_TCP_RESETS_OUT] = METRIC_TCP_RESETS_OUT,
        [SNMP_UDP_DATAGRAMS_IN] = METRIC_UDP_DATAGRAMS_IN,
        [SNMP_UDP_DATAGRAMS_OUT] = METRIC_UDP_DATAGRAMS_OUT,
        [SNMP_UDP_NO_PORTS] = METRIC_UDP_NO_PORTS,
        [SNMP_UDP_ERRORS_IN] = METRIC_UDP_ERRORS_IN,
        [SNMP_UDP_RECEIVE_BUFFER_ERRORS] = METRIC_UDP_RECEIVE_BUFFER_ERRORS,
        [SNMP_UDP_SEND_BUFFER_ERRORS] = METRIC_UDP_SEND_BUFFER_ERRORS,
    };
    for (uint32_t i = 0; i < SNMP_FIELD_COUNT; i++)
        if (c->snmp.has[i])
            collect_put(c, out, fields[i], "", c->snmp.values[i]);
}

void collect_parse_netstat(struct collect *c, const char *text, uint32_t length)
{
    netstat_parse(text, length, &c->netstat);
}

void collect_put_netstat(struct collect *c, struct sample *out)
{
    static const enum metric fields[NETSTAT_FIELD_COUNT] = {
        [NETSTAT_LISTEN_OVERFLOWS] = METRIC_TCP_LISTEN_OVERFLOWS,
        [NETSTAT_LISTEN_DROPS] = METRIC_TCP_LISTEN_DROPS,
    };
    for (uint32_t i = 0; i < NETSTAT_FIELD_COUNT; i++)
        if (c->netstat.has[i])
            collect_put(c, out, fields[i], "", c->netstat.values[i]);
}

/* --- /proc/net/sockstat, /proc/net/sockstat6 --- */

void collect_parse_sockstat(struct collect *c, const char *text, uint32_t length)
{
    sockstat_parse(text, length, &c->sockstat);
}

void collect_parse_sockstat6(struct collect *c, const char *text, uint32_t length)
{
    sockstat_parse(text, length, &c->sockstat6);
}

/* Once both texts have been read. Without IPv6 the second tells nothing, which is zero. */
void collect_put_sockstat(struct collect *c, struct sample *out)
{
    static const struct {
        enum metric metric;
        enum sockstat_field field, also;
    } rows[] = {
        {METRIC_SOCKETS_USED, SOCKSTAT_USED, SOCKSTAT_USED},
        {METRIC_TCP_SOCKETS, SOCKSTAT_TCP, SOCKSTAT_TCP6},
        {METRIC_TCP_ORPHANS, SOCKSTAT_TCP_ORPHANS, SOCKSTAT_TCP_ORPHANS},
        {METRIC_TCP_TIME_WAIT, SOCKSTAT_TCP_TIME_WAIT, SOCKSTAT_TCP_TIME_WAIT},
        {METRIC_TCP_MEMORY_PAGES, SOCKSTAT_TCP_MEMORY, SOCKSTAT_TCP_MEMORY},
        {METRIC_UDP_SOCKETS, SOCKSTAT_UDP, SOCKSTAT_UDP6},
    };
    for (uint32_t i = 0; i < COUNT_OF(rows); i++)
        if (c->sockstat.has[rows[i].field])
            collect_put(c, out, rows[i].metric, "",
                        c->sockstat.counts[rows[i].field] + c->sockstat6.counts[rows[i].also]);
}
