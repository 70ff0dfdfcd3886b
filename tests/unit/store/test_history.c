/* SPDX-License-Identifier: MIT */
/* Two streams of one instance: what it measures now, and what it kept of an epoch that has ended. */
#include "aggregator/store/state.h"

#include "tests/unit/store/rig.h"

#define OLD UINT64_C(0xfeed000000000001)
#define NEW UINT64_C(2)
#define OLD_MS (RIG_START_MS - 86400000)
#define SLOTS 3U

/* One instance whose live epoch is NEW, with OLD as history. The slots of OLD are other series. */
static struct rig *catching_up(uint64_t seed)
{
    struct rig *r = rig_new(seed);
    rig_must_open(r);
    assert_int_equal(rig_instance(r, "alpha"), 0);
    assert_int_equal(store_epoch(r->store, 0, NEW), ERR_OK);
    rig_dictionary(r, 0, 0, SLOTS);
    assert_int_equal(store_history(r->store, 0, OLD), ERR_OK);
    rig_dictionary_of(r, 0, STREAM_HISTORY, 2, SLOTS);
    return r;
}

/* Ten samples from `sequence` on, a second apart; remembered when the store takes them. */
static int live(struct rig *r, uint64_t sequence)
{
    rig_fill(r, 10, SLOTS, RIG_START_MS + (int64_t)sequence * 1000);
    int n = rig_send(r, 0, sequence);
    if (n > 0)
        rig_remember(r, 0, NEW, sequence, 0);
    return n;
}

static int history(struct rig *r, uint64_t sequence)
{
    rig_fill(r, 10, SLOTS, OLD_MS + (int64_t)sequence * 1000);
    int n = rig_send_to(r, 0, STREAM_HISTORY, sequence);
    if (n > 0)
        rig_remember(r, 0, OLD, sequence, 2);
    return n;
}

static void history_comes_beside_live_samples(void **state)
{
    (void)state;
    struct rig *r = catching_up(1);
    uint64_t cursor = store_feed_end(r->store), missed = 0;
    struct store_feed_block b;
    assert_int_equal(live(r, 1), 10);
    int64_t newest = r->block.values[2][9];
    assert_int_equal(history(r, 1), 10);
    assert_int_equal(history(r, 1), 0);
    assert_int_equal(history(r, 21), 10);
    assert_int_equal(store_instance(r->store, 0)->gap_count, 10);
    assert_int_equal(store_instance(r->store, 0)->duplicate_count, 10);
    rig_fill(r, 10, SLOTS, OLD_MS);
    assert_int_equal(rig_send_to(r, 0, STREAM_HISTORY, 25), ERR_MALFORMED);
    assert_int_equal(store_committed_sequence(r->store, 0, STREAM_HISTORY), 0);
    assert_int_equal(store_commit(r->store), ERR_OK);
    assert_int_equal(store_committed_sequence(r->store, 0, STREAM_LIVE), 10);
    assert_int_equal(store_committed_sequence(r->store, 0, STREAM_HISTORY), 30);
    const struct instance *it = store_instance(r->store, 0);
    assert_true(it->catching_up);
    assert_int_equal(it->sample_count, 30);
    assert_int_equal(it->history_count, 20);
    /* What is known as newest was measured last, not received last. */
    assert_int_equal(it->last_sample_ms, RIG_START_MS + 10000);
    assert_int_equal(store_series(r->store, 0, 2)->last_value, newest);
    assert_int_equal(store_series(r->store, 0, 2)->last_ms, RIG_START_MS + 10000);
    assert_int_equal(store_series(r->store, 0, 4)->last_ms, 0);
    static const enum store_stream streams[] = {STREAM_LIVE, STREAM_HISTORY, STREAM_HISTORY};
    for (uint32_t i = 0; i < COUNT_OF(streams); i++) {
        assert_true(store_feed_next(r->store, &cursor, &missed, &b));
        assert_int_equal(b.stream, streams[i]);
        assert_int_equal(b.series_of_slot[0], streams[i] == STREAM_LIVE ? 0 : 2);
    }
    rig_check_all(r, 0, 70);
    rig_restart(r, SIM_KILL);
    rig_check_all(r, 0, 70);
    assert_int_equal(store_instance(r->store, 0)->last_sample_ms, RIG_START_MS + 10000);
    assert_int_equal(store_series(r->store, 0, 2)->last_value, newest);
    assert_false(store_instance(r->store, 0)->catching_up);
    rig_free(r);
}

