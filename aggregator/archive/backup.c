/* SPDX-License-Identifier: MIT */
/* `backup FILE`: a copy of the database that is a whole database by itself, checked before it gets its name.
 * */
#include <string.h>

#include "aggregator/archive/parts.h"
#include "aggregator/command/command.h"
#include "aggregator/store/backup.h"
#include "aggregator/store/verify.h"

#define DATABASE_NAME "nephos.db"
#define RUNNING_MS_MAX (INT64_C(7) * 86400 * 1000)

struct room {
    struct backup_offline *offline;
    struct verify *verify;
};

struct copy { /* one that is being made */
    struct archive *c;
    int file;
    int64_t at;        /* of the database in the file */
    int64_t size;      /* of the database, once it is known */
    uint64_t done;     /* bytes */
    uint32_t waiting;  /* bytes in c->buffer that are no whole record yet */
    int err;           /* of the file that is written */
    bool is_complete;
};

void *backup_command_reserve(struct memory_map *map, uint64_t database_size)
{
    struct room *room = memory_reserve(map, "backup: parts", 1, sizeof *room, "there is one");
    const struct room parts = {
        .offline = backup_offline_reserve(map),
        .verify = verify_reserve(map, database_size),
    };
    if (room != NULL)
        *room = parts;
    return room;
}

/* Puts the records into their places: bytes used of `size`, or an error. */
static int take_records(struct copy *y, const uint8_t *from, uint32_t size)
{
    uint32_t used = 0;
    while (!y->is_complete) {
        struct backup_record r;
        int head = backup_get(y->c->sums, from + used, size - used, &r);
        if (head == ERR_AGAIN)
            return (int)used;
        if (head < 0)
            return head;
        if (r.size == 0) {
            y->size = r.offset;
            y->is_complete = true;
        } else {
            int err = plat_file_write(y->c->plat, y->file, y->at + r.offset, from + used + head, r.size);
            if (err < 0)
                return err;
        }
        y->done += r.size;
        used += (uint32_t)head + r.size;
    }
    return (int)used;
}

static int copy_stopped(struct copy *y)
{
    struct archive *c = y->c;
    struct room *room = c->room;
    char words[256];
    struct text why;
    text_init(&why, words, sizeof words);
    if (!plat_file_exists(c->plat, DATABASE_NAME))
        return archive_fail(c, ARCHIVE_NO_INPUT, "%s holds no database", c->config->data);
    if (backup_offline_begin(room->offline, c->plat, &why) < 0)
        return archive_fail(c, ARCHIVE_FAILED, "%s: %s", c->config->data, words);
    uint64_t all = (uint64_t)backup_offline_size(room->offline);
    int n;
    while ((n = backup_offline_next(room->offline, c->buffer, ARCHIVE_BUFFER_SIZE)) > 0 || n == ERR_AGAIN) {
        if (n > 0)
            n = take_records(y, c->buffer, (uint32_t)n);
        if (n < 0 && n != ERR_AGAIN)
            break;
        archive_progress(c, "backup", y->done, all);
    }
    backup_offline_end(room->offline);
    if (n < 0)
        return archive_fail(c, archive_exit_of(n), "%s: %s", c->operand, archive_words(n));
    return ARCHIVE_OK;
}

/* A piece of what the running aggregator sends. */
static int take_piece(void *context, uint16_t status, const char *bytes, uint32_t size)
{
    struct copy *y = context;
    struct archive *c = y->c;
    if (status != 200) {
        (void)plat_linux_print(2, bytes, size);
        return ERR_OK;
    }
    if (size > ARCHIVE_BUFFER_SIZE - y->waiting)
        return y->err = ERR_MALFORMED;
    memcpy(c->buffer + y->waiting, bytes, size);
    y->waiting += size;
    int used = take_records(y, c->buffer, y->waiting);
    if (used < 0)
        return y->err = used;
    y->waiting -= (uint32_t)used;
    memmove(c->buffer, c->buffer + used, y->waiting);
    archive_progress(c, "backup, MiB", y->done >> 20, UINT64_MAX);
    return ERR_OK;
}

