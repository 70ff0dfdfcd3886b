/* SPDX-License-Identifier: MIT */
/* Records as rows: one list of columns says how a struct is bound and read back. */
#include <sqlite3.h>
#include <string.h>

#include "aggregator/store/events.h"

static const void *field(const void *record, uint32_t at)
{
    return (const uint8_t *)record + at;
}

static uint32_t number_at(const void *record, uint32_t at)
{
    uint32_t v;
    memcpy(&v, field(record, at), sizeof v);
    return v;
}

/* The elements, a line feed between them, into what is left of `lists`. */
static void bind_list(sqlite3_stmt *to, int at, const void *record, const struct row_column *c,
                      struct text *lists)
{
    uint32_t start = lists->length, count = number_at(record, c->count_at);
    for (uint32_t i = 0; i < count && i < c->count_max; i++) {
        if (i > 0)
            text_put_char(lists, '\n');
        text_put(lists, (const char *)field(record, c->at + i * c->size));
    }
    ASSERT(!lists->truncated);
    (void)sqlite3_bind_text(to, at, lists->at + start, (int)(lists->length - start), SQLITE_STATIC);
}

void row_bind(sqlite3_stmt *to, const void *record, const struct row_column *columns, uint32_t count,
              char lists[static ROW_LISTS_SIZE])
{
    struct text t;
    text_init(&t, lists, ROW_LISTS_SIZE);
    for (uint32_t i = 0; i < count; i++) {
        const struct row_column *c = &columns[i];
        const void *from = field(record, c->at);
        int at = (int)i + 1;
        int64_t wide;
        bool truth;
        switch (c->kind) {
        case COLUMN_I64:
            memcpy(&wide, from, sizeof wide);
            (void)sqlite3_bind_int64(to, at, wide);
            break;
        case COLUMN_U32:
            (void)sqlite3_bind_int64(to, at, number_at(record, c->at));
            break;
        case COLUMN_BOOL:
            memcpy(&truth, from, sizeof truth);
            (void)sqlite3_bind_int64(to, at, truth);
            break;
        case COLUMN_TEXT:
            (void)sqlite3_bind_text(to, at, from, -1, SQLITE_STATIC);
            break;
        case COLUMN_LIST:
            bind_list(to, at, record, c, &t);
            break;
        }
    }
}

static void take_list(const char *from, void *record, const struct row_column *c)
{
    uint8_t *to = record;
    uint32_t count = 0;
    while (*from != '\0' && count < c->count_max) {
        size_t length = strcspn(from, "\n");
        if (length < c->size) {
            memcpy(to + c->at + count * c->size, from, length);
            to[c->at + count * c->size + length] = 0;
            count++;
        }
        from += length + (from[length] == '\n');
    }
    memcpy(to + c->count_at, &count, sizeof count);
}

void row_take(sqlite3_stmt *from, void *record, const struct row_column *columns, uint32_t count)
{
    uint8_t *to = record;
    for (uint32_t i = 0; i < count; i++) {
        const struct row_column *c = &columns[i];
        int64_t wide = sqlite3_column_int64(from, (int)i);
        uint32_t number = (uint32_t)wide;
        bool truth = wide != 0;
        const char *text = (const char *)sqlite3_column_text(from, (int)i);
        switch (c->kind) {
        case COLUMN_I64:
            memcpy(to + c->at, &wide, sizeof wide);
            break;
        case COLUMN_U32:
            memcpy(to + c->at, &number, sizeof number);
            break;
        case COLUMN_BOOL:
            memcpy(to + c->at, &truth, sizeof truth);
            break;
        case COLUMN_TEXT:
            (void)text_copy((char *)to + c->at, c->size, text == NULL ? "" : text);
            break;
        case COLUMN_LIST:
            take_list(text == NULL ? "" : text, record, c);
            break;
        }
    }
}
