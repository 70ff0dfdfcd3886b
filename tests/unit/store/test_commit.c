/* SPDX-License-Identifier: MIT */
/* When the next commit comes. */
#include "tests/unit/store/rig.h"

/* One instance with `slots` series in epoch 1. */
static struct rig *with_host(uint64_t seed, uint32_t slots)
{
    struct rig *r = rig_new(seed);
    rig_must_open(r);
    assert_int_equal(rig_instance(r, "alpha"), 0);
    assert_int_equal(store_epoch(r->store, 0, 1), ERR_OK);
    rig_dictionary(r, 0, 0, slots);
    return r;
}

static void send_one(struct rig *r, uint64_t sequence)
{
    rig_fill(r, 1, 3, RIG_START_MS + (int64_t)sequence * 1000);
    assert_int_equal(rig_send(r, 0, sequence), 1);
}

/* Milliseconds until the commit, when the store is asked each of them. */
static int64_t waited(struct rig *r)
{
    uint64_t commits = store_commit_count(r->store);
    int64_t ms = 0;
    while (store_commit_count(r->store) == commits && ms++ < 1000)
        rig_step(r, 1);
    return ms;
}

/* Samples that come when they should wait for one another; a request waits less, who looks on hardly. */
static void the_next_commit_comes_as_it_is_wanted(void **state)
{
    (void)state;
    struct rig *r = with_host(1, 3);
    rig_settle(r);
    rig_step(r, 300);
    send_one(r, 1);
    assert_in_range(waited(r), 0, 2); /* the first after a silence */
    send_one(r, 2);
    assert_in_range(waited(r), 248, 252);
    rig_step(r, 190);
    send_one(r, 3); /* welcome by now, when it is new */
    assert_in_range(waited(r), 0, 2);
    send_one(r, 4);
    struct instance facts = *store_instance(r->store, 0);
    (void)text_copy(facts.region, sizeof facts.region, "elsewhere");
    assert_int_equal(store_instance_put(r->store, &facts), 0);
    assert_in_range(waited(r), 98, 102);
    send_one(r, 5);
    store_hurry(r->store);
    assert_in_range(waited(r), 13, 17);
    send_one(r, 6);
    assert_in_range(waited(r), 248, 252); /* the haste is over */
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_commit_comes_as_it_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
