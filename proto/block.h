/* SPDX-License-Identifier: MIT */
/* A block: some consecutive samples of one host, column by column. The same bytes lie in the agent's
 * ring, travel in a batch and stand in the aggregator's journal.
 *
 *     varint  slot count n
 *     u8      0: the slots are 0..n-1      1: a bitmap follows
 *     [u8     bitmap bytes m, then m bytes, slot s is bit s%8 of byte s/8]
 *     column  wall clock of each sample, milliseconds
 *     column  x n, ascending slots
 *     [section of the processes that stood out: processes.h; absent when there are none]
 */
#ifndef NEPHOS_BLOCK_H
#define NEPHOS_BLOCK_H

#include "proto/column.h"
#include "proto/limits.h"
#include "proto/processes.h"

/* Room for the processes of a block. */
struct block_processes {
    uint32_t id_count, use_count;
    struct process_id ids[BLOCK_PROCESSES_MAX];
    struct process_use uses[BLOCK_SAMPLES_MAX * PROCESS_TOPS_MAX];
};

/* Samples by slot, as both ends hold them while they work on a block. */
struct block_matrix {
    uint32_t count;                    /* samples, 1..BLOCK_SAMPLES_MAX */
    uint32_t slot_count;
    uint16_t slots[SLOTS_MAX];         /* ascending */
    int64_t time_ms[BLOCK_SAMPLES_MAX];
    int64_t values[SLOTS_MAX][BLOCK_SAMPLES_MAX]; /* by position in slots, not by slot */
    struct block_processes processes;
};

/* Bytes written or ERR_FULL. */
int block_encode(const struct block_matrix *m, uint8_t *to, uint32_t size);
/* Takes the block apart; `count` comes from beside it. ERR_MALFORMED unless every byte was used, slots
 * ascend below SLOTS_MAX and times are within 1970..2200. */
int block_decode(const uint8_t *from, uint32_t size, uint32_t count, struct block_matrix *m);
/* As processes_add and processes_drop. */
int block_processes_add(struct block_processes *b, uint32_t sample, const struct process_tops *tops);
void block_processes_drop(struct block_processes *b, uint32_t count);
/* To be read only, and as long as `b` stays as it is. */
struct processes block_processes_view(const struct block_processes *b);
/* Only the header and the times: cheap, for an index; values stay untouched. Bytes read, or
 * ERR_MALFORMED. */
int block_decode_times(const uint8_t *from, uint32_t size, uint32_t count, struct block_matrix *m);

#endif
