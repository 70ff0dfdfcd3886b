/* SPDX-License-Identifier: MIT */
/* Which texts from outside are shown as they are. */
#include "platform/base/utf8.c"

#include "tests/unit/unit.h"

static bool printable(const char *s)
{
    char *copy = unit_exact(s, strlen(s) + 1);
    bool yes = utf8_printable(copy);
    free(copy);
    return yes;
}

static void texts_of_people_are_printable(void **state)
{
    (void)state;
    static const char *const good[] = {"", "cpu_usage", " ~", "Grüße", "日本語", "\xf0\x9f\x8c\xa9",
                                       "\xc2\xa0", "\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf"};
    for (size_t i = 0; i < COUNT_OF(good); i++)
        if (!printable(good[i]))
            fail_msg("text %zu", i);
}

static void tricks_are_not(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\n", "a\tb", "\x7f", "\x1b[2J",          /* controls */
        "\xc2\x80", "\xc2\x9f",                   /* C1 controls */
        "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", /* over-long */
        "\xed\xa0\x80", "\xed\xbf\xbf",           /* surrogates */
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xfe", /* beyond */
        "\x80", "a\xbf", "\xc3", "\xe2\x82", "\xf0\x9f\x8c", "\xc3\x28", "\xe2\x28\xa1", /* torn */
        "\xe2\x80\xae", "\xe2\x81\xa6",           /* writing direction */
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (printable(bad[i]))
            fail_msg("text %zu", i);
}

static void every_character_agrees_with_its_definition(void **state)
{
    (void)state;
    for (uint32_t c = 1; c < 0x110000; c++) {
        char s[5] = {0};
        if (c < 0x80) {
            s[0] = (char)c;
        } else if (c < 0x800) {
            s[0] = (char)(0xc0 | c >> 6);
            s[1] = (char)(0x80 | (c & 0x3f));
        } else if (c < 0x10000) {
            s[0] = (char)(0xe0 | c >> 12);
            s[1] = (char)(0x80 | (c >> 6 & 0x3f));
            s[2] = (char)(0x80 | (c & 0x3f));
        } else {
            s[0] = (char)(0xf0 | c >> 18);
            s[1] = (char)(0x80 | (c >> 12 & 0x3f));
            s[2] = (char)(0x80 | (c >> 6 & 0x3f));
            s[3] = (char)(0x80 | (c & 0x3f));
        }
        bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
        bool surrogate = c >= 0xd800 && c < 0xe000;
        bool direction = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
        bool want = !control && !surrogate && !direction;
        uint32_t length = (uint32_t)strlen(s);
        if (utf8_character(s, length) != (want ? length : 0))
            fail_msg("U+%04X", c);
    }
}

static void a_copy_is_clean_and_whole(void **state)
{
    (void)state;
    char to[8];
    utf8_copy_clean(to, sizeof to, "a\nb\xffz");
    assert_string_equal(to, "a?b?z");
    utf8_copy_clean(to, sizeof to, "123456ü"); /* no half characters */
    assert_string_equal(to, "123456");
    utf8_copy_clean(to, sizeof to, "12345ü");
    assert_string_equal(to, "12345ü");
    utf8_copy_clean(to, 1, "x");
    assert_string_equal(to, "");
    uint64_t random = 1;
    for (uint32_t i = 0; i < 20000; i++) {
        char from[24] = {0};
        for (uint32_t j = 0; j < 23; j++)
            from[j] = (char)(unit_random(&random) | 0x40);
        char *copy = unit_exact(from, sizeof from);
        utf8_copy_clean(to, sizeof to, copy);
        free(copy);
        assert_true(utf8_printable(to));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_people_are_printable),
        cmocka_unit_test(tricks_are_not),
        cmocka_unit_test(every_character_agrees_with_its_definition),
        cmocka_unit_test(a_copy_is_clean_and_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
