/* SPDX-License-Identifier: MIT */
/* What a WebSocket client says: {"type":"ping"}, {"type":"subscribe",...}. yyjson stays behind this.
 *
 *     {"type":"subscribe","instances":"*" or ["ID",...],
 *      "types":["metric","alert","instance","insight","dashboard"],
 *      "format":"columns" or "points","after":{"stream":"...","seq":N,"revision":N}}
 *
 * Without types the first four are meant, without a format columns. `after` is what the client has seen. */
#ifndef NEPHOS_API_SUBSCRIBE_H
#define NEPHOS_API_SUBSCRIBE_H

#include "aggregator/api/live.h"

/* The parser's only memory. The densest message of WEBSOCKET_MESSAGE_MAX bytes ("[[[[...", 16 bytes a
 * value, grown by doubling) fits several times. */
struct subscribe_scratch {
    _Alignas(16) uint8_t bytes[262144];
};

struct subscription {
    bool is_asked; /* false: the message was something else, and has its answer */
    bool wants_columns, follows_all;
    uint8_t types;
    uint32_t instance_count, instances[SUBSCRIBED_INSTANCES_MAX]; /* none twice */
    bool has_seq, has_revision;
    char stream[24];
    uint64_t seq, revision;
};

/* Reads the message and, unless it subscribes, writes the answer. ERR_MALFORMED when it is not UTF-8; other
 * nonsense is answered with {"type":"error","message":...}. */
int subscribe_message(struct subscribe_scratch *scratch, struct store *s, const char *message, uint32_t size,
                      struct subscription *out, struct text *reply);
/* {"type":"subscribed",...}, with the numbers behind which news follow when the client did not say what it
 * has seen. */
void subscribe_confirm(const struct subscription *ask, const char *stream, uint64_t seq, uint64_t revision,
                       struct text *reply);

#endif
