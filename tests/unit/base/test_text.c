/* SPDX-License-Identifier: MIT */
/* Bounded text: numbers, times, base64url and distances. */
#include "platform/base/text.c"

#include "platform/base/crc32c.c"
#include "tests/unit/unit.h"

static char space[64];

static struct text fresh(void)
{
    struct text t;
    text_init(&t, space, sizeof space);
    return t;
}

static void decimals(void **state)
{
    (void)state;
    const struct {
        int64_t v;
        uint32_t scale;
        const char *want;
    } cases[] = {
        {0, 100, "0"},          {1234, 100, "12.34"}, {1200, 100, "12"},       {1230, 100, "12.3"},
        {-5, 100, "-0.05"},     {7, 1000, "0.007"},   {INT64_MIN, 1, "-9223372036854775808"},
        {-1250, 1000, "-1.25"}, {100, 1, "100"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct text t = fresh();
        text_put_scaled(&t, cases[i].v, cases[i].scale);
        assert_string_equal(t.at, cases[i].want);
    }
}

static void iso_times(void **state)
{
    (void)state;
    const struct {
        int64_t ms;
        const char *want;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {INT64_C(1767225600007), "2026-01-01T00:00:00.007Z"},
        {INT64_C(1709164800000), "2024-02-29T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {INT64_C(4102444799999), "2099-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct text t = fresh();
        text_put_iso_ms(&t, cases[i].ms);
        assert_string_equal(t.at, cases[i].want);
    }
}

static void truncation_is_said(void **state)
{
    (void)state;
    char small[5];
    struct text t;
    text_init(&t, small, sizeof small);
    text_put(&t, "abcdef");
    assert_string_equal(small, "abcd");
    assert_true(t.truncated);
    text_init(&t, small, sizeof small);
    text_printf(&t, "%d", 12345);
    assert_string_equal(small, "1234");
    assert_true(t.truncated);
    assert_false(text_copy(small, sizeof small, "12345"));
    assert_true(text_copy(small, sizeof small, "1234"));
}

/* Every length into every room, from a source that ends right behind it. */
static void copies_of_every_length(void **state)
{
    (void)state;
    for (uint32_t length = 0; length <= 40; length++) {
        char *source = malloc(length + 1U), whole[48];
        assert_non_null(source);
        for (uint32_t i = 0; i < length; i++)
            source[i] = whole[i] = (char)('0' + i);
        for (uint32_t size = 1; size <= 48; size++) {
            char *to = malloc(size);
            assert_non_null(to);
            struct text t;
            text_init(&t, to, size);
            text_put_n(&t, source, length);
            uint32_t fits = length < size ? length : size - 1;
            assert_int_equal(t.length, fits);
            assert_memory_equal(to, whole, fits);
            assert_int_equal(to[fits], 0);
            assert_int_equal(t.truncated, fits < length);
            free(to);
        }
        free(source);
    }
}

static void numbers_to_text(void **state)
{
    (void)state;
    uint64_t around = 1;
    for (uint32_t digits = 0; digits <= 19; digits++, around *= 10)
        for (uint64_t v = around - 1; v <= around + 1; v++) {
            char mine[32], theirs[32];
            struct text t;
            text_init(&t, mine, sizeof mine);
            text_put_u64(&t, v);
            (void)snprintf(theirs, sizeof theirs, "%llu", (unsigned long long)v);
            assert_string_equal(mine, theirs);
        }
    char all[24], small[3];
    struct text t;
    text_init(&t, all, sizeof all);
    text_put_u64(&t, UINT64_MAX);
    assert_string_equal(all, "18446744073709551615");
    text_init(&t, small, sizeof small);
    text_put_char(&t, 'a');
    text_put_char(&t, 'b');
    assert_false(t.truncated);
    text_put_char(&t, 'c');
    assert_true(t.truncated);
    assert_string_equal(small, "ab");
}

static void numbers_from_text(void **state)
{
    (void)state;
    uint64_t v;
    const char *s = "  18446744073709551616 x", *at = s;
    assert_true(text_take_u64(&at, s + strlen(s), &v));
    assert_true(v == UINT64_MAX && *at == ' ');
    at = s + 1;
    assert_false(text_take_u64(&at, s + 2, &v)); /* only blanks before the end */
    assert_true(text_to_u64("0", &v) && v == 0);
    assert_false(text_to_u64("", &v));
    assert_false(text_to_u64("1x", &v));
    assert_false(text_to_u64("18446744073709551616", &v));
}

static void base64url(void **state)
{
    (void)state;
    uint64_t random = 2;
    for (uint32_t size = 0; size < 40; size++) {
        uint8_t in[40], out[40];
        for (uint32_t i = 0; i < size; i++)
            in[i] = (uint8_t)unit_random(&random);
        int length = text_base64url_encode(in, size, space, sizeof space);
        assert_true(length >= 0);
        assert_int_equal(text_base64url_decode(space, (uint32_t)length, out, sizeof out), (int)size);
        assert_memory_equal(in, out, size);
    }
    uint8_t out[8];
    assert_int_equal(text_base64url_decode("A", 1, out, 8), ERR_MALFORMED);
    assert_int_equal(text_base64url_decode("A+", 2, out, 8), ERR_MALFORMED);
    assert_int_equal(text_base64url_decode("AB", 2, out, 8), ERR_MALFORMED); /* stray low bits */
    assert_int_equal(text_base64url_encode(out, 8, space, 4), ERR_FULL);
}

static void distances(void **state)
{
    (void)state;
    assert_int_equal(text_distance("--intervall", "--interval"), 1);
    assert_int_equal(text_distance("kitten", "sitting"), 3);
    assert_int_equal(text_distance("", "abc"), 3);
}

static void checksum_known_answer(void **state)
{
    (void)state;
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283U); /* RFC 3720 B.4 */
    assert_int_equal(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xe3069283U);
    struct crc32c_tables tables;
    crc32c_tables_init(&tables);
    uint8_t bytes[67];
    for (uint32_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * i * 7 + 5);
    for (uint32_t n = 0; n <= sizeof bytes; n++)
        assert_int_equal(crc32c_fast(&tables, n, bytes, n), crc32c(n, bytes, n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals),          cmocka_unit_test(iso_times),
        cmocka_unit_test(truncation_is_said), cmocka_unit_test(numbers_from_text),
        cmocka_unit_test(copies_of_every_length), cmocka_unit_test(numbers_to_text),
        cmocka_unit_test(base64url),         cmocka_unit_test(distances),
        cmocka_unit_test(checksum_known_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
