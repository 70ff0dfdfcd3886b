/* SPDX-License-Identifier: MIT */
/* The HTTP side of a slot: requests are read one after the other, responses made piece by piece. */
#include <string.h>

#include "aggregator/api/access.h"
#include "aggregator/api/connection.h"
#include "aggregator/api/router.h"

#define HEAD_MS 5000
#define BODY_MS 10000
#define IDLE_MS 60000
#define RESPONSE_MS 30000

/* The head goes right before the body's first bytes, wherever those begin. */
#define HEAD_ROOM 1536U
#define CHUNK_HEAD_SIZE 6U /* four hexadecimal digits and CR LF */
#define CHUNK_TAIL_SIZE 7U /* CR LF, 0 CR LF CR LF */
#define BODY_AT (HEAD_ROOM + CHUNK_HEAD_SIZE)
/* Pieces of one response made before the others have their turn. */
#define PIECES_MAX 8U

/* --- response --- */

/* Lays head, chunk frame and body around the `size` bytes at BODY_AT. */
static void frame_piece(struct connection *c, uint32_t size, bool is_last)
{
    struct exchange *x = c->exchange;
    uint32_t start = BODY_AT, end = BODY_AT + size;
    bool has_body = c->request->method != HTTP_HEAD;
    bool is_first = !c->is_head_sent;
    if (is_first)
        c->is_chunked = !is_last && !c->request->is_1_0;
    if (is_first && !is_last && c->request->is_1_0)
        c->is_keep_alive = false; /* the end of the connection ends the body */
    if (!has_body)
        end = start;
    if (c->is_chunked && has_body) {
        if (size > 0) {
            struct text t;
            char digits[CHUNK_HEAD_SIZE + 1];
            text_init(&t, digits, sizeof(digits));
            text_printf(&t, "%04x\r\n", size);
            start -= CHUNK_HEAD_SIZE;
            memcpy(c->tx + start, digits, CHUNK_HEAD_SIZE);
            memcpy(c->tx + end, "\r\n", 2);
            end += 2;
        }
        if (is_last) {
            memcpy(c->tx + end, "0\r\n\r\n", 5);
            end += 5;
        }
    }
    if (is_first) {
        char head[HEAD_ROOM];
        struct text t;
        text_init(&t, head, sizeof(head));
        exchange_head(x, is_last ? (int64_t)size : BODY_UNKNOWN, c->is_keep_alive, &t);
        start -= t.length;
        memcpy(c->tx + start, head, t.length);
        c->is_head_sent = true;
    }
    c->tx_start = start;
    c->tx_end = end;
}

/* Asks the producer for the next piece. ERR_OK when something was queued or the response is complete,
 * ERR_AGAIN when it has nothing yet, else the connection must be cut. */
static int produce_piece(struct connection *c)
{
    struct exchange *x = c->exchange;
    struct text body;
    text_init(&body, c->tx + BODY_AT, CONNECTION_TX_SIZE - BODY_AT - CHUNK_TAIL_SIZE);
    x->json.out = &body;
    int answer = x->produce == NULL ? PRODUCE_DONE : x->produce(x);
    x->json.out = NULL;
    c->is_blocked = answer == ERR_BUSY;
    c->is_waiting = answer == ERR_AGAIN || answer == ERR_BUSY;
    if (c->is_waiting && body.length == 0)
        return ERR_AGAIN;
    bool is_stuck = answer == PRODUCE_MORE && body.length == 0; /* an element larger than the buffer */
    if ((answer < 0 && !c->is_waiting) || is_stuck) {
        c->world->stats.cut_responses++;
        return ERR_SYSTEM;
    }
    bool is_last = answer == PRODUCE_DONE;
    frame_piece(c, body.length, is_last);
    if (is_last || c->request->method == HTTP_HEAD)
        exchange_end(x);
    return ERR_OK;
}

static void finish_response(struct connection *c, struct mono now)
{
    struct world *w = c->world;
    w->stats.answered_4xx += c->exchange->status >= 400 && c->exchange->status < 500;
    w->stats.answered_5xx += c->exchange->status >= 500;
    if (c->is_refused) {
        connection_linger(c, now);
        return;
    }
    if (!c->is_keep_alive) {
        connection_drop(c);
        return;
    }
    c->rx_size -= c->head_size;
    memmove(c->rx, c->rx + c->head_size, c->rx_size);
    connection_await(c, mono_after_ms(now, c->rx_size > 0 ? HEAD_MS : IDLE_MS));
}

/* Sends and produces in turn, for a bounded number of pieces. */
void connection_http_pump(struct connection *c, struct mono now)
{
    for (uint32_t piece = 0; piece <= PIECES_MAX; piece++) {
        int err = connection_flush(c);
        if (err == ERR_AGAIN)
            return;
        bool is_done = c->is_head_sent && c->exchange->produce == NULL;
        if (err == ERR_OK && is_done) {
            finish_response(c, now);
            return;
        }
        if (err == ERR_OK && piece == PIECES_MAX) {
            c->is_waiting = true;
            return;
        }
        if (err == ERR_OK)
            err = produce_piece(c);
        if (err == ERR_AGAIN)
            return;
        if (err < 0) {
            connection_drop(c);
            return;
        }
    }
}

static void begin_response(struct connection *c, struct mono now)
{
    c->state = CONNECTION_RESPONSE;
    c->deadline = mono_after_ms(now, RESPONSE_MS);
    c->is_head_sent = c->is_chunked = false;
    connection_http_pump(c, now);
}

/* --- request --- */

