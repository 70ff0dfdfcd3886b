/* SPDX-License-Identifier: MIT */
/* Disks that fill up and fail, kills and power cuts at any write. Laws: what was acknowledged is there
 * once; what is there was sent; when the disk works again, everything arrives. */
#include "tests/unit/store/rig.h"

#define HOSTS 3U
#define SLOTS 6U
#define BLOCKS_MAX 8192U

/* An agent's side: blocks it has taken (for ever the same ones), and how far they are
 * acknowledged. Values are a function of where they belong, so a block can be made again at any time. */
struct agent {
    uint64_t epoch, taken, acknowledged;
    uint64_t ends[BLOCKS_MAX]; /* last sequence of each block */
    uint32_t block_count;
    uint32_t connection;     /* number of restarts seen when it last introduced itself */
};

struct fleet {
    struct rig *rig;
    struct agent agents[HOSTS];
    uint32_t restarts;
};

static int64_t value_of(uint32_t host, uint64_t epoch, uint64_t sequence, uint32_t slot)
{
    uint64_t state = host * UINT64_C(1000003) + epoch * 7919 + sequence * 31 + slot;
    return slot % 2 == 0 ? (int64_t)unit_random(&state) : (int64_t)(sequence * (slot + 1));
}

static int64_t time_of(uint64_t epoch, uint64_t sequence)
{
    return RIG_START_MS + (int64_t)epoch * 100000000 + (int64_t)sequence * 1000;
}

static void make_block(struct fleet *f, uint32_t host, uint64_t first, uint64_t last)
{
    struct block_matrix *b = &f->rig->block;
    b->count = (uint32_t)(last - first + 1);
    b->slot_count = SLOTS;
    for (uint32_t k = 0; k < b->count; k++)
        b->time_ms[k] = time_of(f->agents[host].epoch, first + k);
    for (uint32_t s = 0; s < SLOTS; s++) {
        b->slots[s] = (uint16_t)s;
        for (uint32_t k = 0; k < b->count; k++)
            b->values[s][k] = value_of(host, f->agents[host].epoch, first + k, s);
    }
}

/* Introduces itself after a restart of the store. False when it cannot now. */
static bool connect(struct fleet *f, uint32_t host)
{
    struct rig *r = f->rig;
    struct agent *a = &f->agents[host];
    char id[16];
    if (a->connection == f->restarts + 1)
        return true;
    snprintf(id, sizeof id, "host-%u", host);
    if (rig_instance(r, id) != host || store_epoch(r->store, host, a->epoch) != ERR_OK)
        return false;
    uint64_t committed = store_committed_sequence(r->store, host, STREAM_LIVE);
    /* What was acknowledged is on disk; more may be. */
    assert_in_range(committed, a->acknowledged, a->taken);
    a->acknowledged = committed;
    rig_dictionary(r, host, 0, SLOTS);
    a->connection = f->restarts + 1;
    return true;
}

static void acknowledge(struct fleet *f)
{
    for (uint32_t h = 0; h < HOSTS; h++) {
        struct agent *a = &f->agents[h];
        if (a->connection != f->restarts + 1)
            continue;
        uint64_t committed = store_committed_sequence(f->rig->store, h, STREAM_LIVE);
        assert_in_range(committed, a->acknowledged, a->taken);
        a->acknowledged = committed;
    }
}

/* Sends everything that is not acknowledged, as after a reconnect; the store sorts out what it has. */
static void send_all(struct fleet *f, uint32_t host)
{
    struct agent *a = &f->agents[host];
    if (!connect(f, host))
        return;
    for (uint32_t i = 0; i < a->block_count; i++) {
        uint64_t first = i == 0 ? 1 : a->ends[i - 1] + 1, last = a->ends[i];
        if (last <= a->acknowledged)
            continue;
        make_block(f, host, first, last);
        int n = rig_send(f->rig, host, first);
        if (n == ERR_FULL)
            return;
        assert_true(n == 0 || n == (int)(last - first + 1));
    }
}

/* Each sample from 1 to the committed sequence is there once, and none above. */
static void check_host(struct fleet *f, uint32_t host, uint64_t epoch, uint64_t committed)
{
    struct rig *r = f->rig;
    for (uint64_t at = 1; at <= committed + 1; at += 4096) {
        struct store_query_ask ask = {.instance = host, .series_count = SLOTS, .step_ms = 1000};
        for (uint32_t s = 0; s < SLOTS; s++)
            ask.series[s] = (uint16_t)s;
        ask.from_ms = time_of(epoch, at);
        ask.to_ms = ask.from_ms + 4096 * 1000;
        int q = rig_ask(r, &ask);
        assert_true(q >= 0);
        for (uint32_t s = 0; s < SLOTS; s++) {
            for (uint32_t p = 0; p < 4096; p++) {
                const struct store_cell *c = store_query_cell(r->store, q, s, p);
                assert_int_equal(c->count, at + p <= committed ? 1 : 0);
                if (c->count == 1)
                    assert_int_equal(c->sum, value_of(host, epoch, at + p, s));
            }
        }
        store_query_end(r->store, q);
    }
}

