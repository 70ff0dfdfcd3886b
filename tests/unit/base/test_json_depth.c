/* SPDX-License-Identifier: MIT */
/* How deep texts nest that may or may not be JSON. */
#include "platform/base/json_depth.c"

#include "platform/base/base.h"

#include "tests/unit/unit.h"

static void counts_brackets_outside_of_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t depth;
    } rows[] = {
        {"", 0},          {"1", 0},           {"{}", 1},       {"[[],[[]]]", 3},       {"{\"a\":[{}]}", 3},
        {"\"[[[\"", 0},   {"\"\\\"[\"", 0},   {"[\"\\\\\",[]]", 2}, {"]]][", 1},       {"\"[", 0},
        {"\"\\", 0},
    };
    for (uint32_t i = 0; i < COUNT_OF(rows); i++) {
        uint32_t size = (uint32_t)strlen(rows[i].text);
        char *exact = unit_exact(rows[i].text, size);
        assert_int_equal(json_depth(exact, size), rows[i].depth);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts_brackets_outside_of_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
