/* SPDX-License-Identifier: MIT */
/* What the files of verify share. */
#ifndef NEPHOS_STORE_VERIFY_STATE_H
#define NEPHOS_STORE_VERIFY_STATE_H

#include "aggregator/store/chunk.h"
#include "aggregator/store/database.h"
#include "aggregator/store/journal.h"
#include "aggregator/store/verify.h"

#define VERIFY_INSTANCES_MAX 65536U
#define VERIFY_METRICS_MAX 65536U
#define VERIFY_EPOCHS 524288U /* places of the hash table, a power of two; it takes 7/8 of them */

/* An epoch, and how far its samples have been seen. */
struct verify_epoch {
    uint64_t epoch;
    uint64_t sealed;          /* newest sequence that is in a chunk, as the row says */
    uint64_t chunk_last, block_last;
    uint32_t instance;        /* plus one; 0: a free place */
    uint16_t slot_count;
};

struct verify {
    struct database database;
    const struct verify_sink *sink;
    struct verify_counts counts;
    struct crc32c_tables *sums;
    uint16_t *series_count;   /* of each instance */
    uint32_t instance_count, metric_count;
    struct verify_epoch *epochs;
    uint32_t epoch_count;
    bool epochs_full;
    uint64_t rows_done, rows_all;
    /* scratch */
    struct block_matrix block;
    struct chunk chunk;
    struct chunk_processes processes;
    int64_t time_ms[CHUNK_SAMPLES_MAX], values[CHUNK_SAMPLES_MAX];
    uint16_t sample_of[CHUNK_SAMPLES_MAX];
    uint8_t seen[(UINT16_MAX + 1) / 8];
};

/* One damage, in words: "what, where". */
void verify_tell(struct verify *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Counts a row as done. */
void verify_row(struct verify *v);
/* A statement, or NULL after having told why there is none. */
sqlite3_stmt *verify_prepare(struct verify *v, const char *table, const char *sql);
/* 1: a row is there; 0: no more, or the table cannot be read further, which was told. The statement is then
 * gone. */
int verify_next(struct verify *v, const char *table, sqlite3_stmt *q);
/* The place of an epoch; NULL when there is none and `add` is not set, or no room. */
struct verify_epoch *verify_epoch(struct verify *v, uint32_t instance, uint64_t epoch, bool add);

/* verify_tables.c */
void verify_names(struct verify *v);
/* verify_samples.c */
void verify_journal(struct verify *v);
void verify_chunks(struct verify *v);
/* verify_rollups.c */
void verify_rollups(struct verify *v);
/* verify_records.c */
void verify_records(struct verify *v);

#endif