static void check_fleet(struct fleet *f)
{
    for (uint32_t h = 0; h < HOSTS; h++)
        if (connect(f, h))
            check_host(f, h, f->agents[h].epoch, store_committed_sequence(f->rig->store, h, STREAM_LIVE));
}

static struct fleet *new_fleet(uint64_t seed)
{
    struct fleet *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->rig = rig_new(seed);
    f->rig->limits.instances_max = HOSTS;
    f->rig->limits.series_per_instance_max = SLOTS;
    for (uint32_t h = 0; h < HOSTS; h++)
        f->agents[h].epoch = 1;
    rig_must_open(f->rig);
    return f;
}

static void free_fleet(struct fleet *f)
{
    rig_free(f->rig);
    free(f);
}

/* So many seconds on all hosts. */
static void tick(struct fleet *f, uint32_t samples)
{
    for (uint32_t h = 0; h < HOSTS; h++) {
        struct agent *a = &f->agents[h];
        for (uint32_t left = samples, n; left > 0; left -= n) {
            n = left < 10 ? left : 10;
            assert_true(a->block_count < BLOCKS_MAX);
            a->taken += n;
            a->ends[a->block_count++] = a->taken;
        }
        send_all(f, h);
    }
}

static void calm_down(struct fleet *f)
{
    for (uint32_t i = 0; i < 60; i++) {
        for (uint32_t h = 0; h < HOSTS; h++)
            send_all(f, h);
        rig_settle(f->rig);
        sim_advance(f->rig->world, 6 * NS_PER_S); /* longer than the longest pause after a failure */
        acknowledge(f);
    }
    for (uint32_t h = 0; h < HOSTS; h++)
        assert_int_equal(f->agents[h].acknowledged, f->agents[h].taken);
    check_fleet(f);
}

/* Fails `bad` writes or syncs after `good` ones, in the middle of commits, seals and checkpoints. */
static void fail_at(uint32_t good, uint32_t bad)
{
    struct fleet *f = new_fleet(good);
    for (uint32_t i = 0; i < 70; i++) {
        if (i == 50)
            sim_disk_fail(f->rig->machine, good, bad);
        tick(f, 10);
        rig_step(f->rig, 150);
        rig_step(f->rig, 1);
        acknowledge(f);
    }
    sim_disk_fail(f->rig->machine, 0, 0);
    calm_down(f);
    rig_restart(f->rig, SIM_POWER_CUT);
    f->restarts++;
    check_fleet(f);
    free_fleet(f);
}

static void failing_writes_lose_nothing(void **state)
{
    (void)state;
    for (uint32_t good = 0; good < 160; good++)
        fail_at(good, good % 2 == 0 ? 1 : 25);
}

static uint32_t logged_errors;

static void count_errors(void *context, struct plat *p, enum log_level level, const char *line)
{
    (void)context, (void)p, (void)line;
    logged_errors += level == LOG_ERROR;
}

static void a_full_disk_is_waited_out(void **state)
{
    (void)state;
    struct fleet *f = new_fleet(99);
    logged_errors = 0;
    sim_log_to(f->rig->world, count_errors, NULL);
    for (uint32_t i = 0; i < 100; i++) {
        tick(f, 10);
        rig_step(f->rig, 200);
        acknowledge(f);
    }
    struct store_stats stats;
    sim_disk_full(f->rig->machine, true);
    uint64_t acknowledged = f->agents[0].acknowledged;
    for (uint32_t i = 0; i < 2000; i++) {
        tick(f, 10);
        rig_step(f->rig, 200);
        acknowledge(f);
    }
    store_stats(f->rig->store, &stats);
    assert_true(stats.commit_failures > 10);
    assert_in_range(f->agents[0].acknowledged, acknowledged, acknowledged + 3000); /* the log had room */
    assert_true(f->agents[0].acknowledged < f->agents[0].taken - 1000);
    assert_in_range(logged_errors, 1, 4); /* not one for each try */
    check_fleet(f);                       /* reading goes on */
    sim_disk_full(f->rig->machine, false);
    calm_down(f);
    sim_log_to(f->rig->world, NULL, NULL);
    free_fleet(f);
}

/* Kills and power cuts after any number of effects, again and again, under load. */
static void kills_lose_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct fleet *f = new_fleet(seed);
        struct sim_weather *weather = sim_weather(f->rig->machine);
        weather->unsynced_lost_permille = 400;
        weather->unsynced_torn_permille = 400;
        for (uint32_t life = 0; life < 25; life++) {
            enum sim_death how = rig_random(f->rig, 2) == 0 ? SIM_KILL : SIM_POWER_CUT;
            if (life % 5 != 4) /* now and then a life long enough to seal and to checkpoint */
                sim_doom(f->rig->machine, 1 + (uint32_t)rig_random(f->rig, life % 3 == 0 ? 12 : 300), how);
            for (uint32_t i = 0; i < 80 && sim_is_alive(f->rig->machine); i++) {
                tick(f, 1 + (uint32_t)rig_random(f->rig, 40));
                rig_step(f->rig, (int64_t)rig_random(f->rig, 20000));
                if (sim_is_alive(f->rig->machine)) /* a dead aggregator sends no acknowledgement */
                    acknowledge(f);
            }
            rig_restart(f->rig, how);
            f->restarts++;
            check_fleet(f);
        }
        calm_down(f);
        free_fleet(f);
    }
}

