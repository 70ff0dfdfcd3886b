/* SPDX-License-Identifier: MIT */
/* Dense columns give back exactly what went in, for tame and for wild values, pay where they should, and
 * refuse the rest. */
#include "aggregator/store/dense.c"

#include "tests/unit/unit.h"

#define MANY_VALUES COLUMN_VALUES_MAX

static struct dense_work work;
static int64_t values[MANY_VALUES], before[MANY_VALUES], back[MANY_VALUES];
static uint8_t bytes[COLUMN_SIZE_MAX(MANY_VALUES)];

/* Packs values[] and reads it again; the size. */
static int round_trip(uint32_t count)
{
    memcpy(before, values, count * sizeof values[0]);
    int size = dense_pack(&work, values, count, bytes, COLUMN_SIZE_MAX(count));
    assert_true(size > 0);
    assert_memory_equal(values, before, count * sizeof values[0]);
    uint8_t *exact = unit_exact(bytes, (size_t)size);
    assert_int_equal(dense_decode(exact, (uint32_t)size, back, count), size);
    assert_memory_equal(back, values, count * sizeof values[0]);
    free(exact);
    return size;
}

static uint64_t draw_bits(uint64_t *random, uint32_t bits)
{
    return bits == 0 ? 0 : unit_random(random) >> (64 - bits);
}

/* Steps of up to `bits` bits, zero for zero_percent of them, on a slope; all times factor. */
static void walk(uint64_t *random, uint32_t count, uint32_t bits, uint32_t zero_percent, uint64_t factor)
{
    uint64_t at = unit_random(random), slope = draw_bits(random, bits / 2);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t step = unit_random(random) % 100 < zero_percent ? 0 : draw_bits(random, bits);
        at += (slope + (unit_random(random) & 1 ? step : 0 - step)) * factor;
        values[i] = (int64_t)at;
    }
}

static void walks_come_back(void **state)
{
    (void)state;
    uint64_t random = 1;
    for (uint32_t round = 0; round < 1500; round++) {
        uint32_t count = 2 + (uint32_t)(unit_random(&random) % (round % 50 == 0 ? MANY_VALUES - 1 : 1100));
        uint64_t factor = round % 3 != 0 ? 1 : 1 + draw_bits(&random, round % 9 == 0 ? 64 : 12);
        walk(&random, count, (uint32_t)(unit_random(&random) % 65), (uint32_t)(unit_random(&random) % 101),
             factor);
        (void)round_trip(count);
    }
}

static void lengths_and_extremes_come_back(void **state)
{
    (void)state;
    const int64_t edges[] = {0, 1, -1, INT64_MAX, INT64_MIN, 1000, -1000, INT64_MIN, INT64_MAX, 0};
    for (uint32_t count = 1; count <= MANY_VALUES; count += count < 300 ? 1 : 379) {
        for (uint32_t i = 0; i < count; i++)
            values[i] = edges[i * 7 % COUNT_OF(edges)];
        (void)round_trip(count);
        for (uint32_t i = 0; i < count; i++) /* one residual alone, and a single other one */
            values[i] = 100 * (int64_t)i + (i + 1 == count);
        (void)round_trip(count);
        for (uint32_t i = 0; i < count; i++) /* every token once and again */
            values[i] = (int64_t)(UINT64_C(3) << i % 63);
        (void)round_trip(count);
        for (uint32_t i = 0; i < count; i++)
            values[i] = 42;
        (void)round_trip(count);
    }
}

static void never_longer_than_promised(void **state)
{
    (void)state;
    uint64_t random = 7;
    for (uint32_t round = 0; round < 300; round++) {
        uint32_t count = COUNT_LEAST + (uint32_t)(unit_random(&random) % 1000);
        for (uint32_t i = 0; i < count; i++)
            values[i] = (int64_t)unit_random(&random) >> (round % 2 ? 0 : unit_random(&random) % 64);
        (void)round_trip(count);
    }
}

