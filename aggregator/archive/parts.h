/* SPDX-License-Identifier: MIT */
/* What the commands share. */
#ifndef NEPHOS_ARCHIVE_PARTS_H
#define NEPHOS_ARCHIVE_PARTS_H

#include "aggregator/archive/archive.h"
#include "aggregator/store/store.h"
#include "platform/linux/plat_linux.h"

/* As sysexits(3) has them. */
enum archive_exit {
    ARCHIVE_OK = 0,
    ARCHIVE_FAILED = 1,
    ARCHIVE_USAGE = 64,
    ARCHIVE_DAMAGED = 65,
    ARCHIVE_NO_INPUT = 66,
    ARCHIVE_CANNOT_CREATE = 73,
    ARCHIVE_NOT_PERMITTED = 77,
};

/* "nephos-aggregator backup: ..." on standard error. Returns `code`. */
int archive_fail(struct archive *c, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A line on standard error, without a name before it. */
void archive_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* How far it is, for a person who looks at a terminal. */
void archive_progress(struct archive *c, const char *what, uint64_t done, uint64_t all);
void archive_progress_end(struct archive *c);
/* The data directory is this process's alone: ARCHIVE_OK or an exit code. */
int archive_lock(struct archive *c);
/* What a server says in passing is nothing that who waits for a command wants to read. */
static inline enum log_level archive_log_level(const struct config *config)
{
    enum log_level level = config_log_level(config);
    return level == LOG_INFO ? LOG_WARN : level;
}
/* An error of a file in words. */
const char *archive_words(int err);
int archive_exit_of(int err);

/* The commands. `reserve` is called twice, as the map is. */
void *backup_command_reserve(struct memory_map *map, uint64_t database_size);
int backup_command(struct archive *c);
void *verify_command_reserve(struct memory_map *map, uint64_t database_size);
int verify_command(struct archive *c);
void *restore_command_reserve(struct memory_map *map, uint64_t database_size);
int restore_command(struct archive *c);

void *export_command_reserve(struct memory_map *map, const struct config *config);
int export_command(struct archive *c);
void *import_command_reserve(struct memory_map *map, const struct config *config);
int import_command(struct archive *c);

/* store_room.c: a store as the settings want it, for a command that has the directory to itself. */
struct store *room_reserve_store(struct memory_map *map, const struct config *config);
int room_open_store(struct archive *c, struct store *s);

/* snapshot.c: the directory is this process's alone; or, when an aggregator is running there, it is a copy
 * of its database in a folder of its own, which archive_run() removes. */
int snapshot_or_lock(struct archive *c);
void snapshot_remove(struct archive *c);
/* backup.c: a copy of the database of the aggregator that is running, into an open file. An exit code, or -1
 * when none is. */
int backup_running(struct archive *c, int file);

/* verify.c */
struct verify;
/* Checks a file and says what is wrong with it: an exit code. `name` is what to call it. */
int verify_named(struct archive *c, struct verify *v, int file, int64_t at, const char *name);

/* tar.c: a file that holds the whole data directory, a tar with the database as its first member. */
#define TAR_BLOCK 512U
/* The size of the database in `file` and where it begins (0 when the file is the database itself);
 * ERR_MALFORMED when it is neither. */
int tar_look(struct archive *c, int file, int64_t *at, int64_t *size);
/* Writes the member's head at `at`; behind the bytes the caller leaves zeros up to a full block. */
int tar_put_head(struct archive *c, int file, int64_t at, const char *name, int64_t size);
/* Appends all small files of the data directory, and the end. */
int tar_put_rest(struct archive *c, int file, int64_t at, uint32_t *count);
/* Puts the members behind the database into the data directory: how many, or an error. */
int tar_take_rest(struct archive *c, int file, int64_t at, uint32_t *count);

#endif