/* From the aggregator that runs there. -1: none does. */
static int copy_running(struct copy *y)
{
    struct archive *c = y->c;
    char words[256];
    struct text why;
    text_init(&why, words, sizeof words);
    int status = command_stream(c->plat, "GET", "/api/v1/backup", NULL, RUNNING_MS_MAX, take_piece, y, &why);
    if (status == ERR_MISSING)
        return -1;
    if (y->err < 0)
        return archive_fail(c, archive_exit_of(y->err), "%s: %s", c->operand, archive_words(y->err));
    if (status < 0)
        return archive_fail(c, status == ERR_DENIED ? ARCHIVE_NOT_PERMITTED : ARCHIVE_FAILED, "%s", words);
    if (status == 200 && !y->is_complete)
        return archive_fail(c, ARCHIVE_FAILED, "the aggregator broke the copy off; see its log");
    return status == 200 ? ARCHIVE_OK : archive_fail(c, ARCHIVE_FAILED, "the aggregator refused");
}

int backup_running(struct archive *c, int file)
{
    struct copy y = {.c = c, .file = file};
    int code = copy_running(&y);
    archive_progress_end(c);
    if (code == ARCHIVE_OK && plat_file_truncate(c->plat, file, y.size) < 0)
        code = archive_fail(c, ARCHIVE_FAILED, "the copy cannot be completed");
    return code;
}

/* Everything behind the database's bytes: what fills the archive, and the disk's word for it. */
static int finish(struct copy *y, const char *part, uint32_t *files)
{
    struct archive *c = y->c;
    int err = plat_file_truncate(c->plat, y->file, y->at + y->size);
    if (err == ERR_OK && y->at > 0) {
        int64_t whole = (y->size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
        err = plat_file_truncate(c->plat, y->file, y->at + whole);
        if (err == ERR_OK)
            err = tar_put_head(c, y->file, 0, DATABASE_NAME, y->size);
        if (err == ERR_OK)
            err = tar_put_rest(c, y->file, y->at + whole, files);
    }
    if (err == ERR_OK)
        err = plat_file_sync(c->plat, y->file);
    if (err < 0)
        return archive_fail(c, archive_exit_of(err), "%s: %s", part, archive_words(err));
    int code = verify_named(c, ((struct room *)c->room)->verify, y->file, y->at, part);
    if (code != ARCHIVE_OK)
        return archive_fail(c, code, "the copy is damaged because the database is: it was not given the "
                            "name %s; it "
                            "stays as %s", c->operand, part);
    err = plat_linux_rename(part, c->operand);
    return err < 0 ? archive_fail(c, archive_exit_of(err), "%s: %s", c->operand,
                                  archive_words(err)) : ARCHIVE_OK;
}

static int make(struct copy *y, const char *part)
{
    struct archive *c = y->c;
    uint32_t files = 0;
    int code = copy_running(y);
    if (code < 0 && (code = archive_lock(c)) == ARCHIVE_OK)
        code = copy_stopped(y);
    archive_progress_end(c);
    if (code == ARCHIVE_OK && !y->is_complete)
        code = archive_fail(c, ARCHIVE_FAILED, "the copy ended before its end");
    if (code != ARCHIVE_OK)
        (void)plat_linux_remove(part);
    if (code == ARCHIVE_OK)
        code = finish(y, part, &files);
    if (code == ARCHIVE_OK)
        archive_say("%s: %lld MiB%s, mode 0600", c->operand, (long long)((y->at + y->size) >> 20),
                    y->at > 0 ? ", with the keys: whoever has it can be this aggregator" : ", without keys");
    return code;
}

int backup_command(struct archive *c)
{
    char part[ARCHIVE_PATH_SIZE];
    struct text t;
    struct copy y = {.c = c, .at = c->config->with_keys ? TAR_BLOCK : 0};
    text_init(&t, part, sizeof part);
    text_printf(&t, "%s.part", c->operand);
    if (t.truncated)
        return archive_fail(c, ARCHIVE_USAGE, "the name of the file is too long");
    if (plat_linux_exists(c->operand))
        return archive_fail(c, ARCHIVE_CANNOT_CREATE, "%s is there already; choose another name", c->operand);
    (void)plat_linux_remove(part); /* of a backup that was killed */
    y.file = plat_linux_file(c->plat, part, true);
    if (y.file < 0)
        return archive_fail(c, y.file == ERR_MISSING ? ARCHIVE_CANNOT_CREATE : archive_exit_of(y.file),
                            "%s: %s", part,
                            archive_words(y.file));
    int code = make(&y, part);
    plat_file_close(c->plat, y.file);
    return code;
}
