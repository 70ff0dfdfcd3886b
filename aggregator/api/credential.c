/* SPDX-License-Identifier: MIT */
/* See credential.h. */
#include "aggregator/api/credential.h"

#include <string.h>

#include "platform/base/text.h"

static bool take_prefix(struct span *s, const char *prefix)
{
    uint32_t n = (uint32_t)strlen(prefix);
    if (s->length < n || !span_equal_ignoring_case((struct span){s->at, n}, prefix))
        return false;
    *s = (struct span){s->at + n, s->length - n};
    return true;
}

/* What stands before `end`, which is taken away with it; all when it is not there. */
static struct span take_until(struct span *rest, char end)
{
    uint32_t n = 0;
    while (n < rest->length && rest->at[n] != end)
        n++;
    struct span word = {rest->at, n};
    n += n < rest->length;
    *rest = (struct span){rest->at + n, rest->length - n};
    return word;
}

struct span credential_bearer(struct span authorization)
{
    return take_prefix(&authorization, "Bearer ") ? span_trim(authorization) : (struct span){NULL, 0};
}

struct span credential_cookie(struct span cookies, const char *name)
{
    while (cookies.length > 0) {
        struct span value = span_trim(take_until(&cookies, ';'));
        struct span key = take_until(&value, '=');
        if (span_equal(key, name) && value.at > key.at + key.length)
            return value;
    }
    return (struct span){NULL, 0};
}

uint32_t credential_subprotocol(struct span protocols, char to[static CREDENTIAL_SIZE_MAX])
{
    while (protocols.length > 0) {
        struct span entry = span_trim(take_until(&protocols, ','));
        if (!take_prefix(&entry, "bearer."))
            continue;
        int n = text_base64url_decode(entry.at, entry.length, (uint8_t *)to, CREDENTIAL_SIZE_MAX - 1);
        if (n <= 0)
            continue;
        to[n] = 0;
        return (uint32_t)n;
    }
    to[0] = 0;
    return 0;
}

struct span credential_host(struct span host)
{
    if (host.length > 0 && host.at[0] == '[') {
        struct span rest = host, inside = take_until(&rest, ']');
        return (struct span){host.at, inside.length < host.length ? inside.length + 1 : 0};
    }
    return take_until(&host, ':');
}

struct span credential_origin_host(struct span origin)
{
    bool is_http = take_prefix(&origin, "http://") || take_prefix(&origin, "https://");
    return is_http ? credential_host(origin) : (struct span){NULL, 0};
}

static bool is_v4(struct span host)
{
    uint32_t dots = 0;
    for (uint32_t i = 0; i < host.length; i++) {
        dots += host.at[i] == '.';
        if (host.at[i] != '.' && (host.at[i] < '0' || host.at[i] > '9'))
            return false;
    }
    return dots == 3;
}

bool credential_is_loopback(struct span host)
{
    static const char name[] = "localhost";
    uint32_t n = sizeof(name) - 1;
    if (span_equal(host, "[::1]") || (is_v4(host) && host.length > 4 && memcmp(host.at, "127.", 4) == 0))
        return true;
    if (host.length < n)
        return false;
    struct span tail = {host.at + host.length - n, n};
    return span_equal_ignoring_case(tail, name) && (host.length == n || tail.at[-1] == '.');
}

bool credential_is_address(struct span host)
{
    return credential_is_loopback(host) || is_v4(host) || (host.length > 0 && host.at[0] == '[');
}
