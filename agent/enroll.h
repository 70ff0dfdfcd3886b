/* SPDX-License-Identifier: MIT */
/* Joining: the first start, with a token, before there is a certificate.
 *
 * The token carries the hash of the aggregator's authority, so the agent knows whom it talks to before it
 * says anything. It makes a key, sends a request for a certificate with the token, and keeps the answer. A
 * lost answer is asked for again; the uplink does so until it is refused. */
#ifndef NEPHOS_ENROLL_H
#define NEPHOS_ENROLL_H

#include "agent/identity.h"
#include "platform/base/arena.h"
#include "proto/wire.h"

/* From now on PLAT_TLS_PINNED accepts only the authority that the token names. ERR_MALFORMED when this is
 * no token. */
int enroll_pin(struct plat *p, const char *token);
/* The EnrollRequest frame, of the same key and id however often it is asked for: its size, or an error. */
int enroll_request(struct plat *p, const char *token, const struct identity *it, uint8_t *to,
                   uint32_t size);
/* Keeps id, certificate and CA of an EnrollReply. ERR_OK; ERR_MALFORMED when the reply is not an answer
 * to our request; ERR_DENIED when its CA is not the token's; ERR_FULL or ERR_SYSTEM when the state
 * directory could not be written. */
int enroll_accept(struct plat *p, const struct wire_frame *f, struct arena *scratch,
                  struct identity *it);

#endif
