/* SPDX-License-Identifier: MIT */
/* See access.h. */
#include "aggregator/api/access.h"

#include <string.h>

#include "aggregator/api/credential.h"
#include "aggregator/api/query_string.h"

#define ADDRESSES_MAX 512U
#define FAILURES_MAX 256U
#define BURST_S 4U             /* of an address or a token: what it may save up */
#define FAILURES_PER_MINUTE 20U
#define FAILURES_BURST 10U

/* --- roles --- */

static const char *const role_names[] = {
    [ROLE_UNSET] = "nobody",     [ROLE_INGEST] = "ingest", [ROLE_VIEWER] = "viewer",
    [ROLE_OPERATOR] = "operator", [ROLE_ADMIN] = "local",   [ROLE_KEEPER] = "admin",
};

const char *role_name(enum role role)
{
    return role_names[role];
}

enum role role_read(const char *name)
{
    for (uint32_t i = ROLE_INGEST; i < COUNT_OF(role_names); i++)
        if (i != ROLE_ADMIN && text_equal(role_names[i], name))
            return (enum role)i;
    return ROLE_UNSET;
}

static bool reads(enum http_method method)
{
    return method == HTTP_GET || method == HTTP_HEAD || method == HTTP_OPTIONS;
}

enum role access_role_of(const struct route *route)
{
    if (route->role != ROLE_UNSET)
        return route->role;
    return reads(route->method) ? ROLE_VIEWER : ROLE_ADMIN;
}

bool access_allows(enum role held, enum role needed)
{
    if (needed == ROLE_INGEST)
        return held == ROLE_INGEST || held >= ROLE_OPERATOR;
    return held >= needed && held != ROLE_INGEST;
}

/* --- beginning --- */

void access_reserve_room(struct memory_map *map, struct access *a)
{
    a->logins = login_reserve(map);
    a->addresses = limiter_reserve(map, "api: requests by address", ADDRESSES_MAX);
    a->failures = limiter_reserve(map, "api: failures by address", FAILURES_MAX);
    a->tokens = limiter_reserve(map, "api: requests by token", API_TOKENS_MAX + 1);
}

void access_open(struct access *a, struct plat *p, const struct api_options *options)
{
    a->is_open = options->is_open;
    a->has_file = options->token != NULL && options->token[0] != 0;
    if (a->has_file)
        plat_sha256(p, options->token, strlen(options->token), a->file_hash);
    limiter_set(a->addresses, options->rate_per_s * 60, options->rate_per_s * BURST_S);
    limiter_set(a->tokens, options->rate_per_s * 60, options->rate_per_s * BURST_S);
    limiter_set(a->failures, FAILURES_PER_MINUTE, FAILURES_BURST);
}

/* --- limits --- */

static bool answer_too_often(struct exchange *x, int64_t wait_ms, const char *what)
{
    if (wait_ms == 0)
        return true;
    x->world->stats.refused_rate++;
    respond_error(x, 429, NULL, "%s; try again in %u s", what, (unsigned)((wait_ms + 999) / 1000));
    respond_header(x, "Retry-After: %u", (unsigned)((wait_ms + 999) / 1000));
    return false;
}

/* Whoever reaches this door may. */
static bool is_open(const struct exchange *x)
{
    return x->world->access.is_open && x->door == DOOR_PLAIN;
}

static bool is_limited(const struct exchange *x)
{
    return x->door != DOOR_COMMAND && !is_open(x);
}

bool access_may_try(struct exchange *x)
{
    char key[LIMITER_KEY_SIZE];
    limiter_key(plat_peer_address(x->world->plat, x->conn), key);
    return answer_too_often(x, limiter_look(x->world->access.failures, key, x->now),
                            "too many wrong tokens from this address");
}

bool access_failed(struct exchange *x)
{
    char key[LIMITER_KEY_SIZE];
    limiter_key(plat_peer_address(x->world->plat, x->conn), key);
    x->world->stats.refused_token++;
    plat_log(x->world->plat, LOG_WARN, "API: a wrong, expired or revoked token from %s",
             plat_peer_address(x->world->plat, x->conn));
    return answer_too_often(x, limiter_take(x->world->access.failures, key, x->now),
                            "too many wrong tokens from this address");
}

static bool address_may_ask(struct exchange *x)
{
    char key[LIMITER_KEY_SIZE];
    if (!is_limited(x))
        return true;
    limiter_key(plat_peer_address(x->world->plat, x->conn), key);
    return answer_too_often(x, limiter_take(x->world->access.addresses, key, x->now),
                            "too many requests from this address");
}

