/* SPDX-License-Identifier: MIT */
/* Memory, platform and words of the commands; see archive.h. */
#include "aggregator/archive/archive.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "aggregator/archive/parts.h"

#define CONNECTIONS_MAX 2U
#define FILES_MAX 8U

int archive_fail(struct archive *c, int code, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    archive_progress_end(c);
    archive_say("nephos-aggregator %s: %s", verbs_of(c->verb)->word, line);
    return code;
}

void archive_say(const char *format, ...)
{
    char line[1200];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    uint32_t length = n < 0 ? 0 : n > (int)sizeof line - 2 ? (uint32_t)sizeof line - 2 : (uint32_t)n;
    line[length++] = '\n';
    (void)plat_linux_print(2, line, length);
}

void archive_progress(struct archive *c, const char *what, uint64_t done, uint64_t all)
{
    char line[64];
    uint32_t percent = all == 0 ? 100 : done >= all ? 100 : (uint32_t)(done * 100 / all);
    if (percent == c->percent || !plat_linux_is_terminal(2))
        return;
    c->percent = percent;
    int n = snprintf(line, sizeof line, "\r%s: %u %%", what, percent);
    (void)plat_linux_print(2, line, (uint32_t)n);
}

void archive_progress_end(struct archive *c)
{
    if (c->percent != UINT32_MAX)
        (void)plat_linux_print(2, "\r\033[K", 4);
    c->percent = UINT32_MAX;
}

const char *archive_words(int err)
{
    switch (err) {
    case ERR_MISSING: return "there is no such file or folder";
    case ERR_DENIED: return "not permitted";
    case ERR_BUSY: return "it is there already";
    case ERR_FULL: return "the disk is full";
    case ERR_MALFORMED: return "it is not a file of the right kind";
    default: return "the system refused; see dmesg for errors of the disk";
    }
}

int archive_exit_of(int err)
{
    switch (err) {
    case ERR_MISSING: return ARCHIVE_NO_INPUT;
    case ERR_DENIED: return ARCHIVE_NOT_PERMITTED;
    case ERR_MALFORMED: return ARCHIVE_DAMAGED;
    case ERR_BUSY:
    case ERR_FULL: return ARCHIVE_CANNOT_CREATE;
    default: return ARCHIVE_FAILED;
    }
}

int archive_lock(struct archive *c)
{
    int err = plat_data_lock(c->plat);
    if (err == ERR_OK)
        return ARCHIVE_OK;
    return archive_fail(c, err == ERR_DENIED ? ARCHIVE_NOT_PERMITTED : ARCHIVE_FAILED, "%s: %s",
                        c->config->data,
                        err == ERR_BUSY
                            ? "an aggregator is running there; stop it first" : archive_words(err));
}

/* --- memory and platform --- */

static struct plat *reserve_platform(struct memory_map *map)
{
    const struct plat_linux_limits limits = {
        .conns_max = CONNECTIONS_MAX,
        .dials_max = 1,
        .handshakes_max = 1,
        .texts_max = 1,
        .files_max = FILES_MAX,
        .tls_arena_size = PLAT_LINUX_TLS_ARENA(1, 1),
    };
    return plat_linux_reserve(map, &limits);
}

static void *reserve_room(struct memory_map *map, const struct archive *c)
{
    switch (c->verb) {
    case VERB_BACKUP: return backup_command_reserve(map, c->config->database_size_max);
    case VERB_RESTORE: return restore_command_reserve(map, c->config->database_size_max);
    case VERB_EXPORT: return export_command_reserve(map, c->config);
    case VERB_IMPORT: return import_command_reserve(map, c->config);
    default: return verify_command_reserve(map, c->config->database_size_max);
    }
}

static void reserve_all(struct memory_map *map, struct archive *c)
{
    c->plat = reserve_platform(map);
    c->buffer = memory_reserve(map, "archive: buffer", ARCHIVE_BUFFER_SIZE, 1, "never full");
    c->names = memory_reserve(map, "archive: names of files", 2 * ARCHIVE_NAMES_SIZE, 1, "the command fails");
    c->sums = memory_reserve(map, "archive: checksum tables", 1, sizeof *c->sums, "never full");
    c->room = reserve_room(map, c);
}

static int run(struct archive *c)
{
    switch (c->verb) {
    case VERB_BACKUP: return backup_command(c);
    case VERB_RESTORE: return restore_command(c);
    case VERB_EXPORT: return export_command(c);
    case VERB_IMPORT: return import_command(c);
    default: return verify_command(c);
    }
}

/* A new directory is made for what will be put into it only. */
static bool needs_data(const struct archive *c)
{
    return c->verb != VERB_VERIFY || c->operand == NULL;
}

int archive_run(struct archive *c, const struct config *config, const struct command_line *line)
{
    struct memory_map map;
    *c = (struct archive){.config = config, .operand = line->operand, .verb = line->verb,
                          .percent = UINT32_MAX};
    memory_map_init(&map, NULL, 0);
    reserve_all(&map, c);
    uint64_t total = map.used;
    void *block = plat_linux_memory(total);
    if (block == NULL)
        return archive_fail(c, ARCHIVE_FAILED, "the system does not give %llu MiB of memory",
                            (unsigned long long)(total >> 20));
    memory_map_init(&map, block, total);
    reserve_all(&map, c);
    bool makes_data = c->verb == VERB_RESTORE || c->verb == VERB_IMPORT;
    if (needs_data(c) && !makes_data && !plat_linux_exists(config->data))
        return archive_fail(c, ARCHIVE_NO_INPUT, "there is no data directory %s; name it with --data",
                            config->data);
    const struct plat_linux_options options = {
        .state_dir = needs_data(c) ? config->data : NULL, .log_level = archive_log_level(config)};
    if (plat_linux_start(c->plat, &options) < 0) /* says itself what failed */
        return ARCHIVE_FAILED;
    crc32c_tables_init(c->sums);
    int code = run(c);
    archive_progress_end(c);
    plat_linux_stop(c->plat);
    snapshot_remove(c);
    return code;
}
