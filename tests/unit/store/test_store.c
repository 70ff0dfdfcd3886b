/* SPDX-License-Identifier: MIT */
/* What the store promises its writers: committed means visible and kept, once. */
#include "tests/unit/store/rig.h"

static struct rig *opened(uint64_t seed)
{
    struct rig *r = rig_new(seed);
    rig_must_open(r);
    return r;
}

/* One instance with `slots` series in epoch 1. */
static struct rig *with_host(uint64_t seed, uint32_t slots)
{
    struct rig *r = opened(seed);
    assert_int_equal(rig_instance(r, "alpha"), 0);
    assert_int_equal(store_epoch(r->store, 0, 1), ERR_OK);
    rig_dictionary(r, 0, 0, slots);
    return r;
}

static void nothing_is_visible_before_its_commit(void **state)
{
    (void)state;
    struct rig *r = with_host(1, 3);
    uint64_t cursor = store_feed_end(r->store), missed = 0;
    struct store_feed_block b;
    rig_fill(r, 10, 3, RIG_START_MS);
    assert_int_equal(rig_send(r, 0, 1), 10);
    struct store_query_ask ask = {.series_count = 1, .from_ms = RIG_START_MS,
                                  .to_ms = RIG_START_MS + 60000, .step_ms = 1000};
    rig_check_query(r, &ask); /* nothing is remembered yet */
    assert_int_equal(store_committed_sequence(r->store, 0, STREAM_LIVE), 0);
    assert_int_equal(store_series(r->store, 0, 0)->last_ms, 0);
    assert_false(store_feed_next(r->store, &cursor, &missed, &b));
    uint64_t commits = store_commit_count(r->store);

    rig_step(r, 1); /* the first commit after a silence is due at once */
    assert_int_equal(store_commit_count(r->store), commits + 1);
    assert_int_equal(store_committed_sequence(r->store, 0, STREAM_LIVE), 10);
    rig_remember(r, 0, 1, 1, 0);
    rig_check_query(r, &ask);
    assert_int_equal(store_series(r->store, 0, 2)->last_ms, RIG_START_MS + 9000);
    assert_int_equal(store_series(r->store, 0, 2)->last_value, r->block.values[2][9]);
    assert_int_equal(store_instance(r->store, 0)->last_sample_ms, RIG_START_MS + 9000);
    assert_int_equal(store_instance(r->store, 0)->sample_count, 10);

    assert_true(store_feed_next(r->store, &cursor, &missed, &b));
    assert_int_equal(b.instance, 0);
    assert_int_equal(b.sequence, 1);
    assert_int_equal(b.count, 10);
    assert_int_equal(b.series_of_slot[2], 2);
    struct block_matrix *again = calloc(1, sizeof *again);
    assert_int_equal(block_decode(b.data, b.size, b.count, again), ERR_OK);
    assert_int_equal(again->values[1][4], r->block.values[1][4]);
    assert_non_null(b.matrix); /* the same, taken apart already */
    assert_int_equal(b.matrix->count, again->count);
    assert_int_equal(b.matrix->slot_count, again->slot_count);
    assert_memory_equal(b.matrix->slots, again->slots, 3 * sizeof again->slots[0]);
    assert_memory_equal(b.matrix->time_ms, again->time_ms, 10 * sizeof again->time_ms[0]);
    for (uint32_t k = 0; k < 3; k++)
        assert_memory_equal(b.matrix->values[k], again->values[k], 10 * sizeof again->values[k][0]);
    free(again);
    assert_false(store_feed_next(r->store, &cursor, &missed, &b));
    assert_int_equal(missed, 0);

    rig_free(r);
}

/* Told less than what will soon be on disk, the sender would count as lost what is not. */
static void who_comes_back_waits_for_the_commit(void **state)
{
    (void)state;
    struct rig *r = with_host(1, 3);
    rig_fill(r, 10, 3, RIG_START_MS);
    assert_int_equal(rig_send(r, 0, 1), 10);
    assert_int_equal(store_epoch(r->store, 0, 1), ERR_AGAIN);
    rig_step(r, 1);
    assert_int_equal(store_epoch(r->store, 0, 1), ERR_OK);
    assert_int_equal(store_committed_sequence(r->store, 0, STREAM_LIVE), 10);
    rig_free(r);
}

