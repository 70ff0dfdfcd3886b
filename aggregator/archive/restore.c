/* SPDX-License-Identifier: MIT */
/* `restore FILE`: a backup into a data directory, checked before anything there changes.
 *
 * The copy is written beside the database and made durable; then the old log goes, because it belongs to the
 * old database; then the copy takes the name. Killed at any moment, the directory has the old database or
 * the new one. */
#include "aggregator/archive/parts.h"
#include "aggregator/store/verify.h"

#define DATABASE_NAME "nephos.db"
#define LOG_NAME "nephos.db-wal"
#define COPY_NAME "restored.db"

void *restore_command_reserve(struct memory_map *map, uint64_t database_size)
{
    return verify_reserve(map, database_size);
}

/* The database's bytes into COPY_NAME, durable. */
static int copy_in(struct archive *c, int file, int64_t at, int64_t size)
{
    (void)plat_file_delete(c->plat, COPY_NAME); /* of a restore that was killed */
    int to = plat_file_open(c->plat, COPY_NAME);
    if (to < 0)
        return to;
    int err = ERR_OK;
    for (int64_t done = 0; err == ERR_OK && done < size;) {
        uint32_t n = size - done < ARCHIVE_BUFFER_SIZE ? (uint32_t)(size - done) : ARCHIVE_BUFFER_SIZE;
        if (plat_file_read(c->plat, file, at + done, c->buffer, n) != (int)n)
            err = ERR_SYSTEM;
        else
            err = plat_file_write(c->plat, to, done, c->buffer, n);
        done += n;
        archive_progress(c, "restore", (uint64_t)done, (uint64_t)size);
    }
    archive_progress_end(c);
    if (err == ERR_OK)
        err = plat_file_sync(c->plat, to);
    plat_file_close(c->plat, to);
    if (err < 0)
        (void)plat_file_delete(c->plat, COPY_NAME);
    return err;
}

static int give_name(struct archive *c)
{
    char from[ARCHIVE_PATH_SIZE], to[ARCHIVE_PATH_SIZE];
    struct text a, b;
    text_init(&a, from, sizeof from);
    text_init(&b, to, sizeof to);
    text_printf(&a, "%s/" COPY_NAME, c->config->data);
    text_printf(&b, "%s/" DATABASE_NAME, c->config->data);
    int err = a.truncated || b.truncated ? ERR_FULL : ERR_OK;
    if (err == ERR_OK && plat_file_exists(c->plat, LOG_NAME))
        err = plat_file_delete(c->plat, LOG_NAME);
    return err == ERR_OK ? plat_linux_rename(from, to) : err;
}

static int restore(struct archive *c, int file)
{
    int64_t at, size;
    uint32_t files = 0;
    if (tar_look(c, file, &at, &size) < 0)
        return archive_fail(c, ARCHIVE_DAMAGED, "%s: it is no database and no backup", c->operand);
    int code = archive_lock(c);
    if (code != ARCHIVE_OK)
        return code;
    if (plat_file_exists(c->plat, DATABASE_NAME) && !c->config->force)
        return archive_fail(c, ARCHIVE_CANNOT_CREATE, "%s holds a database: move it away, or give --force "
                            "to lose it",
                            c->config->data);
    bool has_keys = plat_file_exists(c->plat, "ca.key.der");
    if (at > 0 && has_keys && !c->config->force)
        return archive_fail(c, ARCHIVE_CANNOT_CREATE, "%s holds the keys of an aggregator: move them "
                            "away, or give "
                            "--force to lose them", c->config->data);
    code = verify_named(c, c->room, file, at, c->operand);
    if (code != ARCHIVE_OK)
        return archive_fail(c, code, "%s is damaged; nothing was changed", c->operand);
    int err = copy_in(c, file, at, size);
    if (err == ERR_OK && at > 0)
        err = tar_take_rest(c, file, at + size, &files);
    if (err == ERR_OK)
        err = give_name(c);
    if (err < 0)
        return archive_fail(c, archive_exit_of(err), "%s: %s", c->config->data, archive_words(err));
    archive_say("%s: restored%s", c->config->data,
                at > 0 ? ", with its keys" : has_keys ? "; the keys are those that were there"
                : "; a backup without keys: agents must join again, unless ca.*, server.* and tokens are "
                    "put there too");
    return ARCHIVE_OK;
}

int restore_command(struct archive *c)
{
    int file = plat_linux_file(c->plat, c->operand, false);
    if (file < 0)
        return archive_fail(c, archive_exit_of(file), "%s: %s", c->operand, archive_words(file));
    int code = restore(c, file);
    plat_file_close(c->plat, file);
    return code;
}
