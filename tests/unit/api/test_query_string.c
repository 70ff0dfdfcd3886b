/* SPDX-License-Identifier: MIT */
/* Query strings, times and patterns. */
#include "tests/unit/unit.h"

#include "aggregator/api/query_string.c"

#define NOW_MS INT64_C(1768478400000) /* 2026-01-15T12:00:00Z */

static struct span span_of(const char *s)
{
    return (struct span){s, (uint32_t)strlen(s)};
}

static void decodes_percent_escapes(void **state)
{
    (void)state;
    char to[16];
    assert_int_equal(percent_decode(span_of("a%20b+c%2F"), true, to, sizeof(to)), 6);
    assert_string_equal(to, "a b c/");
    assert_int_equal(percent_decode(span_of("a+b"), false, to, sizeof(to)), 3);
    assert_string_equal(to, "a+b");
    assert_int_equal(percent_decode(span_of(""), false, to, sizeof(to)), 0);
    assert_string_equal(to, "");
    assert_int_equal(percent_decode(span_of("%"), false, to, sizeof(to)), ERR_MALFORMED);
    assert_int_equal(percent_decode(span_of("%4"), false, to, sizeof(to)), ERR_MALFORMED);
    assert_int_equal(percent_decode(span_of("%4g"), false, to, sizeof(to)), ERR_MALFORMED);
    assert_int_equal(percent_decode(span_of("a%00b"), false, to, sizeof(to)), ERR_MALFORMED);
    assert_int_equal(percent_decode(span_of("%252e"), false, to, sizeof(to)), 3); /* once only */
    assert_string_equal(to, "%2e");
    assert_int_equal(percent_decode(span_of("0123456789abcde"), false, to, sizeof(to)), 15);
    assert_int_equal(percent_decode(span_of("0123456789abcdef"), false, to, sizeof(to)), ERR_FULL);
}

static void finds_values(void **state)
{
    (void)state;
    struct span q = span_of("a=1&&b=&c&d=x=y&a=2");
    char to[16];
    assert_int_equal(query_text(q, "a", to, sizeof(to)), 1);
    assert_string_equal(to, "1");
    assert_int_equal(query_text(q, "b", to, sizeof(to)), ERR_MISSING);
    assert_int_equal(query_text(q, "c", to, sizeof(to)), ERR_MISSING);
    assert_int_equal(query_text(q, "e", to, sizeof(to)), ERR_MISSING);
    assert_int_equal(query_text(q, "d", to, sizeof(to)), 3);
    assert_string_equal(to, "x=y");
    assert_int_equal(query_text(span_of(""), "a", to, sizeof(to)), ERR_MISSING);
}

