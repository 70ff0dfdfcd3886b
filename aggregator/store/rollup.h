/* SPDX-License-Identifier: MIT */
/* A rollup: of one host, a row of points one behind the other, each with count, sum, least, greatest and
 * last of the samples that fall into it, series by series. The hour in minutes, or the day in hours. What
 * the table `rollup` keeps:
 *
 *     u8 version (1)   u8 zero   u16 points n   u16 series   u16 zero
 *     u32 CRC-32C of the bytes before it and behind it
 *     column of n: samples of each point, of the series that has most
 *     column of n: time of the newest sample of each point, ms behind the beginning of the point; 0: none
 *     for each series, ascending:
 *         varint  series less the series before (the first: series)
 *         u8      flags
 *         varint  size of the columns that follow
 *         column of n        counts below those above            without flag 1, SAME_COUNTS
 *         columns of those points that have samples:
 *             newest time before the one above                    without flag 2, SAME_TIMES
 *             greatest
 *             greatest less last                                  without flag 4, LAST_IS_GREATEST
 *             greatest less least, sum less count times least     without flag 8, ALL_ARE_EQUAL
 *
 * Columns are those of proto/column.h; arithmetic is modulo 2^64. */
#ifndef NEPHOS_STORE_ROLLUP_H
#define NEPHOS_STORE_ROLLUP_H

#include "aggregator/store/store.h"
#include "platform/base/crc32c.h"

#define ROLLUP_POINTS_MAX 60U
#define ROLLUP_SERIES_MAX SLOTS_MAX
#define ROLLUP_SIZE_MAX (ROLLUP_SERIES_MAX * (5U * 32U + ROLLUP_POINTS_MAX * 60U + 16U) + 4096U)

struct rollup_spec {
    int64_t start_ms, point_ms;
    uint32_t points;                   /* at most ROLLUP_POINTS_MAX */
};

/* Cells of the series that are named, spec.points each. */
struct rollup_builder {
    struct rollup_spec spec;
    bool named[ROLLUP_SERIES_MAX];
    struct store_cell cells[ROLLUP_SERIES_MAX][ROLLUP_POINTS_MAX];
};

void rollup_reset(struct rollup_builder *b, const struct rollup_spec *spec);
/* The cells of a series, empty when it was not named before. series < ROLLUP_SERIES_MAX. */
struct store_cell *rollup_cells(struct rollup_builder *b, uint32_t series);
/* Number of bytes, 0 when there is no sample at all. `size` is at least ROLLUP_SIZE_MAX. */
uint32_t rollup_encode(const struct crc32c_tables *sums, const struct rollup_builder *b, uint8_t *to,
                       uint32_t size);

struct rollup {
    struct rollup_spec spec;
    uint32_t series_count;             /* not yet read */
    uint32_t series;                   /* the one read last */
    const uint8_t *at, *end;
    int64_t counts[ROLLUP_POINTS_MAX], last_ms[ROLLUP_POINTS_MAX];
};

/* Checks the sum and reads what all series share. ERR_MALFORMED, also when the number of points is not that
 * of the spec. */
int rollup_open(const struct crc32c_tables *sums, const struct rollup_spec *spec, const uint8_t *from,
                uint32_t size, struct rollup *r);
/* The next series: 1, 0 at the end, ERR_MALFORMED. Its columns are at *columns. */
struct rollup_series {
    uint32_t series, size;
    uint8_t flags;
    const uint8_t *columns;
};
int rollup_next(struct rollup *r, struct rollup_series *out);
/* Its cells, spec.points of them; those without samples have count 0. ERR_OK or ERR_MALFORMED. */
int rollup_read(const struct rollup *r, const struct rollup_series *series,
                struct store_cell cells[static ROLLUP_POINTS_MAX]);
/* Adds all cells of the row to the builder's, which has the same spec. ERR_MALFORMED: what was read before
 * the damage has been added. */
int rollup_add(struct rollup *r, struct rollup_builder *b);

#endif
