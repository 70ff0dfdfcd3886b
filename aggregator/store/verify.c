/* SPDX-License-Identifier: MIT */
/* See verify.h: the order of the checks, SQLite's own, and what the others share. */
#include "aggregator/store/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "aggregator/store/verify_state.h"

#define HEAP_SIZE (UINT64_C(12) << 20)
#define PROGRESS_ROWS 256U
#define LINE_SIZE 400U

struct verify *verify_reserve(struct memory_map *map, uint64_t size)
{
    struct verify *v = memory_reserve(map, "verify", 1, sizeof *v, "there is one");
    struct crc32c_tables *sums = memory_reserve(map, "verify: checksum tables", 1, sizeof *sums,
                                                "never full");
    uint16_t *series_count = memory_reserve(map, "verify: instances", VERIFY_INSTANCES_MAX,
                                            sizeof *series_count,
                                            "the others count as damaged");
    struct verify_epoch *epochs = memory_reserve(map, "verify: epochs", VERIFY_EPOCHS, sizeof *epochs,
                                                 "the order of the others' samples is not checked");
    struct database database = {.heap = NULL};
    database_reserve(&database, map, HEAP_SIZE + size / DATABASE_PAGE_SIZE / 4);
    if (v != NULL) {
        v->database = database;
        v->sums = sums;
        v->series_count = series_count;
        v->epochs = epochs;
    }
    return v;
}

void verify_tell(struct verify *v, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;
    if (v->counts.damages++ >= VERIFY_TOLD_MAX)
        return;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    /* What comes from the file may hold anything. */
    for (char *at = line; *at != '\0'; at++)
        if ((uint8_t)*at < ' ' || *at == 0x7f)
            *at = '?';
    v->sink->tell(v->sink->context, line);
}

void verify_row(struct verify *v)
{
    if (++v->rows_done % PROGRESS_ROWS == 0)
        v->sink->progress(v->sink->context, v->rows_done, v->rows_all);
}

sqlite3_stmt *verify_prepare(struct verify *v, const char *table, const char *sql)
{
    sqlite3_stmt *q = NULL;
    if (sqlite3_prepare_v2(v->database.handle, sql, -1, &q, NULL) == SQLITE_OK)
        return q;
    verify_tell(v, "table %s: cannot be read: %s", table, sqlite3_errmsg(v->database.handle));
    return NULL;
}

int verify_next(struct verify *v, const char *table, sqlite3_stmt *q)
{
    int code = sqlite3_step(q);
    if (code == SQLITE_ROW)
        return 1;
    if (code != SQLITE_DONE)
        verify_tell(v, "table %s: cannot be read further: %s", table, sqlite3_errmsg(v->database.handle));
    (void)sqlite3_finalize(q);
    return 0;
}

struct verify_epoch *verify_epoch(struct verify *v, uint32_t instance, uint64_t epoch, bool add)
{
    uint64_t h = (epoch ^ (uint64_t)instance << 32) * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t at = (uint32_t)(h >> 40) & (VERIFY_EPOCHS - 1);
    for (; v->epochs[at].instance != 0; at = (at + 1) & (VERIFY_EPOCHS - 1))
        if (v->epochs[at].epoch == epoch && v->epochs[at].instance == instance + 1)
            return &v->epochs[at];
    if (!add)
        return NULL;
    if (v->epoch_count == VERIFY_EPOCHS / 8 * 7) {
        v->epochs_full = true;
        return NULL;
    }
    v->epoch_count++;
    v->epochs[at] = (struct verify_epoch){.epoch = epoch, .instance = instance + 1};
    return &v->epochs[at];
}

/* The single number that a query answers; -1 on an error. */
static int64_t number_of(struct verify *v, const char *sql)
{
    sqlite3_stmt *q;
    int64_t answer = -1;
    if (sqlite3_prepare_v2(v->database.handle, sql, -1, &q, NULL) != SQLITE_OK)
        return -1;
    if (sqlite3_step(q) == SQLITE_ROW)
        answer = sqlite3_column_int64(q, 0);
    (void)sqlite3_finalize(q);
    return answer;
}

static int check_kind(struct verify *v, struct text *why)
{
    int64_t id = number_of(v, "PRAGMA application_id"), version = number_of(v, "PRAGMA user_version");
    if (id < 0 || version < 0) {
        text_printf(why, "it cannot be read at all: %s", sqlite3_errmsg(v->database.handle));
        return ERR_MALFORMED;
    }
    if (id != DATABASE_APPLICATION_ID) {
        text_put(why, "it is not a Nephos database");
        return ERR_MALFORMED;
    }
    if (version < 1 || version > DATABASE_SCHEMA_VERSION) {
        text_printf(why, "it has schema %d and this program knows %d: use the nephos-aggregator that made it",
                    (int)version, DATABASE_SCHEMA_VERSION);
        return ERR_MALFORMED;
    }
    return ERR_OK;
}

/* SQLite's own check: pages, overflow chains, free list, indexes. */
static void check_pages(struct verify *v)
{
    sqlite3_stmt *q = verify_prepare(v, "(all)", "PRAGMA integrity_check(100)");
    while (q != NULL && verify_next(v, "(all)", q) == 1) {
        const char *line = (const char *)sqlite3_column_text(q, 0);
        if (line != NULL && strcmp(line, "ok") == 0)
            continue;
        verify_tell(v, "pages: %s", line != NULL ? line : "no memory to say what");
    }
    v->counts.is_structural = v->counts.damages > 0;
}

int verify_run(struct verify *v, struct plat *p, int file, int64_t at, const struct verify_sink *sink,
               struct verify_counts *out, struct text *why)
{
    crc32c_tables_init(v->sums);
    v->sink = sink;
    v->counts = (struct verify_counts){0};
    v->instance_count = v->metric_count = v->epoch_count = 0;
    v->epochs_full = false;
    memset(v->epochs, 0, VERIFY_EPOCHS * sizeof *v->epochs);
    int err = database_look(&v->database, p, file, at, why);
    if (err != ERR_OK)
        return err;
    err = check_kind(v, why);
    if (err == ERR_OK) {
        int64_t rows = number_of(v, "SELECT (SELECT count(*) FROM chunk) + (SELECT count(*) FROM journal)");
        v->rows_done = 0;
        v->rows_all = rows > 0 ? (uint64_t)rows : 0;
        check_pages(v);
        verify_names(v);
        verify_journal(v);
        verify_chunks(v);
        if (number_of(v, "PRAGMA user_version") >= 3) { /* before that there were none */
            verify_rollups(v);
            verify_records(v);
        }
        sink->progress(sink->context, v->rows_all, v->rows_all);
        if (v->epochs_full)
            text_put(why, "it has so many epochs that the order of samples was not checked for all of them");
    }
    *out = v->counts;
    database_close(&v->database);
    return err;
}
