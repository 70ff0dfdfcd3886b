/* SPDX-License-Identifier: MIT */
/* Samples to blocks; see block_builder.h. */
#include "agent/block_builder.h"

#include <string.h>

void block_builder_init(struct block_builder *b)
{
    b->next_sequence = 1;
    b->block.count = 0;
}

uint64_t block_builder_oldest_sequence(const struct block_builder *b)
{
    return b->block.count == 0 ? 0 : b->next_sequence - b->block.count;
}

static void open_block(struct block_builder *b, const struct sample *sample)
{
    memcpy(b->present, sample->present, sizeof b->present);
    b->block.slot_count = 0;
    b->block.processes.id_count = b->block.processes.use_count = 0;
    for (uint32_t slot = 0; slot < SLOTS_MAX; slot++)
        if (sample_has(sample, slot))
            b->block.slots[b->block.slot_count++] = (uint16_t)slot;
}

/* Forgets the first `count` samples of the open block. */
static void shift(struct block_matrix *m, uint32_t count)
{
    m->count -= count;
    memmove(m->time_ms, m->time_ms + count, m->count * sizeof m->time_ms[0]);
    for (uint32_t i = 0; i < m->slot_count; i++)
        memmove(m->values[i], m->values[i] + count, m->count * sizeof m->values[i][0]);
    block_processes_drop(&m->processes, count);
}

void block_builder_seal(struct block_builder *b, struct ring *ring,
                        uint8_t scratch[static BLOCK_SIZE_MAX])
{
    struct block_matrix *m = &b->block;
    while (m->count > 0) {
        uint64_t sequence = b->next_sequence - m->count;
        uint32_t all = m->count;
        int size = block_encode(m, scratch, BLOCK_SIZE_MAX);
        while (size == ERR_FULL && m->count > 1) {
            m->count /= 2; /* hundreds of wild series: fewer samples at a time */
            size = block_encode(m, scratch, BLOCK_SIZE_MAX);
        }
        ASSERT(size > 0);
        uint32_t done = m->count;
        ring_push(ring, sequence, done, scratch, (uint32_t)size);
        m->count = all;
        shift(m, done);
    }
}

void block_builder_add(struct block_builder *b, const struct sample *sample, struct ring *ring,
                       uint8_t scratch[static BLOCK_SIZE_MAX])
{
    struct block_matrix *m = &b->block;
    if (m->count > 0 && memcmp(b->present, sample->present, sizeof b->present) != 0)
        block_builder_seal(b, ring, scratch);
    if (m->count == 0)
        open_block(b, sample);
    if (block_processes_add(&m->processes, m->count, &sample->tops) == ERR_FULL) {
        block_builder_seal(b, ring, scratch);
        open_block(b, sample);
        int err = block_processes_add(&m->processes, 0, &sample->tops);
        ASSERT(err == ERR_OK);
    }
    m->time_ms[m->count] = sample->time_ms;
    for (uint32_t i = 0; i < m->slot_count; i++)
        m->values[i][m->count] = sample->values[m->slots[i]];
    m->count++;
    b->next_sequence++;
    if (m->count == BLOCK_SAMPLES_MAX)
        block_builder_seal(b, ring, scratch);
}
