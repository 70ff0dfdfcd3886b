/* SPDX-License-Identifier: MIT */
/* How far each destination has come, a part of the step to schema 3. In words in docs/SPEC.md. */
#ifndef NEPHOS_STORE_SCHEMA_OUTBOX_H
#define NEPHOS_STORE_SCHEMA_OUTBOX_H

#define SCHEMA_OUTBOX \
    "CREATE TABLE outbox(name TEXT PRIMARY KEY, cursor INTEGER NOT NULL, messages INTEGER NOT NULL," \
    " told BLOB NOT NULL) WITHOUT ROWID;"

#define STATEMENTS_OUTBOX \
    [SQL_OUTBOX_PUT] = "INSERT OR REPLACE INTO outbox VALUES(?,?,?,?)", \
    [SQL_OUTBOX_GET] = "SELECT cursor, messages, told FROM outbox WHERE name = ?",

#endif
