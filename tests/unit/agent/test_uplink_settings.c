/* SPDX-License-Identifier: MIT */
/* What an aggregator may ask of an agent: hints, the interval between samples, and an answer about its
 * certificate. The peer's every word is written here. */
#include "agent/uplink_receive.c"

#include "tests/unit/agent/taker.h"

static void settings_are_followed_within_bounds(void **state)
{
    (void)state;
    static const struct {
        uint32_t asked_ms, got_ms;
    } cases[] = {{5000, 5000}, {1, INTERVAL_MS_MIN}, {UINT32_MAX, INTERVAL_MS_MAX}, {0, 1000}};
    struct rig *r = rig_open(20, true);
    struct taken t = patient();
    meet(r);
    listen(r, &t, 3000);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t frame[200];
        const struct wire_settings m = {.sample_interval_ms = cases[i].asked_ms};
        peer_say(r, frame, wire_put_settings(frame, sizeof frame, &m));
        listen(r, &t, 2000 + (int64_t)r->agent->interval_ms);
        assert_int_equal(r->agent->interval_ms, cases[i].got_ms);
        uint64_t before = r->agent->builder.next_sequence;
        listen(r, &t, 10 * (int64_t)cases[i].got_ms);
        assert_in_range(r->agent->builder.next_sequence - before, 9, 11);
    }
    rig_close(r);
}

static void a_hint_ships_at_once(void **state)
{
    (void)state;
    struct rig *r = rig_open(21, true);
    struct taken t = patient();
    meet(r);
    listen(r, &t, 22000);
    uint8_t frame[300];
    struct wire_settings m = {.hint_count = 2};
    m.hints[0] = (struct wire_hint){.metric = "uptime", .tag = "", .level = 30};
    m.hints[1] = (struct wire_hint){.metric = "no_such_metric", .tag = "", .level = 0};
    peer_say(r, frame, wire_put_settings(frame, sizeof frame, &m));
    uint64_t batches = 0;
    for (uint32_t i = 0; i < 30; i++) { /* the uptime passes 30 s once, and stays above */
        listen(r, &t, 1000);
        batches = r->agent->uplink.batches;
    }
    assert_int_equal(r->agent->hints.reached, 1);
    assert_in_range(batches, 5, 7); /* one more than the habit */
    rig_close(r);
}

/* A rule that waits for eight seconds gets each of them, and then no more than usual. */
static void a_value_that_stays_is_followed(void **state)
{
    (void)state;
    struct rig *r = rig_open(23, true);
    struct taken t = patient();
    meet(r);
    listen(r, &t, 22000);
    uint8_t frame[300];
    struct wire_settings m = {.hint_count = 1};
    m.hints[0] = (struct wire_hint){.metric = "uptime", .tag = "", .level = 30, .hold_s = 8};
    peer_say(r, frame, wire_put_settings(frame, sizeof frame, &m));
    while (r->agent->hints.reached == 0)
        listen(r, &t, 100);
    uint64_t begin = r->agent->uplink.batches;
    for (uint32_t i = 0; i < 8; i++) {
        listen(r, &t, 1000);
        assert_int_equal(t.live + 1, r->agent->builder.next_sequence); /* nothing waits */
    }
    assert_in_range(r->agent->uplink.batches - begin, 8, 9);
    uint64_t then = r->agent->uplink.batches;
    listen(r, &t, 20000);
    assert_in_range(r->agent->uplink.batches - then, 1, 3);
    assert_int_equal(r->agent->hints.held, 8);
    rig_close(r);
}

