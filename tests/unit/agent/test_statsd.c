/* SPDX-License-Identifier: MIT */
/* What an application tells by StatsD, as it stands in the samples. */
#include "agent/inputs/statsd.c"

#include <stdio.h>

#include "tests/unit/agent/inputs_rig.h"

static struct statsd s;

static int set_up(void **state)
{
    (void)state;
    inputs_rig_open();
    statsd_init(&s, p, &series, scratch, "127.0.0.1:8125");
    assert_true(s.socket >= 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    statsd_close(&s);
    inputs_rig_close();
    return 0;
}

static void tell(const char *text)
{
    statsd_datagram(&s, text, (uint32_t)strlen(text), plat_mono(p));
}

static void take(int64_t after_ms)
{
    sim_advance(world, after_ms * NS_PER_MS);
    sample_clear(&sample, 0);
    statsd_take(&s, &sample, plat_mono(p));
}

/* The value in the sample in thousandths; -1 when there is none. */
static int64_t value_of_series(const char *metric, const char *tag)
{
    uint32_t scale;
    int64_t value = inputs_rig_value(metric, tag, &scale);
    return value < 0 ? value : value * (CUSTOM_SCALE / (int64_t)scale);
}

static void counters_add_up_from_nothing(void **state)
{
    (void)state;
    tell("orders:1|c\norders:2|c|@0.5\n\norders:1:1|c|#shop:b\r\n");
    take(1000);
    assert_int_equal(value_of_series("orders", ""), 0); /* what it was before */
    take(1000);
    assert_int_equal(value_of_series("orders", ""), 5000);
    assert_int_equal(value_of_series("orders", "shop=b"), 2000);
    tell("orders:1|c");
    take(1000);
    assert_int_equal(value_of_series("orders", ""), 6000);
    assert_int_equal(value_of_series("statsd_datagrams", ""), 2000);
    assert_int_equal(value_of_series("statsd_bad_lines", ""), 0);
}

static void gauges_are_set_and_moved_and_get_stale(void **state)
{
    (void)state;
    tell("users:10|g\nusers:+5|g\nusers:-1|g\ntemp:-1|g");
    take(1000);
    assert_int_equal(value_of_series("users", ""), 14000);
    take(STATSD_STALE_MS - 20000);
    assert_int_equal(value_of_series("users", ""), 14000);
    take(20000);
    assert_int_equal(value_of_series("users", ""), -1);
    tell("users:+1|g");
    take(1000);
    assert_int_equal(value_of_series("users", ""), 15000);
}

static void timers_are_summed_up_by_window(void **state)
{
    (void)state;
    take(1); /* nothing is told, nothing stands there */
    for (uint32_t i = 1; i <= 100; i++) {
        char line[32];
        snprintf(line, sizeof line, "reply:%u|ms|#path:/", i);
        tell(line);
    }
    take(STATSD_WINDOW_MS);
    assert_int_equal(value_of_series("reply", "path=/"), 50500);
    assert_int_equal(value_of_series("reply.min", "path=/"), 1000);
    assert_int_equal(value_of_series("reply.max", "path=/"), 100000);
    assert_in_range(value_of_series("reply.p50", "path=/"), 48400, 51600);
    assert_in_range(value_of_series("reply.p95", "path=/"), 92000, 98000);
    assert_in_range(value_of_series("reply.p99", "path=/"), 95900, 100000);
    tell("reply:7|ms|@0.1|#path:/");
    take(1000); /* the window before stands until this one ends */
    assert_int_equal(value_of_series("reply", "path=/"), 50500);
    assert_int_equal(value_of_series("reply.count", "path=/"), 110000);
    take(STATSD_WINDOW_MS);
    assert_int_equal(value_of_series("reply", "path=/"), 7000);
    take(STATSD_WINDOW_MS);
    assert_int_equal(value_of_series("reply", "path=/"), -1); /* nobody asked */
    assert_int_equal(value_of_series("reply.count", "path=/"), 110000);
}

static void sets_count_what_is_different(void **state)
{
    (void)state;
    tell("visitors:ann|s\nvisitors:bob|s\nvisitors:ann|s");
    take(STATSD_WINDOW_MS);
    assert_int_equal(value_of_series("visitors", ""), 2000);
    take(STATSD_WINDOW_MS);
    assert_int_equal(value_of_series("visitors", ""), 0);
}

static void one_bad_line_does_not_spoil_its_neighbours(void **state)
{
    (void)state;
    tell("a:1|g\nnonsense\n_e{1,1}:a|b\nb:NaN|g\nc:3|g");
    take(1000);
    assert_int_equal(value_of_series("a", ""), 1000);
    assert_int_equal(value_of_series("c", ""), 3000);
    assert_int_equal(value_of_series("statsd_bad_lines", ""), 2000);
    assert_int_equal(s.skipped, 1);
    assert_int_equal(warnings, 0);
}

static void names_of_the_agent_are_refused(void **state)
{
    (void)state;
    tell("cpu_usage:1|g\ncpu_usage:1|g|#a:b\na:1|g\na:1|c\na:1|ms");
    take(1000);
    assert_int_equal(value_of_series("cpu_usage", ""), -1);
    assert_int_equal(value_of_series("a", ""), 1000);
    assert_int_equal(value_of_series("statsd_refused", ""), 4000);
    assert_int_equal(warnings, 1);
}

static void metrics_of_web_applications(void **state)
{
    (void)state;
    tell("active_users:42|g\nrequest_rate:1|c\nerror_rate:1|c\nresponse_time_ms:12.5|ms\n"
         "traffic_sources:1|c|#source:search");
    take(STATSD_WINDOW_MS);
    take(1000);
    assert_int_equal(value_of_series("active_users", ""), 42000);
    assert_int_equal(value_of_series("request_rate", ""), 1000);
    assert_int_equal(value_of_series("error_rate", ""), 1000);
    assert_int_equal(value_of_series("response_time_ms", ""), 12500);
    assert_int_equal(value_of_series("traffic_sources", "source=search"), 1000);
    assert_int_equal(s.refused, 0);
}

static void full_tables_refuse_newcomers_only(void **state)
{
    (void)state;
    char line[64];
    for (uint32_t i = 0; i < 2 * STATSD_TIMERS_MAX; i++) {
        snprintf(line, sizeof line, "t%u:1|ms", i);
        tell(line);
    }
    assert_int_equal(s.timer_count, STATSD_TIMERS_MAX);
    for (uint32_t i = 0; i < 2 * STATSD_ENTRIES_MAX; i++) {
        snprintf(line, sizeof line, "c%u:1|c", i);
        tell(line);
    }
    uint64_t refused = s.refused;
    assert_true(refused >= STATSD_TIMERS_MAX + STATSD_ENTRIES_MAX);
    tell("t0:1|ms\nc0:1|c");
    assert_int_equal(s.refused, refused);
    memset(line, 'x', sizeof line);
    memcpy(line + 44, ":1|ms", 6); /* no room for ".count" */
    tell(line);
    assert_int_equal(s.refused, refused + 1);
    assert_int_equal(warnings, 1);
}

static void a_taken_port_is_said_once(void **state)
{
    (void)state;
    static struct statsd second;
    statsd_init(&second, p, &series, scratch, "127.0.0.1:8125");
    assert_true(second.socket < 0);
    assert_int_equal(warnings, 1);
    sample_clear(&sample, 0);
    statsd_take(&second, &sample, plat_mono(p));
    assert_int_equal(statsd_step(&second, plat_mono(p)).ns, MONO_NEVER.ns);
}

/* One pass of the agent's loop. */
static struct mono pass(struct mono until)
{
    (void)plat_wait(p, until);
    for (int conn; (conn = plat_next_ready(p)) >= 0;)
        statsd_ready(&s, conn);
    return statsd_step(&s, plat_mono(p));
}

static void a_flood_is_read_in_pieces(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 300; i++)
        assert_true(sim_datagram(p, 8125, "a:1|c", 5));
    struct mono next = pass(MONO_NEVER);
    assert_int_equal(s.datagrams, STATSD_DATAGRAMS_MAX);
    assert_int_equal(next.ns, mono_after_ms(plat_mono(p), STATSD_REST_FLOOD_MS).ns);
    assert_false(sim_ready(p)); /* at rest */
    for (uint32_t i = 0; i < 2; i++) {
        sim_advance(world, STATSD_REST_FLOOD_MS * NS_PER_MS);
        next = pass(next);
    }
    assert_int_equal(s.datagrams, 300);
    sim_advance(world, STATSD_REST_MS * NS_PER_MS);
    next = pass(next);
    assert_int_equal(next.ns, MONO_NEVER.ns); /* quiet: reported again */
    assert_true(sim_datagram(p, 8125, "a:1|c", 5));
    assert_true(sim_ready(p));
}

