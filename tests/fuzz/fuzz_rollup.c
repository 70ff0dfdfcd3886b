/* SPDX-License-Identifier: MIT */
/* Rows of rollups as they lie on the disk, after something has overwritten them. First byte: 'm' minutes, or
 * else hours. Checksums are set right first, or nothing behind them would ever be reached.
 *
 * Promises: a row that opens has series and points within their arrays; what is read can be written, and then
 * reads the same. */
#include "tests/fuzz/fuzz.h"

#include "aggregator/store/rollup.h"
#include "platform/base/bytes.h"

#define CRC_AT 8U
#define HEADER_SIZE 12U

static struct crc32c_tables sums;
static struct rollup_builder builder;
static uint8_t again[ROLLUP_SIZE_MAX];

static void check_series(const struct rollup *r, const struct rollup_series *s)
{
    struct store_cell cells[ROLLUP_POINTS_MAX];
    FUZZ_CHECK(s->series < ROLLUP_SERIES_MAX);
    if (rollup_read(r, s, cells) != ERR_OK)
        return;
    for (uint32_t p = 0; p < r->spec.points; p++) {
        int64_t late_ms = cells[p].last_ms - r->spec.start_ms - p * r->spec.point_ms;
        FUZZ_CHECK(cells[p].count == 0 || (late_ms >= 0 && late_ms < r->spec.point_ms));
    }
}

static void check_again(const struct rollup_spec *spec, const uint8_t *bytes, uint32_t size)
{
    static struct store_cell cells[ROLLUP_POINTS_MAX];
    struct rollup r;
    struct rollup_series s;
    rollup_reset(&builder, spec);
    FUZZ_CHECK(rollup_open(&sums, spec, bytes, size, &r) == ERR_OK);
    if (rollup_add(&r, &builder) != ERR_OK)
        return;
    uint32_t again_size = rollup_encode(&sums, &builder, again, sizeof again);
    if (again_size == 0)
        return;
    FUZZ_CHECK(rollup_open(&sums, spec, again, again_size, &r) == ERR_OK);
    while (rollup_next(&r, &s) == 1) {
        FUZZ_CHECK(rollup_read(&r, &s, cells) == ERR_OK);
        FUZZ_CHECK(builder.named[s.series]);
        for (uint32_t p = 0; p < spec->points; p++) {
            const struct store_cell *is = &cells[p], *was = &builder.cells[s.series][p];
            FUZZ_CHECK(is->count == was->count);
            FUZZ_CHECK(is->count == 0 || (is->max == was->max && is->min == was->min && is->sum == was->sum &&
                                          is->last == was->last && is->last_ms == was->last_ms));
        }
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    crc32c_tables_init(&sums);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct rollup_spec spec = {.start_ms = 1767225600000, .point_ms = 3600000, .points = 24};
    struct rollup r;
    struct rollup_series s;
    if (size < 1 + HEADER_SIZE || size > (1U << 20))
        return 0;
    if (bytes[0] == 'm')
        spec = (struct rollup_spec){.start_ms = 1767225600000, .point_ms = 60000, .points = 60};
    uint32_t n = (uint32_t)size - 1;
    uint8_t *copy = fuzz_exact(bytes + 1, n);
    put_u32(copy + CRC_AT, crc32c(crc32c(0, copy, CRC_AT), copy + HEADER_SIZE, n - HEADER_SIZE));
    if (rollup_open(&sums, &spec, copy, n, &r) == ERR_OK) {
        while (rollup_next(&r, &s) == 1)
            check_series(&r, &s);
        check_again(&spec, copy, n);
    }
    free(copy);
    return 0;
}
