/* SPDX-License-Identifier: MIT */
/* What the program does besides serving: it copies, restores and checks databases, and writes and takes
 * samples as text. Each command is one file; all of them work in memory that is reserved before they begin.
 * */
#ifndef NEPHOS_ARCHIVE_ARCHIVE_H
#define NEPHOS_ARCHIVE_ARCHIVE_H

#include "aggregator/config.h"
#include "platform/base/crc32c.h"
#include "platform/base/memory_map.h"

#define ARCHIVE_PATH_SIZE 512U
/* Bytes that are moved at one time. */
#define ARCHIVE_BUFFER_SIZE (UINT32_C(128) << 10)
/* Names of the files of one folder. */
#define ARCHIVE_NAMES_SIZE (UINT32_C(64) << 10)

struct archive {
    const struct config *config;
    const char *operand;       /* the file that it is about, or NULL */
    enum config_verb verb;
    struct plat *plat;
    uint8_t *buffer;           /* ARCHIVE_BUFFER_SIZE */
    /* ARCHIVE_NAMES_SIZE, of the data directory; behind them those of a folder in it */
    char *names;
    struct crc32c_tables *sums;
    void *room;                /* what the command has reserved for itself */
    char snapshot[ARCHIVE_PATH_SIZE]; /* a folder to be removed at the end; "": none */
    uint32_t percent;          /* shown last; UINT32_MAX: none */
};

/* Does what line->verb asks, in `c`, which is empty. The exit code, as sysexits(3) has them; what went wrong
 * has been said. */
int archive_run(struct archive *c, const struct config *config, const struct command_line *line);

#endif
