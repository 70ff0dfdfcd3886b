/* SPDX-License-Identifier: MIT */
/* Notes: a bounded number staged, the others on disk. */
#include "aggregator/store/state.h"

#define I64(name) {COLUMN_I64, offsetof(struct note, name), 0, 0, 0}
#define TEXT(name) {COLUMN_TEXT, offsetof(struct note, name), sizeof(((struct note *)NULL)->name), 0, 0}

/* In the order of the table (schema_events.h). */
static const struct row_column columns[] = {
    I64(number), I64(revision), I64(created_revision), TEXT(id), TEXT(instance), TEXT(text), TEXT(author),
    I64(from_ms), I64(to_ms), I64(created_ms), I64(updated_ms), I64(deleted_ms),
};
static_assert(COUNT_OF(columns) == 12, "as many as the table has");

static int take_one(struct store *s, enum statement which, struct note *out)
{
    int n = database_next(&s->database, which);
    if (n != 1)
        return n;
    *out = (struct note){.number = 0};
    row_take(database_statement(&s->database, which), out, columns, COUNT_OF(columns));
    database_reset(&s->database, which);
    return 1;
}

static int by_id(struct store *s, const char *id, struct note *out)
{
    sqlite3_stmt *get = database_statement(&s->database, SQL_NOTE_GET);
    (void)sqlite3_bind_text(get, 1, id, -1, SQLITE_STATIC);
    return take_one(s, SQL_NOTE_GET, out);
}

static int64_t count_on_disk(struct store *s)
{
    int64_t count = INT64_MAX;
    if (database_next(&s->database, SQL_NOTE_COUNT) == 1) {
        count = sqlite3_column_int64(database_statement(&s->database, SQL_NOTE_COUNT), 0);
        database_reset(&s->database, SQL_NOTE_COUNT);
    }
    return count;
}

/* The staged note of that id or a staged copy of what is on disk. */
static int stage(struct store *s, const char *id, struct note **out)
{
    struct events *e = &s->events;
    for (uint32_t i = 0; i < e->note_count; i++)
        if (text_equal(e->notes[i].id, id)) {
            *out = &e->notes[i];
            return (*out)->deleted_ms == 0 ? ERR_OK : ERR_MISSING;
        }
    int n = by_id(s, id, e->note_row);
    if (n < 0)
        return n;
    if (n == 0 || e->note_row->deleted_ms != 0)
        return ERR_MISSING;
    if (e->note_count == NOTES_STAGED_MAX)
        return ERR_AGAIN;
    *out = &e->notes[e->note_count++];
    **out = *e->note_row;
    return ERR_OK;
}

static int stage_new(struct store *s, struct note **out)
{
    struct events *e = &s->events;
    if (count_on_disk(s) + e->note_count >= e->notes_max)
        return ERR_FULL;
    if (e->note_count == NOTES_STAGED_MAX)
        return ERR_AGAIN;
    *out = &e->notes[e->note_count++];
    **out = (struct note){.number = e->note_next++, .created_ms = wall_ms(plat_wall(s->plat))};
    store_new_id(s, (*out)->id);
    return ERR_OK;
}

int store_note_put(struct store *s, struct note *note)
{
    struct note *to;
    if (note->text[0] == '\0' || note->to_ms < note->from_ms)
        return ERR_MALFORMED;
    int err = note->id[0] == '\0' ? stage_new(s, &to) : stage(s, note->id, &to);
    if (err != ERR_OK)
        return err;
    (void)text_copy(to->instance, sizeof to->instance, note->instance);
    (void)text_copy(to->text, sizeof to->text, note->text);
    (void)text_copy(to->author, sizeof to->author, note->author);
    to->from_ms = note->from_ms;
    to->to_ms = note->to_ms;
    to->updated_ms = wall_ms(plat_wall(s->plat));
    to->revision = events_revision(s);
    if (to->created_revision == 0)
        to->created_revision = to->revision;
    *note = *to;
    return ERR_OK;
}

int store_note_remove(struct store *s, const char *id)
{
    struct note *to;
    int err = stage(s, id, &to);
    if (err != ERR_OK)
        return err;
    to->deleted_ms = to->updated_ms = wall_ms(plat_wall(s->plat));
    to->revision = events_revision(s);
    return ERR_OK;
}

uint32_t store_notes_max(const struct store *s)
{
    return s->events.notes_max;
}

int store_note_get(struct store *s, const char *id, struct note *out)
{
    int n = by_id(s, id, out);
    return n == 1 && out->deleted_ms != 0 ? 0 : n;
}

int store_note_list(struct store *s, const struct note_filter *filter, struct note *out, uint32_t max)
{
    sqlite3_stmt *list = database_statement(&s->database, SQL_NOTE_LIST);
    (void)sqlite3_bind_text(list, 1, filter->instance, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(list, 2, filter->from_ms);
    (void)sqlite3_bind_int64(list, 3, filter->to_ms);
    (void)sqlite3_bind_int64(list, 4, filter->before_ms);
    (void)sqlite3_bind_int64(list, 5, filter->before);
    (void)sqlite3_bind_int64(list, 6, max);
    uint32_t count = 0;
    int n = 0;
    while (count < max && (n = database_next(&s->database, SQL_NOTE_LIST)) == 1) {
        out[count] = (struct note){.number = 0};
        row_take(list, &out[count++], columns, COUNT_OF(columns));
    }
    database_reset(&s->database, SQL_NOTE_LIST);
    return n < 0 ? n : (int)count;
}

int notes_write(struct store *s)
{
    char lists[ROW_LISTS_SIZE];
    int err = ERR_OK;
    for (uint32_t i = 0; err == ERR_OK && i < s->events.note_count; i++) {
        row_bind(database_statement(&s->database, SQL_NOTE_PUT), &s->events.notes[i], columns,
                 COUNT_OF(columns), lists);
        err = database_run(&s->database, SQL_NOTE_PUT);
    }
    return err;
}
