/* SPDX-License-Identifier: MIT */
/* Pushed samples: any order, repeated, late, across kills and power cuts. Law: each (series, time) is
 * there once, with the value that came first. */
#include "tests/unit/store/rig.h"

#define SERIES 12U
#define TIMES 4000U
#define BATCH_MAX 200U

struct pusher {
    struct rig *rig;
    uint32_t instance;
    struct store_push_value values[BATCH_MAX];
    uint32_t count;
    bool is_there[SERIES][TIMES]; /* as the store has acknowledged */
};

static int64_t value_at(uint32_t series, uint32_t tick)
{
    uint64_t state = series * 7919 + tick;
    return series % 3 == 0 ? (int64_t)unit_random(&state) : (int64_t)(tick * (series + 1));
}

static int64_t time_at(uint32_t tick)
{
    return RIG_START_MS + (int64_t)tick * 1000;
}

static uint32_t some_instance(struct rig *r, const char *id)
{
    uint32_t instance = rig_instance(r, id);
    for (uint32_t n = store_series_count(r->store, instance); n < SERIES; n++) {
        char name[METRIC_SIZE];
        struct store_series_facts facts;
        rig_series_facts(100 + n, name, &facts);
        assert_int_equal(store_series_put(r->store, instance, &facts), n);
        assert_int_equal(store_series_put(r->store, instance, &facts), n);
    }
    return instance;
}

static int compare_values(const void *a, const void *b)
{
    const struct store_push_value *x = a, *y = b;
    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    return (x->series > y->series) - (x->series < y->series);
}

static void add(struct pusher *p, uint32_t series, uint32_t tick)
{
    assert_true(p->count < BATCH_MAX);
    p->values[p->count++] = (struct store_push_value){.time_ms = time_at(tick), .series = (uint16_t)series,
                                                      .value = value_at(series, tick)};
}

static int push(struct pusher *p)
{
    qsort(p->values, p->count, sizeof p->values[0], compare_values);
    struct store_push_value *exact = unit_exact(p->values, p->count * sizeof p->values[0]);
    int n = store_push(p->rig->store, p->instance, exact, p->count, plat_wall(p->rig->machine));
    memcpy(p->values, exact, p->count * sizeof p->values[0]);
    free(exact);
    return n;
}

/* They are durable: the memory of all that was sent has each of them once. */
static void note(struct pusher *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        uint32_t series = p->values[i].series;
        uint32_t tick = (uint32_t)((p->values[i].time_ms - RIG_START_MS) / 1000);
        if (p->is_there[series][tick])
            continue;
        p->is_there[series][tick] = true;
        assert_true(p->rig->sample_count < RIG_SAMPLES_MAX);
        p->rig->samples[p->rig->sample_count++] =
            (struct rig_sample){.instance = p->instance, .series = (uint16_t)series,
                                .ms = time_at(tick), .value = value_at(series, tick)};
    }
}

static struct pusher *new_pusher(uint64_t seed)
{
    struct pusher *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->rig = rig_new(seed);
    rig_must_open(p->rig);
    p->instance = some_instance(p->rig, "pushed");
    return p;
}

static void free_pusher(struct pusher *p)
{
    rig_free(p->rig);
    free(p);
}

static void takes_what_is_new_once(void **state)
{
    (void)state;
    struct pusher *p = new_pusher(1);
    for (uint32_t series = 0; series < 3; series++)
        add(p, series, 10);
    assert_int_equal(push(p), 3);
    assert_int_equal(push(p), 0); /* staged only */
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(p->values[i].pushed, PUSHED_REPEATED);
    assert_int_equal(store_commit(p->rig->store), ERR_OK);
    assert_int_equal(push(p), 0); /* in the journal */
    note(p);
    rig_seal_all(p->rig);
    assert_int_equal(push(p), 0); /* in a chunk */
    rig_restart(p->rig, SIM_KILL);
    assert_int_equal(push(p), 0); /* on disk, and nowhere else */
    rig_check_all(p->rig, p->instance, 50);
    const struct store_series *series = store_series(p->rig->store, p->instance, 1);
    assert_int_equal(series->metric_index, 1);
    free_pusher(p);
}

