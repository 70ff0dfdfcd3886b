/* SPDX-License-Identifier: MIT */
/* The one SQLite connection of the store: its memory, its statements, its transactions.
 *
 * SQLite's settings are global to the process, so there is one open database at a time; opening again
 * after a close starts SQLite afresh. */
#ifndef NEPHOS_STORE_DATABASE_H
#define NEPHOS_STORE_DATABASE_H

#include <sqlite3.h>

#include "platform/base/memory_map.h"
#include "platform/base/text.h"
#include "aggregator/store/vfs.h"
#include "platform/platform.h"

#define DATABASE_FILE_NAME "nephos.db"
#define DATABASE_APPLICATION_ID 0x4e504853 /* "NPHS" */
#define DATABASE_SCHEMA_VERSION 3
#define DATABASE_PAGE_SIZE 4096U
#define DATABASE_WAL_PAGES_MAX 1000U /* then its pages are carried over into the database */
#define DATABASE_WAL_PAGES_WAITING 8192U /* so long it may grow while a slow reader takes a backup */

enum statement {
    SQL_INSTANCE_PUT,
    SQL_INSTANCE_LIST,
    SQL_METRIC_PUT,
    SQL_METRIC_LIST,
    SQL_SERIES_PUT,
    SQL_SERIES_LIST,
    SQL_EPOCH_PUT,
    SQL_EPOCH_SEALED,
    SQL_EPOCH_GET,
    SQL_EPOCH_PUSHED,
    SQL_TOKEN_PUT,
    SQL_TOKEN_GET,
    SQL_API_TOKEN_PUT,
    SQL_API_TOKEN_DROP,
    SQL_API_TOKEN_LIST,
    SQL_REVOCATION_PUT,
    SQL_REVOCATION_DROP,
    SQL_REVOCATION_LIST,
    SQL_AUDIT_PUT,
    SQL_AUDIT_TRIM,
    SQL_AUDIT_BEFORE,
    SQL_JOURNAL_PUT,
    SQL_JOURNAL_LIST,
    SQL_JOURNAL_RANGE,
    SQL_JOURNAL_TRIM,
    SQL_CHUNK_PUT,
    SQL_CHUNK_NEWEST,
    SQL_CHUNK_NEWEST_OF,
    SQL_CHUNK_AT,
    SQL_CHUNK_OLDEST,
    SQL_CHUNK_WALK,
    SQL_CHUNK_WALK_UNROLLED,
    SQL_CHUNK_BEFORE,
    SQL_CHUNK_DUE,
    SQL_CHUNK_GROUP,
    SQL_CHUNK_ROLLED,
    SQL_CHUNK_DELETE,
    SQL_ROLLUP_PUT,
    SQL_ROLLUP_GET,
    SQL_ROLLUP_WALK,
    SQL_ROLLUP_OLDEST,
    SQL_ROLLUP_DELETE,
    SQL_TIER_LIST,
    SQL_TIER_PUT,
    SQL_MODEL_PUT,
    SQL_MODEL_GET,
    SQL_PAGE_COUNT,
    SQL_PAGE_FREE,
    /* schema_events.h */
    SQL_ALERT_PUT,
    SQL_ALERT_GET,
    SQL_ALERT_BY_KEY,
    SQL_ALERT_OPEN,
    SQL_ALERT_LIST,
    SQL_ALERT_LIST_STATUS,
    SQL_ALERT_LIST_INSTANCE,
    SQL_ALERT_LIST_BOTH,
    SQL_ALERT_COUNTS,
    SQL_ALERT_NEXT,
    SQL_ALERT_DROP_REMOVED,
    SQL_ALERT_DROP_CLOSED,
    SQL_INSIGHT_PUT,
    SQL_INSIGHT_BY_KEY,
    SQL_INSIGHT_BY_ID,
    SQL_INSIGHT_LIST,
    SQL_INSIGHT_COUNTS,
    SQL_INSIGHT_NEXT,
    SQL_INSIGHT_DROP_EXPIRED,
    SQL_INSIGHT_DROP_OLDEST,
    SQL_NOTE_PUT,
    SQL_NOTE_GET,
    SQL_NOTE_COUNT,
    SQL_NOTE_LIST,
    SQL_NOTE_DROP_REMOVED,
    SQL_TOLD_PUT,
    SQL_TOLD_LIST,
    SQL_TOLD_GET,
    SQL_EVENT_NEWEST,
    SQL_COUNTER_PUT,
    SQL_DOCUMENT_PUT,
    SQL_DOCUMENT_LIST,
    SQL_OUTBOX_PUT,
    SQL_OUTBOX_GET,
    SQL_OUTLET_MAKE,
    SQL_OUTLET_PUT,
    SQL_OUTLET_GET,
    SQL_OUTLET_PAGE_PUT,
    SQL_OUTLET_PAGE_LIST,
    SQL_OUTLET_LATE_PUT,
    SQL_OUTLET_LATE_DROP,
    SQL_OUTLET_LATE_LIST,
    SQL_OUTLET_ALIAS_PUT,
    SQL_OUTLET_ALIAS_DROP,
    SQL_OUTLET_ALIAS_TRIM,
    SQL_OUTLET_ALIAS_GET,
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_COUNT
};

