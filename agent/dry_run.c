/* SPDX-License-Identifier: MIT */
/* What the agent would send; see dry_run.h. */
#include "agent/dry_run.h"

#include "agent/spool.h"

#define RING_OVERHEAD 16U /* of a block in the ring */
#define DAY_MS INT64_C(86400000)

void dry_run_init(struct dry_run *d)
{
    *d = (struct dry_run){0};
}

/* The codec works column by column, so what one series costs is exact. */
static void weigh_columns(struct dry_run *d, const struct block_matrix *m)
{
    uint8_t column[COLUMN_SIZE_MAX(BLOCK_SAMPLES_MAX)];
    for (uint32_t i = 0; i < m->slot_count; i++) {
        int size = column_encode(m->values[i], m->count, column, sizeof column);
        ASSERT(size > 0);
        d->column_bytes[m->slots[i]] += (uint32_t)size;
        d->values[m->slots[i]] += m->count;
    }
}

void dry_run_batch(struct dry_run *d, struct ring *ring, uint64_t epoch, struct block_matrix *matrix,
                   uint8_t frame[static TRANSMIT_SIZE])
{
    struct wire_batch batch = {.epoch = epoch};
    struct ring_block b;
    uint32_t at = 0, samples = 0;
    uint64_t last = 0;
    while (batch.block_count < BATCH_BLOCKS_MAX && ring_walk(ring, &at, &b)) {
        int e = block_decode(b.data, b.size, b.count, matrix);
        ASSERT(e == ERR_OK);
        weigh_columns(d, matrix);
        batch.blocks[batch.block_count++] =
            (struct wire_block){.sequence = b.sequence, .count = b.count, .data = {b.data, b.size}};
        d->block_bytes += b.size;
        d->block_count++;
        samples += b.count;
        last = b.sequence + b.count - 1;
    }
    matrix->count = 0;
    if (samples == 0 || d->batch_count == DRY_RUN_BATCHES_MAX)
        return;
    int size = wire_put_batch(frame, TRANSMIT_SIZE, &batch);
    d->frame_size[d->batch_count] = size > 0 ? (uint32_t)size : TRANSMIT_SIZE;
    d->samples[d->batch_count++] = samples;
    d->sample_count += samples;
    (void)ring_acknowledge(ring, last);
}

/* --- the report --- */

static void put_mib(struct text *out, uint64_t bytes)
{
    text_printf(out, "%llu.%llu MiB", (unsigned long long)(bytes >> 20),
                (unsigned long long)((bytes & 0xfffff) * 10 >> 20));
}

static void print_batches(const struct dry_run *d, struct text *out)
{
    text_put(out, "batch  samples   bytes\n");
    for (uint32_t i = 0; i < d->batch_count; i++)
        text_printf(out, "%5u  %7u  %6u\n", i + 1, d->samples[i], d->frame_size[i]);
}

/* The dearest first. Each round looks for the next one: there are few, and nothing is moved. */
static void print_series(const struct dry_run *d, const struct series *series, struct text *out)
{
    bool is_printed[SLOTS_MAX] = {false};
    text_put(out, "\nbytes a sample  series\n");
    for (;;) {
        uint32_t best = SLOTS_MAX;
        for (uint32_t slot = 0; slot < series->count; slot++)
            if (!is_printed[slot] && d->values[slot] > 0 &&
                (best == SLOTS_MAX || d->column_bytes[slot] > d->column_bytes[best]))
                best = slot;
        if (best == SLOTS_MAX)
            return;
        char tag[TAG_SIZE];
        struct wire_series it;
        series_describe(series, best, tag, &it);
        uint64_t x100 = d->column_bytes[best] * 100 / d->sample_count;
        text_printf(out, "%11llu.%02llu  %s%s%s\n", (unsigned long long)(x100 / 100),
                    (unsigned long long)(x100 % 100), it.metric, *it.tag != '\0' ? " " : "", it.tag);
        is_printed[best] = true;
    }
}

static void print_sum(const struct dry_run *d, const struct series *series, int64_t interval_ms,
                      uint64_t spool_size, struct text *out)
{
    uint64_t values = 0, columns = 0, frames = 0;
    for (uint32_t slot = 0; slot < SLOTS_MAX; slot++) {
        values += d->values[slot];
        columns += d->column_bytes[slot];
    }
    for (uint32_t i = 0; i < d->batch_count; i++)
        frames += d->frame_size[i];
    uint64_t samples_a_day = (uint64_t)(DAY_MS / interval_ms);
    uint64_t day = (d->block_bytes + d->block_count * RING_OVERHEAD) * samples_a_day / d->sample_count;
    uint64_t x100 = frames * 100 / (values > 0 ? values : 1);
    text_printf(out, "\n%u samples of %llu values: %llu bytes a sample on the wire, %llu.%02llu a value; ",
                d->sample_count, (unsigned long long)(values / d->sample_count),
                (unsigned long long)(frames / d->sample_count), (unsigned long long)(x100 / 100),
                (unsigned long long)(x100 % 100));
    text_printf(out, "%llu of them are numbers,\nthe others processes, times and framing. TLS adds 22 bytes "
                "a batch.\n24 h take ", (unsigned long long)(columns / d->sample_count));
    put_mib(out, day);
    text_printf(out, " of memory; the ring (%u KiB) holds %llu min.\n", RING_SIZE / 1024,
                (unsigned long long)(RING_SIZE * UINT64_C(1440) / (day > 0 ? day : 1)));
    if (spool_size > 0) {
        spool_describe(spool_size, (uint32_t)(d->block_bytes / d->block_count),
                       d->sample_count / d->block_count, interval_ms, series_dictionary_size(series), out);
        text_put(out, ".\n");
    }
    text_put(out, "Nothing was sent.\n");
}

void dry_run_print(const struct dry_run *d, const struct series *series, int64_t interval_ms,
                   uint64_t spool_size, struct text *out)
{
    if (d->sample_count == 0) {
        text_put(out, "ended before the first sample\n");
        return;
    }
    print_batches(d, out);
    print_series(d, series, out);
    print_sum(d, series, interval_ms, spool_size, out);
}
