/* SPDX-License-Identifier: MIT */
/* Dashboards for live listeners: larger than a buffer, so in parts, and nothing between them. */
#include "tests/unit/api/listener.h"

#include "aggregator/api/connection.h"

#define START_MS (RIG_START_MS + 1000)

static const struct api_limits small = {.connections_max = 4, .websockets_max = 2, .body_size = 65536,
                                        .instances_max = 8, .series_per_instance_max = 64};

/* Hosts with so much to tell that a dashboard is larger than a listener's buffer. */
static void large_hosts(struct room *m, uint32_t count)
{
    static char words[2000], request[4000];
    memset(words, 'x', sizeof words - 1);
    for (uint32_t i = 0; i < count; i++) {
        struct client *c = client_new(m);
        int n = snprintf(request, sizeof request,
                         "{\"name\":\"large-%u\",\"type\":\"t\",\"region\":\"r\",\"endpoint\":\"e\","
                         "\"metadata\":{\"a\":\"%s\"}}", i, words);
        char head[160];
        int head_size = snprintf(head, sizeof head, "POST /instances HTTP/1.1\r\nHost: localhost\r\n"
                                 "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n", n);
        client_send(c, head, (size_t)head_size);
        client_send(c, request, (size_t)n);
        room_run(m, c, 400);
        assert_true(says(c, "201 Created"));
        client_free(c);
    }
}

/* The next text message, put together from its frames; false when it is not whole. */
static bool next_in_parts(const struct client *c, uint32_t *at_byte, char *to, uint32_t *frames)
{
    uint32_t at = *at_byte == 0 ? (uint32_t)(strstr(c->got, "\r\n\r\n") + 4 - c->got) : *at_byte;
    size_t length = 0;
    *frames = 0;
    while (at + 4 <= c->size) {
        const uint8_t *frame = (const uint8_t *)c->got + at;
        uint32_t size = frame[1], head = size < 126 ? 2 : 4;
        if (size == 126)
            size = (uint32_t)frame[2] << 8 | frame[3];
        if (at + head + size > c->size)
            return false;
        at += head + size;
        if ((frame[0] & 8U) != 0) /* control frames may come between */
            continue;
        assert_int_equal(frame[0] & 15U, *frames == 0 ? 1 : 0);
        memcpy(to + length, frame + head, size);
        length += size;
        ++*frames;
        if ((frame[0] & 0x80U) == 0)
            continue;
        to[length] = 0;
        *at_byte = at;
        return true;
    }
    return false;
}

static void a_dashboard_comes_in_parts(void **state)
{
    (void)state;
    static char message[65536];
    struct room *m = room_new(&small, "");
    room_host(m, "web-1");
    large_hosts(m, 7);
    sim_weather(m->far)->window = 400;
    struct client *c = listener_new(m, "");
    uint32_t at_byte = 0, frames = 0, dashboards = 0;
    for (uint32_t i = 0; i < 36; i++) {
        c->is_reading = i > 3; /* there are news in the middle of the message */
        room_samples(m, 2, START_MS + i * 2000, 5, 7);
        room_run(m, c, 1000);
    }
    while (next_in_parts(c, &at_byte, message, &frames)) {
        yyjson_doc *doc = yyjson_read(message, strlen(message), 0);
        assert_non_null(doc);
        if (is_type(doc, "dashboard_update")) {
            dashboards++;
            assert_true(strlen(message) > CONNECTION_TX_SIZE && frames > 1);
            assert_int_equal(yyjson_get_int(at(doc, "/data/summary/totalInstances")), 8);
            assert_int_equal(yyjson_arr_size(at(doc, "/data/instances")), 8);
        } else {
            assert_true(is_type(doc, "realtime_update") || is_type(doc, "missed"));
            assert_int_equal(frames, 1);
        }
        yyjson_doc_free(doc);
    }
    assert_int_equal(dashboards, 2); /* at once, and half a minute later */
    assert_int_equal(at_byte, c->size);
    client_free(c);
    room_free(m);
}

/* In the middle of a message nothing else can be told: who stops there is let go, and nobody waits for it. */
static void who_stops_within_a_dashboard_is_let_go(void **state)
{
    (void)state;
    static char message[65536];
    struct room *m = room_new(&small, "");
    large_hosts(m, 8);
    sim_weather(m->far)->window = 400;
    struct client *stops = listener_new(m, "");
    stops->is_reading = false;
    room_run(m, NULL, 2000);
    struct client *other = listener_new(m, "");
    uint32_t at_byte = 0, frames;
    room_run(m, other, 6000);
    assert_true(next_in_parts(other, &at_byte, message, &frames) && frames > 1);
    assert_int_equal(slots_in_use(m), 2);
    room_run(m, other, 12000);
    assert_int_equal(slots_in_use(m), 1);
    room_run(m, other, 30000);
    assert_true(next_in_parts(other, &at_byte, message, &frames));
    client_free(stops);
    client_free(other);
    room_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dashboard_comes_in_parts),
        cmocka_unit_test(who_stops_within_a_dashboard_is_let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