/* While nobody listens blocks are as long as they can be, whatever the values do. */
static void nobody_is_told_at_once(void **state)
{
    (void)state;
    struct rig *r = rig_open(24, true);
    struct taken t = patient();
    meet(r);
    listen(r, &t, 22000);
    uint8_t frame[300];
    struct wire_settings m = {.hint_count = 1};
    m.hints[0] = (struct wire_hint){.metric = "uptime", .tag = "", .level = 75, .hold_s = HINT_HOLD_S_MAX};
    peer_say(r, frame, wire_put_settings(frame, sizeof frame, &m));
    listen(r, &t, 2000);
    sim_partition(r->world, r->host, r->hub, sim_now(r->world) + 1000 * NS_PER_S);
    rig_run(r, 40000);
    assert_true(r->agent->uplink.state != UPLINK_SHIPPING);
    assert_int_equal(r->agent->hints.reached, 0);
    uint64_t blocks = r->agent->ring.pushed_blocks, samples = r->agent->builder.next_sequence;
    rig_run(r, 60000);
    assert_int_equal(r->agent->hints.reached, 1);
    assert_in_range(r->agent->hints.held, 30, HINT_HOLD_S_MAX);
    samples = r->agent->builder.next_sequence - samples;
    assert_in_range(samples, 59, 61);
    assert_true(r->agent->ring.pushed_blocks - blocks <= samples / 10);
    rig_close(r);
}

/* --- a new certificate --- */

static void an_old_certificate_is_renewed(void **state)
{
    (void)state;
    struct rig *r = rig_open(22, true);
    struct wire_hello hello;
    int64_t life_ms = credential_expires_ms(r->host) - credential_issued_ms(r->host);
    assert_true(life_ms > 0);
    sim_wall_jump(r->host, life_ms / 100 * 70 * NS_PER_MS);
    peer_accept(r);
    peer_hello(r, &hello);
    peer_welcome(r, 0, 0);
    struct wire_frame f;
    struct wire_renew m;
    uint32_t asked = 0;
    int64_t end = sim_now(r->world) + 40 * NS_PER_S;
    while (sim_now(r->world) < end && peer_hear(r, &f, 5000)) {
        arena_init(&r->arena, r->scratch, sizeof r->scratch);
        struct wire_batch batch;
        if (f.type == WIRE_BATCH && wire_get_batch(&f, &r->arena, &batch) == ERR_OK)
            peer_ack(r, batch_last(&batch));
        if (f.type != WIRE_RENEW)
            continue;
        asked++;
        assert_int_equal(wire_get_renew(&f, &r->arena, &m), ERR_OK);
        uint8_t certificate[CERTIFICATE_SIZE_MAX], frame[CERTIFICATE_SIZE_MAX + 50];
        int size = authority_sign(r->hub, m.request_der.at, m.request_der.size, "web", LIFE_S,
                                  certificate, sizeof certificate);
        assert_true(size > 0);
        const struct wire_renewed answer = {.certificate_der = {certificate, (uint32_t)size}};
        peer_say(r, frame, wire_put_renewed(frame, sizeof frame, &answer));
    }
    assert_int_equal(asked, 1);
    assert_int_equal(r->agent->uplink.renewals, 1);
    assert_int_equal(r->agent->uplink.malformed, 0);
    rig_close(r);
}

/* Welcomes with the hub's time `ahead_ms` on and answers `count` requests for certificates, each with one
 * that lives for a minute: the time of each request, in ms since the Welcome. */
static void renew_by_the_minute(struct rig *r, int64_t ahead_ms, int64_t asked_ms[], uint32_t count)
{
    struct wire_hello hello;
    uint8_t words[CERTIFICATE_SIZE_MAX + 50], certificate[CERTIFICATE_SIZE_MAX];
    peer_accept(r);
    peer_hello(r, &hello);
    sim_wall_jump(r->hub, ahead_ms * NS_PER_MS);
    const struct wire_welcome welcome = {.epoch = hello.epoch, .ship_interval_ms = 10000,
                                         .sent_ms = wall_ms(plat_wall(r->hub))};
    peer_say(r, words, wire_put_welcome(words, sizeof words, &welcome));
    int64_t begin = sim_now(r->world);
    uint32_t asked = 0;
    struct wire_frame f;
    while (asked < count && sim_now(r->world) < begin + 400 * NS_PER_S && peer_hear(r, &f, 15000)) {
        arena_init(&r->arena, r->scratch, sizeof r->scratch);
        struct wire_batch batch;
        struct wire_renew m;
        if (f.type == WIRE_BATCH && wire_get_batch(&f, &r->arena, &batch) == ERR_OK)
            peer_ack(r, batch_last(&batch));
        if (f.type != WIRE_RENEW)
            continue;
        asked_ms[asked++] = (sim_now(r->world) - begin) / NS_PER_MS;
        assert_int_equal(wire_get_renew(&f, &r->arena, &m), ERR_OK);
        int size = authority_sign(r->hub, m.request_der.at, m.request_der.size, "web", 60, certificate,
                                  sizeof certificate);
        assert_true(size > 0);
        const struct wire_renewed answer = {.certificate_der = {certificate, (uint32_t)size}};
        peer_say(r, words, wire_put_renewed(words, sizeof words, &answer));
    }
    assert_int_equal(asked, count);
    assert_int_equal(r->agent->uplink.malformed, 0);
}

