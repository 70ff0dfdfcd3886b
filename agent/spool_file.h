/* SPDX-License-Identifier: MIT */
/* Inside the spool: the bytes of the file, and what its files tell each other. spool.c puts and drops,
 * spool_open.c finds what an earlier run has left, spool_doubt.c follows what was given up, spool_tail.c the
 * newest epoch, spool_file.c reads and writes headers and records. */
#ifndef NEPHOS_SPOOL_FILE_H
#define NEPHOS_SPOOL_FILE_H

#include "agent/spool.h"

#define SPOOL_FILE "spool"
#define SPOOL_HEADER_SIZE 128U
#define SPOOL_RECORD_SIZE 32U /* before the data */
#define SPOOL_DATA_MAX TRANSMIT_SIZE

static_assert(SPOOL_RECORD_SIZE + SPOOL_DATA_MAX <= SCRATCH_SIZE, "a record is made in the scratch");
static_assert(BLOCK_SIZE_MAX <= SPOOL_DATA_MAX, "a block fits in a record");
static_assert(SLOTS_MAX * (METRIC_SIZE + TAG_SIZE + UNIT_SIZE + 24U) + 2048U + SPOOL_HEADER_SIZE +
                      SPOOL_DATA_MAX <= SPOOL_SEGMENT_SIZE,
              "a segment has room for the largest dictionary and a block");

struct spool_header {
    bool is_sealed;   /* full: the fields below hold for good */
    char owner[INSTANCE_ID_SIZE];
    struct spool_segment segment;
};

static inline uint64_t spool_last_sequence(const struct spool_record *r)
{
    return r->sequence + r->count - 1;
}

/* Where the first record of a segment is. */
struct spool_place spool_first_place(const struct spool *s, uint32_t segment);
/* The segment with the lowest number above `number`, or SPOOL_NOWHERE. */
uint32_t spool_segment_after(const struct spool *s, uint64_t number);
/* Reads the header of a segment: ERR_OK, ERR_MISSING when there is none, ERR_SYSTEM. */
int spool_read_header(const struct spool *s, uint32_t segment, struct spool_header *out);
int spool_write_header(struct spool *s, uint32_t segment, bool is_sealed);
/* Writes zeros over it: the segment is free after a restart, too. */
void spool_erase_header(struct spool *s, uint32_t segment);
/* The record at a place of one segment that ends at `end`: ERR_OK, ERR_MISSING at the end or where the chain
 * is broken, ERR_SYSTEM. */
int spool_read_record(const struct spool *s, struct spool_place place, uint32_t end,
                      struct spool_record *out);
/* Appends to the newest segment; the data stand in the scratch behind SPOOL_RECORD_SIZE bytes. */
int spool_append(struct spool *s, struct spool_record *r);
/* These samples are given up, and may have arrived. */
void spool_doubt(struct spool *s, uint64_t epoch, uint64_t first, uint64_t count);
/* This block, which is held: may it have arrived? */
bool spool_may_have_arrived(const struct spool *s, const struct spool_record *r);
/* The first blocks of an epoch come: what was told of it until now was not about them. */
void spool_epoch_begins(struct spool *s, uint64_t epoch);
/* The newest that is held of the tail's epoch; 0: none is. */
uint64_t spool_tail_end(const struct spool *s);
/* A record of `epoch` comes at the end of the newest segment. */
void spool_tail_begins(struct spool *s, uint64_t epoch);
/* Forgets the tail: samples dropped. */
uint64_t spool_drop_tail(struct spool *s);
/* Forgets a segment of which nothing is held any more, on disk, too. */
void spool_free_segment(struct spool *s, uint32_t segment);
/* Settles `oldest`: frees the segments in which nothing is held any more. */
void spool_settle(struct spool *s, struct spool_place from);
/* Says it once, and that it is not tried again before a while. */
void spool_failed(struct spool *s, int error, struct mono now);

#endif