static void reads_numbers_within_bounds(void **state)
{
    (void)state;
    uint64_t v = 7;
    assert_int_equal(query_number(span_of("limit=1000"), "limit", 1, 1000, &v), ERR_OK);
    assert_int_equal(v, 1000);
    static const char *const bad[] = {"limit=0",   "limit=1001", "limit=-1", "limit=abc", "limit=5xyz",
                                      "limit=1.5", "limit=%",    "limit=99999999999999999999999999"};
    for (uint32_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(query_number(span_of(bad[i]), "limit", 1, 1000, &v), ERR_MALFORMED);
    assert_int_equal(query_number(span_of("limit="), "limit", 1, 1000, &v), ERR_MISSING);
    assert_int_equal(v, 1000);
    static const char *const no_numbers[] = {"t=0",     "t=-1",  "t=nan", "t=inf",    "t=0x10",
                                             "t=1e999", "t=5GB", "t=e",
                                             "t=1e-999", "t=1.2.3"};
    double d = 7;
    for (uint32_t i = 0; i < COUNT_OF(no_numbers); i++)
        assert_int_equal(query_positive(span_of(no_numbers[i]), "t", &d), ERR_MALFORMED);
    assert_int_equal(query_positive(span_of("u=1"), "t", &d), ERR_MISSING);
    assert_true(d == 7);
    assert_int_equal(query_positive(span_of("t=0.25"), "t", &d), ERR_OK);
    assert_true(d == 0.25);
    assert_int_equal(query_positive(span_of("t=2e9"), "t", &d), ERR_OK);
    assert_true(d == 2e9);
}

static void assert_time(const char *s, int64_t expected)
{
    int64_t ms = -1;
    if (time_parse(s, NOW_MS, &ms) != ERR_OK || ms != expected)
        fail_msg("%s is %lld instead of %lld", s, (long long)ms, (long long)expected);
}

static void reads_times(void **state)
{
    (void)state;
    assert_time("now", NOW_MS);
    assert_time("-6h", NOW_MS - 6 * 3600000);
    assert_time("-90s", NOW_MS - 90000);
    assert_time("-2w", NOW_MS - 14 * INT64_C(86400000));
    assert_time("1768478400123", NOW_MS + 123);
    assert_time("0", 0);
    assert_time("2026-01-15T12:00:00Z", NOW_MS);
    assert_time("2026-01-15T12:00:00.5Z", NOW_MS + 500);
    assert_time("2026-01-15t12:00:00.123456z", NOW_MS + 123);
    assert_time("2026-01-15T13:30:00+01:30", NOW_MS);
    assert_time("2026-01-15T13:30:00 01:30", NOW_MS); /* '+' not escaped in an address */
    assert_time("2026-01-15T04:00:00-08:00", NOW_MS);
    assert_time("2026-01-15", NOW_MS - 12 * 3600000);
    assert_time("1970-01-01", 0);
    assert_time("2000-02-29", INT64_C(951782400000));
    assert_time("2024-03-01", INT64_C(1709251200000));
    assert_time("2100-03-01", INT64_C(4107542400000)); /* no leap day in 2100 */
}

static void refuses_what_is_no_time(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           "-",          "-h",         "-6y",        "yesterday",  "2026-13-01",
        "2026-00-01", "2026-02-29", "2100-02-29", "2026-04-31", "2026-1-5",   "2026-01-15T12:00Z",
        "2026-01-15T24:00:00Z",     "2026-01-15T12:60:00Z",     "2026-01-15T12:00:00",
        "2026-01-15T12:00:00Zx",    "2026-01-15T12:00:00.Z",    "2026-01-15X",
        "2026-01-15T12:00:00+25:00", "99999999999999999999",    "-99999999999999999w",
    };
    for (uint32_t i = 0; i < COUNT_OF(bad); i++) {
        int64_t ms = 5;
        if (time_parse(bad[i], NOW_MS, &ms) != ERR_MALFORMED || ms != 5)
            fail_msg("\"%s\" was taken as %lld", bad[i], (long long)ms);
    }
}

static void matches_patterns(void **state)
{
    (void)state;
    assert_true(glob_match("cpu_*", "cpu_usage"));
    assert_true(glob_match("*", ""));
    assert_true(glob_match("*a*b*c", "xxaxxbxbc"));
    assert_true(glob_match("a?c", "abc"));
    assert_true(glob_match("device=*", "device=vda"));
    assert_false(glob_match("cpu", "cpu_usage"));
    assert_false(glob_match("cpu_usage", "cpu"));
    assert_false(glob_match("*a*b", "bbbbaaaa"));
    assert_false(glob_match("", "x"));
    assert_false(glob_match("?", ""));
    assert_true(glob_match_any("x,cpu_*,y", "cpu_usage"));
    assert_true(glob_match_any("cpu_usage", "cpu_usage"));
    assert_false(glob_match_any("x,cpu,y", "cpu_usage"));
    assert_false(glob_match_any(",,", "x"));
    assert_false(glob_match_any("", ""));
    assert_true(glob_match_any("core=0,mode=*", "core=0,mode=user")); /* two keys, one pattern */
    assert_false(glob_match_any("core=1,mode=*", "core=0,mode=user"));
    assert_true(glob_match_any("device=vda,core=0*", "core=0,mode=user"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_percent_escapes),
        cmocka_unit_test(finds_values),
        cmocka_unit_test(reads_numbers_within_bounds),
        cmocka_unit_test(reads_times),
        cmocka_unit_test(refuses_what_is_no_time),
        cmocka_unit_test(matches_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
