/* SPDX-License-Identifier: MIT */
/* The simulated network: a byte stream arrives whole and in order or the connection says it failed. */
#include "platform/sim/connection.c"

#include "tests/unit/unit.h"

struct pair {
    struct sim_world *w;
    struct plat *server, *client;
    int listener, there, here;
};

static struct pair connected(uint64_t seed)
{
    struct pair c = {.w = sim_new(seed)};
    c.server = sim_machine(c.w, "server");
    c.client = sim_machine(c.w, "client");
    c.listener = plat_listen(c.server, "0.0.0.0:80", PLAT_PLAIN);
    assert_true(c.listener >= 0);
    c.here = plat_connect(c.client, "server:80", PLAT_PLAIN);
    assert_true(c.here >= 0);
    assert_false(plat_is_open(c.client, c.here));
    sim_advance(c.w, 100 * NS_PER_MS);
    assert_true(sim_due(c.server));
    c.there = plat_accept(c.server, c.listener);
    assert_true(c.there >= 0);
    assert_int_equal(plat_accept(c.server, c.listener), ERR_AGAIN);
    assert_true(plat_is_open(c.client, c.here));
    return c;
}

static void streams_survive_splits_partial_sends_and_spikes(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct pair c = connected(seed);
        struct sim_weather *weather = sim_weather(c.client);
        weather->split_permille = 500;
        weather->partial_permille = 500;
        weather->spike_permille = 100;
        weather->spike_max_ns = NS_PER_S;
        weather->window = 1000;
        static uint8_t sent[20000], got[20000];
        uint64_t r = seed;
        for (size_t i = 0; i < sizeof sent; i++)
            sent[i] = (uint8_t)unit_random(&r);
        uint32_t out = 0, in = 0;
        bool refused = false;
        while (in < sizeof got) {
            int n = out < sizeof sent ? plat_send(c.client, c.here, sent + out, sizeof sent - out) : 0;
            refused |= n == ERR_AGAIN;
            if (n > 0)
                out += (uint32_t)n;
            n = plat_recv(c.server, c.there, got + in, 700);
            if (n > 0)
                in += (uint32_t)n;
            else
                assert_int_equal(n, ERR_AGAIN);
            sim_advance(c.w, NS_PER_MS);
        }
        assert_true(refused);
        assert_memory_equal(sent, got, sizeof got);
        sim_free(c.w);
    }
}

static void closing_lets_the_peer_read_what_was_sent(void **state)
{
    (void)state;
    struct pair c = connected(1);
    char buf[8];
    assert_int_equal(plat_send(c.client, c.here, "last", 4), 4);
    plat_close(c.client, c.here);
    sim_advance(c.w, NS_PER_S);
    assert_int_equal(plat_recv(c.server, c.there, buf, sizeof buf), 4);
    assert_int_equal(plat_recv(c.server, c.there, buf, sizeof buf), ERR_CLOSED);
    plat_close(c.server, c.there);
    sim_free(c.w);
}

static void readiness_is_repeated_until_read_dry(void **state)
{
    (void)state;
    struct pair c = connected(2);
    char byte;
    plat_wait(c.server, MONO_NEVER);
    while (plat_next_ready(c.server) >= 0)
        ;
    assert_int_equal(plat_send(c.client, c.here, "ab", 2), 2);
    sim_advance(c.w, NS_PER_S);
    for (int i = 0; i < 2; i++) {
        plat_wait(c.server, MONO_NEVER);
        assert_int_equal(plat_next_ready(c.server), c.there);
        assert_int_equal(plat_next_ready(c.server), ERR_AGAIN);
        assert_int_equal(plat_recv(c.server, c.there, &byte, 1), 1);
    }
    plat_wait(c.server, MONO_NEVER);
    assert_int_equal(plat_next_ready(c.server), ERR_AGAIN);

    assert_int_equal(plat_send(c.client, c.here, "c", 1), 1);
    sim_advance(c.w, NS_PER_S);
    plat_pause(c.server, c.there, true);
    assert_false(sim_ready(c.server));
    plat_pause(c.server, c.there, false);
    assert_true(sim_ready(c.server));
    sim_free(c.w);
}

static void a_partition_holds_bytes_and_heals(void **state)
{
    (void)state;
    struct pair c = connected(3);
    char buf[8];
    assert_int_equal(plat_send(c.client, c.here, "x", 1), 1);
    sim_partition(c.w, c.client, NULL, sim_now(c.w) + 60 * NS_PER_S);
    assert_int_equal(plat_send(c.client, c.here, "y", 1), 1);
    sim_advance(c.w, 59 * NS_PER_S);
    assert_int_equal(plat_recv(c.server, c.there, buf, sizeof buf), ERR_AGAIN);
    assert_true(sim_next_event(c.w) >= 60 * NS_PER_S);
    sim_advance(c.w, 2 * NS_PER_S);
    assert_int_equal(plat_recv(c.server, c.there, buf, sizeof buf), 2);
    assert_memory_equal(buf, "xy", 2);
    sim_free(c.w);
}

static void killed_peers_are_heard_of(void **state)
{
    (void)state;
    struct pair c = connected(4);
    char buf[8];
    sim_kill(c.server, SIM_KILL);
    assert_int_equal(plat_send(c.server, c.there, "z", 1), ERR_CLOSED);
    sim_advance(c.w, NS_PER_S);
    assert_true(sim_ready(c.client));
    assert_int_equal(plat_recv(c.client, c.here, buf, sizeof buf), ERR_CLOSED);
    plat_close(c.client, c.here);

    int refused = plat_connect(c.client, "server:80", PLAT_PLAIN);
    sim_advance(c.w, NS_PER_S);
    assert_int_equal(plat_recv(c.client, refused, buf, 1), ERR_CLOSED);
    assert_non_null(strstr(plat_why(c.client, refused), "refused"));
    plat_close(c.client, refused);
    sim_free(c.w);
}

