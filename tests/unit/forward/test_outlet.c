/* SPDX-License-Identifier: MIT */
/* Metrics to a destination, in a simulated world: the program is killed at any time, requests are refused,
 * lost, cut, carried out twice, or carried out and then denied; samples come late. In the end the destination
 * has each window of each series, with the value that follows from all samples, and nothing else. */
#include "tests/unit/forward/outlet_world.h"

static void every_window_arrives_whatever_happens(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct outside *o = begin(seed, 60);
        uint32_t points, again;
        weather(o, 900, 15, true);
        calm(o, 1000);
        judge(o, &points, &again);
        assert_true(o->kills > 3 && o->twice > 0 && o->denied > 0 && points > 2000);
        const struct outlet *out = store_outlet(o->r->store, 0);
        assert_int_equal(out->given_up, 0);
        assert_int_equal(out->dropped, 0);
        assert_int_equal(out->oldest_ms, 0);
        end(o);
    }
}

static void nothing_is_sent_twice_without_need(void **state)
{
    (void)state;
    struct outside *o = begin(3, 0);
    uint32_t points, again;
    weather(o, 600, 0, false);
    calm(o, 200);
    judge(o, &points, &again);
    assert_int_equal(again, 0);
    assert_int_equal(store_outlet(o->r->store, 0)->points, points);
    assert_int_equal(store_outlet(o->r->store, 0)->resent, 0);
    end(o);
}

/* Who refuses everything is broken, or is somebody else: what waits is kept, all of it when it says that the
 * fault is its own. */
static void who_refuses_everything_is_held(void **state)
{
    static const uint32_t answers[] = {500, 501, 400, 422};
    (void)state;
    for (uint32_t i = 0; i < COUNT_OF(answers); i++) {
        struct outside *o = begin(5 + i, 0);
        const struct outlet *out = store_outlet(o->r->store, 0);
        uint32_t points, again;
        weather(o, 100, 0, false);
        o->refuses = answers[i];
        weather(o, 1200, 0, false);
        assert_int_equal(out->state, answers[i] == 500 ? OUTBOX_DOWN : OUTBOX_HELD);
        assert_in_range(out->dropped, 0, answers[i] >= 500 ? 0 : RETRY_DROPS_MAX * 9); /* pauses of minutes */
        assert_true(o->calls < 2500);
        o->refuses = 0;
        calm(o, 900);
        if (out->dropped == 0)
            judge(o, &points, &again);
        assert_int_equal(out->state, OUTBOX_IDLE);
        assert_true(answers[i] >= 500 || out->dropped >= RETRY_DROPS_MAX);
        end(o);
    }
}

static void configure(struct outside *o)
{
    char words[256];
    struct text why;
    text_init(&why, words, sizeof words);
    assert_int_equal(forward_configure_targets(o->forward, &o->to, 1, &why), ERR_OK);
}

/* Nobody there knows a point that comes again, so a reload must not send what has arrived of a batch. */
static void a_reload_goes_on_within_a_batch(void **state)
{
    (void)state;
    struct outside *o = begin(4, 0);
    uint32_t points, again;
    o->to.mode = TARGET_SINGLES;
    o->to.sends = EXPORT_BIT(EXPORT_POINTS);
    configure(o);
    for (uint32_t n = 0; n < 150; n++) {
        weather(o, 2, 0, false);
        (void)text_copy(o->to.token, sizeof o->to.token, n % 2 == 0 ? "even" : "odd");
        configure(o);
    }
    calm(o, 200);
    judge(o, &points, &again);
    assert_true(points > 300);
    assert_int_equal(again, 0);
    assert_int_equal(store_outlet(o->r->store, 0)->points, points);
    end(o);
}

static void what_waits_for_a_dead_destination_is_bounded(void **state)
{
    (void)state;
    struct outside *o = begin(5, 0);
    uint32_t first = 0;
    o->to.backlog_max_ms = 120000;
    free(o->memory);
    rig_restart(o->r, SIM_KILL);
    start(o);
    o->is_dead = true;
    weather(o, 600, 0, false);
    const struct outlet *out = store_outlet(o->r->store, 0);
    assert_true(out->state == OUTBOX_DOWN && out->error[0] != '\0' && out->oldest_ms != 0);
    o->is_dead = false;
    calm(o, 300);
    while (first < WINDOWS && o->far[0][0][first].times == 0)
        first++;
    assert_in_range(first, 600 / SPAN - 120 / SPAN - 13, 600 / SPAN); /* a probe each minute, at most */
    assert_true(out->given_up > 1000);
    assert_int_equal(out->oldest_ms, 0);
    end(o);
}

static uint32_t windows_there(const struct outside *o, uint32_t host)
{
    uint32_t count = 0;
    for (uint32_t w = 0; w < WINDOWS; w++)
        count += o->far[host][0][w].times > 0;
    return count;
}

/* Through a slow destination a long backlog goes in turns: no host is a batch ahead of another. */
static void a_slow_destination_is_shared(void **state)
{
    (void)state;
    struct outside *o = begin(9, 0);
    uint32_t least = 0, most = 0, points, again;
    o->is_dead = true;
    weather(o, 1500, 0, false);
    o->is_dead = false;
    const struct sim_outbound slow = {.latency_min_ns = 800 * NS_PER_MS, .latency_max_ns = 800 * NS_PER_MS};
    *sim_outbound(o->r->world) = slow;
    for (uint32_t n = 0; n < 200 && least < 200; n++) {
        run_second(o);
        least = UINT32_MAX;
        most = 0;
        for (uint32_t h = 0; h < HOSTS; h++) {
            uint32_t there = windows_there(o, h);
            least = there < least ? there : least;
            most = there > most ? there : most;
        }
        assert_true(most - least <= BATCH / LIVE);
    }
    assert_true(least >= 200);
    calm(o, 200);
    judge(o, &points, &again);
    assert_int_equal(again, 0);
    end(o);
}

