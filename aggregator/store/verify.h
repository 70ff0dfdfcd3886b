/* SPDX-License-Identifier: MIT */
/* Is a database whole? Looks at every page, row, block and column of a file that nobody changes, and tells
 * each thing that is not as it must be. Nothing is written, and nothing in the file is trusted.
 *
 * SQLite's own check comes first: pages and indexes. Then the tables that name things, each row against those
 * that it refers to; then every journal entry and every chunk: its checksum, all values decoded, its times
 * and numbers against the row that holds it, its series against the tables, its sequences against those
 * before. */
#ifndef NEPHOS_STORE_VERIFY_H
#define NEPHOS_STORE_VERIFY_H

#include "platform/base/memory_map.h"
#include "platform/base/text.h"
#include "platform/platform.h"

struct verify;

struct verify_counts {
    uint64_t instances, series, epochs, journal_rows, blocks, chunks, rollups;
    uint64_t records;      /* alerts, insights, notes, documents, tokens, audit entries, destinations */
    uint64_t values;       /* decoded */
    uint64_t damages;      /* told, or left out behind the first VERIFY_TOLD_MAX */
    uint64_t lost_values;  /* at least: of chunks that do not read back, as their rows tell */
    bool is_structural;    /* pages or indexes are damaged: SQLite may fail at any moment */
};
#define VERIFY_TOLD_MAX 200U

/* `tell` gets one line for each damage. `progress` gets rows done and rows in all, now and then. */
struct verify_sink {
    void *context;
    void (*tell)(void *context, const char *line);
    void (*progress)(void *context, uint64_t done, uint64_t all);
};

/* `size` is that of the file, in bytes: SQLite's check needs a bit for each page. */
struct verify *verify_reserve(struct memory_map *map, uint64_t size);
/* `file` and `at` as database_look() has them; -1: the one in the data directory, which the caller has
 * locked. ERR_OK when all of it could be looked at: the counts tell whether it is good. ERR_MALFORMED and
 * `why` when it is no database of ours. */
int verify_run(struct verify *v, struct plat *p, int file, int64_t at, const struct verify_sink *sink,
               struct verify_counts *out, struct text *why);

#endif
