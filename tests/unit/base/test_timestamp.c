/* SPDX-License-Identifier: MIT */
/* Times as others write them; what else time_parse() takes is in tests/unit/api/test_query_string.c. */
#include "platform/base/timestamp.c"

#include "tests/unit/unit.h"

static void reads_times_and_dates(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"1970-01-01", 0},
        {"2000-02-29T00:00:00Z", INT64_C(951782400000)},
        {"2026-01-15T12:00:00.123Z", INT64_C(1768478400123)},
        {"2026-01-15 13:00:00+01:00", INT64_C(1768478400000)},
        {"2026-01-15T13:00:00 01:00", INT64_C(1768478400000)},
        {"2026-01-15t07:30:00-04:30", INT64_C(1768478400000)},
        {"1969-12-31T23:59:59.999Z", -1},
    };
    for (uint32_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t ms = 5;
        assert_int_equal(timestamp_parse(rows[i].text, &ms), ERR_OK);
        assert_int_equal(ms, rows[i].ms);
    }
}

static void leaves_alone_what_it_cannot_read(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "2026-02-29", "2026-01-15T12:00:00", "2026-01-15T12:00:00Zx",
                                      "2026-01-15T24:00:00Z", "2026-01-15T12:00:00.Z", "0000-01-01"};
    for (uint32_t i = 0; i < COUNT_OF(bad); i++) {
        char *copy = unit_exact(bad[i], strlen(bad[i]) + 1);
        int64_t ms = 5;
        assert_int_equal(timestamp_parse(copy, &ms), ERR_MALFORMED);
        assert_int_equal(ms, 5);
        free(copy);
    }
}

static void check_put(int64_t ms, const char *zone, const char *want)
{
    char bytes[48];
    struct text t;
    text_init(&t, bytes, sizeof bytes);
    timestamp_put(&t, ms, zone);
    assert_string_equal(bytes, want);
}

static void writes_them_as_heads_have_them(void **state)
{
    (void)state;
    check_put(0, "GMT", "Thu, 01 Jan 1970 00:00:00 GMT");
    check_put(INT64_C(784111777999), "GMT", "Sun, 06 Nov 1994 08:49:37 GMT");
    check_put(INT64_C(1768478400000), "+0000", "Thu, 15 Jan 2026 12:00:00 +0000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_times_and_dates),
        cmocka_unit_test(leaves_alone_what_it_cannot_read),
        cmocka_unit_test(writes_them_as_heads_have_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
