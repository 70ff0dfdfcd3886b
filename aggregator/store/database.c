/* SPDX-License-Identifier: MIT */
/* See database.h. The schema in words is in docs/SPEC.md. */
#include "aggregator/store/database.h"

#include <string.h>

#include "aggregator/store/schema_access.h"
#include "aggregator/store/schema_chunks.h"
#include "aggregator/store/schema_events.h"
#include "aggregator/store/schema_outbox.h"
#include "aggregator/store/schema_outlet.h"
#include "aggregator/store/vfs.h"

#define FILE_NAME DATABASE_FILE_NAME
#define APPLICATION_ID DATABASE_APPLICATION_ID
#define SCHEMA_VERSION DATABASE_SCHEMA_VERSION
#define UPGRADE_TEXTS_MAX 8U
#define PAGE_SLOTS 512U           /* pages cached; the kernel keeps the others at hand */
#define HEAP_UNIT_SIZE 64
/* Room on disk for the log besides the database; it can be longer than DATABASE_WAL_PAGES_MAX by one
 * transaction. */
#define WAL_SIZE_MAX (UINT64_C(8) << 20)
#define DATABASE_SIZE_MIN (UINT64_C(8) << 20)

static const char schema[] =
    "CREATE TABLE instance(id INTEGER PRIMARY KEY, instance_id TEXT NOT NULL, name TEXT NOT NULL,"
    " type TEXT NOT NULL, region TEXT NOT NULL, provider TEXT NOT NULL, os TEXT NOT NULL,"
    " kernel TEXT NOT NULL, architecture TEXT NOT NULL, agent_version TEXT NOT NULL,"
    " address TEXT NOT NULL, cpu_count INTEGER NOT NULL, interval_ms INTEGER NOT NULL,"
    " memory_bytes INTEGER NOT NULL, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,"
    " epoch INTEGER);"
    "CREATE TABLE metric(id INTEGER PRIMARY KEY, name TEXT NOT NULL, unit TEXT NOT NULL,"
    " scale INTEGER NOT NULL, kind INTEGER NOT NULL);"
    "CREATE TABLE series(instance INTEGER, series INTEGER, metric INTEGER NOT NULL, tag TEXT NOT NULL,"
    " PRIMARY KEY(instance, series)) WITHOUT ROWID;"
    "CREATE TABLE epoch(instance INTEGER, epoch INTEGER, series_of_slot BLOB NOT NULL,"
    " sealed_sequence INTEGER NOT NULL, PRIMARY KEY(instance, epoch)) WITHOUT ROWID;"
    "CREATE TABLE token_use(token BLOB, holder BLOB, PRIMARY KEY(token, holder)) WITHOUT ROWID;"
    "CREATE TABLE journal(id INTEGER PRIMARY KEY, data BLOB NOT NULL);"
    "CREATE TABLE chunk(id INTEGER PRIMARY KEY, instance INTEGER NOT NULL, min_ms INTEGER NOT NULL,"
    " max_ms INTEGER NOT NULL, epoch INTEGER NOT NULL, first_sequence INTEGER NOT NULL,"
    " last_sequence INTEGER NOT NULL, samples INTEGER NOT NULL, data BLOB NOT NULL);"
    "CREATE INDEX chunk_by_time ON chunk(instance, min_ms);";

/* From one version to the next; a new file takes them all. Chunks from before there was an age are older than
 * all that come, and among themselves as old as their numbers say. */
static const char *const upgrades[SCHEMA_VERSION - 1][UPGRADE_TEXTS_MAX] = {
    {"ALTER TABLE chunk ADD COLUMN age_ms INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX chunk_by_age ON chunk(age_ms);"},
    {SCHEMA_EVENTS, SCHEMA_ACCESS, SCHEMA_ROLLUPS, SCHEMA_MODELS, SCHEMA_OUTBOX,
     SCHEMA_OUTLET},
};

