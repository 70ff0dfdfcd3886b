/* SPDX-License-Identifier: MIT */
/* Rolling up: whatever step is asked for, the answer is a fold over all that was sent, before, while and
 * after it is rolled up, late samples and deaths included; and what leaves, leaves in order. */
#include "tests/unit/store/rig.h"

#include "aggregator/store/roll.h"

#define SERIES 4U
#define LIVE_EPOCH 1U
#define LATE_EPOCH 2U

static struct rig *new_rig(uint64_t seed)
{
    struct rig *r = rig_new(seed);
    rig_must_open(r);
    assert_int_equal(rig_instance(r, "alpha"), 0);
    assert_int_equal(store_epoch(r->store, 0, LIVE_EPOCH), ERR_OK);
    rig_dictionary(r, 0, 0, SERIES);
    return r;
}

/* Blocks of ten from first_ms on, a sample each `every_ms`. */
static void send(struct rig *r, enum store_stream stream, uint64_t epoch, uint64_t *sequence, uint32_t blocks,
                 int64_t first_ms, int64_t every_ms)
{
    for (uint32_t i = 0; i < blocks; i++, *sequence += 10) {
        rig_fill(r, 10, SERIES, 0);
        for (uint32_t k = 0; k < 10; k++)
            r->block.time_ms[k] = first_ms + ((int64_t)i * 10 + k) * every_ms;
        int n = ERR_FULL;
        for (uint32_t tries = 0; tries < 50 && n == ERR_FULL; tries++) {
            n = rig_send_to(r, 0, stream, *sequence);
            if (n == ERR_FULL)
                rig_settle(r);
        }
        assert_int_equal(n, 10);
        rig_remember(r, 0, epoch, *sequence, 0);
        if (i % 20 == 19)
            rig_settle(r);
    }
    assert_int_equal(store_commit(r->store), ERR_OK);
}

/* Everything that is pending is sealed and, when its time has come, rolled up. */
static void roll_all(struct rig *r)
{
    rig_seal_all(r);
    sim_advance(r->world, 7200 * NS_PER_S);
    for (uint32_t i = 0; i < 400; i++)
        rig_step(r, 25);
}

static const int64_t steps_ms[] = {1000, 7000, 60000, 300000, 3600000, 86400000};

static void ask_all(struct rig *r, int64_t from_ms, int64_t to_ms)
{
    for (uint32_t i = 0; i < COUNT_OF(steps_ms); i++) {
        struct store_query_ask ask = {.series_count = SERIES, .series = {2, 0, 3, 1}, .from_ms = from_ms,
                                      .to_ms = to_ms, .step_ms = steps_ms[i]};
        if ((to_ms - from_ms) / steps_ms[i] * SERIES < (int64_t)QUERY_CELLS_MAX)
            rig_check_query(r, &ask);
    }
}

static int64_t resolution(struct rig *r, int64_t from_ms, int64_t to_ms, int64_t step_ms, uint64_t *count)
{
    struct store_query_ask ask = {.series_count = 1, .from_ms = from_ms, .to_ms = to_ms, .step_ms = step_ms};
    int q = rig_ask(r, &ask);
    assert_true(q >= 0);
    *count = 0;
    for (uint32_t p = 0; p < store_query_points(r->store, q); p++)
        *count += store_query_cell(r->store, q, 0, p)->count;
    int64_t ms = store_query_resolution_ms(r->store, q);
    store_query_end(r->store, q);
    return ms;
}

static struct store_stats stats_of(struct rig *r)
{
    struct store_stats stats;
    store_stats(r->store, &stats);
    return stats;
}

static void an_hour_is_merged_and_rolled_up(void **state)
{
    (void)state;
    struct rig *r = new_rig(1);
    uint64_t sequence = 1;
    send(r, STREAM_LIVE, LIVE_EPOCH, &sequence, 3 * 360, RIG_START_MS, 1000);
    ask_all(r, RIG_START_MS - DAY_MS, RIG_START_MS + DAY_MS);
    roll_all(r);
    struct store_stats stats = stats_of(r);
    assert_int_equal(stats.values_rolled, r->sample_count);
    assert_int_equal(stats.tiers[TIER_SECONDS].rows, 3);
    assert_int_equal(stats.tiers[TIER_MINUTES].rows, 3);
    assert_int_equal(stats.tiers[TIER_HOURS].rows, 1);
    ask_all(r, RIG_START_MS - DAY_MS, RIG_START_MS + DAY_MS);
    rig_restart(r, SIM_KILL);
    assert_memory_equal(stats_of(r).tiers, stats.tiers, sizeof stats.tiers);
    ask_all(r, RIG_START_MS - DAY_MS, RIG_START_MS + DAY_MS);
    uint64_t count;
    assert_int_equal(resolution(r, RIG_START_MS, RIG_START_MS + HOUR_MS, 1000, &count), 0);
    rig_free(r);
}

