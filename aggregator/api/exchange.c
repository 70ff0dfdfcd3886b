/* SPDX-License-Identifier: MIT */
/* Response heads and error bodies; what every handler needs. */
#include "aggregator/api/exchange.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *reason(uint16_t status)
{
    static const struct {
        uint16_t status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {426, "Upgrade Required"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
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
    x->is_foreign = false;
    x->status = 500;
    x->content_type = NULL;
    x->allow = "GET,OPTIONS";
    text_init(&x->headers, x->headers_buf, sizeof(x->headers_buf));
    x->produce = NULL;
    x->release = NULL;
    x->json = (struct json){0};
}

void exchange_end(struct exchange *x)
{
    if (x->release != NULL)
        x->release(x);
    x->release = NULL;
    x->produce = NULL;
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

static bool is_v1(const struct exchange *x)
{
    const struct span path = x->request->path;
    return path.length >= 8 && memcmp(path.at, "/api/v1/", 8) == 0;
}

static int produce_error(struct exchange *x)
{
    struct json *j = &x->json;
    json_open_object(j, NULL);
    if (is_v1(x)) {
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

/* "Sat, 21 Nov 2026 10:41:38 GMT", rearranged from the ISO form. */
static void put_date(struct text *out, int64_t ms)
{
    static const char days[] = "ThuFriSatSunMonTueWed"; /* 1970-01-01 was a Thursday */
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char iso_buf[32];
    struct text iso;
    text_init(&iso, iso_buf, sizeof(iso_buf));
    text_put_iso_ms(&iso, ms);
    int64_t weekday = ms / (86400 * MS_PER_S) % 7;
    int32_t month = (iso_buf[5] - '0') * 10 + (iso_buf[6] - '0') - 1;
    text_printf(out, "%.3s, %.2s %.3s %.4s %.8s GMT", days + 3 * (weekday < 0 ? 0 : weekday), iso_buf + 8,
                months + 3 * month, iso_buf, iso_buf + 11);
}

void exchange_head(const struct exchange *x, int64_t body_size, bool keep_alive, struct text *out)
{
    text_printf(out, "HTTP/1.1 %u %s\r\nDate: ", (unsigned)x->status, reason(x->status));
    put_date(out, x->now_ms);
    text_put(out, "\r\n");
    if (x->content_type != NULL)
        text_printf(out, "Content-Type: %s\r\n", x->content_type);
    if (body_size >= 0 && x->status != 304)
        text_printf(out, "Content-Length: %llu\r\n", (unsigned long long)body_size);
    else if (body_size == BODY_UNKNOWN && !x->request->is_1_0)
        text_put(out, "Transfer-Encoding: chunked\r\n");
    if (!keep_alive)
        text_put(out, "Connection: close\r\n");
    else if (x->request->is_1_0)
        text_put(out, "Connection: keep-alive\r\n");
    /* Clients of the earlier backend call from other origins. Without a token, a page from elsewhere must
     * not read what this machine's owner can. */
    if (!x->is_foreign)
        text_printf(out,
                    "Access-Control-Allow-Origin: *\r\n"
                    "Access-Control-Allow-Headers: Content-Type,Authorization\r\n"
                    "Access-Control-Allow-Methods: %s\r\n",
                    x->allow);
    text_put(out, "X-Content-Type-Options: nosniff\r\n");
    text_put_n(out, x->headers.at, x->headers.length);
    text_put(out, "\r\n");
    ASSERT(!out->truncated);
}
