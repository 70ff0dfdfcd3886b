/* SPDX-License-Identifier: MIT */
/* The ring against a simple model of it: whatever is pushed is there, in order and unharmed, until it is
 * acknowledged or given up, and every sample is accounted for. */
#include "agent/ring.c"

#include "tests/unit/unit.h"

#define SIZE 1000U

static void fill(uint8_t *data, uint64_t sequence, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        data[i] = (uint8_t)(sequence * 31 + i);
}

static void push(struct ring *r, uint64_t *next, uint32_t count, uint32_t size)
{
    uint8_t data[SIZE];
    fill(data, *next, size);
    ring_push(r, *next, count, data, size);
    *next += count;
}

/* Walks the ring: blocks are contiguous up to `next`; returns their samples. */
static uint64_t check_content(const struct ring *r, uint64_t next)
{
    uint32_t at = 0, blocks = 0;
    uint64_t samples = 0, expected = ring_oldest_sequence(r);
    struct ring_block b;
    while (ring_walk(r, &at, &b)) {
        uint8_t data[SIZE];
        assert_true(b.sequence == expected);
        fill(data, b.sequence, b.size);
        assert_memory_equal(b.data, data, b.size);
        expected += b.count;
        samples += b.count;
        blocks++;
        assert_in_range(blocks, 1, r->block_count);
    }
    assert_int_equal(blocks, r->block_count);
    assert_int_equal(samples, r->sample_count);
    if (blocks > 0)
        assert_true(expected == next);
    assert_false(ring_walk(r, &at, &b));
    return samples;
}

static void empty(void **state)
{
    (void)state;
    uint8_t bytes[SIZE];
    struct ring r;
    ring_init(&r, bytes, sizeof bytes);
    assert_int_equal(ring_oldest_sequence(&r), 0);
    assert_int_equal(check_content(&r, 1), 0);
    assert_int_equal(ring_acknowledge(&r, 1000), 0);
    assert_int_equal(ring_in_doubt(&r), 0);
}

static void acknowledge_in_the_middle(void **state)
{
    (void)state;
    uint8_t bytes[SIZE];
    struct ring r;
    uint64_t next = 1;
    ring_init(&r, bytes, sizeof bytes);
    for (uint32_t i = 0; i < 5; i++)
        push(&r, &next, 10, 50);
    assert_int_equal(ring_acknowledge(&r, 9), 0); /* half a block stays whole */
    assert_int_equal(ring_acknowledge(&r, 25), 20);
    assert_int_equal(ring_oldest_sequence(&r), 21);
    assert_int_equal(check_content(&r, next), 30);
    assert_int_equal(ring_acknowledge(&r, 50), 30);
    assert_int_equal(ring_oldest_sequence(&r), 0);
    assert_int_equal(r.lost_count, 0);
}

static void overflow_counts(void **state)
{
    (void)state;
    uint8_t bytes[SIZE];
    struct ring r;
    uint64_t next = 1;
    ring_init(&r, bytes, sizeof bytes);
    for (uint32_t i = 0; i < 100; i++) {
        push(&r, &next, 7, 84); /* 100 bytes each: ten fit exactly */
        check_content(&r, next);
    }
    assert_int_equal(r.block_count, 10);
    assert_int_equal(r.lost_count, 90 * 7);
    assert_int_equal(r.high_water, SIZE);
}

static void a_block_as_large_as_the_ring(void **state)
{
    (void)state;
    uint8_t bytes[SIZE];
    struct ring r;
    uint64_t next = 1;
    ring_init(&r, bytes, sizeof bytes);
    push(&r, &next, 3, 20);
    push(&r, &next, 3, SIZE - HEADER_SIZE);
    assert_int_equal(check_content(&r, next), 3);
    assert_int_equal(r.lost_count, 3);
}