static const char *const statement_texts[SQL_COUNT] = {
    [SQL_INSTANCE_PUT] =
        "INSERT OR REPLACE INTO instance VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    [SQL_INSTANCE_LIST] = "SELECT * FROM instance ORDER BY id",
    [SQL_METRIC_PUT] = "INSERT INTO metric VALUES(?,?,?,?,?)",
    [SQL_METRIC_LIST] = "SELECT id, name, unit, scale, kind FROM metric ORDER BY id",
    [SQL_SERIES_PUT] = "INSERT INTO series VALUES(?,?,?,?)",
    [SQL_SERIES_LIST] = "SELECT instance, series, metric, tag FROM series ORDER BY instance, series",
    [SQL_EPOCH_PUT] = "INSERT INTO epoch VALUES(?,?,?,0)"
                      " ON CONFLICT DO UPDATE SET series_of_slot = excluded.series_of_slot",
    [SQL_EPOCH_SEALED] = "INSERT INTO epoch VALUES(?1, ?2, x'', ?3)"
                         " ON CONFLICT DO UPDATE SET sealed_sequence = excluded.sealed_sequence",
    [SQL_EPOCH_GET] = "SELECT series_of_slot, sealed_sequence FROM epoch"
                      " WHERE instance = ? AND epoch = ?",
    [SQL_EPOCH_PUSHED] = "SELECT coalesce(max(sealed_sequence), 0) FROM epoch"
                         " WHERE instance = ? AND epoch BETWEEN -256 AND -1",
    [SQL_TOKEN_PUT] = "INSERT INTO token_use VALUES(?,?)",
    [SQL_TOKEN_GET] = "SELECT count(*), coalesce(max(holder = ?2), 0) FROM token_use WHERE token = ?1",
    [SQL_API_TOKEN_PUT] = "INSERT OR REPLACE INTO api_token VALUES(?,?,?,?,?,?,?,?)",
    [SQL_API_TOKEN_DROP] = "DELETE FROM api_token WHERE place = ?",
    [SQL_API_TOKEN_LIST] = "SELECT * FROM api_token ORDER BY place",
    [SQL_REVOCATION_PUT] = "INSERT OR REPLACE INTO revocation VALUES(?,?)",
    [SQL_REVOCATION_DROP] = "DELETE FROM revocation WHERE instance = ?",
    [SQL_REVOCATION_LIST] = "SELECT * FROM revocation ORDER BY instance",
    [SQL_AUDIT_PUT] = "INSERT INTO audit VALUES(?,?,?,?,?,?,?,?,?)",
    [SQL_AUDIT_TRIM] = "DELETE FROM audit WHERE id < ?",
    [SQL_AUDIT_BEFORE] = "SELECT * FROM audit WHERE id < ? ORDER BY id DESC LIMIT 1",
    [SQL_JOURNAL_PUT] = "INSERT INTO journal VALUES(?,?)",
    [SQL_JOURNAL_LIST] = "SELECT id, data FROM journal ORDER BY id",
    [SQL_JOURNAL_RANGE] = "SELECT min(id), (SELECT max(id) FROM journal) FROM journal",
    [SQL_JOURNAL_TRIM] = "DELETE FROM journal WHERE id < ?",
    STATEMENTS_CHUNKS
    [SQL_PAGE_COUNT] = "PRAGMA page_count",
    [SQL_PAGE_FREE] = "PRAGMA freelist_count",
    STATEMENTS_EVENTS
    STATEMENTS_OUTBOX
    STATEMENTS_OUTLET
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
};

void database_reserve(struct database *d, struct memory_map *map, uint64_t heap_size)
{
    int header_size = 0;
    (void)sqlite3_config(SQLITE_CONFIG_PCACHE_HDRSZ, &header_size);
    uint32_t slot_size = (DATABASE_PAGE_SIZE + (uint32_t)header_size + 7U) & ~7U;
    void *heap = memory_reserve(map, "store: SQLite heap", 1, heap_size,
                                "the statement fails and is tried again");
    void *pages = memory_reserve(map, "store: SQLite page cache", PAGE_SLOTS, slot_size,
                                 "pages are read again from disk");
    if (d != NULL)
        *d = (struct database){
            .heap = heap, .pages = pages, .heap_size = heap_size, .page_slot_size = slot_size};
}

int database_result(int code)
{
    if (code == SQLITE_IOERR_ACCESS) /* as our VFS says it */
        return ERR_DENIED;
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return ERR_OK;
    case SQLITE_FULL:
        return ERR_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_MALFORMED;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return ERR_DENIED;
    default:
        return ERR_SYSTEM;
    }
}

static int run_text(struct database *d, const char *sql)
{
    return database_result(sqlite3_exec(d->handle, sql, NULL, NULL, NULL));
}

