/* SPDX-License-Identifier: MIT */
/* The text of a join token: there and back, and no way in for anything else. */
#include "proto/token.c"

#include <stdio.h>

#include "tests/unit/unit.h"

static struct token sample(uint64_t seed)
{
    struct token t;
    uint8_t *bytes = (uint8_t *)&t;
    for (size_t i = 0; i < sizeof t; i++)
        bytes[i] = (uint8_t)unit_random(&seed);
    return t;
}

/* Read from a copy of the exact size. */
static int read_exact(const char *text, struct token *out)
{
    char *copy = unit_exact(text, strlen(text) + 1);
    int e = token_read(copy, out);
    free(copy);
    return e;
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 200; seed++) {
        struct token t = sample(seed), back;
        char text[TOKEN_TEXT_SIZE];
        token_write(&t, text);
        assert_int_equal(strlen(text), TEXT_LENGTH);
        assert_int_equal(strncmp(text, "nph1_", 5), 0);
        assert_int_equal(read_exact(text, &back), ERR_OK);
        assert_memory_equal(&t, &back, sizeof t);
    }
}

static void the_text_stays_as_it_is(void **state)
{
    (void)state;
    struct token t;
    memset(&t, 0, sizeof t);
    for (uint8_t i = 0; i < TOKEN_ID_SIZE; i++)
        t.id[i] = i;
    char text[TOKEN_TEXT_SIZE];
    token_write(&t, text);
    assert_int_equal(strncmp(text, "nph1_AAECAwQFBgcAAAAA", 21), 0);
    assert_int_equal(strlen(text), 85);
}

static void blanks_around_it_do_not_matter(void **state)
{
    (void)state;
    struct token t = sample(5), back;
    char text[TOKEN_TEXT_SIZE], padded[TOKEN_TEXT_SIZE + 8];
    token_write(&t, text);
    snprintf(padded, sizeof padded, " \t%s\r\n ", text);
    assert_int_equal(read_exact(padded, &back), ERR_OK);
    assert_memory_equal(&t, &back, sizeof t);
}

static void every_typing_error_is_noticed(void **state)
{
    (void)state;
    struct token t = sample(7), back;
    char good[TOKEN_TEXT_SIZE];
    token_write(&t, good);
    static const char replacements[] = "AaZz09_-. =+/\x80";
    for (size_t i = 0; i < TEXT_LENGTH; i++) {
        for (size_t j = 0; j < sizeof replacements - 1; j++) {
            char bad[TOKEN_TEXT_SIZE];
            memcpy(bad, good, sizeof bad);
            if (bad[i] == replacements[j])
                continue;
            bad[i] = replacements[j];
            assert_int_equal(read_exact(bad, &back), ERR_MALFORMED);
        }
    }
    for (size_t i = 1; i < TEXT_LENGTH; i++) {
        if (good[i] == good[i - 1])
            continue;
        char swapped[TOKEN_TEXT_SIZE];
        memcpy(swapped, good, sizeof swapped);
        swapped[i] = good[i - 1];
        swapped[i - 1] = good[i];
        assert_int_equal(read_exact(swapped, &back), ERR_MALFORMED);
    }
}

static void other_lengths_are_no_token(void **state)
{
    (void)state;
    struct token t = sample(9), back;
    char text[TOKEN_TEXT_SIZE];
    token_write(&t, text);
    for (size_t length = 0; length < TEXT_LENGTH; length++) {
        char *cut = unit_exact(text, length + 1);
        cut[length] = '\0';
        assert_int_equal(token_read(cut, &back), ERR_MALFORMED);
        free(cut);
    }
    text[TEXT_LENGTH] = 'A';
    text[TEXT_LENGTH + 1] = '\0';
    assert_int_equal(read_exact(text, &back), ERR_MALFORMED);
    assert_int_equal(read_exact(" \n", &back), ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(the_text_stays_as_it_is),
        cmocka_unit_test(blanks_around_it_do_not_matter),
        cmocka_unit_test(every_typing_error_is_noticed),
        cmocka_unit_test(other_lengths_are_no_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
