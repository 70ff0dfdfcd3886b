/* SPDX-License-Identifier: MIT */
/* See credit.h. */
#include "aggregator/forward/credit.h"

#include <string.h>

void credit_put(struct export_request *r, const struct target *to)
{
    char pair[TARGET_WORD_SIZE + TARGET_SECRET_SIZE + 1];
    struct text words;
    text_put(&r->headers, to->headers);
    if (to->token[0] != '\0') {
        text_put(&r->headers, "Authorization: Bearer ");
        text_put(&r->headers, to->token);
        text_put_char(&r->headers, '\n');
    } else if (to->user[0] != '\0') {
        text_init(&words, pair, sizeof pair);
        text_printf(&words, "%s:%s", to->user, to->password);
        text_put(&r->headers, "Authorization: Basic ");
        text_put_base64(&r->headers, words.at, words.length);
        text_put_char(&r->headers, '\n');
        memset(pair, 0, sizeof pair);
    }
}
