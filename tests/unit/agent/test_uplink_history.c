/* SPDX-License-Identifier: MIT */
/* What happens to samples in an outage, and after it: to disk, and back beside the live ones. The peer's
 * every word is written here. */
#include "agent/uplink_history.c"

#include "tests/unit/agent/taker.h"

#define SPOOL_SIZE (UINT64_C(8) << 20)

static void live_samples_go_first(void **state)
{
    (void)state;
    struct rig *r = rig_open_spooled(1, true, SPOOL_SIZE);
    struct taken t = patient();
    meet(r);
    listen(r, &t, 20000);
    uint64_t before = t.live, old_epoch = r->agent->uplink.parts.epoch;
    outage(r, 60 * MINUTE_MS);
    assert_true(r->agent->spool.sample_count > 3500 && r->agent->ring.sample_count == 0);
    t = patient();
    meet(r);
    int64_t start_ns = sim_now(r->world);
    listen(r, &t, 5 * MINUTE_MS);
    assert_true(r->agent->uplink.parts.epoch != old_epoch && t.history_epoch == old_epoch);
    assert_true(t.first_live_ns != 0 && t.first_live_ns - start_ns < 3 * NS_PER_S);
    assert_int_equal(t.asked, 1);
    assert_int_equal(t.ends, 1);
    assert_int_equal(r->agent->spool.sample_count, 0);
    assert_true(t.history > before + 3600);
    /* Some 5,000 seconds of history at the rate of limits.h, the first batch at once. */
    int64_t least_ms = (int64_t)(t.bytes - 2 * TRANSMIT_SIZE) * 1000 / (int64_t)HISTORY_BYTES_PER_S;
    assert_true(t.history_end_ns - start_ns >= least_ms * NS_PER_MS);
    assert_true(t.history_end_ns - start_ns <= (least_ms + 20000) * NS_PER_MS);
    assert_int_equal(uplink_lost_count(&r->agent->uplink), 0);
    rig_close(r);
}

static void a_short_break_writes_nothing(void **state)
{
    (void)state;
    struct rig *r = rig_open_spooled(2, true, SPOOL_SIZE);
    struct taken t = patient();
    meet(r);
    listen(r, &t, 20000);
    uint64_t epoch = r->agent->uplink.parts.epoch;
    for (uint32_t i = 0; i < 5; i++) {
        peer_close(r);
        rig_run(r, SPOOL_AFTER_MS / 3);
        struct wire_hello hello;
        peer_accept(r);
        peer_hello(r, &hello);
        assert_true(hello.epoch == epoch);
        peer_welcome(r, t.live, t.live_slots);
        listen(r, &t, 20000);
    }
    assert_int_equal(r->agent->spool.written_bytes, 0);
    assert_int_equal(r->agent->spool.sample_count, 0);
    rig_close(r);
}

static void waiting_for_room_is_no_error(void **state)
{
    (void)state;
    struct rig *r = rig_open_spooled(3, true, SPOOL_SIZE);
    outage(r, 10 * MINUTE_MS);
    struct taken t = {0};
    meet(r);
    listen(r, &t, 30 * MINUTE_MS);
    assert_true(r->conn >= 0);
    assert_int_equal(t.asked, 1); /* asked once, and nothing of it said */
    assert_int_equal(t.bytes, 0);
    assert_true(t.live > 1700);
    t.welcomes = t.acks = true;
    say_history_welcome(r, t.history_epoch, 0, 0);
    listen(r, &t, MINUTE_MS);
    assert_true(t.history > 580);
    assert_int_equal(t.ends, 1);
    rig_close(r);
}

