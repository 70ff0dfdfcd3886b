/* SPDX-License-Identifier: MIT */
/* See address.h. */
#include "aggregator/sentinel/address.h"

#include <string.h>

static const struct scheme {
    const char *prefix;
    bool is_port;  /* HOST:PORT and nothing else */
    bool is_name;  /* HOST and nothing else */
} schemes[] = {{"http://", false, false}, {"https://", false, false}, {"tls://", true, false},
               {"tcp://", true, false},   {"dns://", false, true}};

static bool is_clean(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text <= ' ' || *text == 0x7f || *text == '"' || *text == '\\' || *text == '<' ||
            *text == '>')
            return false;
    return true;
}

/* A name or an address in [], and perhaps a port: its pieces, or false. */
static bool split_host(const char *at, uint32_t length, uint32_t *host_length, const char **port)
{
    const char *close = at[0] == '[' ? memchr(at, ']', length) : NULL;
    if (at[0] == '[' && close == NULL)
        return false;
    const char *from = close != NULL ? close : at;
    const char *colon = memchr(from, ':', length - (uint32_t)(from - at));
    *host_length = colon != NULL ? (uint32_t)(colon - at) : length;
    *port = colon != NULL ? colon + 1 : NULL;
    if (close != NULL && close + 1 != at + *host_length)
        return false;
    return *host_length > (close != NULL ? 2U : 0U);
}

static bool is_port(const char *port, uint32_t length)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < length; i++) {
        if (port[i] < '0' || port[i] > '9' || i == 5)
            return false;
        n = n * 10 + (uint32_t)(port[i] - '0');
    }
    return length > 0 && n > 0 && n <= UINT16_MAX;
}

bool address_allowed(const char *url)
{
    uint32_t host_length;
    const char *port;
    for (uint32_t i = 0; i < COUNT_OF(schemes); i++) {
        const struct scheme *s = &schemes[i];
        if (!text_starts(url, s->prefix))
            continue;
        const char *host = url + strlen(s->prefix);
        uint32_t length = (uint32_t)strcspn(host, "/?#");
        if (!is_clean(url) || length == 0 || memchr(host, '@', length) != NULL ||
            !split_host(host, length, &host_length, &port))
            return false;
        if (port != NULL && !is_port(port, (uint32_t)(host + length - port)))
            return false;
        if (s->is_port)
            return port != NULL && host[length] == '\0';
        return !s->is_name || (port == NULL && host[length] == '\0');
    }
    return false;
}

/* "https://a.example:8443" of "https://a.example:8443/x?y": the length of it. */
static uint32_t origin_length(const char *url)
{
    const char *host = strstr(url, "://");
    return host == NULL ? (uint32_t)strlen(url) : (uint32_t)(host + 3 - url + (long)strcspn(host + 3, "/?#"));
}

/* The path of the base up to and with its last slash. */
static uint32_t folder_length(const char *base)
{
    uint32_t origin = origin_length(base);
    uint32_t end = origin + (uint32_t)strcspn(base + origin, "?#");
    while (end > origin && base[end - 1] != '/')
        end--;
    return end;
}

static bool has_scheme(const char *location)
{
    size_t n = strspn(location, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
    return n > 0 && location[n] == ':';
}

/* Servers take the dots of a path out themselves; nobody else does so here. */
int address_follow(const char *base, const char *location, char *to, uint32_t to_size)
{
    struct text t;
    uint32_t origin = origin_length(base), length = (uint32_t)strcspn(location, "#");
    text_init(&t, to, to_size);
    if (length == 0)
        return ERR_MALFORMED;
    if (has_scheme(location)) {
        bool is_secure = text_starts(location, "https:") || text_starts(location, "HTTPS:");
        const char *rest = strchr(location, ':') + 1;
        text_put(&t, is_secure ? "https:" : text_starts(location, "http:") || text_starts(location, "HTTP:")
                                                ? "http:"
                                                : "?");
        text_put_n(&t, rest, length - (uint32_t)(rest - location));
    } else if (text_starts(location, "//")) {
        text_put_n(&t, base, (uint32_t)(strchr(base, ':') + 1 - base));
        text_put_n(&t, location, length);
    } else {
        uint32_t kept = location[0] == '/'   ? origin
                        : location[0] == '?' ? origin + (uint32_t)strcspn(base + origin, "?#")
                                             : folder_length(base);
        text_put_n(&t, base, kept);
        if (kept == origin && location[0] != '/')
            text_put_char(&t, '/');
        text_put_n(&t, location, length);
    }
    if (t.truncated)
        return ERR_FULL;
    bool is_web = text_starts(to, "http://") || text_starts(to, "https://");
    return is_web && address_allowed(to) ? ERR_OK : ERR_MALFORMED;
}
