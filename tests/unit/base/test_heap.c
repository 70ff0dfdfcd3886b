/* SPDX-License-Identifier: MIT */
/* Sorting in place: every order of few items, many items, and items that are equal. */
#include "platform/base/heap.h"

#include "tests/unit/unit.h"

struct item {
    uint32_t key;
    char padding[9];
};

static bool is_before(const void *a, const void *b)
{
    return ((const struct item *)a)->key < ((const struct item *)b)->key;
}

static void check(struct item *items, uint32_t count, uint64_t sum)
{
    heap_sort(items, count, sizeof *items, is_before);
    for (uint32_t i = 0; i < count; i++) {
        sum -= (uint64_t)items[i].key * items[i].key;
        assert_int_equal(items[i].padding[8], (char)items[i].key);
        assert_true(i == 0 || items[i - 1].key <= items[i].key);
    }
    assert_int_equal(sum, 0); /* none was lost, none came twice */
}

/* The keys are the digits of `number` to the base of `keys`. */
static void check_digits(uint64_t number, uint32_t count, uint32_t keys)
{
    struct item *items = calloc(count, sizeof *items);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++, number /= keys) {
        items[i].key = (uint32_t)(number % keys);
        items[i].padding[8] = (char)items[i].key;
        sum += (uint64_t)items[i].key * items[i].key;
    }
    check(items, count, sum);
    free(items);
}

static void puts_every_order_of_few_right(void **state)
{
    (void)state;
    for (uint32_t count = 1; count <= 5; count++)
        for (uint64_t number = 0; number < 3125; number++)
            check_digits(number, count, 5);
}

static void puts_many_right(void **state)
{
    (void)state;
    static struct item items[1000];
    uint64_t sum = 0, draw = 1;
    for (uint32_t i = 0; i < 1000; i++) {
        draw = draw * UINT64_C(6364136223846793005) + 1;
        items[i].key = (uint32_t)(draw >> 40);
        items[i].padding[8] = (char)items[i].key;
        sum += (uint64_t)items[i].key * items[i].key;
    }
    check(items, 1000, sum);
    check(items, 1000, sum); /* what is in order stays so */
    heap_sort(items, 0, sizeof *items, is_before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_every_order_of_few_right),
        cmocka_unit_test(puts_many_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