static void keeps_the_first_of_two_values(void **state)
{
    (void)state;
    struct pusher *p = new_pusher(2);
    add(p, 4, 10);
    add(p, 4, 10);
    p->values[1].value++;
    assert_int_equal(push(p), 1);
    assert_int_equal(p->values[1].pushed, PUSHED_CONFLICT);
    assert_int_equal(store_commit(p->rig->store), ERR_OK);
    int64_t first = p->values[0].value;
    p->count = 0;
    add(p, 4, 10);
    p->values[0].value = first + 7;
    assert_int_equal(push(p), 0);
    assert_int_equal(p->values[0].pushed, PUSHED_CONFLICT);
    assert_int_equal(store_push_find(p->rig->store, p->instance, 4, time_at(10), first), PUSHED_REPEATED);
    assert_int_equal(store_push_find(p->rig->store, p->instance, 4, time_at(10), 1), PUSHED_CONFLICT);
    assert_int_equal(store_push_find(p->rig->store, p->instance, 4, time_at(9), 1), PUSHED_NEW);
    assert_int_equal(store_push_find(p->rig->store, p->instance, 5, time_at(10), 1), PUSHED_NEW);
    free_pusher(p);
}

static void refuses_what_is_not_in_order(void **state)
{
    (void)state;
    struct pusher *p = new_pusher(3);
    struct wall now = plat_wall(p->rig->machine);
    struct store_push_value back[2] = {{.time_ms = time_at(2), .series = 1},
                                       {.time_ms = time_at(1), .series = 1}};
    assert_int_equal(store_push(p->rig->store, p->instance, back, 2, now), ERR_MALFORMED);
    struct store_push_value strange = {.time_ms = time_at(2), .series = SERIES};
    assert_int_equal(store_push(p->rig->store, p->instance, &strange, 1, now), ERR_MALFORMED);
    struct store_push_value early = {.time_ms = -1, .series = 1};
    assert_int_equal(store_push(p->rig->store, p->instance, &early, 1, now), ERR_MALFORMED);
    assert_int_equal(store_epoch(p->rig->store, p->instance, UINT64_MAX), ERR_MALFORMED);
    assert_int_equal(store_history(p->rig->store, p->instance, STORE_EPOCH_AGENT_MAX + 1), ERR_MALFORMED);
    free_pusher(p);
}

/* The newest value is that of the latest time, whatever came last, and after a restart too. */
static void knows_the_newest(void **state)
{
    (void)state;
    struct pusher *p = new_pusher(4);
    add(p, 2, 50);
    assert_int_equal(push(p), 1);
    assert_int_equal(store_commit(p->rig->store), ERR_OK);
    p->count = 0;
    add(p, 2, 20);
    assert_int_equal(push(p), 1);
    assert_int_equal(store_commit(p->rig->store), ERR_OK);
    for (uint32_t round = 0; round < 2; round++) {
        const struct store_series *series = store_series(p->rig->store, p->instance, 2);
        assert_int_equal(series->last_ms, time_at(50));
        assert_int_equal(series->last_value, value_at(2, 50));
        assert_int_equal(store_instance(p->rig->store, p->instance)->last_sample_ms, time_at(50));
        rig_restart(p->rig, SIM_KILL);
    }
    free_pusher(p);
}

/* Late blocks are no news to who follows the feed. */
static void tells_late_blocks_as_history(void **state)
{
    (void)state;
    struct pusher *p = new_pusher(5);
    uint64_t cursor = store_feed_end(p->rig->store), missed = 0;
    struct store_feed_block b;
    add(p, 2, 50);
    assert_int_equal(push(p), 1);
    p->count = 0;
    add(p, 3, 20);
    assert_int_equal(push(p), 1);
    assert_int_equal(store_commit(p->rig->store), ERR_OK);
    assert_true(store_feed_next(p->rig->store, &cursor, &missed, &b));
    assert_int_equal(b.stream, STREAM_PUSH);
    assert_int_equal(b.series_of_slot[2], 2);
    assert_true(store_feed_next(p->rig->store, &cursor, &missed, &b));
    assert_int_equal(b.stream, STREAM_HISTORY);
    assert_false(store_feed_next(p->rig->store, &cursor, &missed, &b));
    free_pusher(p);
}

