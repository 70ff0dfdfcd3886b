/* SPDX-License-Identifier: MIT */
/* A second reader of the database: what a stranger finds in the file with SQLite and docs/SPEC.md.
 *
 * It shares with the store only SQLite, the column codec and the checksum, so that a mistake of the
 * store's own reading cannot hide a mistake of its writing. */
#ifndef NEPHOS_TESTS_SIM_READER_H
#define NEPHOS_TESTS_SIM_READER_H

#include "platform/sim/sim.h"
#include "proto/limits.h"
#include "proto/processes.h"

struct reader_sample {
    const char *instance;  /* its id */
    uint64_t epoch, sequence;
    int64_t time_ms;
    uint32_t count;
    const uint16_t *fields; /* of the oracle; UINT16_MAX: a series that nobody expects */
    const int64_t *values;
    const struct process_tops *tops;
};

struct reader_sink {
    void *ctx;
    void (*sample)(void *ctx, const struct reader_sample *sample);
    void (*broken)(void *ctx, const char *what);
};

/* Reads nephos.db, as it lies on the disk of `aggregator` now, from a copy on `inspector`. SQLite must not
 * be in use by a store at that time. */
void reader_run(struct plat *aggregator, struct plat *inspector, const struct reader_sink *sink);

#endif