static void late_samples_are_added_once(void **state)
{
    (void)state;
    struct rig *r = new_rig(2);
    uint64_t sequence = 1, late = 1;
    send(r, STREAM_LIVE, LIVE_EPOCH, &sequence, 500, RIG_START_MS, 1000);
    roll_all(r);
    for (uint32_t round = 0; round < 3; round++) {
        assert_int_equal(store_history(r->store, 0, LATE_EPOCH), ERR_OK);
        rig_dictionary_of(r, 0, STREAM_HISTORY, 0, SERIES);
        /* Among the others, between them, and on a day before. */
        send(r, STREAM_HISTORY, LATE_EPOCH, &late, 30, RIG_START_MS + 500 + round * 900000, 3000);
        send(r, STREAM_HISTORY, LATE_EPOCH, &late, 10, RIG_START_MS - DAY_MS + round * 100000, 1000);
        ask_all(r, RIG_START_MS - 2 * DAY_MS, RIG_START_MS + DAY_MS);
        roll_all(r);
        ask_all(r, RIG_START_MS - 2 * DAY_MS, RIG_START_MS + DAY_MS);
        assert_int_equal(stats_of(r).values_rolled, r->sample_count);
    }
    rig_free(r);
}

/* The process dies, or the power goes, after any number of writes. */
static void deaths_neither_lose_nor_double(void **state)
{
    (void)state;
    for (uint32_t effects = 0; effects < 60; effects += 1 + effects / 6) {
        struct rig *r = new_rig(100 + effects);
        uint64_t sequence = 1;
        send(r, STREAM_LIVE, LIVE_EPOCH, &sequence, 400, RIG_START_MS, 1000);
        rig_seal_all(r);
        sim_advance(r->world, 7200 * NS_PER_S);
        sim_doom(r->machine, effects, effects % 2 == 0 ? SIM_KILL : SIM_POWER_CUT);
        for (uint32_t i = 0; i < 8; i++)
            rig_step(r, 25);
        rig_restart(r, effects % 2 == 0 ? SIM_KILL : SIM_POWER_CUT);
        ask_all(r, RIG_START_MS, RIG_START_MS + 2 * HOUR_MS);
        roll_all(r);
        ask_all(r, RIG_START_MS, RIG_START_MS + 2 * HOUR_MS);
        rig_free(r);
    }
}