static bool token_may_ask(struct exchange *x)
{
    char key[LIMITER_KEY_SIZE];
    struct text t;
    if (!is_limited(x))
        return true;
    text_init(&t, key, sizeof(key));
    text_printf(&t, "%d", x->token_place);
    return answer_too_often(x, limiter_take(x->world->access.tokens, key, x->now),
                            "too many requests with this token");
}

/* --- who --- */

int access_token(struct exchange *x, const char *text, uint32_t length)
{
    struct world *w = x->world;
    uint8_t hash[HASH_SIZE];
    if (w->access.has_file) {
        plat_sha256(w->plat, text, length, hash);
        if (secret_equal(hash, w->access.file_hash, HASH_SIZE))
            return TOKEN_PLACE_FILE;
    }
    return secret_check(w->store, w->plat, text, length, x->now_ms);
}

void access_holder(struct exchange *x, int place, const char **name, enum role *role)
{
    *name = "api-token-file";
    *role = ROLE_KEEPER;
    if (place == TOKEN_PLACE_FILE)
        return;
    const struct api_token *t = store_api_token(x->world->store, (uint32_t)place);
    *name = t->name;
    *role = t->role;
}

const uint8_t *access_token_id(const struct world *w, int place)
{
    return place == TOKEN_PLACE_FILE ? w->access.file_hash : store_api_token(w->store, (uint32_t)place)->id;
}

static int holds(struct exchange *x, int place)
{
    const char *name;
    if (place < 0)
        return place;
    x->token_place = place;
    access_holder(x, place, &name, &x->role);
    (void)text_copy(x->who, sizeof(x->who), name);
    memcpy(x->token_id, access_token_id(x->world, place), sizeof(x->token_id));
    if (place != TOKEN_PLACE_FILE)
        store_api_token_used(x->world->store, (uint32_t)place, x->now_ms);
    return ERR_OK;
}

/* The token in that place is the one it was, and has not expired. */
static bool is_good(const struct world *w, int place, const uint8_t *id, int64_t now_ms)
{
    if (place == TOKEN_PLACE_FILE)
        return w->access.has_file && memcmp(w->access.file_hash, id, API_TOKEN_ID_SIZE) == 0;
    const struct api_token *t = store_api_token(w->store, (uint32_t)place);
    return t != NULL && memcmp(t->id, id, sizeof(t->id)) == 0 &&
           (t->expires_ms == 0 || now_ms < t->expires_ms);
}

bool access_is_still_good(const struct exchange *x, int64_t now_ms)
{
    if (x->token_place == TOKEN_PLACE_NONE)
        return x->door == DOOR_COMMAND || is_open(x);
    return is_good(x->world, x->token_place, x->token_id, now_ms);
}

/* A login is as good as its token is now. */
static int by_cookie(struct exchange *x)
{
    struct world *w = x->world;
    struct span key = credential_cookie(http_header(x->request, "Cookie"), CREDENTIAL_COOKIE);
    if (key.at == NULL)
        return ERR_MISSING;
    struct login *l = login_find(w->access.logins, w->plat, key.at, key.length, x->now);
    if (l == NULL)
        return ERR_MISSING; /* over: no offence */
    if (!is_good(w, l->place, l->token_id, x->now_ms)) {
        login_end(w->access.logins, l);
        return ERR_MISSING;
    }
    x->login = l;
    return holds(x, l->place);
}

/* ERR_OK; ERR_MISSING when nothing was shown; ERR_DENIED when it is not good. */
static int identify(struct exchange *x, bool is_websocket)
{
    char text[CREDENTIAL_SIZE_MAX];
    const struct http_request *r = x->request;
    struct span header = http_header(r, "Authorization");
    if (header.at != NULL) {
        struct span bearer = credential_bearer(header);
        return bearer.length == 0 ? ERR_DENIED : holds(x, access_token(x, bearer.at, bearer.length));
    }
    if (is_websocket) {
        int n = (int)credential_subprotocol(http_header(r, "Sec-WebSocket-Protocol"), text);
        if (n == 0)
            n = query_text(r->query, "token", text, sizeof(text));
        if (n > 0)
            return holds(x, access_token(x, text, (uint32_t)n));
    }
    return by_cookie(x);
}

/* --- pages of others --- */