static void upgrade(struct connection *c, struct mono now)
{
    struct exchange *x = c->exchange;
    struct subscriber *sub = live_join(c->live, now);
    if (sub == NULL) {
        respond_error(x, 503, NULL, "all places for live listeners are taken");
        respond_header(x, "Retry-After: 5");
        begin_response(c, now);
        return;
    }
    char accept[WEBSOCKET_ACCEPT_SIZE];
    websocket_accept(http_header(c->request, "Sec-WebSocket-Key"), accept);
    bool speaks_nephos = http_lists(c->request, "Sec-WebSocket-Protocol", "nephos");
    struct text t;
    text_init(&t, c->tx, CONNECTION_TX_SIZE);
    text_printf(&t,
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Accept: %s\r\n%s\r\n",
                accept, speaks_nephos ? "Sec-WebSocket-Protocol: nephos\r\n" : "");
    c->tx_end = t.length;
    c->rx_size -= c->head_size;
    memmove(c->rx, c->rx + c->head_size, c->rx_size);
    c->head_size = c->message_size = 0;
    c->is_fragmented = false;
    c->subscriber = sub;
    c->state = CONNECTION_WEBSOCKET;
    c->deadline = MONO_NEVER; /* live_step() looks after it */
    c->world->stats.websockets++;
    if (connection_flush(c) == ERR_CLOSED)
        connection_drop(c);
}

static void answer(struct connection *c, struct mono now)
{
    struct exchange *x = c->exchange;
    const struct http_request *r = c->request;
    const char *allow;
    const struct route *route = router_find(r->method, r->path, &allow, x->parameter);
    bool may_upgrade = route != NULL && (route->kind == ROUTE_WEBSOCKET || route->kind == ROUTE_PAGE);
    bool wants_upgrade = may_upgrade && websocket_is_handshake(r);
    bool is_open = route != NULL && (route->kind == ROUTE_OPEN || route->kind == ROUTE_PAGE);
    if (allow != NULL)
        x->allow = allow;
    if (!access_check(x, is_open && !wants_upgrade, wants_upgrade)) {
        begin_response(c, now);
        return;
    }
    if (wants_upgrade) {
        upgrade(c, now);
        return;
    }
    if (r->method == HTTP_OPTIONS && (allow != NULL || span_equal(r->path, "*"))) {
        respond_empty(x, 200);
    } else if (allow == NULL) {
        respond_error(x, 404, NULL, "Not Found");
    } else if (route == NULL) {
        respond_error(x, 405, "Method not allowed", "Method not allowed: this path knows %s", allow);
        respond_header(x, "Allow: %s", allow);
    } else {
        route->handle(x);
    }
    begin_response(c, now);
}

/* What cannot be read is answered and then not listened to any more. */
static void refuse(struct connection *c, const struct http_fault *fault, struct mono now)
{
    *c->request = (struct http_request){.method = HTTP_GET};
    exchange_begin(c->exchange, c->world, c->request, now);
    respond_error(c->exchange, fault->status, NULL, "%s", fault->why);
    c->world->stats.malformed++;
    c->is_keep_alive = false;
    c->is_refused = true;
    begin_response(c, now);
}

/* No route takes a body yet: it is passed over, so that the next request is found. */
static bool skip_body(struct connection *c)
{
    uint32_t here = c->rx_size - c->head_size;
    uint32_t n = here < c->body_left ? here : c->body_left;
    memmove(c->rx + c->head_size, c->rx + c->head_size + n, here - n);
    c->rx_size -= n;
    c->body_left -= n;
    return c->body_left == 0;
}

static void begin_request(struct connection *c, struct mono now)
{
    c->world->stats.requests++;
    c->is_keep_alive = c->request->keep_alive;
    c->body_left = c->request->content_length;
    if (c->body_left == 0)
        return;
    c->deadline = mono_after_ms(now, BODY_MS);
    if (c->request->expects_continue && c->rx_size == c->head_size) {
        static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        memcpy(c->tx, go_on, sizeof(go_on) - 1);
        c->tx_end = sizeof(go_on) - 1;
    }
}

/* Empty lines before a request are allowed (RFC 9112 section 2.2). */
static void skip_empty_lines(struct connection *c)
{
    uint32_t n = 0;
    while (c->rx_size - n >= 2 && c->rx[n] == '\r' && c->rx[n + 1] == '\n')
        n += 2;
    c->rx_size -= n;
    memmove(c->rx, c->rx + n, c->rx_size);
}

/* Answers requests one after the other as long as whole ones are there. */
void connection_http_read(struct connection *c, struct mono now)
{
    while (c->state == CONNECTION_HEAD) {
        if (c->head_size == 0) {
            struct http_fault fault;
            if (c->scanned == 0)
                skip_empty_lines(c);
            int taken = http_read(c->rx, c->rx_size, &c->scanned, c->request, &fault);
            if (taken == ERR_AGAIN)
                break;
            if (taken < 0) {
                refuse(c, &fault, now);
                return;
            }
            c->head_size = (uint32_t)taken;
            begin_request(c, now);
        }
        if (!skip_body(c)) {
            if (connection_flush(c) == ERR_CLOSED)
                connection_drop(c);
            break;
        }
        exchange_begin(c->exchange, c->world, c->request, now);
        answer(c, now);
    }
    if (c->state == CONNECTION_HEAD && c->is_rx_closed)
        connection_drop(c);
}

void connection_http_late(struct connection *c, struct mono now)
{
    static const struct http_fault late = {408, "the request did not come whole in time"};
    refuse(c, &late, now);
}
