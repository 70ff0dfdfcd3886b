/* SPDX-License-Identifier: MIT */
/* The messages between agent and aggregator: plain structs <-> frames of bytes.
 *
 * protobuf-c stays behind this header. Writers return the size of the whole frame or ERR_FULL.
 * Readers take one frame's payload and return ERR_OK or ERR_MALFORMED; texts and byte strings in
 * what they fill in point into `scratch`, and counts and lengths are checked against proto/limits.h. */
#ifndef NEPHOS_WIRE_H
#define NEPHOS_WIRE_H

#include "platform/base/arena.h"
#include "platform/base/base.h"
#include "proto/limits.h"

enum wire_type {
    WIRE_ENROLL_REQUEST = 1,
    WIRE_ENROLL_REPLY = 2,
    WIRE_HELLO = 3,
    WIRE_WELCOME = 4,
    WIRE_DICTIONARY = 5,
    WIRE_BATCH = 6,
    WIRE_ACK = 7,
    WIRE_PACE = 8,
    WIRE_REFUSE = 9,
    WIRE_HISTORY = 10,
    WIRE_HISTORY_WELCOME = 11,
    WIRE_SETTINGS = 12,
    WIRE_RENEW = 13,
    WIRE_RENEWED = 14,
    WIRE_TYPE_END
};

enum wire_refusal {
    REFUSE_NO_CERTIFICATE = 1,  /* enrol first */
    REFUSE_BAD_CERTIFICATE = 2, /* foreign or expired */
    REFUSE_IDENTITY = 3,        /* the id said is not the id in the certificate */
    REFUSE_TOKEN = 4,           /* malformed, unknown, expired or used */
    REFUSE_PROTOCOL = 5,        /* version or order of messages */
    REFUSE_MALFORMED = 6,
    REFUSE_CAPACITY = 7,        /* more agents than configured */
    REFUSE_REPLACED = 8,        /* a newer session of the same instance took over */
    REFUSE_STORAGE = 9,         /* the disk does not take writes now */
    REFUSE_SHUTDOWN = 10,
};

#define WIRE_PROTOCOL 1U

struct wire_frame {
    enum wire_type type;
    const uint8_t *payload;
    uint32_t size;
};

/* Looks for one frame at the start of `bytes`: the number of bytes it takes, ERR_AGAIN when it is not
 * all there yet, ERR_MALFORMED for an unknown type or a length over FRAME_PAYLOAD_MAX. */
int wire_frame(const uint8_t *bytes, uint32_t size, struct wire_frame *out);
/* Size of the whole frame whose header is in `bytes` (at least FRAME_HEADER_SIZE), or ERR_MALFORMED. */
int wire_frame_size(const uint8_t *bytes, uint32_t size);

struct wire_bytes {
    const uint8_t *at;
    uint32_t size;
};

struct wire_enroll_request {
    const char *token, *instance_id, *name;
    struct wire_bytes request_der;
};
struct wire_enroll_reply {
    const char *instance_id;
    struct wire_bytes certificate_der, ca_der;
};
struct wire_hello {
    uint32_t protocol;
    const char *agent_version, *instance_id, *name;
    uint64_t epoch, oldest_sequence, next_sequence;
    uint32_t interval_ms;
    int64_t sent_ms;
    const char *os, *kernel, *architecture;
    uint32_t cpu_count;
    uint64_t memory_bytes;
    const char *provider, *region, *instance_type;
};
struct wire_welcome {
    uint64_t epoch, committed_sequence;
    uint32_t dictionary_count, ship_interval_ms;
    int64_t sent_ms;
};
struct wire_series {
    const char *metric, *tag, *unit;
    uint32_t scale;
    bool counter;
};
struct wire_dictionary {
    uint64_t epoch;
    uint32_t first_slot, count;
    struct wire_series series[DICTIONARY_SERIES_MAX];
};
struct wire_block {
    uint64_t sequence;
    uint32_t count;
    struct wire_bytes data;
};
struct wire_batch {
    uint64_t epoch, lost_count;
    int64_t sent_ms;
    uint32_t block_count;
    struct wire_block blocks[BATCH_BLOCKS_MAX];
};
struct wire_ack {
    uint64_t epoch, sequence;
};
struct wire_pace {
    uint32_t ship_interval_ms;
};
struct wire_refuse {
    uint32_t code;
    const char *reason;
};
struct wire_history {
    uint64_t epoch, oldest_sequence, next_sequence;
};
struct wire_history_welcome {
    uint64_t epoch, committed_sequence;
    uint32_t dictionary_count;
};
struct wire_hint {
    const char *metric, *tag;
    int64_t level;
    bool below;
    uint32_t hold_s; /* any value: who reads it bounds it */
};
struct wire_settings {
    uint32_t sample_interval_ms;
    uint32_t hint_count;
    struct wire_hint hints[HINTS_MAX];
};
struct wire_renew {
    struct wire_bytes request_der;
};
struct wire_renewed {
    struct wire_bytes certificate_der;
};

