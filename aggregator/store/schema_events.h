/* SPDX-License-Identifier: MIT */
/* Tables and statements of alerts, insights, notes and told facts; the columns' order is that of the lists
 * in alert_rows.c, insights.c and notes.c. */
#ifndef NEPHOS_STORE_SCHEMA_EVENTS_H
#define NEPHOS_STORE_SCHEMA_EVENTS_H

/* Part of the step to version 3. */
#define SCHEMA_EVENTS \
    "ALTER TABLE instance ADD COLUMN source INTEGER NOT NULL DEFAULT 0;" \
    "ALTER TABLE instance ADD COLUMN told_status TEXT NOT NULL DEFAULT '';" \
    "ALTER TABLE instance ADD COLUMN told_check_ms INTEGER NOT NULL DEFAULT 0;" \
    "ALTER TABLE instance ADD COLUMN deleted_ms INTEGER NOT NULL DEFAULT 0;" \
    "ALTER TABLE instance ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;" \
    "ALTER TABLE instance ADD COLUMN created_revision INTEGER NOT NULL DEFAULT 0;" \
    "CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;" \
    "CREATE TABLE document(name TEXT PRIMARY KEY, text BLOB NOT NULL) WITHOUT ROWID;" \
    "CREATE TABLE told(instance INTEGER PRIMARY KEY, endpoint TEXT NOT NULL, metadata TEXT NOT NULL);" \
    "CREATE TABLE alert(number INTEGER PRIMARY KEY, revision INTEGER NOT NULL," \
    " created_revision INTEGER NOT NULL, id TEXT NOT NULL, instance TEXT NOT NULL, rule TEXT NOT NULL," \
    " tag TEXT NOT NULL, metric TEXT NOT NULL, unit TEXT NOT NULL, type TEXT NOT NULL," \
    " message TEXT NOT NULL, who TEXT NOT NULL, severity INTEGER NOT NULL, status INTEGER NOT NULL," \
    " created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, acknowledged_ms INTEGER NOT NULL," \
    " resolved_ms INTEGER NOT NULL, deleted_ms INTEGER NOT NULL, first_ms INTEGER NOT NULL," \
    " last_ms INTEGER NOT NULL, peak_ms INTEGER NOT NULL, first_value INTEGER NOT NULL," \
    " last_value INTEGER NOT NULL, peak_value INTEGER NOT NULL, level INTEGER NOT NULL," \
    " scale INTEGER NOT NULL, occurrences INTEGER NOT NULL, reopened INTEGER NOT NULL," \
    " is_low INTEGER NOT NULL);" \
    "CREATE UNIQUE INDEX alert_by_id ON alert(id);" \
    "CREATE INDEX alert_by_key ON alert(instance, rule, tag, number);" \
    "CREATE INDEX alert_by_time ON alert(created_ms, number);" \
    "CREATE INDEX alert_by_status ON alert(status, created_ms, number);" \
    "CREATE INDEX alert_by_instance ON alert(instance, created_ms, number);" \
    "CREATE INDEX alert_by_revision ON alert(revision);" \
    "CREATE TABLE insight(number INTEGER PRIMARY KEY, revision INTEGER NOT NULL," \
    " created_revision INTEGER NOT NULL, id TEXT NOT NULL, key TEXT NOT NULL, type INTEGER NOT NULL," \
    " severity INTEGER NOT NULL, title TEXT NOT NULL, description TEXT NOT NULL," \
    " recommendations TEXT NOT NULL, instances TEXT NOT NULL, metrics TEXT NOT NULL," \
    " confidence_permille INTEGER NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL," \
    " metadata TEXT NOT NULL, dismissed_ms INTEGER NOT NULL);" \
    "CREATE UNIQUE INDEX insight_by_id ON insight(id);" \
    "CREATE INDEX insight_by_key ON insight(key, expires_ms);" \
    "CREATE INDEX insight_by_time ON insight(created_ms, number);" \
    "CREATE INDEX insight_by_end ON insight(expires_ms);" \
    "CREATE INDEX insight_by_revision ON insight(revision);" \
    "CREATE TABLE note(number INTEGER PRIMARY KEY, revision INTEGER NOT NULL," \
    " created_revision INTEGER NOT NULL, id TEXT NOT NULL, instance TEXT NOT NULL, text TEXT NOT NULL," \
    " author TEXT NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, created_ms INTEGER NOT NULL," \
    " updated_ms INTEGER NOT NULL, deleted_ms INTEGER NOT NULL);" \
    "CREATE UNIQUE INDEX note_by_id ON note(id);" \
    "CREATE INDEX note_by_time ON note(from_ms, number);" \
    "CREATE INDEX note_by_revision ON note(revision);"

#define ALERT_LIST_HEAD \
    "SELECT * FROM alert WHERE (created_ms, number) < (?1, ?2) AND deleted_ms = 0"
#define ALERT_LIST_TAIL " ORDER BY created_ms DESC, number DESC LIMIT ?3"

