/* SPDX-License-Identifier: MIT */
/* SQLite's operating system is our platform seam: files, chance and time come from there.
 *
 * Locks are not SQLite's business: plat_data_lock keeps other processes away, and exclusive locking
 * mode keeps the write-ahead log's index in our own memory. */
#ifndef NEPHOS_STORE_VFS_H
#define NEPHOS_STORE_VFS_H

#include <sqlite3.h>

#include "platform/platform.h"

#define VFS_WRITTEN_MAX 16384U

/* Pages of the database that were written behind somebody who copies it; see backup.h. */
struct vfs_written {
    bool active, overrun;      /* overrun: one found no place */
    int64_t copied;            /* bytes from the beginning that were copied: what is written there is noted */
    uint32_t count;
    uint32_t pages[VFS_WRITTEN_MAX]; /* numbers, from 0, in the order in which they were written */
};

struct vfs {
    sqlite3_vfs table;         /* to be registered; its name is "nephos" */
    struct plat *plat;
    int given;                 /* the database is this open file, which never changes; -1: by its name */
    int64_t given_at;          /* it begins here in that file */
    uint32_t page_size;
    struct vfs_written *written; /* NULL: nobody asks */
};

void vfs_init(struct vfs *v, struct plat *p);

#endif