/* Each prediction is chosen by what it is made for; what is seldom costs little. */
static void what_is_rare_costs_what_it_says(void **state)
{
    (void)state;
    uint64_t random = 3;
    int64_t at = 0;
    for (uint32_t i = 0; i < 3600; i++)
        values[i] = (at += unit_random(&random) % 20 == 0);
    /* Chance alone costs 0.29 bits a value. */
    assert_true(round_trip(3600) * 8 < 3600 * 37 / 100);
    assert_int_equal(bytes[1], BEFORE);
    for (uint32_t i = 0; i < 3600; i++)
        values[i] = (at += 5000 + (int64_t)(unit_random(&random) % 16) + i / 60);
    assert_true(round_trip(3600) * 8 < 3600 * 5);
    assert_int_equal(bytes[1], MEAN);
    for (uint32_t i = 0; i < 3600; i++)
        values[i] = (int64_t)(unit_random(&random) % 10 == 0);
    (void)round_trip(3600);
    assert_int_equal(bytes[1], FIRST);
    at = 0;
    for (uint32_t i = 0, speed = 0; i < 3600; i++)
        values[i] = (at += speed += (uint32_t)(unit_random(&random) % 4));
    (void)round_trip(3600);
    assert_int_equal(bytes[1], SLOPE);
    for (uint32_t i = 0; i < 3600; i++)
        values[i] *= 4096;
    int scaled = round_trip(3600);
    for (uint32_t i = 0; i < 3600; i++)
        values[i] /= 4096;
    assert_true(scaled - round_trip(3600) < 8);
}

static void short_and_constant_columns_stay_as_they_were(void **state)
{
    (void)state;
    uint64_t random = 9;
    static uint8_t plain[COLUMN_SIZE_MAX(MANY_VALUES)];
    walk(&random, COUNT_LEAST - 1, 8, 50, 1);
    int size = round_trip(COUNT_LEAST - 1);
    assert_int_equal(column_pack(values, COUNT_LEAST - 1, plain, sizeof plain), size);
    assert_memory_equal(plain, bytes, (size_t)size);
    walk(&random, COUNT_LEAST, 8, 50, 1);
    (void)round_trip(COUNT_LEAST);
    assert_int_equal(bytes[0], MODE_DENSE);
    /* Those of before are read, whatever their length. */
    walk(&random, 3600, 8, 50, 3);
    size = column_pack(values, 3600, plain, sizeof plain);
    assert_int_equal(dense_decode(plain, (uint32_t)size, back, 3600), size);
    assert_memory_equal(back, values, 3600 * sizeof values[0]);
}

static void too_small_a_buffer_is_refused(void **state)
{
    (void)state;
    uint64_t random = 3;
    walk(&random, 300, 20, 0, 1);
    int size = round_trip(300);
    for (int room = 0; room < size; room++) {
        uint8_t *exact = unit_exact(bytes, (size_t)room + 1);
        assert_int_equal(dense_pack(&work, values, 300, exact, (uint32_t)room), ERR_FULL);
        free(exact);
    }
}

/* Cut short, with a bit turned, or made up: refused, or read within bounds; never silently cut. */
static void hostile_bytes_are_refused_or_bounded(void **state)
{
    (void)state;
    uint64_t random = 11;
    uint32_t refused = 0;
    for (uint32_t round = 0; round < 3000; round++) {
        uint32_t count = COUNT_LEAST + (uint32_t)(unit_random(&random) % 200), size;
        walk(&random, count, (uint32_t)(unit_random(&random) % 60), 30, 1);
        values[0] ^= 1;
        size = (uint32_t)round_trip(count);
        if (round % 3 == 0) {
            size = (uint32_t)(unit_random(&random) % size);
        } else {
            uint32_t turns = round % 3 == 1 ? 1 : 40;
            for (uint32_t i = 0; i < turns; i++)
                bytes[2 + unit_random(&random) % (size - 2)] ^= (uint8_t)(1U << unit_random(&random) % 8);
        }
        uint8_t *exact = unit_exact(bytes, size);
        int taken = dense_decode(exact, size, back, count);
        assert_true(taken == ERR_MALFORMED || (taken > 0 && (uint32_t)taken <= size));
        assert_true(round % 3 != 0 || taken == ERR_MALFORMED);
        refused += taken < 0;
        free(exact);
    }
    assert_true(refused > 2000);
    assert_int_equal(dense_decode((const uint8_t[]){MODE_DENSE, 0, 1, 0, 0}, 5, back, COUNT_LEAST - 1),
                     ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_come_back),
        cmocka_unit_test(lengths_and_extremes_come_back),
        cmocka_unit_test(never_longer_than_promised),
        cmocka_unit_test(what_is_rare_costs_what_it_says),
        cmocka_unit_test(short_and_constant_columns_stay_as_they_were),
        cmocka_unit_test(too_small_a_buffer_is_refused),
        cmocka_unit_test(hostile_bytes_are_refused_or_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
