/* SPDX-License-Identifier: MIT */
/* Which route answers. */
#include "tests/unit/unit.h"

#include "aggregator/api/router.c"

static char parameter[EXCHANGE_PARAMETER_SIZE];
static struct route_found found;

static const struct route *find(enum http_method method, const char *path)
{
    char *exact = unit_exact(path, strlen(path));
    found = router_find(method, (struct span){exact, (uint32_t)strlen(path)}, parameter);
    free(exact);
    return found.route;
}

static void finds_the_handler(void **state)
{
    (void)state;
    assert_ptr_equal(find(HTTP_GET, "/instances")->handle, handle_instances);
    assert_ptr_equal(find(HTTP_HEAD, "/instances")->handle, handle_instances);
    assert_ptr_equal(find(HTTP_GET, "/instances/web-1")->handle, handle_instance);
    assert_string_equal(parameter, "web-1");
    assert_ptr_equal(find(HTTP_GET, "/api/instances/x")->handle, handle_instance);
    assert_ptr_equal(find(HTTP_GET, "/")->handle, handle_page);
    assert_ptr_equal(find(HTTP_GET, "/api/v1/self/memory")->handle, handle_memory);
}

static void decodes_the_parameter_once(void **state)
{
    (void)state;
    assert_non_null(find(HTTP_GET, "/instances/a%20b%2Fc%2525"));
    assert_string_equal(parameter, "a b/c%25");
    assert_null(find(HTTP_GET, "/instances/a%2"));
    assert_int_equal(found.methods, 0);
    assert_null(find(HTTP_GET, "/instances/a%00b"));
}

static void knows_nothing_else(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/instances/", "/Instances", "/instances/a/b", "/instancesx", "/api/v1/", "/api/v1/self/",
        "//",          "/assets/",   "/assets/a/b",    "*",           "",
    };
    for (uint32_t i = 0; i < COUNT_OF(paths); i++) {
        assert_null(find(HTTP_GET, paths[i]));
        assert_int_equal(found.methods, 0);
    }
    char path[300];
    memset(path, 'a', sizeof(path));
    memcpy(path, "/instances/", 11);
    path[sizeof(path) - 1] = 0;
    assert_null(find(HTTP_GET, path)); /* longer than any id */
}

static void assert_methods(uint32_t methods, const char *expected)
{
    char words[64];
    struct text t;
    text_init(&t, words, sizeof words);
    http_put_methods(&t, methods, ",");
    assert_string_equal(words, expected);
}

static void tells_the_methods(void **state)
{
    (void)state;
    assert_null(find(HTTP_PATCH, "/api/v1/query"));
    assert_methods(found.methods, "GET,HEAD,OPTIONS");
    assert_methods(found.group_methods, "GET,OPTIONS");
    assert_non_null(find(HTTP_OPTIONS, "/metrics"));
    assert_null(find(HTTP_OPTIONS, "/nothing"));
    assert_methods(HTTP_METHOD_BIT(HTTP_POST) | HTTP_METHOD_BIT(HTTP_GET) | HTTP_METHOD_BIT(HTTP_PUT) |
                       HTTP_METHOD_BIT(HTTP_DELETE), "GET,POST,PUT,DELETE,OPTIONS");
}

static void groups_begin_alike(void **state)
{
    (void)state;
    assert_int_equal(group_length("/instances/{id}"), strlen("/instances"));
    assert_int_equal(group_length("/instances"), strlen("/instances"));
    assert_int_equal(group_length("/"), 1);
    assert_int_equal(group_length("/api/instances/{id}"), strlen("/api"));
    assert_int_equal(group_length("/api/v1/self/memory"), strlen("/api/v1/self"));
    for (uint32_t i = 0; i < COUNT_OF(routes); i++)
        assert_true((group_methods(routes[i].pattern) & HTTP_METHOD_BIT(routes[i].method)) != 0);
}

/* No two rows claim the same path, and braces are closed. */
static void the_table_is_sound(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < COUNT_OF(routes); i++) {
        const char *brace = strchr(routes[i].pattern, '{');
        assert_true(brace == NULL || strchr(brace, '}') != NULL);
        assert_int_equal(routes[i].pattern[0], '/');
        for (uint32_t k = 0; k < i; k++)
            assert_false(routes[i].method == routes[k].method &&
                         text_equal(routes[i].pattern, routes[k].pattern));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_handler), cmocka_unit_test(decodes_the_parameter_once),
        cmocka_unit_test(knows_nothing_else), cmocka_unit_test(tells_the_methods),
        cmocka_unit_test(groups_begin_alike), cmocka_unit_test(the_table_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
