/* SPDX-License-Identifier: MIT */
/* What a WebSocket client says: {"type":"ping"}, {"type":"subscribe",...}. yyjson stays behind this. */
#ifndef NEPHOS_API_SUBSCRIBE_H
#define NEPHOS_API_SUBSCRIBE_H

#include "aggregator/api/live.h"

/* The parser's only memory. The densest message of WEBSOCKET_MESSAGE_MAX bytes ("[[[[...", 16 bytes a
 * value, grown by doubling) fits several times. */
struct subscribe_scratch {
    _Alignas(16) uint8_t bytes[262144];
};

/* Changes `sub` as the message says and writes the answer. ERR_MALFORMED when it is not UTF-8; other
 * nonsense is answered with {"type":"error","message":...}. */
int subscribe_message(struct subscribe_scratch *scratch, struct store *s, struct subscriber *sub,
                      const char *message, uint32_t size, struct text *reply);

#endif