/* However the two are mixed, each fills its own chunks. */
static void chunks_stay_full(void **state)
{
    (void)state;
    struct rig *r = catching_up(2);
    uint64_t old = 1, new = 1;
    for (uint32_t i = 0; i < 240; i++) {
        if (i % 4 == 0 && live(r, new) == 10)
            new += 10;
        if (history(r, old) == 10)
            old += 10;
        rig_step(r, 150);
        rig_step(r, 1);
    }
    assert_true(new == 601 && old >= 2001);
    struct store_stats stats;
    store_stats(r->store, &stats);
    assert_in_range(stats.chunks, 3, 6); /* one live, the others of 600 samples of history */
    rig_check_all(r, 0, 90);
    rig_seal_all(r);
    rig_check_all(r, 0, 90);
    rig_restart(r, SIM_POWER_CUT);
    rig_check_all(r, 0, 90);
    assert_int_equal(store_history(r->store, 0, OLD), ERR_OK);
    assert_int_equal(store_committed_sequence(r->store, 0, STREAM_HISTORY), old - 1);
    assert_int_equal(store_dictionary_count(r->store, 0, STREAM_HISTORY), SLOTS);
    rig_free(r);
}

/* An epoch is recognised whichever way it comes back, and wherever its blocks are by then. */
static void an_epoch_changes_its_role(void **state)
{
    (void)state;
    for (uint32_t sealed = 0; sealed < 2; sealed++) {
        struct rig *r = catching_up(3);
        for (uint64_t at = 1; at < 100; at += 10)
            assert_int_equal(live(r, at), 10);
        assert_int_equal(store_history(r->store, 0, NEW), ERR_BUSY); /* it is the live one */
        assert_int_equal(store_epoch(r->store, 0, OLD), ERR_BUSY);   /* and this one is history */
        if (sealed)
            rig_seal_all(r);
        assert_int_equal(live(r, 101), 10); /* staged when the agent comes back as another */
        store_history_end(r->store, 0);
        assert_int_equal(store_epoch(r->store, 0, 3), ERR_OK); /* commits what belongs to the one before */
        rig_dictionary(r, 0, 0, SLOTS);
        assert_int_equal(store_history_count(r->store), 0);
        assert_int_equal(store_history(r->store, 0, NEW), ERR_OK);
        assert_int_equal(store_committed_sequence(r->store, 0, STREAM_HISTORY), 110);
        assert_int_equal(store_dictionary_count(r->store, 0, STREAM_HISTORY), SLOTS);
        rig_fill(r, 10, SLOTS, RIG_START_MS);
        assert_int_equal(rig_send_to(r, 0, STREAM_HISTORY, 101), 0);
        rig_fill(r, 10, SLOTS, RIG_START_MS + 111000);
        assert_int_equal(rig_send_to(r, 0, STREAM_HISTORY, 111), 10);
        rig_remember(r, 0, NEW, 111, 0);
        /* Not less than what will soon be on disk. */
        assert_int_equal(store_history(r->store, 0, NEW), ERR_AGAIN);
        store_history_end(r->store, 0);
        assert_int_equal(store_history(r->store, 0, NEW), ERR_AGAIN);
        assert_int_equal(store_epoch(r->store, 0, NEW), ERR_AGAIN);
        assert_int_equal(store_commit(r->store), ERR_OK);
        assert_int_equal(store_epoch(r->store, 0, NEW), ERR_OK); /* back to it */
        assert_int_equal(store_committed_sequence(r->store, 0, STREAM_LIVE), 120);
        assert_int_equal(live(r, 111), 0);
        assert_int_equal(store_commit(r->store), ERR_OK);
        rig_check_all(r, 0, 40);
        rig_restart(r, SIM_KILL);
        assert_int_equal(store_committed_sequence(r->store, 0, STREAM_LIVE), 120);
        rig_check_all(r, 0, 40);
        rig_free(r);
    }
}

