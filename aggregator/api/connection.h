/* SPDX-License-Identifier: MIT */
/* One client's slot: bytes in, one request after the other, bytes out; or a WebSocket.
 *
 *     FREE -------> HEAD         connection_open
 *     HEAD -------> BODY         a head is whole; answered already, or a handler will
 *     HEAD -------> WEBSOCKET    it asked for an upgrade: begin_websocket
 *     HEAD, BODY -> RESPONSE     the request is whole or refused: connection_request_read
 *     RESPONSE ---> HEAD         answered, and the client may stay: finish_response
 *     RESPONSE ---> LINGER       answered, and it had to be refused: finish_response
 *     WEBSOCKET --> LINGER       closed by either side: connection_close_websocket
 *     any --------> FREE         connection_drop
 *
 * Whatever a client does costs its own slot, for a bounded time: 5 s for a head, 10 s for a body (30 s for
 * one that needs a large buffer), 60 s between requests, 30 s to take a response. When all slots are taken
 * and somebody new comes, who has kept us waiting longest gives way: see connection_behind_ms(). */
#ifndef NEPHOS_API_CONNECTION_H
#define NEPHOS_API_CONNECTION_H

#include "aggregator/api/chunked.h"
#include "aggregator/api/live.h"
#include "aggregator/api/router.h"

/* The longest head and a small body; a WebSocket message and a whole frame fit, too. */
#define CONNECTION_RX_SIZE 16384U
#define CONNECTION_HEAD_MS 5000
static_assert(CONNECTION_RX_SIZE >= HTTP_HEAD_SIZE_MAX + 4096, "a body can be received behind any head");
#define CONNECTION_TX_SIZE 16384U
static_assert(2 * WEBSOCKET_MESSAGE_MAX <= CONNECTION_RX_SIZE, "message so far and the next fragment");

enum connection_state {
    CONNECTION_FREE,
    CONNECTION_HEAD,
    CONNECTION_BODY,
    CONNECTION_RESPONSE,
    CONNECTION_WEBSOCKET,
    CONNECTION_LINGER,
};

enum body_place {
    BODY_NONE,        /* there is none, or what comes is not read */
    BODY_IN_RX,       /* right behind the head */
    BODY_IN_SLOT,     /* of the pool; passes through rx */
    BODY_PASSED_OVER, /* read so that the next request is found */
};

struct connection {
    struct world *world;
    struct live *live;
    int conn;                   /* of the platform; -1 when free */
    enum connection_state state;
    struct mono deadline;
    struct mono moved;          /* what it is at now has begun: to say something, or to take an answer */
    uint32_t moved_bytes;       /* of it, since then */
    bool is_waiting;            /* the producer had nothing yet: ask it in the next step */
    bool is_noted;              /* ... and the room knows: it is in the room's list */
    bool is_blocked;            /* ... or some milliseconds later */
    bool is_chunked, is_head_sent;
    bool is_keep_alive;
    bool is_refused;            /* there may be bytes that nobody will read */
    bool is_fragmented;         /* WebSocket: a message has begun and not ended */
    bool is_told_in_parts;      /* ... and one of ours: only control frames may come between */
    bool is_rx_closed;          /* the client has said all it will say */
    bool is_paused;
    bool is_choked;             /* the client must take something before more can be sent */
    /* rx: [0, head_size) the head at hand, its body when it is kept there, then what came after it */
    uint32_t rx_size, scanned, head_size;
    uint32_t request_size;      /* of rx, to be consumed when the request has been answered */
    const struct route *route;  /* whose handler will answer; NULL when the exchange has its answer */
    enum body_place body_place;
    uint32_t body_size, body_max; /* so far, without the transfer coding; most */
    uint32_t body_left;         /* still to come, when its length was given */
    struct chunked chunked;     /* when it was not */
    uint32_t message_size;      /* WebSocket: fragments so far, at the start of rx */
    uint32_t tx_start, tx_end;
    char *rx, *tx;
    struct http_request *request;
    struct exchange *exchange;
    struct subscriber *subscriber; /* while state is WEBSOCKET */
};

/* --- for the room --- */

void connection_open(struct connection *c, int conn, enum api_door door, struct mono now);
/* The platform reported it. */
void connection_ready(struct connection *c, struct mono now);
/* A piece more of the response, when the producer wants to be asked again. */
void connection_continue(struct connection *c, struct mono now);
/* The deadline has passed. */
void connection_expire(struct connection *c, struct mono now);
void connection_drop(struct connection *c);
/* How long it has kept us waiting, beyond what its bytes would take on a slow line (4 KiB/s); less than zero
 * when it is not the client that we wait for, or it listens to live updates. */
int64_t connection_behind_ms(const struct connection *c, struct mono now);
/* Ends it now, for somebody else's sake: what it has half said is answered with 408. */
void connection_give_way(struct connection *c, struct mono now);
/* Sends what is queued: ERR_OK when all went, ERR_AGAIN when the client must take some first, ERR_CLOSED. */
int connection_flush(struct connection *c);
/* Queues one WebSocket message; false, and nothing queued, when there is no room even after sending what
 * the client takes. Call connection_flush() after the last of a burst. */
bool connection_send_message(struct connection *c, enum websocket_opcode opcode, const char *payload,
                             uint32_t size);
/* The same with a part of a text message that is larger than the buffer; the others are refused until its
 * last part has been queued. */
bool connection_send_part(struct connection *c, const char *part, uint32_t size, bool is_last);
/* Says goodbye with that code, then lingers. */
void connection_close_websocket(struct connection *c, enum websocket_close code, struct mono now);

/* --- between the files of the slot --- */

/* Waits for the next request, which must have come after so many milliseconds. */
void connection_await(struct connection *c, int64_t wait_ms, struct mono now);
/* From now on its pace is measured anew. */
void connection_note_move(struct connection *c, struct mono now);
/* Waits a moment until the client has read the last answer, so that no reset eats it. */
void connection_linger(struct connection *c, struct mono now);
/* Drops the first bytes of rx. */
void connection_consume(struct connection *c, uint32_t size);
/* Answers the whole requests that are there. */
void connection_request_read(struct connection *c, struct mono now);
/* Its time is over: 408. */
void connection_request_late(struct connection *c, struct mono now);
/* The handler has been called, or an error is to be answered. */
void connection_respond(struct connection *c, struct mono now);
/* Sends and produces in turn, for a bounded number of pieces. */
void connection_http_pump(struct connection *c, struct mono now);
/* Takes the whole frames that are there. */
void connection_websocket_read(struct connection *c, struct mono now);

#endif
