/* SPDX-License-Identifier: MIT */
/* How far each destination of metrics has come, a part of the step to schema 3. In words in docs/SPEC.md.
 * Watermarks are many and move together: a row has those of OUTLET_PAGE instances. Late ranges are few. */
#ifndef NEPHOS_STORE_SCHEMA_OUTLET_H
#define NEPHOS_STORE_SCHEMA_OUTLET_H

#define SCHEMA_OUTLET \
    "CREATE TABLE outlet(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, start_ms INTEGER NOT NULL," \
    " alerts INTEGER NOT NULL, instances INTEGER NOT NULL, insights INTEGER NOT NULL," \
    " replay_ms INTEGER NOT NULL, replay_until INTEGER NOT NULL, points INTEGER NOT NULL," \
    " events INTEGER NOT NULL, given_up INTEGER NOT NULL, dropped INTEGER NOT NULL);" \
    "CREATE TABLE outlet_page(outlet INTEGER, page INTEGER, data BLOB NOT NULL," \
    " PRIMARY KEY(outlet, page)) WITHOUT ROWID;" \
    "CREATE TABLE outlet_late(outlet INTEGER, instance INTEGER, data BLOB NOT NULL," \
    " PRIMARY KEY(outlet, instance)) WITHOUT ROWID;" \
    "CREATE TABLE outlet_alias(outlet INTEGER, kind TEXT, id TEXT, alias TEXT NOT NULL," \
    " PRIMARY KEY(outlet, kind, id)) WITHOUT ROWID;"

#define STATEMENTS_OUTLET \
    [SQL_OUTLET_MAKE] = "INSERT INTO outlet(name, start_ms, alerts, instances, insights, replay_ms," \
                        " replay_until, points, events, given_up, dropped) VALUES(?,0,0,0,0,0,0,0,0,0,0)", \
    [SQL_OUTLET_PUT] = "UPDATE outlet SET start_ms = ?2, alerts = ?3, instances = ?4, insights = ?5," \
                       " replay_ms = ?6, replay_until = ?7, points = ?8, events = ?9, given_up = ?10," \
                       " dropped = ?11 WHERE id = ?1", \
    [SQL_OUTLET_GET] = "SELECT id, start_ms, alerts, instances, insights, replay_ms, replay_until, points," \
                       " events, given_up, dropped FROM outlet WHERE name = ?", \
    [SQL_OUTLET_PAGE_PUT] = "INSERT OR REPLACE INTO outlet_page VALUES(?,?,?)", \
    [SQL_OUTLET_PAGE_LIST] = "SELECT page, data FROM outlet_page WHERE outlet = ?", \
    [SQL_OUTLET_LATE_PUT] = "INSERT OR REPLACE INTO outlet_late VALUES(?,?,?)", \
    [SQL_OUTLET_LATE_DROP] = "DELETE FROM outlet_late WHERE outlet = ? AND instance = ?", \
    [SQL_OUTLET_LATE_LIST] = "SELECT instance, data FROM outlet_late WHERE outlet = ?", \
    [SQL_OUTLET_ALIAS_PUT] = "INSERT OR REPLACE INTO outlet_alias VALUES(?,?,?,?)", \
    [SQL_OUTLET_ALIAS_DROP] = "DELETE FROM outlet_alias WHERE outlet = ? AND kind = ? AND id = ?", \
    [SQL_OUTLET_ALIAS_TRIM] = "DELETE FROM outlet_alias WHERE outlet = ? AND kind = 'alert'" \
                              " AND id NOT IN (SELECT id FROM alert)", \
    [SQL_OUTLET_ALIAS_GET] = "SELECT alias FROM outlet_alias WHERE outlet = ? AND kind = ? AND id = ?",

#endif
