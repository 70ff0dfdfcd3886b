/* SPDX-License-Identifier: MIT */
/* What a simulated agent kept of an epoch before the live one, sent as history between the live blocks: as
 * the agent does, one message at a time, and no faster than so many bytes a second. */
#ifndef NEPHOS_LOADGEN_PAST_H
#define NEPHOS_LOADGEN_PAST_H

#include "tools/loadgen/sender.h"

/* Asks for a place, right behind Welcome; bytes behind tx_used, 0 when everything is acknowledged already. */
int past_ask(struct senders *g, struct sender *s);
/* Writes the dictionary that is still needed to tx, or the next batch: bytes, 0 when nothing is due now. */
int past_next(struct senders *g, struct sender *s, struct mono now);
/* ERR_DENIED when something that was acknowledged is gone, or never was sent; ERR_MALFORMED. */
int past_welcome(struct senders *g, struct sender *s, const struct wire_history_welcome *m, struct mono now);
int past_acknowledged(struct senders *g, struct sender *s, uint64_t sequence);
bool past_is_done(const struct senders *g, const struct sender *s);
/* The connection is gone. */
void past_lost(struct sender *s);

#endif
