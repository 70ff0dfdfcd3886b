/* SPDX-License-Identifier: MIT */
/* A database that an older program made is brought up to date: what is in it stays readable, is rolled up,
 * and leaves in its order. The file is made with the statements of that time. */
#include "tests/unit/store/rig.h"

#include <sqlite3.h>

#include "aggregator/store/chunk.h"
#include "aggregator/store/roll.h"
#include "aggregator/store/vfs.h"

static const char schema_1[] =
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
    "CREATE INDEX chunk_by_time ON chunk(instance, min_ms);"
    "PRAGMA application_id = 1313884243; PRAGMA user_version = 1;"
    "INSERT INTO instance VALUES(0,'alpha','a','','','','','','','','',1,1000,0,0,0,7);"
    "INSERT INTO metric VALUES(0,'metric_0','bytes',1,0),(1,'metric_1','bytes',1,1);"
    "INSERT INTO series VALUES(0,0,0,''),(0,1,1,'device=vda');"
    "INSERT INTO epoch VALUES(0,7,x'00000100',4200);";
static const char to_schema_2[] =
    "ALTER TABLE chunk ADD COLUMN age_ms INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX chunk_by_age ON chunk(age_ms); PRAGMA user_version = 2;";

#define CHUNKS 7U /* of ten minutes; the first begins five minutes before an hour, so one lies in two hours */
#define FIRST_MS (RIG_START_MS - 300000)

static void must(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

/* As a chunk of that time, and as what the oracle knows. */
static uint32_t build_chunk(struct rig *r, uint32_t n, uint8_t *bytes)
{
    static struct chunk_builder builder;
    static struct crc32c_tables sums;
    static const uint16_t series_of_slot[] = {0, 1};
    crc32c_tables_init(&sums);
    chunk_reset(&builder);
    for (uint32_t at = 0; at < 600; at += 10) {
        uint64_t sequence = 1 + n * 600 + at;
        rig_fill(r, 10, 2, FIRST_MS + (int64_t)(sequence - 1) * 1000);
        r->block.processes.id_count = r->block.processes.use_count = 0;
        rig_remember(r, 0, 7, sequence, 0);
        chunk_add(&builder, &r->block, 0, 10, series_of_slot, 2);
    }
    return chunk_encode(&sums, &builder, bytes, CHUNK_SIZE_MAX);
}

static void put_chunks(struct rig *r, sqlite3 *db, bool with_age)
{
    uint8_t *bytes = malloc(CHUNK_SIZE_MAX);
    sqlite3_stmt *put;
    assert_non_null(bytes);
    assert_int_equal(sqlite3_prepare_v2(db, with_age ? "INSERT INTO chunk VALUES(?,0,?,?,7,?,?,600,?,?)"
                                                     : "INSERT INTO chunk VALUES(?,0,?,?,7,?,?,600,?)",
                                        -1, &put, NULL), SQLITE_OK);
    for (uint32_t n = 0; n < CHUNKS; n++) {
        uint32_t size = build_chunk(r, n, bytes);
        sqlite3_bind_int64(put, 1, n + 1);
        sqlite3_bind_int64(put, 2, FIRST_MS + n * INT64_C(600000));
        sqlite3_bind_int64(put, 3, FIRST_MS + n * INT64_C(600000) + 599000);
        sqlite3_bind_int64(put, 4, n * 600 + 1);
        sqlite3_bind_int64(put, 5, n * 600 + 600);
        sqlite3_bind_blob(put, 6, bytes, (int)size, SQLITE_TRANSIENT);
        if (with_age)
            sqlite3_bind_int64(put, 7, FIRST_MS + n * INT64_C(600000) + 599000);
        assert_int_equal(sqlite3_step(put), SQLITE_DONE);
        sqlite3_reset(put);
    }
    sqlite3_finalize(put);
    free(bytes);
}

static void make_old_file(struct rig *r, int version)
{
    sqlite3 *db = NULL;
    struct vfs vfs;
    (void)sqlite3_shutdown();
    (void)sqlite3_config(SQLITE_CONFIG_HEAP, NULL, 0, 0);
    (void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
    (void)sqlite3_initialize();
    vfs_init(&vfs, r->machine);
    (void)sqlite3_vfs_register(&vfs.table, 1);
    assert_int_equal(sqlite3_open_v2("nephos.db", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL),
                     SQLITE_OK);
    must(db, "PRAGMA page_size = 4096; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;");
    must(db, schema_1);
    if (version == 2)
        must(db, to_schema_2);
    put_chunks(r, db, version == 2);
    (void)sqlite3_close(db);
    (void)sqlite3_vfs_unregister(&vfs.table);
    (void)sqlite3_shutdown();
}

static void check(struct rig *r)
{
    static const int64_t steps_ms[] = {1000, 60000, 3600000};
    for (uint32_t i = 0; i < COUNT_OF(steps_ms); i++) {
        struct store_query_ask ask = {.series_count = 2, .series = {1, 0},
                                      .from_ms = RIG_START_MS - HOUR_MS, .step_ms = steps_ms[i],
                                      .to_ms = RIG_START_MS + 2 * HOUR_MS};
        rig_check_query(r, &ask);
    }
}

static void migrate(int version)
{
    struct rig *r = rig_new((uint64_t)version);
    make_old_file(r, version);
    rig_must_open(r);
    assert_int_equal(store_instance_count(r->store), 1);
    check(r);
    struct store_stats stats;
    store_stats(r->store, &stats);
    assert_int_equal(stats.tiers[TIER_SECONDS].rows, CHUNKS);
    assert_true(stats.tiers[TIER_SECONDS].bytes > CHUNKS * 1000);
    /* A death in the middle of rolling up what was there begins where it stopped. */
    rig_step(r, 25);
    rig_restart(r, SIM_POWER_CUT);
    for (uint32_t i = 0; i < 40; i++)
        rig_step(r, 25);
    store_stats(r->store, &stats);
    assert_in_range(stats.tiers[TIER_MINUTES].rows, 2, 3);
    assert_true(stats.tiers[TIER_SECONDS].rows < CHUNKS);
    check(r);
    /* And the agent goes on where it was. */
    assert_int_equal(store_epoch(r->store, 0, 7), ERR_OK);
    assert_int_equal(store_committed_sequence(r->store, 0, STREAM_LIVE), 4200);
    rig_restart(r, SIM_KILL); /* of the newest schema: opened without a change */
    check(r);
    rig_free(r);
}

static void schema_1_is_brought_forward(void **state)
{
    (void)state;
    migrate(1);
}

static void schema_2_is_brought_forward(void **state)
{
    (void)state;
    migrate(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schema_1_is_brought_forward),
        cmocka_unit_test(schema_2_is_brought_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
