/* SPDX-License-Identifier: MIT */
/* The column codec gives back exactly what went in, for tame and for wild values, and refuses the rest. */
#include "proto/column.c"

#include "tests/unit/unit.h"

#define MANY 600U

static void come_back(const int64_t *values, uint32_t count, const uint8_t *bytes, int size)
{
    assert_true(size > 0);
    uint8_t *exact = unit_exact(bytes, (size_t)size);
    int64_t *back = calloc(count, sizeof *back);
    assert_int_equal(column_decode(exact, (uint32_t)size, back, count), size);
    assert_memory_equal(back, values, count * sizeof *values);
    for (int cut = 0; cut < size; cut++) /* a shorter string never decodes by reading on */
        assert_true(column_decode(exact, (uint32_t)cut, back, count) <= cut);
    free(back);
    free(exact);
}

static void round_trip(const int64_t *values, uint32_t count)
{
    uint8_t bytes[COLUMN_SIZE_MAX(MANY)];
    come_back(values, count, bytes, column_encode(values, count, bytes, sizeof bytes));
    int64_t *work = unit_exact(values, count * sizeof *values);
    int size = column_pack(work, count, bytes, sizeof bytes);
    assert_memory_equal(work, values, count * sizeof *values);
    come_back(values, count, bytes, size);
    free(work);
}

static void constants_and_extremes(void **state)
{
    (void)state;
    const int64_t edges[] = {0, 1, -1, INT64_MAX, INT64_MIN, 1000, -1000, INT64_MIN, INT64_MAX, 0};
    for (uint32_t i = 0; i < COUNT_OF(edges); i++)
        round_trip(&edges[i], 1);
    for (uint32_t n = 1; n <= COUNT_OF(edges); n++)
        round_trip(edges, n);
    int64_t same[MANY];
    for (uint32_t i = 0; i < MANY; i++)
        same[i] = 123456789;
    round_trip(same, MANY);
}

/* A walk whose steps are zero with probability zero_percent, else up to 2^bits either way. */
static void walk(uint64_t *random, int64_t *values, uint32_t count, uint32_t bits, uint32_t zero_percent)
{
    uint64_t at = unit_random(random);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t step = unit_random(random) & ((UINT64_C(1) << bits) - 1);
        if (unit_random(random) % 100 >= zero_percent)
            at += unit_random(random) & 1 ? step : -step;
        values[i] = (int64_t)at;
    }
}

static void random_walks(void **state)
{
    (void)state;
    uint64_t random = 1;
    int64_t values[MANY];
    for (uint32_t round = 0; round < 400; round++) {
        uint32_t count = 1 + (uint32_t)(unit_random(&random) % (round % 8 == 0 ? MANY : 16));
        walk(&random, values, count, (uint32_t)(unit_random(&random) % 64),
             (uint32_t)(unit_random(&random) % 101));
        round_trip(values, count);
    }
}

/* All differences have a divisor in common, wrapped ones too. */
static void what_is_scaled_comes_back(void **state)
{
    (void)state;
    uint64_t random = 5;
    int64_t values[MANY];
    for (uint32_t round = 0; round < 400; round++) {
        uint32_t count = 2 + (uint32_t)(unit_random(&random) % (round % 8 == 0 ? MANY - 2 : 16));
        uint64_t factor = 1 + unit_random(&random) % (round % 5 == 0 ? UINT64_MAX : 5000);
        walk(&random, values, count, (uint32_t)(unit_random(&random) % 50), 20);
        for (uint32_t i = 0; i < count; i++)
            values[i] = (int64_t)((uint64_t)values[i] * factor);
        round_trip(values, count);
    }
    uint8_t packed[COLUMN_SIZE_MAX(MANY)], sent[COLUMN_SIZE_MAX(MANY)];
    walk(&random, values, MANY, 6, 20);
    for (uint32_t i = 0; i < MANY; i++)
        values[i] = (int64_t)((uint64_t)values[i] * 4096);
    int size = column_encode(values, MANY, sent, sizeof sent);
    assert_true(column_pack(values, MANY, packed, sizeof packed) * 2 < size);
}

static void steady_counter_is_nearly_free(void **state)
{
    (void)state;
    int64_t values[MANY];
    for (uint32_t i = 0; i < MANY; i++)
        values[i] = 1000000 + 100 * (int64_t)i;
    uint8_t bytes[COLUMN_SIZE_MAX(MANY)];
    int size = column_encode(values, MANY, bytes, sizeof bytes);
    assert_true(size > 0 && size < 24);
}

static void never_longer_than_promised(void **state)
{
    (void)state;
    uint64_t random = 7;
    int64_t values[MANY];
    uint8_t bytes[COLUMN_SIZE_MAX(MANY)];
    for (uint32_t round = 0; round < 200; round++) {
        uint32_t count = 1 + (uint32_t)(unit_random(&random) % MANY);
        for (uint32_t i = 0; i < count; i++)
            values[i] = (int64_t)(unit_random(&random) >> (unit_random(&random) % 64));
        assert_true(column_encode(values, count, bytes, COLUMN_SIZE_MAX(count)) > 0);
    }
}

static void too_small_a_buffer_is_refused(void **state)
{
    (void)state;
    uint64_t random = 3;
    int64_t values[16];
    walk(&random, values, 16, 40, 0);
    uint8_t bytes[COLUMN_SIZE_MAX(16)];
    int size = column_encode(values, 16, bytes, sizeof bytes);
    for (int room = 0; room < size; room++)
        assert_int_equal(column_encode(values, 16, bytes, (uint32_t)room), ERR_FULL);
}

static void hostile_bytes_are_refused_or_bounded(void **state)
{
    (void)state;
    uint64_t random = 11;
    int64_t values[MANY];
    for (uint32_t round = 0; round < 20000; round++) {
        uint8_t bytes[48];
        uint32_t size = (uint32_t)(unit_random(&random) % sizeof bytes);
        for (uint32_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)unit_random(&random);
        if (size > 0)
            bytes[0] %= MODE_END + 1;
        uint8_t *exact = unit_exact(bytes, size);
        int taken = column_decode(exact, size, values, 1 + (uint32_t)(unit_random(&random) % MANY));
        assert_true(taken == ERR_MALFORMED || (taken > 0 && (uint32_t)taken <= size));
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constants_and_extremes),
        cmocka_unit_test(random_walks),
        cmocka_unit_test(what_is_scaled_comes_back),
        cmocka_unit_test(steady_counter_is_nearly_free),
        cmocka_unit_test(never_longer_than_promised),
        cmocka_unit_test(too_small_a_buffer_is_refused),
        cmocka_unit_test(hostile_bytes_are_refused_or_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
