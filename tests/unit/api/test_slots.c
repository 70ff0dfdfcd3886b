/* SPDX-License-Identifier: MIT */
/* Slots: what slow, silent, greedy and broken clients cost, and live listeners. */
#include "tests/unit/api/room.h"

#include "aggregator/api/connection.h"
#include "aggregator/api/websocket.h"

#define START_MS (RIG_START_MS + 1000)

static const struct api_limits small = {.connections_max = 4, .websockets_max = 2, .instances_max = 8,
                                        .series_per_instance_max = 64};

static const char health[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

static bool says(const struct client *c, const char *words)
{
    for (uint32_t i = 0; i + strlen(words) <= c->size; i++)
        if (memcmp(c->got + i, words, strlen(words)) == 0)
            return true;
    return false;
}

static uint64_t slots_in_use(const struct room *m)
{
    for (uint32_t i = 0; i < m->map.line_count; i++)
        if (strcmp(m->map.lines[i].name, "api: connections") == 0)
            return m->map.lines[i].in_use;
    fail();
    return 0;
}

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
                                  "POST /metrics HTTP/1.1\r\nHost: localhost\r\n"
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

/* --- live --- */

static struct client *listener_new(struct room *m, const char *headers)
{
    struct client *c = client_new(m);
    char head[512];
    int n = snprintf(head, sizeof head,
                     "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
                     headers);
    client_send(c, head, (size_t)n);
    room_run(m, c, 20);
    return c;
}

static void say(struct client *c, const char *words)
{
    uint8_t frame[256] = {0x81, (uint8_t)(0x80U | strlen(words)), 1, 2, 3, 4};
    assert_true(strlen(words) < 126);
    for (uint32_t i = 0; i < strlen(words); i++)
        frame[6 + i] = (uint8_t)((uint8_t)words[i] ^ (1 + i % 4));
    client_send(c, frame, 6 + strlen(words));
    room_run(c->room, c, 20);
}

static void listeners_get_what_they_asked_for(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    room_host(m, "web-1");
    struct client *classic = listener_new(m, ""), *columns = listener_new(m, "");
    assert_memory_equal(classic->got, "HTTP/1.1 101", 12);
    assert_true(says(classic, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    struct client *third = listener_new(m, "");
    assert_memory_equal(third->got, "HTTP/1.1 503", 12);
    client_free(third);
    say(classic, "{\"type\":\"ping\"}");
    assert_true(says(classic, "{\"type\":\"pong\"}"));
    say(columns, "{\"type\":\"subscribe\",\"instances\":[\"web-1\"]}");
    assert_true(says(columns, "subscribed"));
    assert_true(store_instance(m->rig->store, m->instance)->watched_until_ms >
                plat_mono(m->rig->machine).ns / NS_PER_MS + 10000);
    room_samples(m, 2, START_MS, 5, 7);
    room_run(m, classic, 20);
    room_run(m, columns, 20);
    assert_true(says(classic, "\"type\":\"realtime_update\",\"eventType\":\"INSERT\",\"data\":{"));
    assert_true(says(classic, "\"metricName\":\"cpu_usage\",\"metricValue\":2,\"value\":2,"));
    assert_false(says(classic, "network_rx_bytes"));
    assert_false(says(classic, "/var"));
    assert_true(says(columns, "\"instance\":\"web-1\",\"series\":[0,1,2,3],\"t\":[1767225601000,"
                              "1767225602000],\"v\":[[1,2],[10,10],[20,20],[5,12]]}"));
    assert_false(says(columns, "realtime_update"));
    client_free(classic);
    client_free(columns);
    assert_int_equal(slots_in_use(m), 0);
    room_free(m);
}

/* A host that catches up is shown to do so, and what it sends of yesterday is nobody's news. */
static void history_is_no_news(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    room_host(m, "web-1");
    struct client *classic = listener_new(m, ""), *columns = listener_new(m, "");
    say(columns, "{\"type\":\"subscribe\",\"instances\":[\"web-1\"]}");
    struct store *s = m->rig->store;
    assert_int_equal(store_history(s, m->instance, 6), ERR_OK);
    rig_dictionary_of(m->rig, m->instance, STREAM_HISTORY, 0, 1);
    rig_fill(m->rig, 10, 1, START_MS - 86400000);
    assert_int_equal(rig_send_to(m->rig, m->instance, STREAM_HISTORY, 1), 10);
    store_instance(s, m->instance)->history_left = 90; /* as its session notes it */
    room_run(m, NULL, 300);
    room_run(m, classic, 20);
    room_run(m, columns, 20);
    assert_false(says(classic, "realtime_update"));
    assert_false(says(columns, "\"samples\""));
    yyjson_doc *doc = room_json(m, "/instances/web-1", 200);
    assert_true(yyjson_get_bool(at(doc, "/metadata/catchingUp")));
    assert_int_equal(yyjson_get_int(at(doc, "/metadata/historySamples")), 10);
    assert_int_equal(yyjson_get_int(at(doc, "/metadata/historyLeft")), 90);
    assert_null(at(doc, "/metadata/lastSampleAt"));
    yyjson_doc_free(doc);
    store_history_end(s, m->instance);
    doc = room_json(m, "/instances/web-1", 200);
    assert_false(yyjson_get_bool(at(doc, "/metadata/catchingUp")));
    yyjson_doc_free(doc);
    client_free(classic);
    client_free(columns);
    room_free(m);
}

/* Its buffer and the network's are full: messages are left out whole, counted, and told of. */
static void slow_listeners_miss_and_are_told(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    room_host(m, "web-1");
    sim_weather(m->far)->window = 4000;
    struct client *slow = listener_new(m, "");
    slow->is_reading = false;
    for (uint32_t i = 0; i < 10; i++)
        room_samples(m, 10, START_MS + i * 10000, 0, 0); /* 200 points of some 300 bytes */
    slow->is_reading = true;
    room_run(m, slow, 2000);
    room_samples(m, 1, START_MS + 100000, 0, 0);
    room_run(m, slow, 200);
    uint32_t points = 0, missed = 0;
    const char *at = strstr(slow->got, "\r\n\r\n") + 4;
    while (at < slow->got + slow->size) { /* every frame is whole */
        uint32_t size = (uint8_t)at[1];
        if (size == 126)
            size = (uint32_t)(uint8_t)at[2] << 8 | (uint8_t)at[3];
        const char *payload = at + (size < 126 ? 2 : 4);
        yyjson_doc *doc = yyjson_read(payload, size, 0);
        assert_non_null(doc);
        yyjson_val *count = yyjson_obj_get(yyjson_doc_get_root(doc), "missed");
        points += count == NULL;
        missed += (uint32_t)yyjson_get_uint(count);
        yyjson_doc_free(doc);
        at = payload + size;
    }
    assert_true(missed > 0);
    assert_int_equal(points + missed, 202);
    client_free(slow);
    room_free(m);
}

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
        cmocka_unit_test(who_does_not_read_is_cut),
        cmocka_unit_test(requests_in_a_row_are_answered_in_order),
        cmocka_unit_test(health_follows_the_disk),
        cmocka_unit_test(listeners_get_what_they_asked_for),
        cmocka_unit_test(history_is_no_news),
        cmocka_unit_test(slow_listeners_miss_and_are_told),
        cmocka_unit_test(dead_listeners_are_let_go),
        cmocka_unit_test(listeners_show_their_token_where_browsers_can),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
