/* SPDX-License-Identifier: MIT */
/* Commands that ask the aggregator that runs: access, agent, audit, and token list and revoke. */
#ifndef NEPHOS_AGGREGATOR_ASKING_H
#define NEPHOS_AGGREGATOR_ASKING_H

#include "aggregator/command/command.h"
#include "aggregator/config.h"

/* True for a verb of these. */
bool asking_is_verb(enum config_verb verb);
/* Asks, and prints the answer. As command_ask(). `has_ttl`: --ttl was given. */
int asking_run(struct plat *p, const struct config *c, const struct command_line *line, bool has_ttl,
               command_print *print, struct text *why);

#endif
