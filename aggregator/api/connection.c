/* SPDX-License-Identifier: MIT */
/* How a slot begins, reads, sends and ends; what is said on it is in connection_request.c,
 * connection_http.c and connection_websocket.c. */
#include "aggregator/api/connection.h"

#include <string.h>

#define LINGER_MS 1000
#define PACE_BYTES_PER_S 4096

/* --- beginning and end --- */

void connection_note_move(struct connection *c, struct mono now)
{
    c->moved = now;
    c->moved_bytes = 0;
}

void connection_await(struct connection *c, int64_t wait_ms, struct mono now)
{
    c->state = CONNECTION_HEAD;
    c->deadline = mono_after_ms(now, wait_ms);
    connection_note_move(c, now);
    c->scanned = c->head_size = c->body_left = 0;
    c->body_place = BODY_NONE;
    c->route = NULL;
    c->is_waiting = c->is_blocked = c->is_refused = false;
}

void connection_open(struct connection *c, int conn, enum api_door door, struct mono now)
{
    c->exchange->conn = conn;
    c->exchange->door = door;
    c->conn = conn;
    c->rx_size = c->tx_start = c->tx_end = 0;
    c->is_rx_closed = c->is_paused = c->is_choked = false;
    c->subscriber = NULL;
    connection_await(c, CONNECTION_HEAD_MS, now);
}

void connection_drop(struct connection *c)
{
    if (c->state == CONNECTION_RESPONSE || c->state == CONNECTION_BODY)
        exchange_end(c->exchange);
    if (c->subscriber != NULL)
        live_leave(c->live, c->subscriber);
    c->subscriber = NULL;
    plat_close(c->world->plat, c->conn);
    c->conn = -1;
    c->state = CONNECTION_FREE;
    c->is_waiting = false;
}

void connection_linger(struct connection *c, struct mono now)
{
    c->state = CONNECTION_LINGER;
    c->deadline = mono_after_ms(now, LINGER_MS);
    c->rx_size = 0;
    if (c->is_rx_closed)
        connection_drop(c);
}

/* --- bytes --- */

void connection_consume(struct connection *c, uint32_t size)
{
    c->rx_size -= size;
    memmove(c->rx, c->rx + size, c->rx_size);
}

int connection_flush(struct connection *c)
{
    while (c->tx_start < c->tx_end) {
        if (c->is_choked)
            return ERR_AGAIN;
        int n = plat_send(c->world->plat, c->conn, c->tx + c->tx_start, c->tx_end - c->tx_start);
        c->is_choked = n == ERR_AGAIN;
        if (n < 0)
            return n == ERR_AGAIN ? ERR_AGAIN : ERR_CLOSED;
        c->tx_start += (uint32_t)n;
        c->moved_bytes += (uint32_t)n;
        c->world->stats.tx_bytes += (uint32_t)n;
    }
    c->tx_start = c->tx_end = 0;
    return ERR_OK;
}

static void pause_reading(struct connection *c, bool paused)
{
    c->is_paused = paused;
    plat_pause(c->world->plat, c->conn, paused);
}

/* Reads until there is no more or no room; then it is not woken for reading. */
static void receive(struct connection *c)
{
    while (c->rx_size < CONNECTION_RX_SIZE && !c->is_rx_closed) {
        int n = plat_recv(c->world->plat, c->conn, c->rx + c->rx_size, CONNECTION_RX_SIZE - c->rx_size);
        if (n == ERR_AGAIN)
            return;
        if (n <= 0)
            c->is_rx_closed = true;
        else
            c->rx_size += (uint32_t)n;
        c->moved_bytes += n > 0 ? (uint32_t)n : 0;
    }
    pause_reading(c, true);
}

/* Bytes that have come are worked off, request by request, frame by frame. */
static void work(struct connection *c, struct mono now)
{
    if (c->state == CONNECTION_HEAD || c->state == CONNECTION_BODY)
        connection_request_read(c, now);
    if (c->state == CONNECTION_WEBSOCKET)
        connection_websocket_read(c, now);
    bool may_read = c->state != CONNECTION_FREE && !c->is_rx_closed && c->rx_size < CONNECTION_RX_SIZE;
    if (may_read && c->is_paused)
        pause_reading(c, false);
}

void connection_ready(struct connection *c, struct mono now)
{
    bool was_empty = c->rx_size == 0;
    c->is_choked = false;
    if (!c->is_paused)
        receive(c);
    if (c->state == CONNECTION_HEAD && was_empty && c->rx_size > 0) {
        c->deadline = mono_after_ms(now, CONNECTION_HEAD_MS);
        connection_note_move(c, now);
    }
    if (c->state == CONNECTION_RESPONSE)
        connection_http_pump(c, now);
    if (c->state == CONNECTION_LINGER) {
        c->rx_size = 0;
        if (c->is_rx_closed || connection_flush(c) == ERR_CLOSED)
            connection_drop(c);
    }
    work(c, now);
}

void connection_continue(struct connection *c, struct mono now)
{
    c->is_waiting = c->is_blocked = false;
    connection_http_pump(c, now);
    work(c, now);
}

void connection_expire(struct connection *c, struct mono now)
{
    bool is_silent = c->state == CONNECTION_HEAD && c->rx_size == 0;
    if (!is_silent && c->state != CONNECTION_LINGER)
        c->world->stats.timeouts++;
    if (c->state == CONNECTION_BODY || (c->state == CONNECTION_HEAD && !is_silent))
        connection_request_late(c, now);
    else
        connection_drop(c);
}

/* --- for others --- */

int64_t connection_behind_ms(const struct connection *c, struct mono now)
{
    bool is_ours = c->state == CONNECTION_RESPONSE && !c->is_choked;
    if (c->state == CONNECTION_FREE || c->state == CONNECTION_WEBSOCKET || is_ours)
        return -1;
    int64_t passed_ms = (now.ns - c->moved.ns) / NS_PER_MS;
    return passed_ms - (int64_t)c->moved_bytes * MS_PER_S / PACE_BYTES_PER_S;
}

void connection_give_way(struct connection *c, struct mono now)
{
    c->world->stats.gave_way++;
    bool is_half_said = c->state == CONNECTION_BODY || (c->state == CONNECTION_HEAD && c->rx_size > 0);
    if (is_half_said)
        connection_request_late(c, now);
    if (c->state != CONNECTION_FREE)
        connection_drop(c);
}
