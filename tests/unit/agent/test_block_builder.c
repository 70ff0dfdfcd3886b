/* SPDX-License-Identifier: MIT */
/* Samples come out of the ring as they went into the builder, whatever is present and however wild. */
#include "agent/block_builder.c"

#include "tests/unit/unit.h"

static struct {
    struct block_builder builder;
    struct ring ring;
    struct sample taken[400];
    uint32_t taken_count;
    uint8_t scratch[BLOCK_SIZE_MAX];
    uint8_t bytes[4 * RING_SIZE];
} it;

static void begin(void)
{
    block_builder_init(&it.builder);
    ring_init(&it.ring, it.bytes, sizeof it.bytes);
    it.taken_count = 0;
}

static void add(const struct sample *s)
{
    it.taken[it.taken_count++] = *s;
    block_builder_add(&it.builder, s, &it.ring, it.scratch);
}

/* Everything in the ring is what was taken, in order; returns the number of blocks. */
static uint32_t check(void)
{
    static struct block_matrix m;
    uint32_t at = 0, blocks = 0;
    uint64_t sequence = 1;
    struct ring_block b;
    while (ring_walk(&it.ring, &at, &b)) {
        assert_true(b.sequence == sequence);
        assert_in_range(b.size, 1, BLOCK_SIZE_MAX);
        assert_int_equal(block_decode(b.data, b.size, b.count, &m), ERR_OK);
        for (uint32_t t = 0; t < b.count; t++) {
            const struct sample *s = &it.taken[sequence - 1 + t];
            uint32_t present = 0;
            assert_true(m.time_ms[t] == s->time_ms);
            for (uint32_t slot = 0; slot < SLOTS_MAX; slot++)
                present += sample_has(s, slot);
            assert_int_equal(m.slot_count, present);
            for (uint32_t i = 0; i < m.slot_count; i++) {
                assert_true(sample_has(s, m.slots[i]));
                assert_true(m.values[i][t] == s->values[m.slots[i]]);
            }
            struct process_tops tops = {0};
            struct processes view = block_processes_view(&m.processes);
            processes_of_sample(&view, t, &tops);
            assert_int_equal(tops.count, s->tops.count);
            assert_memory_equal(tops.tops, s->tops.tops, tops.count * sizeof tops.tops[0]);
        }
        sequence += b.count;
        blocks++;
    }
    assert_true(sequence + it.builder.block.count == it.builder.next_sequence);
    assert_int_equal(it.builder.next_sequence, it.taken_count + 1);
    return blocks;
}

/* Ascending by pid. */
static void put_tops(struct sample *s, uint32_t first_pid, uint32_t count)
{
    s->tops.count = count;
    for (uint32_t i = 0; i < count; i++)
        s->tops.tops[i] = (struct process_top){.pid = first_pid + i, .cpu_share = 7 * first_pid,
                                               .memory_kib = UINT32_MAX - i, .name = "compiler"};
}

static void ten_seconds(void **state)
{
    (void)state;
    struct sample s;
    begin();
    for (uint32_t t = 0; t < 10; t++) {
        sample_clear(&s, INT64_C(1767225600000) + t * 1000);
        for (uint32_t slot = 0; slot < 50; slot++)
            sample_put(&s, slot, (int64_t)(slot * 1000 + t));
        add(&s);
    }
    assert_int_equal(check(), 0);
    assert_int_equal(block_builder_oldest_sequence(&it.builder), 1);
    block_builder_seal(&it.builder, &it.ring, it.scratch);
    assert_int_equal(check(), 1);
    assert_int_equal(block_builder_oldest_sequence(&it.builder), 0);
    block_builder_seal(&it.builder, &it.ring, it.scratch); /* nothing to seal */
    assert_int_equal(check(), 1);
    assert_in_range(it.ring.head, 1, 600);
}

static void other_slots_begin_another_block(void **state)
{
    (void)state;
    struct sample s;
    begin();
    for (uint32_t t = 0; t < 9; t++) {
        sample_clear(&s, 1000 * t);
        sample_put(&s, 3, 7);
        if (t / 3 != 1)
            sample_put(&s, 200, -5);
        add(&s);
    }
    assert_int_equal(check(), 2);
    block_builder_seal(&it.builder, &it.ring, it.scratch);
    assert_int_equal(check(), 3);
}

static void a_full_block_is_sealed(void **state)
{
    (void)state;
    struct sample s;
    begin();
    for (uint32_t t = 0; t < 2 * BLOCK_SAMPLES_MAX; t++) {
        sample_clear(&s, 0); /* not even one value */
        add(&s);
    }
    assert_int_equal(check(), 2);
    assert_int_equal(block_builder_oldest_sequence(&it.builder), 0);
}

static void wild_values_are_split(void **state)
{
    (void)state;
    uint64_t random = 4;
    struct sample s;
    begin();
    for (uint32_t t = 0; t < 40; t++) {
        sample_clear(&s, (int64_t)(unit_random(&random) >> 22));
        for (uint32_t slot = 0; slot < SLOTS_MAX; slot++)
            sample_put(&s, slot, (int64_t)unit_random(&random));
        add(&s);
    }
    block_builder_seal(&it.builder, &it.ring, it.scratch);
    assert_in_range(check(), 5, 40);
}

static void random_samples(void **state)
{
    (void)state;
    uint64_t random = 9;
    static struct sample s;
    for (uint32_t round = 0; round < 20; round++) {
        begin();
        for (uint32_t t = 0; t < 100; t++) {
            if (unit_random(&random) % 8 == 0 || t == 0) {
                sample_clear(&s, 0);
                for (uint32_t slot = 0; slot < SLOTS_MAX; slot++)
                    if (unit_random(&random) % 3 == 0)
                        sample_put(&s, slot, 0);
            }
            s.time_ms = (int64_t)t * 1000;
            for (uint32_t slot = 0; slot < SLOTS_MAX; slot++)
                s.values[slot] = (int64_t)((uint64_t)s.values[slot] + (unit_random(&random) >> (slot % 60)));
            put_tops(&s, (uint32_t)(unit_random(&random) % 300), round % 11);
            add(&s);
            if (unit_random(&random) % 10 == 0)
                block_builder_seal(&it.builder, &it.ring, it.scratch);
        }
        check();
    }
}

static void new_processes_begin_another_block(void **state)
{
    (void)state;
    struct sample s;
    begin();
    for (uint32_t t = 0; t < 30; t++) {
        sample_clear(&s, t * 1000);
        sample_put(&s, 3, t);
        put_tops(&s, 1 + t * PROCESS_TOPS_MAX, PROCESS_TOPS_MAX);
        add(&s);
    }
    block_builder_seal(&it.builder, &it.ring, it.scratch);
    assert_int_equal(check(), 30 / (BLOCK_PROCESSES_MAX / PROCESS_TOPS_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_seconds),
        cmocka_unit_test(other_slots_begin_another_block),
        cmocka_unit_test(a_full_block_is_sealed),
        cmocka_unit_test(wild_values_are_split),
        cmocka_unit_test(random_samples),
        cmocka_unit_test(new_processes_begin_another_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
