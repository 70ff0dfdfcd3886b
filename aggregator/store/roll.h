/* SPDX-License-Identifier: MIT */
/* Rolling up: the ten-minute chunks of an hour go into the minutes and hours they belong to, and are merged.
 *
 * What a sample is part of is told by one mark, `due_ms` of its chunk: while it is set, the rollups know
 * nothing of the chunk; the transaction that adds it to them takes the mark away. So each sample counts once,
 * whatever dies when, and in whatever order chunks come. */
#ifndef NEPHOS_STORE_ROLL_H
#define NEPHOS_STORE_ROLL_H

#include "aggregator/store/chunk_merge.h"
#include "aggregator/store/rollup.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS INT64_C(3600000)
#define DAY_MS INT64_C(86400000)

/* Values that one step reads and writes at most, unless one chunk alone has more: some milliseconds. */
#define ROLL_VALUES_MAX 163840U
#define ROLL_BYTES_MAX CHUNK_SIZE_MAX
#define ROLL_OUT_SIZE (ROLLUP_SIZE_MAX > CHUNK_MERGE_SIZE ? ROLLUP_SIZE_MAX : CHUNK_MERGE_SIZE)

struct roll_source {
    int64_t id, min_ms, max_ms, age_ms;
    uint64_t first_sequence, last_sequence;
    uint32_t size;
};

/* Work space of one step; nothing survives in here. */
struct roll_work {
    uint32_t source_count, samples, values, bytes_used, damaged_count;
    struct roll_source sources[CHUNK_PARTS_MAX];
    int64_t damaged[CHUNK_PARTS_MAX];  /* rows that do not read back */
    struct chunk chunks[CHUNK_PARTS_MAX];
    int64_t time_ms[CHUNK_SAMPLES_MAX];
    uint8_t minute_of[CHUNK_SAMPLES_MAX];
    struct chunk_merge_work merge;
    struct rollup_builder builder;
    struct store_cell totals[ROLLUP_SERIES_MAX];
    uint8_t bytes[ROLL_BYTES_MAX];
    uint8_t out[ROLL_OUT_SIZE];
};

static inline int64_t floor_ms(int64_t ms, int64_t step_ms)
{
    int64_t over = ms % step_ms;
    return ms - (over < 0 ? over + step_ms : over);
}

#endif
