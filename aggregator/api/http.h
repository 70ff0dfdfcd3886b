/* SPDX-License-Identifier: MIT */
/* The head of an HTTP/1.1 request: bytes -> struct, with bounds. Pure; it never copies.
 *
 * Strict where leniency has let requests be smuggled past proxies (RFC 9112 section 11.2): lines end in
 * CRLF, no folded headers, no blank before a colon, one Content-Length, never Content-Length with
 * Transfer-Encoding, which may be "chunked" and nothing else. What is refused carries the status to answer
 * and a sentence for people. */
#ifndef NEPHOS_API_HTTP_H
#define NEPHOS_API_HTTP_H

#include "platform/base/text.h"

#define HTTP_HEAD_SIZE_MAX 8192U  /* request line and headers, blank line included */
#define HTTP_HEADERS_MAX 64U

/* Part of a text that somebody else holds. */
struct span {
    const char *at;
    uint32_t length;
};

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_DELETE,
    HTTP_PATCH,
    HTTP_OPTIONS,
};

struct http_header {
    struct span name, value;
};

struct http_request {
    enum http_method method;
    struct span path;  /* from '/', still percent-encoded; "*" for OPTIONS * */
    struct span query; /* after '?', may be empty */
    struct span host;  /* empty only in HTTP/1.0 */
    struct http_header headers[HTTP_HEADERS_MAX];
    uint32_t header_count;
    uint64_t content_length; /* 0 when has_length is false */
    bool has_length;         /* Content-Length */
    bool is_chunked;         /* Transfer-Encoding: chunked, and nothing else; never both */
    bool is_1_0;
    bool keep_alive;
    bool expects_continue;
};

struct http_fault {
    uint16_t status; /* 400, 414, 417, 431, 501 or 505 */
    const char *why;
};

/* Looks for a whole head at the start of `bytes`. Its size; ERR_AGAIN when it has not ended yet;
 * ERR_MALFORMED with `fault` filled in. *scanned is how far earlier calls on the same bytes looked: 0 at
 * first. */
int http_read(const char *bytes, uint32_t size, uint32_t *scanned, struct http_request *out,
              struct http_fault *fault);

/* Value of the first header of that name, without blanks around it; length 0 and NULL when absent. */
struct span http_header(const struct http_request *r, const char *name);
/* True when a header of that name lists `token`, ignoring case and, of "token;q=0.5", what follows; a
 * quality of 0 counts as absent. */
bool http_lists(const struct http_request *r, const char *name, const char *token);
/* True when If-Match or If-None-Match lists the entity tag (quotes included), weak or strong, or is "*". */
bool http_matches(const struct http_request *r, const char *name, const char *etag);

#define HTTP_METHOD_BIT(method) (1U << (method))
/* "GET,POST,OPTIONS": the methods of the set and OPTIONS, in the order in which clients know them. HEAD is
 * named when it is in the set. */
void http_put_methods(struct text *out, uint32_t methods, const char *separator);
/* Without blanks and tabs at its ends. */
struct span span_trim(struct span s);
bool span_equal(struct span a, const char *b);
bool span_equal_ignoring_case(struct span a, const char *b);

#endif
