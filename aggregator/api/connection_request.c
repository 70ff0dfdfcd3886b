/* SPDX-License-Identifier: MIT */
/* Requests: a head is read, what it asks for is found and allowed; only then the body is taken, and the
 * handler called. So nobody who may not ask costs more than a head. */
#include <string.h>

#include "aggregator/api/access.h"
#include "aggregator/api/connection.h"

/* What nobody wants is passed over up to here, so that the next request on the connection is found; behind
 * more of it the connection is closed. */
#define PASSED_OVER_MAX 16384U
#define BODY_MS 10000
#define LARGE_BODY_MS 30000

static void begin_websocket(struct connection *c, struct mono now)
{
    struct exchange *x = c->exchange;
    bool speaks_nephos = http_lists(c->request, "Sec-WebSocket-Protocol", "nephos");
    struct subscriber *sub = live_join(c->live, c, !speaks_nephos, now);
    if (sub == NULL) {
        respond_busy(x, 5, "all places for live listeners are taken");
        connection_respond(c, now);
        return;
    }
    char accept[WEBSOCKET_ACCEPT_SIZE];
    websocket_accept(http_header(c->request, "Sec-WebSocket-Key"), accept);
    struct text t;
    text_init(&t, c->tx, CONNECTION_TX_SIZE);
    text_printf(&t,
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Accept: %s\r\n%s\r\n",
                accept, speaks_nephos ? "Sec-WebSocket-Protocol: nephos\r\n" : "");
    c->tx_end = t.length;
    connection_consume(c, c->head_size);
    c->head_size = c->message_size = 0;
    c->is_fragmented = c->is_told_in_parts = false;
    c->subscriber = sub;
    c->state = CONNECTION_WEBSOCKET;
    c->deadline = MONO_NEVER; /* live_step() looks after it */
    c->world->stats.websockets++;
    if (connection_flush(c) == ERR_CLOSED)
        connection_drop(c);
}

/* --- what cannot go on --- */

/* Nothing that comes on this connection after the answer is a request for us. */
static void stop_listening(struct connection *c)
{
    c->is_keep_alive = false;
    c->is_refused = true;
    c->body_left = 0;
    c->body_place = BODY_NONE;
}

/* What cannot be read is answered, and then not listened to any more. */
static void refuse(struct connection *c, const struct http_fault *fault, struct mono now)
{
    if (c->state == CONNECTION_BODY)
        exchange_end(c->exchange);
    else
        *c->request = (struct http_request){.method = HTTP_GET};
    exchange_begin(c->exchange, c->world, c->request, now);
    respond_error(c->exchange, fault->status, NULL, "%s", fault->why);
    c->world->stats.malformed++;
    stop_listening(c);
    connection_respond(c, now);
}

void connection_request_late(struct connection *c, struct mono now)
{
    static const struct http_fault late = {408, "the request did not come whole in time"};
    refuse(c, &late, now);
}

/* --- what may go on --- */

/* The row that will answer, or NULL when it has been answered, or has become a WebSocket. */
static const struct route *admit(struct connection *c, struct mono now)
{
    struct exchange *x = c->exchange;
    const struct http_request *r = c->request;
    struct route_found found = router_find(r->method, r->path, x->parameter);
    const struct route *route = found.route;
    bool may_upgrade = route != NULL && (route->kind == ROUTE_WEBSOCKET || route->kind == ROUTE_PAGE);
    bool wants_upgrade = may_upgrade && websocket_is_handshake(r);
    x->allow = found.methods;
    x->cors_allow = found.group_methods;
    if (!access_check(x, route, wants_upgrade))
        return NULL;
    if (wants_upgrade) {
        begin_websocket(c, now);
        return NULL;
    }
    if (r->method == HTTP_OPTIONS && (route != NULL || span_equal(r->path, "*"))) {
        respond_empty(x, 200);
        respond_allow(x);
        return NULL;
    }
    if (route == NULL && found.methods != 0) {
        respond_error(x, 405, "Method not allowed", "Method not allowed: the header Allow lists those known");
        respond_allow(x);
    } else if (route == NULL) {
        respond_error(x, 404, NULL, "Not Found");
    }
    return route;
}

static bool may_be_empty(const struct http_request *r)
{
    return r->method != HTTP_POST && r->method != HTTP_PUT && r->method != HTTP_PATCH;
}

static bool take_slot(struct exchange *x, const char **slot)
{
    *slot = body_pool_take(&x->world->bodies);
    if (*slot == NULL)
        respond_busy(x, 1, "all buffers for large request bodies are taken");
    return *slot != NULL;
}

