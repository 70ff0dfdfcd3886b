/* SPDX-License-Identifier: MIT */
/* Tables of who may do what, a part of the step to schema 3. In words in docs/SPEC.md. */
#ifndef NEPHOS_STORE_SCHEMA_ACCESS_H
#define NEPHOS_STORE_SCHEMA_ACCESS_H

#define SCHEMA_ACCESS \
    "CREATE TABLE api_token(place INTEGER PRIMARY KEY, id BLOB NOT NULL, hash BLOB NOT NULL," \
    " name TEXT NOT NULL, role INTEGER NOT NULL, created_ms INTEGER NOT NULL, used_ms INTEGER NOT NULL," \
    " expires_ms INTEGER NOT NULL);" \
    "CREATE TABLE revocation(instance INTEGER PRIMARY KEY, revoked_ms INTEGER NOT NULL);" \
    "CREATE TABLE audit(id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, who TEXT NOT NULL," \
    " role TEXT NOT NULL, address TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL," \
    " what TEXT NOT NULL, result INTEGER NOT NULL);"

#endif
