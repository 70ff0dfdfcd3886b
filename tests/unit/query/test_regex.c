/* SPDX-License-Identifier: MIT */
/* Regular expressions: what they take, that a pattern cannot make them slow, and what is refused. */
#include "tests/unit/unit.h"

#include <string.h>

#include "aggregator/query/regex.h"

static bool matches(const char *pattern, const char *text)
{
    static struct regex r;
    int err = regex_compile(&r, pattern, (uint32_t)strlen(pattern));
    if (err != ERR_OK)
        fail_msg("%s: %d", pattern, err);
    return regex_match(&r, text, (uint32_t)strlen(text));
}

static void whole_texts_match(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *yes[6], *no[6];
    } cases[] = {
        {"abc", {"abc"}, {"ab", "abcd", "xabc", ""}},
        {"", {""}, {"a"}},
        {"a|b|", {"a", "b", ""}, {"ab", "c"}},
        {".*", {"", "abc"}, {"a\nb"}},
        {".+", {"x"}, {""}},
        {"ab?c", {"ac", "abc"}, {"abbc"}},
        {"a(bc)*d", {"ad", "abcd", "abcbcd"}, {"abd", "abcbd"}},
        {"(a|bc)+", {"a", "bca", "abc"}, {"", "b"}},
        {"(?:x|y)z", {"xz", "yz"}, {"z", "xyz"}},
        {"[a-c]x", {"ax", "cx"}, {"dx", "x"}},
        {"[^a-c]", {"d", "]"}, {"a", ""}},
        {"[]a]", {"]", "a"}, {"b"}},
        {"[a-]", {"a", "-"}, {"b"}},
        {"\\d{2,3}", {"12", "123"}, {"1", "1234", "ab"}},
        {"a{2}", {"aa"}, {"a", "aaa"}},
        {"a{2,}b", {"aab", "aaaab"}, {"ab"}},
        {"a{0,2}", {"", "a", "aa"}, {"aaa"}},
        {"(ab){2}c", {"ababc"}, {"abc", "abababc"}},
        {"\\w+\\.\\w+", {"web.1"}, {"web1", "web-1"}},
        {"[\\d_]+", {"1_2"}, {"a"}},
        {"^web-.*$", {"web-1"}, {"db-1"}},
        {"web-(1|2)\\..*", {"web-1.x"}, {"web-3.x", "web-1x"}},
        {"a+?b*?", {"a", "aab"}, {"b"}},
    };
    for (uint32_t i = 0; i < COUNT_OF(cases); i++)
        for (uint32_t k = 0; k < 6; k++) {
            const char *yes = cases[i].yes[k], *no = cases[i].no[k];
            if (yes != NULL && !matches(cases[i].pattern, yes))
                fail_msg("%s takes %s", cases[i].pattern, yes);
            if (no != NULL && matches(cases[i].pattern, no))
                fail_msg("%s does not take %s", cases[i].pattern, no);
        }
}

/* With backtracking this would take longer than anybody lives. */
static void no_pattern_is_slow(void **state)
{
    (void)state;
    char text[4001];
    memset(text, 'a', 4000);
    text[4000] = '\0';
    assert_false(matches("(a*)*b", text));
    assert_false(matches("(a|a|aa)+b", text));
    assert_true(matches("(((a*)*)*)*", text));
}

static void broken_patterns_are_refused(void **state)
{
    (void)state;
    static struct regex r;
    static const char *const broken[] = {"(", ")", "a)", "(a", "[", "[a", "[b-a]", "*", "+a", "a{", "a{1",
                                         "a{2,1}", "a{x}", "\\", "a**", "(?i)a", "\\b", "[[:alpha:]]", "a^b",
                                         "a$b", "a|*"};
    for (uint32_t i = 0; i < COUNT_OF(broken); i++)
        if (regex_compile(&r, broken[i], (uint32_t)strlen(broken[i])) != ERR_MALFORMED)
            fail_msg("%s", broken[i]);
    static const char *const too_much[] = {"((((((((a))))))))", "a{33}", "(a{30}){30}"};
    for (uint32_t i = 0; i < COUNT_OF(too_much); i++)
        if (regex_compile(&r, too_much[i], (uint32_t)strlen(too_much[i])) != ERR_FULL)
            fail_msg("%s", too_much[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_texts_match),
        cmocka_unit_test(no_pattern_is_slow),
        cmocka_unit_test(broken_patterns_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
