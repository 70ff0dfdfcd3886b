/* SPDX-License-Identifier: MIT */
/* Addresses of the web; see http_url.h. */
#include "agent/http_url.h"

#include <string.h>

#include "platform/base/text.h"

static bool is_plain(const char *s)
{
    for (; *s != '\0'; s++)
        if (*s <= ' ' || *s > '~' || *s == '"' || *s == '\\')
            return false;
    return true;
}

/* "host", "host:80", "[::1]", "[::1]:80". */
static bool complete_address(struct http_url *u)
{
    struct text t;
    text_init(&t, u->address, sizeof u->address);
    const char *bracket = strchr(u->host, ']');
    const char *colon = strrchr(bracket != NULL ? bracket : u->host, ':');
    uint64_t port = 0;
    if (colon != NULL && (!text_to_u64(colon + 1, &port) || port == 0 || port > 65535))
        return false;
    if (u->host[0] == '\0' || u->host[0] == ':' || (u->host[0] == '[') != (bracket != NULL))
        return false;
    if (bracket != NULL && bracket[1] != '\0' && bracket[1] != ':')
        return false;
    if (bracket == NULL && strchr(u->host, ':') != colon)
        return false; /* a bare V6 address: where does it end? */
    text_put(&t, u->host);
    if (colon == NULL)
        text_put(&t, u->is_tls ? ":443" : ":80");
    return !t.truncated;
}

int http_url_parse(const char *text, struct http_url *out)
{
    memset(out, 0, sizeof *out);
    out->is_tls = text_starts(text, "https://");
    if ((!out->is_tls && !text_starts(text, "http://")) || strlen(text) >= HTTP_URL_SIZE || !is_plain(text))
        return ERR_MALFORMED;
    const char *host = text + (out->is_tls ? 8 : 7);
    size_t host_length = strcspn(host, "/?#");
    size_t rest_length = strcspn(host + host_length, "#");
    if (memchr(host, '@', host_length) != NULL)
        return ERR_MALFORMED;
    memcpy(out->host, host, host_length);
    bool has_slash = host[host_length] == '/';
    out->path[0] = '/';
    memcpy(out->path + (has_slash ? 0 : 1), host + host_length, rest_length);
    return complete_address(out) ? ERR_OK : ERR_MALFORMED;
}
