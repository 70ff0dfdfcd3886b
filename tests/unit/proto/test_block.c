/* SPDX-License-Identifier: MIT */
/* Blocks come back as they were; anything but the exact bytes is refused. */
#include "proto/block.c"

#include "tests/unit/unit.h"

static void fill(struct block_matrix *m, uint64_t *random, bool dense)
{
    memset(m, 0, sizeof *m);
    m->count = 1 + (uint32_t)(unit_random(random) % BLOCK_SAMPLES_MAX);
    for (uint32_t slot = 0; slot < SLOTS_MAX; slot++)
        if (dense ? slot < 40 : unit_random(random) % 5 == 0)
            m->slots[m->slot_count++] = (uint16_t)slot;
    for (uint32_t t = 0; t < m->count; t++) {
        m->time_ms[t] = INT64_C(1767225600000) + 1000 * (int64_t)t;
        for (uint32_t i = 0; i < m->slot_count; i++)
            m->values[i][t] = (int64_t)(unit_random(random) >> (20 + i % 40));
        struct process_tops tops = {.count = (uint32_t)(unit_random(random) % 5)};
        for (uint32_t i = 0; i < tops.count; i++)
            tops.tops[i] = (struct process_top){.pid = 10 * i + m->count % 3, .cpu_share = 10 * t,
                                                .name = "x"};
        assert_int_equal(block_processes_add(&m->processes, t, &tops), ERR_OK);
    }
}

static void check_same(const struct block_matrix *a, const struct block_matrix *b)
{
    assert_memory_equal(a, b, offsetof(struct block_matrix, processes));
    for (uint32_t t = 0; t < a->count; t++) {
        struct process_tops of_a = {0}, of_b = {0};
        struct processes view = block_processes_view(&a->processes);
        processes_of_sample(&view, t, &of_a);
        view = block_processes_view(&b->processes);
        processes_of_sample(&view, t, &of_b);
        assert_memory_equal(&of_a, &of_b, sizeof of_a);
    }
}

static void round_trips(void **state)
{
    (void)state;
    uint64_t random = 5;
    static struct block_matrix in, out;
    static uint8_t bytes[BLOCK_DATA_MAX];
    for (uint32_t round = 0; round < 300; round++) {
        fill(&in, &random, round % 2 == 0);
        int size = block_encode(&in, bytes, sizeof bytes);
        assert_true(size > 0);
        uint8_t *exact = unit_exact(bytes, (size_t)size);
        memset(&out, 0, sizeof out);
        assert_int_equal(block_decode(exact, (uint32_t)size, in.count, &out), ERR_OK);
        check_same(&in, &out);
        assert_int_equal(block_decode(exact, (uint32_t)size - 1, in.count, &out), ERR_MALFORMED);
        assert_true(block_decode_times(exact, (uint32_t)size, in.count, &out) > 0);
        free(exact);
    }
}

static void trailing_bytes_are_refused(void **state)
{
    (void)state;
    uint64_t random = 6;
    static struct block_matrix in, out;
    static uint8_t bytes[BLOCK_DATA_MAX];
    fill(&in, &random, true);
    in.processes = (struct block_processes){0};
    int size = block_encode(&in, bytes, sizeof bytes);
    assert_int_equal(block_decode(bytes, (uint32_t)size, in.count, &out), ERR_OK);
    bytes[size] = 0;
    assert_int_equal(block_decode(bytes, (uint32_t)size + 1, in.count, &out), ERR_MALFORMED);
    assert_int_equal(block_decode(bytes, (uint32_t)size, 0, &out), ERR_MALFORMED);
    assert_int_equal(block_decode(bytes, (uint32_t)size, BLOCK_SAMPLES_MAX + 1, &out), ERR_MALFORMED);
}

static void absurd_times_are_refused(void **state)
{
    (void)state;
    static struct block_matrix in, out;
    static uint8_t bytes[BLOCK_DATA_MAX];
    in = (struct block_matrix){.count = 1, .time_ms = {-5}};
    int size = block_encode(&in, bytes, sizeof bytes);
    assert_int_equal(block_decode(bytes, (uint32_t)size, 1, &out), ERR_MALFORMED);
    in.time_ms[0] = INT64_MAX;
    size = block_encode(&in, bytes, sizeof bytes);
    assert_int_equal(block_decode(bytes, (uint32_t)size, 1, &out), ERR_MALFORMED);
}

static void worst_case_fits_in_a_frame(void **state)
{
    (void)state;
    uint64_t random = 9;
    static struct block_matrix in;
    static uint8_t bytes[BLOCK_DATA_MAX];
    in.count = BLOCK_VALUES_SURE / SLOTS_MAX;
    for (uint32_t i = 0; i < SLOTS_MAX; i++) {
        in.slots[in.slot_count++] = (uint16_t)i;
        for (uint32_t t = 0; t < in.count; t++)
            in.values[i][t] = (int64_t)unit_random(&random);
    }
    assert_true(block_encode(&in, bytes, sizeof bytes) > 0);
    in.count = BLOCK_SAMPLES_MAX; /* more than that is told, for the sender to split */
    for (uint32_t i = 0; i < SLOTS_MAX; i++)
        for (uint32_t t = 0; t < in.count; t++)
            in.values[i][t] = (int64_t)unit_random(&random);
    assert_int_equal(block_encode(&in, bytes, sizeof bytes), ERR_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(trailing_bytes_are_refused),
        cmocka_unit_test(absurd_times_are_refused),
        cmocka_unit_test(worst_case_fits_in_a_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
