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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