static void places_are_limited_and_given_back(void **state)
{
    (void)state;
    struct rig *r = rig_new(4);
    r->limits.histories_max = 2;
    rig_must_open(r);
    static const char *const ids[] = {"alpha", "beta", "gamma"};
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(rig_instance(r, ids[i]), i);
        assert_int_equal(store_epoch(r->store, i, NEW), ERR_OK);
        assert_int_equal(store_history(r->store, i, OLD), i < 2 ? ERR_OK : ERR_FULL);
    }
    assert_int_equal(store_history_count(r->store), 2);
    assert_int_equal(store_history(r->store, 0, OLD), ERR_OK); /* it has one */
    rig_fill(r, 1, 0, OLD_MS);
    assert_int_equal(rig_send_to(r, 2, STREAM_HISTORY, 1), ERR_MALFORMED);
    assert_int_equal(store_dictionary_count(r->store, 2, STREAM_HISTORY), 0);
    assert_int_equal(store_committed_sequence(r->store, 2, STREAM_HISTORY), 0);
    char name[METRIC_SIZE];
    struct store_series_facts facts;
    rig_series_facts(0, name, &facts);
    assert_int_equal(store_dictionary_add(r->store, 2, STREAM_HISTORY, &facts), ERR_MALFORMED);

    rig_dictionary_of(r, 0, STREAM_HISTORY, 0, 1);
    rig_fill(r, 1, 1, OLD_MS);
    assert_int_equal(rig_send_to(r, 0, STREAM_HISTORY, 1), 1);
    store_history_end(r->store, 0);
    assert_int_equal(store_history(r->store, 2, OLD), ERR_FULL); /* its dictionary is not on disk yet */
    assert_int_equal(store_commit(r->store), ERR_OK);
    assert_int_equal(store_history_count(r->store), 1);
    assert_int_equal(store_history(r->store, 2, OLD), ERR_OK);
    store_history_end(r->store, 2);
    store_history_end(r->store, 2); /* once is enough */
    assert_int_equal(store_commit(r->store), ERR_OK);
    assert_int_equal(store_history_count(r->store), 1);
    assert_int_equal(store_history(r->store, 1, OLD + 1), ERR_OK); /* another epoch in its own place */
    assert_int_equal(store_history_count(r->store), 1);
    rig_free(r);
}

/* Who catches up is held back before those who measure, and sealing makes room for it again. */
static void history_waits_before_live_samples(void **state)
{
    (void)state;
    struct rig *r = catching_up(5);
    uint64_t old = 1;
    int n;
    while ((n = history(r, old)) == 10)
        old += 10;
    assert_int_equal(n, ERR_FULL);
    assert_in_range(old, 401, 1201);
    for (uint64_t at = 1; at <= 401; at += 10)
        assert_int_equal(live(r, at), 10);
    assert_int_equal(history(r, old), ERR_FULL);
    rig_settle(r);
    assert_int_equal(history(r, old), 10);
    rig_settle(r);
    rig_check_all(r, 0, 60);
    rig_free(r);
}

/* Blocks of a single sample fill the list before the samples fill a chunk: nobody waits for an age. */
static void history_finds_room_among_small_blocks(void **state)
{
    (void)state;
    struct rig *r = catching_up(6);
    for (uint64_t at = 1; at <= 100; at++) {
        rig_fill(r, 1, SLOTS, RIG_START_MS + (int64_t)at * 1000);
        assert_int_equal(rig_send(r, 0, at), 1);
        rig_remember(r, 0, NEW, at, 0);
    }
    rig_settle(r);
    assert_int_equal(history(r, 1), 10);
    rig_settle(r);
    rig_check_all(r, 0, 60);
    rig_free(r);
}

/* --- retention --- */

/* 600 hardly compressible samples, sealed: a chunk. */
static void add_chunk(struct rig *r, uint32_t instance, enum store_stream stream, uint64_t *sequence,
                      int64_t ms)
{
    for (uint32_t i = 0; i < 60; i++, *sequence += 10) {
        rig_fill(r, 10, 40, ms + (int64_t)i * 10000);
        assert_int_equal(rig_send_to(r, instance, stream, *sequence), 10);
    }
    rig_settle(r);
}

/* Samples of ten minutes that are still there as they came. */
static uint32_t samples_at(struct rig *r, uint32_t instance, int64_t ms)
{
    struct store_query_ask ask = {.instance = instance, .series_count = 1, .step_ms = 1000, .from_ms = ms,
                                  .to_ms = ms + 600000};
    int q = rig_ask(r, &ask);
    assert_true(q >= 0);
    uint32_t count = 0;
    for (uint32_t p = 0; p < 600; p++)
        count += store_query_cell(r->store, q, 0, p)->count == 1;
    store_query_end(r->store, q);
    return count;
}

