/* SPDX-License-Identifier: MIT */
/* The head of an HTTP request as it comes from anybody.
 *
 * Promises: arriving byte by byte gives the same answer as arriving at once; every span lies inside the
 * head; a refusal carries a status and a reason. */
#include "tests/fuzz/fuzz.h"

#include "aggregator/api/http.h"
#include "aggregator/api/routes/exposition.h"
#include "aggregator/api/websocket.h"

static void check_span(const char *head, int size, struct span s)
{
    FUZZ_CHECK(s.length == 0 || (s.at >= head && s.at + s.length <= head + size));
}

static void check_request(const char *head, int size, const struct http_request *r)
{
    FUZZ_CHECK((uint32_t)size <= HTTP_HEAD_SIZE_MAX && r->header_count <= HTTP_HEADERS_MAX);
    FUZZ_CHECK(r->has_length || r->content_length == 0);
    FUZZ_CHECK(!(r->has_length && r->is_chunked));
    FUZZ_CHECK(r->path.length > 0 && (r->path.at[0] == '/' || r->path.at[0] == '*'));
    check_span(head, size, r->path);
    check_span(head, size, r->query);
    check_span(head, size, r->host);
    for (uint32_t i = 0; i < r->header_count; i++) {
        FUZZ_CHECK(r->headers[i].name.length > 0);
        check_span(head, size, r->headers[i].name);
        check_span(head, size, r->headers[i].value);
    }
    (void)http_lists(r, "Accept-Encoding", "gzip");
    (void)http_matches(r, "If-None-Match", "\"0123\"");
    if (websocket_is_handshake(r)) {
        char accept[WEBSOCKET_ACCEPT_SIZE];
        websocket_accept(http_header(r, "Sec-WebSocket-Key"), accept);
        FUZZ_CHECK(strlen(accept) == WEBSOCKET_ACCEPT_SIZE - 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct http_request whole, partly;
    struct http_fault fault = {0};
    char *text = fuzz_exact(bytes, size);
    uint32_t scanned = 0;
    int n = http_read(text, (uint32_t)size, &scanned, &whole, &fault);
    FUZZ_CHECK(n == ERR_AGAIN || n == ERR_MALFORMED || (n > 0 && (size_t)n <= size));
    FUZZ_CHECK(n != ERR_MALFORMED || (fault.status >= 400 && fault.status < 600 && fault.why != NULL));
    if (n > 0)
        check_request(text, n, &whole);
    if (n > 0)
        FUZZ_CHECK(exposition_accepted(&whole) <= EXPOSITION_OPENMETRICS);

    /* A refusal may come earlier than the end of the head, but never the other way about. */
    scanned = 0;
    int m = ERR_AGAIN;
    for (uint32_t at = 0; m == ERR_AGAIN && at <= size; at += at < 512 ? 1 : 64)
        m = http_read(text, at, &scanned, &partly, &fault);
    if (m == ERR_AGAIN)
        m = http_read(text, (uint32_t)size, &scanned, &partly, &fault);
    FUZZ_CHECK(n == m || (n == ERR_AGAIN && m == ERR_MALFORMED) || (m > 0 && m == n));
    if (m > 0) {
        FUZZ_CHECK(partly.method == whole.method && partly.header_count == whole.header_count);
        FUZZ_CHECK(partly.path.at == whole.path.at && partly.content_length == whole.content_length);
    }
    free(text);
    return 0;
}
