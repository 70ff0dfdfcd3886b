/* SPDX-License-Identifier: MIT */
/* The outbox over a simulated world: a store, a forward, and a receiver that is down, slow, full, forgetful
 * and false; the aggregator is killed at any of its effects. The laws:
 *   - whatever became of it, each alert is told, and its end, once all is calm;
 *   - what is told twice has the same key, and only where an answer was lost or a process died;
 *   - one destination that never answers takes nothing from another. */
#include "tests/unit/forward/rig.h"

#include "aggregator/forward/retry.h"

static void test_an_alert_and_its_end_are_told_once(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, 1);
    raise_alert(r, 1, ALERT_HIGH);
    run_ms(r, 2000);
    assert_int_equal(r->key_count, 1);
    for (uint32_t i = 0; i < 5; i++) { /* the same breach again */
        raise_alert(r, 1, ALERT_HIGH);
        run_ms(r, 70000);
    }
    assert_int_equal(r->calls, 1);
    raise_alert(r, 1, ALERT_CRITICAL);
    run_ms(r, 2000);
    assert_int_equal(count_keys(r, ":worsened:"), 1);
    settle_alert(r, 1);
    run_ms(r, 2000);
    assert_int_equal(count_keys(r, ":resolved:"), 1);
    assert_int_equal(r->calls, 3);
    assert_int_equal(r->doubles, 0);
    die(r, SIM_POWER_CUT); /* and it knows that it has told all of it */
    run_ms(r, 5000);
    assert_int_equal(r->calls, 3);
    rig_free(r);
}

static void test_many_at_once_make_one_message_and_none_is_left_out(void **state)
{
    (void)state;
    struct rig *r = rig_new(2, 1);
    for (uint32_t i = 0; i < 150; i++)
        raise_alert(r, i, ALERT_LOW);
    run_ms(r, 3000);
    assert_int_equal(count_keys(r, ":raised:"), 150);
    assert_int_equal(r->calls, 3);
    assert_int_equal(r->largest, DIGEST_MAX);
    rig_free(r);
}

static void test_what_came_and_went_while_nobody_could_be_told_is_told(void **state)
{
    (void)state;
    struct rig *r = rig_new(3, 1);
    r->fail_permille = 1000;
    r->status = 503;
    raise_alert(r, 1, ALERT_HIGH);
    run_ms(r, 20000);
    settle_alert(r, 1);
    run_ms(r, 20000);
    assert_int_equal(r->key_count, 0);
    r->fail_permille = 0;
    run_ms(r, 130000);
    assert_int_equal(count_keys(r, ":passed:"), 1);
    assert_int_equal(r->key_count, 1);
    rig_free(r);
}

static void test_a_dead_destination_costs_others_nothing_and_little_itself(void **state)
{
    (void)state;
    struct rig *r = rig_new(4, 2);
    r->dead_url = "ops";
    for (uint32_t i = 0; i < 60; i++) {
        raise_alert(r, i, ALERT_HIGH);
        run_ms(r, 60000);
        assert_int_equal(count_keys(r, ":raised:"), i + 1);
    }
    const struct outbox *dead = store_outbox(r->store, 0);
    assert_int_equal(dead->state, OUTBOX_DOWN);
    assert_true(dead->oldest_ms != 0 && dead->error[0] != '\0');
    assert_in_range(r->dead_calls, 60, 130); /* a probe each half minute to minute */
    r->dead_url = NULL;
    run_ms(r, 120000);
    assert_int_equal(r->doubles, 60); /* now it has all of them, too */
    assert_int_equal(dead->oldest_ms, 0);
    rig_free(r);
}

static void test_retry_after_is_honoured(void **state)
{
    (void)state;
    struct rig *r = rig_new(5, 1);
    r->fail_permille = 1000;
    r->status = 429;
    r->retry_after = "7";
    raise_alert(r, 1, ALERT_HIGH);
    run_ms(r, 60000);
    assert_in_range(r->calls, 3, 9);
    assert_int_equal(r->early_calls, 0);
    r->fail_permille = 0;
    run_ms(r, 130000);
    assert_int_equal(r->key_count, 1);
    rig_free(r);
}

static void test_one_that_is_refused_for_ever_does_not_hold_up_the_others(void **state)
{
    (void)state;
    struct rig *r = rig_new(6, 1);
    r->fail_permille = 1000;
    r->status = 400;
    for (uint32_t i = 0; i < 8; i++)
        raise_alert(r, i, ALERT_HIGH);
    run_ms(r, 10000);
    assert_int_equal(store_outbox(r->store, 0)->dropped, 8);
    r->fail_permille = 0;
    raise_alert(r, 99, ALERT_HIGH);
    run_ms(r, 3000);
    assert_int_equal(r->key_count, 1);
    rig_free(r);
}

