/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include "aggregator/forward/retry.h"

static void test_delays_double_up_to_a_ceiling_and_spread_over_all_of_it(void **state)
{
    (void)state;
    for (uint32_t failures = 1; failures < RETRY_FAILURES_DOWN; failures++) {
        int64_t bound = (int64_t)RETRY_BASE_MS << (failures - 1), least = INT64_MAX, most = 0;
        for (uint64_t random = 0; random < 100000; random += 7) {
            int64_t ms = retry_delay_ms(VERDICT_AGAIN, failures, -1, random * 2654435761U);
            least = ms < least ? ms : least;
            most = ms > most ? ms : most;
        }
        assert_true(least < bound / 20);
        assert_true(most <= bound && most > bound * 9 / 10);
    }
}

static void test_a_dead_destination_is_probed_slowly(void **state)
{
    (void)state;
    for (uint64_t random = 0; random < 1000; random++) {
        int64_t down = retry_delay_ms(VERDICT_AGAIN, RETRY_FAILURES_DOWN, -1, random * 104729);
        int64_t held = retry_delay_ms(VERDICT_HOLD, 1, -1, random * 104729);
        assert_true(down >= RETRY_PROBE_MS / 2 && down <= RETRY_PROBE_MS);
        assert_true(held >= RETRY_HELD_MS / 2 && held <= RETRY_HELD_MS);
    }
}

static void test_retry_after_in_both_forms(void **state)
{
    (void)state;
    int64_t now = INT64_C(784111777000); /* Sun, 06 Nov 1994 08:49:37 GMT */
    assert_int_equal(retry_after_ms("120", now), 120000);
    assert_int_equal(retry_after_ms("0", now), 0);
    assert_int_equal(retry_after_ms("99999999999999999999", now), RETRY_AFTER_MAX_MS);
    assert_int_equal(retry_after_ms("Sun, 06 Nov 1994 08:50:00 GMT", now), 23000);
    assert_int_equal(retry_after_ms("Sun, 06 Nov 1994 08:00:00 GMT", now), 0);
    assert_int_equal(retry_after_ms("Thu, 06 Nov 2094 08:00:00 GMT", now), RETRY_AFTER_MAX_MS);
    const char *const bad[] = {"", "-1", "soon", "Sun, 06 Nov 1994", "Sun, 06 Foo 1994 08:49:37 GMT",
                               "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT", "1.5", ","};
    for (uint32_t i = 0; i < COUNT_OF(bad); i++)
        assert_true(retry_after_ms(bad[i], now) < 0);
    assert_int_equal(retry_date_ms("Sun, 06 Nov 1994 08:49:37 GMT"), now);
    assert_int_equal(retry_date_ms("Thu, 29 Feb 2024 00:00:00 GMT"), INT64_C(1709164800000));
    assert_int_equal(retry_delay_ms(VERDICT_AGAIN, 1, 45000, 3), 45000);
    assert_true(retry_delay_ms(VERDICT_AGAIN, 1, 0, 3) >= 0);
}

static void test_what_an_answer_means(void **state)
{
    (void)state;
    const struct {
        uint32_t status;
        enum verdict verdict;
    } cases[] = {{0, VERDICT_AGAIN},   {200, VERDICT_DONE}, {202, VERDICT_DONE}, {204, VERDICT_DONE},
                 {301, VERDICT_HOLD},  {400, VERDICT_DROP}, {401, VERDICT_HOLD}, {403, VERDICT_HOLD},
                 {404, VERDICT_HOLD},  {408, VERDICT_AGAIN}, {413, VERDICT_DROP}, {429, VERDICT_AGAIN},
                 {500, VERDICT_AGAIN}, {502, VERDICT_AGAIN}, {503, VERDICT_AGAIN}, {504, VERDICT_AGAIN},
                 {501, VERDICT_HOLD},  {505, VERDICT_HOLD}, {405, VERDICT_HOLD}, {410, VERDICT_HOLD},
                 {415, VERDICT_HOLD},  {422, VERDICT_DROP}};
    for (uint32_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(retry_judge(cases[i].status), cases[i].verdict);
    for (uint32_t status = 500; status < 600; status++) /* a server's fault is never a message's */
        assert_int_not_equal(retry_judge(status), VERDICT_DROP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delays_double_up_to_a_ceiling_and_spread_over_all_of_it),
        cmocka_unit_test(test_a_dead_destination_is_probed_slowly),
        cmocka_unit_test(test_retry_after_in_both_forms),
        cmocka_unit_test(test_what_an_answer_means),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