static void one_batch_at_a_time(void **state)
{
    (void)state;
    struct rig *r = rig_open_spooled(4, true, SPOOL_SIZE);
    outage(r, 60 * MINUTE_MS);
    struct taken t = {.welcomes = true};
    meet(r);
    listen(r, &t, 20000);
    assert_in_range(t.bytes, 1, TRANSMIT_SIZE);
    uint64_t first = t.history;
    say_ack(r, t.history_epoch, first);
    listen(r, &t, 20000);
    assert_in_range(t.bytes, TRANSMIT_SIZE, 2 * TRANSMIT_SIZE);
    /* No acknowledgement in a long time: the connection is given up, and nothing is lost. */
    listen(r, &t, 2 * MINUTE_MS);
    assert_int_equal(uplink_lost_count(&r->agent->uplink), 0);
    assert_int_equal(r->agent->spool.oldest.sequence, first + 1);
    rig_close(r);
}

static void what_arrived_is_not_sent_again(void **state)
{
    (void)state;
    struct rig *r = rig_open_spooled(5, true, SPOOL_SIZE);
    struct taken t = patient();
    meet(r);
    listen(r, &t, 15000);
    outage(r, 10 * MINUTE_MS);
    struct taken u = {0};
    meet(r);
    listen(r, &u, 5000);
    assert_true(u.history_epoch != 0);
    u.history = t.live + 100; /* a part had arrived over a connection that broke */
    u.history_slots = t.live_slots;
    u.welcomes = u.acks = true;
    struct spool_record *oldest = &r->agent->spool.oldest;
    while (oldest->sequence + oldest->count - 1 <= u.history)
        (void)spool_acknowledge(&r->agent->spool, oldest->epoch, oldest->sequence + oldest->count - 1);
    u.history = oldest->sequence - 1;
    say_history_welcome(r, u.history_epoch, u.history, u.history_slots);
    listen(r, &u, MINUTE_MS);
    assert_true(u.history > t.live + 590);
    assert_int_equal(u.ends, 1);
    rig_close(r);
}

static void restart(struct rig *r, enum sim_death how)
{
    sim_kill(r->host, how);
    sim_restart(r->host);
    memset(r->agent, 0, sizeof *r->agent);
    assert_int_equal(agent_init(r->agent, r->host, &r->config), ERR_OK);
    (void)plat_wait(r->host, plat_mono(r->host));
}

static void a_killed_agent_has_what_it_spooled(void **state)
{
    (void)state;
    struct rig *r = rig_open_spooled(6, true, SPOOL_SIZE);
    outage(r, 10 * MINUTE_MS);
    uint64_t epoch = r->agent->uplink.parts.epoch, taken = r->agent->builder.next_sequence - 1;
    restart(r, SIM_KILL);
    struct taken t = patient();
    meet(r);
    listen(r, &t, 2 * MINUTE_MS);
    assert_true(t.history_epoch == epoch);
    assert_in_range(t.history, taken - BLOCK_SAMPLES_MAX, taken); /* but for the open block */
    assert_int_equal(r->agent->spool.sample_count, 0);
    rig_close(r);
}

static void an_agent_that_is_ended_keeps_all(void **state)
{
    (void)state;
    struct rig *r = rig_open_spooled(7, true, SPOOL_SIZE);
    meet(r);
    sim_partition(r->world, r->host, r->hub, sim_now(r->world) + 3600 * NS_PER_S);
    rig_run(r, 12500);
    uint64_t taken = r->agent->builder.next_sequence - 1, epoch = r->agent->uplink.parts.epoch;
    agent_end(r->agent, plat_mono(r->host));
    rig_run(r, GOODBYE_MS_MAX + 100);
    agent_close(r->agent);
    sim_heal(r->world);
    restart(r, SIM_POWER_CUT); /* it was synced */
    assert_int_equal(r->agent->spool.sample_count, taken);
    struct taken t = patient();
    peer_close(r);
    meet(r);
    listen(r, &t, MINUTE_MS);
    assert_true(t.history_epoch == epoch && t.history == taken);
    rig_close(r);
}