struct database {
    void *heap;
    void *pages;
    uint64_t heap_size;
    uint32_t page_slot_size;   /* a page and SQLite's header for it */
    uint32_t pages_max;        /* the file never has more pages */
    struct plat *plat;
    struct vfs vfs;
    sqlite3 *handle;
    sqlite3_stmt *statements[SQL_COUNT];
    uint32_t wal_pages;        /* in the write-ahead log after the newest commit */
    uint32_t pages_used;       /* when last asked */
    uint32_t pages_since;      /* so many more at most; UINT32_MAX: never asked */
    bool synced;               /* commits wait for the disk */
    bool settled;              /* the newest checkpoint was complete: the file by itself is a database */
    bool is_looked_at;         /* opened by database_look() */
};

void database_reserve(struct database *d, struct memory_map *map, uint64_t heap_size);
/* Opens or makes the file. On an error nothing is left open, and `why` says what and what to do. */
int database_open(struct database *d, struct plat *p, uint64_t size_max, struct text *why);
/* To be looked at only, whatever its schema, and without the statements: nothing is written. `file` is an
 * open file that nobody changes, in which the database begins at byte `at`; or -1: the one in the data
 * directory, with what its log holds. */
int database_look(struct database *d, struct plat *p, int file, int64_t at, struct text *why);
void database_close(struct database *d);

/* `durable`: the commit returns only when the disk has it. A commit that is not durable can be lost by a
 * power cut as a whole, but never before one that came earlier, and a later durable one secures it. */
int database_begin(struct database *d, bool durable);
/* On an error the transaction is rolled back. */
int database_commit(struct database *d);
void database_rollback(struct database *d);

/* What can be read is on disk. A process that is killed between the write of a commit and its sync leaves one
 * that reads well and that a power cut may still take away. */
int database_sync(struct database *d);

/* The statement, ready to bind. */
sqlite3_stmt *database_statement(struct database *d, enum statement which);
/* Number `at`, from 1. The text stays as it is until the statement has run. */
void database_bind_text(sqlite3_stmt *to, int at, const char *text);
/* Column number `column`, from 0; cut to fit, "" for NULL. */
void database_take_text(sqlite3_stmt *row, int column, char *to, uint32_t size);
/* Runs a bound statement that gives no rows, and resets it. */
int database_run(struct database *d, enum statement which);
/* 1: a row is there, 0: no more; negative: error. Reset it when done with it early. */
int database_next(struct database *d, enum statement which);
void database_reset(struct database *d, enum statement which);
/* The result of an SQLite call in our words. */
int database_result(int code);

/* Carries the log over into the database when it has grown long. */
void database_checkpoint(struct database *d);
/* Carries it over now. ERR_OK when all of it went; ERR_AGAIN when something is being read. */
int database_settle(struct database *d);
/* Whether more than so many pages hold something; the others of the file are free for reuse. SQLite is asked
 * only when commits since its last answer may have changed it: each such question has to be parsed. */
bool database_holds_more(struct database *d, uint32_t pages);
uint64_t database_bytes(struct database *d);

#endif