#define STATEMENTS_EVENTS \
    [SQL_ALERT_PUT] = "INSERT OR REPLACE INTO alert VALUES" \
                      "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", \
    [SQL_ALERT_GET] = "SELECT * FROM alert WHERE id = ?1", \
    [SQL_ALERT_BY_KEY] = "SELECT * FROM alert WHERE instance = ?1 AND rule = ?2 AND tag = ?3" \
                         " ORDER BY number DESC LIMIT 1", \
    [SQL_ALERT_OPEN] = "SELECT * FROM alert WHERE status IN (0, 1) AND deleted_ms = 0", \
    [SQL_ALERT_LIST] = ALERT_LIST_HEAD ALERT_LIST_TAIL, \
    [SQL_ALERT_LIST_STATUS] = ALERT_LIST_HEAD " AND status = ?5" ALERT_LIST_TAIL, \
    [SQL_ALERT_LIST_INSTANCE] = ALERT_LIST_HEAD " AND instance = ?4" ALERT_LIST_TAIL, \
    [SQL_ALERT_LIST_BOTH] = ALERT_LIST_HEAD " AND instance = ?4 AND +status = ?5" ALERT_LIST_TAIL, \
    [SQL_ALERT_COUNTS] = "SELECT status, severity, count(*) FROM alert WHERE status IN (0, 1)" \
                         " AND deleted_ms = 0 GROUP BY status, severity", \
    [SQL_ALERT_NEXT] = "SELECT * FROM alert WHERE revision > ? ORDER BY revision LIMIT 1", \
    [SQL_ALERT_DROP_REMOVED] = "DELETE FROM alert WHERE number IN (SELECT number FROM alert" \
                               " WHERE deleted_ms > 0 AND deleted_ms < ?1 LIMIT ?2)", \
    [SQL_ALERT_DROP_CLOSED] = \
        "DELETE FROM alert WHERE number IN (SELECT number FROM alert WHERE status = 2 ORDER BY created_ms" \
        " LIMIT min(?2, max(0, (SELECT count(*) FROM alert WHERE status = 2) - ?1)))", \
    [SQL_INSIGHT_PUT] = "INSERT OR REPLACE INTO insight VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", \
    [SQL_INSIGHT_BY_KEY] = "SELECT * FROM insight WHERE key = ?1 AND expires_ms > ?2 LIMIT 1", \
    [SQL_INSIGHT_BY_ID] = "SELECT * FROM insight WHERE id = ?1 AND expires_ms > ?2", \
    [SQL_INSIGHT_LIST] = \
        "SELECT * FROM insight WHERE (created_ms, number) < (?6, ?7) AND expires_ms > ?1" \
        " AND dismissed_ms = 0" \
        " AND (?2 < 0 OR type = ?2) AND (?3 < 0 OR severity = ?3) AND created_ms >= ?5" \
        " AND (?4 = '' OR instr(char(10) || instances || char(10), char(10) || ?4 || char(10)))" \
        " ORDER BY created_ms DESC, number DESC LIMIT ?8", \
    [SQL_INSIGHT_COUNTS] = "SELECT type, severity, count(*) FROM insight WHERE expires_ms > ?1" \
                           " AND dismissed_ms = 0 GROUP BY type, severity", \
    [SQL_INSIGHT_NEXT] = "SELECT * FROM insight WHERE revision > ? ORDER BY revision LIMIT 1", \
    [SQL_INSIGHT_DROP_EXPIRED] = "DELETE FROM insight WHERE number IN (SELECT number FROM insight" \
                                 " WHERE expires_ms < ?1 LIMIT ?2)", \
    [SQL_INSIGHT_DROP_OLDEST] = \
        "DELETE FROM insight WHERE number IN (SELECT number FROM insight ORDER BY created_ms" \
        " LIMIT min(?2, max(0, (SELECT count(*) FROM insight) - ?1)))", \
    [SQL_NOTE_PUT] = "INSERT OR REPLACE INTO note VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", \
    [SQL_NOTE_GET] = "SELECT * FROM note WHERE id = ?1", \
    [SQL_NOTE_COUNT] = "SELECT count(*) FROM note", \
    [SQL_NOTE_LIST] = \
        "SELECT * FROM note WHERE (from_ms, number) < (?4, ?5) AND deleted_ms = 0 AND from_ms < ?3" \
        " AND to_ms >= ?2 AND (?1 = '' OR instance = '' OR instance = ?1)" \
        " ORDER BY from_ms DESC, number DESC LIMIT ?6", \
    [SQL_NOTE_DROP_REMOVED] = "DELETE FROM note WHERE number IN (SELECT number FROM note" \
                              " WHERE deleted_ms > 0 AND deleted_ms < ?1 LIMIT ?2)", \
    [SQL_TOLD_PUT] = "INSERT OR REPLACE INTO told VALUES(?,?,?)", \
    [SQL_TOLD_LIST] = "SELECT instance FROM told WHERE endpoint <> '' OR metadata <> ''", \
    [SQL_TOLD_GET] = "SELECT endpoint, metadata FROM told WHERE instance = ?1", \
    [SQL_EVENT_NEWEST] = \
        "SELECT coalesce((SELECT max(number) FROM alert), 0),"  \
        " coalesce((SELECT max(number) FROM insight), 0)," \
        " coalesce((SELECT max(number) FROM note), 0)," \
        " coalesce((SELECT value FROM counter WHERE name = 'revision'), 0)", \
    [SQL_COUNTER_PUT] = "INSERT OR REPLACE INTO counter VALUES('revision', ?)", \
    [SQL_DOCUMENT_PUT] = "INSERT OR REPLACE INTO document VALUES(?, ?)", \
    [SQL_DOCUMENT_LIST] = "SELECT name, text FROM document",

#endif
