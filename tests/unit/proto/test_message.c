/* SPDX-License-Identifier: MIT */
/* Messages of other people's: what is written field by field is read field by field; blocks of Snappy there
 * and back. */
#include "proto/message.c"

#include "proto/snappy.h"
#include "tests/unit/unit.h"

/* The example of the encoding's own documentation: field 1 is 150; field 2 is "testing"; field 3 holds the
 * first. */
static void documented_bytes(void **state)
{
    static const uint8_t want[] = {0x08, 0x96, 0x01, 0x12, 0x07, 't', 'e', 's', 't', 'i', 'n', 'g',
                                   0x1a, 0x03, 0x08, 0x96, 0x01};
    uint8_t to[64];
    struct message m = message_into(to, sizeof to);
    (void)state;
    message_varint(&m, 1, 150);
    message_text(&m, 2, "testing");
    uint32_t begun = message_begin(&m, 3);
    message_varint(&m, 1, 150);
    message_end(&m, begun);
    assert_false(m.truncated);
    assert_int_equal(m.length, sizeof want);
    assert_memory_equal(to, want, sizeof want);
}

/* Lengths on both sides of where their own length grows. */
static void nested_messages_of_any_length(void **state)
{
    static uint8_t to[70000], filling[40000];
    (void)state;
    for (uint32_t size = 0; size < sizeof filling; size = size < 300 ? size + 1 : size * 2 + 1) {
        struct message m = message_into(to, sizeof to);
        uint32_t outer = message_begin(&m, 7), inner = message_begin(&m, 536870911);
        message_bytes(&m, 1, filling, size);
        message_end(&m, inner);
        message_double(&m, 2, -1.5);
        message_end(&m, outer);
        assert_false(m.truncated);
        struct fields f = fields_of((struct bytes){to, m.length});
        assert_true(fields_next(&f) && fields_is(&f, 7, FIELD_BYTES));
        struct fields in = fields_of(f.bytes);
        assert_false(fields_next(&f) || f.is_bad);
        assert_true(fields_next(&in) && fields_is(&in, 536870911, FIELD_BYTES));
        struct fields deep = fields_of(in.bytes);
        assert_true(fields_next(&deep) && fields_is(&deep, 1, FIELD_BYTES));
        assert_int_equal(deep.bytes.size, size);
        assert_true(fields_next(&in) && fields_is(&in, 2, FIELD_64));
        assert_true(fields_double(&in) == -1.5);
        assert_false(fields_next(&in) || in.is_bad);
    }
}

/* Never a byte behind the end, whatever the room. */
static void too_little_room_is_said(void **state)
{
    (void)state;
    for (uint32_t room = 0; room < 80; room++) {
        uint8_t *to = unit_exact("", 0);
        to = realloc(to, room + (room == 0));
        struct message m = message_into(to, room);
        uint32_t begun = message_begin(&m, 1);
        message_text(&m, 1, "twenty-one characters");
        message_fixed64(&m, 2, UINT64_MAX);
        message_varint(&m, 3, UINT64_MAX);
        message_end(&m, begun);
        assert_true(m.length <= room);
        assert_true(m.truncated || room >= 44);
        free(to);
    }
}

static void there_and_back(const uint8_t *from, uint32_t size, uint32_t *length)
{
    uint32_t room = SNAPPY_SIZE_MAX(size);
    uint8_t *to = unit_exact("", 0), *exact = unit_exact(from, size), *back = malloc(size + 1);
    to = realloc(to, room);
    int n = snappy_encode(exact, size, to, room);
    assert_true(n > 0);
    assert_int_equal(snappy_encode(exact, size, to, room - 1), ERR_FULL);
    assert_int_equal(snappy_decode(to, (uint32_t)n, back, size), (int)size);
    assert_memory_equal(back, from, size);
    *length = (uint32_t)n;
    free(to);
    free(exact);
    free(back);
}

static void snappy_there_and_back(void **state)
{
    static uint8_t from[200000];
    uint64_t random = 1;
    uint32_t length;
    (void)state;
    for (uint32_t alphabet = 1; alphabet <= 256; alphabet *= 4)
        for (uint32_t size = 0; size <= sizeof from; size = size < 150 ? size + 1 : size * 3 + 7) {
            for (uint32_t i = 0; i < size; i++)
                from[i] = (uint8_t)(unit_random(&random) % alphabet);
            there_and_back(from, size, &length);
        }
    for (uint32_t i = 0; i < sizeof from; i++)
        from[i] = (uint8_t)("the same words again and again; "[i % 32] + (i / 4096 == 11));
    there_and_back(from, sizeof from, &length);
    assert_true(length < sizeof from / 15); /* a copy of 64 bytes takes three */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(documented_bytes),
        cmocka_unit_test(nested_messages_of_any_length),
        cmocka_unit_test(too_little_room_is_said),
        cmocka_unit_test(snappy_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
