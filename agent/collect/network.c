/* SPDX-License-Identifier: MIT */
/* /proc/net/dev; see network.h. */
#include "agent/collect/network.h"

#include <string.h>

#include "agent/collect/span.h"
#include "platform/base/utf8.h"

static const char *const unwatched[] = {
    "lo",       "veth*",   "docker*",  "br-*",     "br#",    "virbr*", "vnet*",  "cni*",   "cali*",
    "flannel*", "cilium*", "lxc*",     "lxdbr*",   "kube-*", "podman*", "tun*",  "tap*",   "wg*",
    "tailscale*", "zt*",
    "ifb*",     "dummy*",  "bond#",    "team#",    "vlan*",  "macvlan*", "macvtap*", "ipvlan*",
    "vxlan*",   "geneve*", "sit*",     "tunl*",    "ip6tnl*", "gre*",  "erspan*", "ip_vti*",
    "ip6_vti*", "ip6gre*", "nlmon*",   "teql*",    "bonding_masters",
};

/* Eight columns each way. */
enum { RX_BYTES, RX_PACKETS, RX_ERRORS, RX_DROPS, TX_BYTES = 8, TX_PACKETS, TX_ERRORS, TX_DROPS,
       FIELD_COUNT };

/* "eth0.100" is VLAN 100 of eth0. */
static bool is_watched(struct span name)
{
    return memchr(name.at, '.', span_length(name)) == NULL &&
           !span_matches_any(name, unwatched, COUNT_OF(unwatched));
}

static void add(struct network_reading *r, struct span name, const uint64_t field[FIELD_COUNT])
{
    struct interface it = {
        .rx_bytes = field[RX_BYTES],
        .rx_packets = field[RX_PACKETS],
        .tx_bytes = field[TX_BYTES],
        .tx_packets = field[TX_PACKETS],
        .rx_errors = field[RX_ERRORS],
        .rx_drops = field[RX_DROPS],
        .tx_errors = field[TX_ERRORS],
        .tx_drops = field[TX_DROPS],
    };
    if (r->count == INTERFACES_MAX || !span_copy(name, it.name, sizeof it.name) ||
        !utf8_printable(it.name))
        r->skipped++;
    else
        r->interfaces[r->count++] = it;
}

void network_parse(const char *text, uint32_t length, struct network_reading *out)
{
    out->count = 0;
    out->skipped = 0;
    struct span rest = span_of(text, length), line;
    while (span_line(&rest, &line)) {
        /* Old kernels leave no blank behind the colon; the two header lines have no colon. */
        const char *colon = line.at == line.end ? NULL : memchr(line.at, ':', span_length(line));
        if (colon == NULL)
            continue;
        struct span before = {line.at, colon}, name;
        line.at = colon + 1;
        uint64_t field[FIELD_COUNT];
        if (!span_word(&before, &name) || !is_watched(name) ||
            span_numbers(&line, field, FIELD_COUNT) < FIELD_COUNT)
            continue;
        add(out, name, field);
    }
}
