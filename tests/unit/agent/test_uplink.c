/* SPDX-License-Identifier: MIT */
/* The uplink and its peer, word by word: joining, greeting, shipping, losing and finding again, and peers
 * that lie or fall silent. */
#include "agent/uplink.c"

#include "tests/unit/agent/rig.h"

static void greets_then_tells_slots_then_ships(void **state)
{
    (void)state;
    struct rig *r = rig_open(1, true);
    struct wire_hello hello;
    peer_accept(r);
    peer_hello(r, &hello);
    assert_string_equal(hello.instance_id, "web");
    assert_string_equal(hello.name, "web");
    assert_true(hello.epoch != 0 && hello.epoch == r->agent->uplink.parts.epoch);
    assert_int_equal(hello.protocol, WIRE_PROTOCOL);
    assert_int_equal(hello.interval_ms, 1000);
    assert_int_equal(hello.cpu_count, 2);
    assert_in_range(hello.next_sequence, 1, 2);
    peer_welcome(r, 0, 0);
    struct wire_frame f = peer_expect(r, WIRE_DICTIONARY);
    struct wire_dictionary d;
    assert_int_equal(wire_get_dictionary(&f, &r->arena, &d), ERR_OK);
    assert_int_equal(d.first_slot, 0);
    assert_int_equal(d.count, DICTIONARY_SERIES_MAX); /* the rest comes in the next message */
    assert_string_equal(d.series[0].metric, "cpu_seconds"); /* no share of time before time has passed */
    assert_string_equal(d.series[0].tag, "mode=user");
    uint64_t next = 1;
    for (uint32_t i = 0; i < 5; i++) {
        struct wire_batch m = peer_batch(r);
        assert_int_equal(m.lost_count, 0);
        for (uint32_t b = 0; b < m.block_count; b++) {
            assert_true(m.blocks[b].sequence == next);
            next += m.blocks[b].count;
        }
        peer_ack(r, next - 1);
        rig_run(r, 100);
        assert_int_equal(r->agent->ring.block_count, 0);
    }
    assert_in_range(next, 40, 52); /* ten samples a batch, after the first */
    assert_int_equal(r->agent->uplink.malformed, 0);
    rig_close(r);
}

static void joins_with_a_token(void **state)
{
    (void)state;
    struct rig *r = rig_open(2, false);
    peer_accept(r);
    struct wire_frame f = peer_expect(r, WIRE_ENROLL_REQUEST);
    struct wire_enroll_request m;
    assert_int_equal(wire_get_enroll_request(&f, &r->arena, &m), ERR_OK);
    assert_string_equal(m.token, r->config.token);
    assert_string_equal(m.instance_id, "web");
    uint8_t certificate[CERTIFICATE_SIZE_MAX], ca[CERTIFICATE_SIZE_MAX], frame[WIRE_REPLY_MAX];
    int size = authority_sign(r->hub, m.request_der.at, m.request_der.size, "web-7", LIFE_S, certificate,
                              sizeof certificate);
    int ca_size = authority_certificate(r->hub, ca, sizeof ca);
    const struct wire_enroll_reply reply = {.instance_id = "web-7",
                                            .certificate_der = {certificate, (uint32_t)size},
                                            .ca_der = {ca, (uint32_t)ca_size}};
    peer_say(r, frame, wire_put_enroll_reply(frame, sizeof frame, &reply));
    peer_expect_end(r, 5000);
    peer_accept(r); /* comes back with its certificate */
    char id[64];
    assert_int_equal(plat_peer_identity(r->hub, r->conn, id, sizeof id), 5);
    assert_string_equal(id, "web-7");
    struct wire_hello hello;
    peer_hello(r, &hello);
    assert_string_equal(hello.instance_id, "web-7");
    int64_t kept_size;
    assert_non_null(sim_disk_file(r->host, "agent.id", &kept_size));
    assert_int_equal(kept_size, 5);
    rig_close(r);
}

/* Key and id of the next EnrollRequest; the connection is left without an answer. */
static void miss_a_request(struct rig *r, uint8_t key[static HASH_SIZE], char id[static INSTANCE_ID_SIZE])
{
    peer_accept(r);
    struct wire_frame f = peer_expect(r, WIRE_ENROLL_REQUEST);
    struct wire_enroll_request m;
    assert_int_equal(wire_get_enroll_request(&f, &r->arena, &m), ERR_OK);
    assert_int_equal(authority_request_key(r->hub, m.request_der.at, m.request_der.size, key), ERR_OK);
    text_copy(id, INSTANCE_ID_SIZE, m.instance_id);
    int64_t size;
    assert_non_null(sim_disk_file(r->host, "agent.key", &size));
    assert_non_null(sim_disk_file(r->host, "agent.id", &size)); /* it may have been drawn by chance */
    peer_close(r);
}

