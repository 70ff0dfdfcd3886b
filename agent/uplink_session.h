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
uint64_t uplink_chance(const struct uplink *u, uint64_t n); /* 0..n-1 */

/* uplink_send.c */

/* Frames into tx: the size, or an error. */
int uplink_put_hello(struct uplink *u);
int uplink_put_enroll_request(struct uplink *u);
/* Sends what waits in tx and, while SHIPPING, whatever the ring has to ship. */
void uplink_send(struct uplink *u, struct mono now);

/* uplink_receive.c */

void uplink_receive(struct uplink *u, struct mono now);

#endif
