/* SPDX-License-Identifier: MIT */
/* GET, POST /api/v1/tokens, DELETE /api/v1/tokens/{id}: tokens with which agents join. */
#include <string.h>

#include "aggregator/access/token.h"
#include "aggregator/api/audit.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/listing.h"

#define USES_MOST 100000
#define TTL_DEFAULT_MS (INT64_C(3600) * 1000)

/* The cursor counts names in the folder as it is now: a token that comes or goes meanwhile may be told
 * twice or not at all, as in any listing of a folder. */
static int write_row(struct exchange *x, int64_t *cursor, bool as_text)
{
    struct token_record r;
    struct json *j = &x->json;
    int found = token_list(x->world->plat, (uint32_t)(*cursor)++, &r);
    if (found == ERR_MISSING)
        return 0;
    if (found < 0)
        return 1; /* damaged, or gone meanwhile */
    int64_t used = store_token_uses(x->world->store, r.id);
    char id[2 * TOKEN_ID_SIZE + 1];
    struct text t;
    text_init(&t, id, sizeof(id));
    text_put_hex(&t, r.id, TOKEN_ID_SIZE);
    if (as_text) {
        text_printf(j->out, "%-16s  %lld of %-8u ", id, (long long)(used < 0 ? 0 : used), r.uses_max);
        listing_put_time(j->out, r.expires_ms, "-");
        text_put(j->out, x->now_ms >= r.expires_ms ? " expired\n" : "\n");
        return 1;
    }
    json_open_object(j, NULL);
    json_text(j, "id", id);
    json_i64(j, "used", used < 0 ? 0 : used);
    json_u64(j, "uses", r.uses_max);
    json_iso_ms(j, "expiresAt", r.expires_ms);
    json_close_object(j);
    return 1;
}

void handle_tokens_list(struct exchange *x)
{
    static const struct listing list = {
        .key = "tokens", .head = "ID                USED            EXPIRES", .row = write_row};
    listing_respond_page(x, &list);
}

static int produce_created(struct exchange *x)
{
    const char *text = (const char *)x->state;
    if (x->door == DOOR_COMMAND) {
        text_printf(x->json.out, "%s\n", text);
        return PRODUCE_DONE;
    }
    json_open_object(&x->json, NULL);
    json_text(&x->json, "token", text);
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

void handle_tokens_create(struct exchange *x)
{
    int64_t uses = 1, ttl_ms = TTL_DEFAULT_MS;
    const struct listing_member members[] = {{"uses", NULL, 0, &uses}, {"ttl_ms", NULL, 0, &ttl_ms}};
    char *text = exchange_state(x, TOKEN_TEXT_SIZE);
    if (!listing_body(x, members, COUNT_OF(members)))
        return;
    if (uses < 1 || uses > USES_MOST || ttl_ms < 1000 || ttl_ms > INT64_C(366) * 86400 * 1000) {
        respond_error(x, 400, NULL, "\"uses\" must be 1 to %d, \"ttl_ms\" a second to 366 days", USES_MOST);
        return;
    }
    if (!audit(x, "created a join token for %lld agents", (long long)uses))
        return;
    if (token_create(x->world->plat, (uint32_t)uses, ttl_ms, text) < 0) {
        respond_error(x, 500, NULL, "the token cannot be written: is the disk full or read-only?");
        return;
    }
    respond_committed(x, respond_created);
}

static int respond_revoked(struct exchange *x)
{
    listing_say(x, 200, "revoked: nobody can join with the token %s any more", x->parameter);
    return ERR_OK;
}

void handle_tokens_revoke(struct exchange *x)
{
    if (!token_is_known(x->world->plat, x->parameter)) {
        respond_error(x, 404, NULL, "there is no join token of that id; `token list` shows them");
        return;
    }
    if (!audit(x, "revoked the join token %s", x->parameter))
        return;
    if (token_revoke(x->world->plat, x->parameter) < 0) {
        respond_error(x, 500, NULL, "the token cannot be removed: is the disk read-only?");
        return;
    }
    respond_committed(x, respond_revoked);
}