static void several_epochs_follow_in_order(void **state)
{
    (void)state;
    struct rig *r = rig_open_spooled(8, true, SPOOL_SIZE);
    uint64_t taken = 0;
    for (uint32_t i = 0; i < 4; i++) {
        outage(r, 2 * MINUTE_MS);
        taken += r->agent->builder.next_sequence - 1;
        agent_end(r->agent, plat_mono(r->host));
        agent_close(r->agent);
        restart(r, SIM_KILL);
    }
    assert_int_equal(r->agent->spool.sample_count, taken);
    struct wire_frame f;
    uint64_t arrived = 0, epoch = 0;
    uint32_t epochs = 0;
    meet(r);
    int64_t end = sim_now(r->world) + 2 * MINUTE_MS * NS_PER_MS;
    while (sim_now(r->world) < end && peer_hear(r, &f, 10000)) {
        arena_init(&r->arena, r->scratch, sizeof r->scratch);
        struct wire_batch m;
        struct wire_history h;
        if (f.type == WIRE_HISTORY && wire_get_history(&f, &r->arena, &h) == ERR_OK && h.epoch != 0) {
            assert_true(h.epoch != epoch && h.oldest_sequence == 1);
            epoch = h.epoch;
            epochs++;
            say_history_welcome(r, epoch, 0, 0);
        } else if (f.type == WIRE_BATCH && wire_get_batch(&f, &r->arena, &m) == ERR_OK) {
            say_ack(r, m.epoch, batch_last(&m));
            for (uint32_t i = 0; i < m.block_count && m.epoch == epoch; i++)
                arrived += m.blocks[i].count;
        }
    }
    assert_int_equal(epochs, 4);
    assert_int_equal(arrived, taken);
    assert_int_equal(r->agent->spool.sample_count, 0);
    rig_close(r);
}

/* The spool takes nothing more: the live epoch goes on, and goes in order. */
static void in_order_when_the_disk_is_full_of_errors(void **state)
{
    (void)state;
    struct rig *r = rig_open_spooled(9, true, SPOOL_SIZE);
    outage(r, 5 * MINUTE_MS);
    uint64_t epoch = r->agent->uplink.parts.epoch;
    assert_true(r->agent->spool.sample_count > 200);
    sim_disk_fail(r->host, 0, 1000000);
    outage(r, 5 * MINUTE_MS);
    assert_true(r->agent->ring.sample_count > 200);
    struct taken t = patient();
    t.history_epoch = 1;
    struct wire_hello hello;
    peer_accept(r);
    peer_hello(r, &hello);
    assert_true(hello.epoch == epoch);
    peer_welcome(r, 0, 0);
    listen(r, &t, MINUTE_MS);
    assert_true(r->agent->uplink.parts.epoch == epoch);
    assert_true(t.live > 650); /* take_batch() has seen that none is missing */
    assert_int_equal(t.asked, 0);
    assert_int_equal(r->agent->spool.sample_count, 0);
    assert_int_equal(uplink_lost_count(&r->agent->uplink), 0);
    rig_close(r);
}

/* Nor does it wait for older epochs, which wait for room. */
static void in_order_before_older_epochs(void **state)
{
    (void)state;
    struct rig *r = rig_open_spooled(16, true, SPOOL_SIZE);
    outage(r, 5 * MINUTE_MS);
    restart(r, SIM_KILL);
    outage(r, 5 * MINUTE_MS);
    uint64_t epoch = r->agent->uplink.parts.epoch, older = r->agent->spool.oldest.epoch;
    sim_disk_fail(r->host, 0, 1000000);
    outage(r, 5 * MINUTE_MS);
    assert_true(older != epoch && spool_newest_epoch(&r->agent->spool) == epoch);
    struct taken t = {0};
    struct wire_hello hello;
    peer_accept(r);
    peer_hello(r, &hello);
    assert_true(hello.epoch == epoch);
    peer_welcome(r, 0, 0);
    listen(r, &t, 2 * MINUTE_MS);
    assert_true(t.live > 660); /* all of it, and what is taken meanwhile */
    assert_int_equal(t.asked, 1);
    assert_true(t.history_epoch == older);
    /* There is always something on its way, so silence is noticed. */
    sim_partition(r->world, r->host, r->hub, sim_now(r->world) + 3600 * NS_PER_S);
    rig_run(r, ANSWER_MS_MAX + 12000);
    assert_true(r->agent->uplink.state != UPLINK_SHIPPING);
    sim_heal(r->world);
    sim_disk_fail(r->host, 0, 0);
    uint64_t lost = uplink_lost_count(&r->agent->uplink);
    assert_int_equal(lost, 0);
    rig_close(r);
}

