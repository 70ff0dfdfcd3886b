/* SPDX-License-Identifier: MIT */
/* Several chunks of one host read as one, series by series, and written as one. */
#ifndef NEPHOS_STORE_CHUNK_MERGE_H
#define NEPHOS_STORE_CHUNK_MERGE_H

#include "aggregator/store/chunk.h"

#define CHUNK_PARTS_MAX 16U
#define CHUNK_MERGE_DIRECTORY_MAX 65536U
/* Room that chunk_merge wants; what it makes is CHUNK_SIZE_MAX at most. */
#define CHUNK_MERGE_SIZE (CHUNK_SIZE_MAX + CHUNK_MERGE_DIRECTORY_MAX)

/* A walk over the series of some chunks, whose samples are numbered one chunk behind the other. */
struct chunk_walk {
    uint32_t part_count;
    const struct chunk *parts[CHUNK_PARTS_MAX];
    uint32_t at[CHUNK_PARTS_MAX];      /* column that comes next */
    uint32_t count;                    /* of the values that were read last */
    uint16_t series;                   /* that they belong to */
    int64_t values[CHUNK_SAMPLES_MAX];
    uint16_t sample_of[CHUNK_SAMPLES_MAX];
    int64_t part_values[CHUNK_SAMPLES_MAX];
    uint16_t part_sample_of[CHUNK_SAMPLES_MAX];
};

/* `parts` have CHUNK_SAMPLES_MAX samples together at most, and stay where they are. */
void chunk_walk_begin(struct chunk_walk *w, const struct chunk *parts, uint32_t part_count);
/* Reads the next series: 1, 0 at the end, or ERR_MALFORMED. */
int chunk_walk_next(struct chunk_walk *w);

struct chunk_merge_work {
    struct chunk_walk walk;
    uint8_t directory[CHUNK_MERGE_DIRECTORY_MAX];
    struct chunk_processes processes, part;
    struct dense_work dense;
};
/* Writes `parts`, whose samples follow one another, as one chunk. Its size; ERR_FULL when it would be too
 * large, ERR_MALFORMED when a part does not read back. `size` is at least CHUNK_MERGE_SIZE. */
int chunk_merge(const struct crc32c_tables *sums, struct chunk_merge_work *work, const struct chunk *parts,
                uint32_t part_count, uint8_t *to, uint32_t size);

#endif
