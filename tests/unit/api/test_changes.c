/* SPDX-License-Identifier: MIT */
/* Requests that change something: an answer means that it is on disk. */
#include "tests/unit/api/room.h"

#include "aggregator/store/store_alerts.h"

static const struct api_limits small = {.connections_max = 4, .websockets_max = 2, .bodies_max = 1,
                                        .body_size = 65536};

static void post(struct client *c, const char *path, const char *body)
{
    char request[1024];
    int n = snprintf(request, sizeof request,
                     "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n%s", path,
                     strlen(body), body);
    client_send(c, request, (size_t)n);
}

static const struct {
    const char *path, *body, *answer;
} changes[] = {
    {"/instances", "{\"name\":\"a\",\"type\":\"t\",\"region\":\"r\",\"endpoint\":\"e\"}", "HTTP/1.1 201"},
    {"/alerts", "{\"instanceId\":\"a\",\"alertType\":\"t\",\"severity\":\"low\",\"message\":\"m\"}",
     "HTTP/1.1 201"},
    {"/metrics", "{\"instanceId\":\"a\",\"metricName\":\"n\",\"metricValue\":1,\"unit\":\"u\"}",
     "HTTP/1.1 201"},
    {"/ingest", "{\"instanceId\":\"b\",\"metrics\":[{\"name\":\"n\",\"value\":1}]}", "HTTP/1.1 200"},
};

/* While the disk refuses nobody is told that something is stored; once it takes writes again, they are. */
static void no_change_is_answered_before_it_is_durable(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < COUNT_OF(changes); i++) {
        struct room *m = room_new(&small, "");
        struct client *c = client_new(m);
        sim_disk_fail(m->rig->machine, 0, 1000000);
        post(c, changes[i].path, changes[i].body);
        room_run(m, c, 5000);
        if (c->size > 0)
            fail_msg("%s was answered before it was on disk", changes[i].path);
        sim_disk_fail(m->rig->machine, 0, 0);
        room_run(m, c, 6000);
        assert_non_null(c->got);
        assert_memory_equal(c->got, changes[i].answer, 12);
        client_free(c);
        room_free(m);
    }
}

/* What was answered is there after a power cut. */
static void what_was_answered_survives_a_power_cut(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    struct client *c = client_new(m);
    for (uint32_t i = 0; i < COUNT_OF(changes); i++) {
        post(c, changes[i].path, changes[i].body);
        room_run(m, c, 500);
    }
    client_free(c);
    free(m->memory);
    m->memory = NULL;
    rig_restart(m->rig, SIM_POWER_CUT);
    struct store *s = m->rig->store;
    assert_int_equal(store_instance_count(s), 3); /* one registered, one with a metric, one in a batch */
    assert_non_null(store_alert_open(s, "a", "t", ""));
    for (uint32_t i = 0; i < 2; i++) {
        int index = store_instance_find(s, i == 0 ? "a" : "b");
        assert_true(index >= 0);
        assert_int_equal(store_series_count(s, (uint32_t)index), 1);
    }
    rig_free(m->rig);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_change_is_answered_before_it_is_durable),
        cmocka_unit_test(what_was_answered_survives_a_power_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
