/* SPDX-License-Identifier: MIT */
/* What alerts, insights, notes and told facts have in common: memory, revisions, the commit, their end. */
#include "aggregator/store/state.h"

void events_reserve(struct events *e, struct memory_map *map, uint32_t instances_max)
{
    uint32_t open = instances_max + ALERTS_OPEN_SPARE;
    struct alert_slot *alerts = memory_reserve(map, "store: open alerts", open, sizeof *alerts,
                                               "a new alert is refused and counted");
    struct memory_line *line = memory_last_line(map);
    struct insight *insights =
        memory_reserve(map, "store: staged insights", INSIGHTS_STAGED_MAX + 1, sizeof *insights,
                       "they are committed at once");
    struct note *notes = memory_reserve(map, "store: staged notes", NOTES_STAGED_MAX + 1, sizeof *notes,
                                        "the request waits for the commit");
    struct told_staged *told =
        memory_reserve(map, "store: staged facts of instances", TOLD_STAGED_MAX, sizeof *told,
                       "the request waits for the commit");
    struct alert *alert_row = memory_reserve(map, "store: an alert at hand", 1, sizeof *alert_row,
                                             "never full");
    struct document *documents = memory_reserve(map, "store: documents", DOCUMENTS_MAX, sizeof *documents,
                                                "one more is refused");
    if (alerts == NULL)
        return;
    *e = (struct events){.documents = documents, .alerts = alerts, .alert_capacity = open, .alert_line = line,
                         .alert_row = alert_row, .insights = insights,
                         .insight_row = insights + INSIGHTS_STAGED_MAX, .notes = notes,
                         .note_row = notes + NOTES_STAGED_MAX, .told = told};
}

void store_new_id(struct store *s, char to[static STORE_ID_SIZE])
{
    uint8_t bytes[16];
    struct text t;
    plat_random(s->plat, bytes, sizeof bytes);
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    text_init(&t, to, STORE_ID_SIZE);
    for (uint32_t i = 0; i < sizeof bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text_put_char(&t, '-');
        text_put_hex(&t, bytes + i, 1);
    }
}

uint64_t events_revision(struct store *s)
{
    tables_staged(s);
    return ++s->events.revision;
}

uint64_t store_revision(const struct store *s)
{
    return s->events.revision_committed;
}

uint64_t store_revision_staged(const struct store *s)
{
    return s->events.revision;
}

static uint32_t cap(const struct store *s, uint32_t most)
{
    uint64_t share = s->limits.database_size_max / EVENT_DATABASE_SHARE;
    return share < most ? (uint32_t)share : most;
}

int events_load(struct store *s)
{
    struct events *e = &s->events;
    e->closed_max = cap(s, ALERTS_CLOSED_MAX);
    e->insights_max = cap(s, INSIGHTS_MAX);
    e->notes_max = cap(s, NOTES_MAX);
    int n = database_next(&s->database, SQL_EVENT_NEWEST);
    if (n < 0)
        return n;
    sqlite3_stmt *row = database_statement(&s->database, SQL_EVENT_NEWEST);
    e->alert_next = sqlite3_column_int64(row, 0) + 1;
    e->insight_next = sqlite3_column_int64(row, 1) + 1;
    e->note_next = sqlite3_column_int64(row, 2) + 1;
    e->revision = (uint64_t)sqlite3_column_int64(row, 3);
    database_reset(&s->database, SQL_EVENT_NEWEST);
    e->revision_committed = e->revision;
    plat_log(s->plat, LOG_INFO, "nephos.db keeps up to %u closed alerts, %u insights and %u notes",
             e->closed_max, e->insights_max, e->notes_max);
    int err = told_load(s);
    if (err == ERR_OK)
        err = documents_load(s);
    return err == ERR_OK ? alerts_load(s) : err;
}

int events_write(struct store *s)
{
    int err = alerts_write(s);
    if (err == ERR_OK)
        err = insights_write(s);
    if (err == ERR_OK)
        err = notes_write(s);
    if (err == ERR_OK)
        err = told_write(s);
    if (err == ERR_OK)
        err = documents_write(s);
    if (err != ERR_OK || s->events.revision == s->events.revision_committed)
        return err;
    sqlite3_stmt *put = database_statement(&s->database, SQL_COUNTER_PUT);
    (void)sqlite3_bind_int64(put, 1, (int64_t)s->events.revision);
    return database_run(&s->database, SQL_COUNTER_PUT);
}

void events_written(struct store *s)
{
    struct events *e = &s->events;
    alerts_written(s);
    documents_written(s);
    e->insight_count = e->note_count = e->told_count = 0;
    e->revision_committed = e->revision;
}

/* --- age --- */

static int delete_rows(struct store *s, enum statement which, int64_t bound)
{
    sqlite3_stmt *drop = database_statement(&s->database, which);
    (void)sqlite3_bind_int64(drop, 1, bound);
    (void)sqlite3_bind_int64(drop, 2, AGING_ROWS);
    return database_run(&s->database, which);
}

int events_age(struct store *s, struct mono now)
{
    struct events *e = &s->events;
    if (!mono_reached(now, e->aging_at))
        return ERR_OK;
    e->aging_at = mono_after_ms(now, AGING_MS);
    int64_t now_ms = wall_ms(plat_wall(s->plat));
    int err = database_begin(&s->database, false);
    if (err != ERR_OK)
        return err;
    err = delete_rows(s, SQL_ALERT_DROP_REMOVED, now_ms - REMOVED_KEPT_MS);
    if (err == ERR_OK)
        err = delete_rows(s, SQL_ALERT_DROP_CLOSED, e->closed_max);
    if (err == ERR_OK)
        err = delete_rows(s, SQL_INSIGHT_DROP_EXPIRED, now_ms - INSIGHT_KEPT_MS);
    if (err == ERR_OK)
        err = delete_rows(s, SQL_INSIGHT_DROP_OLDEST, e->insights_max);
    if (err == ERR_OK)
        err = delete_rows(s, SQL_NOTE_DROP_REMOVED, now_ms - REMOVED_KEPT_MS);
    if (err == ERR_OK)
        return database_commit(&s->database);
    database_rollback(&s->database);
    return err;
}