/* All of an epoch was given up by a process that did not know how far it had come. */
static void asks_about_what_is_gone(void **state)
{
    (void)state;
    static const uint64_t arrived[] = {0, 100, UINT32_MAX};
    for (uint32_t i = 0; i < COUNT_OF(arrived); i++) {
        struct rig *r = rig_open_spooled(17, true, SPOOL_SIZE_MIN);
        outage(r, 5 * MINUTE_MS);
        uint64_t old = r->agent->uplink.parts.epoch, held = r->agent->spool.sample_count;
        restart(r, SIM_KILL);
        while (r->agent->spool.has_oldest && r->agent->spool.oldest.epoch == old)
            outage(r, 10 * MINUTE_MS);
        uint64_t lost = uplink_lost_count(&r->agent->uplink);
        assert_int_equal(r->agent->spool.in_doubt_count, held);
        struct taken t = {0};
        struct wire_frame f;
        struct wire_history m = {0};
        meet(r);
        while (m.epoch == 0) {
            assert_true(peer_hear(r, &f, 20000));
            arena_init(&r->arena, r->scratch, sizeof r->scratch);
            if (f.type == WIRE_BATCH)
                take_batch(r, &t, &f);
            else if (f.type == WIRE_DICTIONARY)
                take_dictionary(r, &t, &f);
            else
                assert_int_equal(wire_get_history(&f, &r->arena, &m), ERR_OK);
        }
        assert_true(m.epoch == old);
        assert_int_equal(m.oldest_sequence, held + 1);
        say_history_welcome(r, old, arrived[i], 0);
        t.welcomes = t.acks = true;
        listen(r, &t, 5 * MINUTE_MS); /* the others follow */
        assert_int_equal(r->agent->spool.in_doubt_count, 0);
        lost = uplink_lost_count(&r->agent->uplink) - lost;
        assert_int_equal(lost, arrived[i] > held ? 0 : held - arrived[i]);
        assert_int_equal(r->agent->spool.sample_count, 0);
        rig_close(r);
    }
}

static void refused_history_does_not_stop_live_samples(void **state)
{
    (void)state;
    struct rig *r = rig_open_spooled(10, true, SPOOL_SIZE);
    outage(r, 3 * MINUTE_MS);
    uint32_t refused = 0;
    for (uint32_t i = 0; i < 5; i++) {
        meet(r);
        struct wire_frame f;
        int64_t end = sim_now(r->world) + 30 * NS_PER_S;
        while (sim_now(r->world) < end && r->conn >= 0 && peer_hear(r, &f, 5000)) {
            arena_init(&r->arena, r->scratch, sizeof r->scratch);
            struct wire_batch m;
            if (f.type == WIRE_BATCH && wire_get_batch(&f, &r->arena, &m) == ERR_OK)
                say_ack(r, m.epoch, batch_last(&m));
            if (f.type == WIRE_HISTORY) {
                refused++;
                peer_refuse(r, REFUSE_MALFORMED);
                peer_expect_end(r, 5000);
            }
        }
        if (r->conn >= 0)
            break;
    }
    assert_int_equal(refused, HISTORY_REFUSALS_MAX);
    assert_true(r->conn >= 0); /* the session goes on */
    assert_true(r->agent->spool.sample_count > 100);
    assert_int_equal(uplink_lost_count(&r->agent->uplink), 0);
    rig_close(r);
}

