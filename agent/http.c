/* SPDX-License-Identifier: MIT */
/* One HTTP request; see http.h. */
#include "agent/http.h"

#include <string.h>

void http_init(struct http *h, struct plat *p)
{
    memset(h, 0, offsetof(struct http, bytes));
    h->plat = p;
    h->conn = -1;
}

void http_close(struct http *h)
{
    if (h->conn >= 0)
        plat_close(h->plat, h->conn);
    h->conn = -1;
    h->state = HTTP_IDLE;
    h->is_ready = false;
}

struct text http_request(struct http *h)
{
    struct text t;
    text_init(&t, h->bytes, sizeof h->bytes);
    return t;
}

int http_begin(struct http *h, const struct text *request, const char *address, enum plat_security security,
               bool status_only, struct mono deadline)
{
    http_close(h);
    if (request->truncated)
        return ERR_FULL;
    int conn = plat_connect(h->plat, address, security);
    if (conn < 0)
        return conn;
    h->conn = conn;
    h->state = HTTP_SENDING;
    h->status_only = status_only;
    h->deadline = deadline;
    h->request_size = request->length;
    h->sent = h->reply_size = 0;
    return ERR_OK;
}

void http_ready(struct http *h, int conn)
{
    h->is_ready |= conn == h->conn;
}

bool http_is_busy(const struct http *h)
{
    return h->state != HTTP_IDLE;
}

struct mono http_deadline(const struct http *h)
{
    return http_is_busy(h) ? h->deadline : MONO_NEVER;
}

/* ERR_OK when all is sent, ERR_AGAIN, ERR_CLOSED. */
static int send_rest(struct http *h)
{
    while (h->sent < h->request_size) {
        int n = plat_send(h->plat, h->conn, h->bytes + h->sent, h->request_size - h->sent);
        if (n <= 0)
            return n == 0 ? ERR_AGAIN : n;
        h->sent += (uint32_t)n;
    }
    return ERR_OK;
}

static int look_at_reply(struct http *h, bool ended, struct http_reply *out)
{
    if (!h->status_only)
        return http_reply_parse(h->bytes, h->reply_size, ended, out);
    out->status = http_reply_status(h->bytes, h->reply_size);
    out->body = (struct span){h->bytes, h->bytes};
    return out->status > 0 ? ERR_OK : out->status;
}

static int receive(struct http *h, struct http_reply *out)
{
    for (;;) {
        uint32_t room = (uint32_t)sizeof h->bytes - h->reply_size;
        int n = plat_recv(h->plat, h->conn, h->bytes + h->reply_size, room);
        if (n == ERR_AGAIN || n == 0)
            return ERR_AGAIN;
        h->reply_size += n > 0 ? (uint32_t)n : 0;
        int result = look_at_reply(h, n < 0, out);
        if (n < 0) /* closed: what is there must do */
            return result == ERR_AGAIN || h->reply_size == 0 ? ERR_CLOSED : result;
        if (result != ERR_AGAIN)
            return result;
        if (h->reply_size == sizeof h->bytes)
            return ERR_FULL;
    }
}

/* Sending asks whether the connection is open yet, or has failed, too. */
static int go_on(struct http *h, struct http_reply *out)
{
    if (h->state == HTTP_SENDING) {
        int result = send_rest(h);
        if (result < 0)
            return result;
        h->state = HTTP_RECEIVING;
    }
    return receive(h, out);
}

int http_step(struct http *h, struct mono now, struct http_reply *out)
{
    if (h->state == HTTP_IDLE)
        return ERR_AGAIN;
    int result = h->is_ready ? go_on(h, out) : ERR_AGAIN;
    h->is_ready = false;
    if (result == ERR_AGAIN && mono_reached(now, h->deadline))
        result = ERR_BUSY;
    if (result == ERR_CLOSED) /* nobody needs the bytes any more */
        text_copy(h->bytes, sizeof h->bytes, plat_why(h->plat, h->conn));
    if (result != ERR_AGAIN)
        http_close(h);
    return result;
}

const char *http_why(const struct http *h)
{
    return h->bytes;
}
