/* SPDX-License-Identifier: MIT */
/* Slots: what slow, silent, greedy and broken clients cost, and live listeners. */
#include "tests/unit/api/listener.h"

#include "aggregator/api/connection.h"
#include "aggregator/api/websocket.h"

#define START_MS (RIG_START_MS + 1000)

static const struct api_limits small = {.connections_max = 4, .websockets_max = 2,
                                        .instances_max = 8, .series_per_instance_max = 64};

static const char health[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

static void newcomers_beyond_the_slots_are_told(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    struct client *held[4];
    for (uint32_t i = 0; i < 4; i++)
        held[i] = client_new(m);
    struct client *extra = client_new(m);
    client_send(extra, health, sizeof health - 1);
    room_run(m, extra, 100);
    assert_memory_equal(extra->got, "HTTP/1.1 503", 12);
    assert_true(says(extra, "Retry-After: "));
    const char *body = strstr(extra->got, "\r\n\r\n") + 4;
    assert_int_equal(strlen(body), strtoul(strstr(extra->got, "Content-Length: ") + 16, NULL, 10));
    client_free(extra);
    client_send(held[2], health, sizeof health - 1); /* the others do not notice */
    room_run(m, held[2], 50);
    assert_true(says(held[2], "200 OK"));
    for (uint32_t i = 0; i < 4; i++)
        client_free(held[i]);
    room_run(m, NULL, 1000);
    assert_int_equal(slots_in_use(m), 0);
    int status;
    free(room_get(m, "/healthz", "", &status));
    assert_int_equal(status, 200);
    room_free(m);
}

static void silence_and_slowness_have_an_end(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    struct client *half = client_new(m), *idle = client_new(m);
    client_send(idle, health, sizeof health - 1);
    client_send(half, health, 20);
    room_run(m, half, 4500);
    assert_int_equal(half->size, 0);
    room_run(m, half, 1500);
    assert_memory_equal(half->got, "HTTP/1.1 408", 12);
    room_run(m, half, 2000);
    assert_true(half->is_closed);
    room_run(m, idle, 50000);
    assert_true(says(idle, "200 OK"));
    assert_false(idle->is_closed); /* 58 s after its request */
    room_run(m, idle, 4000);
    assert_true(idle->is_closed);
    client_free(half);
    client_free(idle);
    assert_int_equal(slots_in_use(m), 0);
    room_free(m);
}

/* Of those who fill all slots, the slowest makes room for who is new; who has just come keeps its own. */
static void the_slowest_gives_way(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    struct client *slow[4];
    for (uint32_t i = 0; i < 4; i++) {
        slow[i] = client_new(m);
        client_send(slow[i], health, i == 1 ? 0 : 20); /* the second says nothing at all */
        room_run(m, NULL, 100);
    }
    struct client *new = client_new(m);
    client_send(new, health, sizeof health - 1);
    room_run(m, new, 100);
    assert_true(says(new, "200 OK"));
    room_run(m, slow[0], 50);
    assert_memory_equal(slow[0]->got, "HTTP/1.1 408", 12);
    assert_true(slow[0]->is_closed);
    for (uint32_t i = 1; i < 4; i++)
        assert_false(slow[i]->is_closed);
    client_send(slow[3], health + 20, sizeof health - 1 - 20);
    room_run(m, slow[3], 50);
    assert_true(says(slow[3], "200 OK"));
    client_free(new);
    for (uint32_t i = 0; i < 4; i++)
        client_free(slow[i]);
    room_run(m, NULL, 1000);
    assert_int_equal(slots_in_use(m), 0);
    room_free(m);
}

/* A client that asks for much and takes nothing loses its slot, and gives back what it held: there are
 * two queries of the store, and every one after them must run. */
static void who_does_not_read_is_cut(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    room_host(m, "web-1");
    for (uint32_t i = 0; i < 20; i++)
        room_samples(m, 10, START_MS + i * 10000, 0, 0);
    char ask[256];
    int n = snprintf(ask, sizeof ask,
                     "GET /api/v1/query?instance=web-1&from=%lld&to=%lld&step=50ms HTTP/1.1\r\n"
                     "Host: localhost\r\n\r\n",
                     (long long)START_MS, (long long)START_MS + 400000);
    sim_weather(m->far)->window = 2000;
    for (uint32_t i = 0; i < 3; i++) {
        struct client *c = client_new(m);
        c->is_reading = false;
        client_send(c, ask, (size_t)n);
        room_run(m, NULL, i == 2 ? 31000 : 1000);
        if (i == 2) {
            assert_int_equal(slots_in_use(m), 0);
            c->is_reading = true;
            room_run(m, c, 100);
            assert_true(c->is_closed);
        }
        client_free(c);
    }
    int status;
    char path[128];
    snprintf(path, sizeof path, "/api/v1/query?instance=web-1&from=%lld&to=%lld&step=1s",
             (long long)START_MS, (long long)START_MS + 200000);
    free(room_get(m, path, "", &status));
    assert_int_equal(status, 200);
    free(room_get(m, "/metrics", "", &status));
    assert_int_equal(status, 200);
    room_free(m);
}

static void requests_in_a_row_are_answered_in_order(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    for (uint32_t round = 0; round < 5; round++) {
        struct sim_weather *weather = sim_weather(m->far);
        weather->split_permille = round * 200;
        struct client *c = client_new(m);
        static const char row[] = "\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                  "POST /analytics HTTP/1.1\r\nHost: localhost\r\n"
                                  "Content-Length: 6\r\n\r\nGET / "
                                  "HEAD /instances HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                  "GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        client_send(c, row, sizeof row - 1);
        room_run(m, c, 500);
        const char *at = c->got;
        static const char *const starts[] = {"HTTP/1.1 200", "HTTP/1.1 405", "HTTP/1.1 200", "HTTP/1.1 404"};
        for (uint32_t i = 0; i < COUNT_OF(starts); i++) {
            assert_non_null(at);
            assert_memory_equal(at, starts[i], 12);
            at = strstr(at + 1, "HTTP/1.1 ");
        }
        assert_null(at);
        assert_true(c->is_closed);
        client_free(c);
    }
    room_free(m);
}

static void health_follows_the_disk(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    int status;
    room_host(m, "web-1");
    room_samples(m, 10, START_MS, 0, 0);
    free(room_get(m, "/healthz", "", &status));
    assert_int_equal(status, 200);
    sim_disk_fail(m->rig->machine, 0, 1000000);
    room_samples(m, 10, START_MS + 10000, 0, 0);
    room_run(m, NULL, 3000);
    free(room_get(m, "/healthz", "", &status));
    assert_int_equal(status, 503);
    sim_disk_fail(m->rig->machine, 0, 0);
    room_run(m, NULL, 10000);
    free(room_get(m, "/healthz", "", &status));
    assert_int_equal(status, 200);
    room_free(m);
}

/* --- live listeners --- */

static void dead_listeners_are_let_go(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    struct client *dead = listener_new(m, "");
    room_run(m, dead, 25000);
    assert_true(says(dead, "\x89")); /* a ping, which it does not answer */
    assert_false(dead->is_closed);
    room_run(m, dead, 37000);
    assert_true(dead->is_closed);
    client_free(dead);
    struct client *broken = listener_new(m, "");
    client_send(broken, "\x81\x05hello", 7); /* not masked */
    room_run(m, broken, 50);
    assert_true(says(broken, "\x88\x02\x03\xea"));
    room_run(m, broken, 2000);
    assert_true(broken->is_closed);
    client_free(broken);
    assert_int_equal(slots_in_use(m), 0);
    room_free(m);
}

static void listeners_show_their_token_where_browsers_can(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "0123456789abcdef");
    static const struct {
        const char *headers;
        const char *answer;
    } tries[] = {
        {"", "HTTP/1.1 401"},
        {"Sec-WebSocket-Protocol: nephos, bearer.MDEyMzQ1Njc4OWFiY2RlZQ\r\n", "HTTP/1.1 401"},
        {"Sec-WebSocket-Protocol: nephos, bearer.MDEyMzQ1Njc4OWFiY2RlZg\r\n", "HTTP/1.1 101"},
        {"Authorization: Bearer 0123456789abcdef\r\n", "HTTP/1.1 101"},
    };
    for (uint32_t i = 0; i < COUNT_OF(tries); i++) {
        struct client *c = listener_new(m, tries[i].headers);
        assert_memory_equal(c->got, tries[i].answer, 12);
        client_free(c);
    }
    room_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newcomers_beyond_the_slots_are_told),
        cmocka_unit_test(silence_and_slowness_have_an_end),
        cmocka_unit_test(the_slowest_gives_way),
        cmocka_unit_test(who_does_not_read_is_cut),
        cmocka_unit_test(requests_in_a_row_are_answered_in_order),
        cmocka_unit_test(health_follows_the_disk),
        cmocka_unit_test(dead_listeners_are_let_go),
        cmocka_unit_test(listeners_show_their_token_where_browsers_can),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
