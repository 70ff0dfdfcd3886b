/* SPDX-License-Identifier: MIT */
/* What a query makes of one block, chunk or row of rollups that it has come to. The number that each returns
 * says what the work has cost, counted in values decoded. */
#ifndef NEPHOS_STORE_QUERY_FOLD_H
#define NEPHOS_STORE_QUERY_FOLD_H

#include "aggregator/store/state.h"

/* In place of a position: the query does not ask for the series. */
#define QUERY_NOT_ASKED UINT16_MAX

/* The cells of a series (SERIES_NONE: of none), or NULL. */
struct store_cell *query_cells(const struct query *q, uint16_t series);
/* The block that was read into `work`; slots[] says the series of its slots. */
uint32_t query_fold_block(const struct query *q, struct scratch *work, const uint16_t *slots,
                          uint32_t slot_count);
/* A chunk. `is_rolled`: the rollups know it, so the samples before q->seconds_ms are left out. */
uint32_t query_fold_chunk(struct store *s, const struct query *q, const uint8_t *bytes, uint32_t size,
                          bool is_rolled);
/* A row of rollups: its points within from_ms..to_ms-1. */
uint32_t query_fold_rollup(struct store *s, struct query *q, const struct rollup_spec *spec,
                           const uint8_t *bytes, uint32_t size, int64_t from_ms, int64_t to_ms);

#endif