static void doubt_is_settled(void **state)
{
    (void)state;
    uint8_t bytes[SIZE];
    struct ring r;
    uint64_t next = 1;
    ring_init(&r, bytes, sizeof bytes);
    for (uint32_t i = 0; i < 10; i++)
        push(&r, &next, 10, 84);
    ring_sent(&r, 30);
    for (uint32_t i = 0; i < 5; i++)
        push(&r, &next, 10, 84); /* gives up 1..50, of which 1..30 are on their way */
    assert_int_equal(r.lost_count, 20);
    assert_int_equal(ring_in_doubt(&r), 30);
    ring_acknowledge(&r, 10);
    assert_int_equal(ring_in_doubt(&r), 20);
    ring_restart(&r, 20); /* the connection broke; 21..30 did not arrive */
    assert_int_equal(ring_in_doubt(&r), 0);
    assert_int_equal(r.lost_count, 30);
    assert_int_equal(r.sent_sequence, 20);
    ring_acknowledge(&r, 60);
    assert_int_equal(r.lost_count, 30);
    assert_int_equal(check_content(&r, next), 90);
}

static void doubt_never_covers_what_was_not_sent(void **state)
{
    (void)state;
    uint8_t bytes[SIZE];
    struct ring r;
    uint64_t next = 1;
    ring_init(&r, bytes, sizeof bytes);
    for (uint32_t i = 0; i < 10; i++)
        push(&r, &next, 1, 84);
    ring_sent(&r, 1);
    push(&r, &next, 1, 84); /* 1: in doubt */
    push(&r, &next, 1, 84); /* 2: lost */
    ring_sent(&r, 3);
    push(&r, &next, 1, 84); /* 3: in doubt */
    assert_int_equal(ring_in_doubt(&r) + r.lost_count, 3);
    ring_acknowledge(&r, 3);
    assert_int_equal(ring_in_doubt(&r), 0);
    assert_in_range(r.lost_count, 1, 2);
}

/* Random life; stored is what a faithful aggregator has, knowing what was on its way. */
static void every_sample_is_accounted_for(void **state)
{
    (void)state;
    uint64_t random = 3;
    for (uint32_t life = 0; life < 300; life++) {
        uint8_t bytes[SIZE];
        struct ring r;
        uint64_t next = 1, stored = 0, taken_by_peer = 0, feared = 0;
        ring_init(&r, bytes, 200 + (uint32_t)(unit_random(&random) % (SIZE - 200)));
        for (uint32_t step = 0; step < 300; step++) {
            uint64_t dice = unit_random(&random) % 100;
            if (dice < 60) {
                struct ring before = r;
                push(&r, &next, 1 + (uint32_t)(unit_random(&random) % 16),
                     (uint32_t)(unit_random(&random) % 150));
                /* The whole ring passed by: what was in doubt counts as lost, to be safe. */
                if (ring_in_doubt(&before) > 0 && r.doubt_first > before.doubt_first)
                    feared += before.doubt_last + 1 - before.doubt_first;
            } else if (dice < 80) { /* send the oldest unsent block; it arrives */
                uint32_t at = 0;
                struct ring_block b;
                while (ring_walk(&r, &at, &b) && b.sequence + b.count - 1 <= r.sent_sequence)
                    ;
                if (r.block_count > 0 && b.sequence + b.count - 1 > r.sent_sequence) {
                    ring_sent(&r, b.sequence + b.count - 1);
                    taken_by_peer = b.sequence + b.count - 1;
                    stored += b.count;
                }
            } else if (dice < 90) {
                ring_acknowledge(&r, taken_by_peer);
            } else {
                ring_restart(&r, taken_by_peer);
            }
            uint64_t held = check_content(&r, next);
            uint64_t oldest = ring_oldest_sequence(&r);
            uint64_t held_and_stored =
                oldest != 0 && taken_by_peer >= oldest ? taken_by_peer - oldest + 1 : 0;
            /* Everything sent arrived here, so what is in doubt is stored. */
            assert_true(next - 1 + feared == stored + held - held_and_stored + r.lost_count);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty),
        cmocka_unit_test(acknowledge_in_the_middle),
        cmocka_unit_test(overflow_counts),
        cmocka_unit_test(a_block_as_large_as_the_ring),
        cmocka_unit_test(doubt_is_settled),
        cmocka_unit_test(doubt_never_covers_what_was_not_sent),
        cmocka_unit_test(every_sample_is_accounted_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
