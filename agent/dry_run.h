/* SPDX-License-Identifier: MIT */
/* What the agent would send, without sending it: bytes per batch and per series, and what they add up to. */
#ifndef NEPHOS_DRY_RUN_H
#define NEPHOS_DRY_RUN_H

#include "agent/ring.h"
#include "agent/series.h"
#include "platform/base/text.h"
#include "proto/block.h"

/* Two batches of the usual ten samples: the second shows what goes on and on. */
#define DRY_RUN_SAMPLES 20U
#define DRY_RUN_BATCHES_MAX (DRY_RUN_SAMPLES)

struct dry_run {
    uint32_t sample_count, batch_count;
    uint32_t frame_size[DRY_RUN_BATCHES_MAX];   /* as on the wire, without TLS */
    uint32_t samples[DRY_RUN_BATCHES_MAX];
    uint32_t block_count;
    uint64_t block_bytes;                       /* as in ring and spool, without what stands before each */
    uint64_t column_bytes[SLOTS_MAX];
    uint32_t values[SLOTS_MAX];
};

void dry_run_init(struct dry_run *d);
/* Takes everything out of the ring as one batch. `matrix` and `frame` are lent. */
void dry_run_batch(struct dry_run *d, struct ring *ring, uint64_t epoch, struct block_matrix *matrix,
                   uint8_t frame[static TRANSMIT_SIZE]);
/* `spool_size` 0: there is no spool. */
void dry_run_print(const struct dry_run *d, const struct series *series, int64_t interval_ms,
                   uint64_t spool_size, struct text *out);

#endif
