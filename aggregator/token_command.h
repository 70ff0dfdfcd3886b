/* SPDX-License-Identifier: MIT */
/* The verb `token create`: works whether or not `serve` runs on the same data directory, because a token
 * is a file of its own there. */
#ifndef NEPHOS_TOKEN_COMMAND_H
#define NEPHOS_TOKEN_COMMAND_H

#include "aggregator/config.h"

/* Makes a token as the config says; on failure `why` has the words. */
int token_command_create(struct plat *p, const struct config *c, char token[static TOKEN_TEXT_SIZE],
                         struct text *why);
/* What a person does with it; goes to standard error. */
void token_command_explain(const struct config *c, const char *token, struct text *out);

#endif
