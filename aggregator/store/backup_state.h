/* SPDX-License-Identifier: MIT */
/* The inside of a backup: for who has the database open. */
#ifndef NEPHOS_STORE_BACKUP_STATE_H
#define NEPHOS_STORE_BACKUP_STATE_H

#include "aggregator/store/backup.h"
#include "aggregator/store/database.h"

struct backup {
    struct database *database; /* NULL: none is under way */
    int file;
    bool has_newest;           /* the last checkpoint has been made */
    bool is_done;
    struct vfs_written written;
};

#endif