static void an_unanswered_request_is_repeated(void **state)
{
    (void)state;
    struct rig *r = rig_open(24, false);
    uint8_t key[HASH_SIZE], again[HASH_SIZE];
    char id[INSTANCE_ID_SIZE], id_again[INSTANCE_ID_SIZE];
    for (uint32_t i = 0; i < 6; i++) {
        if (i % 2 == 0) { /* also across a power cut */
            sim_kill(r->host, SIM_POWER_CUT);
            sim_restart(r->host);
            memset(r->agent, 0, sizeof *r->agent);
            assert_int_equal(agent_init(r->agent, r->host, &r->config), ERR_OK);
            (void)plat_wait(r->host, plat_mono(r->host));
        }
        miss_a_request(r, i == 0 ? key : again, i == 0 ? id : id_again);
        if (i > 0) {
            assert_memory_equal(key, again, HASH_SIZE);
            assert_string_equal(id, id_again);
        }
    }
    assert_false(agent_has_failed(r->agent));
    rig_close(r);
}

static void a_refused_token_is_final(void **state)
{
    (void)state;
    struct rig *r = rig_open(3, false);
    peer_accept(r);
    (void)peer_expect(r, WIRE_ENROLL_REQUEST);
    peer_refuse(r, REFUSE_TOKEN);
    peer_expect_end(r, 5000);
    assert_true(agent_has_failed(r->agent));
    assert_true(agent_is_done(r->agent, plat_mono(r->host)));
    rig_run(r, 120000);
    assert_int_equal(plat_accept(r->hub, r->listener), ERR_AGAIN); /* never asks again */
    rig_close(r);
}

static void a_full_aggregator_is_asked_again(void **state)
{
    (void)state;
    struct rig *r = rig_open(4, false);
    for (uint32_t i = 0; i < 5; i++) {
        peer_accept(r);
        (void)peer_expect(r, WIRE_ENROLL_REQUEST);
        peer_refuse(r, REFUSE_CAPACITY);
        peer_expect_end(r, 5000);
    }
    assert_false(agent_has_failed(r->agent));
    assert_int_equal(r->refused, 1); /* said once */
    rig_close(r);
}

static void sends_again_what_was_not_acknowledged(void **state)
{
    (void)state;
    struct rig *r = rig_open(5, true);
    peer_meet(r);
    peer_dictionary(r);
    struct wire_batch m = peer_batch(r);
    uint64_t first_end = batch_last(&m);
    m = peer_batch(r);
    uint64_t second_end = batch_last(&m);
    peer_close(r); /* both were received, the first is durable, nothing was acknowledged */
    struct wire_hello hello;
    peer_accept(r);
    peer_hello(r, &hello);
    assert_int_equal(hello.oldest_sequence, 1);
    peer_welcome(r, first_end, r->agent->series.count); /* slots are known already */
    m = peer_batch(r);
    assert_true(m.blocks[0].sequence == first_end + 1);
    assert_true(batch_last(&m) >= second_end);
    assert_int_equal(r->cannot_reach, 1);
    assert_int_equal(r->connected_again, 1);
    rig_close(r);
}

static void an_older_connection_may_be_acknowledged_late(void **state)
{
    (void)state;
    struct rig *r = rig_open(6, true);
    peer_meet(r);
    peer_dictionary(r);
    struct wire_batch m = peer_batch(r);
    uint64_t end = batch_last(&m);
    peer_close(r);
    struct wire_hello hello;
    peer_accept(r);
    peer_hello(r, &hello);
    peer_welcome(r, 0, r->agent->series.count);
    peer_ack(r, end); /* was being written when the Welcome left */
    rig_run(r, 1000);
    assert_int_equal(r->agent->uplink.malformed, 0);
    assert_true(ring_oldest_sequence(&r->agent->ring) == 0 ||
                ring_oldest_sequence(&r->agent->ring) > end);
    rig_close(r);
}

static void says_once_that_nobody_is_there(void **state)
{
    (void)state;
    struct rig *r = rig_open(7, true);
    plat_close(r->hub, r->listener);
    rig_run(r, 600 * 1000);
    assert_int_equal(r->cannot_reach, 1);
    assert_in_range(r->agent->uplink.losses, 600 / 31, 600 / 14 + 8);
    assert_true(r->agent->builder.next_sequence > 590);
    assert_int_equal(r->agent->ring.lost_count, 0); /* ten minutes of a machine that never rests fit */
    r->listener = plat_listen(r->hub, "0.0.0.0:7443", PLAT_TLS);
    peer_meet(r);
    peer_dictionary(r);
    uint64_t next = 1;
    while (next < 590) { /* all of it, oldest first */
        struct wire_batch m = peer_batch(r);
        assert_true(m.blocks[0].sequence == next);
        next = batch_last(&m) + 1;
        peer_ack(r, next - 1);
    }
    assert_int_equal(r->connected_again, 1);
    rig_close(r);
}

