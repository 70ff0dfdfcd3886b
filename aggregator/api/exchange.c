/* SPDX-License-Identifier: MIT */
/* Response heads and error bodies; what every handler needs. */
#include "aggregator/api/exchange.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "platform/base/timestamp.h"

#define COMMIT_MS 10000

static const char *reason(uint16_t status)
{
    static const struct {
        uint16_t status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {303, "See Other"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };
    for (uint32_t i = 0; i < COUNT_OF(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Error";
}

void exchange_begin(struct exchange *x, struct world *w, const struct http_request *r, struct mono now)
{
    x->world = w;
    x->request = r;
    x->now = now;
    x->now_ms = wall_ms(plat_wall(w->plat));
    x->parameter[0] = 0;
    x->body = (struct span){NULL, 0};
    x->body_slot = x->scratch_slot = NULL;
    x->is_foreign = false;
    (void)text_copy(x->who, sizeof(x->who), "nobody");
    x->role = ROLE_UNSET;
    x->token_place = -1;
    x->login = NULL;
    x->status = 500;
    x->content_type = NULL;
    x->allow = x->cors_allow = 0;
    text_init(&x->headers, x->headers_buf, sizeof(x->headers_buf));
    x->decide = NULL;
    x->produce = NULL;
    x->release = NULL;
    x->json = (struct json){0};
}

void exchange_drop_body(struct exchange *x)
{
    body_pool_give(&x->world->bodies, x->body_slot);
    body_pool_give(&x->world->bodies, x->scratch_slot);
    x->body_slot = x->scratch_slot = NULL;
    x->body = (struct span){NULL, 0};
}

struct span exchange_encoding(const struct http_request *r)
{
    struct span encoding = http_header(r, "Content-Encoding");
    return span_equal_ignoring_case(encoding, "identity") ? (struct span){NULL, 0} : encoding;
}

char *exchange_scratch(struct exchange *x, uint32_t *size)
{
    const struct body_pool *pool = &x->world->bodies;
    *size = x->scratch_slot == NULL ? 0 : pool->slot_size;
    return x->scratch_slot == NULL ? NULL : pool->bytes + (x->scratch_slot - pool->bytes);
}

void exchange_end(struct exchange *x)
{
    if (x->release != NULL)
        x->release(x);
    x->release = NULL;
    x->produce = NULL;
    x->decide = NULL;
    exchange_drop_body(x);
}

void *exchange_state(struct exchange *x, size_t size)
{
    ASSERT(size <= EXCHANGE_STATE_SIZE);
    memset(x->state, 0, size);
    return x->state;
}

void respond(struct exchange *x, uint16_t status, const char *content_type,
             int (*produce)(struct exchange *x))
{
    x->status = status;
    x->content_type = content_type;
    x->produce = produce;
}

void respond_json(struct exchange *x, int (*produce)(struct exchange *x))
{
    respond(x, 200, "application/json", produce);
}

void respond_empty(struct exchange *x, uint16_t status)
{
    respond(x, status, NULL, NULL);
}

void respond_later(struct exchange *x, int (*decide)(struct exchange *x))
{
    x->decide = decide;
}

static int await_commit(struct exchange *x)
{
    struct world *w = x->world;
    if (store_commit_count(w->store) >= x->commit_awaited)
        return x->respond_now(x);
    if (!mono_reached(plat_mono(w->plat), x->commit_deadline))
        return ERR_BUSY;
    respond_busy(x, 10, "storage does not take writes at the moment; see /healthz and the log");
    return ERR_OK;
}

void respond_committed(struct exchange *x, int (*respond_now)(struct exchange *x))
{
    x->respond_now = respond_now;
    x->commit_awaited = store_commit_awaited(x->world->store);
    x->commit_deadline = mono_after_ms(plat_mono(x->world->plat), COMMIT_MS);
    respond_later(x, await_commit);
}

bool respond_etag(struct exchange *x, uint64_t hash)
{
    char etag[24];
    struct text t;
    text_init(&t, etag, sizeof(etag));
    text_printf(&t, "\"%016llx\"", (unsigned long long)hash);
    respond_header(x, "ETag: %s", etag);
    if (!http_matches(x->request, "If-None-Match", etag))
        return false;
    respond_empty(x, 304);
    return true;
}

/* Not for people who attack: a body that is another one has another hash, but for one in 2^64. */
static uint64_t hash_of(const char *bytes, uint32_t size)
{
    uint64_t h = size, word;
    for (uint32_t at = 0; at < size; at += sizeof(word)) {
        word = 0;
        memcpy(&word, bytes + at, size - at < sizeof(word) ? size - at : sizeof(word));
        h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 32;
    }
    return h;
}

bool exchange_tag(struct exchange *x, const char *body, uint32_t size)
{
    bool is_asked = x->request->method == HTTP_GET || x->request->method == HTTP_HEAD;
    bool is_data = x->content_type != NULL && text_equal(x->content_type, "application/json");
    if (!is_asked || !is_data || x->status != 200 || x->door == DOOR_COMMAND ||
        strstr(x->headers_buf, "ETag:") != NULL)
        return false;
    return respond_etag(x, hash_of(body, size));
}

void respond_allow(struct exchange *x)
{
    text_put(&x->headers, "Allow: ");
    http_put_methods(&x->headers, x->allow, ", ");
    text_put(&x->headers, "\r\n");
    ASSERT(!x->headers.truncated);
}

void respond_busy(struct exchange *x, uint32_t retry_after_s, const char *what)
{
    respond_error(x, 503, NULL, "%s", what);
    respond_header(x, "Retry-After: %u", retry_after_s);
}

static bool is_v1(const struct exchange *x)
{
    const struct span path = x->request->path;
    return path.length >= 8 && memcmp(path.at, "/api/v1/", 8) == 0;
}

static int produce_error(struct exchange *x)
{
    if (x->door == DOOR_COMMAND) {
        text_printf(x->json.out, "%s\n", x->message);
        return PRODUCE_DONE;
    }
    struct json *j = &x->json;
    json_open_object(j, NULL);
    if (is_v1(x)) {
        json_text(j, "type", "about:blank");
        json_text(j, "title", reason(x->status));
        json_u64(j, "status", x->status);
        json_text(j, "detail", x->message);
    }
    json_text(j, "error", x->error != NULL ? x->error : reason(x->status));
    json_text(j, "message", x->message);
    json_close_object(j);
    return PRODUCE_DONE;
}

void respond_error(struct exchange *x, uint16_t status, const char *error, const char *format, ...)
{
    struct text message;
    text_init(&message, x->message, sizeof(x->message));
    va_list args;
    va_start(args, format);
    int n = vsnprintf(x->message, sizeof(x->message), format, args);
    va_end(args);
    if (n < 0)
        text_clear(&message);
    x->error = error;
    respond(x, status, is_v1(x) ? "application/problem+json" : "application/json", produce_error);
}

void respond_header(struct exchange *x, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char line[256];
    int n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    ASSERT(n > 0 && (uint32_t)n < sizeof(line));
    text_printf(&x->headers, "%s\r\n", line);
    ASSERT(!x->headers.truncated);
}

void exchange_head(const struct exchange *x, int64_t body_size, bool keep_alive, struct text *out)
{
    text_printf(out, "HTTP/1.1 %u %s\r\nDate: ", (unsigned)x->status, reason(x->status));
    timestamp_put(out, x->now_ms, "GMT");
    text_put(out, "\r\n");
    if (x->content_type != NULL)
        text_printf(out, "Content-Type: %s\r\n", x->content_type);
    if (body_size >= 0 && x->status != 304 && x->status != 204)
        text_printf(out, "Content-Length: %llu\r\n", (unsigned long long)body_size);
    else if (body_size == BODY_UNKNOWN && !x->request->is_1_0)
        text_put(out, "Transfer-Encoding: chunked\r\n");
    if (!keep_alive)
        text_put(out, "Connection: close\r\n");
    else if (x->request->is_1_0)
        text_put(out, "Connection: keep-alive\r\n");
    /* Clients of the earlier backend call from other origins. Without a token, a page from elsewhere must
     * not read what this machine's owner can. */
    if (!x->is_foreign) {
        text_put(out, "Access-Control-Allow-Origin: *\r\n"
                      "Access-Control-Allow-Headers: Content-Type,Authorization\r\n"
                      "Access-Control-Allow-Methods: ");
        http_put_methods(out, x->cors_allow, ",");
        text_put(out, "\r\n");
    }
    text_put(out, "X-Content-Type-Options: nosniff\r\n");
    if (x->door == DOOR_TLS)
        text_put(out, "Strict-Transport-Security: max-age=31536000\r\n");
    text_put_n(out, x->headers.at, x->headers.length);
    text_put(out, "\r\n");
    ASSERT(!out->truncated);
}
