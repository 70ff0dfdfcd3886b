/* SPDX-License-Identifier: MIT */
/* The vectors of FIPS 180-4 and RFC 3174, and lengths around the end of a block. */
#include "tests/unit/unit.h"

#include "platform/base/sha1.c"
#include "platform/base/text.h"

static void assert_hash(const void *bytes, size_t size, const char *expected)
{
    uint8_t hash[SHA1_SIZE];
    char hex[2 * SHA1_SIZE + 1];
    struct text t;
    void *exact = unit_exact(bytes, size);
    sha1(exact, size, hash);
    free(exact);
    text_init(&t, hex, sizeof(hex));
    text_put_hex(&t, hash, sizeof(hash));
    assert_string_equal(hex, expected);
}

static void standard_vectors(void **state)
{
    (void)state;
    assert_hash("", 0, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    assert_hash("abc", 3, "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
                "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    char *million = malloc(1000000);
    memset(million, 'a', 1000000);
    assert_hash(million, 1000000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    free(million);
}

/* Lengths where the padding just fits, and just does not. */
static void lengths_around_a_block(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        const char *hash;
    } known[] = {
        {55, "c1c8bbdc22796e28c0e15163d20899b65621d65a"},
        {56, "c2db330f6083854c99d4b5bfb6e8f29f201be699"},
        {63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5"},
        {64, "0098ba824b5c16427bd7a1122a5a442a25ec644d"},
        {65, "11655326c708d70319be2610e8a57d9a5b959d3b"},
    };
    char bytes[65];
    memset(bytes, 'a', sizeof(bytes));
    for (uint32_t i = 0; i < COUNT_OF(known); i++)
        assert_hash(bytes, known[i].size, known[i].hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(standard_vectors),
        cmocka_unit_test(lengths_around_a_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
