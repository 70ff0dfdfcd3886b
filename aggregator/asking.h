/* SPDX-License-Identifier: MIT */
/* Commands that ask the aggregator that runs: access, agent, audit, rules, silence, and token list and
 * revoke. */
#ifndef NEPHOS_AGGREGATOR_ASKING_H
#define NEPHOS_AGGREGATOR_ASKING_H

#include "aggregator/command/command.h"
#include "aggregator/config.h"

/* True for a verb of these. */
bool asking_is_verb(enum config_verb verb);
/* What comes beside the command line. */
struct asking_more {
    bool has_ttl;     /* --ttl was given */
    const char *text; /* of the file that the operand names; NULL: it names none */
    char *body;       /* room for a request with that text */
    uint32_t body_size;
};
/* Asks, and prints the answer. As command_ask(). */
int asking_run(struct plat *p, const struct config *c, const struct command_line *line,
               const struct asking_more *more,
               command_print *print, struct text *why);

#endif
