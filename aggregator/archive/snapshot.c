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