static void test_one_that_refuses_all_is_held_before_all_are_gone(void **state)
{
    (void)state;
    struct rig *r = rig_new(6, 1);
    r->fail_permille = 1000;
    r->status = 400;
    for (uint32_t i = 0; i < 100; i++)
        raise_alert(r, i, ALERT_HIGH);
    run_ms(r, 60000);
    assert_int_equal(store_outbox(r->store, 0)->dropped, RETRY_DROPS_MAX);
    assert_int_equal(store_outbox(r->store, 0)->state, OUTBOX_HELD);
    r->fail_permille = 0;
    run_ms(r, RETRY_HELD_MS + 10000);
    assert_int_equal(r->key_count, 100 - RETRY_DROPS_MAX);
    rig_free(r);
}

static void test_repeats_until_somebody_acknowledges(void **state)
{
    (void)state;
    struct rig *r = rig_new(7, 1);
    struct alert a;
    r->list[0].repeat_ms = 600000;
    die(r, SIM_KILL);
    raise_alert(r, 1, ALERT_HIGH);
    run_ms(r, 3600000);
    assert_in_range(r->calls, 6, 7);
    assert_int_equal(count_keys(r, ":repeated:"), 1);
    uint64_t cursor = 0;
    assert_int_equal(store_alert_next(r->store, &cursor, &a), 1);
    const struct alert_change change = {.status = ALERT_ACKNOWLEDGED, .who = "ann"};
    assert_int_equal(store_alert_change(r->store, a.id, &change), ERR_OK);
    uint32_t before = r->calls;
    run_ms(r, 3600000);
    assert_int_equal(r->calls, before + 1); /* that it was acknowledged */
    rig_free(r);
}

static void test_faults_and_kills_at_any_effect_lose_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 100; seed < 130; seed++) {
        struct rig *r = rig_new(seed, 1);
        struct sim_outbound *weather = sim_outbound(r->world);
        uint32_t raised = 0, died = 0;
        weather->latency_max_ns = 2 * NS_PER_S;
        weather->refused_permille = (uint32_t)sim_below(r->world, 300);
        weather->lost_permille = (uint32_t)sim_below(r->world, 200);
        weather->answer_lost_permille = (uint32_t)sim_below(r->world, 200);
        weather->reset_permille = (uint32_t)sim_below(r->world, 200);
        r->fail_permille = (uint32_t)sim_below(r->world, 300);
        for (uint32_t step = 0; step < 60; step++) {
            if (sim_chance(r->world, 700))
                raise_alert(r, raised++, ALERT_HIGH);
            assert_int_equal(store_commit(r->store),
                             ERR_OK); /* acknowledged: from here on it must not be lost */
            if (sim_chance(r->world, 200)) {
                sim_doom(r->machine, (uint32_t)sim_below(r->world, 12), SIM_KILL);
                died++;
            }
            run_ms(r, (int64_t)sim_below(r->world, 8000));
            sim_spare(r->machine);
        }
        bool has_doubt = weather->answer_lost_permille + weather->reset_permille > 0;
        sim_service(r->world, &(struct sim_outbound){.latency_max_ns = NS_PER_MS}, receive, r);
        r->fail_permille = 0;
        run_ms(r, 300000);
        assert_int_equal(count_keys(r, ":raised:"), raised);
        /* What was told twice was in doubt: no answer, or a death before the cursor was stored. */
        if (r->doubles > 0)
            assert_true(has_doubt || r->kills > 0);
        uint32_t told = store_outbox(r->store, 0)->told_count;
        assert_int_equal(told, raised);
        for (uint32_t i = 0; i < raised; i++)
            settle_alert(r, i);
        run_ms(r, 60000);
        assert_int_equal(count_keys(r, ":resolved:"), raised);
        assert_int_equal(store_outbox(r->store, 0)->told_count, 0);
        rig_free(r);
    }
}

static void test_without_faults_nothing_is_told_twice_even_when_it_is_killed_between(void **state)
{
    (void)state;
    struct rig *r = rig_new(9, 1);
    for (uint32_t i = 0; i < 50; i++) {
        raise_alert(r, i, ALERT_HIGH);
        run_ms(r, 3000); /* told, and the cursor is durable */
        die(r, i % 2 == 0 ? SIM_KILL : SIM_POWER_CUT);
    }
    run_ms(r, 5000);
    assert_int_equal(r->key_count, 50);
    assert_int_equal(r->doubles, 0);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_alert_and_its_end_are_told_once),
        cmocka_unit_test(test_many_at_once_make_one_message_and_none_is_left_out),
        cmocka_unit_test(test_what_came_and_went_while_nobody_could_be_told_is_told),
        cmocka_unit_test(test_a_dead_destination_costs_others_nothing_and_little_itself),
        cmocka_unit_test(test_retry_after_is_honoured),
        cmocka_unit_test(test_one_that_is_refused_for_ever_does_not_hold_up_the_others),
        cmocka_unit_test(test_one_that_refuses_all_is_held_before_all_are_gone),
        cmocka_unit_test(test_repeats_until_somebody_acknowledges),
        cmocka_unit_test(test_faults_and_kills_at_any_effect_lose_nothing),
        cmocka_unit_test(test_without_faults_nothing_is_told_twice_even_when_it_is_killed_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