int wire_put_enroll_request(uint8_t *to, uint32_t size, const struct wire_enroll_request *m);
int wire_put_enroll_reply(uint8_t *to, uint32_t size, const struct wire_enroll_reply *m);
int wire_put_hello(uint8_t *to, uint32_t size, const struct wire_hello *m);
int wire_put_welcome(uint8_t *to, uint32_t size, const struct wire_welcome *m);
int wire_put_dictionary(uint8_t *to, uint32_t size, const struct wire_dictionary *m);
int wire_put_batch(uint8_t *to, uint32_t size, const struct wire_batch *m);
int wire_put_ack(uint8_t *to, uint32_t size, const struct wire_ack *m);
int wire_put_pace(uint8_t *to, uint32_t size, const struct wire_pace *m);
int wire_put_refuse(uint8_t *to, uint32_t size, const struct wire_refuse *m);
int wire_put_history(uint8_t *to, uint32_t size, const struct wire_history *m);
int wire_put_history_welcome(uint8_t *to, uint32_t size, const struct wire_history_welcome *m);
int wire_put_settings(uint8_t *to, uint32_t size, const struct wire_settings *m);
int wire_put_renew(uint8_t *to, uint32_t size, const struct wire_renew *m);
int wire_put_renewed(uint8_t *to, uint32_t size, const struct wire_renewed *m);

int wire_get_enroll_request(const struct wire_frame *f, struct arena *scratch,
                            struct wire_enroll_request *m);
int wire_get_enroll_reply(const struct wire_frame *f, struct arena *scratch,
                          struct wire_enroll_reply *m);
int wire_get_hello(const struct wire_frame *f, struct arena *scratch, struct wire_hello *m);
int wire_get_welcome(const struct wire_frame *f, struct arena *scratch, struct wire_welcome *m);
int wire_get_dictionary(const struct wire_frame *f, struct arena *scratch, struct wire_dictionary *m);
int wire_get_batch(const struct wire_frame *f, struct arena *scratch, struct wire_batch *m);
int wire_get_ack(const struct wire_frame *f, struct arena *scratch, struct wire_ack *m);
int wire_get_pace(const struct wire_frame *f, struct arena *scratch, struct wire_pace *m);
int wire_get_refuse(const struct wire_frame *f, struct arena *scratch, struct wire_refuse *m);
int wire_get_history(const struct wire_frame *f, struct arena *scratch, struct wire_history *m);
int wire_get_history_welcome(const struct wire_frame *f, struct arena *scratch,
                             struct wire_history_welcome *m);
int wire_get_settings(const struct wire_frame *f, struct arena *scratch, struct wire_settings *m);
int wire_get_renew(const struct wire_frame *f, struct arena *scratch, struct wire_renew *m);
int wire_get_renewed(const struct wire_frame *f, struct arena *scratch, struct wire_renewed *m);

#endif