static int note_wal_pages(void *context, sqlite3 *handle, const char *name, int pages)
{
    struct database *d = context;
    (void)handle, (void)name;
    uint32_t before = d->wal_pages < (uint32_t)pages ? d->wal_pages : 0; /* else it has begun anew */
    d->wal_pages = (uint32_t)pages;
    if (d->pages_since != UINT32_MAX)
        d->pages_since += d->wal_pages - before;
    return SQLITE_OK;
}

/* SQLite's memory, and our VFS as the one that seeds its random numbers. The table is registered only
 * while the file is being opened: a list inside SQLite must not outlive the memory it points to. */
static int start_sqlite(struct database *d, int flags, int file, int64_t at)
{
    (void)sqlite3_shutdown();
    int code = sqlite3_config(SQLITE_CONFIG_HEAP, d->heap, (int)d->heap_size, HEAP_UNIT_SIZE);
    if (code == SQLITE_OK)
        code = sqlite3_config(SQLITE_CONFIG_PAGECACHE, d->pages, (int)d->page_slot_size,
                              (int)PAGE_SLOTS);
    if (code == SQLITE_OK)
        code = sqlite3_initialize();
    if (code != SQLITE_OK)
        return database_result(code);
    vfs_init(&d->vfs, d->plat);
    d->vfs.given = file;
    d->vfs.given_at = at;
    d->vfs.page_size = DATABASE_PAGE_SIZE;
    code = sqlite3_vfs_register(&d->vfs.table, 1);
    if (code == SQLITE_OK) {
        uint32_t seed;
        sqlite3_randomness(0, NULL);
        sqlite3_randomness((int)sizeof seed, &seed);
        code = sqlite3_open_v2(FILE_NAME, &d->handle, flags | SQLITE_OPEN_EXRESCODE, NULL);
    }
    (void)sqlite3_vfs_unregister(&d->vfs.table);
    return database_result(code);
}

/* The single number that a query answers; -1 on an error. */
static int64_t number_of(struct database *d, const char *sql)
{
    sqlite3_stmt *q;
    int64_t answer = -1;
    if (sqlite3_prepare_v2(d->handle, sql, -1, &q, NULL) != SQLITE_OK)
        return -1;
    if (sqlite3_step(q) == SQLITE_ROW)
        answer = sqlite3_column_int64(q, 0);
    (void)sqlite3_finalize(q);
    return answer;
}

/* Brings the file from a version, 0 for an empty one, to ours, in one transaction. */
static int upgrade(struct database *d, int64_t version, struct text *why)
{
    char ids[96];
    struct text t;
    text_init(&t, ids, sizeof ids);
    text_printf(&t, "PRAGMA application_id = %d; PRAGMA user_version = %d;", APPLICATION_ID, SCHEMA_VERSION);
    int err = run_text(d, "BEGIN IMMEDIATE");
    if (err == ERR_OK && version == 0)
        err = run_text(d, schema);
    for (int64_t from = version == 0 ? 1 : version; err == ERR_OK && from < SCHEMA_VERSION; from++)
        for (uint32_t i = 0; i < UPGRADE_TEXTS_MAX && err == ERR_OK && upgrades[from - 1][i] != NULL; i++)
            err = run_text(d, upgrades[from - 1][i]);
    if (err == ERR_OK)
        err = run_text(d, ids);
    if (err == ERR_OK)
        err = run_text(d, "COMMIT");
    if (err != ERR_OK)
        text_printf(why, FILE_NAME " cannot be %s: %s", version == 0 ? "made" : "brought up to date",
                    sqlite3_errmsg(d->handle));
    return err;
}

