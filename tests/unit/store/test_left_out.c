/* SPDX-License-Identifier: MIT */
/* What is not there: series that found no room, samples that never came. */
#include "tests/unit/store/rig.h"

/* What finds no room is left out on the whole way: staged, sealed, after a restart; the others are not. */
static void a_series_without_room_does_not_touch_the_others(void **state)
{
    (void)state;
    struct rig *r = rig_new(14);
    r->limits.series_per_instance_max = 3;
    rig_must_open(r);
    assert_int_equal(rig_instance(r, "alpha"), 0);
    assert_int_equal(store_epoch(r->store, 0, 1), ERR_OK);
    rig_dictionary(r, 0, 0, 3);
    char name[METRIC_SIZE];
    struct store_series_facts facts;
    rig_series_facts(3, name, &facts);
    assert_int_equal(store_dictionary_add(r->store, 0, STREAM_LIVE, &facts), ERR_FULL);
    assert_int_equal(store_dictionary_count(r->store, 0, STREAM_LIVE), 4);
    for (uint64_t at = 1; at < 700; at += 10) {
        rig_fill(r, 10, 4, 1768478400000 + (int64_t)at * 1000);
        assert_int_equal(rig_send(r, 0, at), 10);
        r->block.slot_count = 3; /* the last of them is not remembered */
        rig_remember(r, 0, 1, at, 0);
        assert_int_equal(store_commit(r->store), ERR_OK);
    }
    rig_check_all(r, 0, 90);
    rig_restart(r, SIM_POWER_CUT);
    rig_check_all(r, 0, 90);
    rig_seal_all(r);
    rig_restart(r, SIM_POWER_CUT);
    rig_check_all(r, 0, 90);
    assert_int_equal(store_series_count(r->store, 0), 3);
    rig_free(r);
}

/* A chunk says from which sample to which it goes: none may be missing in between. */
static void a_chunk_ends_at_a_gap(void **state)
{
    (void)state;
    struct rig *r = rig_new(15);
    rig_must_open(r);
    assert_int_equal(rig_instance(r, "alpha"), 0);
    assert_int_equal(store_epoch(r->store, 0, 1), ERR_OK);
    rig_dictionary(r, 0, 0, 2);
    const uint64_t sequences[] = {1, 11, 31, 41}; /* 21 to 30 never came, and the clock does not show it */
    for (uint32_t i = 0; i < COUNT_OF(sequences); i++) {
        rig_fill(r, 10, 2, 1768478400000 + (int64_t)i * 10000);
        assert_int_equal(rig_send(r, 0, sequences[i]), 10);
        rig_remember(r, 0, 1, sequences[i], 0);
    }
    assert_int_equal(store_commit(r->store), ERR_OK);
    rig_seal_all(r);
    struct store_stats stats;
    store_stats(r->store, &stats);
    assert_int_equal(stats.chunks, 2);
    rig_check_all(r, 0, 90);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_series_without_room_does_not_touch_the_others),
        cmocka_unit_test(a_chunk_ends_at_a_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
