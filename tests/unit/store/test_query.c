/* SPDX-License-Identifier: MIT */
/* Queries over what is pending and what is sealed, against a fold over everything that was sent. */
#include "tests/unit/store/rig.h"

/* A life of one instance: seconds, pauses, jumps of the clock both ways, changing sets of slots. */
static void live(struct rig *r, uint32_t blocks, uint32_t slots)
{
    int64_t ms = RIG_START_MS;
    uint64_t sequence = 1;
    for (uint32_t i = 0; i < blocks; i++) {
        uint32_t count = 1 + (uint32_t)rig_random(r, BLOCK_SAMPLES_MAX);
        rig_fill(r, count, 0, ms);
        for (uint32_t s = 0; s < slots; s++) {
            if (rig_random(r, 8) == 0)
                continue;
            r->block.slots[r->block.slot_count] = (uint16_t)s;
            for (uint32_t k = 0; k < count; k++)
                r->block.values[r->block.slot_count][k] = rig_value(r);
            r->block.slot_count++;
        }
        if (rig_random(r, 20) == 0) /* the clock is set within a block */
            for (uint32_t k = count / 2; k < count; k++)
                r->block.time_ms[k] += (int64_t)rig_random(r, 9000000) - 4500000;
        assert_int_equal(rig_send(r, 0, sequence), count);
        rig_remember(r, 0, 1, sequence, 0);
        sequence += count;
        ms = r->block.time_ms[count - 1] + 1000;
        if (rig_random(r, 15) == 0)
            ms += (int64_t)rig_random(r, 7200000) - 1800000;
        rig_step(r, (int64_t)rig_random(r, 400));
    }
    assert_int_equal(store_commit(r->store), ERR_OK);
}

static void answers_are_what_was_sent(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct rig *r = rig_new(seed);
        rig_must_open(r);
        assert_int_equal(rig_instance(r, "alpha"), 0);
        assert_int_equal(store_epoch(r->store, 0, 1), ERR_OK);
        rig_dictionary(r, 0, 0, 12);
        live(r, 300, 12);
        for (uint32_t round = 0; round < 40; round++) {
            struct store_query_ask ask = {.series_count = (uint32_t)rig_random(r, 13)};
            for (uint32_t i = 0; i < ask.series_count; i++)
                ask.series[i] = (uint16_t)((i * 5 + round) % 12);
            ask.from_ms = RIG_START_MS + (int64_t)rig_random(r, 60000000) - 20000000;
            ask.to_ms = ask.from_ms + (int64_t)rig_random(r, 10000000);
            ask.step_ms = 1 + (int64_t)rig_random(r, round % 2 == 0 ? 100000 : 5000000);
            if ((ask.to_ms - ask.from_ms) / ask.step_ms * ask.series_count > 100000)
                continue;
            rig_check_query(r, &ask);
            if (round == 20)
                rig_seal_all(r);
            if (round == 30)
                rig_restart(r, SIM_KILL);
        }
        rig_check_all(r, 0, 3000);
        rig_free(r);
    }
}

/* A chunk never covers more than the hour that the walk looks back. */
static void rare_samples_are_found(void **state)
{
    (void)state;
    struct rig *r = rig_new(31);
    rig_must_open(r);
    assert_int_equal(rig_instance(r, "alpha"), 0);
    assert_int_equal(store_epoch(r->store, 0, 1), ERR_OK);
    rig_dictionary(r, 0, 0, 2);
    for (uint64_t sequence = 1; sequence < 800; sequence += 16) {
        rig_fill(r, 16, 2, 0);
        for (uint32_t k = 0; k < 16; k++)
            r->block.time_ms[k] = RIG_START_MS + (int64_t)(sequence + k) * 50000;
        assert_int_equal(rig_send(r, 0, sequence), 16);
        rig_remember(r, 0, 1, sequence, 0);
    }
    rig_seal_all(r);
    for (int64_t at = 0; at < 800 * 50000; at += 3000000) {
        struct store_query_ask ask = {.series_count = 2, .series = {1, 0}, .from_ms = RIG_START_MS + at,
                                      .to_ms = RIG_START_MS + at + 1000000, .step_ms = 10000};
        rig_check_query(r, &ask);
    }
    rig_free(r);
}