static void resent_blocks_are_recognised(void **state)
{
    (void)state;
    struct rig *r = with_host(2, 2);
    rig_fill(r, 10, 2, RIG_START_MS);
    rig_remember(r, 0, 1, 1, 0);
    assert_int_equal(rig_send(r, 0, 1), 10);
    assert_int_equal(rig_send(r, 0, 1), 0); /* staged */
    assert_int_equal(store_commit(r->store), ERR_OK);
    assert_int_equal(rig_send(r, 0, 1), 0); /* committed */
    assert_int_equal(store_instance(r->store, 0)->duplicate_count, 20);
    rig_fill(r, 10, 2, RIG_START_MS + 5000);
    assert_int_equal(rig_send(r, 0, 6), ERR_MALFORMED); /* overlaps partly */
    assert_int_equal(rig_send(r, 0, 0), ERR_MALFORMED);
    assert_int_equal(rig_send(r, 0, UINT64_MAX - 3), ERR_MALFORMED);
    rig_fill(r, 5, 2, RIG_START_MS + 20000);
    assert_int_equal(rig_send(r, 0, 21), 5); /* 11..20 are missing */
    rig_remember(r, 0, 1, 21, 0);
    assert_int_equal(store_instance(r->store, 0)->gap_count, 10);
    assert_int_equal(store_commit(r->store), ERR_OK);
    assert_int_equal(store_committed_sequence(r->store, 0, STREAM_LIVE), 25);
    rig_seal_all(r);
    assert_int_equal(rig_send(r, 0, 21), 0); /* sealed */
    rig_check_all(r, 0, 40);
    rig_restart(r, SIM_KILL);
    assert_int_equal(rig_send(r, 0, 21), 0);
    rig_check_all(r, 0, 40);
    rig_free(r);
}

static void unknown_slots_are_refused(void **state)
{
    (void)state;
    struct rig *r = opened(3);
    uint32_t host = rig_instance(r, "alpha");
    char name[METRIC_SIZE];
    struct store_series_facts facts;
    rig_series_facts(0, name, &facts);
    rig_fill(r, 1, 0, RIG_START_MS);
    assert_int_equal(rig_send(r, host, 1), ERR_MALFORMED); /* no epoch yet */
    assert_int_equal(store_dictionary_add(r->store, host, STREAM_LIVE, &facts), ERR_MALFORMED);
    assert_int_equal(store_epoch(r->store, host, 9), ERR_OK);
    rig_dictionary(r, host, 0, 2);
    rig_fill(r, 1, 3, RIG_START_MS);
    assert_int_equal(rig_send(r, host, 1), ERR_MALFORMED);
    rig_fill(r, 1, 2, RIG_START_MS);
    assert_int_equal(rig_send(r, host, 1), 1);
    /* Named already. */
    assert_int_equal(store_dictionary_add(r->store, host, STREAM_LIVE, &facts), ERR_MALFORMED);
    rig_free(r);
}

static void capacities_refuse_the_newcomer(void **state)
{
    (void)state;
    struct rig *r = rig_new(4);
    r->limits.instances_max = 2;
    r->limits.series_per_instance_max = 5;
    rig_must_open(r);
    struct instance third = {.id = "gamma"};
    assert_int_equal(rig_instance(r, "alpha"), 0);
    assert_int_equal(rig_instance(r, "beta"), 1);
    assert_int_equal(store_instance_put(r->store, &third), ERR_FULL);
    assert_int_equal(store_instance_find(r->store, "gamma"), ERR_MISSING);
    assert_int_equal(store_epoch(r->store, 1, 1), ERR_OK);
    rig_dictionary(r, 1, 0, 5);
    char name[METRIC_SIZE];
    struct store_series_facts facts;
    rig_series_facts(5, name, &facts);
    assert_int_equal(store_dictionary_add(r->store, 1, STREAM_LIVE, &facts), ERR_FULL);
    assert_int_equal(store_commit(r->store), ERR_OK);
    rig_close(r);
    r->limits.instances_max = 1;
    assert_int_equal(rig_open(r), ERR_FULL);
    assert_non_null(strstr(r->words, "raise"));
    r->limits.instances_max = 2;
    r->limits.series_per_instance_max = 4;
    assert_int_equal(rig_open(r), ERR_FULL);
    assert_non_null(strstr(r->words, "raise"));
    rig_free(r);
}

