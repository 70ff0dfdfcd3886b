/* SPDX-License-Identifier: MIT */
/* The request head: what is taken, what is refused and with which status, and that no way of cutting the
 * bytes changes the answer. */
#include <stdio.h>

#include "tests/unit/unit.h"

#include "aggregator/api/http.c"
#include "platform/base/text.h"

static struct http_request request;
static struct http_fault fault;

static int read_bytes(const char *bytes, size_t size)
{
    char *exact = unit_exact(bytes, size);
    uint32_t scanned = 0;
    int taken = http_read(exact, (uint32_t)size, &scanned, &request, &fault);
    free(exact);
    return taken;
}

static void assert_refused(const char *head, uint16_t status)
{
    memset(&fault, 0, sizeof(fault));
    int taken = read_bytes(head, strlen(head));
    if (taken != ERR_MALFORMED || fault.status != status)
        fail_msg("%d with status %u instead of %u for:\n%s", taken, fault.status, status, head);
    assert_true(strlen(fault.why) > 5);
}

/* Keeps the bytes, so that spans can be looked at. */
static char *assert_taken(const char *head)
{
    char *exact = unit_exact(head, strlen(head));
    uint32_t scanned = 0;
    int taken = http_read(exact, (uint32_t)strlen(head), &scanned, &request, &fault);
    if (taken != (int)strlen(head))
        fail_msg("%d (%s) for:\n%s", taken, taken == ERR_MALFORMED ? fault.why : "", head);
    return exact;
}

static void takes_a_plain_request(void **state)
{
    (void)state;
    char *bytes = assert_taken("GET /metrics?limit=5&x HTTP/1.1\r\nHost: a:1\r\nX-Odd:\t v \t\r\n"
                               "Empty:\r\n\r\n");
    assert_int_equal(request.method, HTTP_GET);
    assert_true(span_equal(request.path, "/metrics"));
    assert_true(span_equal(request.query, "limit=5&x"));
    assert_true(span_equal(request.host, "a:1"));
    assert_true(span_equal(http_header(&request, "x-ODD"), "v"));
    assert_int_equal(http_header(&request, "Empty").length, 0);
    assert_null(http_header(&request, "Absent").at);
    assert_true(request.keep_alive);
    assert_false(request.is_1_0);
    assert_int_equal(request.content_length, 0);
    free(bytes);
}

