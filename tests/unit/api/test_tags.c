/* SPDX-License-Identifier: MIT */
/* The tag of a series as a JSON object. */
#include "aggregator/api/routes/handlers.h"

#include "tests/unit/unit.h"

static void assert_tags(const char *tag, const char *expected)
{
    char page[400];
    struct text out;
    struct json j = {.out = &out};
    text_init(&out, page, sizeof page);
    json_open_object(&j, NULL);
    tags_write(&j, "tags", tag);
    json_close_object(&j);
    assert_string_equal(page, expected);
}

static void one_tag(void **state)
{
    (void)state;
    assert_tags("", "{\"tags\":{}}");
    assert_tags("mount=/", "{\"tags\":{\"mount\":\"/\"}}");
    assert_tags("odd", "{\"tags\":{\"tag\":\"odd\"}}");
    assert_tags("path=", "{\"tags\":{\"path\":\"\"}}");
    assert_tags("query=a=b", "{\"tags\":{\"query\":\"a=b\"}}");
}

static void several_tags(void **state)
{
    (void)state;
    assert_tags("code=200,path=/", "{\"tags\":{\"code\":\"200\",\"path\":\"/\"}}");
    assert_tags("a=1,b=,c=3", "{\"tags\":{\"a\":\"1\",\"b\":\"\",\"c\":\"3\"}}");
}

static void a_comma_in_a_value(void **state)
{
    (void)state;
    assert_tags("mount=/srv/a,b", "{\"tags\":{\"mount\":\"/srv/a,b\"}}");
    assert_tags("mount=/a,,b,", "{\"tags\":{\"mount\":\"/a,,b,\"}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_tag),
        cmocka_unit_test(several_tags),
        cmocka_unit_test(a_comma_in_a_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