static void a_replay_sends_all_once_more(void **state)
{
    (void)state;
    struct outside *o = begin(6, 0);
    uint32_t points, again;
    weather(o, 300, 0, false);
    calm(o, 200);
    judge(o, &points, &again);
    assert_int_equal(again, 0);
    store_outlet_replay(o->r->store, store_outlet(o->r->store, 0), FAR_MS, INT64_MAX);
    die(o); /* it is durable once it was committed */
    store_outlet_replay(o->r->store, store_outlet(o->r->store, 0), FAR_MS, INT64_MAX);
    assert_int_equal(store_commit(o->r->store), ERR_OK);
    die(o);
    uint32_t all = points;
    calm(o, 100);
    judge(o, &points, &again);
    assert_int_equal(again, all);
    end(o);
}

/* What is late waits for more of its kind, but not for a clock that was set back to come there again. */
static void late_windows_do_not_wait_for_the_clock(void **state)
{
    (void)state;
    const int64_t hours_ns = 7200 * NS_PER_S;
    struct outside *o = begin(10, 0);
    weather(o, 60, 0, false);
    calm(o, 100);
    struct outlet *out = store_outlet(o->r->store, 0);
    assert_int_equal(o->far[0][0][2].times, 1);
    sim_wall_jump(o->r->machine, hours_ns);
    store_outlet_late(o->r->store, out, 0, FAR_MS + 10000, FAR_MS + 15000);
    sim_wall_jump(o->r->machine, -hours_ns);
    for (uint32_t n = 0; n < CUT_SETTLE_MS_MAX / 1000 + 30; n++) {
        store_outlet_late(o->r->store, out, 0, FAR_MS + 10000, FAR_MS + 15000); /* and comes on and on */
        run_second(o);
    }
    assert_int_equal(o->far[0][0][2].times, 2);
    end(o);
}

/* --- the parts --- */

static void ranges_join_and_part(void **state)
{
    (void)state;
    struct outlet_place p = {0};
    late_add(&p, 100, 200);
    late_add(&p, 200, 300); /* touches */
    late_add(&p, 500, 600);
    late_add(&p, 900, 901);
    late_add(&p, 700, 710); /* no place: the nearest two become one */
    int64_t covered = 0;
    for (uint32_t i = 0; i < OUTLET_RANGES; i++)
        covered += p.late[i].to_ms - p.late[i].from_ms;
    assert_int_equal(covered, 200 + 210 + 1);
    late_subtract(&p, 0, 150);
    late_subtract(&p, 900, 901);
    late_subtract(&p, 550, 560); /* in the middle: parted */
    covered = 0;
    for (uint32_t i = 0; i < OUTLET_RANGES; i++)
        covered += p.late[i].to_ms - p.late[i].from_ms;
    assert_int_equal(covered, 150 + 50 + 150);
    late_subtract(&p, 600, 610); /* no place for a second half: it stays whole */
    int64_t after = 0;
    for (uint32_t i = 0; i < OUTLET_RANGES; i++)
        after += p.late[i].to_ms - p.late[i].from_ms;
    assert_int_equal(after, covered);
    late_subtract(&p, 0, 1000);
    assert_false(late_has_some(&p));
}

static void a_range_that_is_being_sent_outlives_a_crash(void **state)
{
    (void)state;
    struct outside *o = begin(8, 0);
    weather(o, 60, 0, false);
    calm(o, 100);
    struct outlet *out = store_outlet(o->r->store, 0);
    store_outlet_late(o->r->store, out, 0, FAR_MS, FAR_MS + 10000);
    store_outlet_take(o->r->store, out, 0, FAR_MS, FAR_MS + 10000);
    store_outlet_late(o->r->store, out, 0, FAR_MS + 30000, FAR_MS + 40000); /* the row is written */
    assert_int_equal(store_commit(o->r->store), ERR_OK);
    die(o);
    const struct outlet_place *p = &store_outlet(o->r->store, 0)->places[0];
    int64_t covered_ms = 0;
    for (uint32_t i = 0; i < OUTLET_RANGES; i++)
        covered_ms += p->late[i].to_ms - p->late[i].from_ms;
    assert_int_equal(covered_ms, 20000);
    end(o);
}

static void ids_are_names(void **state)
{
    (void)state;
    const struct instance in = {.id = "host-1"};
    struct export_item item = {.instance = &in, .point = {.metric = "cpu_usage", .tag = "", .time_ms = 60000,
                                                          .span_ms = 60000}};
    char a[EXPORT_ID_SIZE], b[EXPORT_ID_SIZE];
    export_point_id(&item, a);
    export_point_id(&item, b);
    assert_string_equal(a, b);
    assert_int_equal(strlen(a), 36);
    assert_int_equal(a[14], '5');
    item.point.time_ms += 60000;
    export_point_id(&item, b);
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_window_arrives_whatever_happens),
        cmocka_unit_test(nothing_is_sent_twice_without_need),
        cmocka_unit_test(who_refuses_everything_is_held),
        cmocka_unit_test(a_reload_goes_on_within_a_batch),
        cmocka_unit_test(what_waits_for_a_dead_destination_is_bounded),
        cmocka_unit_test(a_slow_destination_is_shared),
        cmocka_unit_test(a_replay_sends_all_once_more),
        cmocka_unit_test(late_windows_do_not_wait_for_the_clock),
        cmocka_unit_test(ranges_join_and_part),
        cmocka_unit_test(a_range_that_is_being_sent_outlives_a_crash),
        cmocka_unit_test(ids_are_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
