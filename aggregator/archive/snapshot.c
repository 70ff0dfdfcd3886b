/* SPDX-License-Identifier: MIT */
/* What only reads must not wait until an aggregator is stopped: it reads a copy. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/archive/parts.h"

#define DATABASE_NAME "nephos.db"

static void path_in(const struct archive *c, const char *name, char to[static ARCHIVE_PATH_SIZE])
{
    struct text t;
    text_init(&t, to, ARCHIVE_PATH_SIZE);
    text_printf(&t, "%s/%s", c->snapshot, name);
}

/* A name that nobody else has. */
static void choose_folder(struct archive *c)
{
    const char *folder = getenv("TMPDIR");
    uint8_t chance[8];
    struct text t;
    plat_random(c->plat, chance, sizeof chance);
    text_init(&t, c->snapshot, sizeof c->snapshot);
    text_printf(&t, "%s/nephos-export-", folder != NULL && folder[0] == '/' ? folder : "/var/tmp");
    text_put_hex(&t, chance, sizeof chance);
}

static int start_in(struct archive *c, const char *folder)
{
    const struct plat_linux_options options = {.state_dir = folder,
                                               .log_level = archive_log_level(c->config)};
    plat_linux_stop(c->plat);
    return plat_linux_start(c->plat, &options) < 0 ? ARCHIVE_CANNOT_CREATE : ARCHIVE_OK;
}

/* Takes the room for the whole copy at once, so that nobody waits for one that cannot end. */
static int take_room(struct archive *c, int file)
{
    int database = plat_file_open(c->plat, DATABASE_NAME);
    int64_t size = database < 0 ? database : plat_file_size(c->plat, database);
    if (database >= 0)
        plat_file_close(c->plat, database);
    if (size <= 0) /* the copy itself will say what is wrong */
        return ARCHIVE_OK;
    int err = plat_file_reserve(c->plat, file, size);
    if (err != ERR_FULL)
        return ARCHIVE_OK;
    return archive_fail(c, ARCHIVE_CANNOT_CREATE,
                        "no room for the copy of %llu MiB that reading from a running aggregator takes while"
                        " it lasts: set TMPDIR to a folder with as much (now %s), or stop the aggregator",
                        (unsigned long long)((uint64_t)size + (1U << 20) - 1) >> 20, c->snapshot);
}

/* The folder is made by starting a platform in it; the copy comes through one in the data directory. */
static int take(struct archive *c)
{
    char path[ARCHIVE_PATH_SIZE];
    choose_folder(c);
    int code = start_in(c, c->snapshot);
    if (code == ARCHIVE_OK)
        code = start_in(c, c->config->data);
    if (code != ARCHIVE_OK)
        return code;
    path_in(c, DATABASE_NAME, path);
    int file = plat_linux_file(c->plat, path, true);
    if (file < 0)
        return archive_fail(c, archive_exit_of(file), "%s: %s", path, archive_words(file));
    code = take_room(c, file);
    if (code == ARCHIVE_OK)
        code = backup_running(c, file);
    plat_file_close(c->plat, file);
    return code == ARCHIVE_OK ? start_in(c, c->snapshot) : code;
}

int snapshot_or_lock(struct archive *c)
{
    char path[ARCHIVE_PATH_SIZE];
    struct text t;
    text_init(&t, path, sizeof path);
    text_printf(&t, "%s/command.sock", c->config->data);
    if (plat_linux_exists(path)) {
        int code = take(c);
        if (code != -1)
            return code == ARCHIVE_OK ? archive_lock(c) : code;
        snapshot_remove(c); /* a socket that a killed aggregator has left */
        c->snapshot[0] = '\0';
    }
    return archive_lock(c);
}

void snapshot_remove(struct archive *c)
{
    static const char *const names[] = {DATABASE_NAME, DATABASE_NAME "-wal", DATABASE_NAME "-journal",
                                        "lock", ""};
    char path[ARCHIVE_PATH_SIZE];
    for (uint32_t i = 0; c->snapshot[0] != '\0' && i < COUNT_OF(names); i++) {
        path_in(c, names[i], path);
        (void)plat_linux_remove(path);
    }
}
