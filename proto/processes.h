/* SPDX-License-Identifier: MIT */
/* Which processes stood out while samples were taken: a few at the top by CPU and by memory in each.
 *
 * The same processes stand out in sample after sample, so their names are kept once, each with the list of
 * the samples that name it. A block's are in its section behind the columns, a chunk's likewise; the bytes
 * are the same (docs/SPEC.md):
 *
 *     varint  processes p, at least 1; then for each, ascending by pid:
 *     u8      length of the name (0..15) times 16, and flags: 1 in every sample, 2 the name is packed, 4 no
 *             CPU used in any sample, 8 memory the same in every sample
 *     varint  pid less the pid before (the first: pid)
 *     bytes   the name; packed: six bits a character, most significant first, last byte padded with zeros,
 *             each the position in abcdefghijklmnopqrstuvwxyz0123456789-/_:.()@+ ABCDEFGHIJKLMNPRSX
 *     [without flag 1, in a section of up to 16 samples: bitmap, sample s is bit s%8 of byte s/8;
 *      of more: varint stretches, and for each varint samples to skip, varint samples present]
 *     [column CPU, percent of one CPU times 100]
 *     column  resident memory in KiB; with flag 8 a varint
 *
 * Who is full says so, and the caller begins a new block or chunk: nothing is left out. */
#ifndef NEPHOS_PROTO_PROCESSES_H
#define NEPHOS_PROTO_PROCESSES_H

#include "proto/limits.h"

struct process_top {
    uint32_t pid;
    uint32_t cpu_share;  /* since it was read before, percent of one CPU times 100 */
    uint32_t memory_kib; /* resident */
    char name[PROCESS_NAME_SIZE]; /* printable */
};

/* Of one sample. No process is in it twice. */
struct process_tops {
    uint32_t count;
    struct process_top tops[PROCESS_TOPS_MAX];
};

struct process_id {
    uint32_t pid;
    char name[PROCESS_NAME_SIZE];
    uint16_t first, last; /* its uses; valid while count is not 0 */
    uint16_t count;
};

struct process_use { /* of one process by one sample */
    uint32_t cpu_share, memory_kib;
    uint16_t sample;
    uint16_t next;        /* of the same process, with a later sample */
};

/* The processes of some samples, in arrays that somebody else owns. */
struct processes {
    struct process_id *ids;
    struct process_use *uses;
    uint32_t ids_max, uses_max;
    uint32_t id_count, use_count;
};

/* Adds what stood out in `sample`, which is behind all samples added before. ERR_FULL, and nothing is
 * added, when there is no room. */
int processes_add(struct processes *p, uint32_t sample, const struct process_tops *tops);
/* Adds samples from..to-1 of `more` as the samples from `at` on, behind all that were added. ERR_FULL as
 * above. */
int processes_append(struct processes *p, uint32_t at, const struct processes *more, uint32_t from,
                     uint32_t to);
/* Forgets the first `count` samples; those behind them are counted from 0 again. */
void processes_drop(struct processes *p, uint32_t count);
/* Those of one sample, ascending by pid. */
void processes_of_sample(const struct processes *p, uint32_t sample, struct process_tops *out);

/* The pieces that gathering is made of. A new process without uses: its index. There is room. */
uint32_t processes_put_id(struct processes *p, uint32_t pid, const char *name);
/* One more use, behind those that the process has. There is room. */
void processes_put_use(struct processes *p, struct process_id *id, uint32_t sample, uint32_t cpu_share,
                       uint32_t memory_kib);
/* The uses of a process one by one, ascending by sample; NULL at the end. */
const struct process_use *processes_first_use(const struct processes *p, const struct process_id *id);
const struct process_use *processes_next_use(const struct processes *p, const struct process_id *id,
                                             const struct process_use *use);

/* The section for the first `samples` samples: its bytes, 0 when they name no process, or ERR_FULL. `work`
 * has room for as many values. */
int processes_encode(const struct processes *p, uint32_t samples, int64_t *work, uint8_t *to, uint32_t size);
/* Takes a section apart, all `size` bytes of it, none being no process. ERR_MALFORMED also for a name that
 * is not printable, more than PROCESS_TOPS_MAX processes in a sample, or more than there is room for. */
int processes_decode(const uint8_t *from, uint32_t size, uint32_t samples, int64_t *work,
                     struct processes *p);

#endif
