/* SPDX-License-Identifier: MIT */
/* GET, POST /api/v1/access, DELETE /api/v1/access/{name}: tokens for the API. */
#include <string.h>

#include "aggregator/api/access.h"
#include "aggregator/api/audit.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/listing.h"

struct creation {
    char name[NAME_SIZE];
    char text[SECRET_TEXT_SIZE];
    enum role role;
    int64_t expires_ms;
};

static void write_token(struct json *j, const struct api_token *t)
{
    json_open_object(j, NULL);
    json_text(j, "name", t->name);
    json_text(j, "role", role_name(t->role));
    json_iso_ms(j, "createdAt", t->created_ms);
    if (t->used_ms != 0)
        json_iso_ms(j, "lastUsedAt", t->used_ms);
    if (t->expires_ms != 0)
        json_iso_ms(j, "expiresAt", t->expires_ms);
    json_close_object(j);
}

static int write_row(struct exchange *x, int64_t *cursor, bool as_text)
{
    if (*cursor >= (int64_t)API_TOKENS_MAX)
        return 0;
    const struct api_token *t = store_api_token(x->world->store, (uint32_t)(*cursor)++);
    if (t == NULL)
        return 1;
    if (!as_text) {
        write_token(&x->json, t);
        return 1;
    }
    struct text *out = x->json.out;
    text_printf(out, "%-24s %-9s ", t->name, role_name(t->role));
    listing_put_time(out, t->created_ms, "-");
    text_put(out, "  ");
    listing_put_time(out, t->used_ms, "never");
    text_put(out, "  ");
    listing_put_time(out, t->expires_ms, "never");
    text_put_char(out, '\n');
    return 1;
}

void handle_access_list(struct exchange *x)
{
    static const struct listing list = {
        .key = "tokens",
        .head = "NAME                     ROLE      CREATED           LAST USED         EXPIRES",
        .row = write_row,
    };
    listing_respond_page(x, &list);
}

/* --- a new one --- */

static int produce_created(struct exchange *x)
{
    struct creation *c = (struct creation *)x->state;
    if (x->door == DOOR_COMMAND) {
        text_printf(x->json.out, "%s\n", c->text);
        return PRODUCE_DONE;
    }
    json_open_object(&x->json, NULL);
    json_text(&x->json, "name", c->name);
    json_text(&x->json, "role", role_name(c->role));
    json_text(&x->json, "token", c->text);
    if (c->expires_ms != 0)
        json_iso_ms(&x->json, "expiresAt", c->expires_ms);
    json_close_object(&x->json);
    return PRODUCE_DONE;
}

static int respond_created(struct exchange *x)
{
    respond_header(x, "Cache-Control: no-store");
    respond(x, 201, x->door == DOOR_COMMAND ? "text/plain; charset=utf-8" : "application/json",
            produce_created);
    return ERR_OK;
}

/* Also what can stand in a path, a log and a table as it is. */
static bool is_good_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:@-";
    return name[0] != 0 && strspn(name, letters) == strlen(name);
}

void handle_access_create(struct exchange *x)
{
    char role[16] = "";
    int64_t ttl_ms = 0;
    struct creation *c = exchange_state(x, sizeof(*c));
    const struct listing_member members[] = {{"name", c->name, sizeof(c->name), NULL},
                                             {"role", role, sizeof(role), NULL},
                                             {"ttl_ms", NULL, 0, &ttl_ms}};
    if (!listing_body(x, members, COUNT_OF(members)))
        return;
    c->role = role_read(role);
    if (c->role == ROLE_UNSET || !is_good_name(c->name)) {
        respond_error(x, 400, NULL, c->role == ROLE_UNSET
                                        ? "\"role\" must be one of ingest, viewer, operator, admin"
                                        : "\"name\" must be 1 to 63 of A-Z a-z 0-9 . _ : @ -");
        return;
    }
    struct api_token t = {.role = c->role, .created_ms = x->now_ms};
    if (ttl_ms > 0 && ttl_ms < INT64_MAX - x->now_ms)
        t.expires_ms = c->expires_ms = x->now_ms + ttl_ms;
    (void)text_copy(t.name, sizeof(t.name), c->name);
    if (store_api_token_named(x->world->store, c->name) >= 0) {
        respond_error(x, 409, NULL, "there is a token called \"%s\": revoke it first, or choose another name",
                      c->name);
        return;
    }
    if (!audit(x, "created the API token %s with the role %s", c->name, role_name(c->role)))
        return;
    secret_new(x->world->plat, c->text, &t);
    if (store_api_token_add(x->world->store, &t) < 0) {
        respond_error(x, 503, NULL, "all %u places for tokens are taken: revoke one", API_TOKENS_MAX);
        return;
    }
    respond_committed(x, respond_created);
}

/* --- the end of one --- */

static int respond_revoked(struct exchange *x)
{
    listing_say(x, 200, "revoked: nobody can use the token \"%s\" any more", x->parameter);
    return ERR_OK;
}

void handle_access_revoke(struct exchange *x)
{
    int place = store_api_token_named(x->world->store, x->parameter);
    if (place < 0) {
        respond_error(x, 404, NULL, "there is no API token of that name; `access list` shows them");
        return;
    }
    if (!audit(x, "revoked the API token %s", x->parameter))
        return;
    store_api_token_remove(x->world->store, (uint32_t)place);
    respond_committed(x, respond_revoked);
}
