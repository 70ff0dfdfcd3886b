/* SPDX-License-Identifier: MIT */
/* Does the service of this machine answer? See health.h. */
#include "agent/inputs/health.h"

#include <string.h>

void health_init(struct health *h, struct plat *p, struct series *series, const char *url,
                 int64_t interval_ms, int64_t timeout_ms)
{
    memset(h, 0, offsetof(struct health, url));
    http_init(&h->http, p);
    h->plat = p;
    h->series = series;
    h->interval_ms = interval_ms;
    h->timeout_ms = timeout_ms;
    h->look_at = plat_mono(p);
    h->is_on = url[0] != '\0' && http_url_parse(url, &h->url) == ERR_OK;
}

static bool is_up(const struct health *h)
{
    return h->status >= 200 && h->status <= 299;
}

/* --- one look --- */

static void conclude(struct health *h, int status, const char *why)
{
    bool was_up = h->is_known && is_up(h);
    bool is_first = !h->is_known;
    h->is_known = true;
    h->status = status;
    h->response_us = (plat_mono(h->plat).ns - h->begun_at.ns) / 1000;
    if (is_up(h) == was_up && !is_first)
        return;
    plat_log(h->plat, is_up(h) ? LOG_INFO : LOG_WARN, "health check: %s%s%s: %s", h->url.host, h->url.path,
             is_up(h) ? " answers" : " is not well", why);
}

static void begin(struct health *h, struct mono now)
{
    h->begun_at = plat_mono(h->plat);
    h->look_at = mono_after_ms(now, h->interval_ms);
    struct text request = http_request(&h->http);
    text_printf(&request, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: nephos-agent/" NEPHOS_VERSION
                "\r\nAccept: */*\r\nConnection: close\r\n\r\n", h->url.path, h->url.host);
    if (http_begin(&h->http, &request, h->url.address, h->url.is_tls ? PLAT_TLS_ANY : PLAT_PLAIN, true,
                   mono_after_ms(now, h->timeout_ms)) < 0)
        conclude(h, 0, "no connection can be made");
}

static void go_on(struct health *h, struct mono now)
{
    struct http_reply reply;
    char words[200];
    struct text t;
    switch (http_step(&h->http, now, &reply)) {
    case ERR_AGAIN:
        return;
    case ERR_OK:
        text_init(&t, words, sizeof words);
        text_printf(&t, "status %d", reply.status);
        conclude(h, reply.status, words);
        return;
    case ERR_BUSY:
        conclude(h, 0, "no answer in time");
        return;
    case ERR_CLOSED:
        text_init(&t, words, sizeof words);
        text_printf(&t, "no connection: %s", http_why(&h->http));
        conclude(h, 0, words);
        return;
    default:
        conclude(h, 0, "its answer is no HTTP");
    }
}

void health_ready(struct health *h, int conn)
{
    http_ready(&h->http, conn);
}

struct mono health_step(struct health *h, struct mono now)
{
    if (!h->is_on)
        return MONO_NEVER;
    go_on(h, now);
    if (!http_is_busy(&h->http) && mono_reached(now, h->look_at))
        begin(h, now);
    return http_is_busy(&h->http) ? http_deadline(&h->http) : h->look_at;
}

bool health_is_waiting(const struct health *h)
{
    return h->is_on && !h->is_known;
}

void health_close(struct health *h)
{
    http_close(&h->http);
}

/* --- into the sample --- */

static void put(struct health *h, struct sample *out, enum metric metric, int64_t value)
{
    int slot = series_slot(h->series, metric, "");
    if (slot >= 0)
        sample_put(out, (uint32_t)slot, value);
}

void health_take(struct health *h, struct sample *out)
{
    if (!h->is_known)
        return;
    put(h, out, METRIC_HEALTH_UP, is_up(h));
    put(h, out, METRIC_HEALTH_STATUS, h->status);
    if (h->status != 0) /* thousandths of a millisecond */
        put(h, out, METRIC_RESPONSE_TIME, h->response_us);
}