/* A chunk goes when its time has come, though it came late; and a clock that is ahead keeps nothing. */
static void late_history_goes_with_its_time(void **state)
{
    (void)state;
    struct rig *r = rig_new(7);
    r->limits.instances_max = 2;
    r->limits.database_size_max = 20U << 20;
    rig_must_open(r);
    const int64_t base_ms = wall_ms(plat_wall(r->machine)) / 600000 * 600000 - 100 * INT64_C(86400000);
    assert_int_equal(rig_instance(r, "alpha"), 0);
    assert_int_equal(rig_instance(r, "ahead"), 1);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(store_epoch(r->store, i, NEW), ERR_OK);
        rig_dictionary(r, i, 0, 40);
    }
    uint64_t live_next = 1, old_next = 1, ahead_next = 1;
    for (int64_t i = 10; i < 20; i++)
        add_chunk(r, 0, STREAM_LIVE, &live_next, base_ms + i * 600000);
    assert_int_equal(store_history(r->store, 0, OLD), ERR_OK);
    rig_dictionary_of(r, 0, STREAM_HISTORY, 0, 40);
    add_chunk(r, 0, STREAM_HISTORY, &old_next, base_ms);             /* older than all others */
    add_chunk(r, 0, STREAM_HISTORY, &old_next, base_ms + 1000 * 600000); /* newer than they are */
    add_chunk(r, 1, STREAM_LIVE, &ahead_next, base_ms + INT64_C(1000) * 86400000);
    struct store_stats stats;
    for (int64_t i = 20;; i++) {
        add_chunk(r, 0, STREAM_LIVE, &live_next, base_ms + i * 600000);
        store_stats(r->store, &stats);
        if (stats.retention_chunks_dropped > 0)
            break;
    }
    assert_int_equal(samples_at(r, 0, base_ms), 0);
    assert_int_equal(samples_at(r, 0, base_ms + 1000 * 600000), 600);
    /* From now on everything is newer than the moment at which the one that is ahead was sealed. */
    int64_t now_ms = wall_ms(plat_wall(r->machine)) / 600000 * 600000 + 600000;
    sim_advance(r->world, 600 * 86400 * NS_PER_S / 10);
    const int64_t newer = 84; /* more than there is room for */
    for (int64_t i = 0; i < newer; i++)
        add_chunk(r, 0, STREAM_LIVE, &live_next, now_ms + i * 600000);
    assert_int_equal(samples_at(r, 1, base_ms + INT64_C(1000) * 86400000), 0);
    assert_int_equal(samples_at(r, 0, base_ms + 1000 * 600000), 0);
    assert_int_equal(samples_at(r, 0, now_ms + (newer - 1) * 600000), 600);
    store_stats(r->store, &stats);
    uint64_t chunks = stats.chunks;
    rig_restart(r, SIM_KILL);
    store_stats(r->store, &stats);
    assert_int_equal(stats.chunks, chunks);
    rig_free(r);
}

/* --- anything, in any order --- */

#define EPOCHS 5U
struct model {
    struct rig *r;
    uint64_t next[EPOCHS + 1], known[EPOCHS + 1]; /* next to send; newest that was said to be committed */
    uint64_t live, history;                       /* 0: none */
};

static int64_t model_ms(uint64_t epoch, uint64_t sequence)
{
    return RIG_START_MS + (int64_t)epoch * 50000000 + (int64_t)sequence * 1000;
}

/* What the store says of an epoch that it has opened: no less than it said before. Goes on behind it. */
static void take_up(struct model *m, uint64_t epoch, enum store_stream stream)
{
    uint64_t committed = store_committed_sequence(m->r->store, 0, stream);
    assert_in_range(committed, m->known[epoch], m->next[epoch] - 1);
    m->known[epoch] = committed;
    m->next[epoch] = committed + 1;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->r->sample_count; i++)
        if (m->r->samples[i].epoch != epoch || m->r->samples[i].sequence <= committed)
            m->r->samples[kept++] = m->r->samples[i];
    m->r->sample_count = kept;
    rig_dictionary_of(m->r, 0, stream, (uint32_t)epoch, SLOTS);
}

