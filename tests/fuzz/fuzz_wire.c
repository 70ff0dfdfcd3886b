/* SPDX-License-Identifier: MIT */
/* Bytes from a connection: frames one behind the other, each read as whatever its type says.
 *
 * Promise: what was read can be written again, and then reads and writes the same. */
#include "tests/fuzz/fuzz.h"

#include "proto/wire.h"

static _Alignas(16) uint8_t scratch_bytes[WIRE_SCRATCH_SIZE];
static uint8_t once[FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX], twice[FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX];

/* One message of every type; big, so not on the stack. */
static union {
    struct wire_enroll_request enroll_request;
    struct wire_enroll_reply enroll_reply;
    struct wire_hello hello;
    struct wire_welcome welcome;
    struct wire_dictionary dictionary;
    struct wire_batch batch;
    struct wire_ack ack;
    struct wire_pace pace;
    struct wire_refuse refuse;
    struct wire_history history;
    struct wire_history_welcome history_welcome;
    struct wire_settings settings;
    struct wire_renew renew;
    struct wire_renewed renewed;
} m;

/* Reads the frame and writes what it says: the size of the new frame, or ERR_MALFORMED. */
static int again(const struct wire_frame *f, uint8_t *to)
{
    struct arena a;
    arena_init(&a, scratch_bytes, sizeof scratch_bytes);
    int read = ERR_MALFORMED, written = 0;
    switch (f->type) {
#define CASE(type, name)                                              \
    case type:                                                        \
        read = wire_get_##name(f, &a, &m.name);                       \
        if (read == ERR_OK)                                           \
            written = wire_put_##name(to, sizeof once, &m.name);      \
        break;
        CASE(WIRE_ENROLL_REQUEST, enroll_request)
        CASE(WIRE_ENROLL_REPLY, enroll_reply)
        CASE(WIRE_HELLO, hello)
        CASE(WIRE_WELCOME, welcome)
        CASE(WIRE_DICTIONARY, dictionary)
        CASE(WIRE_BATCH, batch)
        CASE(WIRE_ACK, ack)
        CASE(WIRE_PACE, pace)
        CASE(WIRE_REFUSE, refuse)
        CASE(WIRE_HISTORY, history)
        CASE(WIRE_HISTORY_WELCOME, history_welcome)
        CASE(WIRE_SETTINGS, settings)
        CASE(WIRE_RENEW, renew)
        CASE(WIRE_RENEWED, renewed)
#undef CASE
    case WIRE_TYPE_END:
        FUZZ_CHECK(false);
    }
    FUZZ_CHECK(read == ERR_OK || read == ERR_MALFORMED);
    if (read != ERR_OK)
        return read;
    FUZZ_CHECK(written > 0);
    return written;
}

static void check_frame(const struct wire_frame *f)
{
    int size = again(f, once);
    if (size < 0)
        return;
    struct wire_frame g;
    FUZZ_CHECK(wire_frame(once, (uint32_t)size, &g) == size && g.type == f->type);
    FUZZ_CHECK(again(&g, twice) == size && memcmp(once, twice, (size_t)size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct wire_frame f;
    for (uint32_t at = 0; at < size;) {
        int n = wire_frame(bytes + at, (uint32_t)size - at, &f);
        if (n < 0)
            break;
        FUZZ_CHECK((uint32_t)n >= FRAME_HEADER_SIZE && (uint32_t)n <= size - at);
        uint8_t *payload = fuzz_exact(f.payload, f.size);
        f.payload = payload;
        check_frame(&f);
        free(payload);
        at += (uint32_t)n;
    }
    return 0;
}
