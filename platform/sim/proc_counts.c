/* SPDX-License-Identifier: MIT */
/* The simulated /proc, continued: pressure, paging and sockets. */
#include "platform/sim/proc_pen.h"

void proc_counts_at(uint64_t key, uint64_t second, struct sim_proc *out)
{
    static const uint32_t pressure_rates[3][2] = {{70000, 0}, {900, 300}, {20000, 8000}}; /* us a second */
    static const uint16_t vmstat_rates[4] = {3, 5, 2, 1};
    static const uint16_t tcp_rates[10] = {3, 4, 1, 1, 0, 800, 900, 6, 1, 2};
    static const uint16_t udp_rates[6] = {40, 1, 2, 39, 1, 1};
    for (uint32_t i = 0; i < 3; i++)
        for (uint32_t k = 0; k < 2; k++) {
            uint32_t field = 70 + i * 2 + k, rate = pressure_rates[i][k];
            out->pressure_us[i][k] = rate == 0 ? 0 : counter(key, field, second, rate);
            out->pressure_x100[i][k] = rate == 0 ? 0 : wobble(key, field + 10, rate / 50 + 1);
        }
    for (uint32_t i = 0; i < 4; i++)
        out->vmstat[i] = counter(key, 90 + i, second, vmstat_rates[i]);
    for (uint32_t i = 0; i < 10; i++)
        out->tcp[i] = tcp_rates[i] == 0 ? 20 + wobble(key, 94, 9) /* a gauge */
                                        : counter(key, 95 + i, second, tcp_rates[i]);
    for (uint32_t i = 0; i < 6; i++)
        out->udp[i] = counter(key, 105 + i, second, udp_rates[i]);
    for (uint32_t i = 0; i < 2; i++)
        out->listen[i] = counter(key, 111 + i, second, i + 1);
    for (uint32_t i = 0; i < 8; i++)
        out->sockets[i] = wobble(key, 113 + i, 40 + i);
}

/* --- writing --- */

static void write_kind(struct pen *pen, const char *kind, uint64_t avg10_x100, uint64_t total_us)
{
    word(pen, kind);
    word(pen, " avg10=");
    centi(pen, avg10_x100);
    word(pen, "avg60=1.02 avg300=0.44 total=");
    fact(pen, "", total_us, "\n");
}

void proc_write_pressure(struct pen *pen, const struct sim_proc *v, uint32_t resource)
{
    write_kind(pen, "some", v->pressure_x100[resource][0], v->pressure_us[resource][0]);
    write_kind(pen, "full", v->pressure_x100[resource][1], v->pressure_us[resource][1]);
}

void proc_write_vmstat(struct pen *pen, const struct sim_proc *v, bool brief)
{
    if (!brief)
        word(pen, "nr_free_pages 123456\nnr_zone_inactive_anon 4711\npgpgin 812044\npgpgout 9120441\n");
    fact(pen, "pswpin ", v->vmstat[0], "\n");
    fact(pen, "pswpout ", v->vmstat[1], "\n");
    if (!brief)
        word(pen, "pgfault 99120441\n");
    fact(pen, "pgmajfault ", v->vmstat[2], "\n");
    fact(pen, "oom_kill ", v->vmstat[3], "\n");
    if (!brief)
        word(pen, "nr_unstable 0\n");
}

void proc_write_snmp(struct pen *pen, const struct sim_proc *v, bool brief)
{
    if (!brief)
        word(pen, "Ip: Forwarding DefaultTTL InReceives\nIp: 2 64 27534\nIcmpMsg: InType3\nIcmpMsg: 26\n");
    word(pen, "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets "
              "CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors\nTcp: 1 200 120000 -1");
    numbers(pen, v->tcp, 10);
    word(pen, " 0\nUdp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors "
              "InCsumErrors\nUdp:");
    numbers(pen, v->udp, 6);
    word(pen, " 0\n");
}

void proc_write_netstat(struct pen *pen, const struct sim_proc *v, bool brief)
{
    word(pen, "TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPHPHits\nTcpExt: 0");
    numbers(pen, v->listen, 2);
    word(pen, " 4711\n");
    if (!brief)
        word(pen, "IpExt: InNoRoutes InTruncatedPkts\nIpExt: 0 0\n");
}

void proc_write_sockstat(struct pen *pen, const struct sim_proc *v)
{
    fact(pen, "sockets: used ", v->sockets[0], "\n");
    fact(pen, "TCP: inuse ", v->sockets[1], "");
    fact(pen, " orphan ", v->sockets[2], "");
    fact(pen, " tw ", v->sockets[3], " alloc 50");
    fact(pen, " mem ", v->sockets[4], "\n");
    fact(pen, "UDP: inuse ", v->sockets[5], " mem 1\nUDPLITE: inuse 0\nRAW: inuse 0\n");
}

void proc_write_sockstat6(struct pen *pen, const struct sim_proc *v)
{
    fact(pen, "TCP6: inuse ", v->sockets[6], "\n");
    fact(pen, "UDP6: inuse ", v->sockets[7], "\nUDPLITE6: inuse 0\n");
}
