/* SPDX-License-Identifier: MIT */
/* One HTTP request and its answer over one connection, in pieces, within a deadline.
 *
 *          http_begin()          sent             whole
 *     IDLE ------------> SENDING ----> RECEIVING -----> IDLE
 *
 * and from both of them back to IDLE when the connection fails, the answer is none, or time is up. */
#ifndef NEPHOS_HTTP_H
#define NEPHOS_HTTP_H

#include "agent/http_reply.h"
#include "agent/limits.h"
#include "platform/base/text.h"
#include "platform/platform.h"

enum http_state { HTTP_IDLE, HTTP_SENDING, HTTP_RECEIVING };

struct http {
    struct plat *plat;
    enum http_state state;
    int conn;
    bool is_ready;
    bool status_only;       /* the first line of the answer is all that is wanted */
    struct mono deadline;
    uint32_t request_size, sent, reply_size;
    char bytes[HTTP_SIZE];  /* the request until it is sent, then the answer */
};

void http_init(struct http *h, struct plat *p);
/* Where to write the request, before http_begin. */
struct text http_request(struct http *h);
/* ERR_OK, or why there is no connection; then nothing is under way. What is under way is given up. */
int http_begin(struct http *h, const struct text *request, const char *address, enum plat_security security,
               bool status_only, struct mono deadline);
void http_ready(struct http *h, int conn);
/* Goes on. ERR_AGAIN: nothing is under way, or not done yet. ERR_OK: `out` holds the answer (with
 * status_only no body), which stays until the next http_begin. ERR_CLOSED: no answer; ERR_BUSY: time is up;
 * ERR_MALFORMED: the answer is no HTTP; ERR_FULL: it is too long. */
int http_step(struct http *h, struct mono now, struct http_reply *out);
/* After ERR_CLOSED and until the next http_request: why, in words. */
const char *http_why(const struct http *h);
bool http_is_busy(const struct http *h);
/* When to come back at the latest. */
struct mono http_deadline(const struct http *h);
void http_close(struct http *h);

#endif
