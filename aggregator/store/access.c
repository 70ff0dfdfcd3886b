/* SPDX-License-Identifier: MIT */
/* API tokens, revocations and the audit log; see store_access.h. */
#include <string.h>

#include "aggregator/store/state.h"

#define USE_NOTED_MS INT64_C(60000)

static struct access_place *place_at(const struct store *s, uint32_t place)
{
    ASSERT(place < API_TOKENS_MAX);
    return &s->access->places[place];
}

/* --- tokens --- */

const struct api_token *store_api_token(const struct store *s, uint32_t place)
{
    const struct access_place *at = place_at(s, place);
    return at->token.name[0] != '\0' ? &at->token : NULL;
}

int store_api_token_find(const struct store *s, const uint8_t id[static API_TOKEN_ID_SIZE])
{
    for (uint32_t i = 0; i < API_TOKENS_MAX; i++) {
        const struct api_token *t = store_api_token(s, i);
        if (t != NULL && memcmp(t->id, id, API_TOKEN_ID_SIZE) == 0)
            return (int)i;
    }
    return ERR_MISSING;
}

int store_api_token_named(const struct store *s, const char *name)
{
    for (uint32_t i = 0; i < API_TOKENS_MAX; i++) {
        const struct api_token *t = store_api_token(s, i);
        if (t != NULL && text_equal(t->name, name))
            return (int)i;
    }
    return ERR_MISSING;
}

int store_api_token_add(struct store *s, const struct api_token *token)
{
    ASSERT(token->name[0] != '\0');
    if (store_api_token_named(s, token->name) >= 0)
        return ERR_BUSY;
    for (uint32_t i = 0; i < API_TOKENS_MAX; i++) {
        struct access_place *at = place_at(s, i);
        if (at->token.name[0] != '\0' || at->is_changed)
            continue;
        at->token = *token;
        at->is_changed = s->access->has_changed = true;
        tables_staged(s);
        return (int)i;
    }
    return ERR_FULL;
}

void store_api_token_remove(struct store *s, uint32_t place)
{
    struct access_place *at = place_at(s, place);
    at->token = (struct api_token){.role = ROLE_UNSET};
    at->is_changed = s->access->has_changed = true;
    tables_staged(s);
}

void store_api_token_used(struct store *s, uint32_t place, int64_t now_ms)
{
    struct access_place *at = place_at(s, place);
    if (now_ms - at->token.used_ms < USE_NOTED_MS && now_ms >= at->token.used_ms)
        return;
    at->token.used_ms = now_ms;
    at->is_changed = s->access->has_changed = true;
    tables_staged(s);
}

/* --- agents --- */

void store_instance_revoke(struct store *s, uint32_t instance, int64_t at_ms)
{
    ASSERT(instance < s->instance_count);
    s->instances[instance].revoked_ms = at_ms;
    s->states[instance].revocation_changed = true;
    tables_changed(s, instance);
}

/* --- audit --- */

int store_audit(struct store *s, const struct audit_entry *entry)
{
    struct access_state *a = s->access;
    if (a->staged_count == AUDIT_STAGED_MAX)
        return ERR_FULL;
    struct audit_entry *e = &a->staged[a->staged_count];
    *e = *entry;
    e->id = a->next_id + a->staged_count++;
    tables_staged(s);
    return ERR_OK;
}

int store_audit_before(struct store *s, int64_t before, struct audit_entry *out)
{
    sqlite3_stmt *row = database_statement(&s->database, SQL_AUDIT_BEFORE);
    (void)sqlite3_bind_int64(row, 1, before);
    int n = database_next(&s->database, SQL_AUDIT_BEFORE);
    if (n != 1)
        return n;
    out->id = sqlite3_column_int64(row, 0);
    out->time_ms = sqlite3_column_int64(row, 1);
    database_take_text(row, 2, out->who, sizeof out->who);
    database_take_text(row, 3, out->role, sizeof out->role);
    database_take_text(row, 4, out->address, sizeof out->address);
    database_take_text(row, 5, out->method, sizeof out->method);
    database_take_text(row, 6, out->path, sizeof out->path);
    database_take_text(row, 7, out->what, sizeof out->what);
    out->result = (uint16_t)sqlite3_column_int64(row, 8);
    database_reset(&s->database, SQL_AUDIT_BEFORE);
    return 1;
}

int64_t store_token_uses(struct store *s, const uint8_t token[static 8])
{
    static const uint8_t nobody[32];
    sqlite3_stmt *get = database_statement(&s->database, SQL_TOKEN_GET);
    (void)sqlite3_bind_blob(get, 1, token, 8, SQLITE_STATIC);
    (void)sqlite3_bind_blob(get, 2, nobody, (int)sizeof nobody, SQLITE_STATIC);
    int n = database_next(&s->database, SQL_TOKEN_GET);
    if (n < 0)
        return n;
    int64_t count = sqlite3_column_int64(get, 0);
    database_reset(&s->database, SQL_TOKEN_GET);
    return count;
}

/* --- disk --- */

static bool take_blob(sqlite3_stmt *row, int column, void *to, int size)
{
    const void *from = sqlite3_column_blob(row, column);
    if (from == NULL || sqlite3_column_bytes(row, column) != size)
        return false;
    memcpy(to, from, (size_t)size);
    return true;
}