/* The number that metric_n got, in whatever order the dictionaries came. */
static uint16_t series_named(struct rig *r, uint32_t n)
{
    char name[METRIC_SIZE];
    struct store_series_facts facts;
    rig_series_facts(n, name, &facts);
    uint16_t at = 0;
    while (!text_equal(store_metric(r->store, store_series(r->store, 0, at)->metric_index)->name, name))
        at++;
    return at;
}

static void send(struct model *m, uint64_t epoch, enum store_stream stream)
{
    struct rig *r = m->r;
    uint32_t count = 1 + (uint32_t)rig_random(r, 16);
    uint64_t sequence = m->next[epoch];
    rig_fill(r, count, SLOTS, model_ms(epoch, sequence));
    int n = rig_send_to(r, 0, stream, sequence);
    if (n == ERR_FULL)
        return;
    assert_int_equal(n, count);
    for (uint32_t s = 0; s < SLOTS; s++)
        for (uint32_t k = 0; k < count; k++)
            r->samples[r->sample_count++] =
                (struct rig_sample){.series = series_named(r, (uint32_t)epoch + s), .epoch = epoch,
                                    .sequence = sequence + k, .ms = r->block.time_ms[k],
                                    .value = r->block.values[s][k]};
    m->next[epoch] += count;
    if (rig_random(r, 8) == 0)
        assert_int_equal(rig_send_to(r, 0, stream, sequence), 0);
}

static void note_commit(struct model *m)
{
    if (m->live != 0)
        m->known[m->live] = store_committed_sequence(m->r->store, 0, STREAM_LIVE);
    if (m->history != 0)
        m->known[m->history] = store_committed_sequence(m->r->store, 0, STREAM_HISTORY);
}

/* One thing that an agent, the clock or a power cut may do. */
static void act(struct model *m)
{
    struct rig *r = m->r;
    uint64_t epoch = 1 + rig_random(r, EPOCHS);
    uint64_t what = rig_random(r, 200);
    if (what < 60 && m->live != 0) {
        send(m, m->live, STREAM_LIVE);
    } else if (what < 140 && m->history != 0) {
        send(m, m->history, STREAM_HISTORY);
    } else if (what < 146 && epoch != m->history && store_epoch(r->store, 0, epoch) == ERR_OK) {
        m->live = epoch;
        take_up(m, epoch, STREAM_LIVE);
    } else if (what < 152 && epoch != m->live) {
        int err = store_history(r->store, 0, epoch);
        m->history = err == ERR_OK ? epoch : 0; /* the one before has ended in any case */
        if (err == ERR_OK)
            take_up(m, epoch, STREAM_HISTORY);
    } else if (what < 155) {
        store_history_end(r->store, 0);
        m->history = 0;
    } else if (what < 198) {
        rig_step(r, (int64_t)rig_random(r, 300));
        note_commit(m);
    } else {
        rig_restart(r, what == 198 ? SIM_KILL : SIM_POWER_CUT);
        m->live = m->history = 0;
        for (uint64_t e = 1; e <= EPOCHS; e++) { /* all of them say where they are */
            assert_int_equal(store_epoch(r->store, 0, e), ERR_OK);
            take_up(m, e, STREAM_LIVE);
        }
    }
}

static void anything_in_any_order(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct model m = {.r = rig_new(seed)};
        for (uint32_t e = 1; e <= EPOCHS; e++)
            m.next[e] = 1;
        rig_must_open(m.r);
        assert_int_equal(rig_instance(m.r, "alpha"), 0);
        for (uint32_t i = 0; i < 4000; i++)
            act(&m);
        rig_settle(m.r);
        rig_check_all(m.r, 0, 200);
        rig_seal_all(m.r);
        rig_check_all(m.r, 0, 200);
        rig_free(m.r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(history_comes_beside_live_samples),
        cmocka_unit_test(chunks_stay_full),
        cmocka_unit_test(an_epoch_changes_its_role),
        cmocka_unit_test(places_are_limited_and_given_back),
        cmocka_unit_test(history_waits_before_live_samples),
        cmocka_unit_test(history_finds_room_among_small_blocks),
        cmocka_unit_test(late_history_goes_with_its_time),
        cmocka_unit_test(anything_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