/* An agent's own stream goes on beside what others push, and both are sealed. */
static void leaves_the_agent_alone(void **state)
{
    (void)state;
    struct pusher *p = new_pusher(6);
    struct rig *r = p->rig;
    assert_int_equal(store_epoch(r->store, p->instance, 77), ERR_OK);
    rig_dictionary(r, p->instance, 0, 5); /* series SERIES.. */
    assert_true(store_series_is_live(r->store, p->instance, SERIES));
    assert_false(store_series_is_live(r->store, p->instance, 3));
    uint64_t sequence = 1;
    for (uint32_t round = 0; round < 300; round++) {
        rig_fill(r, 2, 5, time_at(round * 2));
        assert_int_equal(rig_send(r, p->instance, sequence), 2);
        rig_remember(r, p->instance, 77, sequence, SERIES);
        sequence += 2;
        p->count = 0;
        for (uint32_t k = 0; k < 4; k++)
            add(p, (round + k) % SERIES, round * 2 + k % 2);
        assert_true(push(p) >= 0);
        assert_int_equal(store_commit(r->store), ERR_OK);
        note(p);
        if (round % 20 == 19)
            rig_settle(r);
    }
    rig_check_all(r, p->instance, 100);
    rig_seal_all(r);
    rig_check_all(r, p->instance, 100);
    rig_restart(r, SIM_KILL);
    rig_check_all(r, p->instance, 100);
    assert_int_equal(store_instance(r->store, p->instance)->gap_count, 0);
    free_pusher(p);
}

/* A sender that repeats a request until it is durable, through kills and power cuts at any moment. */
static void is_there_once_whatever_happens(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct pusher *p = new_pusher(seed);
        struct rig *r = p->rig;
        uint32_t now = 100;
        for (uint32_t round = 0; round < 400; round++) {
            p->count = 0;
            now += (uint32_t)rig_random(r, 4);
            uint32_t count = 1 + (uint32_t)rig_random(r, 30);
            for (uint32_t i = 0; i < count; i++) {
                uint64_t kind = rig_random(r, 10);
                uint32_t tick = kind < 7 ? now : kind < 9 ? now - (uint32_t)rig_random(r, 90)
                                                          : (uint32_t)rig_random(r, TIMES);
                add(p, (uint32_t)rig_random(r, SERIES), tick);
            }
            for (bool is_durable = false; !is_durable;) {
                int n = push(p);
                uint64_t awaited = store_commit_awaited(r->store);
                if (rig_random(r, 40) == 0) {
                    rig_restart(r, rig_random(r, 2) == 0 ? SIM_KILL : SIM_POWER_CUT);
                    p->instance = some_instance(r, "pushed");
                    continue;
                }
                rig_step(r, (int64_t)rig_random(r, 300));
                is_durable = n >= 0 && store_commit_count(r->store) >= awaited;
                assert_true(n >= 0 || n == ERR_FULL);
            }
            note(p);
            if (rig_random(r, 60) == 0)
                rig_seal_all(r);
        }
        rig_check_all(r, p->instance, 200);
        rig_seal_all(r);
        rig_check_all(r, p->instance, 200);
        rig_restart(r, SIM_POWER_CUT);
        rig_check_all(r, p->instance, 200);
        free_pusher(p);
    }
}

/* Much of one series at once: as much as there is room for, and the rest when it is told again. */
static void goes_on_where_it_was_full(void **state)
{
    (void)state;
    struct pusher *p = new_pusher(8);
    uint32_t full = 0;
    for (uint32_t from = 0; from < TIMES - BATCH_MAX; from += BATCH_MAX) {
        p->count = 0;
        for (uint32_t i = 0; i < BATCH_MAX; i++)
            add(p, i % 2, from + i); /* no two moments have the same series: a block each */
        for (int n = ERR_FULL; n < 0;) {
            n = push(p);
            full += n == ERR_FULL;
            rig_settle(p->rig);
        }
        note(p);
    }
    assert_true(full > 0);
    rig_check_all(p->rig, p->instance, 500);
    free_pusher(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_is_new_once),
        cmocka_unit_test(keeps_the_first_of_two_values),
        cmocka_unit_test(refuses_what_is_not_in_order),
        cmocka_unit_test(knows_the_newest),
        cmocka_unit_test(tells_late_blocks_as_history),
        cmocka_unit_test(leaves_the_agent_alone),
        cmocka_unit_test(is_there_once_whatever_happens),
        cmocka_unit_test(goes_on_where_it_was_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
