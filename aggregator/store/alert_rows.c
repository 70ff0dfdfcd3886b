/* SPDX-License-Identifier: MIT */
/* Alerts on disk: lists, lookups, the feed. Everything here sees committed rows only. */
#include "aggregator/store/state.h"

#define I64(name) {COLUMN_I64, offsetof(struct alert, name), 0, 0, 0}
#define U32(name) {COLUMN_U32, offsetof(struct alert, name), 0, 0, 0}
#define BOOL(name) {COLUMN_BOOL, offsetof(struct alert, name), 0, 0, 0}
#define TEXT(name) {COLUMN_TEXT, offsetof(struct alert, name), sizeof(((struct alert *)NULL)->name), 0, 0}

/* In the order of the table (schema_events.h). */
static const struct row_column columns[] = {
    I64(number), I64(revision), I64(created_revision), TEXT(id), TEXT(instance), TEXT(rule), TEXT(tag),
    TEXT(metric), TEXT(unit), TEXT(type), TEXT(message), TEXT(who), U32(severity), U32(status),
    I64(created_ms), I64(updated_ms), I64(acknowledged_ms), I64(resolved_ms), I64(deleted_ms),
    I64(first_ms), I64(last_ms), I64(peak_ms), I64(first_value), I64(last_value), I64(peak_value),
    I64(level), U32(scale), U32(occurrences), U32(reopened), BOOL(is_low),
};
static_assert(COUNT_OF(columns) == 30, "as many as the table has");
static_assert(sizeof(enum alert_status) == 4 && sizeof(enum alert_severity) == 4, "U32 holds them");

/* A row as it is, numbers of enumerations within their bounds. */
static void take(sqlite3_stmt *row, struct alert *out)
{
    *out = (struct alert){.number = 0};
    row_take(row, out, columns, COUNT_OF(columns));
    if ((uint32_t)out->severity >= ALERT_SEVERITY_COUNT)
        out->severity = ALERT_CRITICAL;
    if ((uint32_t)out->status >= ALERT_STATUS_COUNT)
        out->status = ALERT_RESOLVED;
}

static int take_one(struct store *s, enum statement which, struct alert *out)
{
    int n = database_next(&s->database, which);
    if (n != 1)
        return n;
    take(database_statement(&s->database, which), out);
    database_reset(&s->database, which);
    return 1;
}

int alert_row_put(struct store *s, const struct alert *alert)
{
    char lists[ROW_LISTS_SIZE];
    row_bind(database_statement(&s->database, SQL_ALERT_PUT), alert, columns, COUNT_OF(columns), lists);
    return database_run(&s->database, SQL_ALERT_PUT);
}

static int row_by_id(struct store *s, const char *id, struct alert *out)
{
    database_bind_text(database_statement(&s->database, SQL_ALERT_GET), 1, id);
    return take_one(s, SQL_ALERT_GET, out);
}

int alert_row_by_key(struct store *s, const struct alert_report *report, struct alert *out)
{
    sqlite3_stmt *get = database_statement(&s->database, SQL_ALERT_BY_KEY);
    database_bind_text(get, 1, report->instance);
    database_bind_text(get, 2, report->rule);
    database_bind_text(get, 3, report->tag);
    return take_one(s, SQL_ALERT_BY_KEY, out);
}

/* The statement goes on where it stood; reset it when not taking all. */
int alert_row_next_open(struct store *s, struct alert *out)
{
    int n = database_next(&s->database, SQL_ALERT_OPEN);
    if (n == 1)
        take(database_statement(&s->database, SQL_ALERT_OPEN), out);
    return n;
}

int store_alert_get(struct store *s, const char *id, struct alert *out)
{
    int n = row_by_id(s, id, out);
    return n == 1 && out->deleted_ms != 0 ? 0 : n;
}

int store_alert_list(struct store *s, const struct alert_filter *filter, struct alert *out, uint32_t max)
{
    bool by_status = filter->status >= 0, by_instance = filter->instance[0] != '\0';
    enum statement which = by_instance ? (by_status ? SQL_ALERT_LIST_BOTH : SQL_ALERT_LIST_INSTANCE)
                                       : (by_status ? SQL_ALERT_LIST_STATUS : SQL_ALERT_LIST);
    sqlite3_stmt *list = database_statement(&s->database, which);
    (void)sqlite3_bind_int64(list, 1, filter->before_ms);
    (void)sqlite3_bind_int64(list, 2, filter->before);
    (void)sqlite3_bind_int64(list, 3, max);
    if (by_instance)
        database_bind_text(list, 4, filter->instance);
    if (by_status)
        (void)sqlite3_bind_int64(list, 5, filter->status);
    uint32_t count = 0;
    int n = 0;
    while (count < max && (n = database_next(&s->database, which)) == 1)
        take(list, &out[count++]);
    database_reset(&s->database, which);
    return n < 0 ? n : (int)count;
}

int store_alert_counts(struct store *s, struct alert_counts *out)
{
    int n;
    sqlite3_stmt *row = database_statement(&s->database, SQL_ALERT_COUNTS);
    *out = (struct alert_counts){.active = 0};
    while ((n = database_next(&s->database, SQL_ALERT_COUNTS)) == 1) {
        uint32_t count = (uint32_t)sqlite3_column_int64(row, 2);
        bool is_active = sqlite3_column_int64(row, 0) == ALERT_ACTIVE;
        if (is_active && sqlite3_column_int64(row, 1) == ALERT_CRITICAL)
            out->critical += count;
        *(is_active ? &out->active : &out->acknowledged) += count;
    }
    return n;
}

int store_alert_next(struct store *s, uint64_t *cursor, struct alert *out)
{
    if (*cursor >= s->events.revision_committed)
        return 0;
    (void)sqlite3_bind_int64(database_statement(&s->database, SQL_ALERT_NEXT), 1, (int64_t)*cursor);
    int n = take_one(s, SQL_ALERT_NEXT, out);
    if (n == 1)
        *cursor = out->revision;
    else if (n == 0) /* what is up to here are changes of other kinds */
        *cursor = s->events.revision_committed;
    return n;
}
