/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include "aggregator/store/journal.c"

static void headers_come_back(void **state)
{
    (void)state;
    static struct crc32c_tables sums;
    struct journal_header h = {.instance = 7, .size = 20, .epoch = UINT64_MAX - 1, .sequence = 99,
                               .received_ms = -5, .count = 16}, got;
    uint8_t bytes[JOURNAL_HEADER_SIZE + 20];
    crc32c_tables_init(&sums);
    for (uint32_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 3);
    journal_put_header(&sums, &h, bytes);
    for (uint32_t n = 0; n <= sizeof bytes; n++) {
        uint8_t *exact = unit_exact(bytes, n);
        int err = journal_get_header(&sums, exact, n, &got);
        assert_int_equal(err, n == sizeof bytes ? ERR_OK : ERR_MALFORMED);
        free(exact);
    }
    assert_int_equal(got.instance, h.instance);
    assert_int_equal(got.size, h.size);
    assert_true(got.epoch == h.epoch);
    assert_int_equal(got.sequence, h.sequence);
    assert_int_equal(got.received_ms, h.received_ms);
    assert_int_equal(got.count, h.count);
    for (uint32_t i = 0; i < sizeof bytes; i++) {
        bytes[i] ^= 0x40;
        assert_int_equal(journal_get_header(&sums, bytes, sizeof bytes, &got), ERR_MALFORMED);
        bytes[i] ^= 0x40;
    }
}

/* Lists against plain counters, with the pool at its limit now and then. */
static void lists_share_the_pool(void **state)
{
    (void)state;
    enum { LISTS = 5, CAPACITY = 40 };
    struct journal_entry entries[CAPACITY];
    struct journal_list lists[LISTS];
    struct journal j;
    uint64_t random = 4, oldest[LISTS] = {0}, next[LISTS] = {0};
    uint32_t refused = 0;
    journal_init(&j, entries, CAPACITY);
    for (uint32_t i = 0; i < LISTS; i++)
        journal_list_init(&lists[i]);
    for (uint32_t round = 0; round < 20000; round++) {
        uint32_t i = (uint32_t)(unit_random(&random) % LISTS);
        if (unit_random(&random) % 100 < (round / 1000 % 2 == 0 ? 60 : 45)) {
            struct journal_entry e = {.sequence = next[i], .count = (uint8_t)(1 + next[i] % 16)};
            bool added = journal_add(&j, &lists[i], &e);
            assert_true(added || j.used == CAPACITY);
            next[i] += added;
            refused += !added;
        } else if (lists[i].count > 0) {
            assert_int_equal(j.entries[lists[i].first].sequence, oldest[i]);
            journal_drop_first(&j, &lists[i]);
            oldest[i]++;
        }
        uint32_t used = 0, samples = 0;
        for (uint32_t k = 0; k < LISTS; k++)
            used += lists[k].count;
        assert_int_equal(used, j.used);
        assert_int_equal(lists[i].count, next[i] - oldest[i]);
        uint64_t expected = oldest[i];
        for (uint32_t at = lists[i].first; at != JOURNAL_NONE; at = j.entries[at].next) {
            assert_int_equal(j.entries[at].sequence, expected++);
            samples += j.entries[at].count;
        }
        assert_int_equal(expected, next[i]);
        assert_int_equal(samples, lists[i].samples);
    }
    assert_true(refused > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_come_back),
        cmocka_unit_test(lists_share_the_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
