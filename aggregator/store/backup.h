/* SPDX-License-Identifier: MIT */
/* A copy of the database while it is in use, as a stream of records.
 *
 * Only a checkpoint changes the file, and behind a complete one the file by itself is a whole database. So it
 * is read from its beginning to its end while checkpoints go on; what they write behind the reader is sent
 * again. When nothing is left to send, a last checkpoint brings in the newest commits, its pages are sent,
 * and the records put in their places are the file as it was at that moment.
 *
 * A record: u64 where it belongs, u32 size n, u32 CRC-32C of the 12 bytes before and of the data, n bytes.
 * The last one has size 0, and the size of the whole file in place of an offset. */
#ifndef NEPHOS_STORE_BACKUP_H
#define NEPHOS_STORE_BACKUP_H

#include "platform/base/crc32c.h"
#include "platform/base/memory_map.h"
#include "platform/base/text.h"
#include "platform/platform.h"

#define BACKUP_RECORD_HEADER_SIZE 16U
#define BACKUP_DATA_MAX 65536U
/* What a record needs at least, so that it moves on. */
#define BACKUP_RECORD_SIZE_MIN (BACKUP_RECORD_HEADER_SIZE + 4096U)

struct backup;   /* one that is under way; see backup_state.h */
struct database;

/* ERR_BUSY while one is under way, or ERR_SYSTEM. */
int backup_begin(struct backup *b, struct database *d);
/* The next record into `to`, whose `size` is at least BACKUP_RECORD_SIZE_MIN: its bytes, 0 when all have been
 * given, ERR_AGAIN to be asked later, ERR_FULL when the reader is too slow for what is written meanwhile,
 * ERR_SYSTEM. */
int backup_next(struct backup *b, const struct crc32c_tables *sums, uint8_t *to, uint32_t size);
void backup_end(struct backup *b);

/* The same of a database that nobody uses: it is opened for it, and what is in its log is carried over. */
struct backup_offline;
struct backup_offline *backup_offline_reserve(struct memory_map *map);
int backup_offline_begin(struct backup_offline *o, struct plat *p, struct text *why);
int backup_offline_next(struct backup_offline *o, uint8_t *to, uint32_t size);
/* Bytes of the file, to show how far it is. */
int64_t backup_offline_size(const struct backup_offline *o);
void backup_offline_end(struct backup_offline *o);

struct backup_record {
    int64_t offset;
    uint32_t size;             /* 0: the end, and offset is the size of all */
};
/* Bytes of the record's header, with its data following; ERR_AGAIN when `size` bytes do not hold all of it;
 * ERR_MALFORMED. */
int backup_get(const struct crc32c_tables *sums, const uint8_t *from, uint32_t size,
               struct backup_record *out);

#endif