static void a_silent_peer_is_left(void **state)
{
    (void)state;
    struct rig *r = rig_open(8, true);
    peer_accept(r); /* and no Welcome */
    peer_expect_end(r, ANSWER_MS_MAX + 5000);
    peer_meet(r); /* and no acknowledgement */
    int64_t start = sim_now(r->world);
    peer_expect_end(r, 60000);
    assert_in_range(sim_now(r->world) - start, ANSWER_MS_MAX * NS_PER_MS,
                    (ANSWER_MS_MAX + 15000) * NS_PER_MS);
    assert_int_equal(r->agent->uplink.malformed, 0);
    rig_close(r);
}

static void the_window_is_bounded(void **state)
{
    (void)state;
    struct rig *r = rig_open(9, true);
    sim_partition(r->world, r->host, r->hub, sim_now(r->world) + 3600 * NS_PER_S);
    rig_run(r, 3600 * 1000 + 100);
    peer_meet(r);
    peer_dictionary(r);
    uint64_t bytes = 0;
    struct wire_frame f;
    while (peer_hear(r, &f, 5000))
        bytes += f.size;
    assert_true(r->conn >= 0);
    assert_in_range(bytes, WINDOW_SIZE / 2, WINDOW_SIZE + TRANSMIT_SIZE);
    rig_close(r);
}

static void pace_is_followed_within_bounds(void **state)
{
    (void)state;
    static const struct {
        uint32_t asked_ms, ship_ms;
    } cases[] = {{1000, 1000}, {5000, 5000}, {0, 1000}, {UINT32_MAX, 60000}, {30000, 30000}};
    struct rig *r = rig_open(10, true);
    peer_meet(r);
    peer_dictionary(r);
    struct wire_batch m;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t frame[32];
        const struct wire_pace pace_message = {.ship_interval_ms = cases[i].asked_ms};
        peer_say(r, frame, wire_put_pace(frame, sizeof frame, &pace_message));
        rig_run(r, 100);
        assert_int_equal(r->agent->uplink.ship_interval_ms, cases[i].ship_ms);
        for (uint32_t b = 0; b < 4; b++) { /* the first ones are under the pace before */
            m = peer_batch(r);
            peer_ack(r, batch_last(&m));
        }
        uint32_t expected = cases[i].ship_ms / 1000;
        assert_int_equal(m.blocks[m.block_count - 1].count,
                         expected < BLOCK_SAMPLES_MAX ? expected
                                                      : m.blocks[m.block_count - 1].count);
    }
    rig_close(r);
}

/* --- lies --- */

static void expect_distrust(struct rig *r)
{
    peer_expect_end(r, 3000);
    assert_int_equal(r->agent->uplink.malformed, 1);
    rig_close(r);
}

static void acknowledging_the_future(void **state)
{
    (void)state;
    struct rig *r = rig_open(11, true);
    peer_meet(r);
    peer_dictionary(r);
    struct wire_batch m = peer_batch(r);
    peer_ack(r, batch_last(&m) + 1);
    expect_distrust(r);
}

static void acknowledging_another_epoch(void **state)
{
    (void)state;
    struct rig *r = rig_open(12, true);
    peer_meet(r);
    peer_dictionary(r);
    (void)peer_batch(r);
    uint8_t frame[64];
    const struct wire_ack m = {.epoch = r->agent->uplink.parts.epoch + 1, .sequence = 1};
    peer_say(r, frame, wire_put_ack(frame, sizeof frame, &m));
    expect_distrust(r);
}

static void welcoming_what_was_never_sent(void **state)
{
    (void)state;
    struct rig *r = rig_open(13, true);
    struct wire_hello hello;
    peer_accept(r);
    peer_hello(r, &hello);
    peer_welcome(r, 1, 0);
    expect_distrust(r);
    r = rig_open(14, true);
    peer_accept(r);
    peer_hello(r, &hello);
    peer_welcome(r, 0, SLOTS_MAX);
    expect_distrust(r);
}