/* A commit that was written and not synced when the program was killed is found at the next start, and told
 * as committed: from then on it stays, though the power goes before anything else is written. */
static void what_was_found_stays(void **state)
{
    (void)state;
    for (uint32_t effects = 1; effects < 40; effects++) {
        struct fleet *f = new_fleet(effects);
        sim_weather(f->rig->machine)->unsynced_lost_permille = 1000;
        tick(f, 10);
        assert_int_equal(store_commit(f->rig->store), ERR_OK);
        acknowledge(f);
        tick(f, 10);
        sim_doom(f->rig->machine, effects, SIM_KILL);
        for (uint32_t i = 0; i < 6 && sim_is_alive(f->rig->machine); i++)
            rig_step(f->rig, 101);
        for (enum sim_death how = SIM_KILL;; how = SIM_POWER_CUT) {
            rig_restart(f->rig, how);
            f->restarts++;
            for (uint32_t h = 0; h < HOSTS; h++)
                assert_true(connect(f, h)); /* what is committed is acknowledged */
            if (how == SIM_POWER_CUT)
                break;
        }
        calm_down(f);
        free_fleet(f);
    }
}

static void a_kill_between_commit_and_seal(void **state)
{
    (void)state;
    for (uint32_t effects = 1; effects < 40; effects++) {
        struct fleet *f = new_fleet(effects);
        for (uint32_t i = 0; i < 59; i++)
            tick(f, 10);
        assert_int_equal(store_commit(f->rig->store), ERR_OK);
        acknowledge(f);
        tick(f, 10); /* 600 samples: this commit is followed by the seal */
        sim_doom(f->rig->machine, effects, SIM_POWER_CUT);
        for (uint32_t i = 0; i < 6; i++)
            rig_step(f->rig, 101);
        rig_restart(f->rig, SIM_POWER_CUT);
        f->restarts++;
        check_fleet(f);
        calm_down(f);
        free_fleet(f);
    }
}

/* --- retention --- */

static void the_oldest_give_way_below_the_cap(void **state)
{
    (void)state;
    struct rig *r = rig_new(21);
    r->limits.instances_max = 2;
    r->limits.database_size_max = 20U << 20;
    rig_must_open(r);
    assert_int_equal(rig_instance(r, "alpha"), 0);
    assert_int_equal(store_epoch(r->store, 0, 1), ERR_OK);
    rig_dictionary(r, 0, 0, 40);
    uint64_t sequence = 1;
    struct store_stats stats;
    for (uint32_t i = 0; i < 9000; i++, sequence += 16) {
        rig_fill(r, 16, 40, RIG_START_MS + (int64_t)sequence * 1000); /* hardly compressible */
        int n;
        while ((n = rig_send(r, 0, sequence)) == ERR_FULL)
            rig_settle(r);
        assert_int_equal(n, 16);
        if (i % 8 == 0)
            rig_step(r, 150);
        if (i % 500 != 499)
            continue;
        store_stats(r->store, &stats);
        assert_int_equal(stats.commit_failures, 0);
        int64_t database_size, log_size = 0;
        (void)sim_disk_file(r->machine, "nephos.db", &database_size);
        (void)sim_disk_file(r->machine, "nephos.db-wal", &log_size);
        assert_true(database_size + log_size <= (int64_t)r->limits.database_size_max);
    }
    rig_settle(r);
    store_stats(r->store, &stats);
    assert_true(stats.retention_chunks_dropped > 20);
    assert_true(stats.chunks > 20);
    assert_true(stats.oldest_sample_ms > RIG_START_MS + 100000);
    /* What is left is the newest, without a hole. */
    struct store_query_ask ask = {.series_count = 1, .step_ms = 1000};
    ask.to_ms = RIG_START_MS + (int64_t)sequence * 1000;
    ask.from_ms = stats.oldest_sample_ms;
    int q = rig_ask(r, &ask);
    assert_true(q >= 0);
    for (uint32_t p = 0; p < store_query_points(r->store, q); p++)
        assert_int_equal(store_query_cell(r->store, q, 0, p)->count, 1);
    store_query_end(r->store, q);
    rig_restart(r, SIM_KILL);
    assert_int_equal(store_committed_sequence(r->store, 0, STREAM_LIVE), sequence - 1);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failing_writes_lose_nothing),
        cmocka_unit_test(a_full_disk_is_waited_out),
        cmocka_unit_test(kills_lose_nothing),
        cmocka_unit_test(what_was_found_stays),
        cmocka_unit_test(a_kill_between_commit_and_seal),
        cmocka_unit_test(the_oldest_give_way_below_the_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