static void a_power_cut_is_silent_until_the_machine_returns(void **state)
{
    (void)state;
    struct pair c = connected(5);
    char byte;
    sim_kill(c.server, SIM_POWER_CUT);
    assert_int_equal(plat_send(c.client, c.here, "q", 1), 1);
    sim_advance(c.w, 300 * NS_PER_S);
    assert_false(sim_ready(c.client) && plat_recv(c.client, c.here, &byte, 1) == ERR_CLOSED);
    int late = plat_connect(c.client, "server:80", PLAT_PLAIN);
    sim_advance(c.w, 60 * NS_PER_S);
    assert_non_null(strstr(plat_why(c.client, late), "timed out"));
    sim_restart(c.server);
    assert_int_equal(sim_boot(c.server), 1);
    sim_advance(c.w, 60 * NS_PER_S);
    assert_int_equal(plat_recv(c.client, c.here, &byte, 1), ERR_CLOSED);
    sim_free(c.w);
}

static void bad_addresses_are_refused(void **state)
{
    (void)state;
    struct pair c = connected(6);
    assert_int_equal(plat_connect(c.client, "server", PLAT_PLAIN), ERR_MALFORMED);
    assert_int_equal(plat_listen(c.server, "[::]:80", PLAT_PLAIN), ERR_BUSY);
    int nobody = plat_connect(c.client, "elsewhere:80", PLAT_PLAIN);
    sim_advance(c.w, NS_PER_S);
    assert_non_null(strstr(plat_why(c.client, nobody), "elsewhere"));
    assert_int_equal(plat_connect(c.client, "server:80", PLAT_TLS), ERR_DENIED);
    sim_free(c.w);
}

static void datagrams_wait_whole_and_in_order(void **state)
{
    (void)state;
    struct sim_world *w = sim_new(1);
    struct plat *p = sim_machine(w, "m");
    char buf[8];
    assert_false(sim_datagram(p, 8125, "a:1|c", 5));
    int socket = plat_udp_listen(p, "127.0.0.1:8125");
    assert_true(socket >= 0);
    assert_int_equal(plat_udp_listen(p, "127.0.0.1:8125"), ERR_BUSY);
    assert_int_equal(plat_udp_listen(p, "8125"), ERR_MALFORMED);
    assert_true(plat_listen(p, "127.0.0.1:8125", PLAT_PLAIN) >= 0); /* streams have their own ports */
    assert_int_equal(plat_udp_receive(p, socket, buf, sizeof buf), ERR_AGAIN);
    assert_false(sim_ready(p));
    assert_true(sim_datagram(p, 8125, "a:1|c", 5));
    assert_true(sim_datagram(p, 8125, "longer:1|c", 10));
    assert_true(sim_ready(p));
    plat_wait(p, MONO_NEVER);
    assert_int_equal(plat_next_ready(p), socket);
    assert_int_equal(plat_udp_receive(p, socket, buf, sizeof buf), 5);
    assert_memory_equal(buf, "a:1|c", 5);
    assert_int_equal(plat_udp_receive(p, socket, buf, sizeof buf), 8);
    assert_memory_equal(buf, "longer:1", 8);
    assert_false(sim_ready(p));
    uint32_t lost = 0;
    while (sim_datagram(p, 8125, buf, sizeof buf))
        lost++;
    assert_int_equal(lost, MAILBOX_SIZE / 10);
    plat_close(p, socket);
    assert_false(sim_datagram(p, 8125, "a:1|c", 5));
    assert_true(plat_udp_listen(p, "127.0.0.1:8125") >= 0);
    sim_kill(p, SIM_KILL);
    sim_free(w);
}

static void signals_and_clocks_are_what_the_world_says(void **state)
{
    (void)state;
    struct sim_world *w = sim_new(1);
    struct plat *p = sim_machine(w, "m");
    struct plat_clock clock;
    struct plat_self self;
    plat_wait(p, MONO_NEVER);
    assert_false(sim_due(p));
    sim_signal(p, PLAT_SIGNAL_RELOAD);
    sim_signal(p, PLAT_SIGNAL_FLUSH);
    assert_true(sim_due(p));
    assert_int_equal(plat_signals(p), PLAT_SIGNAL_RELOAD | PLAT_SIGNAL_FLUSH);
    assert_int_equal(plat_signals(p), 0);
    assert_int_equal(plat_clock(p, &clock), ERR_OK);
    assert_true(clock.is_synchronized && clock.error_us == 1000);
    sim_clock(p, &(struct plat_clock){.offset_us = -7});
    assert_int_equal(plat_clock(p, &clock), ERR_OK);
    assert_true(!clock.is_synchronized && clock.offset_us == -7);
    sim_suspended(p, 5000);
    assert_int_equal(plat_suspended_ms(p), 5000);
    sim_advance(w, 2 * NS_PER_S);
    plat_self(p, &self);
    assert_true(self.cpu_ns == NS_PER_MS && self.rss_bytes == SIM_SELF_RSS);
    sim_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_survive_splits_partial_sends_and_spikes),
        cmocka_unit_test(closing_lets_the_peer_read_what_was_sent),
        cmocka_unit_test(readiness_is_repeated_until_read_dry),
        cmocka_unit_test(a_partition_holds_bytes_and_heals),
        cmocka_unit_test(killed_peers_are_heard_of),
        cmocka_unit_test(a_power_cut_is_silent_until_the_machine_returns),
        cmocka_unit_test(bad_addresses_are_refused),
        cmocka_unit_test(datagrams_wait_whole_and_in_order),
        cmocka_unit_test(signals_and_clocks_are_what_the_world_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
