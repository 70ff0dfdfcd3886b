/* SPDX-License-Identifier: MIT */
/* Chunks, rollups and what is known of each resolution: their part of the schema, and their statements. */
#ifndef NEPHOS_STORE_SCHEMA_CHUNKS_H
#define NEPHOS_STORE_SCHEMA_CHUNKS_H

/* Chunks from before there were rollups are all due, in the order of their times. A default, since writing it
 * into each row would write the whole file anew. */
#define SCHEMA_ROLLUPS \
    "ALTER TABLE chunk ADD COLUMN due_ms INTEGER DEFAULT 0;" \
    "CREATE INDEX chunk_by_due ON chunk(due_ms, min_ms) WHERE due_ms IS NOT NULL;" \
    "CREATE INDEX chunk_unrolled ON chunk(instance, min_ms) WHERE due_ms IS NOT NULL;" \
    "CREATE TABLE rollup(id INTEGER PRIMARY KEY, instance INTEGER NOT NULL, step_ms INTEGER NOT NULL," \
    " start_ms INTEGER NOT NULL, data BLOB NOT NULL, UNIQUE(instance, step_ms, start_ms));" \
    "CREATE INDEX rollup_by_time ON rollup(step_ms, start_ms);" \
    "CREATE TABLE tier(id INTEGER PRIMARY KEY, rows INTEGER NOT NULL, bytes INTEGER NOT NULL," \
    " horizon_ms INTEGER NOT NULL);" \
    "INSERT INTO tier SELECT 0, count(*), coalesce(sum(length(data)), 0), 0 FROM chunk;" \
    "INSERT INTO tier VALUES(1, 0, 0, 0), (2, 0, 0, 0);"

/* id: instance times 256 plus the number of the piece. */
#define SCHEMA_MODELS "CREATE TABLE model(id INTEGER PRIMARY KEY, data BLOB NOT NULL);"

/* Order by age, and within it by number, is the order of leaving. */
#define STATEMENTS_CHUNKS \
    [SQL_CHUNK_PUT] = "INSERT INTO chunk VALUES(?,?,?,?,?,?,?,?,?,?,?)", \
    [SQL_CHUNK_NEWEST] = "SELECT coalesce((SELECT max(id) FROM chunk), 0)," \
                         " coalesce((SELECT max(age_ms) FROM chunk), 0)", \
    [SQL_CHUNK_OLDEST] = "SELECT id, min_ms, max_ms, age_ms, instance, epoch, due_ms IS NOT NULL," \
                         " length(data) FROM chunk ORDER BY age_ms, id LIMIT 1", \
    [SQL_CHUNK_WALK] = "SELECT id, min_ms, due_ms IS NULL, data FROM chunk WHERE instance = ?1" \
                       " AND (min_ms, id) > (?2, ?3) AND min_ms < ?4 AND max_ms >= ?5 AND id <= ?6" \
                       " ORDER BY min_ms, id", \
    [SQL_CHUNK_WALK_UNROLLED] = \
        "SELECT id, min_ms, 0, data FROM chunk INDEXED BY chunk_unrolled WHERE instance = ?1" \
        " AND (min_ms, id) > (?2, ?3) AND min_ms < ?4 AND max_ms >= ?5 AND id <= ?6" \
        " AND due_ms IS NOT NULL ORDER BY min_ms, id", \
    [SQL_CHUNK_BEFORE] = "SELECT id, data FROM chunk WHERE instance = ?1 AND max_ms >= ?2 AND min_ms < ?3" \
                         " AND min_ms >= ?4 ORDER BY min_ms DESC", \
    [SQL_CHUNK_NEWEST_OF] = "SELECT coalesce(max(max_ms), 0) FROM chunk WHERE instance = ?1 AND min_ms >=" \
                            " (SELECT max(min_ms) FROM chunk WHERE instance = ?1) - ?2", \
    [SQL_CHUNK_AT] = "SELECT data FROM chunk WHERE instance = ?1 AND min_ms BETWEEN ?2 - ?3 AND ?2" \
                     " AND max_ms >= ?2", \
    [SQL_CHUNK_DUE] = "SELECT instance, epoch, min_ms, due_ms FROM chunk INDEXED BY chunk_by_due" \
                      " WHERE due_ms IS NOT NULL ORDER BY due_ms, min_ms LIMIT 1", \
    [SQL_CHUNK_GROUP] = \
        "SELECT id, min_ms, max_ms, first_sequence, last_sequence, age_ms, data FROM chunk" \
        " INDEXED BY chunk_unrolled WHERE instance = ?1 AND min_ms >= ?2 AND min_ms < ?3 AND epoch = ?4" \
        " AND due_ms IS NOT NULL ORDER BY min_ms, id", \
    [SQL_CHUNK_ROLLED] = "UPDATE chunk SET due_ms = NULL WHERE id = ?", \
    [SQL_CHUNK_DELETE] = "DELETE FROM chunk WHERE id = ?", \
    [SQL_ROLLUP_PUT] = "INSERT INTO rollup(instance, step_ms, start_ms, data) VALUES(?1,?2,?3,?4)" \
                       " ON CONFLICT(instance, step_ms, start_ms) DO UPDATE SET data = ?4", \
    [SQL_ROLLUP_GET] = "SELECT data FROM rollup WHERE instance = ?1 AND step_ms = ?2 AND start_ms = ?3", \
    [SQL_ROLLUP_WALK] = "SELECT start_ms, data FROM rollup WHERE instance = ?1 AND step_ms = ?2" \
                        " AND start_ms >= ?3 AND start_ms < ?4 ORDER BY start_ms", \
    [SQL_ROLLUP_OLDEST] = "SELECT id, start_ms, length(data) FROM rollup WHERE step_ms = ?1" \
                          " ORDER BY start_ms LIMIT 1", \
    [SQL_ROLLUP_DELETE] = "DELETE FROM rollup WHERE id = ?", \
    [SQL_TIER_LIST] = "SELECT id, rows, bytes, horizon_ms FROM tier WHERE id BETWEEN 0 AND 2", \
    [SQL_TIER_PUT] = "UPDATE tier SET rows = ?2, bytes = ?3, horizon_ms = ?4 WHERE id = ?1", \
    [SQL_MODEL_PUT] = "INSERT OR REPLACE INTO model VALUES(?,?)", \
    [SQL_MODEL_GET] = "SELECT data FROM model WHERE id = ?",

#endif
