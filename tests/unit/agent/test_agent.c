/* SPDX-License-Identifier: MIT */
/* The agent as a whole: when it samples, and what it counts. */
#include "agent/agent.c"

#include "tests/unit/agent/rig.h"

static void samples_at_one_phase(void **state)
{
    (void)state;
    struct rig *r = rig_open(1, true);
    rig_run(r, 2000);
    int64_t phase = r->agent->sample_at.ns % NS_PER_S;
    uint64_t before = r->agent->builder.next_sequence;
    rig_run(r, 100 * 1000);
    assert_int_equal(r->agent->builder.next_sequence, before + 100);
    assert_int_equal(r->agent->sample_at.ns % NS_PER_S, phase);
    assert_int_equal(r->agent->samples_skipped, 0);
    rig_close(r);
}

static void hosts_sample_at_different_moments(void **state)
{
    (void)state;
    int64_t phases[3];
    for (uint32_t i = 0; i < 3; i++) {
        struct rig *r = rig_open(100 + i, true);
        phases[i] = r->agent->sample_at.ns % NS_PER_S;
        rig_close(r);
    }
    assert_true(phases[0] != phases[1] || phases[1] != phases[2]);
}

static void missed_moments_are_skipped(void **state)
{
    (void)state;
    struct rig *r = rig_open(2, true);
    rig_run(r, 5000);
    uint64_t before = r->agent->builder.next_sequence;
    int64_t phase = r->agent->sample_at.ns % NS_PER_S;
    sim_advance(r->world, 3600 * NS_PER_S + 123); /* the machine slept */
    rig_run(r, 3000);
    assert_in_range(r->agent->builder.next_sequence - before, 3, 4);
    assert_in_range(r->agent->samples_skipped, 3598, 3601);
    assert_int_equal(r->agent->sample_at.ns % NS_PER_S, phase);
    rig_close(r);
}

static void without_certificate_or_token(void **state)
{
    (void)state;
    struct sim_world *w = sim_new(3);
    struct plat *p = sim_machine(w, "web");
    struct settings settings;
    struct config config;
    struct agent *a = calloc(1, sizeof *a);
    config_init(&settings, &config);
    assert_int_equal(agent_init(a, p, &config), ERR_MISSING);
    sim_disk_put(p, "agent.key", "x", 1);
    sim_disk_put(p, "agent.crt", "x", 1);
    sim_disk_put(p, "ca.crt", "x", 1);
    assert_int_equal(agent_init(a, p, &config), ERR_MALFORMED);
    free(a);
    sim_free(w);
}

static void a_restart_is_a_new_epoch(void **state)
{
    (void)state;
    struct rig *r = rig_open(4, true);
    uint64_t epoch = r->agent->uplink.parts.epoch;
    rig_run(r, 5000);
    sim_kill(r->host, SIM_KILL);
    sim_restart(r->host);
    assert_int_equal(agent_init(r->agent, r->host, &r->config), ERR_OK);
    assert_true(r->agent->uplink.parts.epoch != epoch);
    assert_int_equal(r->agent->builder.next_sequence, 1);
    assert_int_equal(r->agent->ring.sample_count, 0);
    rig_close(r);
}

static void two_agents_do_not_share_a_state_directory(void **state)
{
    (void)state;
    struct rig *r = rig_open(6, true);
    sim_disk_lock_held(r->host, true);
    memset(r->agent, 0, sizeof *r->agent);
    assert_int_equal(agent_init(r->agent, r->host, &r->config), ERR_BUSY);
    rig_close(r);
}

static void an_overflowing_ring_is_counted(void **state)
{
    (void)state;
    struct rig *r = rig_open(5, true);
    ring_init(&r->agent->ring, r->agent->ring_bytes, 8000);
    sim_partition(r->world, r->host, r->hub, sim_now(r->world) + 1000 * NS_PER_S);
    rig_run(r, 1000 * 1000);
    const struct ring *ring = &r->agent->ring;
    uint64_t held = ring->sample_count + r->agent->builder.block.count;
    assert_true(ring->lost_count > 500);
    assert_true(held + ring->lost_count == r->agent->builder.next_sequence - 1);
    struct wire_hello hello;
    peer_accept(r);
    peer_hello(r, &hello);
    assert_true(hello.oldest_sequence == ring_oldest_sequence(ring));
    peer_welcome(r, 0, 0);
    peer_dictionary(r);
    struct wire_batch m = peer_batch(r);
    assert_true(m.lost_count > 500 && m.blocks[0].sequence == m.lost_count + 1);
    rig_close(r);
}