static void a_sender_is_held_back_until_room(void **state)
{
    (void)state;
    struct rig *r = with_host(5, 2);
    uint64_t sequence = 1;
    int n;
    for (;; sequence += 16) {
        rig_fill(r, 16, 2, RIG_START_MS + (int64_t)sequence * 1000);
        n = rig_send(r, 0, sequence);
        if (n < 0)
            break;
        rig_remember(r, 0, 1, sequence, 0);
    }
    assert_int_equal(n, ERR_FULL);
    rig_settle(r);
    assert_int_equal(rig_send(r, 0, sequence), 16);
    rig_remember(r, 0, 1, sequence, 0);
    assert_int_equal(store_commit(r->store), ERR_OK);
    rig_check_all(r, 0, 100);
    struct store_stats stats;
    store_stats(r->store, &stats);
    assert_int_equal(stats.refused_full, 1);
    assert_true(stats.chunks > 0);
    rig_free(r);
}

static void a_restart_keeps_everything(void **state)
{
    (void)state;
    struct rig *r = with_host(6, 4);
    uint32_t beta = rig_instance(r, "beta");
    assert_int_equal(store_epoch(r->store, beta, STORE_EPOCH_AGENT_MAX), ERR_OK);
    rig_dictionary(r, beta, 2, 3);
    for (uint64_t at = 1; at < 300; at += 10) {
        rig_fill(r, 10, 4, RIG_START_MS + (int64_t)at * 1000);
        assert_int_equal(rig_send(r, 0, at), 10);
        rig_remember(r, 0, 1, at, 0);
        rig_fill(r, 10, 3, RIG_START_MS + (int64_t)at * 1000);
        assert_int_equal(rig_send(r, beta, at), 10);
        rig_remember(r, beta, UINT64_MAX, at, 0);
        if (at % 3 == 0)
            assert_int_equal(store_commit(r->store), ERR_OK);
    }
    assert_int_equal(store_commit(r->store), ERR_OK);
    int64_t newest = r->block.values[1][9];
    for (uint32_t round = 0; round < 3; round++) {
        rig_restart(r, round == 1 ? SIM_POWER_CUT : SIM_KILL);
        assert_int_equal(store_instance_count(r->store), 2);
        assert_int_equal(store_instance_find(r->store, "beta"), beta);
        const struct instance *i = store_instance(r->store, beta);
        assert_string_equal(i->name, "name of beta");
        assert_int_equal(i->cpu_count, 4);
        assert_int_equal(i->memory_bytes, UINT64_C(8) << 30);
        assert_true(i->created_ms > 0);
        assert_int_equal(store_committed_sequence(r->store, 0, STREAM_LIVE), 300);
        assert_int_equal(store_committed_sequence(r->store, beta, STREAM_LIVE), 300);
        assert_int_equal(store_epoch(r->store, beta, STORE_EPOCH_AGENT_MAX), ERR_OK);
        assert_int_equal(store_dictionary_count(r->store, beta, STREAM_LIVE), 3);
        assert_string_equal(store_metric(r->store, store_series(r->store, beta, 0)->metric_index)->name,
                            "metric_2");
        assert_string_equal(store_series(r->store, beta, 0)->tag, "device=vda");
        rig_check_all(r, 0, 100);
        rig_check_all(r, beta, 100);
        if (round < 2) { /* still in the journal */
            assert_int_equal(store_series(r->store, beta, 1)->last_value, newest);
            assert_int_equal(i->last_sample_ms, RIG_START_MS + 300 * 1000);
        }
        if (round == 1)
            rig_seal_all(r);
    }
    rig_free(r);
}