static void what_the_kernel_drops_is_counted(void **state)
{
    (void)state;
    uint32_t sent = 0, lost = 0;
    for (uint32_t burst = 0; burst < 2; burst++) {
        while (sim_datagram(p, 8125, "a:1|c", 5))
            sent++;
        lost++;
        while (s.datagrams < sent) {
            (void)pass(MONO_NEVER);
            sim_advance(world, STATSD_REST_MS * NS_PER_MS);
        }
        take(0);
        assert_int_equal(value_of_series("statsd_dropped", ""), lost * 1000);
    }
    take(0); /* each once */
    assert_int_equal(value_of_series("statsd_dropped", ""), lost * 1000);
}

static void a_trickle_is_gathered(void **state)
{
    (void)state;
    struct mono next = MONO_NEVER;
    uint32_t passes = 0;
    for (uint32_t i = 0; i < 1000; i++) { /* one each millisecond */
        assert_true(sim_datagram(p, 8125, "a:1|c", 5));
        if (sim_ready(p) || mono_reached(plat_mono(p), next)) {
            next = pass(next);
            passes++;
        }
        sim_advance(world, NS_PER_MS);
    }
    take(0);
    assert_int_equal(s.datagrams, 1000);
    assert_true(passes <= 1000 / STATSD_REST_MS + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(counters_add_up_from_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gauges_are_set_and_moved_and_get_stale, set_up, tear_down),
        cmocka_unit_test_setup_teardown(timers_are_summed_up_by_window, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sets_count_what_is_different, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_bad_line_does_not_spoil_its_neighbours, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_of_the_agent_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(metrics_of_web_applications, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_tables_refuse_newcomers_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_taken_port_is_said_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flood_is_read_in_pieces, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_kernel_drops_is_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_trickle_is_gathered, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
