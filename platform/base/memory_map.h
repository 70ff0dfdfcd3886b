/* SPDX-License-Identifier: MIT */
/* All memory of a program as a list of named lines, reserved once at start.
 *
 * A program calls the same reserve functions twice: first over a map without a block, which only
 * adds up the sizes, then over the block that the platform gave for that total. So the printed map
 * and the memory in use cannot differ. Nothing is ever returned, and nothing is reserved later. */
#ifndef NEPHOS_MEMORY_MAP_H
#define NEPHOS_MEMORY_MAP_H

#include "platform/base/base.h"
#include "platform/base/text.h"

#define MEMORY_LINES_MAX 160U

struct memory_line {
    const char *name;       /* "ingest: sessions" */
    const char *when_full;  /* what happens to the newcomer, in words */
    uint64_t count;         /* slots */
    uint64_t unit_size;     /* bytes a slot */
    uint64_t in_use;        /* slots now, as told by memory_use() */
    uint64_t high_water;    /* most slots ever */
};

struct memory_map {
    uint8_t *block;         /* NULL while only counting */
    uint64_t size;          /* of the block */
    uint64_t used;
    struct memory_line lines[MEMORY_LINES_MAX];
    uint32_t line_count;
};

void memory_map_init(struct memory_map *m, void *block, uint64_t size);
/* Returns zeroed memory aligned to 64 bytes, or NULL while only counting. Names and texts must
 * outlive the map. Asking for more than the block holds is a bug. */
void *memory_reserve(struct memory_map *m, const char *name, uint64_t count, uint64_t unit_size,
                     const char *when_full);
/* The line that memory_reserve added last; kept by a room to tell its use. */
struct memory_line *memory_last_line(struct memory_map *m);
void memory_use(struct memory_line *line, uint64_t in_use);
/* A table for people: one line each, a total, sizes in KiB. */
void memory_map_print(const struct memory_map *m, struct text *out);

#endif