/* Samples leave first, then minutes, then hours; what is coarser answers for what is gone, and says so. */
static void the_finest_and_oldest_leave_first(void **state)
{
    (void)state;
    struct rig *r = rig_new(4);
    r->limits.keep_ms[TIER_SECONDS] = 2 * HOUR_MS;
    r->limits.keep_ms[TIER_MINUTES] = 5 * HOUR_MS;
    r->limits.keep_ms[TIER_HOURS] = 3 * DAY_MS;
    rig_must_open(r);
    assert_int_equal(rig_instance(r, "alpha"), 0);
    assert_int_equal(store_epoch(r->store, 0, LIVE_EPOCH), ERR_OK);
    rig_dictionary(r, 0, 0, SERIES);
    /* Nothing may seem newer than it is. */
    int64_t start_ms = floor_ms(wall_ms(plat_wall(r->machine)), DAY_MS) - 100 * DAY_MS, end_ms;
    uint64_t sequence = 1, count;
    send(r, STREAM_LIVE, LIVE_EPOCH, &sequence, 8 * 90, start_ms, 4000);
    end_ms = start_ms + 8 * HOUR_MS;
    roll_all(r);
    sim_advance(r->world, 120 * NS_PER_S);
    rig_settle(r);
    struct store_stats stats = stats_of(r);
    assert_in_range(stats.tiers[TIER_SECONDS].rows, 1, 3);
    assert_in_range(stats.tiers[TIER_MINUTES].rows, 4, 6);
    assert_int_equal(stats.tiers[TIER_HOURS].rows, 1);
    assert_true(stats.tiers[TIER_SECONDS].horizon_ms > stats.tiers[TIER_MINUTES].horizon_ms);
    /* Nothing is missing from the sum, whatever it is made of. */
    assert_int_equal(resolution(r, start_ms, end_ms, 3600000, &count), 0);
    assert_int_equal(count, 7200);
    assert_int_equal(resolution(r, start_ms, end_ms, 60000, &count), 3600000);
    assert_int_equal(count, 7200);
    assert_int_equal(resolution(r, start_ms, end_ms, 1000, &count), 3600000);
    assert_int_equal(count, 7200);
    assert_int_equal(resolution(r, stats.tiers[TIER_MINUTES].horizon_ms, end_ms, 1000, &count), 60000);
    assert_int_equal(resolution(r, stats.tiers[TIER_MINUTES].horizon_ms, end_ms, 60000, &count), 0);
    assert_int_equal(resolution(r, stats.tiers[TIER_SECONDS].horizon_ms, end_ms, 1000, &count), 0);
    struct store_query_ask ask = {.series_count = SERIES, .series = {2, 0, 3, 1}, .step_ms = 1000,
                                  .from_ms = stats.tiers[TIER_SECONDS].horizon_ms, .to_ms = end_ms};
    rig_check_query(r, &ask);

    /* What comes late, for a time whose samples are gone, still counts, once. */
    uint64_t late = 1;
    assert_int_equal(store_history(r->store, 0, LATE_EPOCH), ERR_OK);
    rig_dictionary_of(r, 0, STREAM_HISTORY, 0, SERIES);
    send(r, STREAM_HISTORY, LATE_EPOCH, &late, 5, start_ms + HOUR_MS + 1, 4000);
    for (uint32_t round = 0; round < 2; round++) {
        assert_int_equal(resolution(r, start_ms, end_ms, 3600000, &count), 0);
        assert_int_equal(count, 7250);
        (void)resolution(r, start_ms, end_ms, 60000, &count);
        assert_int_equal(count, 7250);
        (void)resolution(r, start_ms, end_ms, 1000, &count);
        assert_int_equal(count, 7250);
        roll_all(r);
    }
    /* And days later all of it goes. */
    send(r, STREAM_LIVE, LIVE_EPOCH, &sequence, 90, start_ms + 5 * DAY_MS, 4000);
    roll_all(r);
    sim_advance(r->world, 120 * NS_PER_S);
    rig_settle(r);
    (void)resolution(r, start_ms, end_ms, 3600000, &count);
    assert_int_equal(count, 0);
    rig_free(r);
}

/* The file stays below its cap, log included, while rollups gather; and the newest samples are there. */
static void the_cap_holds_for_all_together(void **state)
{
    (void)state;
    struct rig *r = rig_new(5);
    r->limits.instances_max = 2;
    r->limits.database_size_max = 20U << 20;
    rig_must_open(r);
    assert_int_equal(rig_instance(r, "alpha"), 0);
    assert_int_equal(store_epoch(r->store, 0, LIVE_EPOCH), ERR_OK);
    rig_dictionary(r, 0, 0, 40);
    int64_t start_ms = floor_ms(wall_ms(plat_wall(r->machine)), DAY_MS) - 100 * DAY_MS, ms = start_ms;
    uint64_t sequence = 1, count;
    for (uint32_t i = 0; i < 12000; i++, sequence += 16, ms += 16 * 5000) {
        rig_fill(r, 16, 40, 0); /* hardly compressible */
        for (uint32_t k = 0; k < 16; k++)
            r->block.time_ms[k] = ms + k * 5000;
        int n = ERR_FULL;
        for (uint32_t tries = 0; tries < 50 && n == ERR_FULL; tries++) {
            n = rig_send(r, 0, sequence);
            if (n == ERR_FULL)
                rig_settle(r);
        }
        assert_int_equal(n, 16);
        if (i % 8 == 0)
            rig_step(r, 40000);
        if (i % 300 != 299)
            continue;
        int64_t database_size, log_size = 0;
        (void)sim_disk_file(r->machine, "nephos.db", &database_size);
        (void)sim_disk_file(r->machine, "nephos.db-wal", &log_size);
        assert_true(database_size + log_size <= (int64_t)r->limits.database_size_max);
    }
    rig_settle(r);
    struct store_stats stats = stats_of(r);
    assert_int_equal(stats.commit_failures, 0);
    assert_true(stats.retention_chunks_dropped > 10);
    assert_true(stats.tiers[TIER_SECONDS].rows > 3);
    assert_true(stats.tiers[TIER_MINUTES].rows > stats.tiers[TIER_SECONDS].rows);
    assert_true(stats.tiers[TIER_MINUTES].horizon_ms <= stats.tiers[TIER_SECONDS].horizon_ms);
    assert_true(stats.tiers[TIER_HOURS].horizon_ms <= stats.tiers[TIER_MINUTES].horizon_ms);
    /* The hours still know of every sample. */
    assert_int_equal(resolution(r, start_ms, ms + HOUR_MS, 3600000, &count), 0);
    assert_int_equal(count, sequence - 1);
    assert_int_equal(resolution(r, ms - HOUR_MS, ms, 1000, &count), 0);
    assert_int_equal(count, 720);
    rig_free(r);
}

