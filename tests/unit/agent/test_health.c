/* SPDX-License-Identifier: MIT */
/* The health check and the service it looks at: well, ill, slow, silent, gone. */
#include "agent/inputs/health.c"

#include "platform/sim/sim.h"
#include "tests/unit/unit.h"

static struct sim_world *world;
static struct plat *p;
static struct series series;
static struct health h;
static struct sample sample;
static int listener;
static uint32_t words; /* lines of the log */

static void count_words(void *ctx, struct plat *from, enum log_level level, const char *line)
{
    (void)ctx, (void)from, (void)level;
    words += strstr(line, "health check") != NULL;
}

static int set_up(void **state)
{
    (void)state;
    world = sim_new(1);
    p = sim_machine(world, "web");
    sim_log_to(world, count_words, NULL);
    words = 0;
    series_init(&series);
    listener = plat_listen(p, "127.0.0.1:3000", PLAT_PLAIN);
    assert_true(listener >= 0);
    health_init(&h, p, &series, "http://localhost:3000/health", 10000, 5000);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    health_close(&h);
    sim_free(world);
    return 0;
}

/* The agent's loop for `ms`; whoever asks the service gets `answer` (NULL: silence) that much later. */
static void run(int64_t ms, const char *answer, int64_t answer_after_ms)
{
    int64_t end = sim_now(world) + ms * NS_PER_MS, due = SIM_NEVER;
    int there = -1;
    while (sim_now(world) < end) {
        (void)plat_wait(p, health_step(&h, plat_mono(p)));
        for (int conn; (conn = plat_next_ready(p)) >= 0;)
            health_ready(&h, conn);
        (void)health_step(&h, plat_mono(p));
        int conn = listener < 0 ? ERR_AGAIN : plat_accept(p, listener);
        if (conn >= 0) {
            there = conn;
            due = sim_now(world) + answer_after_ms * NS_PER_MS;
        }
        if (there >= 0 && answer != NULL && sim_now(world) >= due) {
            char request[500];
            int n = plat_recv(p, there, request, sizeof request - 1);
            if (n > 0) {
                request[n] = '\0';
                assert_non_null(strstr(request, "GET /health HTTP/1.1\r\n"));
                assert_non_null(strstr(request, "\r\nHost: localhost:3000\r\n"));
                assert_true(plat_send(p, there, answer, (uint32_t)strlen(answer)) > 0);
                plat_close(p, there);
                there = -1;
            }
        }
        sim_advance(world, NS_PER_MS);
    }
    if (there >= 0)
        plat_close(p, there);
}

static int64_t value_of_metric(enum metric metric)
{
    sample_clear(&sample, 0);
    health_take(&h, &sample);
    for (uint32_t slot = 0; slot < series.count; slot++)
        if (series.entries[slot].metric == metric && sample_has(&sample, slot))
            return sample.values[slot];
    return -1;
}

static void a_service_that_is_well(void **state)
{
    (void)state;
    assert_true(health_is_waiting(&h));
    assert_int_equal(value_of_metric(METRIC_HEALTH_UP), -1); /* not known yet */
    run(1000, "HTTP/1.1 200 OK\r\n\r\nfine", 40);
    assert_false(health_is_waiting(&h));
    assert_int_equal(value_of_metric(METRIC_HEALTH_UP), 1);
    assert_int_equal(value_of_metric(METRIC_HEALTH_STATUS), 200);
    assert_in_range(value_of_metric(METRIC_RESPONSE_TIME), 40000, 60000); /* thousandths of a millisecond */
    run(60000, "HTTP/1.1 200 OK\r\n\r\nfine", 40);
    assert_int_equal(words, 1);
}

static void a_service_that_is_ill_then_gone_then_back(void **state)
{
    (void)state;
    run(11000, "HTTP/1.0 200 OK\r\n\r\n", 0);
    run(10000, "HTTP/1.1 503 Unavailable\r\n\r\n", 0);
    assert_int_equal(value_of_metric(METRIC_HEALTH_UP), 0);
    assert_int_equal(value_of_metric(METRIC_HEALTH_STATUS), 503);
    assert_true(value_of_metric(METRIC_RESPONSE_TIME) >= 0);
    plat_close(p, listener);
    listener = -1;
    run(30000, NULL, 0);
    assert_int_equal(value_of_metric(METRIC_HEALTH_UP), 0);
    assert_int_equal(value_of_metric(METRIC_HEALTH_STATUS), 0);
    assert_int_equal(value_of_metric(METRIC_RESPONSE_TIME), -1);
    listener = plat_listen(p, "127.0.0.1:3000", PLAT_PLAIN);
    run(11000, "HTTP/1.1 204 No Content\r\n\r\n", 0);
    assert_int_equal(value_of_metric(METRIC_HEALTH_UP), 1);
    assert_int_equal(words, 3); /* well, ill, well again */
}

static void silence_ends_with_the_timeout(void **state)
{
    (void)state;
    run(4900, NULL, 0);
    assert_true(health_is_waiting(&h));
    run(300, NULL, 0);
    assert_false(health_is_waiting(&h));
    assert_int_equal(value_of_metric(METRIC_HEALTH_STATUS), 0);
    run(10000, "HTTP/1.1 200 OK\r\n\r\n", 0);
    assert_int_equal(value_of_metric(METRIC_HEALTH_STATUS), 200);
}

static void an_answer_that_is_no_http(void **state)
{
    (void)state;
    run(1000, "SSH-2.0-OpenSSH_9.2\r\n", 0);
    assert_false(health_is_waiting(&h));
    assert_int_equal(value_of_metric(METRIC_HEALTH_UP), 0);
    assert_int_equal(value_of_metric(METRIC_HEALTH_STATUS), 0);
}

static void off_by_default(void **state)
{
    (void)state;
    static struct health off;
    health_init(&off, p, &series, "", 10000, 5000);
    assert_int_equal(health_step(&off, plat_mono(p)).ns, MONO_NEVER.ns);
    assert_false(health_is_waiting(&off));
    sample_clear(&sample, 0);
    health_take(&off, &sample);
    assert_int_equal(series.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_service_that_is_well, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_service_that_is_ill_then_gone_then_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(silence_ends_with_the_timeout, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_answer_that_is_no_http, set_up, tear_down),
        cmocka_unit_test_setup_teardown(off_by_default, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
