/* SPDX-License-Identifier: MIT */
/* The chunked coding: what it means, and that nothing but it is taken. */
#include "tests/unit/unit.h"

#include "aggregator/api/chunked.c"

static char made[4096];
static uint32_t made_size, taken_size;

/* In stretches of `step` bytes, over the bytes themselves as the connection does it. */
static int decode(const char *bytes, uint32_t size, uint32_t room, uint32_t step)
{
    struct chunked d;
    char *copy = unit_exact(bytes, size);
    chunked_begin(&d);
    made_size = taken_size = 0;
    int answer = ERR_AGAIN;
    while (answer == ERR_AGAIN && taken_size < size) {
        uint32_t n = size - taken_size < step ? size - taken_size : step, taken, out;
        answer = chunked_take(&d, copy + taken_size, n, copy + made_size, room - made_size, &taken, &out);
        taken_size += taken;
        made_size += out;
        assert_true(made_size <= taken_size && made_size <= room);
    }
    memcpy(made, copy, made_size);
    free(copy);
    return answer;
}

static int decode_text(const char *words, uint32_t step)
{
    return decode(words, (uint32_t)strlen(words), sizeof made, step);
}

static void assert_body(const char *words, const char *body, uint32_t left)
{
    for (uint32_t step = 1; step < strlen(words) + 2; step++) {
        if (decode_text(words, step) != ERR_OK)
            fail_msg("in steps of %u: %s", step, words);
        assert_int_equal(made_size, strlen(body));
        assert_memory_equal(made, body, made_size);
        assert_int_equal(strlen(words) - taken_size, left);
    }
}

static void takes_what_is_well_formed(void **state)
{
    (void)state;
    assert_body("0\r\n\r\n", "", 0);
    assert_body("5\r\nhello\r\n0\r\n\r\n", "hello", 0);
    assert_body("5\r\nhello\r\n00006\r\n world\r\n0\r\n\r\nGET / HTTP/1.1\r\n", "hello world", 16);
    assert_body("A;name=value;other=\"x\"\r\n0123456789\r\n000;last\r\n\r\n", "0123456789", 0);
    assert_body("1\r\n\r\r\n1\r\n\n\r\n0\r\n\r\n", "\r\n", 0);
    assert_body("3\r\n0\r\n\r\n0\r\nX-Sum: 1\r\nEmpty:\r\n\r\nnext", "0\r\n", 4);
}

static void refuses_everything_else(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\r\n", "g\r\n", " 5\r\nhello\r\n0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n", "-1\r\n", "+5\r\nhello",
        "0x5\r\nhello", "5\nhello\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello0\r\n\r\n",
        "5\r\nhelloworld\r\n", ";x\r\n", "5\r\nhellox\n0\r\n\r\n",
        "5\rhello", "5;x\nhello", "5;x\x01\r\nhello", "000000001\r\n", "ffffffff1\r\n", "0\r\nX: y\n\r\n",
        "0\r\nX: y\r\r\n", "0\r\n\rx", "0\r\n\n", "0\n\r\n", "5\r\nhello\r\r\n", "0\r\nX:\x7f\r\n\r\n",
    };
    for (uint32_t i = 0; i < COUNT_OF(bad); i++)
        for (uint32_t step = 1; step < strlen(bad[i]) + 2; step++)
            if (decode_text(bad[i], step) != ERR_MALFORMED)
                fail_msg("taken in steps of %u: %s", step, bad[i]);
}

static void asks_for_more(void **state)
{
    (void)state;
    static const char whole[] = "5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX: y\r\n\r\n";
    for (uint32_t n = 1; n + 1 < sizeof whole; n++)
        assert_int_equal(decode(whole, n, sizeof made, n), ERR_AGAIN);
    assert_int_equal(decode(whole, sizeof whole - 1, sizeof made, 3), ERR_OK);
}

static void keeps_to_its_limits(void **state)
{
    (void)state;
    static const char words[] = "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n";
    for (uint32_t step = 1; step < sizeof words; step++) {
        assert_int_equal(decode(words, sizeof words - 1, 6, step), ERR_OK);
        assert_int_equal(decode(words, sizeof words - 1, 5, step), ERR_FULL);
        assert_int_equal(made_size, 5);
        assert_int_equal(decode(words, sizeof words - 1, 0, step), ERR_FULL);
        assert_int_equal(made_size, 0);
    }
    assert_int_equal(decode("ffffffff\r\nabc", 13, 2, 13), ERR_FULL);
    char line[2 * CHUNK_TRAILER_MAX];
    memset(line, 'x', sizeof line);
    line[0] = '1';
    line[1] = ';';
    assert_int_equal(decode(line, CHUNK_LINE_MAX, sizeof made, 7), ERR_AGAIN);
    assert_int_equal(decode(line, CHUNK_LINE_MAX + 1, sizeof made, 7), ERR_MALFORMED);
    memcpy(line, "0\r\nX", 4);
    assert_int_equal(decode(line, 3 + CHUNK_TRAILER_MAX, sizeof made, 100), ERR_AGAIN);
    assert_int_equal(decode(line, 4 + CHUNK_TRAILER_MAX, sizeof made, 100), ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_is_well_formed),
        cmocka_unit_test(refuses_everything_else),
        cmocka_unit_test(asks_for_more),
        cmocka_unit_test(keeps_to_its_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
