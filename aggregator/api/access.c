/* SPDX-License-Identifier: MIT */
/* Token, Host and Origin. */
#include "aggregator/api/access.h"

#include <string.h>

#include "aggregator/api/query_string.h"

#define TOKEN_SIZE_MAX 160U

/* Looks at every byte whatever it finds, so that time does not tell how much was right. */
static bool is_same_secret(const char *given, const char *expected)
{
    size_t given_length = strlen(given), length = strlen(expected);
    uint8_t difference = given_length != length;
    for (size_t i = 0; i < length; i++)
        difference |= (uint8_t)(expected[i] ^ (i < given_length ? given[i] : 0));
    return difference == 0;
}

static bool take_prefix(struct span *s, const char *prefix)
{
    uint32_t n = (uint32_t)strlen(prefix);
    if (s->length < n || !span_equal_ignoring_case((struct span){s->at, n}, prefix))
        return false;
    *s = (struct span){s->at + n, s->length - n};
    return true;
}

static bool has_bearer(const struct exchange *x)
{
    char given[TOKEN_SIZE_MAX];
    struct span value = http_header(x->request, "Authorization");
    if (!take_prefix(&value, "Bearer ") || value.length >= sizeof(given))
        return false;
    memcpy(given, value.at, value.length);
    given[value.length] = 0;
    return is_same_secret(given, x->world->token);
}

static bool has_websocket_token(const struct exchange *x)
{
    char given[TOKEN_SIZE_MAX], wanted[32 + TOKEN_SIZE_MAX * 4 / 3];
    if (query_text(x->request->query, "token", given, sizeof(given)) > 0 &&
        is_same_secret(given, x->world->token))
        return true;
    static const char prefix[] = "bearer.";
    uint32_t n = sizeof(prefix) - 1;
    memcpy(wanted, prefix, n);
    int length = text_base64url_encode((const uint8_t *)x->world->token,
                                       (uint32_t)strlen(x->world->token), wanted + n,
                                       (uint32_t)sizeof(wanted) - n);
    if (length < 0)
        return false;
    /* List entries, compared as secrets. */
    struct span rest = http_header(x->request, "Sec-WebSocket-Protocol");
    while (rest.length > 0) {
        char entry[sizeof(wanted)];
        uint32_t size = 0;
        for (; rest.length > 0 && rest.at[0] != ','; rest.at++, rest.length--)
            if (rest.at[0] != ' ' && size + 1 < sizeof(entry))
                entry[size++] = rest.at[0];
        if (rest.length > 0)
            rest = (struct span){rest.at + 1, rest.length - 1};
        entry[size] = 0;
        if (is_same_secret(entry, wanted))
            return true;
    }
    return false;
}

/* "localhost", "x.localhost" or an address in digits, with or without a port. Only names can be made to
 * point here by somebody else. */
static bool is_local_or_address(struct span host)
{
    if (host.length > 0 && host.at[0] == '[')
        return true;
    uint32_t n = 0, dots = 0;
    bool is_digits = true;
    for (; n < host.length && host.at[n] != ':'; n++) {
        dots += host.at[n] == '.';
        is_digits &= host.at[n] == '.' || (host.at[n] >= '0' && host.at[n] <= '9');
    }
    if (is_digits && dots == 3)
        return true;
    static const char name[] = "localhost";
    uint32_t length = sizeof(name) - 1;
    if (n < length)
        return false;
    struct span tail = {host.at + n - length, length};
    return span_equal_ignoring_case(tail, name) && (n == length || tail.at[-1] == '.');
}

static bool is_foreign_origin(const struct http_request *r)
{
    struct span origin = http_header(r, "Origin");
    if (origin.at == NULL)
        return false;
    bool is_http = take_prefix(&origin, "http://") || take_prefix(&origin, "https://");
    return !is_http || !is_local_or_address(origin);
}

bool access_check(struct exchange *x, bool is_open_route, bool is_websocket)
{
    const struct http_request *r = x->request;
    if (x->world->token[0] != 0) {
        if (is_open_route || r->method == HTTP_OPTIONS || has_bearer(x) ||
            (is_websocket && has_websocket_token(x)))
            return true;
        respond_error(x, 401, NULL,
                      "this aggregator asks for its API token: send \"Authorization: Bearer TOKEN\"");
        respond_header(x, "WWW-Authenticate: Bearer realm=\"nephos\"");
        return false;
    }
    x->is_foreign = is_foreign_origin(r);
    if (is_open_route)
        return true;
    if (r->host.length > 0 && !is_local_or_address(r->host)) {
        respond_error(x, 421, NULL,
                      "without an API token only \"localhost\" and IP addresses are taken as Host; set a "
                      "token to use a name");
        return false;
    }
    if (is_websocket && x->is_foreign) {
        respond_error(x, 401, NULL,
                      "a page from another site may not listen here unless an API token is set");
        return false;
    }
    return true;
}