static void another_server_and_interval_while_it_runs(void **state)
{
    (void)state;
    struct rig *r = rig_open(6, true);
    struct wire_hello hello;
    peer_meet(r);
    rig_run(r, 5000);
    uint64_t epoch = r->agent->uplink.parts.epoch, held = r->agent->ring.sample_count;
    /* The same settings again change nothing. */
    agent_apply(r->agent, &r->config, plat_mono(r->host));
    assert_int_equal(r->agent->uplink.state, UPLINK_SHIPPING);

    plat_close(r->hub, r->listener);
    r->listener = plat_listen(r->hub, "0.0.0.0:7444", PLAT_TLS);
    text_copy(r->config.server, sizeof r->config.server, "hub:7444");
    r->config.interval_ms = 2000;
    agent_apply(r->agent, &r->config, plat_mono(r->host));
    peer_accept(r);
    peer_hello(r, &hello);
    assert_int_equal(hello.interval_ms, 2000);
    assert_true(hello.epoch == epoch);
    assert_true(r->agent->ring.sample_count >= held && r->agent->ring.lost_count == 0);
    r->config.alert_cpu = 80;
    agent_apply(r->agent, &r->config, plat_mono(r->host));
    assert_int_equal(r->agent->hints.own_count, 1);
    uint64_t before = r->agent->builder.next_sequence;
    rig_run(r, 20000);
    assert_in_range(r->agent->builder.next_sequence - before, 9, 11);
    rig_close(r);
}

/* A metadata service that is silent: samples are taken meanwhile, and the first word waits for it. */
static void the_first_connection_waits_for_the_cloud(void **state)
{
    (void)state;
    struct rig *r = rig_open(6, true);
    sim_text(r->host, "/sys/class/dmi/id/sys_vendor", "Vultr\n");
    text_copy(r->config.metadata_address, sizeof r->config.metadata_address, "hub:80");
    sim_kill(r->host, SIM_KILL);
    sim_restart(r->host);
    assert_true(plat_listen(r->hub, "0.0.0.0:80", PLAT_PLAIN) >= 0);
    int64_t begin = sim_now(r->world);
    assert_int_equal(agent_init(r->agent, r->host, &r->config), ERR_OK);
    rig_run(r, METADATA_MS_MAX - 100);
    assert_true(r->agent->uplink.is_held);
    assert_int_equal(plat_accept(r->hub, r->listener), ERR_AGAIN);
    assert_true(r->agent->builder.next_sequence > 1);
    struct wire_hello hello;
    peer_accept(r);
    peer_hello(r, &hello);
    assert_string_equal(hello.provider, "vultr");
    assert_string_equal(hello.instance_type, "vultr-compute");
    assert_in_range((sim_now(r->world) - begin) / NS_PER_MS, METADATA_MS_MAX, METADATA_MS_MAX + 500);
    rig_close(r);
}

static void the_map_adds_up(void **state)
{
    (void)state;
    static struct memory_map m;
    memory_map_init(&m, NULL, 0);
    agent_memory(&m);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < m.line_count; i++)
        sum += m.lines[i].count * m.lines[i].unit_size;
    assert_int_equal(sum, sizeof(struct agent));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_at_one_phase),
        cmocka_unit_test(hosts_sample_at_different_moments),
        cmocka_unit_test(missed_moments_are_skipped),
        cmocka_unit_test(without_certificate_or_token),
        cmocka_unit_test(a_restart_is_a_new_epoch),
        cmocka_unit_test(two_agents_do_not_share_a_state_directory),
        cmocka_unit_test(an_overflowing_ring_is_counted),
        cmocka_unit_test(another_server_and_interval_while_it_runs),
        cmocka_unit_test(the_first_connection_waits_for_the_cloud),
        cmocka_unit_test(the_map_adds_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
