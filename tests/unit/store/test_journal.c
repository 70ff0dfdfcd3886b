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

/* Lists of two epochs each, in any mixture, against plain counters, with the pool at its limit now and then:
 * those of one epoch are dropped from its oldest on, and the others stay. */
static void lists_share_the_pool(void **state)
{
    (void)state;
    enum { LISTS = 5, CAPACITY = 40, EPOCHS = 2 };
    struct journal_entry entries[CAPACITY];
    struct journal_list lists[LISTS];
    struct journal j;
    uint64_t random = 4, oldest[LISTS][EPOCHS] = {{0}}, next[LISTS][EPOCHS] = {{0}};
    uint32_t refused = 0, mixed = 0;
    journal_init(&j, entries, CAPACITY);
    for (uint32_t i = 0; i < LISTS; i++)
        journal_list_init(&lists[i]);
    for (uint32_t round = 0; round < 20000; round++) {
        uint32_t i = (uint32_t)(unit_random(&random) % LISTS);
        uint32_t epoch = (uint32_t)(unit_random(&random) % EPOCHS);
        uint64_t held = next[i][epoch] - oldest[i][epoch];
        if (unit_random(&random) % 100 < (round / 1000 % 2 == 0 ? 70 : 55)) {
            struct journal_entry e = {.epoch = epoch, .sequence = next[i][epoch], .count = 1};
            bool added = journal_add(&j, &lists[i], &e);
            assert_true(added || j.used == CAPACITY);
            next[i][epoch] += added;
            refused += !added;
        } else if (held > 0) {
            uint32_t count = (uint32_t)(1 + unit_random(&random) % (held < 4 ? held : 4));
            mixed += count < lists[i].count;
            journal_drop(&j, &lists[i], epoch, count);
            oldest[i][epoch] += count;
        }
        uint32_t used = 0;
        for (uint32_t k = 0; k < LISTS; k++)
            used += lists[k].count;
        assert_int_equal(used, j.used);
        uint64_t expected[EPOCHS];
        memcpy(expected, oldest[i], sizeof expected);
        uint32_t last = JOURNAL_NONE;
        for (uint32_t at = lists[i].first; at != JOURNAL_NONE; at = j.entries[at].next) {
            assert_int_equal(j.entries[at].sequence, expected[j.entries[at].epoch]++);
            last = at;
        }
        assert_int_equal(last, lists[i].last);
        assert_memory_equal(expected, next[i], sizeof expected);
    }
    assert_true(refused > 0 && mixed > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_come_back),
        cmocka_unit_test(lists_share_the_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
