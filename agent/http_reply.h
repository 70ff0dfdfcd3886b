/* SPDX-License-Identifier: MIT */
/* The answer of an HTTP/1 server, as much of it as there is. Pure. */
#ifndef NEPHOS_HTTP_REPLY_H
#define NEPHOS_HTTP_REPLY_H

#include "agent/collect/span.h"

/* The status in the first line, 100..999; ERR_AGAIN while the line is not whole; ERR_MALFORMED. */
int http_reply_status(const char *text, uint32_t length);

struct http_reply {
    int status;
    struct span body; /* in the text, which lost its chunk headers */
};

/* The whole answer. `ended`: the server has closed, nothing more will come. ERR_OK; ERR_AGAIN while more is
 * needed; ERR_MALFORMED, also when it ended too early. May be called again with more text unless it said
 * ERR_OK. */
int http_reply_parse(char *text, uint32_t length, bool ended, struct http_reply *out);

#endif