/* What is sealed between two slices of a query is neither lost nor counted twice. */
static void sealing_does_not_disturb_a_running_query(void **state)
{
    (void)state;
    struct rig *r = rig_new(77);
    rig_must_open(r);
    assert_int_equal(rig_instance(r, "alpha"), 0);
    assert_int_equal(store_epoch(r->store, 0, 1), ERR_OK);
    rig_dictionary(r, 0, 0, 40);
    uint64_t sequence = 1;
    for (; sequence < 5000; sequence += 16) {
        rig_fill(r, 16, 40, RIG_START_MS + (int64_t)sequence * 1000);
        assert_int_equal(rig_send(r, 0, sequence), 16);
        rig_step(r, 200);
    }
    struct store_query_ask ask = {.series_count = 40, .from_ms = RIG_START_MS,
                                  .to_ms = RIG_START_MS + 6000000, .step_ms = 6000000};
    ask.from_ms -= ask.from_ms % ask.step_ms;
    ask.to_ms = ask.from_ms + 2 * ask.step_ms;
    for (uint32_t i = 0; i < 40; i++)
        ask.series[i] = (uint16_t)i;
    uint64_t all = sequence - 1;
    int q = store_query_begin(r->store, &ask), n, slices = 0;
    while ((n = store_query_step(r->store, q)) == 1) {
        rig_fill(r, 16, 40, RIG_START_MS + (int64_t)sequence * 1000);
        assert_int_equal(rig_send(r, 0, sequence), 16);
        sequence += 16;
        rig_seal_all(r);
        slices++;
    }
    assert_int_equal(n, 0);
    assert_true(slices > 1);
    for (uint32_t i = 0; i < 40; i++)
        assert_int_equal(store_query_cell(r->store, q, i, 0)->count +
                             store_query_cell(r->store, q, i, 1)->count, all);
    store_query_end(r->store, q);
    rig_free(r);
}

static void foolish_questions_are_refused(void **state)
{
    (void)state;
    struct rig *r = rig_new(5);
    rig_must_open(r);
    struct store_query_ask ask = {.step_ms = 1};
    assert_int_equal(store_query_begin(r->store, &ask), ERR_MALFORMED); /* no instance */
    assert_int_equal(rig_instance(r, "alpha"), 0);
    assert_int_equal(store_epoch(r->store, 0, 1), ERR_OK);
    rig_dictionary(r, 0, 0, 2);
    ask = (struct store_query_ask){.series_count = 2, .series = {0, 1}, .to_ms = 65536, .step_ms = 1};
    int a = store_query_begin(r->store, &ask), b = store_query_begin(r->store, &ask);
    assert_int_equal(a, 0);
    assert_int_equal(b, 1);
    assert_int_equal(store_query_begin(r->store, &ask), ERR_FULL);
    store_query_end(r->store, a);
    ask.to_ms++;
    assert_int_equal(store_query_begin(r->store, &ask), ERR_FULL); /* cells */
    ask.to_ms = INT64_MAX;
    assert_int_equal(store_query_begin(r->store, &ask), ERR_MALFORMED);
    ask.to_ms = 10;
    ask.step_ms = 0;
    assert_int_equal(store_query_begin(r->store, &ask), ERR_MALFORMED);
    ask.step_ms = 1;
    ask.from_ms = -1;
    assert_int_equal(store_query_begin(r->store, &ask), ERR_MALFORMED);
    ask.from_ms = 0;
    ask.series[1] = 2;
    assert_int_equal(store_query_begin(r->store, &ask), ERR_MALFORMED);
    ask.series[1] = 0; /* the same series twice is no mistake */
    ask.from_ms = 20;
    assert_int_equal(store_query_begin(r->store, &ask), a);
    assert_int_equal(store_query_step(r->store, a), 0); /* an empty window */
    assert_int_equal(store_query_points(r->store, a), 0);
    rig_free(r);
}

static void a_damaged_chunk_is_left_out(void **state)
{
    (void)state;
    struct rig *r = rig_new(6);
    rig_must_open(r);
    assert_int_equal(rig_instance(r, "alpha"), 0);
    assert_int_equal(store_epoch(r->store, 0, 1), ERR_OK);
    rig_dictionary(r, 0, 0, 30);
    for (uint64_t sequence = 1; sequence < 600; sequence += 10) {
        rig_fill(r, 10, 30, RIG_START_MS + (int64_t)sequence * 1000);
        assert_int_equal(rig_send(r, 0, sequence), 10);
    }
    rig_seal_all(r);
    rig_close(r);
    int64_t size;
    const uint8_t *bytes = sim_disk_file(r->machine, "nephos.db", &size);
    uint8_t *file = unit_exact(bytes, (size_t)size);
    /* Full overflow pages of a chunk hold nothing but random values. */
    file[size - 2000] ^= 1;
    sim_disk_put(r->machine, "nephos.db", file, size);
    free(file);
    rig_must_open(r);
    struct store_query_ask ask = {.series_count = 1, .from_ms = RIG_START_MS,
                                  .to_ms = RIG_START_MS + 700000, .step_ms = 700000};
    ask.from_ms -= ask.from_ms % ask.step_ms;
    int q = rig_ask(r, &ask);
    assert_true(q >= 0);
    assert_int_equal(store_query_cell(r->store, q, 0, 0)->count, 0);
    store_query_end(r->store, q);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_what_was_sent),
        cmocka_unit_test(rare_samples_are_found),
        cmocka_unit_test(sealing_does_not_disturb_a_running_query),
        cmocka_unit_test(foolish_questions_are_refused),
        cmocka_unit_test(a_damaged_chunk_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
