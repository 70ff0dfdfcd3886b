/* SPDX-License-Identifier: MIT */
/* `nephos-aggregator token create`. */
#include "aggregator/token_command.h"

#include <string.h>

#include "aggregator/access/token.h"

int token_command_create(struct plat *p, const struct config *c, char token[static TOKEN_TEXT_SIZE],
                         struct text *why)
{
    int e = authority_open(p);
    if (e < 0) {
        text_printf(why, "the certificate authority in %s cannot be opened; run this as the user that "
                    "runs the aggregator", c->data);
        return e;
    }
    e = token_create(p, c->token_uses, c->token_ttl_ms, token);
    if (e < 0)
        text_printf(why, "the token cannot be written to %s/tokens; is the disk full or read-only?",
                    c->data);
    return e;
}

void token_command_explain(const struct config *c, const char *token, struct text *out)
{
    const char *port = strrchr(c->listen, ':');
    text_printf(out, "\nGood for %u agent%s and %lld minutes. On the new host:\n\n"
                "  nephos-agent --server THIS-HOST%s --token %s\n", c->token_uses,
                c->token_uses == 1 ? "" : "s", (long long)(c->token_ttl_ms / 60000),
                port != NULL ? port : "", token);
}