static void answer_too_large(struct connection *c)
{
    c->world->stats.bodies_too_large++;
    respond_error(c->exchange, 413, NULL, "the request's body is over %u bytes; send less at once",
                  c->body_max);
}

/* Whether the route takes that body, and where to; else it has been answered. */
static bool place_body(struct connection *c, const struct route *route)
{
    struct exchange *x = c->exchange;
    const struct http_request *r = c->request;
    uint32_t setting = c->world->bodies.slot_size;
    c->body_max = route->body_max < setting ? route->body_max : setting;
    if (!r->has_length && !r->is_chunked && !may_be_empty(r)) {
        respond_error(x, 411, NULL,
                      "the body's length is needed: Content-Length, or Transfer-Encoding: chunked");
        stop_listening(c);
        return false;
    }
    if (exchange_encoding(r).length > 0 && !route->takes_encoded) {
        respond_error(x, 415, NULL, "this path takes no Content-Encoding; send the body as it is");
        respond_header(x, "Accept-Encoding: identity");
        return false;
    }
    if (r->content_length > c->body_max) {
        answer_too_large(c);
        return false;
    }
    if (exchange_encoding(r).length > 0 && !take_slot(x, &x->scratch_slot))
        return false;
    c->body_place = BODY_IN_RX;
    if (r->content_length <= CONNECTION_RX_SIZE - c->head_size)
        return true;
    c->body_place = BODY_IN_SLOT;
    return take_slot(x, &x->body_slot);
}

static void say_continue(struct connection *c)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!c->request->expects_continue || c->rx_size > c->head_size)
        return;
    memcpy(c->tx, go_on, sizeof(go_on) - 1);
    c->tx_end = sizeof(go_on) - 1;
}

/* Behind a head that can be read: the body is taken, or passed over. */
static void begin_body(struct connection *c, struct mono now)
{
    const struct http_request *r = c->request;
    bool has_body = r->is_chunked || r->content_length > 0;
    c->state = CONNECTION_BODY;
    c->deadline = mono_after_ms(now, BODY_MS);
    connection_note_move(c, now);
    c->body_size = 0;
    c->body_place = BODY_NONE;
    chunked_begin(&c->chunked);
    if (c->route != NULL && c->route->body_max > 0 && !place_body(c, c->route))
        c->route = NULL; /* it has been answered */
    if (c->is_refused || !has_body)
        return;
    if (c->route != NULL && c->route->body_max > 0) {
        c->body_left = (uint32_t)r->content_length;
        if (c->body_place == BODY_IN_SLOT)
            c->deadline = mono_after_ms(now, LARGE_BODY_MS);
        say_continue(c);
        return;
    }
    c->body_place = BODY_PASSED_OVER;
    c->body_max = PASSED_OVER_MAX;
    if (c->route != NULL && r->content_length > PASSED_OVER_MAX) {
        answer_too_large(c);
        c->route = NULL;
    }
    /* Who waits for a 100 has our answer instead, and may or may not send the body now. */
    if (r->content_length > PASSED_OVER_MAX || r->expects_continue)
        stop_listening(c);
    else
        c->body_left = (uint32_t)r->content_length;
}

/* --- the body --- */

/* Where the next byte of the body lies in rx: behind the head, and behind the part that stays there. */
static uint32_t body_start(const struct connection *c)
{
    return c->head_size + (c->body_place == BODY_IN_RX ? c->body_size : 0);
}

static char *slot_bytes(const struct connection *c)
{
    const struct body_pool *pool = &c->world->bodies;
    return pool->bytes + (c->exchange->body_slot - pool->bytes);
}

/* Takes `n` bytes away that lie `at` bytes into rx. */
static void cut(struct connection *c, uint32_t at, uint32_t n)
{
    c->rx_size -= n;
    memmove(c->rx + at, c->rx + at + n, c->rx_size - at);
}

static int take_counted(struct connection *c)
{
    uint32_t start = body_start(c), here = c->rx_size - start;
    uint32_t n = here < c->body_left ? here : c->body_left;
    if (c->body_place == BODY_IN_SLOT)
        memcpy(slot_bytes(c) + c->body_size, c->rx + start, n);
    if (c->body_place != BODY_IN_RX)
        cut(c, start, n);
    c->body_size += n;
    c->body_left -= n;
    return c->body_left == 0 ? ERR_OK : ERR_AGAIN;
}