static void takes_the_forms_of_a_target(void **state)
{
    (void)state;
    char *bytes = assert_taken("GET http://h.example:8080/a?b HTTP/1.1\r\nHost: other\r\n\r\n");
    assert_true(span_equal(request.host, "h.example:8080")); /* RFC 9112 3.2.2: it wins over Host */
    assert_true(span_equal(request.path, "/a"));
    free(bytes);
    bytes = assert_taken("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(span_equal(request.path, "*"));
    free(bytes);
    bytes = assert_taken("GET /metrics? HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(span_equal(request.path, "/metrics"));
    assert_int_equal(request.query.length, 0);
    free(bytes);
}

static void knows_whether_the_connection_stays(void **state)
{
    (void)state;
    free(assert_taken("GET / HTTP/1.0\r\n\r\n"));
    assert_false(request.keep_alive);
    free(assert_taken("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
    assert_true(request.keep_alive);
    free(assert_taken("GET / HTTP/1.1\r\nHost: h\r\nConnection: x, CLOSE\r\n\r\n"));
    assert_false(request.keep_alive);
    free(assert_taken("GET / HTTP/1.1\r\nHost: h\r\nConnection: closed\r\n\r\n"));
    assert_true(request.keep_alive);
}

static void reads_lists_with_qualities(void **state)
{
    (void)state;
    char *bytes = assert_taken("GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: br;q=1.0, GZIP;q=0.5\r\n\r\n");
    assert_true(http_lists(&request, "accept-encoding", "gzip"));
    assert_false(http_lists(&request, "accept-encoding", "deflate"));
    free(bytes);
    bytes = assert_taken("GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: br, gzip; q=0.00\r\n\r\n");
    assert_false(http_lists(&request, "Accept-Encoding", "gzip"));
    free(bytes);
}

static void tells_how_long_the_body_is(void **state)
{
    (void)state;
    free(assert_taken("POST / HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_false(request.has_length || request.is_chunked);
    free(assert_taken("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"));
    assert_true(request.has_length && !request.is_chunked);
    free(assert_taken("POST / HTTP/1.1\r\nHost: h\r\ncontent-length: 999999999999999999\r\n\r\n"));
    assert_true(request.content_length == 999999999999999999);
    free(assert_taken("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"));
    assert_true(request.is_chunked && !request.has_length);
    assert_int_equal(request.content_length, 0);
}

static void compares_entity_tags(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        bool is_match;
    } tries[] = {
        {"\"a\"", true}, {"W/\"a\"", true}, {"\"x\" , W/\"a\"", true}, {"*", true},
        {"\"b\"", false}, {"a", false}, {"w/\"a\"", false}, {"\"a\"x", false}, {"", false},
    };
    for (uint32_t i = 0; i < COUNT_OF(tries); i++) {
        char head[128];
        snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: h\r\nIf-None-Match: %s\r\n\r\n", tries[i].list);
        char *bytes = assert_taken(head);
        assert_int_equal(http_matches(&request, "if-none-match", "\"a\""), tries[i].is_match);
        assert_false(http_matches(&request, "If-Match", "\"a\""));
        free(bytes);
    }
}

/* Every prefix asks for more; the whole is taken, whether it comes at once or byte by byte. */
static void takes_it_byte_by_byte(void **state)
{
    (void)state;
    static const char head[] = "GET /instances/a%20b?x=1 HTTP/1.1\r\nHost: h\r\nAccept: */*\r\n\r\n";
    uint32_t size = sizeof(head) - 1, scanned = 0;
    for (uint32_t n = 0; n < size; n++) {
        char *exact = unit_exact(head, n);
        assert_int_equal(http_read(exact, n, &scanned, &request, &fault), ERR_AGAIN);
        free(exact);
    }
    char *exact = unit_exact(head, size);
    assert_int_equal(http_read(exact, size, &scanned, &request, &fault), size);
    assert_int_equal(request.header_count, 2);
    free(exact);
}

/* The next request, already there, is left alone. */
static void takes_one_of_a_pipeline(void **state)
{
    (void)state;
    static const char two[] = "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n";
    assert_int_equal(read_bytes(two, sizeof(two) - 1), (sizeof(two) - 1) / 2);
}

#define POST "POST / HTTP/1.1\r\nHost: h\r\n"

static void refuses_smuggling(void **state)
{
    (void)state;
    assert_refused(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
    assert_refused(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400);
    assert_refused(POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400);
    assert_refused(POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400);
    assert_refused(POST "Content-Length: 5, 5\r\n\r\n", 400);
    assert_refused(POST "Content-Length: +5\r\n\r\n", 400);
    assert_refused(POST "Content-Length: -1\r\n\r\n", 400);
    assert_refused(POST "Content-Length: 0x5\r\n\r\n", 400);
    assert_refused(POST "Content-Length:\r\n\r\n", 400);
    assert_refused(POST "Content-Length : 5\r\n\r\n", 400);
    assert_refused(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
    assert_refused(POST "Transfer-Encoding: identity, chunked\r\n\r\n", 501);
    assert_refused(POST "Transfer-Encoding: chunked, chunked\r\n\r\n", 501);
    assert_refused(POST "Transfer-Encoding: xchunked\r\n\r\n", 501);
    assert_refused(POST "Transfer-Encoding:\r\n\r\n", 501);
    assert_refused(POST "Transfer-Encoding : chunked\r\n\r\n", 400);
    assert_refused(POST "Transfer-Encoding: chunked\x0b\r\n\r\n", 400);
    assert_refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
    assert_refused("GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n folded\r\n\r\n", 400);
    assert_refused("GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400);
    assert_refused("GET / HTTP/1.1\nHost: h\n\n", 400);
    assert_refused("GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 400);
    assert_refused("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400);
}

static void refuses_nonsense(void **state)
{
    (void)state;
    assert_refused("GET / HTTP/1.1\r\n\r\n", 400); /* no Host */
    assert_refused("GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", 400);
    assert_refused("GET / HTTP/1.1\r\nHost: h\r\n: v\r\n\r\n", 400);
    assert_refused("GET / HTTP/1.1\r\nHost: h\r\nX: a\x01z\r\n\r\n", 400);
    assert_refused("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400);
    assert_refused("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400);
    assert_refused("GET /\x80 HTTP/1.1\r\nHost: h\r\n\r\n", 400);
    assert_refused("GET a HTTP/1.1\r\nHost: h\r\n\r\n", 400);
    assert_refused("GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400);
    assert_refused("GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n", 400);
    assert_refused("G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400);
    assert_refused(" / HTTP/1.1\r\nHost: h\r\n\r\n", 400);
    assert_refused("\r\n\r\n", 400);
    assert_refused("GET /\r\nHost: h\r\n\r\n", 400);
    assert_refused("BREW / HTTP/1.1\r\nHost: h\r\n\r\n", 501);
    assert_refused("GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505);
    assert_refused("GET / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\n\r\n", 417);
    assert_refused("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n", 400);
    static const char zero[] = "GET / HTTP/1.1\r\nHost: h\0\r\n\r\n";
    assert_int_equal(read_bytes(zero, sizeof(zero) - 1), ERR_MALFORMED);
}

static void refuses_what_is_too_much(void **state)
{
    (void)state;
    char *head = malloc(2 * HTTP_HEAD_SIZE_MAX);
    memset(head, 'a', 2 * HTTP_HEAD_SIZE_MAX);
    memcpy(head, "GET /", 5);
    assert_int_equal(read_bytes(head, HTTP_HEAD_SIZE_MAX - 1), ERR_AGAIN);
    assert_int_equal(read_bytes(head, HTTP_HEAD_SIZE_MAX), ERR_MALFORMED);
    assert_int_equal(fault.status, 414);
    memcpy(head, "GET / HTTP/1.1\r\nX:", 18);
    assert_int_equal(read_bytes(head, HTTP_HEAD_SIZE_MAX), ERR_MALFORMED);
    assert_int_equal(fault.status, 431);

    struct text t;
    text_init(&t, head, HTTP_HEAD_SIZE_MAX);
    text_put(&t, "GET / HTTP/1.1\r\nHost: h\r\n");
    for (uint32_t i = 1; i < HTTP_HEADERS_MAX; i++)
        text_printf(&t, "X: %u\r\n", i);
    uint32_t n = t.length;
    memcpy(head + n, "\r\n", 3);
    assert_int_equal(read_bytes(head, n + 2), n + 2);
    memcpy(head + n, "Y:\r\n\r\n", 7);
    assert_int_equal(read_bytes(head, n + 6), ERR_MALFORMED);
    assert_int_equal(fault.status, 431);
    free(head);
}

/* Damaged heads are answered, never over-read; a head that is taken has its spans inside. */
static void survives_damage(void **state)
{
    (void)state;
    static const char head[] =
        "POST /a/b?c=d&e=%20 HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\nConnection: close\r\n\r\n";
    static const char likely[] = "\r\n :\t,;=/?%\0\x7f\xff" "09aG";
    uint64_t seed = 7;
    for (uint32_t round = 0; round < 20000; round++) {
        uint32_t size = (uint32_t)(unit_random(&seed) % sizeof(head));
        char *exact = unit_exact(head, size);
        for (uint32_t i = 0; size > 0 && i < 1 + round % 4; i++)
            exact[unit_random(&seed) % size] = likely[unit_random(&seed) % (sizeof(likely) - 1)];
        uint32_t scanned = 0;
        int taken = http_read(exact, size, &scanned, &request, &fault);
        if (taken > 0) {
            assert_true((uint32_t)taken <= size);
            assert_true(request.path.at >= exact && request.path.at + request.path.length <= exact + size);
        } else {
            assert_true(taken == ERR_AGAIN || taken == ERR_MALFORMED);
        }
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_plain_request),
        cmocka_unit_test(takes_the_forms_of_a_target),
        cmocka_unit_test(knows_whether_the_connection_stays),
        cmocka_unit_test(reads_lists_with_qualities),
        cmocka_unit_test(tells_how_long_the_body_is),
        cmocka_unit_test(compares_entity_tags),
        cmocka_unit_test(takes_it_byte_by_byte),
        cmocka_unit_test(takes_one_of_a_pipeline),
        cmocka_unit_test(refuses_smuggling),
        cmocka_unit_test(refuses_nonsense),
        cmocka_unit_test(refuses_what_is_too_much),
        cmocka_unit_test(survives_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
