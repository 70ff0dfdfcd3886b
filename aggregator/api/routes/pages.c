/* SPDX-License-Identifier: MIT */
/* The dashboard's files, out of the binary. */
#include <string.h>

#include "aggregator/api/assets.h"
#include "aggregator/api/routes/handlers.h"

#define CONTENT_POLICY                                                                                \
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' "    \
    "data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

struct asset_state {
    const uint8_t *bytes;
    uint32_t size, sent;
};

static int produce_asset(struct exchange *x)
{
    struct asset_state *st = (struct asset_state *)x->state;
    struct text *out = x->json.out;
    uint32_t room = out->size - 1 - out->length;
    uint32_t n = st->size - st->sent < room ? st->size - st->sent : room;
    text_put_n(out, (const char *)st->bytes + st->sent, n);
    st->sent += n;
    return st->sent == st->size ? PRODUCE_DONE : PRODUCE_MORE;
}

/* What is asked for by its hashed name never changes; else the client asks each time whether it has. */
static void send_asset(struct exchange *x, const struct asset *asset, bool is_hashed)
{
    bool is_gzip = http_lists(x->request, "Accept-Encoding", "gzip");
    char etag[80];
    struct text t;
    text_init(&t, etag, sizeof(etag));
    text_printf(&t, "\"%s%s\"", asset->hash, is_gzip ? "-gz" : "");
    respond_header(x, "ETag: %s", etag);
    respond_header(x, "Cache-Control: %s", is_hashed ? "public, max-age=31536000, immutable" : "no-cache");
    respond_header(x, "Vary: Accept-Encoding");
    if (http_matches(x->request, "If-None-Match", etag)) {
        respond_empty(x, 304);
        return;
    }
    respond_header(x, "Content-Security-Policy: " CONTENT_POLICY);
    respond_header(x, "Referrer-Policy: no-referrer");
    if (is_gzip)
        respond_header(x, "Content-Encoding: gzip");
    struct asset_state *st = exchange_state(x, sizeof(*st));
    st->bytes = is_gzip ? asset->gzip : asset->plain;
    st->size = is_gzip ? asset->gzip_size : asset->plain_size;
    respond(x, 200, asset->content_type, produce_asset);
}

static void find_asset(struct exchange *x, const char *name)
{
    for (uint32_t i = 0; i < asset_count; i++)
        if (text_equal(assets[i].name, name) || text_equal(assets[i].hashed, name)) {
            send_asset(x, &assets[i], text_equal(assets[i].hashed, name));
            return;
        }
    respond_error(x, 404, NULL, "Not Found");
}

void handle_page(struct exchange *x)
{
    find_asset(x, "index.html");
}

void handle_asset(struct exchange *x)
{
    find_asset(x, x->parameter);
}

void handle_no_upgrade(struct exchange *x)
{
    respond_error(x, 426, NULL, "this address is a WebSocket: ask for an upgrade, version 13");
    respond_header(x, "Upgrade: websocket");
}