/* Makes the schema in an empty file; refuses one that is not ours. */
static int check_schema(struct database *d, struct text *why)
{
    int64_t tables = number_of(d, "SELECT count(*) FROM sqlite_schema");
    int code = sqlite3_errcode(d->handle);
    if (tables < 0 && (code & 0xff) != SQLITE_NOTADB) {
        text_printf(why, FILE_NAME " cannot be read: %s", sqlite3_errstr(code));
        return database_result(code);
    }
    int64_t id = tables < 0 ? -1 : number_of(d, "PRAGMA application_id");
    int64_t version = tables < 0 ? -1 : number_of(d, "PRAGMA user_version");
    if (tables == 0 && id == 0)
        return upgrade(d, 0, why);
    if (id != APPLICATION_ID) {
        text_put(why, FILE_NAME " is not a Nephos database: move it away, or choose another directory"
                                " with --data");
        return ERR_MALFORMED;
    }
    if (version > SCHEMA_VERSION) {
        text_printf(why, FILE_NAME " has schema %d and this program knows %d: a newer nephos-aggregator"
                    " made it; use that one", (int)version, SCHEMA_VERSION);
        return ERR_MALFORMED;
    }
    return version >= 1 && version < SCHEMA_VERSION ? upgrade(d, version, why) : ERR_OK;
}

static int configure(struct database *d, uint64_t size_max, struct text *why)
{
    char sql[320];
    struct text t;
    text_init(&t, sql, sizeof sql);
    uint64_t size = size_max < DATABASE_SIZE_MIN + WAL_SIZE_MAX ? DATABASE_SIZE_MIN
                                                                : size_max - WAL_SIZE_MAX;
    uint64_t pages_max = size / DATABASE_PAGE_SIZE;
    d->pages_max = pages_max > 4294967294U ? 4294967294U : (uint32_t)pages_max;
    text_printf(&t,
                "PRAGMA page_size = %u; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
                "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = %u;"
                "PRAGMA journal_size_limit = %u; PRAGMA max_page_count = %u;",
                DATABASE_PAGE_SIZE, PAGE_SLOTS - 16U, (uint32_t)WAL_SIZE_MAX, d->pages_max);
    ASSERT(!t.truncated);
    int err = run_text(d, sql);
    if (err == ERR_MALFORMED) {
        text_put(why, FILE_NAME " is not a database: move it away, or choose another directory with"
                                " --data");
        return err;
    }
    if (err != ERR_OK) {
        text_printf(why, FILE_NAME " cannot be opened: %s", sqlite3_errmsg(d->handle));
        return err;
    }
    d->synced = true;
    (void)sqlite3_wal_hook(d->handle, note_wal_pages, d);
    /* No plan hangs on what is bound, so none is made anew for each value. */
    return database_result(sqlite3_db_config(d->handle, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL));
}

static int prepare(struct database *d, struct text *why)
{
    for (uint32_t i = 0; i < SQL_COUNT; i++) {
        int code = sqlite3_prepare_v3(d->handle, statement_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                      &d->statements[i], NULL);
        if (code != SQLITE_OK) {
            text_printf(why, FILE_NAME " is damaged or not ours: %s", sqlite3_errmsg(d->handle));
            return database_result(code) == ERR_SYSTEM ? ERR_MALFORMED : database_result(code);
        }
    }
    return ERR_OK;
}

int database_open(struct database *d, struct plat *p, uint64_t size_max, struct text *why)
{
    d->plat = p;
    d->handle = NULL;
    d->wal_pages = 0;
    d->pages_since = UINT32_MAX;
    d->settled = d->is_looked_at = false;
    memset(d->statements, 0, sizeof d->statements);
    int err = start_sqlite(d, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, -1, 0);
    if (err != ERR_OK)
        text_printf(why, FILE_NAME " cannot be opened or made (%s): check that the data directory can"
                    " be written", d->handle == NULL ? "no memory" : sqlite3_errmsg(d->handle));
    if (err == ERR_OK)
        err = configure(d, size_max, why);
    if (err == ERR_OK)
        err = check_schema(d, why);
    if (err == ERR_OK)
        err = prepare(d, why);
    if (err != ERR_OK)
        database_close(d);
    return err;
}

int database_look(struct database *d, struct plat *p, int file, int64_t at, struct text *why)
{
    d->plat = p;
    d->handle = NULL;
    d->is_looked_at = true;
    memset(d->statements, 0, sizeof d->statements);
    int err = start_sqlite(d, file >= 0 ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE, file, at);
    if (err == ERR_OK)
        err = run_text(d, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = 400; PRAGMA query_only = "
                       "ON;");
    if (err == ERR_OK)
        err = database_result(sqlite3_db_config(d->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL));
    if (err != ERR_OK) {
        text_printf(why, "it cannot be opened: %s", d->handle == NULL
                    ? "no memory" : sqlite3_errmsg(d->handle));
        database_close(d);
    }
    return err;
}