static int load_tokens(struct store *s)
{
    sqlite3_stmt *row = database_statement(&s->database, SQL_API_TOKEN_LIST);
    int n;
    while ((n = database_next(&s->database, SQL_API_TOKEN_LIST)) == 1) {
        int64_t place = sqlite3_column_int64(row, 0);
        struct api_token t = {.role = (enum role)sqlite3_column_int64(row, 4),
                              .created_ms = sqlite3_column_int64(row, 5),
                              .used_ms = sqlite3_column_int64(row, 6),
                              .expires_ms = sqlite3_column_int64(row, 7)};
        database_take_text(row, 3, t.name, sizeof t.name);
        bool is_good = place >= 0 && place < (int64_t)API_TOKENS_MAX && t.name[0] != '\0' &&
                       t.role > ROLE_UNSET && t.role <= ROLE_KEEPER &&
                       take_blob(row, 1, t.id, sizeof t.id) && take_blob(row, 2, t.hash, sizeof t.hash);
        if (is_good)
            place_at(s, (uint32_t)place)->token = t;
        else /* letting nobody in is the safe side */
            plat_log(s->plat, LOG_ERROR, "nephos.db: an API token is damaged and is not taken");
    }
    return n;
}

static int load_revocations(struct store *s)
{
    sqlite3_stmt *row = database_statement(&s->database, SQL_REVOCATION_LIST);
    int n;
    while ((n = database_next(&s->database, SQL_REVOCATION_LIST)) == 1) {
        int64_t instance = sqlite3_column_int64(row, 0);
        if (instance >= 0 && instance < (int64_t)s->instance_count)
            s->instances[instance].revoked_ms = sqlite3_column_int64(row, 1);
    }
    return n;
}

int access_load(struct store *s)
{
    *s->access = (struct access_state){.next_id = 1};
    int err = load_tokens(s);
    if (err == ERR_OK)
        err = load_revocations(s);
    struct audit_entry newest;
    int n = err == ERR_OK ? store_audit_before(s, INT64_MAX, &newest) : err;
    if (n == 1)
        s->access->next_id = newest.id + 1;
    return n < 0 ? n : ERR_OK;
}

static int write_token(struct store *s, uint32_t place)
{
    const struct api_token *t = &place_at(s, place)->token;
    enum statement which = t->name[0] != '\0' ? SQL_API_TOKEN_PUT : SQL_API_TOKEN_DROP;
    sqlite3_stmt *to = database_statement(&s->database, which);
    (void)sqlite3_bind_int64(to, 1, place);
    if (which == SQL_API_TOKEN_PUT) {
        (void)sqlite3_bind_blob(to, 2, t->id, (int)sizeof t->id, SQLITE_STATIC);
        (void)sqlite3_bind_blob(to, 3, t->hash, (int)sizeof t->hash, SQLITE_STATIC);
        database_bind_text(to, 4, t->name);
        (void)sqlite3_bind_int64(to, 5, t->role);
        (void)sqlite3_bind_int64(to, 6, t->created_ms);
        (void)sqlite3_bind_int64(to, 7, t->used_ms);
        (void)sqlite3_bind_int64(to, 8, t->expires_ms);
    }
    return database_run(&s->database, which);
}

static int write_entry(struct store *s, const struct audit_entry *e)
{
    sqlite3_stmt *put = database_statement(&s->database, SQL_AUDIT_PUT);
    (void)sqlite3_bind_int64(put, 1, e->id);
    (void)sqlite3_bind_int64(put, 2, e->time_ms);
    database_bind_text(put, 3, e->who);
    database_bind_text(put, 4, e->role);
    database_bind_text(put, 5, e->address);
    database_bind_text(put, 6, e->method);
    database_bind_text(put, 7, e->path);
    database_bind_text(put, 8, e->what);
    (void)sqlite3_bind_int64(put, 9, e->result);
    return database_run(&s->database, SQL_AUDIT_PUT);
}

int access_write(struct store *s)
{
    struct access_state *a = s->access;
    int err = ERR_OK;
    for (uint32_t i = 0; a->has_changed && err == ERR_OK && i < API_TOKENS_MAX; i++)
        if (a->places[i].is_changed)
            err = write_token(s, i);
    for (uint32_t i = 0; err == ERR_OK && i < a->staged_count; i++)
        err = write_entry(s, &a->staged[i]);
    if (err != ERR_OK || a->staged_count == 0)
        return err;
    sqlite3_stmt *trim = database_statement(&s->database, SQL_AUDIT_TRIM);
    (void)sqlite3_bind_int64(trim, 1, a->next_id + a->staged_count - AUDIT_KEPT_MAX);
    return database_run(&s->database, SQL_AUDIT_TRIM);
}

int access_write_revocation(struct store *s, uint32_t instance)
{
    int64_t at_ms = s->instances[instance].revoked_ms;
    enum statement which = at_ms != 0 ? SQL_REVOCATION_PUT : SQL_REVOCATION_DROP;
    sqlite3_stmt *to = database_statement(&s->database, which);
    (void)sqlite3_bind_int64(to, 1, instance);
    if (at_ms != 0)
        (void)sqlite3_bind_int64(to, 2, at_ms);
    return database_run(&s->database, which);
}

void access_written(struct store *s)
{
    struct access_state *a = s->access;
    for (uint32_t i = 0; a->has_changed && i < API_TOKENS_MAX; i++)
        a->places[i].is_changed = false;
    a->has_changed = false;
    a->next_id += a->staged_count;
    a->staged_count = 0;
}

void access_reserve(struct store *s, struct memory_map *map)
{
    s->access = memory_reserve(map, "store: API tokens and audit entries", 1, sizeof *s->access,
                               "no further token; a change waits until entries are on disk");
}
