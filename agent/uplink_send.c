/* SPDX-License-Identifier: MIT */
/* What the agent says: Hello, the dictionary, batches of blocks. One frame at a time lies in tx. */
#include <string.h>

#include "agent/enroll.h"
#include "agent/uplink_session.h"
#include "platform/credentials.h"

static int64_t now_ms(const struct uplink *u)
{
    return wall_ms(plat_wall(u->parts.plat));
}

int uplink_put_hello(struct uplink *u)
{
    const struct identity *it = u->parts.identity;
    uint64_t oldest = ring_oldest_sequence(u->parts.ring), next = u->parts.builder->next_sequence;
    if (oldest == 0)
        oldest = block_builder_oldest_sequence(u->parts.builder);
    if (u->hello_epoch != u->parts.epoch) { /* which begins with the Welcome */
        oldest = 0;
        next = 1;
    }
    const struct wire_hello m = {
        .protocol = WIRE_PROTOCOL,
        .agent_version = NEPHOS_VERSION,
        .instance_id = it->id,
        .name = it->name,
        .epoch = u->hello_epoch,
        .oldest_sequence = oldest,
        .next_sequence = next,
        .interval_ms = u->parts.interval_ms,
        .sent_ms = now_ms(u),
        .os = it->host.os,
        .kernel = it->host.kernel,
        .architecture = it->host.architecture,
        .cpu_count = it->host.cpu_count,
        .memory_bytes = it->host.memory_bytes,
        .provider = it->provider,
        .region = it->region,
        .instance_type = it->type,
    };
    return wire_put_hello(u->tx, sizeof u->tx, &m);
}

int uplink_put_enroll_request(struct uplink *u)
{
    return enroll_request(u->parts.plat, u->parts.token, u->parts.identity, u->tx, sizeof u->tx);
}

/* The next slots that the aggregator does not know, as many as fit in one message. */
static int put_dictionary(struct uplink *u)
{
    uint32_t count;
    int size = series_put_dictionary(u->parts.series, u->parts.epoch, u->dictionary_sent, u->tx, sizeof u->tx,
                                     &count);
    u->dictionary_sent += count;
    return size;
}

/* Blocks that have not been sent over this connection, oldest first, as many as fit. 0: there are none,
 * or enough is on its way already. */
static int put_batch(struct uplink *u)
{
    struct ring *ring = u->parts.ring;
    struct wire_batch m = {.epoch = u->parts.epoch, .lost_count = uplink_lost_count(u),
                           .sent_ms = now_ms(u)};
    uint32_t at = 0, size = BATCH_OVERHEAD, on_its_way = 0;
    uint64_t last = 0;
    struct ring_block b;
    while (m.block_count < BATCH_BLOCKS_MAX && on_its_way < WINDOW_SIZE && ring_walk(ring, &at, &b)) {
        if (b.sequence + b.count - 1 <= ring->sent_sequence) {
            on_its_way += b.size;
            continue;
        }
        size += BATCH_BLOCK_OVERHEAD + b.size;
        if (size > sizeof u->tx)
            break;
        m.blocks[m.block_count++] =
            (struct wire_block){.sequence = b.sequence, .count = b.count, .data = {b.data, b.size}};
        last = b.sequence + b.count - 1;
    }
    if (m.block_count == 0)
        return 0;
    ring_sent(ring, last);
    if (last > u->sent_ever)
        u->sent_ever = last;
    u->batches++;
    return wire_put_batch(u->tx, sizeof u->tx, &m);
}

uint64_t uplink_lost_count(const struct uplink *u)
{
    return u->parts.ring->lost_count + u->parts.spool->lost_count;
}

/* The next frame of the live epoch: its size, or 0. A slot is told before the first block that uses it.
 * Blocks wait while the spool holds older ones of the same epoch (uplink_history.c). */
static int put_live(struct uplink *u)
{
    if (u->dictionary_sent < u->parts.series->count)
        return put_dictionary(u);
    return uplink_is_in_order(u) ? 0 : put_batch(u);
}

static int64_t at_most(int64_t most, int64_t value)
{
    return value < most ? value : most;
}

/* Asks for another certificate when two thirds of the life of this one have passed. */
static int put_renewal(struct uplink *u, struct mono now)
{
    struct plat *p = u->parts.plat;
    if (!mono_reached(now, u->renew_at))
        return 0;
    int64_t issued_ms = credential_issued_ms(p), life_ms = credential_expires_ms(p) - issued_ms;
    u->renew_at = mono_after_ms(now, at_most(RENEWAL_LOOK_MS, life_ms / RENEWAL_LOOK_PARTS));
    int64_t peer_ms = u->peer_ahead_ms + now.ns / NS_PER_MS;
    if (life_ms <= 0 || peer_ms < issued_ms + life_ms / 3 * 2)
        return 0;
    int size = credential_renewal(p, u->parts.scratch, CERTIFICATE_SIZE_MAX);
    if (size < 0)
        return 0;
    int64_t pause_ms = at_most(RENEWAL_PAUSE_MS, life_ms / RENEWAL_PAUSE_PARTS);
    u->renew_at = mono_after_ms(now, pause_ms > RENEWAL_PAUSE_MS_MIN ? pause_ms : RENEWAL_PAUSE_MS_MIN);
    u->renewal_asked = true;
    const struct wire_renew m = {.request_der = {u->parts.scratch, (uint32_t)size}};
    return wire_put_renew(u->tx, sizeof u->tx, &m);
}

/* True when there is a new frame in tx. */
static bool refill(struct uplink *u, struct mono now)
{
    if (u->state != UPLINK_SHIPPING)
        return false;
    bool is_idle = !uplink_is_waiting(u);
    int size = put_live(u);
    if (size == 0)
        size = put_renewal(u, now);
    if (size == 0)
        size = uplink_put_history(u, now);
    ASSERT(size >= 0); /* limits.h: whatever is put fits in tx */
    u->tx_at = 0;
    u->tx_size = (uint32_t)size;
    if (size > 0 && is_idle)
        u->progress_at = now; /* from here on an acknowledgement is due */
    return size > 0;
}

void uplink_send(struct uplink *u, struct mono now)
{
    while (u->tx_at < u->tx_size || refill(u, now)) {
        int n = plat_send(u->parts.plat, u->conn, u->tx + u->tx_at, u->tx_size - u->tx_at);
        if (n == ERR_AGAIN || n == 0)
            return;
        if (n < 0) {
            const char *why = plat_why(u->parts.plat, u->conn);
            uplink_lose(u, now, 0, why[0] != '\0' ? why : "the connection was closed");
            return;
        }
        u->tx_at += (uint32_t)n;
        u->sent_bytes += (uint64_t)n;
    }
}