static void epochs_come_and_go(void **state)
{
    (void)state;
    struct rig *r = with_host(7, 3); /* epoch 1: series 0 1 2 */
    rig_fill(r, 10, 3, RIG_START_MS);
    assert_int_equal(rig_send(r, 0, 1), 10);
    rig_remember(r, 0, 1, 1, 0);

    assert_int_equal(store_epoch(r->store, 0, 2), ERR_OK); /* series 2 3 4, of metric_2.. */
    assert_int_equal(store_dictionary_count(r->store, 0, STREAM_LIVE), 0);
    assert_int_equal(store_committed_sequence(r->store, 0, STREAM_LIVE), 0);
    rig_dictionary(r, 0, 2, 3);
    assert_int_equal(store_series_count(r->store, 0), 5);
    rig_fill(r, 10, 3, RIG_START_MS + 20000);
    assert_int_equal(rig_send(r, 0, 1), 10); /* the same sequence, another epoch */
    rig_remember(r, 0, 2, 1, 2);
    assert_int_equal(store_commit(r->store), ERR_OK);
    rig_check_all(r, 0, 50); /* both pending, each with its own dictionary */
    assert_int_equal(store_epoch(r->store, 0, 1), ERR_OK); /* back while nothing is sealed */
    assert_int_equal(store_committed_sequence(r->store, 0, STREAM_LIVE), 10);
    assert_int_equal(rig_send(r, 0, 1), 0);
    assert_int_equal(store_epoch(r->store, 0, 2), ERR_OK);
    assert_int_equal(store_committed_sequence(r->store, 0, STREAM_LIVE), 10);
    rig_restart(r, SIM_KILL);
    rig_check_all(r, 0, 50);
    uint64_t chunks = 0;
    struct store_stats stats;
    rig_settle(r);
    rig_check_all(r, 0, 50);

    assert_int_equal(store_epoch(r->store, 0, 1), ERR_OK); /* back again */
    assert_int_equal(store_dictionary_count(r->store, 0, STREAM_LIVE), 3);
    assert_int_equal(store_committed_sequence(r->store, 0, STREAM_LIVE), 10);
    rig_fill(r, 10, 3, RIG_START_MS);
    assert_int_equal(rig_send(r, 0, 1), 0);
    rig_fill(r, 10, 3, RIG_START_MS + 40000);
    assert_int_equal(rig_send(r, 0, 11), 10);
    rig_remember(r, 0, 1, 11, 0);
    rig_seal_all(r);
    store_stats(r->store, &stats);
    chunks = stats.chunks;
    assert_true(chunks >= 3);
    rig_check_all(r, 0, 50);
    assert_int_equal(store_epoch(r->store, 0, 2), ERR_OK);
    assert_int_equal(store_committed_sequence(r->store, 0, STREAM_LIVE), 10); /* sealed long ago */
    rig_restart(r, SIM_POWER_CUT); /* the switch was not committed */
    assert_int_equal(store_committed_sequence(r->store, 0, STREAM_LIVE), 20);
    rig_check_all(r, 0, 50);
    rig_free(r);
}

/* A cursor that reads blocks of an epoch that is gone still gets that epoch's dictionary. */
static void the_feed_speaks_each_epochs_language(void **state)
{
    (void)state;
    struct rig *r = with_host(8, 2);
    uint64_t cursor = store_feed_end(r->store), missed = 0;
    rig_fill(r, 1, 2, RIG_START_MS);
    assert_int_equal(rig_send(r, 0, 1), 1);
    assert_int_equal(store_epoch(r->store, 0, 2), ERR_OK);
    rig_dictionary(r, 0, 5, 2);
    assert_int_equal(rig_send(r, 0, 1), 1);
    assert_int_equal(store_commit(r->store), ERR_OK);
    struct store_feed_block b;
    assert_true(store_feed_next(r->store, &cursor, &missed, &b));
    assert_int_equal(b.series_of_slot[1], 1);
    assert_true(store_feed_next(r->store, &cursor, &missed, &b));
    assert_int_equal(b.series_of_slot[1], 3);
    rig_free(r);
}