void database_close(struct database *d)
{
    for (uint32_t i = 0; i < SQL_COUNT; i++) {
        (void)sqlite3_finalize(d->statements[i]);
        d->statements[i] = NULL;
    }
    (void)sqlite3_close(d->handle);
    d->handle = NULL;
    (void)sqlite3_shutdown();
}

int database_begin(struct database *d, bool durable)
{
    if (d->synced != durable) {
        int err = run_text(d, durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
        if (err != ERR_OK)
            return err;
        d->synced = durable;
    }
    return database_run(d, SQL_BEGIN);
}

int database_commit(struct database *d)
{
    int err = database_run(d, SQL_COMMIT);
    if (err != ERR_OK)
        database_rollback(d);
    return err;
}

void database_rollback(struct database *d)
{
    if (!sqlite3_get_autocommit(d->handle)) /* some errors have rolled back already */
        (void)database_run(d, SQL_ROLLBACK);
}

int database_sync(struct database *d)
{
    sqlite3_file *log = NULL;
    int code = sqlite3_file_control(d->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (code == SQLITE_OK && log != NULL && log->pMethods != NULL)
        code = log->pMethods->xSync(log, SQLITE_SYNC_FULL);
    return database_result(code);
}

sqlite3_stmt *database_statement(struct database *d, enum statement which)
{
    return d->statements[which];
}

void database_bind_text(sqlite3_stmt *to, int at, const char *text)
{
    (void)sqlite3_bind_text(to, at, text, -1, SQLITE_STATIC);
}

void database_take_text(sqlite3_stmt *row, int column, char *to, uint32_t size)
{
    const unsigned char *text = sqlite3_column_text(row, column);
    (void)text_copy(to, size, text == NULL ? "" : (const char *)text);
}

int database_run(struct database *d, enum statement which)
{
    int code = sqlite3_step(d->statements[which]);
    database_reset(d, which);
    return database_result(code);
}

int database_next(struct database *d, enum statement which)
{
    int code = sqlite3_step(d->statements[which]);
    if (code == SQLITE_ROW)
        return 1;
    database_reset(d, which);
    return database_result(code);
}

void database_reset(struct database *d, enum statement which)
{
    (void)sqlite3_reset(d->statements[which]);
    (void)sqlite3_clear_bindings(d->statements[which]); /* bound memory is the caller's */
}

int database_settle(struct database *d)
{
    int log = 0, carried = 0;
    int code = sqlite3_wal_checkpoint_v2(d->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &log, &carried);
    if ((code & 0xff) == SQLITE_LOCKED || (code & 0xff) == SQLITE_BUSY)
        return ERR_AGAIN;
    d->settled = code == SQLITE_OK && log == carried;
    if (d->settled)
        d->wal_pages = 0; /* the next commit begins it anew */
    return code != SQLITE_OK ? database_result(code) : d->settled ? ERR_OK : ERR_AGAIN;
}

void database_checkpoint(struct database *d)
{
    const struct vfs_written *w = d->vfs.written;
    if (d->wal_pages < DATABASE_WAL_PAGES_MAX)
        return;
    /* Somebody copies the file and is behind: the log waits, but not for ever. */
    if (w != NULL && w->count > VFS_WRITTEN_MAX / 2 && d->wal_pages < DATABASE_WAL_PAGES_WAITING)
        return;
    /* A failure leaves everything in the log; the next commit asks again. */
    (void)database_settle(d);
    d->wal_pages = 0;
}

static uint64_t single(struct database *d, enum statement which)
{
    uint64_t answer = 0;
    if (database_next(d, which) == 1) {
        answer = (uint64_t)sqlite3_column_int64(d->statements[which], 0);
        database_reset(d, which);
    }
    return answer;
}

bool database_holds_more(struct database *d, uint32_t pages)
{
    if (d->pages_since != UINT32_MAX && (uint64_t)d->pages_used + d->pages_since <= pages)
        return false;
    d->pages_used = (uint32_t)(single(d, SQL_PAGE_COUNT) - single(d, SQL_PAGE_FREE));
    d->pages_since = 0;
    return d->pages_used > pages;
}

uint64_t database_bytes(struct database *d)
{
    return single(d, SQL_PAGE_COUNT) * DATABASE_PAGE_SIZE;
}
