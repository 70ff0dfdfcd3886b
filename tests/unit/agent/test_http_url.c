/* SPDX-License-Identifier: MIT */
/* Addresses of the web, good and bad. */
#include "agent/http_url.c"

#include "tests/unit/unit.h"

static void assert_url(const char *text, bool is_tls, const char *address, const char *host, const char *path)
{
    struct http_url u;
    assert_int_equal(http_url_parse(text, &u), ERR_OK);
    assert_int_equal(u.is_tls, is_tls);
    assert_string_equal(u.address, address);
    assert_string_equal(u.host, host);
    assert_string_equal(u.path, path);
}

static void good_ones(void **state)
{
    (void)state;
    assert_url("http://localhost:3000/health", false, "localhost:3000", "localhost:3000", "/health");
    assert_url("https://localhost", true, "localhost:443", "localhost", "/");
    assert_url("http://127.0.0.1/?a=b#c", false, "127.0.0.1:80", "127.0.0.1", "/?a=b");
    assert_url("http://[::1]:8080/x/y?z", false, "[::1]:8080", "[::1]:8080", "/x/y?z");
    assert_url("http://[::1]", false, "[::1]:80", "[::1]", "/");
    assert_url("http://web?q", false, "web:80", "web", "/?q");
}

static void bad_ones(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "localhost:3000/health", "ftp://host/", "HTTP://host/", "http://", "http:///x", "http://:80/",
        "http://host:/", "http://host:0/", "http://host:65536/", "http://host:80x/", "http://user:pw@host/",
        "http://::1/", "http://[::1/", "http://[::1]x/", "http://::1]:80/", "http://ho st/",
        "http://host/\r\nX: y", "http://host/\xc3\xbc",
    };
    struct http_url u;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (http_url_parse(texts[i], &u) != ERR_MALFORMED)
            fail_msg("\"%s\" is taken", texts[i]);
    char longest[HTTP_URL_SIZE + 10] = "http://h/";
    memset(longest + 9, 'x', HTTP_URL_SIZE - 10);
    assert_int_equal(http_url_parse(longest, &u), ERR_OK);
    longest[HTTP_URL_SIZE - 1] = 'x';
    assert_int_equal(http_url_parse(longest, &u), ERR_MALFORMED);
    memcpy(longest, "http://h?", 9); /* a slash is put before the '?' */
    longest[HTTP_URL_SIZE - 1] = '\0';
    assert_int_equal(http_url_parse(longest, &u), ERR_OK);
    assert_int_equal(strlen(u.path), HTTP_URL_SIZE - 1 - 8 + 1);
    memset(longest + 7, 'h', HTTP_URL_SIZE - 8); /* no room for the port */
    assert_int_equal(http_url_parse(longest, &u), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones),
        cmocka_unit_test(bad_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
