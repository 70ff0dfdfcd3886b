/* SPDX-License-Identifier: MIT */
/* See store_documents.h. */
#include <string.h>

#include "aggregator/store/state.h"

static struct document *find(const struct store *s, const char *name)
{
    for (uint32_t i = 0; i < DOCUMENTS_MAX; i++)
        if (text_equal(s->events.documents[i].name, name))
            return &s->events.documents[i];
    return NULL;
}

const char *store_document(const struct store *s, const char *name, uint32_t *length, uint64_t *revision)
{
    const struct document *d = find(s, name);
    *length = d == NULL ? 0 : d->length;
    if (revision != NULL)
        *revision = d == NULL ? 0 : d->revision;
    return d == NULL ? "" : d->text;
}

/* Its place, or a free one; NULL. */
static struct document *take(struct store *s, const char *name)
{
    struct document *d = find(s, name);
    if (d == NULL && (d = find(s, "")) != NULL && !text_copy(d->name, sizeof d->name, name)) {
        d->name[0] = '\0';
        return NULL;
    }
    return d;
}

int store_document_put(struct store *s, const char *name, const char *text, uint32_t length)
{
    struct document *d = length < DOCUMENT_SIZE ? take(s, name) : NULL;
    if (d == NULL)
        return ERR_FULL;
    memmove(d->text, text, length);
    d->text[length] = '\0';
    d->length = length;
    d->revision++;
    d->is_staged = true;
    s->events.has_staged_documents = true;
    tables_staged(s);
    return ERR_OK;
}

int documents_load(struct store *s)
{
    int n;
    sqlite3_stmt *row = database_statement(&s->database, SQL_DOCUMENT_LIST);
    while ((n = database_next(&s->database, SQL_DOCUMENT_LIST)) == 1) {
        const char *name = (const char *)sqlite3_column_text(row, 0);
        const void *text = sqlite3_column_blob(row, 1);
        int length = sqlite3_column_bytes(row, 1);
        struct document *d = name == NULL || length >= (int)DOCUMENT_SIZE ? NULL : take(s, name);
        if (d == NULL)
            continue; /* of a newer version, perhaps */
        if (length > 0)
            memcpy(d->text, text, (size_t)length);
        d->length = (uint32_t)length;
    }
    return n;
}

int documents_write(struct store *s)
{
    int err = ERR_OK;
    for (uint32_t i = 0; s->events.has_staged_documents && err == ERR_OK && i < DOCUMENTS_MAX; i++) {
        const struct document *d = &s->events.documents[i];
        if (!d->is_staged)
            continue;
        sqlite3_stmt *put = database_statement(&s->database, SQL_DOCUMENT_PUT);
        (void)sqlite3_bind_text(put, 1, d->name, -1, SQLITE_STATIC);
        (void)sqlite3_bind_blob(put, 2, d->text, (int)d->length, SQLITE_STATIC);
        err = database_run(&s->database, SQL_DOCUMENT_PUT);
    }
    return err;
}

void documents_written(struct store *s)
{
    for (uint32_t i = 0; s->events.has_staged_documents && i < DOCUMENTS_MAX; i++)
        s->events.documents[i].is_staged = false;
    s->events.has_staged_documents = false;
}
