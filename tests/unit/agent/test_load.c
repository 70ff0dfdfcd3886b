/* SPDX-License-Identifier: MIT */
/* /proc/loadavg, exact to the last digit. */
#include "agent/collect/load.c"

#include "tests/unit/agent/fixture.h"

static bool parse(const char *text, struct load_reading *r)
{
    uint32_t length = (uint32_t)strlen(text);
    char *exact = unit_exact(text, length);
    load_parse(exact, length, r);
    free(exact);
    return r->has;
}

static void good(void **state)
{
    (void)state;
    struct load_reading r;
    assert_true(parse("0.52 0.58 12.09 2/145 81233\n", &r));
    assert_true(r.x100[0] == 52 && r.x100[1] == 58 && r.x100[2] == 1209);
    for (size_t h = 0; h < FIXTURE_HOSTS; h++) {
        struct fixture f = fixture_read(fixture_hosts[h], "loadavg");
        load_parse(f.text, f.length, &r);
        assert_true(r.has);
        free(f.text);
    }
}

static void bad(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "\n", "1.00 2.00\n", "1.00 2.00 3.0\n", "1.00 2.00 3.00", "1,00 2.00 3.00\n", "-1.00 2.00 3.00\n",
        "99999999999999999999.00 2.00 3.00\n", "1.0x 2.00 3.00\n",
    };
    struct load_reading r;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_false(parse(texts[i], &r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(good), cmocka_unit_test(bad)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