static void messages_in_the_wrong_place(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        struct rig *r = rig_open(15 + i, true);
        struct wire_hello hello;
        uint8_t frame[200];
        peer_accept(r);
        peer_hello(r, &hello);
        const struct wire_enroll_reply reply = {.instance_id = "x"};
        const struct wire_pace pace_message = {.ship_interval_ms = 1000};
        switch (i) {
        case 0: peer_ack(r, 0); break;
        case 1: peer_say(r, frame, wire_put_pace(frame, sizeof frame, &pace_message)); break;
        case 2: peer_say(r, frame, wire_put_enroll_reply(frame, sizeof frame, &reply)); break;
        default: /* a second Welcome */
            peer_welcome(r, 0, 0);
            peer_welcome(r, 0, 0);
        }
        expect_distrust(r);
    }
}

static void bytes_without_sense(void **state)
{
    (void)state;
    static const uint8_t unknown[] = {99, 1, 0, 0, 0};
    static const uint8_t broken[] = {WIRE_WELCOME, 2, 0, 0, 0xff, 0xff};
    static const uint8_t endless[] = {WIRE_WELCOME, 0xff, 0xff, 0xff};
    for (uint32_t i = 0; i < 4; i++) {
        struct rig *r = rig_open(20 + i, true);
        struct wire_hello hello;
        peer_accept(r);
        peer_hello(r, &hello);
        if (i == 0)
            peer_say(r, unknown, sizeof unknown);
        else if (i == 1)
            peer_say(r, broken, sizeof broken);
        else if (i == 2)
            peer_say(r, endless, sizeof endless);
        else { /* a length that is allowed, but not towards an agent */
            static uint8_t large[RECEIVE_SIZE + 100] = {WIRE_REFUSE, 0, 0x20, 0};
            peer_say(r, large, sizeof large);
        }
        expect_distrust(r);
    }
}

static void a_bad_answer_to_joining(void **state)
{
    (void)state;
    struct rig *r = rig_open(30, false);
    peer_accept(r);
    (void)peer_expect(r, WIRE_ENROLL_REQUEST);
    uint8_t frame[400];
    const struct wire_enroll_reply reply = {.instance_id = "web",
                                            .certificate_der = {(const uint8_t *)"abc", 3},
                                            .ca_der = {(const uint8_t *)"def", 3}};
    peer_say(r, frame, wire_put_enroll_reply(frame, sizeof frame, &reply));
    expect_distrust(r);
}

/* --- the end --- */

static void ends_after_the_last_acknowledgement(void **state)
{
    (void)state;
    struct rig *r = rig_open(40, true);
    peer_meet(r);
    peer_dictionary(r);
    struct wire_batch m = peer_batch(r);
    peer_ack(r, batch_last(&m));
    rig_run(r, 4500);
    agent_end(r->agent, plat_mono(r->host));
    assert_false(agent_is_done(r->agent, plat_mono(r->host)));
    m = peer_batch(r);
    assert_true(batch_last(&m) + 1 == r->agent->builder.next_sequence);
    peer_ack(r, batch_last(&m));
    rig_run(r, 300);
    assert_true(agent_is_done(r->agent, plat_mono(r->host)));
    agent_close(r->agent);
    rig_close(r);
}

static void ends_in_time_without_one(void **state)
{
    (void)state;
    struct rig *r = rig_open(41, true);
    peer_meet(r);
    peer_dictionary(r);
    rig_run(r, 2500);
    agent_end(r->agent, plat_mono(r->host));
    rig_run(r, GOODBYE_MS_MAX - 100);
    assert_false(agent_is_done(r->agent, plat_mono(r->host)));
    rig_run(r, 200);
    assert_true(agent_is_done(r->agent, plat_mono(r->host)));
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greets_then_tells_slots_then_ships),
        cmocka_unit_test(joins_with_a_token),
        cmocka_unit_test(an_unanswered_request_is_repeated),
        cmocka_unit_test(a_refused_token_is_final),
        cmocka_unit_test(a_full_aggregator_is_asked_again),
        cmocka_unit_test(sends_again_what_was_not_acknowledged),
        cmocka_unit_test(an_older_connection_may_be_acknowledged_late),
        cmocka_unit_test(says_once_that_nobody_is_there),
        cmocka_unit_test(a_silent_peer_is_left),
        cmocka_unit_test(the_window_is_bounded),
        cmocka_unit_test(pace_is_followed_within_bounds),
        cmocka_unit_test(acknowledging_the_future),
        cmocka_unit_test(acknowledging_another_epoch),
        cmocka_unit_test(welcoming_what_was_never_sent),
        cmocka_unit_test(messages_in_the_wrong_place),
        cmocka_unit_test(bytes_without_sense),
        cmocka_unit_test(a_bad_answer_to_joining),
        cmocka_unit_test(ends_after_the_last_acknowledgement),
        cmocka_unit_test(ends_in_time_without_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
