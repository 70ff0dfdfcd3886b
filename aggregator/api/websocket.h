/* SPDX-License-Identifier: MIT */
/* RFC 6455, the server's side: the answer to a handshake key, and frames. Pure. */
#ifndef NEPHOS_API_WEBSOCKET_H
#define NEPHOS_API_WEBSOCKET_H

#include "aggregator/api/http.h"

#define WEBSOCKET_MESSAGE_MAX 4096U /* from a client, all fragments together */
#define WEBSOCKET_ACCEPT_SIZE 29U   /* base64 of 20 bytes, terminator included */
#define WEBSOCKET_HEADER_MAX 4U     /* of what we send: never masked, never over 64 KiB */
#define WEBSOCKET_CONTROL_MAX 125U

enum websocket_opcode {
    WEBSOCKET_CONTINUATION = 0,
    WEBSOCKET_TEXT = 1,
    WEBSOCKET_BINARY = 2,
    WEBSOCKET_CLOSE = 8,
    WEBSOCKET_PING = 9,
    WEBSOCKET_PONG = 10,
};

enum websocket_close {
    CLOSE_NORMAL = 1000,
    CLOSE_GOING_AWAY = 1001,
    CLOSE_PROTOCOL_ERROR = 1002,
    CLOSE_UNSUPPORTED = 1003,
    CLOSE_BAD_DATA = 1007,
    CLOSE_NOT_ALLOWED = 1008,
    CLOSE_TOO_BIG = 1009,
};

struct websocket_frame {
    bool is_final;
    enum websocket_opcode opcode;
    char *payload; /* unmasked in place */
    uint32_t size;
};

/* True when the request asks to become a WebSocket of version 13 with a proper key. */
bool websocket_is_handshake(const struct http_request *r);
/* What Sec-WebSocket-Accept must say for that key. */
void websocket_accept(struct span key, char accept[static WEBSOCKET_ACCEPT_SIZE]);

/* Looks for one frame at the start of `bytes`: the bytes it takes; ERR_AGAIN when not all is there;
 * ERR_MALFORMED (close with 1002); ERR_FULL when a data frame holds over `data_max` (1009). */
int websocket_read(char *bytes, uint32_t size, uint32_t data_max, struct websocket_frame *out);
/* Writes the header of a frame, `is_final` when no continuation follows it; returns its size, 2 or 4. */
uint32_t websocket_header(enum websocket_opcode opcode, bool is_final, uint32_t payload_size,
                          uint8_t to[static WEBSOCKET_HEADER_MAX]);
/* What a text message, and the reason in a close frame, must be: UTF-8. */
bool websocket_is_text(const char *s, uint32_t size);
/* The code that a close frame carries, or what must be answered to a bad one. */
enum websocket_close websocket_close_code(const struct websocket_frame *f);

#endif
