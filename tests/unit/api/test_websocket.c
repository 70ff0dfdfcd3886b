/* SPDX-License-Identifier: MIT */
/* Frames and handshake: the examples of RFC 6455, and what must be refused. */
#include "tests/unit/unit.h"

#include "aggregator/api/websocket.c"

static struct websocket_frame frame;
static char *held; /* bytes of the frame read last */

static int read_frame(const void *bytes, size_t size, uint32_t data_max)
{
    free(held);
    held = unit_exact(bytes, size);
    return websocket_read(held, (uint32_t)size, data_max, &frame);
}

static void accepts_the_key_of_the_rfc(void **state)
{
    (void)state;
    char accept[WEBSOCKET_ACCEPT_SIZE];
    websocket_accept((struct span){"dGhlIHNhbXBsZSBub25jZQ==", 24}, accept);
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static bool is_handshake(const char *head)
{
    struct http_request r;
    struct http_fault fault;
    uint32_t scanned = 0;
    assert_int_equal(http_read(head, (uint32_t)strlen(head), &scanned, &r, &fault), strlen(head));
    return websocket_is_handshake(&r);
}

#define HEAD(method, upgrade, connection, version, key)                                             \
    method " /ws HTTP/1.1\r\nHost: h\r\nUpgrade: " upgrade "\r\nConnection: " connection               \
           "\r\nSec-WebSocket-Version: " version "\r\nSec-WebSocket-Key: " key "\r\n\r\n"
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="

static void knows_a_handshake(void **state)
{
    (void)state;
    assert_true(is_handshake(HEAD("GET", "WebSocket", "keep-alive, Upgrade", "13", KEY)));
    assert_false(is_handshake(HEAD("POST", "websocket", "Upgrade", "13", KEY)));
    assert_false(is_handshake(HEAD("GET", "h2c", "Upgrade", "13", KEY)));
    assert_false(is_handshake(HEAD("GET", "websocket", "keep-alive", "13", KEY)));
    assert_false(is_handshake(HEAD("GET", "websocket", "Upgrade", "8", KEY)));
    assert_false(is_handshake(HEAD("GET", "websocket", "Upgrade", "13", "short")));
    assert_false(is_handshake(HEAD("GET", "websocket", "Upgrade", "13", "dGhlIHNhbXBsZSBub25jZQ*=")));
}

static void reads_the_examples(void **state)
{
    (void)state;
    /* section 5.7: a masked "Hello" */
    static const uint8_t hello[] = {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58};
    assert_int_equal(read_frame(hello, sizeof(hello), 100), sizeof(hello));
    assert_true(frame.is_final);
    assert_int_equal(frame.opcode, WEBSOCKET_TEXT);
    assert_int_equal(frame.size, 5);
    assert_memory_equal(frame.payload, "Hello", 5);
    /* a masked pong with the same body */
    static const uint8_t pong[] = {0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58};
    assert_int_equal(read_frame(pong, sizeof(pong), 0), sizeof(pong)); /* data_max is not for control */
    assert_int_equal(frame.opcode, WEBSOCKET_PONG);
    for (uint32_t n = 0; n < sizeof(hello); n++)
        assert_int_equal(read_frame(hello, n, 100), ERR_AGAIN);
}

static void reads_fragments(void **state)
{
    (void)state;
    static const uint8_t first[] = {0x01, 0x83, 0, 0, 0, 0, 'H', 'e', 'l'};
    static const uint8_t rest[] = {0x80, 0x82, 0, 0, 0, 0, 'l', 'o'};
    assert_int_equal(read_frame(first, sizeof(first), 100), sizeof(first));
    assert_false(frame.is_final);
    assert_int_equal(frame.opcode, WEBSOCKET_TEXT);
    assert_int_equal(read_frame(rest, sizeof(rest), 100), sizeof(rest));
    assert_true(frame.is_final);
    assert_int_equal(frame.opcode, WEBSOCKET_CONTINUATION);
}

static void assert_answer(uint8_t first, uint8_t second, uint32_t data_max, int expected)
{
    uint8_t bytes[200] = {first, second};
    int answer = read_frame(bytes, sizeof(bytes), data_max);
    if (answer != expected)
        fail_msg("%d instead of %d for %02x %02x", answer, expected, first, second);
}

static void refuses_bad_frames(void **state)
{
    (void)state;
    assert_answer(0x81, 0x05, 100, ERR_MALFORMED); /* not masked */
    assert_answer(0xc1, 0x85, 100, ERR_MALFORMED); /* extension bit */
    assert_answer(0x83, 0x85, 100, ERR_MALFORMED); /* unknown opcodes */
    assert_answer(0x8b, 0x85, 100, ERR_MALFORMED);
    assert_answer(0x09, 0x85, 100, ERR_MALFORMED); /* ping in fragments */
    assert_answer(0x89, 0xfe, 100, ERR_MALFORMED); /* ping over 125 bytes */
    assert_answer(0x81, 0xff, 100, ERR_FULL);      /* 64-bit length */
    assert_answer(0x81, 0xe5, 100, ERR_FULL);      /* 101 bytes */
    assert_answer(0x81, 0xe4, 100, 106);
    assert_answer(0x81, 0xfe, 100, ERR_MALFORMED); /* 16-bit length of 0: not the shortest form */
    static const uint8_t long_form[] = {0x81, 0xfe, 0, 125, 0, 0, 0, 0};
    assert_int_equal(read_frame(long_form, sizeof(long_form), 1000), ERR_MALFORMED);
    static const uint8_t shortest[] = {0x81, 0xfe, 0, 126, 0, 0, 0, 0};
    assert_int_equal(read_frame(shortest, sizeof(shortest), 1000), ERR_AGAIN);
}

static void writes_headers(void **state)
{
    (void)state;
    uint8_t to[WEBSOCKET_HEADER_MAX];
    assert_int_equal(websocket_header(WEBSOCKET_TEXT, true, 5, to), 2);
    assert_memory_equal(to, "\x81\x05", 2);
    assert_int_equal(websocket_header(WEBSOCKET_TEXT, true, 125, to), 2);
    assert_int_equal(websocket_header(WEBSOCKET_BINARY, true, 126, to), 4);
    assert_memory_equal(to, "\x82\x7e\x00\x7e", 4); /* section 5.7 has 256: 0x82 0x7e 0x0100 */
    assert_int_equal(websocket_header(WEBSOCKET_BINARY, true, 256, to), 4);
    assert_memory_equal(to, "\x82\x7e\x01\x00", 4);
}

static void assert_close(const char *payload, uint32_t size, enum websocket_close expected)
{
    char bytes[8];
    memcpy(bytes, payload, size);
    struct websocket_frame f = {true, WEBSOCKET_CLOSE, bytes, size};
    assert_int_equal(websocket_close_code(&f), expected);
}

static void answers_close_codes(void **state)
{
    (void)state;
    assert_close("", 0, CLOSE_NORMAL);
    assert_close("\x03\xe8", 2, CLOSE_NORMAL);
    assert_close("\x03\xe9" "bye", 5, CLOSE_GOING_AWAY);
    assert_close("\x0f\xa0", 2, (enum websocket_close)4000);
    assert_close("\x03\xe8" "gr\xc3\xbc\xc3\x9f", 8, CLOSE_NORMAL);
    assert_close("\x03\xe8" "\xc3", 3, CLOSE_BAD_DATA);
    assert_close("\x03", 1, CLOSE_PROTOCOL_ERROR);
    assert_close("\x03\xed", 2, CLOSE_PROTOCOL_ERROR); /* 1005 is never sent */
    assert_close("\x00\x00", 2, CLOSE_PROTOCOL_ERROR);
    assert_close("\x13\x88", 2, CLOSE_PROTOCOL_ERROR); /* 5000 */
}

static void survives_any_bytes(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (uint32_t round = 0; round < 50000; round++) {
        uint8_t bytes[40];
        uint32_t size = (uint32_t)(unit_random(&seed) % sizeof(bytes));
        for (uint32_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)unit_random(&seed);
        if (round % 2 == 0 && size > 1)
            bytes[1] = (uint8_t)(0x80 | (bytes[1] & 0x1f));
        int taken = read_frame(bytes, size, 64);
        if (taken > 0)
            assert_true((uint32_t)taken <= size && frame.payload + frame.size == held + taken);
        else
            assert_true(taken == ERR_AGAIN || taken == ERR_MALFORMED || taken == ERR_FULL);
    }
    free(held);
    held = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_the_key_of_the_rfc), cmocka_unit_test(knows_a_handshake),
        cmocka_unit_test(reads_the_examples),         cmocka_unit_test(reads_fragments),
        cmocka_unit_test(refuses_bad_frames),         cmocka_unit_test(writes_headers),
        cmocka_unit_test(answers_close_codes),        cmocka_unit_test(survives_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
