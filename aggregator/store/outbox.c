/* SPDX-License-Identifier: MIT */
/* Destinations as rows: a cursor and the list of what was told, whole with each change. */
#include <string.h>

#include "aggregator/store/state.h"
#include "platform/base/bytes.h"

#define TOLD_BYTES 24U

const char *const outbox_state_names[OUTBOX_STATE_COUNT] = {
    [OUTBOX_IDLE] = "idle",         [OUTBOX_WAITING] = "waiting", [OUTBOX_SENDING] = "sending",
    [OUTBOX_RETRYING] = "retrying", [OUTBOX_DOWN] = "down",       [OUTBOX_HELD] = "held",
};

void outbox_reserve(struct store *s, struct memory_map *map)
{
    struct outbox *rows = memory_reserve(map, "store: destinations", OUTBOX_MAX, sizeof *rows,
                                         "the configuration is refused");
    struct memory_line *line = memory_last_line(map);
    uint8_t *bytes =
        memory_reserve(map, "store: destinations, row", 1, OUTBOX_TOLD_MAX * TOLD_BYTES, "fixed");
    if (s != NULL)
        s->outboxes = (struct outboxes){.rows = rows, .bytes = bytes, .line = line};
}

static void unpack(struct outbox *o, const uint8_t *bytes, uint32_t size)
{
    for (uint32_t at = 0; at + TOLD_BYTES <= size && o->told_count < OUTBOX_TOLD_MAX; at += TOLD_BYTES)
        o->told[o->told_count++] = (struct outbox_told){
            .alert = (int64_t)get_u64(bytes + at),
            .told_ms = (int64_t)get_u64(bytes + at + 8),
            .status = bytes[at + 16],
            .severity = bytes[at + 17],
            .repeats = get_u16(bytes + at + 18),
            .reopened = get_u32(bytes + at + 20)};
}

static uint32_t pack(const struct outbox *o, uint8_t *bytes)
{
    for (uint32_t i = 0; i < o->told_count; i++) {
        const struct outbox_told *t = &o->told[i];
        uint8_t *at = bytes + (size_t)i * TOLD_BYTES;
        put_u64(at, (uint64_t)t->alert);
        put_u64(at + 8, (uint64_t)t->told_ms);
        at[16] = t->status;
        at[17] = t->severity;
        put_u16(at + 18, t->repeats);
        put_u32(at + 20, t->reopened);
    }
    return o->told_count * TOLD_BYTES;
}

static struct outbox *add(struct store *s, const char *name, const char *type)
{
    struct outboxes *b = &s->outboxes;
    if (b->count == OUTBOX_MAX)
        return NULL;
    struct outbox *o = &b->rows[b->count++];
    memset(o, 0, sizeof *o);
    (void)text_copy(o->name, sizeof o->name, name);
    (void)text_copy(o->type, sizeof o->type, type);
    memory_use(b->line, b->count);
    return o;
}

/* 1 and the row in *o, 0 when there is none, or a storage error. */
static int load(struct store *s, const char *name, struct outbox *o)
{
    sqlite3_stmt *row = database_statement(&s->database, SQL_OUTBOX_GET);
    (void)sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
    int n = database_next(&s->database, SQL_OUTBOX_GET);
    if (n != 1)
        return n;
    o->cursor = (uint64_t)sqlite3_column_int64(row, 0);
    o->messages = (uint64_t)sqlite3_column_int64(row, 1);
    const uint8_t *bytes = sqlite3_column_blob(row, 2);
    unpack(o, bytes, (uint32_t)sqlite3_column_bytes(row, 2));
    database_reset(&s->database, SQL_OUTBOX_GET);
    return 1;
}

struct outbox *store_outbox_open(struct store *s, const char *name, const char *type)
{
    int found = store_outbox_find(s, name);
    if (found >= 0) {
        struct outbox *o = store_outbox(s, (uint32_t)found);
        (void)text_copy(o->type, sizeof o->type, type);
        return o;
    }
    struct outbox *o = add(s, name, type);
    if (o == NULL)
        return NULL;
    int n = load(s, name, o);
    if (n < 0)
        plat_log(s->plat, LOG_ERROR, "what the destination %s has been told cannot be read: it begins anew",
                 name);
    if (n != 1) {
        o->cursor = store_revision(s);
        store_outbox_save(s, o);
    }
    return o;
}

uint32_t store_outbox_count(const struct store *s)
{
    return s->outboxes.count;
}

struct outbox *store_outbox(struct store *s, uint32_t index)
{
    ASSERT(index < s->outboxes.count);
    return &s->outboxes.rows[index];
}

int store_outbox_find(struct store *s, const char *name)
{
    for (uint32_t i = 0; i < s->outboxes.count; i++)
        if (text_equal(s->outboxes.rows[i].name, name))
            return (int)i;
    return ERR_MISSING;
}

void store_outbox_save(struct store *s, struct outbox *o)
{
    s->outboxes.dirty |= UINT32_C(1) << (o - s->outboxes.rows);
    tables_staged(s);
}

int outbox_write(struct store *s)
{
    int err = ERR_OK;
    for (uint32_t i = 0; err == ERR_OK && i < s->outboxes.count; i++) {
        const struct outbox *o = &s->outboxes.rows[i];
        if ((s->outboxes.dirty & UINT32_C(1) << i) == 0)
            continue;
        sqlite3_stmt *put = database_statement(&s->database, SQL_OUTBOX_PUT);
        (void)sqlite3_bind_text(put, 1, o->name, -1, SQLITE_STATIC);
        (void)sqlite3_bind_int64(put, 2, (int64_t)o->cursor);
        (void)sqlite3_bind_int64(put, 3, (int64_t)o->messages);
        (void)sqlite3_bind_blob(put, 4, s->outboxes.bytes, (int)pack(o, s->outboxes.bytes), SQLITE_STATIC);
        err = database_run(&s->database, SQL_OUTBOX_PUT);
    }
    return err;
}

void outbox_written(struct store *s)
{
    s->outboxes.dirty = 0;
}