/* A store of 8 MiB that is fed until its disk has been full for long. */
static struct rig *full_rig(uint64_t seed, uint32_t series, uint32_t blocks, int64_t every_ms,
                            uint32_t steps)
{
    struct rig *r = rig_new(seed);
    r->limits.instances_max = 1;
    r->limits.database_size_max = 8U << 20;
    rig_must_open(r);
    assert_int_equal(rig_instance(r, "alpha"), 0);
    assert_int_equal(store_epoch(r->store, 0, LIVE_EPOCH), ERR_OK);
    rig_dictionary(r, 0, 0, series);
    int64_t ms = floor_ms(wall_ms(plat_wall(r->machine)), DAY_MS) - 3000 * DAY_MS;
    uint64_t sequence = 1;
    for (uint32_t i = 0; i < blocks; i++, sequence += 16, ms += 16 * every_ms) {
        rig_fill(r, 16, series, 0);
        for (uint32_t k = 0; k < 16; k++) {
            r->block.time_ms[k] = ms + k * every_ms;
            for (uint32_t s = 0; s < series; s++)
                r->block.values[s][k] = (int64_t)unit_random(&r->random); /* hardly compressible */
        }
        int n = ERR_FULL;
        for (uint32_t tries = 0; tries < 50 && n == ERR_FULL; tries++) {
            n = rig_send(r, 0, sequence);
            if (n == ERR_FULL)
                rig_settle(r);
        }
        assert_int_equal(n, 16);
        for (uint32_t k = 0; k < steps; k++)
            rig_step(r, 16 * every_ms / steps);
    }
    return r;
}

/* Sixty samples of a minute outweigh it: minutes reach further back than samples, until they have their
 * quarter. From then on the oldest minutes leave, and samples keep their room. */
static void minutes_leave_before_samples_for_their_share(void **state)
{
    (void)state;
    struct rig *r = full_rig(7, 20, 13500, 1000, 2);
    const struct store_stats stats = stats_of(r);
    int64_t cap = (int64_t)r->limits.database_size_max;
    assert_true(stats.retention_chunks_dropped > 10);
    assert_true(stats.retention_rollups_dropped > 3);
    assert_true((int64_t)stats.tiers[TIER_MINUTES].bytes <= cap / 4 + cap / 64);
    assert_true((int64_t)stats.tiers[TIER_SECONDS].bytes > cap * 5 / 16);
    assert_true(stats.tiers[TIER_MINUTES].horizon_ms < stats.tiers[TIER_SECONDS].horizon_ms);
    assert_true(stats.tiers[TIER_HOURS].horizon_ms < stats.tiers[TIER_MINUTES].horizon_ms);
    rig_free(r);
}

/* A sample every ten minutes is lighter than its minute and its hour, which have more than their shares at
 * once: all the same nothing coarse leaves while finer data of its time are there. */
static void what_is_coarser_stays_as_long(void **state)
{
    (void)state;
    struct rig *r = full_rig(8, 60, 700, 600000, 60);
    const struct store_stats stats = stats_of(r);
    assert_true(stats.retention_chunks_dropped > 10);
    assert_true(stats.retention_rollups_dropped > 10);
    /* An hour is six chunks of a sample each, and a row of minutes. */
    assert_true(stats.tiers[TIER_SECONDS].rows > 1000);
    assert_true(6 * (stats.tiers[TIER_MINUTES].rows + 4) >= stats.tiers[TIER_SECONDS].rows);
    assert_true(24 * stats.tiers[TIER_HOURS].rows + 24 >= stats.tiers[TIER_MINUTES].rows);
    rig_free(r);
}

