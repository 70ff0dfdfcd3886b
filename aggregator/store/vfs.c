/* SPDX-License-Identifier: MIT */
/* The VFS "nephos": see vfs.h. The only files are the database, its write-ahead log and, for the moment
 * in which a new database is made, its rollback journal. Temporary tables stay in memory. */
#include "aggregator/store/vfs.h"

#include <string.h>

#define FILE_NAME_SIZE 64
#define SECTOR_SIZE 4096

struct vfs_file {
    sqlite3_file base; /* first: SQLite knows the file by it */
    struct plat *plat;
    struct vfs *vfs;
    int handle;
    bool is_given;     /* lent, and to be read only */
    bool is_database;
};

static struct vfs_file *file_of(sqlite3_file *base)
{
    return (struct vfs_file *)(void *)base;
}

/* `otherwise` is SQLite's code for an I/O error of that kind. */
static int code_of(int err, int otherwise)
{
    if (err >= 0)
        return SQLITE_OK;
    return err == ERR_FULL ? SQLITE_FULL : err == ERR_DENIED ? SQLITE_IOERR_ACCESS : otherwise;
}

static int file_close(sqlite3_file *base)
{
    struct vfs_file *f = file_of(base);
    if (!f->is_given)
        plat_file_close(f->plat, f->handle);
    return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *to, int size, sqlite3_int64 offset)
{
    struct vfs_file *f = file_of(base);
    int n = plat_file_read(f->plat, f->handle, offset + (f->is_given ? f->vfs->given_at : 0), to,
                           (uint32_t)size);
    if (n < 0)
        return SQLITE_IOERR_READ;
    if (n == size)
        return SQLITE_OK;
    memset((uint8_t *)to + n, 0, (size_t)(size - n)); /* SQLite relies on zeros behind the end */
    return SQLITE_IOERR_SHORT_READ;
}

/* For whoever copies the file: this has to be copied again. */
static void note_written(struct vfs *v, int64_t offset, int size)
{
    struct vfs_written *w = v->written;
    if (w == NULL || !w->active || offset >= w->copied)
        return;
    for (int64_t page = offset / v->page_size; page * v->page_size < offset + size; page++) {
        if (w->count == VFS_WRITTEN_MAX)
            w->overrun = true;
        else
            w->pages[w->count++] = (uint32_t)page;
    }
}

static int file_write(sqlite3_file *base, const void *from, int size, sqlite3_int64 offset)
{
    struct vfs_file *f = file_of(base);
    if (f->is_given)
        return SQLITE_READONLY;
    if (f->is_database)
        note_written(f->vfs, offset, size);
    return code_of(plat_file_write(f->plat, f->handle, offset, from, (uint32_t)size),
                   SQLITE_IOERR_WRITE);
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct vfs_file *f = file_of(base);
    if (f->is_given)
        return SQLITE_READONLY;
    return code_of(plat_file_truncate(f->plat, f->handle, size), SQLITE_IOERR_TRUNCATE);
}

static int file_sync(sqlite3_file *base, int flags)
{
    struct vfs_file *f = file_of(base);
    (void)flags;
    if (f->is_given)
        return SQLITE_OK;
    return code_of(plat_file_sync(f->plat, f->handle), SQLITE_IOERR_FSYNC);
}

static int file_size(sqlite3_file *base, sqlite3_int64 *size)
{
    struct vfs_file *f = file_of(base);
    *size = plat_file_size(f->plat, f->handle);
    if (f->is_given && *size >= f->vfs->given_at)
        *size -= f->vfs->given_at;
    return *size < 0 ? SQLITE_IOERR_FSTAT : SQLITE_OK;
}

static int file_lock(sqlite3_file *base, int level)
{
    (void)base, (void)level;
    return SQLITE_OK;
}

static int file_is_reserved(sqlite3_file *base, int *reserved)
{
    (void)base;
    *reserved = 0;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int what, void *arg)
{
    (void)base, (void)what, (void)arg;
    return SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *base)
{
    (void)base;
    return SECTOR_SIZE;
}

/* A write that a power cut tears does not harm the bytes beside it. A given file has no log and no lock. */
static int file_characteristics(sqlite3_file *base)
{
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE | (file_of(base)->is_given ? SQLITE_IOCAP_IMMUTABLE : 0);
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_lock,
    .xCheckReservedLock = file_is_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
};

static struct plat *plat_of(sqlite3_vfs *vfs)
{
    return ((struct vfs *)vfs->pAppData)->plat;
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *flags_out)
{
    struct vfs_file *f = file_of(base);
    struct vfs *v = vfs->pAppData;
    bool is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
    *f = (struct vfs_file){.plat = v->plat, .vfs = v, .is_database = is_database};
    if (name == NULL || (v->given >= 0 && !is_database)) /* a temporary file: not here */
        return SQLITE_CANTOPEN;
    if (v->given >= 0) {
        f->handle = v->given;
        f->is_given = true;
        f->base.pMethods = &methods;
        if (flags_out != NULL)
            *flags_out = (flags & ~SQLITE_OPEN_READWRITE) | SQLITE_OPEN_READONLY;
        return SQLITE_OK;
    }
    if ((flags & SQLITE_OPEN_CREATE) == 0 && !plat_file_exists(f->plat, name))
        return SQLITE_CANTOPEN;
    f->handle = plat_file_open(f->plat, name);
    if (f->handle < 0)
        return code_of(f->handle, SQLITE_CANTOPEN);
    f->base.pMethods = &methods;
    if (flags_out != NULL)
        *flags_out = flags;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
    (void)sync_directory;
    int err = plat_file_delete(plat_of(vfs), name);
    if (err == ERR_MISSING)
        return SQLITE_IOERR_DELETE_NOENT;
    return code_of(err, SQLITE_IOERR_DELETE);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *answer)
{
    (void)flags;
    *answer = ((struct vfs *)vfs->pAppData)->given < 0 && plat_file_exists(plat_of(vfs), name);
    return SQLITE_OK;
}

static int vfs_full_name(sqlite3_vfs *vfs, const char *name, int size, char *to)
{
    (void)vfs;
    size_t length = strlen(name);
    if (length >= (size_t)size)
        return SQLITE_CANTOPEN;
    memcpy(to, name, length + 1);
    return SQLITE_OK;
}

static int vfs_random(sqlite3_vfs *vfs, int size, char *to)
{
    plat_random(plat_of(vfs), to, (size_t)size);
    return size;
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return microseconds;
}

#define JULIAN_DAY_1970_MS INT64_C(210866760000000)

static int vfs_time_ms(sqlite3_vfs *vfs, sqlite3_int64 *julian_ms)
{
    *julian_ms = JULIAN_DAY_1970_MS + wall_ms(plat_wall(plat_of(vfs)));
    return SQLITE_OK;
}

static int vfs_time(sqlite3_vfs *vfs, double *julian_days)
{
    sqlite3_int64 ms;
    (void)vfs_time_ms(vfs, &ms);
    *julian_days = (double)ms / 86400000.0;
    return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *to)
{
    (void)vfs;
    if (size > 0)
        to[0] = '\0';
    return 0;
}

void vfs_init(struct vfs *v, struct plat *p)
{
    *v = (struct vfs){.plat = p, .given = -1, .page_size = SECTOR_SIZE};
    v->table = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = (int)sizeof(struct vfs_file),
        .mxPathname = FILE_NAME_SIZE,
        .zName = "nephos",
        .pAppData = v,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_name,
        .xRandomness = vfs_random,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_time,
        .xGetLastError = vfs_last_error,
        .xCurrentTimeInt64 = vfs_time_ms,
    };
}
