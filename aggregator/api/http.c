/* SPDX-License-Identifier: MIT */
/* First find the blank line that ends the head, then take the lines apart. */
#include "aggregator/api/http.h"

#include <string.h>

/* tchar of RFC 9110 section 5.6.2. */
static bool is_token_char(char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    return c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool span_equal(struct span a, const char *b)
{
    return a.length == strlen(b) && memcmp(a.at, b, a.length) == 0;
}

bool span_equal_ignoring_case(struct span a, const char *b)
{
    if (a.length != strlen(b))
        return false;
    for (uint32_t i = 0; i < a.length; i++)
        if (lower(a.at[i]) != lower(b[i]))
            return false;
    return true;
}

struct span span_trim(struct span s)
{
    while (s.length > 0 && (s.at[0] == ' ' || s.at[0] == '\t'))
        s = (struct span){s.at + 1, s.length - 1};
    while (s.length > 0 && (s.at[s.length - 1] == ' ' || s.at[s.length - 1] == '\t'))
        s.length--;
    return s;
}

/* Takes what stands before the first `separator` off *rest; all of it when there is none. */
static struct span take_until(struct span *rest, char separator)
{
    const char *found = rest->length > 0 ? memchr(rest->at, separator, rest->length) : NULL;
    struct span part = *rest;
    if (found == NULL) {
        *rest = (struct span){rest->at + rest->length, 0};
        return part;
    }
    part.length = (uint32_t)(found - rest->at);
    *rest = (struct span){found + 1, rest->length - part.length - 1};
    return part;
}

static int refuse(struct http_fault *fault, uint16_t status, const char *why)
{
    *fault = (struct http_fault){status, why};
    return ERR_MALFORMED;
}

/* --- where the head ends --- */

static int head_size(const char *bytes, uint32_t size, uint32_t *scanned, struct http_fault *fault)
{
    for (uint32_t i = *scanned; i < size && i < HTTP_HEAD_SIZE_MAX; i++) {
        if (bytes[i] == 0)
            return refuse(fault, 400, "a zero byte in the request head");
        if (bytes[i] != '\n')
            continue;
        if (i == 0 || bytes[i - 1] != '\r')
            return refuse(fault, 400, "a line that does not end in CR LF");
        if (i >= 3 && bytes[i - 2] == '\n')
            return (int)i + 1;
    }
    if (size < HTTP_HEAD_SIZE_MAX) {
        *scanned = size;
        return ERR_AGAIN;
    }
    bool line_ended = memchr(bytes, '\n', HTTP_HEAD_SIZE_MAX) != NULL;
    return line_ended ? refuse(fault, 431, "request head over 8 KiB; send fewer or shorter headers")
                      : refuse(fault, 414, "request target over 8 KiB; ask for less at once");
}

/* --- the request line --- */

static const char *const method_names[] = {
    [HTTP_GET] = "GET",       [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",       [HTTP_DELETE] = "DELETE", [HTTP_PATCH] = "PATCH",
    [HTTP_OPTIONS] = "OPTIONS",
};

void http_put_methods(struct text *out, uint32_t methods, const char *separator)
{
    for (uint32_t i = 0; i < HTTP_OPTIONS; i++)
        if ((methods & HTTP_METHOD_BIT(i)) != 0)
            text_printf(out, "%s%s", method_names[i], separator);
    text_put(out, method_names[HTTP_OPTIONS]);
}

static int read_method(struct span word, enum http_method *method, struct http_fault *fault)
{
    for (uint32_t i = 0; i < COUNT_OF(method_names); i++)
        if (span_equal(word, method_names[i])) {
            *method = (enum http_method)i;
            return ERR_OK;
        }
    for (uint32_t i = 0; i < word.length; i++)
        if (!is_token_char(word.at[i]))
            return refuse(fault, 400, "the method is not a word");
    return word.length == 0 ? refuse(fault, 400, "no method")
                            : refuse(fault, 501, "a method that nothing here knows");
}

/* Of "http://" and "https://"; which of them is said changes nothing. */
static uint32_t scheme_length(struct span target)
{
    if (target.length > 7 && span_equal_ignoring_case((struct span){target.at, 7}, "http://"))
        return 7;
    return target.length > 8 && span_equal_ignoring_case((struct span){target.at, 8}, "https://") ? 8 : 0;
}

/* Origin form "/path?query", absolute form "http://host/path?query", or "*". */
static int read_target(struct span target, struct http_request *out, struct http_fault *fault)
{
    for (uint32_t i = 0; i < target.length; i++)
        if (target.at[i] <= ' ' || target.at[i] >= 0x7f || target.at[i] == '#')
            return refuse(fault, 400, "a character in the request target that must be percent-encoded");
    uint32_t scheme = scheme_length(target);
    if (scheme > 0) {
        const char *host = target.at + scheme;
        uint32_t left = target.length - scheme, n = 0;
        while (n < left && host[n] != '/' && host[n] != '?')
            n++;
        out->host = (struct span){host, n};
        target = (struct span){host + n, left - n};
        if (n == 0 || target.length == 0 || target.at[0] != '/')
            return refuse(fault, 400, "the request target has no host or no path");
    }
    if (target.length == 0 ||
        (target.at[0] != '/' && !(out->method == HTTP_OPTIONS && span_equal(target, "*"))))
        return refuse(fault, 400, "the request target must begin with '/'");
    out->query = target;
    out->path = take_until(&out->query, '?');
    return ERR_OK;
}

static int read_request_line(struct span line, struct http_request *out, struct http_fault *fault)
{
    struct span rest = line;
    struct span method = take_until(&rest, ' ');
    struct span target = take_until(&rest, ' ');
    int err = read_method(method, &out->method, fault);
    if (err < 0)
        return err;
    out->is_1_0 = span_equal(rest, "HTTP/1.0");
    out->keep_alive = !out->is_1_0;
    if (!out->is_1_0 && !span_equal(rest, "HTTP/1.1"))
        return rest.length == 8 && memcmp(rest.at, "HTTP/", 5) == 0
                   ? refuse(fault, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
                   : refuse(fault, 400, "the request line must be METHOD TARGET HTTP/1.1");
    return read_target(target, out, fault);
}

/* --- headers --- */

static int read_header(struct span line, struct http_request *out, struct http_fault *fault)
{
    if (line.at[0] == ' ' || line.at[0] == '\t')
        return refuse(fault, 400, "a folded header line");
    if (out->header_count == HTTP_HEADERS_MAX)
        return refuse(fault, 431, "more than 64 headers");
    struct span value = line;
    struct span name = take_until(&value, ':');
    if (name.length == 0 || name.length == line.length)
        return refuse(fault, 400, "a header line without a name or without a colon");
    for (uint32_t i = 0; i < name.length; i++)
        if (!is_token_char(name.at[i]))
            return refuse(fault, 400, "a header name with a character that does not belong there");
    for (uint32_t i = 0; i < value.length; i++)
        if (((uint8_t)value.at[i] < ' ' && value.at[i] != '\t') || value.at[i] == 0x7f)
            return refuse(fault, 400, "a header value with a control character");
    out->headers[out->header_count++] = (struct http_header){name, span_trim(value)};
    return ERR_OK;
}

static uint32_t count_headers(const struct http_request *r, const char *name)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->header_count; i++)
        n += span_equal_ignoring_case(r->headers[i].name, name);
    return n;
}

static int read_framing(struct http_request *out, struct http_fault *fault)
{
    uint32_t lengths = count_headers(out, "Content-Length");
    uint32_t codings = count_headers(out, "Transfer-Encoding");
    if (lengths + codings > 1)
        return refuse(fault, 400, "the length of the body is said twice");
    if (codings > 0) {
        if (out->is_1_0)
            return refuse(fault, 400, "HTTP/1.0 knows no Transfer-Encoding");
        if (!span_equal_ignoring_case(http_header(out, "Transfer-Encoding"), "chunked"))
            return refuse(fault, 501, "the only Transfer-Encoding taken here is \"chunked\"");
        out->is_chunked = true;
        return ERR_OK;
    }
    if (lengths == 0)
        return ERR_OK;
    struct span digits = http_header(out, "Content-Length");
    if (digits.length == 0 || digits.length > 18)
        return refuse(fault, 400, "Content-Length must be a number");
    for (uint32_t i = 0; i < digits.length; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return refuse(fault, 400, "Content-Length must be a number");
        out->content_length = out->content_length * 10 + (uint64_t)(digits.at[i] - '0');
    }
    out->has_length = true;
    return ERR_OK;
}

static int read_connection(struct http_request *out, struct http_fault *fault)
{
    bool is_1_1 = !out->is_1_0;
    uint32_t hosts = count_headers(out, "Host");
    if (hosts > 1 || (hosts == 0 && is_1_1))
        return refuse(fault, 400, "exactly one Host header is needed");
    if (out->host.length == 0)
        out->host = http_header(out, "Host");
    if (http_lists(out, "Connection", "close"))
        out->keep_alive = false;
    else if (http_lists(out, "Connection", "keep-alive"))
        out->keep_alive = true;
    struct span expect = http_header(out, "Expect");
    if (expect.at == NULL)
        return ERR_OK;
    if (!span_equal_ignoring_case(expect, "100-continue"))
        return refuse(fault, 417, "only 100-continue can be expected");
    out->expects_continue = is_1_1;
    return ERR_OK;
}

int http_read(const char *bytes, uint32_t size, uint32_t *scanned, struct http_request *out,
              struct http_fault *fault)
{
    int taken = head_size(bytes, size, scanned, fault);
    if (taken < 0)
        return taken;
    out->path = out->query = out->host = (struct span){NULL, 0};
    out->header_count = 0;
    out->content_length = 0;
    out->is_1_0 = out->keep_alive = out->expects_continue = out->has_length = out->is_chunked = false;

    /* The blank line itself is not looked at again. */
    struct span rest = {bytes, (uint32_t)taken - 2};
    bool first = true;
    while (rest.length > 0) {
        struct span line = take_until(&rest, '\n');
        line.length--; /* the CR, which head_size made sure of */
        if (memchr(line.at, '\r', line.length) != NULL)
            return refuse(fault, 400, "a carriage return inside a line");
        int err = first ? read_request_line(line, out, fault) : read_header(line, out, fault);
        if (err < 0)
            return err;
        first = false;
    }
    int err = read_framing(out, fault);
    if (err == ERR_OK)
        err = read_connection(out, fault);
    return err < 0 ? err : taken;
}

struct span http_header(const struct http_request *r, const char *name)
{
    for (uint32_t i = 0; i < r->header_count; i++)
        if (span_equal_ignoring_case(r->headers[i].name, name))
            return r->headers[i].value;
    return (struct span){NULL, 0};
}

/* "q=0", "q=0.0", "q=0.000" */
static bool is_quality_zero(struct span parameter)
{
    parameter = span_trim(parameter);
    if (parameter.length < 3 || lower(parameter.at[0]) != 'q' || parameter.at[1] != '=')
        return false;
    for (uint32_t i = 2; i < parameter.length; i++)
        if (parameter.at[i] != '0' && parameter.at[i] != '.')
            return false;
    return true;
}

bool http_lists(const struct http_request *r, const char *name, const char *token)
{
    for (uint32_t i = 0; i < r->header_count; i++) {
        if (!span_equal_ignoring_case(r->headers[i].name, name))
            continue;
        struct span rest = r->headers[i].value;
        while (rest.length > 0) {
            struct span parameter = take_until(&rest, ',');
            struct span item = take_until(&parameter, ';');
            if (span_equal_ignoring_case(span_trim(item), token))
                return !is_quality_zero(parameter);
        }
    }
    return false;
}

bool http_matches(const struct http_request *r, const char *name, const char *etag)
{
    for (uint32_t i = 0; i < r->header_count; i++) {
        if (!span_equal_ignoring_case(r->headers[i].name, name))
            continue;
        struct span rest = r->headers[i].value;
        while (rest.length > 0) {
            struct span item = span_trim(take_until(&rest, ','));
            if (item.length > 2 && item.at[0] == 'W' && item.at[1] == '/')
                item = (struct span){item.at + 2, item.length - 2};
            if (span_equal(item, etag) || span_equal(item, "*"))
                return true;
        }
    }
    return false;
}
