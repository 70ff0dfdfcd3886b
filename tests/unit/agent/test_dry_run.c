/* SPDX-License-Identifier: MIT */
/* --dry-run: what it counts is what would travel. */
#include "agent/dry_run.c"

#include "agent/block_builder.h"
#include "tests/unit/unit.h"

static struct dry_run run;
static struct series series;
static struct sample sample;
static struct block_builder builder;
static struct ring ring;
static uint8_t ring_bytes[RING_SIZE], scratch[SCRATCH_SIZE], frame[TRANSMIT_SIZE];
static char page[16384];

static void begin(void)
{
    dry_run_init(&run);
    series_init(&series);
    block_builder_init(&builder);
    ring_init(&ring, ring_bytes, sizeof ring_bytes);
}

static void take(uint32_t count, bool with_load)
{
    static uint64_t random = 5;
    for (uint32_t i = 0; i < count; i++) {
        sample_clear(&sample, INT64_C(1767225600000) + 1000 * (int64_t)builder.next_sequence);
        sample_put(&sample, (uint32_t)series_slot(&series, METRIC_CPU_USAGE, ""),
                   (int64_t)(unit_random(&random) % 10000));
        sample_put(&sample, (uint32_t)series_slot(&series, METRIC_MEMORY_TOTAL, ""), 1 << 30);
        if (with_load)
            sample_put(&sample, (uint32_t)series_slot(&series, METRIC_LOAD_1, ""), 5);
        block_builder_add(&builder, &sample, &ring, scratch);
    }
    block_builder_seal(&builder, &ring, scratch);
}

static const char *print(void)
{
    struct text out;
    text_init(&out, page, sizeof page);
    dry_run_print(&run, &series, 1000, 16U << 20, &out);
    assert_false(out.truncated);
    return page;
}

static void batches_are_weighed_as_they_travel(void **state)
{
    (void)state;
    begin();
    take(10, false);
    uint64_t held = 0;
    struct ring_block b;
    for (uint32_t at = 0; ring_walk(&ring, &at, &b);)
        held += b.size;
    dry_run_batch(&run, &ring, 1, &builder.block, frame);
    assert_int_equal(run.batch_count, 1);
    assert_int_equal(run.samples[0], 10);
    /* What is in the frame beside the block is framing. */
    assert_true(run.frame_size[0] > held && run.frame_size[0] < held + BATCH_OVERHEAD + BATCH_BLOCK_OVERHEAD);
    assert_true(run.column_bytes[0] > 10 && run.column_bytes[1] < 10);
    assert_true(run.column_bytes[0] + run.column_bytes[1] < held);
    assert_int_equal(ring.sample_count, 0);
    /* Series that come and go make two blocks of one batch. */
    take(3, true);
    take(7, false);
    dry_run_batch(&run, &ring, 1, &builder.block, frame);
    assert_int_equal(run.batch_count, 2);
    assert_int_equal(run.samples[1], 10);
    assert_int_equal(run.values[0], 20);
    assert_int_equal(run.values[2], 3);
    print();
    assert_non_null(strstr(page, "    2       10 "));
    assert_true(strstr(page, "cpu_usage") < strstr(page, "memory_total_bytes"));
    assert_non_null(strstr(page, "20 samples of 2 values"));
    assert_non_null(strstr(page, "Nothing was sent."));
}

static void nothing_taken(void **state)
{
    (void)state;
    begin();
    dry_run_batch(&run, &ring, 1, &builder.block, frame);
    assert_string_equal(print(), "ended before the first sample\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_are_weighed_as_they_travel),
        cmocka_unit_test(nothing_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