static void a_slow_cursor_is_told_what_it_missed(void **state)
{
    (void)state;
    struct rig *r = with_host(9, 60);
    uint64_t cursor = store_feed_end(r->store), missed = 0, sequence = 1, seen = 0, sent = 0;
    for (uint32_t i = 0; i < 1500; i++, sequence += 16, sent++) {
        rig_fill(r, 16, 60, RIG_START_MS + (int64_t)sequence * 1000);
        while (rig_send(r, 0, sequence) == ERR_FULL)
            rig_settle(r);
    }
    rig_settle(r);
    struct store_feed_block b;
    uint64_t last = 0;
    while (store_feed_next(r->store, &cursor, &missed, &b)) {
        assert_true(b.sequence > last);
        last = b.sequence;
        seen++;
    }
    assert_int_equal(last, sequence - 16);
    assert_true(missed > 0);
    assert_int_equal(missed + seen, sent);
    rig_free(r);
}

static void tokens_are_counted_across_restarts(void **state)
{
    (void)state;
    struct rig *r = opened(10);
    const uint8_t a[8] = {1}, b[8] = {2};
    const uint8_t x[32] = {1}, y[32] = {2}, z[32] = {3};
    assert_int_equal(store_token_use(r->store, a, x, 2), ERR_OK);
    assert_int_equal(store_token_use(r->store, b, x, 1), ERR_OK);
    assert_int_equal(store_token_use(r->store, b, y, 1), ERR_FULL);
    assert_int_equal(store_commit(r->store), ERR_OK);
    assert_int_equal(store_token_use(r->store, a, y, 2), ERR_OK);
    rig_restart(r, SIM_KILL); /* that use was not committed: nobody was told */
    assert_int_equal(store_token_use(r->store, a, z, 2), ERR_OK);
    assert_int_equal(store_token_use(r->store, a, y, 2), ERR_FULL);
    rig_close(r);
    rig_must_open(r);
    assert_int_equal(store_token_use(r->store, a, y, 2), ERR_FULL);
    assert_int_equal(store_token_use(r->store, b, y, 1), ERR_FULL);
    for (uint32_t i = 0; i < 200; i++) { /* more at once than are staged */
        const uint8_t many[8] = {3, (uint8_t)i};
        assert_int_equal(store_token_use(r->store, many, x, 1), ERR_OK);
        assert_int_equal(store_token_use(r->store, many, y, 1), ERR_FULL);
    }
    rig_free(r);
}

static void who_has_used_a_token_may_use_it_again(void **state)
{
    (void)state;
    struct rig *r = opened(10);
    const uint8_t a[8] = {1};
    for (uint32_t pass = 0; pass < 4; pass++) { /* staged, committed, after a kill, after a restart */
        for (uint8_t i = 1; i <= 100; i++) {
            const uint8_t holder[32] = {i};
            assert_int_equal(store_token_use(r->store, a, holder, 100), ERR_OK);
            assert_int_equal(store_token_use(r->store, a, holder, 100), ERR_OK);
        }
        const uint8_t other[32] = {0, 1};
        assert_int_equal(store_token_use(r->store, a, other, 100), ERR_FULL);
        if (pass == 0)
            assert_int_equal(store_commit(r->store), ERR_OK);
        if (pass == 1)
            rig_restart(r, SIM_KILL);
        if (pass == 2) {
            rig_close(r);
            rig_must_open(r);
        }
    }
    rig_free(r);
}

