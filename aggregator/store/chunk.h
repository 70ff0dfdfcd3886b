/* SPDX-License-Identifier: MIT */
/* A chunk: a stretch of samples of one host without a gap, one column per series. What the table `chunk`
 * keeps for good:
 *
 *     u8 version (2)   u8 zero   u16 samples n   u16 columns   u16 zero
 *     u32 CRC-32C of the bytes before it and behind it
 *     varint  size of the times
 *     varint  size of the section of processes, 0: there are none
 *     for each column, ascending by series:
 *         varint  series less the series before (the first: series)
 *         varint  stretches r in which the series is present, 0: in every sample
 *         r times varint samples to skip, varint samples present
 *         varint  size of the column
 *     the times (milliseconds), then the columns: dense.h, proto/column.h
 *     the processes that stood out: proto/processes.h
 */
#ifndef NEPHOS_STORE_CHUNK_H
#define NEPHOS_STORE_CHUNK_H

#include "aggregator/store/dense.h"
#include "platform/base/crc32c.h"
#include "proto/block.h"
#include "proto/column.h"
#include "proto/limits.h"
#include "proto/processes.h"

#define CHUNK_SAMPLES_MAX 4096U
/* As many are sealed at once; several such are merged into one later. */
#define CHUNK_BUILD_SAMPLES 1024U
/* Values in a chunk that is built, so that the worst of them (12 bytes each) fits into CHUNK_SIZE_MAX. */
#define CHUNK_VALUES_MAX 65536U
#define CHUNK_SIZE_MAX 1507328U
#define CHUNK_SPAN_MS_MAX INT64_C(3600000)

/* Room for the processes of a chunk, with some over because a block is weighed as a whole. */
struct chunk_processes {
    uint32_t id_count, use_count;
    struct process_id ids[PROCESSES_MAX];
    struct process_use uses[(CHUNK_SAMPLES_MAX + BLOCK_SAMPLES_MAX) * PROCESS_TOPS_MAX];
};

struct chunk_builder {
    uint32_t count;                    /* samples */
    uint32_t column_count, value_count;
    int64_t time_ms[CHUNK_BUILD_SAMPLES];
    uint16_t series[SLOTS_MAX];
    uint16_t lengths[SLOTS_MAX];       /* values of each column */
    uint64_t present[SLOTS_MAX][CHUNK_BUILD_SAMPLES / 64];
    int64_t values[SLOTS_MAX][CHUNK_BUILD_SAMPLES];
    struct chunk_processes processes;
    int64_t work[CHUNK_BUILD_SAMPLES];
    struct dense_work dense;
};

void chunk_reset(struct chunk_builder *b);
/* True when `samples` more of the block fit. */
bool chunk_has_room(const struct chunk_builder *b, uint32_t samples, const struct block_matrix *block);
/* In place of the series of a slot. */
#define CHUNK_SERIES_NONE UINT16_MAX
/* The column of a series, made when it is new; CHUNK_COLUMN_NONE when there are SLOTS_MAX. Blocks name mostly
 * the same series in the same order: `guess` is the column behind the last. */
#define CHUNK_COLUMN_NONE UINT32_MAX
uint32_t chunk_column(struct chunk_builder *b, uint16_t series, uint32_t guess);
/* Adds samples from..to-1 of a block. Slots without a series are left out. */
void chunk_add(struct chunk_builder *b, const struct block_matrix *block, uint32_t from, uint32_t to,
               const uint16_t *series_of_slot, uint32_t slot_count);
/* Number of bytes. `size` is at least CHUNK_SIZE_MAX. */
uint32_t chunk_encode(const struct crc32c_tables *sums, struct chunk_builder *b, uint8_t *to, uint32_t size);

/* The first bytes of a chunk, checksum excepted, for who builds one by other means. */
void chunk_put_header(uint8_t *to, uint32_t count, uint32_t column_count);

struct chunk_column {
    const uint8_t *stretches;          /* varints */
    const uint8_t *bytes;
    uint32_t stretch_count, size;
    uint16_t series;
};

struct chunk {
    uint32_t count, column_count;
    const uint8_t *times, *processes;
    uint32_t times_size, processes_size;
    struct chunk_column columns[SLOTS_MAX];
};

/* Checks the sum and reads the directory; pointers go into `from`. */
int chunk_open(const struct crc32c_tables *sums, const uint8_t *from, uint32_t size, struct chunk *c);
int chunk_times(const struct chunk *c, int64_t time_ms[static CHUNK_SAMPLES_MAX]);
/* Values of a column: their number, or ERR_MALFORMED. When that is less than the chunk's samples,
 * sample_of[] says which sample each belongs to; otherwise it is left alone. */
int chunk_values(const struct chunk *c, const struct chunk_column *column,
                 int64_t values[static CHUNK_SAMPLES_MAX],
                 uint16_t sample_of[static CHUNK_SAMPLES_MAX]);
/* ERR_OK, with none when the chunk has no processes, or ERR_MALFORMED. */
int chunk_read_processes(const struct chunk *c, int64_t work[static CHUNK_SAMPLES_MAX],
                         struct chunk_processes *out);
/* To be read only, and as long as `p` stays as it is. */
struct processes chunk_processes_view(const struct chunk_processes *p);

#endif
