/* SPDX-License-Identifier: MIT */
/* The processes of any moment, whether its sample is pending, sealed, or was before a restart. */
#include "aggregator/store/processes.c"

#include "tests/unit/store/rig.h"

#define START_MS INT64_C(1767225600000)

/* What sample n says: a function of n alone. */
static void make_tops(uint64_t n, struct process_tops *t)
{
    t->count = (uint32_t)(n % 7);
    for (uint32_t i = 0; i < t->count; i++) {
        t->tops[i] = (struct process_top){.pid = 100 + 10 * i + (uint32_t)(n / 50),
                                          .cpu_share = (uint32_t)n * i, .memory_kib = 5000 + i};
        snprintf(t->tops[i].name, sizeof t->tops[i].name, "p%u", i);
    }
}

static void send_block(struct rig *r, uint64_t first, uint32_t count)
{
    rig_fill(r, count, 3, START_MS + (int64_t)first * 1000);
    r->block.processes.id_count = r->block.processes.use_count = 0;
    for (uint32_t k = 0; k < count; k++) {
        struct process_tops tops;
        make_tops(first + k, &tops);
        assert_int_equal(block_processes_add(&r->block.processes, k, &tops), ERR_OK);
    }
    assert_int_equal(rig_send(r, 0, first + 1), count);
}

static void check_found(const struct store_processes *got, uint64_t n)
{
    struct process_tops want;
    make_tops(n, &want);
    assert_true(got->time_ms == START_MS + (int64_t)n * 1000);
    assert_int_equal(got->tops.count, want.count);
    for (uint32_t i = 0; i < want.count; i++) {
        assert_int_equal(got->tops.tops[i].pid, want.tops[i].pid);
        assert_int_equal(got->tops.tops[i].cpu_share, want.tops[i].cpu_share);
        assert_int_equal(got->tops.tops[i].memory_kib, want.tops[i].memory_kib);
        assert_string_equal(got->tops.tops[i].name, want.tops[i].name);
    }
}

/* Samples 0..count-1 without those of the gap are there. */
static void check_all(struct rig *r, uint64_t count, uint64_t gap_from, uint64_t gap_to)
{
    struct store_processes got;
    assert_int_equal(store_processes(r->store, 0, 0, START_MS, &got), 0);
    for (uint64_t n = 0; n < count; n += 3) {
        int64_t ms = START_MS + (int64_t)n * 1000;
        uint64_t newest = n >= gap_from && n < gap_to ? gap_from - 1 : n;
        assert_int_equal(store_processes(r->store, 0, 0, ms + 1, &got), 1);
        check_found(&got, newest);
        assert_int_equal(store_processes(r->store, 0, 0, ms + 999, &got), 1);
        check_found(&got, newest);
        assert_int_equal(store_processes(r->store, 0, ms, ms + 1000, &got), newest == n);
        assert_int_equal(store_processes(r->store, 0, ms + 1, ms + 1000, &got), 0);
    }
    assert_int_equal(store_processes(r->store, 0, 0, INT64_MAX, &got), 1);
    check_found(&got, count - 1);
}

static void any_moment(void **state)
{
    (void)state;
    struct rig *r = rig_new(3);
    rig_must_open(r);
    assert_int_equal(rig_instance(r, "alpha"), 0);
    assert_int_equal(store_epoch(r->store, 0, 1), ERR_OK);
    rig_dictionary(r, 0, 0, 3);
    struct store_processes got;
    assert_int_equal(store_processes(r->store, 0, 0, INT64_MAX, &got), 0);
    for (uint64_t n = 0; n < 300; n += 10)
        send_block(r, n, 10);
    assert_int_equal(store_processes(r->store, 0, 0, INT64_MAX, &got), 0); /* not committed */
    assert_int_equal(store_commit(r->store), ERR_OK);
    check_all(r, 300, 300, 300);
    rig_restart(r, SIM_KILL);
    check_all(r, 300, 300, 300); /* from the journal */
    rig_seal_all(r);
    assert_int_equal(r->store->states[0].pending.count, 0);
    check_all(r, 300, 300, 300); /* from chunks */
    for (uint64_t n = 320; n < 1200; n += 16) {
        send_block(r, n, 16);
        rig_step(r, 150);
    }
    assert_int_equal(store_commit(r->store), ERR_OK);
    check_all(r, 1200, 300, 320);
    rig_restart(r, SIM_POWER_CUT);
    rig_seal_all(r);
    check_all(r, 1200, 300, 320);
    assert_int_equal(r->store->damaged, 0);
    rig_free(r);
}

/* Many new ones in each sample make shorter chunks; none is left out. */
static void a_machine_that_compiles(void **state)
{
    (void)state;
    struct rig *r = rig_new(4);
    rig_must_open(r);
    assert_int_equal(rig_instance(r, "alpha"), 0);
    assert_int_equal(store_epoch(r->store, 0, 1), ERR_OK);
    rig_dictionary(r, 0, 0, 3);
    for (uint32_t n = 0; n < 480; n += 6) {
        rig_fill(r, 6, 3, START_MS + n * 1000);
        r->block.processes.id_count = r->block.processes.use_count = 0;
        for (uint32_t k = 0; k < 6; k++) {
            struct process_tops tops = {.count = PROCESS_TOPS_MAX};
            for (uint32_t i = 0; i < PROCESS_TOPS_MAX; i++)
                tops.tops[i] = (struct process_top){.pid = (n + k) * 10 + i + 1, .cpu_share = n,
                                                    .name = "cc1"};
            assert_int_equal(block_processes_add(&r->block.processes, k, &tops), ERR_OK);
        }
        assert_int_equal(rig_send(r, 0, n + 1), 6);
    }
    assert_int_equal(store_commit(r->store), ERR_OK);
    rig_seal_all(r);
    struct store_stats stats;
    store_stats(r->store, &stats);
    assert_true(stats.chunks >= 480 * 10 / PROCESSES_MAX);
    for (uint32_t n = 0; n < 480; n++) {
        struct store_processes got;
        assert_int_equal(store_processes(r->store, 0, 0, START_MS + n * 1000 + 1, &got), 1);
        assert_int_equal(got.tops.count, PROCESS_TOPS_MAX);
        assert_int_equal(got.tops.tops[0].pid, n * 10 + 1);
    }
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_moment),
        cmocka_unit_test(a_machine_that_compiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