static void other_databases_are_refused(void **state)
{
    (void)state;
    struct rig *r = rig_new(11);
    uint8_t junk[4096];
    memset(junk, 'x', sizeof junk);
    sim_disk_put(r->machine, "nephos.db", junk, sizeof junk);
    assert_int_equal(rig_open(r), ERR_MALFORMED);
    assert_non_null(strstr(r->words, "--data"));
    int64_t size;
    assert_memory_equal(sim_disk_file(r->machine, "nephos.db", &size), junk, sizeof junk);

    assert_int_equal(plat_file_delete(r->machine, "nephos.db"), ERR_OK);
    rig_must_open(r);
    rig_close(r);
    const uint8_t *bytes = sim_disk_file(r->machine, "nephos.db", &size);
    uint8_t *file = unit_exact(bytes, (size_t)size);
    file[63]++; /* user_version, big-endian at 60 */
    sim_disk_put(r->machine, "nephos.db", file, size);
    assert_int_equal(rig_open(r), ERR_MALFORMED);
    assert_non_null(strstr(r->words, "newer"));
    file[63]--;
    file[71]++; /* application_id, at 68 */
    sim_disk_put(r->machine, "nephos.db", file, size);
    assert_int_equal(rig_open(r), ERR_MALFORMED);
    assert_non_null(strstr(r->words, "not a Nephos database"));
    free(file);

    sim_disk_lock_held(r->machine, true);
    assert_int_equal(rig_open(r), ERR_BUSY);
    assert_non_null(strstr(r->words, "another"));
    rig_free(r);
}

static void facts_change_in_place(void **state)
{
    (void)state;
    struct rig *r = opened(12);
    uint32_t i = rig_instance(r, "alpha");
    int64_t created_ms = store_instance(r->store, i)->created_ms;
    store_instance(r->store, i)->connected = true;
    assert_int_equal(store_commit(r->store), ERR_OK);
    uint64_t commits = store_commit_count(r->store);
    sim_advance(r->world, 5 * NS_PER_S);
    (void)rig_instance(r, "alpha"); /* the same facts: nothing to write */
    assert_int_equal(store_commit(r->store), ERR_OK);
    assert_int_equal(store_commit_count(r->store), commits);
    struct instance facts = *store_instance(r->store, i);
    (void)text_copy(facts.region, sizeof facts.region, "ams");
    facts.connected = false;
    assert_int_equal(store_instance_put(r->store, &facts), i);
    assert_true(store_instance(r->store, i)->connected);
    assert_int_equal(store_commit(r->store), ERR_OK);
    rig_restart(r, SIM_POWER_CUT);
    assert_string_equal(store_instance(r->store, i)->region, "ams");
    assert_int_equal(store_instance(r->store, i)->created_ms, created_ms);
    assert_true(store_instance(r->store, i)->updated_ms > created_ms);
    rig_free(r);
}

/* One name with two scales is two metrics, whoever came first. */
static void scales_are_not_mixed(void **state)
{
    (void)state;
    struct rig *r = with_host(13, 0);
    struct store_series_facts facts = {.metric = "cpu_usage", .tag = "", .unit = "percent", .scale = 10};
    assert_int_equal(store_dictionary_add(r->store, 0, STREAM_LIVE, &facts), 0);
    facts.scale = 100;
    assert_int_equal(store_dictionary_add(r->store, 0, STREAM_LIVE, &facts), 1);
    assert_int_equal(store_metric(r->store, store_series(r->store, 0, 0)->metric_index)->scale, 10);
    assert_int_equal(store_metric(r->store, store_series(r->store, 0, 1)->metric_index)->scale, 100);
    facts.scale = 0;
    assert_int_equal(store_dictionary_add(r->store, 0, STREAM_LIVE, &facts), ERR_MALFORMED);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_visible_before_its_commit),
        cmocka_unit_test(who_comes_back_waits_for_the_commit),
        cmocka_unit_test(resent_blocks_are_recognised),
        cmocka_unit_test(unknown_slots_are_refused),
        cmocka_unit_test(capacities_refuse_the_newcomer),
        cmocka_unit_test(a_sender_is_held_back_until_room),
        cmocka_unit_test(a_restart_keeps_everything),
        cmocka_unit_test(epochs_come_and_go),
        cmocka_unit_test(the_feed_speaks_each_epochs_language),
        cmocka_unit_test(a_slow_cursor_is_told_what_it_missed),
        cmocka_unit_test(tokens_are_counted_across_restarts),
        cmocka_unit_test(who_has_used_a_token_may_use_it_again),
        cmocka_unit_test(other_databases_are_refused),
        cmocka_unit_test(facts_change_in_place),
        cmocka_unit_test(scales_are_not_mixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
