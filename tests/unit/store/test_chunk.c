/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include "aggregator/store/chunk.c"

static struct crc32c_tables sums;

struct work {
    struct chunk_builder builder;
    struct block_matrix block;
    struct chunk chunk;
    uint8_t bytes[CHUNK_SIZE_MAX];
    /* what was put in */
    int64_t time_ms[CHUNK_BUILD_SAMPLES];
    int64_t values[SLOTS_MAX][CHUNK_BUILD_SAMPLES];
    bool present[SLOTS_MAX][CHUNK_BUILD_SAMPLES];
};

static struct work *new_work(void)
{
    struct work *w = calloc(1, sizeof *w);
    assert_non_null(w);
    return w;
}

static int64_t some_value(uint64_t *random)
{
    uint64_t v = unit_random(random);
    return v % 3 == 0 ? (int64_t)unit_random(random) : (int64_t)(v % 100);
}

/* Adds blocks with random slots until `samples` are in. `wild`: any value, any subset of slots. */
static void fill(struct work *w, uint64_t *random, uint32_t samples, uint32_t slot_count, bool wild,
                 const uint16_t *series_of_slot)
{
    chunk_reset(&w->builder);
    for (uint32_t at = 0; at < samples;) {
        uint32_t n = 1 + (uint32_t)(unit_random(random) % BLOCK_SAMPLES_MAX);
        n = n < samples - at ? n : samples - at;
        w->block.count = n;
        w->block.slot_count = 0;
        for (uint32_t k = 0; k < n; k++)
            w->block.time_ms[k] = w->time_ms[at + k] = (at + k) * 1000;
        for (uint32_t s = 0; s < slot_count; s++) {
            if (wild && unit_random(random) % 4 == 0)
                continue;
            w->block.slots[w->block.slot_count] = (uint16_t)s;
            for (uint32_t k = 0; k < n; k++) {
                int64_t v = wild ? some_value(random) : (int64_t)(at + k) * s;
                w->block.values[w->block.slot_count][k] = v;
                w->values[series_of_slot[s]][at + k] = v;
                w->present[series_of_slot[s]][at + k] = true;
            }
            w->block.slot_count++;
        }
        w->block.processes.id_count = w->block.processes.use_count = 0;
        for (uint32_t k = 0; k < n && slot_count % 2 == 1; k++) {
            struct process_tops tops = {.count = (at + k) % 5};
            for (uint32_t i = 0; i < tops.count; i++)
                tops.tops[i] = (struct process_top){.pid = i + at / 100, .cpu_share = k, .name = "worker"};
            assert_int_equal(block_processes_add(&w->block.processes, k, &tops), ERR_OK);
        }
        assert_true(chunk_has_room(&w->builder, n, &w->block));
        chunk_add(&w->builder, &w->block, 0, n, series_of_slot, slot_count);
        at += n;
    }
}

static void check(const struct work *w, const uint8_t *bytes, uint32_t size)
{
    static struct chunk c;
    static int64_t times[CHUNK_SAMPLES_MAX], values[CHUNK_SAMPLES_MAX];
    static uint16_t sample_of[CHUNK_SAMPLES_MAX];
    uint32_t found = 0, expected = 0;
    assert_int_equal(chunk_open(&sums, bytes, size, &c), ERR_OK);
    assert_int_equal(c.count, w->builder.count);
    assert_int_equal(chunk_times(&c, times), ERR_OK);
    assert_memory_equal(times, w->time_ms, c.count * sizeof times[0]);
    for (uint32_t i = 0; i < c.column_count; i++) {
        const struct chunk_column *column = &c.columns[i];
        assert_true(i == 0 || column->series > c.columns[i - 1].series);
        int n = chunk_values(&c, column, values, sample_of);
        assert_in_range(n, 1, c.count);
        for (int k = 0; k < n; k++) {
            uint32_t sample = n == (int)c.count ? (uint32_t)k : sample_of[k];
            assert_true(w->present[column->series][sample]);
            assert_int_equal(values[k], w->values[column->series][sample]);
            found++;
        }
    }
    for (uint32_t s = 0; s < SLOTS_MAX; s++)
        for (uint32_t k = 0; k < c.count; k++)
            expected += w->present[s][k];
    assert_int_equal(found, expected);
    static struct chunk_processes processes;
    assert_int_equal(chunk_read_processes(&c, values, &processes), ERR_OK);
    const struct processes of_chunk = chunk_processes_view(&processes);
    const struct processes of_builder = chunk_processes_view(&w->builder.processes);
    for (uint32_t k = 0; k < c.count; k++) {
        struct process_tops got = {0}, want = {0};
        processes_of_sample(&of_chunk, k, &got);
        processes_of_sample(&of_builder, k, &want);
        assert_memory_equal(&got, &want, sizeof got);
    }
}

