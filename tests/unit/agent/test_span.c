/* SPDX-License-Identifier: MIT */
/* Lines, words and numbers out of a text, and the patterns that names are matched with. */
#include "agent/collect/span.c"

#include "tests/unit/unit.h"

static struct span of(const char *s)
{
    return span_of(s, (uint32_t)strlen(s));
}

static void lines_need_their_newline(void **state)
{
    (void)state;
    struct span text = of("one\n\ntwo\nthr"), line;
    assert_true(span_line(&text, &line) && span_is(line, "one"));
    assert_true(span_line(&text, &line) && span_is(line, ""));
    assert_true(span_line(&text, &line) && span_is(line, "two"));
    assert_false(span_line(&text, &line));
    struct span nothing = {NULL, NULL};
    assert_false(span_line(&nothing, &line));
}

static void words_and_numbers(void **state)
{
    (void)state;
    struct span line = of("  cpu\t12  99999999999999999999999 7x 8"), word;
    uint64_t n;
    assert_true(span_word(&line, &word) && span_is(word, "cpu"));
    assert_true(span_u64(&line, &n));
    assert_int_equal(n, 12);
    assert_true(span_u64(&line, &n));
    assert_true(n == UINT64_MAX);
    assert_false(span_u64(&line, &n)); /* 7x is no number, and stays */
    assert_true(span_word(&line, &word) && span_is(word, "7x"));
    uint64_t four[4] = {9, 9, 9, 9};
    assert_int_equal(span_numbers(&line, four, 4), 1);
    assert_true(four[0] == 8 && four[1] == 0 && four[3] == 0);
    assert_false(span_word(&line, &word));
}

static void copies_are_whole_or_empty(void **state)
{
    (void)state;
    char to[4];
    assert_true(span_copy(of("abc"), to, sizeof to));
    assert_string_equal(to, "abc");
    assert_false(span_copy(of("abcd"), to, sizeof to));
    assert_string_equal(to, "");
    assert_false(span_copy((struct span){"a\0b", "a\0b" + 3}, to, sizeof to));
}

static void patterns(void **state)
{
    (void)state;
    assert_true(span_matches(of("lo"), "lo"));
    assert_false(span_matches(of("lo0"), "lo"));
    assert_false(span_matches(of("l"), "lo"));
    assert_true(span_matches(of("veth"), "veth*"));
    assert_true(span_matches(of("veth12ab"), "veth*"));
    assert_true(span_matches(of("br0"), "br#"));
    assert_true(span_matches(of("br4094"), "br#"));
    assert_false(span_matches(of("br"), "br#"));
    assert_false(span_matches(of("br0x"), "br#"));
    assert_false(span_matches(of("brcm0"), "br#"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_need_their_newline),
        cmocka_unit_test(words_and_numbers),
        cmocka_unit_test(copies_are_whole_or_empty),
        cmocka_unit_test(patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
