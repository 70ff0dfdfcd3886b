/* SPDX-License-Identifier: MIT */
/* A copy of the database while it is in use, in records as backup.h has them: for who passes them on. */
#ifndef NEPHOS_STORE_STORE_BACKUP_H
#define NEPHOS_STORE_STORE_BACKUP_H

#include "aggregator/store/backup.h"
#include "aggregator/store/store.h"

/* ERR_BUSY while one is under way, or ERR_SYSTEM. */
int store_backup_begin(struct store *s);
/* A bounded piece: bytes in `to` (at least BACKUP_RECORD_SIZE_MIN), 0 when all have been given, ERR_AGAIN to
 * be asked in the next step, ERR_FULL when the reader is too slow for what is written meanwhile, ERR_SYSTEM.
 * */
int store_backup_next(struct store *s, uint8_t *to, uint32_t size);
void store_backup_end(struct store *s);

#endif
