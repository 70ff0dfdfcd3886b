/* SPDX-License-Identifier: MIT */
/* The way of blocks from the ring to the aggregator, over one connection at a time.
 *
 *              dial()                opened()               take_welcome()
 *     DOWN -------------> CONNECTING ---------> GREETING -----------------> SHIPPING --+
 *      ^ ^                    |                                              ^  put_batch()
 *      | |                    | opened(), without a certificate              |  take_ack()
 *      | |                    v                                              +---------+
 *      | +----------------- ENROLLING
 *      |  take_enroll_reply()
 *      |
 *      +-- uplink_lose(): from each of them, when the connection fails, when the aggregator refuses, says
 *          what it may not say, or stays silent too long. dial() comes after a pause that doubles with
 *          each failure.
 *
 * A block leaves the ring only when it is acknowledged. What was sent over a connection that broke is sent
 * again over the next one, after the Welcome has told what arrived. */
#ifndef NEPHOS_UPLINK_H
#define NEPHOS_UPLINK_H

#include "agent/block_builder.h"
#include "agent/identity.h"
#include "agent/limits.h"
#include "agent/ring.h"
#include "agent/series.h"
#include "platform/platform.h"

enum uplink_state { UPLINK_DOWN, UPLINK_CONNECTING, UPLINK_ENROLLING, UPLINK_GREETING, UPLINK_SHIPPING };

/* What the uplink works with; all of it outlives the uplink. */
struct uplink_parts {
    struct plat *plat;
    struct ring *ring;
    const struct series *series;
    const struct block_builder *builder; /* for the sequence numbers in Hello */
    struct identity *identity;
    const char *server; /* HOST:PORT */
    const char *token;  /* or "" */
    uint8_t *scratch;   /* SCRATCH_SIZE bytes, lent: a message while it is unpacked */
    uint64_t epoch;
    uint32_t interval_ms;
};

struct uplink {
    struct uplink_parts parts;
    enum uplink_state state;
    int conn;
    bool is_ready;              /* the connection has something to do in this step */
    bool is_enrolled;
    bool has_failed;            /* for good: refused to join */

    /* reconnecting */
    struct mono retry_at;
    uint32_t retry_ms;          /* the pause after the next failure, before jitter */
    bool outage_said;
    uint32_t outage_code;       /* the refusal that was said, 0: another reason */
    struct mono outage_since;

    /* a session */
    struct mono progress_at;    /* last sign of life while one is due */
    uint32_t dictionary_sent;   /* slots that the aggregator knows or has been told */
    uint64_t sent_ever;         /* newest sample that was ever sent, over any connection */

    /* shipping */
    uint32_t ship_interval_ms;
    struct mono ship_at;

    /* counters */
    uint64_t sessions, losses, refusals, malformed, batches, acks, sent_bytes;

    uint32_t rx_size;
    uint32_t tx_size, tx_at;
    uint8_t rx[RECEIVE_SIZE];
    uint8_t tx[TRANSMIT_SIZE];  /* one frame, [tx_at, tx_size) still to go */
};

void uplink_init(struct uplink *u, const struct uplink_parts *parts, bool is_enrolled);
/* The platform has reported this connection, which may be somebody else's. */
void uplink_ready(struct uplink *u, int conn);
/* Everything that can be done now; returns when to come back if nothing is ready before. */
struct mono uplink_step(struct uplink *u, struct mono now);
/* Is it time to seal and ship what has been sampled? Asked after each sample; counts as done when true. */
bool uplink_ship_due(struct uplink *u, struct mono now);
/* Nothing is on its way to the aggregator, or nothing can be. */
bool uplink_is_settled(const struct uplink *u);
/* Leaves the aggregator and dials the address in parts.server, which may be another by now. Nothing is lost:
 * what is not acknowledged is sent again. */
void uplink_restart(struct uplink *u, struct mono now, uint32_t interval_ms);
void uplink_close(struct uplink *u);

#endif
