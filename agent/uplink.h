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
#include "agent/hints.h"
#include "agent/identity.h"
#include "agent/limits.h"
#include "agent/ring.h"
#include "agent/series.h"
#include "agent/spool.h"
#include "platform/platform.h"

enum uplink_state { UPLINK_DOWN, UPLINK_CONNECTING, UPLINK_ENROLLING, UPLINK_GREETING, UPLINK_SHIPPING };

/* What the uplink works with; all of it outlives the uplink. */
struct uplink_parts {
    struct plat *plat;
    struct ring *ring;
    struct spool *spool;
    struct hints *hints;
    const struct series *series;
    struct block_builder *builder; /* numbers the samples; its block ends with the epoch */
    struct identity *identity;
    const char *server; /* HOST:PORT */
    const char *token;  /* or "" */
    uint8_t *scratch;   /* SCRATCH_SIZE bytes, lent: a message while it is unpacked */
    uint64_t epoch;     /* of the samples that are taken now; drawn by the uplink */
    uint32_t interval_ms;
};

/* Samples of earlier times, from the spool (uplink_history.c). */
enum history_state { HISTORY_IDLE, HISTORY_ASKED, HISTORY_OPEN };
struct uplink_history {
    enum history_state state;
    bool is_told;            /* the aggregator expects more: the end will be said */
    uint64_t epoch;
    uint64_t done_epoch;     /* the one before: an acknowledgement may be late */
    uint32_t known_slots;    /* of the epoch, to the aggregator */
    uint64_t sent_sequence;  /* end of the batch that is on its way; 0: none is */
    struct spool_place at;   /* what was looked at last */
    struct mono send_at;     /* not before */
    uint32_t refusals;       /* sessions that ended over it, one after the other */
    uint64_t batches;
};

struct uplink {
    struct uplink_parts parts;
    enum uplink_state state;
    int conn;
    bool is_ready;              /* the connection has something to do in this step */
    bool is_held;               /* no first connection yet: who this agent is, is being found out */
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
    uint64_t hello_epoch;       /* that the session is about ... */
    uint64_t next_epoch;        /* ... when the live one ends with its Welcome; 0: not drawn */
    uint64_t sent_ever;         /* newest sample that was ever sent, over any connection */
    uint64_t acked_sequence;    /* newest of the live epoch that is durable */
    struct mono session_end;    /* when there was a session last */

    /* shipping */
    uint32_t ship_interval_ms;
    struct mono ship_at;
    uint32_t asked_interval_ms; /* between samples, as the aggregator wishes; 0: as we were configured */
    struct uplink_history history;
    struct mono renew_at;       /* when to look at the certificate's age again */
    bool renewal_asked;         /* in this session */
    int64_t peer_ahead_ms;      /* the aggregator's wall clock less our monotonic one, at Welcome */

    /* counters */
    uint64_t sessions, losses, refusals, malformed, batches, acks, sent_bytes, renewals;

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
/* Is there an aggregator that takes what is shipped? While there is none blocks are as long as they can be:
 * they take less room. */
bool uplink_is_heard(const struct uplink *u);
/* Is it time to seal and ship what has been sampled? Asked after each sample; counts as done when true. */
bool uplink_ship_due(struct uplink *u, struct mono now);
/* Without a session for so long that what is sealed belongs on disk: moves it there. */
void uplink_keep(struct uplink *u, struct mono now);
/* The agent ends: what is still in the ring goes to the spool, as far as there is one. */
void uplink_keep_all(struct uplink *u, struct mono now);
/* Nothing is on its way to the aggregator, or nothing can be. */
bool uplink_is_settled(const struct uplink *u);
/* Leaves the aggregator and dials the address in parts.server, which may be another by now. Nothing is lost:
 * what is not acknowledged is sent again. */
void uplink_restart(struct uplink *u, struct mono now, uint32_t interval_ms);
void uplink_close(struct uplink *u);

#endif