static void gives_back_what_went_in(void **state)
{
    (void)state;
    uint64_t random = 7;
    for (uint32_t round = 0; round < 120; round++) {
        struct work *w = new_work();
        uint32_t slots = (uint32_t)(unit_random(&random) % 60);
        uint32_t samples = 1 + (uint32_t)(unit_random(&random) % CHUNK_BUILD_SAMPLES);
        uint16_t series_of_slot[SLOTS_MAX];
        for (uint32_t s = 0; s < SLOTS_MAX; s++) /* in another order than the slots */
            series_of_slot[s] = (uint16_t)((s * 37 + 11) % SLOTS_MAX);
        fill(w, &random, samples, slots, round % 3 != 0, series_of_slot);
        uint32_t size = chunk_encode(&sums, &w->builder, w->bytes, sizeof w->bytes);
        uint8_t *exact = unit_exact(w->bytes, size);
        check(w, exact, size);
        free(exact);
        free(w);
    }
}

/* Every column its own stretch for each sample, values that no code makes shorter. */
static void worst_case_fits(void **state)
{
    enum { STEP = CHUNK_BUILD_SAMPLES * SLOTS_MAX / CHUNK_VALUES_MAX };
    (void)state;
    struct work *w = new_work();
    uint64_t random = 3;
    uint16_t series_of_slot[SLOTS_MAX];
    chunk_reset(&w->builder);
    for (uint32_t s = 0; s < SLOTS_MAX; s++)
        series_of_slot[s] = (uint16_t)s;
    for (uint32_t at = 0; at < CHUNK_BUILD_SAMPLES; at++) {
        w->block = (struct block_matrix){.count = 1, .time_ms = {(int64_t)(unit_random(&random) >> 1)}};
        w->time_ms[at] = w->block.time_ms[0];
        for (uint32_t s = at % STEP; s < SLOTS_MAX; s += STEP) {
            w->block.slots[w->block.slot_count] = (uint16_t)s;
            w->block.values[w->block.slot_count++][0] = w->values[s][at] = (int64_t)unit_random(&random);
            w->present[s][at] = true;
        }
        struct process_tops tops = {.count = PROCESS_TOPS_MAX};
        for (uint32_t i = 0; i < PROCESS_TOPS_MAX; i++) {
            uint64_t any = unit_random(&random);
            tops.tops[i] = (struct process_top){.pid = 4000000 + (at * 7 + i * 51) % PROCESSES_MAX,
                                                .cpu_share = (uint32_t)any,
                                                .memory_kib = (uint32_t)(any >> 32),
                                                .name = "\xc3\xa9#\xc3\xa9#\xc3\xa9#\xc3\xa9###"};
        }
        assert_int_equal(block_processes_add(&w->block.processes, 0, &tops), ERR_OK);
        assert_true(w->builder.processes.id_count + PROCESS_TOPS_MAX > PROCESSES_MAX ||
                    chunk_has_room(&w->builder, 1, &w->block));
        if (w->builder.processes.id_count + PROCESS_TOPS_MAX > PROCESSES_MAX)
            w->block.processes.id_count = w->block.processes.use_count = 0;
        chunk_add(&w->builder, &w->block, 0, 1, series_of_slot, SLOTS_MAX);
    }
    assert_int_equal(w->builder.value_count, CHUNK_VALUES_MAX);
    w->block.slot_count = 0;
    assert_false(chunk_has_room(&w->builder, 1, &w->block));
    uint32_t size = chunk_encode(&sums, &w->builder, w->bytes, sizeof w->bytes);
    assert_in_range(size, CHUNK_VALUES_MAX * 8, CHUNK_SIZE_MAX);
    check(w, w->bytes, size);
    free(w);
}

