/* SPDX-License-Identifier: MIT */
/* See store_models.h. */
#include "aggregator/store/store_models.h"

#include <string.h>

#include "aggregator/store/state.h"

static int64_t id_of(uint32_t instance, uint32_t part)
{
    ASSERT(part < STORE_MODEL_PARTS);
    return (int64_t)instance * STORE_MODEL_PARTS + part;
}

int store_models_begin(struct store *s)
{
    return database_begin(&s->database, false);
}

int store_model_put(struct store *s, uint32_t instance, uint32_t part, const void *data, uint32_t size)
{
    ASSERT(size <= STORE_MODEL_SIZE_MAX);
    sqlite3_stmt *put = database_statement(&s->database, SQL_MODEL_PUT);
    (void)sqlite3_bind_int64(put, 1, id_of(instance, part));
    (void)sqlite3_bind_blob(put, 2, data, (int)size, SQLITE_STATIC);
    return database_run(&s->database, SQL_MODEL_PUT);
}

int store_models_end(struct store *s, bool is_good)
{
    if (is_good)
        return database_commit(&s->database);
    database_rollback(&s->database);
    return ERR_OK;
}

int store_model_get(struct store *s, uint32_t instance, uint32_t part, void *data, uint32_t size)
{
    sqlite3_stmt *get = database_statement(&s->database, SQL_MODEL_GET);
    (void)sqlite3_bind_int64(get, 1, id_of(instance, part));
    int n = database_next(&s->database, SQL_MODEL_GET);
    if (n != 1)
        return n == 0 ? ERR_MISSING : n;
    uint32_t length = (uint32_t)sqlite3_column_bytes(get, 0);
    if (length <= size && length > 0)
        memcpy(data, sqlite3_column_blob(get, 0), length);
    database_reset(&s->database, SQL_MODEL_GET);
    return length <= size ? (int)length : ERR_FULL;
}
