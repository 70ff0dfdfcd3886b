/* SPDX-License-Identifier: MIT */
/* From samples to blocks: gathers consecutive samples column by column and puts them into the ring as one
 * encoded block.
 *
 * The samples of a block all have the same slots; a sample with others, or with more new processes than a
 * block has room for, begins a new block. Every sample gets the next sequence number, from 1. */
#ifndef NEPHOS_BLOCK_BUILDER_H
#define NEPHOS_BLOCK_BUILDER_H

#include "agent/limits.h"
#include "agent/ring.h"
#include "agent/sample.h"
#include "proto/block.h"

struct block_builder {
    uint64_t next_sequence;       /* of the sample that comes next */
    uint64_t present[SLOT_WORDS]; /* slots of the open block */
    struct block_matrix block;    /* the open block; count 0: none */
};

void block_builder_init(struct block_builder *b);
/* `scratch` holds the encoded block on its way into the ring. */
void block_builder_add(struct block_builder *b, const struct sample *sample, struct ring *ring,
                       uint8_t scratch[static BLOCK_SIZE_MAX]);
/* Ends the open block, if there is one. */
void block_builder_seal(struct block_builder *b, struct ring *ring,
                        uint8_t scratch[static BLOCK_SIZE_MAX]);
/* Of the oldest sample in the open block, or 0. */
uint64_t block_builder_oldest_sequence(const struct block_builder *b);

#endif