static void slots_without_a_series_are_left_out(void **state)
{
    (void)state;
    struct work *w = new_work();
    const uint16_t series_of_slot[2] = {5, 6};
    w->block = (struct block_matrix){.count = 1, .slot_count = 3, .slots = {0, 1, 2}};
    chunk_reset(&w->builder);
    chunk_add(&w->builder, &w->block, 0, 1, series_of_slot, 2);
    assert_int_equal(w->builder.column_count, 2);
    const uint16_t twice[2] = {5, 5}; /* a damaged dictionary */
    chunk_add(&w->builder, &w->block, 0, 1, twice, 2);
    assert_int_equal(w->builder.lengths[0], 2);
    uint32_t size = chunk_encode(&sums, &w->builder, w->bytes, sizeof w->bytes);
    assert_int_equal(chunk_open(&sums, w->bytes, size, &w->chunk), ERR_OK);
    free(w);
}

static void any_changed_byte_is_noticed(void **state)
{
    (void)state;
    struct work *w = new_work();
    uint64_t random = 9;
    uint16_t series_of_slot[SLOTS_MAX] = {0, 1, 2, 3, 4, 5, 6, 7};
    fill(w, &random, 40, 8, true, series_of_slot);
    uint32_t size = chunk_encode(&sums, &w->builder, w->bytes, sizeof w->bytes);
    for (uint32_t i = 0; i < size; i++) {
        w->bytes[i] ^= 0x10;
        assert_int_equal(chunk_open(&sums, w->bytes, size, &w->chunk), ERR_MALFORMED);
        w->bytes[i] ^= 0x10;
    }
    for (uint32_t n = 0; n < size; n++) {
        uint8_t *cut = unit_exact(w->bytes, n);
        assert_int_equal(chunk_open(&sums, cut, n, &w->chunk), ERR_MALFORMED);
        free(cut);
    }
    free(w);
}

/* A right checksum over wrong contents: nothing is read outside, whatever the answer. */
static void hostile_contents_stay_inside(void **state)
{
    (void)state;
    uint64_t random = 5;
    static int64_t times[CHUNK_SAMPLES_MAX], values[CHUNK_SAMPLES_MAX];
    static uint16_t sample_of[CHUNK_SAMPLES_MAX];
    struct work *w = new_work();
    uint16_t series_of_slot[SLOTS_MAX] = {0, 1, 2, 3, 4, 5, 6, 7};
    fill(w, &random, 60, 8, true, series_of_slot);
    uint32_t size = chunk_encode(&sums, &w->builder, w->bytes, sizeof w->bytes), opened = 0;
    for (uint32_t round = 0; round < 20000; round++) {
        uint8_t *bytes = unit_exact(w->bytes, size);
        for (uint64_t n = 1 + unit_random(&random) % 3; n > 0; n--)
            bytes[unit_random(&random) % size] = (uint8_t)unit_random(&random);
        put_u32(bytes + CRC_OFFSET, checksum(&sums, bytes, size));
        if (chunk_open(&sums, bytes, size, &w->chunk) == ERR_OK) {
            opened++;
            (void)chunk_times(&w->chunk, times);
            for (uint32_t i = 0; i < w->chunk.column_count; i++)
                (void)chunk_values(&w->chunk, &w->chunk.columns[i], values, sample_of);
        }
        free(bytes);
    }
    assert_true(opened > 100);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_what_went_in),
        cmocka_unit_test(worst_case_fits),
        cmocka_unit_test(slots_without_a_series_are_left_out),
        cmocka_unit_test(any_changed_byte_is_noticed),
        cmocka_unit_test(hostile_contents_stay_inside),
    };
    crc32c_tables_init(&sums);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
