/* SPDX-License-Identifier: MIT */
/* /proc/uptime. */
#include "agent/collect/uptime.c"

#include "tests/unit/agent/fixture.h"

static void good(void **state)
{
    (void)state;
    struct fixture f = fixture_read("board-aarch64-5.10", "uptime");
    assert_int_equal(uptime_parse(f.text, f.length), 960331);
    free(f.text);
}

static void bad(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n", "12", "12.3", "x.1 2\n", "12 3\n",
                                        "99999999999999999999.1 1\n"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        uint32_t length = (uint32_t)strlen(texts[i]);
        char *exact = unit_exact(texts[i], length);
        assert_int_equal(uptime_parse(exact, length), ERR_MALFORMED);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(good), cmocka_unit_test(bad)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
