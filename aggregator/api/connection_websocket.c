/* SPDX-License-Identifier: MIT */
/* The WebSocket side of a slot: frames in, messages out. */
#include <string.h>

#include "aggregator/api/connection.h"

static bool make_room(struct connection *c, uint32_t size)
{
    if (CONNECTION_TX_SIZE - c->tx_end >= size)
        return true;
    if (connection_flush(c) == ERR_CLOSED)
        return false;
    memmove(c->tx, c->tx + c->tx_start, c->tx_end - c->tx_start);
    c->tx_end -= c->tx_start;
    c->tx_start = 0;
    return CONNECTION_TX_SIZE - c->tx_end >= size;
}

static bool put_frame(struct connection *c, enum websocket_opcode opcode, bool is_final, const char *payload,
                      uint32_t size)
{
    if (!make_room(c, WEBSOCKET_HEADER_MAX + size))
        return false;
    c->tx_end += websocket_header(opcode, is_final, size, (uint8_t *)c->tx + c->tx_end);
    memcpy(c->tx + c->tx_end, payload, size);
    c->tx_end += size;
    return true;
}

bool connection_send_message(struct connection *c, enum websocket_opcode opcode, const char *payload,
                             uint32_t size)
{
    bool is_data = opcode == WEBSOCKET_TEXT;
    if ((is_data && c->is_told_in_parts) || !put_frame(c, opcode, true, payload, size))
        return false;
    c->world->stats.websocket_messages += is_data;
    return true;
}

bool connection_send_part(struct connection *c, const char *part, uint32_t size, bool is_last)
{
    if (!put_frame(c, c->is_told_in_parts ? WEBSOCKET_CONTINUATION : WEBSOCKET_TEXT, is_last, part, size))
        return false;
    c->is_told_in_parts = !is_last;
    c->world->stats.websocket_messages += is_last;
    return true;
}

void connection_close_websocket(struct connection *c, enum websocket_close code, struct mono now)
{
    char payload[2] = {(char)((uint32_t)code >> 8), (char)((uint32_t)code & 0xff)};
    (void)connection_send_message(c, WEBSOCKET_CLOSE, payload, sizeof(payload));
    live_leave(c->live, c->subscriber);
    c->subscriber = NULL;
    if (connection_flush(c) == ERR_CLOSED)
        connection_drop(c);
    else
        connection_linger(c, now);
}

static void take_message(struct connection *c, struct mono now)
{
    char buf[512];
    struct text reply;
    text_init(&reply, buf, sizeof(buf));
    int err = live_message(c->live, c->subscriber, c->rx, c->message_size, now, &reply);
    c->message_size = 0;
    if (err < 0)
        connection_close_websocket(c, CLOSE_BAD_DATA, now);
    else if (reply.length > 0 && !connection_send_message(c, WEBSOCKET_TEXT, buf, reply.length))
        c->world->stats.websocket_missed++; /* it asks and does not listen */
}

/* One whole frame; its bytes lie at rx + message_size. */
static void take_frame(struct connection *c, const struct websocket_frame *f, struct mono now)
{
    bool is_continuation = f->opcode == WEBSOCKET_CONTINUATION;
    switch (f->opcode) {
    case WEBSOCKET_PING:
        (void)connection_send_message(c, WEBSOCKET_PONG, f->payload, f->size);
        return;
    case WEBSOCKET_PONG:
        return;
    case WEBSOCKET_CLOSE:
        connection_close_websocket(c, websocket_close_code(f), now);
        /* Both have said goodbye: the server closes first (RFC 6455 section 7.1.1). */
        if (c->state == CONNECTION_LINGER && c->tx_end == 0)
            connection_drop(c);
        return;
    case WEBSOCKET_BINARY:
        connection_close_websocket(c, CLOSE_UNSUPPORTED, now);
        return;
    case WEBSOCKET_TEXT:
    case WEBSOCKET_CONTINUATION:
        break;
    }
    if (is_continuation != c->is_fragmented) {
        connection_close_websocket(c, CLOSE_PROTOCOL_ERROR, now);
        return;
    }
    memmove(c->rx + c->message_size, f->payload, f->size);
    c->message_size += f->size;
    c->is_fragmented = !f->is_final;
    if (f->is_final)
        take_message(c, now);
}

void connection_websocket_read(struct connection *c, struct mono now)
{
    uint32_t at = c->message_size; /* first byte not taken yet */
    while (c->state == CONNECTION_WEBSOCKET) {
        struct websocket_frame f;
        int taken = websocket_read(c->rx + at, c->rx_size - at, WEBSOCKET_MESSAGE_MAX - c->message_size, &f);
        if (taken == ERR_AGAIN)
            break;
        if (taken < 0) {
            connection_close_websocket(c, taken == ERR_FULL ? CLOSE_TOO_BIG : CLOSE_PROTOCOL_ERROR, now);
            return;
        }
        c->subscriber->heard = now;
        at += (uint32_t)taken;
        take_frame(c, &f, now);
    }
    if (c->state != CONNECTION_WEBSOCKET)
        return;
    memmove(c->rx + c->message_size, c->rx + at, c->rx_size - at);
    c->rx_size = c->message_size + c->rx_size - at;
    if (c->is_rx_closed || connection_flush(c) == ERR_CLOSED)
        connection_drop(c);
}