/* The agent's clock says nothing about dates of the aggregator: two years behind or ahead change nothing. */
static void the_clock_of_the_aggregator_counts(void **state)
{
    (void)state;
    static const int64_t jumps_days[] = {0, -730, 730};
    for (size_t i = 0; i < COUNT_OF(jumps_days); i++) {
        struct rig *r = rig_open(24, true);
        int64_t asked_ms[4], life_ms = credential_expires_ms(r->host) - credential_issued_ms(r->host);
        sim_wall_jump(r->host, jumps_days[i] * 86400 * NS_PER_S);
        renew_by_the_minute(r, life_ms / 100 * 70, asked_ms, COUNT_OF(asked_ms));
        assert_in_range(asked_ms[0], 0, 2000);
        for (size_t n = 1; n < COUNT_OF(asked_ms); n++) /* two thirds of 66 s, less the lead of six */
            assert_in_range(asked_ms[n] - asked_ms[n - 1], 37000, 41000);
        assert_int_equal(r->agent->uplink.losses, 0);
        rig_close(r);
    }
}

/* Then our own clock has to do: the certificate is old by the aggregator's, and young by ours. */
static void a_strange_clock_is_not_believed(void **state)
{
    (void)state;
    static const int64_t told_ms[] = {INT64_MAX, INT64_MIN, -1, CERTIFICATE_DATE_MS_MAX + 1};
    for (size_t i = 0; i < COUNT_OF(told_ms); i++) {
        struct rig *r = rig_open(25, true);
        struct taken t = patient();
        struct wire_hello hello;
        uint8_t frame[200];
        peer_accept(r);
        peer_hello(r, &hello);
        const struct wire_welcome m = {
            .epoch = hello.epoch, .ship_interval_ms = 10000, .sent_ms = told_ms[i]};
        peer_say(r, frame, wire_put_welcome(frame, sizeof frame, &m));
        listen(r, &t, 60000); /* fails at a Renew */
        assert_int_equal(r->agent->uplink.malformed, 0);
        rig_close(r);
    }
}

static void a_young_certificate_is_left_alone(void **state)
{
    (void)state;
    struct rig *r = rig_open(23, true);
    struct taken t = patient();
    meet(r);
    listen(r, &t, 60000); /* fails at a Renew */
    uint8_t frame[64];
    const struct wire_renewed answer = {.certificate_der = {(const uint8_t *)"x", 1}};
    peer_say(r, frame, wire_put_renewed(frame, sizeof frame, &answer));
    listen(r, &t, 2000);
    assert_int_equal(r->agent->uplink.malformed, 1); /* nobody asked */
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_followed_within_bounds),
        cmocka_unit_test(a_hint_ships_at_once),
        cmocka_unit_test(a_value_that_stays_is_followed),
        cmocka_unit_test(nobody_is_told_at_once),
        cmocka_unit_test(an_old_certificate_is_renewed),
        cmocka_unit_test(the_clock_of_the_aggregator_counts),
        cmocka_unit_test(a_strange_clock_is_not_believed),
        cmocka_unit_test(a_young_certificate_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
