/* SPDX-License-Identifier: MIT */
/* Which samples a simulated agent sends next, and what their acknowledgement means. */
#ifndef NEPHOS_LOADGEN_SHIP_H
#define NEPHOS_LOADGEN_SHIP_H

#include "tools/loadgen/sender.h"

void ship_init(struct senders *g, struct sender *s);
/* Newest sample that may be sent by now. */
uint64_t ship_due_sequence(struct senders *g, const struct sender *s);
/* Appends the slots from `known` on to tx, in as many messages as it takes. */
void ship_queue_dictionary(struct senders *g, struct sender *s, uint64_t epoch, uint32_t known);
/* Writes the next message (dictionary or batch) to tx: its size, 0 when nothing is due. */
int ship_next(struct senders *g, struct sender *s);
/* ERR_DENIED when something that was acknowledged is gone. */
int ship_welcome(struct senders *g, struct sender *s, const struct wire_welcome *m);
/* Milliseconds from sending a live batch to its acknowledgement, which so many in a thousand stay within. */
uint32_t ship_latency_ms(const struct senders *g, uint32_t permille);
/* ERR_DENIED when it acknowledges what was never sent. */
int ship_acknowledged(struct senders *g, struct sender *s, uint64_t sequence);

#endif
