/* SPDX-License-Identifier: MIT */
/* Inside the uplink: what its three files tell each other. uplink.c keeps the states, uplink_send.c
 * writes, uplink_receive.c reads. */
#ifndef NEPHOS_UPLINK_SESSION_H
#define NEPHOS_UPLINK_SESSION_H

#include "agent/uplink.h"
#include "proto/wire.h"

/* uplink.c */

/* Ends the connection and sets the time of the next one. `code` is the refusal, or 0; `why` may belong to
 * the connection. */
void uplink_lose(struct uplink *u, struct mono now, uint32_t code, const char *why);
void uplink_found(struct uplink *u, struct mono now); /* says so */
void uplink_welcomed(struct uplink *u, struct mono now);
void uplink_enrolled(struct uplink *u, struct mono now);
bool uplink_is_waiting(const struct uplink *u);             /* for an acknowledgement */

/* uplink_send.c */

/* Frames into tx: the size, or an error. */
int uplink_put_hello(struct uplink *u);
int uplink_put_enroll_request(struct uplink *u);
/* Sends what waits in tx and, while SHIPPING, whatever the ring has to ship. */
void uplink_send(struct uplink *u, struct mono now);

uint64_t uplink_lost_count(const struct uplink *u); /* of ring and spool */

/* uplink_history.c */

/* The spool holds samples of the live epoch: they go first, and the ring waits for them. */
bool uplink_is_in_order(const struct uplink *u);
uint64_t uplink_draw_epoch(struct plat *p);
/* The epoch that the next session is about: the live one, or the one that follows it. */
uint64_t uplink_next_epoch(struct uplink *u, struct mono now);
/* The session is about the epoch that follows: ends the live one. False when it could not be put on disk. */
bool uplink_turn_epoch(struct uplink *u, struct mono now);
/* Moves blocks from the ring to the spool, as far as it takes them. */
void uplink_spill(struct uplink *u, struct mono now);
/* The next frame of history into tx: its size, or 0 when there is none now. */
int uplink_put_history(struct uplink *u, struct mono now);
/* When there will be, if nothing is heard before. */
struct mono uplink_history_due(const struct uplink *u);
/* False: it was not asked for. */
bool uplink_history_welcomed(struct uplink *u, const struct wire_history_welcome *m);
bool uplink_history_acked(struct uplink *u, const struct wire_ack *m);
/* The session has ended, by a refusal when `code` is not 0. */
void uplink_history_reset(struct uplink *u, struct mono now, uint32_t code);

/* uplink_receive.c */

void uplink_receive(struct uplink *u, struct mono now);

#endif