static void a_reload_asks_for_history_again(void **state)
{
    (void)state;
    struct rig *r = rig_open_spooled(15, true, SPOOL_SIZE);
    outage(r, 10 * MINUTE_MS);
    struct taken t = {0};
    for (uint32_t i = 0; i < 3; i++) { /* cut off waiting for room, then with a batch on its way */
        struct wire_hello hello;
        uint8_t frame[200];
        peer_accept(r);
        peer_hello(r, &hello);
        const struct wire_welcome m = {.epoch = hello.epoch, .committed_sequence = t.live,
                                       .dictionary_count = t.live_slots, .ship_interval_ms = 10000};
        peer_say(r, frame, wire_put_welcome(frame, sizeof frame, &m));
        t.welcomes = i > 0;
        t.acks = i > 1;
        t.asked = 0;
        listen(r, &t, i < 2 ? 5000 : MINUTE_MS);
        assert_int_equal(t.asked, 1);
        t.history_epoch = 0;
        t.history_slots = 0; /* nothing of it was kept */
        if (i == 2)
            break;
        uplink_restart(&r->agent->uplink, plat_mono(r->host), 1000);
        (void)plat_wait(r->host, plat_mono(r->host));
        peer_expect_end(r, 5000);
    }
    assert_int_equal(t.ends, 1);
    assert_int_equal(r->agent->spool.sample_count, 0);
    rig_close(r);
}

static void lies_about_history(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        struct rig *r = rig_open_spooled(11 + i, true, SPOOL_SIZE);
        outage(r, 3 * MINUTE_MS);
        struct taken t = {0};
        meet(r);
        listen(r, &t, 5000);
        if (i == 0)
            say_history_welcome(r, t.history_epoch + 1, 0, 0);
        else if (i == 1)
            say_ack(r, t.history_epoch, 1); /* before its welcome */
        else {
            t.welcomes = true;
            say_history_welcome(r, t.history_epoch, 0, 0);
            say_history_welcome(r, t.history_epoch, 0, 0);
        }
        listen(r, &t, 3000);
        assert_int_equal(r->agent->uplink.malformed, 1);
        rig_close(r);
    }
}

static void an_acknowledgement_frees_only_what_was_sent(void **state)
{
    (void)state;
    struct rig *r = rig_open_spooled(14, true, SPOOL_SIZE);
    outage(r, 60 * MINUTE_MS);
    struct taken t = {.welcomes = true};
    meet(r);
    listen(r, &t, 5000);
    uint64_t held = r->agent->spool.sample_count;
    say_ack(r, t.history_epoch, INT64_MAX);
    rig_run(r, 200);
    assert_int_equal(held - r->agent->spool.sample_count, t.history);
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_samples_go_first),
        cmocka_unit_test(a_short_break_writes_nothing),
        cmocka_unit_test(waiting_for_room_is_no_error),
        cmocka_unit_test(one_batch_at_a_time),
        cmocka_unit_test(what_arrived_is_not_sent_again),
        cmocka_unit_test(a_killed_agent_has_what_it_spooled),
        cmocka_unit_test(an_agent_that_is_ended_keeps_all),
        cmocka_unit_test(several_epochs_follow_in_order),
        cmocka_unit_test(in_order_when_the_disk_is_full_of_errors),
        cmocka_unit_test(in_order_before_older_epochs),
        cmocka_unit_test(asks_about_what_is_gone),
        cmocka_unit_test(refused_history_does_not_stop_live_samples),
        cmocka_unit_test(a_reload_asks_for_history_again),
        cmocka_unit_test(lies_about_history),
        cmocka_unit_test(an_acknowledgement_frees_only_what_was_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
