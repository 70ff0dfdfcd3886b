/* SPDX-License-Identifier: MIT */
/* Responses: decided, made piece by piece, sent. */
#include <string.h>

#include "aggregator/api/connection.h"

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
    if (is_last && !c->is_head_sent && exchange_tag(x, body.at, body.length))
        body.length = 0;
    frame_piece(c, body.length, is_last);
    if (is_last || c->request->method == HTTP_HEAD)
        exchange_end(x);
    return ERR_OK;
}

/* Has the handler made up its mind? ERR_AGAIN when not. */
static int decide(struct connection *c)
{
    struct exchange *x = c->exchange;
    int (*ask)(struct exchange *) = x->decide;
    x->decide = NULL;
    int answer = ask(x);
    if (answer == ERR_AGAIN || answer == ERR_BUSY) {
        x->decide = x->decide == NULL ? ask : x->decide; /* it may have named another one */
    } else if (answer < 0) {
        x->decide = NULL;
        respond_error(x, 500, NULL, "the answer could not be found out; see the log of the aggregator");
    }
    c->is_waiting = x->decide != NULL;
    c->is_blocked = c->is_waiting && answer == ERR_BUSY;
    return c->is_waiting ? ERR_AGAIN : ERR_OK;
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
    connection_consume(c, c->request_size);
    connection_await(c, c->rx_size > 0 ? CONNECTION_HEAD_MS : IDLE_MS, now);
}

/* Sends and produces in turn, for a bounded number of pieces. */
void connection_http_pump(struct connection *c, struct mono now)
{
    for (uint32_t piece = 0; piece <= PIECES_MAX; piece++) {
        int err = connection_flush(c);
        if (err == ERR_OK && c->exchange->decide != NULL)
            err = decide(c);
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
        if (err == ERR_OK && c->exchange->is_long)
            c->deadline = mono_after_ms(now, RESPONSE_MS);
        if (err == ERR_AGAIN)
            return;
        if (err < 0) {
            connection_drop(c);
            return;
        }
    }
}

void connection_respond(struct connection *c, struct mono now)
{
    c->state = CONNECTION_RESPONSE;
    c->deadline = mono_after_ms(now, RESPONSE_MS);
    connection_note_move(c, now);
    c->is_head_sent = c->is_chunked = false;
    connection_http_pump(c, now);
}