/* What has come so far goes where there is more room. */
static int move_to_slot(struct connection *c, struct mono now)
{
    if (!take_slot(c->exchange, &c->exchange->body_slot))
        return ERR_BUSY;
    c->body_place = BODY_IN_SLOT;
    memcpy(slot_bytes(c), c->rx + c->head_size, c->body_size);
    cut(c, c->head_size, c->body_size);
    c->deadline = mono_after_ms(now, LARGE_BODY_MS);
    return ERR_AGAIN;
}

static int take_chunks(struct connection *c, struct mono now)
{
    uint32_t start = body_start(c), taken, made;
    char *to = c->body_place == BODY_IN_SLOT ? slot_bytes(c) + c->body_size : c->rx + start;
    int answer = chunked_take(&c->chunked, c->rx + start, c->rx_size - start, to, c->body_max - c->body_size,
                              &taken, &made);
    c->body_size += made;
    if (c->body_place == BODY_IN_RX)
        cut(c, start + made, taken - made);
    else
        cut(c, start, taken);
    bool is_rx_full = c->body_place == BODY_IN_RX && c->rx_size == CONNECTION_RX_SIZE;
    return answer == ERR_AGAIN && is_rx_full ? move_to_slot(c, now) : answer;
}

/* ERR_OK: the body is whole, or given up. ERR_AGAIN: more must come. ERR_CLOSED: it has been answered. */
static int take_body(struct connection *c, struct mono now)
{
    static const struct http_fault bad_chunks = {400, "the chunks of the body are malformed"};
    if (c->body_place == BODY_NONE)
        return ERR_OK;
    int answer = c->request->is_chunked ? take_chunks(c, now) : take_counted(c);
    if (answer == ERR_MALFORMED) {
        refuse(c, &bad_chunks, now);
        return ERR_CLOSED;
    }
    if (answer == ERR_FULL && c->route != NULL)
        answer_too_large(c);
    if (answer == ERR_FULL || answer == ERR_BUSY) {
        c->route = NULL;
        stop_listening(c);
        return ERR_OK;
    }
    return answer;
}

static void answer(struct connection *c, struct mono now)
{
    struct exchange *x = c->exchange;
    c->request_size = body_start(c);
    if (c->body_place == BODY_IN_RX)
        x->body = (struct span){c->rx + c->head_size, c->body_size};
    else if (c->body_place == BODY_IN_SLOT)
        x->body = (struct span){x->body_slot, c->body_size};
    if (c->route != NULL)
        c->route->handle(x);
    connection_respond(c, now);
}

/* --- the head --- */

/* Empty lines before a request are allowed (RFC 9112 section 2.2). */
static void skip_empty_lines(struct connection *c)
{
    uint32_t n = 0;
    while (c->rx_size - n >= 2 && c->rx[n] == '\r' && c->rx[n + 1] == '\n')
        n += 2;
    connection_consume(c, n);
}

/* False while the head is not whole. */
static bool take_head(struct connection *c, struct mono now)
{
    struct http_fault fault;
    if (c->scanned == 0)
        skip_empty_lines(c);
    int taken = http_read(c->rx, c->rx_size, &c->scanned, c->request, &fault);
    if (taken == ERR_AGAIN)
        return false;
    if (taken < 0) {
        refuse(c, &fault, now);
        return true;
    }
    c->head_size = (uint32_t)taken;
    c->world->stats.requests++;
    bool is_crowded = !mono_reached(now, c->world->crowded_until);
    c->is_keep_alive = c->request->keep_alive && !is_crowded;
    exchange_begin(c->exchange, c->world, c->request, now);
    c->route = admit(c, now);
    if (c->state == CONNECTION_HEAD)
        begin_body(c, now);
    return true;
}

void connection_request_read(struct connection *c, struct mono now)
{
    while (c->state == CONNECTION_HEAD || c->state == CONNECTION_BODY) {
        if (c->state == CONNECTION_HEAD && !take_head(c, now))
            break;
        if (c->state != CONNECTION_BODY)
            continue;
        int body = take_body(c, now);
        if (body == ERR_AGAIN) {
            if (connection_flush(c) == ERR_CLOSED)
                connection_drop(c);
            break;
        }
        if (body == ERR_OK)
            answer(c, now);
    }
    bool is_waiting = c->state == CONNECTION_HEAD || c->state == CONNECTION_BODY;
    if (is_waiting && c->is_rx_closed)
        connection_drop(c);
}
