/* SPDX-License-Identifier: MIT */
/* Answers of HTTP servers: whole, in pieces, chunked, and none. */
#include "agent/http_reply.c"

#include "tests/unit/unit.h"

static char *memory;
static struct http_reply reply;

static int parse(const char *text, size_t length, bool ended)
{
    free(memory);
    memory = unit_exact(text, length);
    return http_reply_parse(memory, (uint32_t)length, ended, &reply);
}

static void assert_body(const char *text, bool ended, int status, const char *body)
{
    assert_int_equal(parse(text, strlen(text), ended), ERR_OK);
    assert_int_equal(reply.status, status);
    if (!span_is(reply.body, body))
        fail_msg("the body is not \"%s\" but \"%.*s\"", body, (int)span_length(reply.body), reply.body.at);
    /* Any shorter text is not whole, and does no harm. */
    for (size_t length = 0; length < strlen(text) && !ended; length++) {
        int result = parse(text, length, false);
        if (result != ERR_AGAIN && result != ERR_OK)
            fail_msg("%zu bytes of it: %d", length, result);
    }
}

static void bodies(void **state)
{
    (void)state;
    assert_body("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\newr", false, 200, "ewr");
    assert_body("HTTP/1.0 404 Not Found\r\n\r\n", true, 404, "");
    assert_body("HTTP/1.0 200\n\nabc", true, 200, "abc");
    assert_body("HTTP/1.1 200 OK\r\nCONTENT-length:3\r\nX: y\r\n\r\nabcdef", false, 200, "abc");
    assert_body("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                "4\r\nabcd\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n", false, 200, "abcd0123456789");
    assert_body("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", false, 204, "");
}

static void first_lines(void **state)
{
    (void)state;
    assert_int_equal(http_reply_status("HTTP/1.1 503 Down\r\n", 19), 503);
    assert_int_equal(http_reply_status("HTTP/1.1 503 Down\r", 18), ERR_AGAIN);
    assert_int_equal(http_reply_status("", 0), ERR_AGAIN);
    assert_int_equal(http_reply_status("HTT", 3), ERR_AGAIN);
    static const char *const bad[] = {
        "HTTP/2 200\r\n",   "HTTP/1.1\n",     "HTTP/1.1 20\n", "HTTP/1.1 2000\n",
        "HTTP/1.1 abc\n",   "HTTP/1.1 099\n", "SSH-2.0-x\n",   "X",
        "HTTP/1.11 200\n",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (http_reply_status(bad[i], (uint32_t)strlen(bad[i])) != ERR_MALFORMED)
            fail_msg("%s is taken", bad[i]);
    char endless[300];
    memset(endless, 'x', sizeof endless);
    memcpy(endless, "HTTP/1.1 ", 9);
    assert_int_equal(http_reply_status(endless, sizeof endless), ERR_MALFORMED);
}

static void broken_ones(void **state)
{
    (void)state;
    static const char *const ended[] = {
        "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabc",
    };
    for (size_t i = 0; i < COUNT_OF(ended); i++)
        assert_int_equal(parse(ended[i], strlen(ended[i]), true), ERR_MALFORMED);
    static const char *const bad[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 4x\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1234567\r\nabcd",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (parse(bad[i], strlen(bad[i]), false) != ERR_MALFORMED)
            fail_msg("taken: %s", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies),
        cmocka_unit_test(first_lines),
        cmocka_unit_test(broken_ones),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(memory);
    return failed;
}
