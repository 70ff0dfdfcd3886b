/* SPDX-License-Identifier: MIT */
/* Links of the simulated network, for connection.c, which shows them to programs. */
#ifndef NEPHOS_SIM_NET_H
#define NEPHOS_SIM_NET_H

#include "platform/sim/world.h"

/* A fresh link and its index, or NULL when the world has too many. */
struct link *link_new(struct sim_world *w, uint32_t *index);
void link_release(struct link *l);
void link_changed(struct link *l);
/* Who connects asks no longer; what has not reached the listener never will. */
void link_give_up(struct link *l);
/* When something that leaves side `from` then is there, in this weather. */
int64_t link_arrival(struct link *l, uint32_t from, int64_t leaves_ns);
/* The side learns of a failure then, unless it learns of another before. */
void link_fail(struct link *l, uint32_t side, int64_t at_ns, bool reset, const char *why);
/* `size` must fit in the window. */
void flow_send(struct link *l, uint32_t from, const uint8_t *bytes, uint32_t size);
/* The end of the stream follows the last byte. */
void flow_finish(struct link *l, uint32_t from);

#endif
