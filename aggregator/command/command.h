/* SPDX-License-Identifier: MIT */
/* How a command of this program reaches the aggregator that runs on the same data directory: an HTTP request
 * through the socket COMMAND_SOCKET in that directory, which only its owner and root can open. The API
 * takes such a request as one of an administrator called "command" (DOOR_COMMAND), and its handlers answer
 * in plain text, for people, where they would answer a client in JSON. So a command is a route and a line in
 * the table of commands, and whatever a command can do the API can do for an administrator, too.
 *
 * A long piece of work (a backup) answers when it is done: pass a long `timeout_ms`; the route uses
 * respond_later(). */
#ifndef NEPHOS_COMMAND_H
#define NEPHOS_COMMAND_H

#include "platform/base/text.h"
#include "platform/platform.h"

#define COMMAND_SOCKET "command.sock"

/* Takes a piece of the answer's body. */
typedef void command_print(uint16_t status, const char *bytes, uint32_t size);

/* Sends the request and prints the body of the answer as it comes. `body` is JSON, or NULL. The status
 * (200...); ERR_MISSING and the like with `why`: nobody runs there, or no answer came within timeout_ms. */
int command_ask(struct plat *p, const char *method, const char *path, const char *body, int64_t timeout_ms,
                command_print *print, struct text *why);
/* The same for an answer that a program takes: `take` gets its pieces with `context`, and may end it all with
 * a negative value, which is then the result. */
typedef int command_take(void *context, uint16_t status, const char *bytes, uint32_t size);
int command_stream(struct plat *p, const char *method, const char *path, const char *body, int64_t timeout_ms,
                   command_take *take, void *context, struct text *why);
/* Appends `word` to a path, with what is not a plain letter as %XX. */
void command_put_word(struct text *path, const char *word);

#endif
