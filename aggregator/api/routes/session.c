/* SPDX-License-Identifier: MIT */
/* POST, GET, DELETE /api/v1/session: a token becomes a cookie that no script can read; who am I; goodbye. */
#include <string.h>

#include "aggregator/api/access.h"
#include "aggregator/api/credential.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/listing.h"

static void set_cookie(struct exchange *x, const char *key, int64_t life_ms)
{
    respond_header(x, "Set-Cookie: " CREDENTIAL_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; "
                      "Max-Age=%lld%s", key,
                   (long long)(life_ms / MS_PER_S), x->door == DOOR_TLS ? "; Secure" : "");
    respond_header(x, "Cache-Control: no-store");
}

static int produce_who(struct exchange *x)
{
    struct json *j = &x->json;
    json_open_object(j, NULL);
    json_text(j, "name", x->who);
    json_text(j, "role", role_name(x->role));
    json_bool(j, "login", x->login != NULL);
    json_close_object(j);
    return PRODUCE_DONE;
}

void handle_session_who(struct exchange *x)
{
    respond_header(x, "Cache-Control: no-store");
    respond_json(x, produce_who);
}

void handle_session_begin(struct exchange *x)
{
    char text[CREDENTIAL_SIZE_MAX] = "", key[LOGIN_KEY_SIZE];
    const struct listing_member members[] = {{"token", text, sizeof(text), NULL}};
    struct world *w = x->world;
    if (access_is_foreign(x)) {
        respond_error(x, 403, NULL, "a page from another site may not log in here");
        return;
    }
    if (!access_may_try(x) || !listing_body(x, members, COUNT_OF(members)))
        return;
    int place = access_token(x, text, (uint32_t)strlen(text));
    if (place < 0) {
        if (access_failed(x))
            respond_error(x, 401, NULL, "the token is unknown, expired or revoked");
        return;
    }
    const char *name;
    access_holder(x, place, &name, &x->role);
    (void)text_copy(x->who, sizeof(x->who), name);
    login_begin(w->access.logins, w->plat, place, access_token_id(w, place), x->now, key);
    plat_log(w->plat, LOG_INFO, "API: %s (%s) has logged in from %s", x->who, role_name(x->role),
             plat_peer_address(w->plat, x->conn));
    set_cookie(x, key, LOGIN_LIFE_MS);
    respond_json(x, produce_who);
}

void handle_session_end(struct exchange *x)
{
    if (x->login != NULL)
        login_end(x->world->access.logins, x->login);
    x->login = NULL;
    set_cookie(x, "", 0);
    respond_empty(x, 204);
}