bool access_is_foreign(const struct exchange *x)
{
    const struct http_request *r = x->request;
    struct span origin = http_header(r, "Origin");
    if (origin.at == NULL) {
        /* A browser that does not say which page asks says at least how near it is. */
        struct span site = http_header(r, "Sec-Fetch-Site");
        return site.at != NULL && span_equal_ignoring_case(site, "cross-site");
    }
    struct span from = credential_origin_host(origin), here = credential_host(r->host);
    bool is_here =
        from.length > 0 && from.length == here.length && memcmp(from.at, here.at, here.length) == 0;
    return !is_here && !credential_is_loopback(from);
}

/* The page that uses a login is ours, port and all: cookies know no ports. */
static bool is_other_page(const struct exchange *x)
{
    struct span origin = http_header(x->request, "Origin");
    if (origin.at == NULL)
        return access_is_foreign(x);
    uint32_t n = x->request->host.length, scheme = x->door == DOOR_TLS ? 8 : 7; /* https://, http:// */
    return origin.length != n + scheme || memcmp(origin.at + scheme, x->request->host.at, n) != 0;
}

/* --- the answer --- */

static bool refuse_nobody(struct exchange *x, const char *why)
{
    respond_error(x, 401, NULL, "%s: send \"Authorization: Bearer TOKEN\" (`nephos-aggregator access create` "
                  "makes one), or log in on the dashboard", why);
    respond_header(x, "WWW-Authenticate: Bearer realm=\"nephos\"");
    return false;
}

/* Without any credential, where the API is open. */
static bool admit_local(struct exchange *x, bool is_websocket)
{
    const struct http_request *r = x->request;
    if (r->host.length > 0 && !credential_is_address(credential_host(r->host))) {
        respond_error(x, 421, NULL, "without a token only \"localhost\" and IP addresses are taken as "
                                    "Host; send "
                      "one to use a name");
        return false;
    }
    x->is_foreign = access_is_foreign(x);
    if (x->is_foreign && is_websocket) {
        respond_error(x, 401, NULL, "a page from another site may not listen here without a token");
        return false;
    }
    if (x->is_foreign && !reads(r->method)) {
        respond_error(x, 403, NULL, "a page from another site may not change anything here without a token");
        return false;
    }
    x->role = ROLE_ADMIN;
    (void)text_copy(x->who, sizeof(x->who), "local");
    return true;
}

static bool admit_login(struct exchange *x, bool is_websocket)
{
    x->is_foreign = is_other_page(x);
    if (!x->is_foreign || (reads(x->request->method) && !is_websocket))
        return true;
    respond_error(x, 403, NULL, "a page from another site may not use the login of this one");
    return false;
}

static bool admit(struct exchange *x, bool is_websocket)
{
    if (!is_limited(x) || access_may_try(x)) {
        int e = identify(x, is_websocket);
        if (e == ERR_MISSING && is_open(x))
            return admit_local(x, is_websocket);
        if (e == ERR_MISSING)
            return refuse_nobody(x, "this aggregator asks who you are");
        if (e < 0)
            return (!is_limited(x) || access_failed(x)) &&
                   refuse_nobody(x, "the token is unknown, expired or revoked");
        return (x->login == NULL || admit_login(x, is_websocket)) && token_may_ask(x);
    }
    return false;
}

static bool may(struct exchange *x, const struct route *route)
{
    enum role needed = route == NULL ? ROLE_VIEWER : access_role_of(route);
    if (route == NULL || access_allows(x->role, needed))
        return true;
    if (x->role == ROLE_ADMIN) /* of somebody whom nobody has asked for a name */
        respond_error(x, 403, NULL, "this asks for a token of the role admin, here too: send one, or use the "
                      "commands of nephos-aggregator");
    else
        respond_error(x, 403, NULL, "the token \"%s\" has the role %s; this asks for %s", x->who,
                      role_name(x->role), needed == ROLE_ADMIN ? "admin" : role_name(needed));
    return false;
}

bool access_check(struct exchange *x, const struct route *route, bool is_websocket)
{
    bool is_open_route = route != NULL && (route->kind == ROUTE_OPEN || route->kind == ROUTE_PAGE);
    if (x->door == DOOR_COMMAND) {
        x->role = ROLE_KEEPER;
        (void)text_copy(x->who, sizeof(x->who), "command");
        return true;
    }
    if (!address_may_ask(x))
        return false;
    x->is_foreign = is_open(x) && access_is_foreign(x);
    if (is_open_route && !is_websocket)
        return true;
    if (x->request->method == HTTP_OPTIONS)
        return !is_open(x) || admit_local(x, false);
    return admit(x, is_websocket) && may(x, route);
}
