/* SPDX-License-Identifier: MIT */
/* SQLite's operating system is our platform seam: files, chance and time come from there.
 *
 * Locks are not SQLite's business: plat_data_lock keeps other processes away, and exclusive locking
 * mode keeps the write-ahead log's index in our own memory. */
#ifndef NEPHOS_STORE_VFS_H
#define NEPHOS_STORE_VFS_H

#include <sqlite3.h>

#include "platform/platform.h"

/* Fills in a table that the caller registers under its name, "nephos". */
void vfs_init(sqlite3_vfs *vfs, struct plat *p);

#endif
