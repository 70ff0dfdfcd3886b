/* SPDX-License-Identifier: MIT */
/* See backup.h. */
#include "aggregator/store/backup_state.h"

#include "platform/base/bytes.h"

#define CRC_OFFSET 12U

int backup_begin(struct backup *b, struct database *d)
{
    if (b->database != NULL)
        return ERR_BUSY;
    (void)database_settle(d); /* so that little is left for the last one */
    int file = plat_file_open(d->plat, DATABASE_FILE_NAME);
    if (file < 0)
        return file;
    b->database = d;
    b->file = file;
    b->has_newest = b->is_done = false;
    b->written.active = true;
    b->written.overrun = false;
    b->written.copied = 0;
    b->written.count = 0;
    d->vfs.written = &b->written;
    return ERR_OK;
}

void backup_end(struct backup *b)
{
    if (b->database == NULL)
        return;
    b->database->vfs.written = NULL;
    plat_file_close(b->database->plat, b->file);
    b->written.active = false;
    b->database = NULL;
}

/* Writes the record of what stands in the file at `offset`. */
static int put_record(struct backup *b, const struct crc32c_tables *sums, int64_t offset, uint32_t size,
                      uint8_t *to)
{
    int n = size == 0 ? 0
                      : plat_file_read(b->database->plat, b->file, offset, to + BACKUP_RECORD_HEADER_SIZE,
                                       size);
    if (n != (int)size)
        return ERR_SYSTEM;
    put_u64(to, (uint64_t)offset);
    put_u32(to + 8, size);
    uint32_t crc = crc32c_fast(sums, 0, to, CRC_OFFSET);
    put_u32(to + CRC_OFFSET, crc32c_fast(sums, crc, to + BACKUP_RECORD_HEADER_SIZE, size));
    return (int)(BACKUP_RECORD_HEADER_SIZE + size);
}

/* The part of the file that has not been read yet, as much of it as fits. */
static int put_further(struct backup *b, const struct crc32c_tables *sums, int64_t file_size, uint8_t *to,
                       uint32_t size)
{
    uint32_t room = (size - BACKUP_RECORD_HEADER_SIZE) / DATABASE_PAGE_SIZE * DATABASE_PAGE_SIZE;
    int64_t left = file_size - b->written.copied;
    uint32_t count = room < BACKUP_DATA_MAX ? room : BACKUP_DATA_MAX;
    if (left < count)
        count = (uint32_t)left;
    int n = put_record(b, sums, b->written.copied, count, to);
    if (n > 0)
        b->written.copied += count;
    return n;
}

int backup_next(struct backup *b, const struct crc32c_tables *sums, uint8_t *to, uint32_t size)
{
    ASSERT(b->database != NULL && size >= BACKUP_RECORD_HEADER_SIZE + DATABASE_PAGE_SIZE);
    struct vfs_written *w = &b->written;
    if (w->overrun)
        return ERR_FULL;
    if (w->count > 0) {
        int n = put_record(b, sums, (int64_t)w->pages[w->count - 1] * DATABASE_PAGE_SIZE,
                           DATABASE_PAGE_SIZE, to);
        w->count -= n > 0;
        return n;
    }
    int64_t file_size = plat_file_size(b->database->plat, b->file);
    if (file_size < 0)
        return ERR_SYSTEM;
    if (w->copied < file_size)
        return put_further(b, sums, file_size, to, size);
    if (b->is_done)
        return 0;
    if (!b->has_newest || !b->database->settled) {
        int err = database_settle(b->database);
        b->has_newest = err == ERR_OK;
        return err == ERR_OK ? ERR_AGAIN : err;
    }
    b->is_done = true;
    return put_record(b, sums, file_size, 0, to);
}

int backup_get(const struct crc32c_tables *sums, const uint8_t *from, uint32_t size,
               struct backup_record *out)
{
    if (size < BACKUP_RECORD_HEADER_SIZE)
        return ERR_AGAIN;
    out->offset = (int64_t)get_u64(from);
    out->size = get_u32(from + 8);
    if (out->size > BACKUP_DATA_MAX || out->offset < 0 || out->offset > INT64_MAX - BACKUP_DATA_MAX)
        return ERR_MALFORMED;
    if (size - BACKUP_RECORD_HEADER_SIZE < out->size)
        return ERR_AGAIN;
    uint32_t crc = crc32c_fast(sums, 0, from, CRC_OFFSET);
    crc = crc32c_fast(sums, crc, from + BACKUP_RECORD_HEADER_SIZE, out->size);
    return crc == get_u32(from + CRC_OFFSET) ? (int)BACKUP_RECORD_HEADER_SIZE : ERR_MALFORMED;
}

/* --- of a database that nobody uses --- */

#define HEAP_SIZE (UINT64_C(4) << 20)

struct backup_offline {
    struct database database;
    struct backup backup;
    struct crc32c_tables *sums;
};

struct backup_offline *backup_offline_reserve(struct memory_map *map)
{
    struct backup_offline *o = memory_reserve(map, "backup", 1, sizeof *o, "there is one");
    struct crc32c_tables *sums = memory_reserve(map, "backup: checksum tables", 1, sizeof *sums,
                                                "never full");
    struct database database = {.heap = NULL};
    database_reserve(&database, map, HEAP_SIZE);
    if (o != NULL) {
        o->database = database;
        o->sums = sums;
    }
    return o;
}

int backup_offline_begin(struct backup_offline *o, struct plat *p, struct text *why)
{
    crc32c_tables_init(o->sums);
    int err = database_look(&o->database, p, -1, 0, why);
    if (err != ERR_OK)
        return err;
    int code = sqlite3_exec(o->database.handle, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
    err = database_result(code);
    if (err == ERR_OK)
        err = database_settle(&o->database);
    if (err == ERR_OK)
        err = backup_begin(&o->backup, &o->database);
    if (err != ERR_OK) {
        text_printf(why, "nephos.db cannot be read: %s", sqlite3_errmsg(o->database.handle));
        database_close(&o->database);
    }
    return err;
}

int backup_offline_next(struct backup_offline *o, uint8_t *to, uint32_t size)
{
    return backup_next(&o->backup, o->sums, to, size);
}

int64_t backup_offline_size(const struct backup_offline *o)
{
    return plat_file_size(o->database.plat, o->backup.file);
}

void backup_offline_end(struct backup_offline *o)
{
    backup_end(&o->backup);
    database_close(&o->database);
}
