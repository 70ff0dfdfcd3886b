/* SPDX-License-Identifier: MIT */
/* A day without an aggregator, second by second, with the default spool: 86,400 samples, a kill -9 in the
 * middle, and all of it arrives beside the live samples. The peer is played by the test; that an aggregator
 * stores each sample once is for the simulation. */
#include "agent/agent.c"

#include "tests/unit/agent/rig.h"

#define DAY_S 86400
#define HALF_MS (DAY_S / 2 * INT64_C(1000))

struct half {
    uint64_t epoch, taken;
};

static struct half half_a_day(struct rig *r)
{
    rig_run(r, HALF_MS);
    return (struct half){r->agent->uplink.parts.epoch, r->agent->builder.next_sequence - 1};
}

struct arrival {
    uint64_t epoch, newest;
};

/* What the peer has of the two halves and of the live epoch. */
struct peer {
    struct arrival arrivals[3];
    uint64_t live_batches;
    int64_t first_live_ns, done_ns;
};

static void take_batch(struct rig *r, struct peer *peer, const struct wire_frame *f)
{
    struct wire_batch m;
    uint8_t frame[64];
    uint32_t e = 0;
    assert_int_equal(wire_get_batch(f, &r->arena, &m), ERR_OK);
    assert_int_equal(m.lost_count, 0);
    while (peer->arrivals[e].epoch != m.epoch)
        assert_true(++e < COUNT_OF(peer->arrivals));
    for (uint32_t i = 0; i < m.block_count; i++) { /* none twice, none missing */
        assert_true(m.blocks[i].sequence == peer->arrivals[e].newest + 1);
        peer->arrivals[e].newest += m.blocks[i].count;
    }
    if (e == 2) { /* live: never far behind */
        peer->live_batches++;
        if (peer->first_live_ns == 0)
            peer->first_live_ns = sim_now(r->world);
        assert_true(peer->arrivals[e].newest + BLOCK_SAMPLES_MAX > r->agent->builder.next_sequence);
    }
    const struct wire_ack ack = {.epoch = m.epoch, .sequence = batch_last(&m)};
    peer_say(r, frame, wire_put_ack(frame, sizeof frame, &ack));
}

static void take_history(struct rig *r, struct peer *peer, const struct wire_frame *f)
{
    struct wire_history m;
    uint8_t frame[64];
    assert_int_equal(wire_get_history(f, &r->arena, &m), ERR_OK);
    const struct wire_history_welcome welcome = {.epoch = m.epoch};
    if (m.epoch == 0)
        peer->done_ns = sim_now(r->world);
    else
        peer_say(r, frame, wire_put_history_welcome(frame, sizeof frame, &welcome));
}

static void replay(struct rig *r, struct peer *peer)
{
    struct wire_hello hello;
    struct wire_frame f;
    uint8_t frame[200];
    peer_accept(r);
    peer_hello(r, &hello);
    peer->arrivals[2].epoch = hello.epoch;
    const struct wire_welcome welcome = {.epoch = hello.epoch, .ship_interval_ms = 10000};
    peer_say(r, frame, wire_put_welcome(frame, sizeof frame, &welcome));
    int64_t end = sim_now(r->world) + 3600 * NS_PER_S;
    while (peer->done_ns == 0 && sim_now(r->world) < end && peer_hear(r, &f, 60000)) {
        arena_init(&r->arena, r->scratch, sizeof r->scratch);
        if (f.type == WIRE_HISTORY)
            take_history(r, peer, &f);
        else if (f.type == WIRE_BATCH)
            take_batch(r, peer, &f);
    }
    assert_true(peer->done_ns != 0);
}

static void a_day_of_outage_is_replayed(void **state)
{
    (void)state;
    struct rig *r = rig_open_spooled(1, true, UINT64_C(16) << 20);
    sim_partition(r->world, r->host, r->hub, sim_now(r->world) + DAY_S * NS_PER_S);
    struct half first = half_a_day(r);
    uint64_t written = r->agent->spool.written_bytes;
    assert_int_equal(r->agent->spool.lost_count + r->agent->ring.lost_count, 0);
    sim_kill(r->host, SIM_KILL);
    sim_restart(r->host);
    memset(r->agent, 0, sizeof *r->agent);
    assert_int_equal(agent_init(r->agent, r->host, &r->config), ERR_OK);
    (void)plat_wait(r->host, plat_mono(r->host));
    struct half second = half_a_day(r);
    written += r->agent->spool.written_bytes;
    assert_true(first.taken + second.taken >= DAY_S - 10);
    assert_true(written < UINT64_C(16) << 20);

    struct peer peer = {.arrivals = {{.epoch = first.epoch}, {.epoch = second.epoch}}};
    int64_t start = sim_now(r->world);
    replay(r, &peer);
    assert_true(peer.first_live_ns - start < 32 * NS_PER_S); /* the longest pause between two tries */
    /* The kill took the open block, and nothing else. */
    assert_in_range(first.taken - peer.arrivals[0].newest, 0, BLOCK_SAMPLES_MAX);
    assert_true(peer.arrivals[1].newest >= second.taken);
    assert_int_equal(r->agent->spool.sample_count, 0);
    assert_int_equal(r->agent->spool.lost_count + r->agent->ring.lost_count, 0);
    assert_true(peer.live_batches >= (uint64_t)((peer.done_ns - peer.first_live_ns) / (12 * NS_PER_S)));
    print_message("a day of %u series: %llu KiB written, replayed in %lld s\n", r->agent->series.count,
                  (unsigned long long)(written >> 10), (long long)((peer.done_ns - start) / NS_PER_S));
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_of_outage_is_replayed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