/* Chunks are not merged under a query that walks them; and rows that leave make it begin again. */
static void a_running_query_is_not_misled(void **state)
{
    (void)state;
    struct rig *r = rig_new(6);
    rig_must_open(r);
    assert_int_equal(rig_instance(r, "alpha"), 0);
    assert_int_equal(store_epoch(r->store, 0, LIVE_EPOCH), ERR_OK);
    rig_dictionary(r, 0, 0, 40);
    uint64_t sequence = 1;
    for (; sequence < 7200; sequence += 16) {
        rig_fill(r, 16, 40, RIG_START_MS + (int64_t)sequence * 1000);
        assert_int_equal(rig_send(r, 0, sequence), 16);
        rig_step(r, 200);
    }
    rig_seal_all(r);
    struct store_query_ask ask = {.series_count = 40, .from_ms = RIG_START_MS,
                                  .to_ms = RIG_START_MS + 3 * HOUR_MS, .step_ms = 6000};
    for (uint32_t i = 0; i < 40; i++)
        ask.series[i] = (uint16_t)i;
    int q = store_query_begin(r->store, &ask), n;
    assert_int_equal(store_query_step(r->store, q), 1);
    sim_advance(r->world, 7200 * NS_PER_S);
    for (uint32_t i = 0; i < 400; i++)
        rig_step(r, 25);
    assert_int_equal(stats_of(r).values_rolled, 0);
    while ((n = store_query_step(r->store, q)) == 1)
        continue;
    assert_int_equal(n, 0);
    for (uint32_t i = 0; i < 40; i++) {
        uint64_t count = 0;
        for (uint32_t p = 0; p < store_query_points(r->store, q); p++)
            count += store_query_cell(r->store, q, i, p)->count;
        assert_int_equal(count, sequence - 1);
    }
    for (uint32_t i = 0; i < 400; i++) /* its cells stand; the chunks need not */
        rig_step(r, 25);
    assert_int_equal(stats_of(r).values_rolled, (sequence - 1) * 40);
    store_query_end(r->store, q);
    rig_free(r);
}

static void a_damaged_rollup_is_left_out(void **state)
{
    (void)state;
    struct rig *r = new_rig(7);
    uint64_t sequence = 1, late = 1, count;
    send(r, STREAM_LIVE, LIVE_EPOCH, &sequence, 360, RIG_START_MS, 1000);
    roll_all(r);
    rig_close(r);
    int64_t size;
    const uint8_t *bytes = sim_disk_file(r->machine, "nephos.db", &size);
    uint8_t *file = unit_exact(bytes, (size_t)size);
    uint32_t spoilt = 0;
    for (int64_t i = 0; i + 12 < size; i++) /* headers of an hour with the four series of this test */
        if (file[i] == 1 && file[i + 1] == 0 && file[i + 2] == 60 && file[i + 3] == 0 &&
            file[i + 4] == SERIES && file[i + 5] == 0 && file[i + 6] == 0 && file[i + 7] == 0) {
            file[i + 9] ^= 1;
            spoilt++;
        }
    assert_true(spoilt >= 1);
    sim_disk_put(r->machine, "nephos.db", file, size);
    free(file);
    rig_must_open(r);
    (void)resolution(r, RIG_START_MS, RIG_START_MS + HOUR_MS, 60000, &count);
    assert_int_equal(count, 0);
    (void)resolution(r, RIG_START_MS, RIG_START_MS + HOUR_MS, 3600000, &count);
    assert_int_equal(count, 3600);
    assert_int_equal(store_history(r->store, 0, LATE_EPOCH), ERR_OK);
    rig_dictionary_of(r, 0, STREAM_HISTORY, 0, SERIES);
    send(r, STREAM_HISTORY, LATE_EPOCH, &late, 5, RIG_START_MS + 1, 1000);
    roll_all(r);
    (void)resolution(r, RIG_START_MS, RIG_START_MS + HOUR_MS, 60000, &count);
    assert_int_equal(count, 50);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_hour_is_merged_and_rolled_up),
        cmocka_unit_test(late_samples_are_added_once),
        cmocka_unit_test(deaths_neither_lose_nor_double),
        cmocka_unit_test(the_finest_and_oldest_leave_first),
        cmocka_unit_test(the_cap_holds_for_all_together),
        cmocka_unit_test(minutes_leave_before_samples_for_their_share),
        cmocka_unit_test(what_is_coarser_stays_as_long),
        cmocka_unit_test(a_running_query_is_not_misled),
        cmocka_unit_test(a_damaged_rollup_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
