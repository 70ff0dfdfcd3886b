/* SPDX-License-Identifier: MIT */
/* Live updates: who gets what, what slow and returning clients get. */
#include "tests/unit/api/listener.h"

#include "aggregator/api/live_write.h"
#include "aggregator/api/connection.h"
#include "aggregator/store/store_told.h"

#define START_MS (RIG_START_MS + 1000)

static const struct api_limits small = {.connections_max = 4, .websockets_max = 2,
                                        .instances_max = 8, .series_per_instance_max = 64};

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


/* --- kinds of news --- */

static int64_t raise(struct room *m, const char *instance, const char *rule)
{
    bool was_open;
    int64_t number = store_alert_raise(m->rig->store,
                                       &(struct alert_report){.instance = instance, .rule = rule, .tag = "",
                                                              .type = "cpu_usage_high", .message = "hot",
                                                              .metric = "cpu_usage", .unit = "percent",
                                                              .severity = ALERT_HIGH, .time_ms = START_MS},
                                       &was_open);
    assert_true(number > 0);
    room_run(m, NULL, 300);
    return number;
}

static void assert_update(struct client *c, uint32_t *at_byte, const char *event, const char *member,
                          const char *value)
{
    room_run(c->room, c, 20);
    yyjson_doc *doc = listener_next(c, at_byte);
    assert_non_null(doc);
    assert_true(is_type(doc, "realtime_update"));
    assert_string_equal(yyjson_get_str(at(doc, "/eventType")), event);
    assert_true(yyjson_is_obj(at(doc, "/data")));
    char pointer[64];
    snprintf(pointer, sizeof pointer, "/data/%s", member);
    assert_string_equal(yyjson_get_str(at(doc, pointer)), value);
    assert_true(yyjson_is_str(at(doc, "/timestamp")) && yyjson_is_uint(at(doc, "/revision")));
    yyjson_doc_free(doc);
}

static void assert_silent(struct client *c, uint32_t *at_byte)
{
    room_run(c->room, c, 20);
    yyjson_doc *doc = listener_next(c, at_byte);
    if (doc != NULL)
        fail_msg("%s", yyjson_write(doc, 0, NULL));
}

static void changes_are_told_to_who_wants_them(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    room_host(m, "web-1");
    room_host(m, "web-2");
    room_run(m, NULL, 300);
    struct client *classic = listener_new(m, ""), *chosen = listener_new(m, "");
    uint32_t a = 0, b = 0;
    say(chosen, "{\"type\":\"subscribe\",\"instances\":[\"web-2\",\"web-2\"],"
                "\"types\":[\"alert\",\"instance\"]}");
    yyjson_doc_free(listener_next(chosen, &b));
    (void)raise(m, "web-1", "r1");
    assert_update(classic, &a, "INSERT", "alertType", "cpu_usage_high");
    assert_silent(chosen, &b);
    (void)raise(m, "web-2", "r1");
    assert_update(classic, &a, "INSERT", "instanceId", "web-2");
    assert_update(chosen, &b, "INSERT", "status", "active");
    assert_true(store_alert_settle(m->rig->store, "web-2", "r1", "", START_MS + 1000));
    room_run(m, NULL, 300);
    assert_update(chosen, &b, "MODIFY", "status", "resolved");
    assert_update(classic, &a, "MODIFY", "status", "resolved");
    store_told_status(m->rig->store, m->instance, "warning", 0);
    room_run(m, NULL, 300);
    assert_update(chosen, &b, "MODIFY", "id", "web-2");
    store_instance_remove(m->rig->store, m->instance);
    room_run(m, NULL, 300);
    assert_update(chosen, &b, "REMOVE", "id", "web-2");
    assert_silent(classic, &a); /* clients of old know metrics and alerts only */
    client_free(classic);
    client_free(chosen);
    room_free(m);
}

static void a_status_that_time_changes_is_told(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    room_host(m, "web-1");
    struct client *c = listener_new(m, "");
    say(c, "{\"type\":\"subscribe\",\"instances\":\"*\",\"types\":[\"instance\"]}");
    room_samples(m, 2, START_MS, 0, 0);
    room_run(m, c, 2000);
    assert_true(says(c, "\"status\":\"healthy\""));
    for (uint32_t i = 0; i < 4; i++) { /* it must not be taken for dead */
        room_run(m, c, 10000);
        say(c, "{\"type\":\"ping\"}");
    }
    assert_true(says(c, "\"status\":\"unhealthy\""));
    client_free(c);
    room_free(m);
}

static void nonsense_is_answered(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    room_host(m, "web-1");
    struct client *c = listener_new(m, "");
    uint32_t k = 0;
    static const char *const bad[] = {
        "{\"type\":\"subscribe\"}", "{\"type\":\"subscribe\",\"instances\":[\"nobody\"]}", "[]", "x",
        "{\"type\":\"subscribe\",\"instances\":\"*\",\"types\":[\"metrics\"]}",
        "{\"type\":\"subscribe\",\"instances\":\"*\",\"types\":\"metric\"}",
        "{\"type\":\"subscribe\",\"instances\":\"*\",\"format\":\"rows\"}",
        "{\"type\":\"subscribe\",\"instances\":\"*\",\"after\":5}",
        "{\"type\":\"subscribe\",\"instances\":\"*\",\"after\":{\"seq\":5}}",
        "{\"type\":\"subscribe\",\"instances\":\"*\",\"after\":{\"seq\":-1,\"stream\":\"x\"}}",
        "{\"type\":\"subscribe\",\"instances\":\"*\","
        "\"after\":{\"seq\":1,\"stream\":\"0123456789abcdef01234567\"}}",
    };
    for (uint32_t i = 0; i < COUNT_OF(bad); i++) {
        say(c, bad[i]);
        yyjson_doc *doc = listener_next(c, &k);
        if (doc == NULL || !is_type(doc, "error"))
            fail_msg("%s", bad[i]);
        assert_true(yyjson_is_str(at(doc, "/message")));
        yyjson_doc_free(doc);
    }
    client_send(c, "\x81\x81\0\0\0\0\xff", 7); /* not UTF-8 */
    room_run(m, c, 20);
    assert_true(says(c, "\x88\x02\x03\xef"));
    client_free(c);
    room_free(m);
}

/* --- who does not keep up, who comes back --- */

struct tally {
    uint64_t points, missed, last_seq;
    double newest;
    uint32_t at, latest;
    char stream[24];
};

/* Counts what came; seq must grow. */
static void read_samples(struct client *c, struct tally *t)
{
    for (yyjson_doc *doc; (doc = listener_next(c, &t->at)) != NULL; yyjson_doc_free(doc)) {
        if (is_type(doc, "subscribed"))
            snprintf(t->stream, sizeof t->stream, "%s", yyjson_get_str(at(doc, "/stream")));
        if (is_type(doc, "missed")) {
            t->missed += yyjson_is_null(at(doc, "/missed")) ? 1000000 : yyjson_get_uint(at(doc, "/missed"));
            continue;
        }
        if (!is_type(doc, "samples"))
            continue;
        uint64_t seq = yyjson_get_uint(at(doc, "/seq"));
        assert_true(seq > t->last_seq || (yyjson_get_bool(at(doc, "/latest")) && seq == t->last_seq));
        t->last_seq = seq;
        t->latest += yyjson_get_bool(at(doc, "/latest"));
        t->points += yyjson_arr_size(at(doc, "/t"));
        t->newest = yyjson_get_num(yyjson_arr_get_last(at(doc, "/v/0")));
    }
}

/* Its buffer and the network's are full, and stay so: it loses the middle, is told how many shipments, and
 * has the newest value as soon as it reads again. */
static void slow_listeners_get_the_newest(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    room_host(m, "web-1");
    sim_weather(m->far)->window = 2000;
    struct client *slow = listener_new(m, "");
    say(slow, "{\"type\":\"subscribe\",\"instances\":\"*\"}");
    slow->is_reading = false;
    for (uint32_t i = 0; i < 100; i++)
        room_samples(m, 10, START_MS + i * 10000, 0, 0); /* 100 messages of some 400 bytes, in 30 s */
    slow->is_reading = true;
    room_run(m, slow, 200);
    struct tally t = {0};
    read_samples(slow, &t);
    assert_true(t.newest == 1000);
    assert_true(t.latest > 0 && t.missed > 0 && t.missed < 100);
    room_samples(m, 1, START_MS + 2000000, 0, 0);
    room_run(m, slow, 100);
    read_samples(slow, &t);
    assert_true(t.newest == 1001);
    client_free(slow);
    room_free(m);
}

/* Blocks of one sample, in few commits. */
static void send_blocks(struct room *m, uint32_t count)
{
    struct block_matrix *b = &m->rig->block;
    for (uint32_t i = 0; i < count; i++) {
        b->count = 1;
        b->slot_count = 4;
        b->time_ms[0] = START_MS + (int64_t)m->next_sequence * 1000;
        for (uint32_t s = 0; s < 4; s++)
            b->slots[s] = (uint16_t)s;
        b->values[0][0] = (int64_t)m->next_sequence * 100;
        while (rig_send(m->rig, m->instance, m->next_sequence) == ERR_FULL)
            room_run(m, NULL, 100);
        m->next_sequence++;
    }
}

/* Short trouble costs nothing: what did not fit comes in order. */
static void a_moment_of_slowness_loses_nothing(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    room_host(m, "web-1");
    sim_weather(m->far)->window = 2000;
    struct client *slow = listener_new(m, "");
    say(slow, "{\"type\":\"subscribe\",\"instances\":[\"web-1\"]}");
    slow->is_reading = false;
    struct tally t = {0};
    send_blocks(m, 200);
    room_run(m, NULL, 1000);
    send_blocks(m, 200);
    room_run(m, NULL, 200);
    slow->is_reading = true;
    room_run(m, slow, 300);
    read_samples(slow, &t);
    assert_int_equal(t.points, 400);
    assert_int_equal(t.missed + t.latest, 0);
    client_free(slow);
    room_free(m);
}

static void resume_with(struct client *c, const char *stream, uint64_t seq)
{
    char words[200];
    snprintf(words, sizeof words,
             "{\"type\":\"subscribe\",\"instances\":\"*\",\"after\":{\"stream\":\"%s\",\"seq\":%llu}}",
             stream, (unsigned long long)seq);
    say(c, words);
    room_run(c->room, c, 100);
}

static void who_comes_back_gets_what_followed(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    room_host(m, "web-1");
    struct client *c = listener_new(m, "");
    say(c, "{\"type\":\"subscribe\",\"instances\":\"*\"}");
    room_samples(m, 3, START_MS, 0, 0);
    room_run(m, c, 20);
    struct tally t = {0};
    read_samples(c, &t);
    assert_int_equal(t.points, 3);
    client_free(c);
    for (uint32_t i = 0; i < 5; i++)
        room_samples(m, 10, START_MS + 10000 + i * 10000, 0, 0); /* nobody listens */
    c = listener_new(m, "");
    resume_with(c, t.stream, t.last_seq);
    struct tally again = {.last_seq = t.last_seq};
    read_samples(c, &again);
    assert_int_equal(again.points, 50);
    assert_int_equal(again.missed, 0);
    room_samples(m, 1, START_MS + 100000, 0, 0);
    room_run(m, c, 20);
    read_samples(c, &again);
    assert_int_equal(again.points, 51);
    client_free(c);

    c = listener_new(m, ""); /* from another process: the newest only */
    resume_with(c, "0000000000000000", t.last_seq);
    struct tally other = {0};
    read_samples(c, &other);
    assert_int_equal(other.missed, 1000000);
    assert_int_equal(other.latest, 1);
    assert_true(other.newest == 54);
    client_free(c);
    room_free(m);
}

static void who_was_away_for_too_long_is_told(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    room_host(m, "web-1");
    struct client *c = listener_new(m, "");
    say(c, "{\"type\":\"subscribe\",\"instances\":\"*\"}");
    room_samples(m, 1, START_MS, 0, 0);
    room_run(m, c, 20);
    struct tally t = {0};
    read_samples(c, &t);
    client_free(c);
    uint64_t end = store_feed_end(m->rig->store), missed = 0, cursor;
    struct store_feed_block b;
    do { /* until the feed has lost its beginning */
        send_blocks(m, 400);
        room_run(m, NULL, 120);
        cursor = end;
    } while (store_feed_next(m->rig->store, &cursor, &missed, &b) && missed == 0);
    room_run(m, NULL, 300);
    c = listener_new(m, "");
    resume_with(c, t.stream, t.last_seq);
    struct tally again = {.last_seq = t.last_seq};
    read_samples(c, &again);
    assert_true(again.missed >= missed);
    assert_int_equal(again.latest, 1);
    assert_true(again.newest == (double)(m->next_sequence - 1));
    client_free(c);
    room_free(m);
}

/* Changes have numbers that outlive the process. */
static void changes_are_told_again(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    room_host(m, "web-1");
    (void)raise(m, "web-1", "before");
    uint64_t revision = store_revision(m->rig->store);
    (void)raise(m, "web-1", "one");
    (void)raise(m, "web-1", "two");
    (void)store_alert_settle(m->rig->store, "web-1", "one", "", START_MS);
    room_run(m, NULL, 300);
    struct client *c = listener_new(m, "");
    char words[200];
    snprintf(words, sizeof words,
             "{\"type\":\"subscribe\",\"instances\":\"*\",\"types\":[\"alert\"],"
             "\"after\":{\"revision\":%llu}}",
             (unsigned long long)revision);
    say(c, words);
    room_run(m, c, 50);
    uint32_t k = 0;
    yyjson_doc_free(listener_next(c, &k));
    assert_update(c, &k, "INSERT", "status", "active");   /* two */
    assert_update(c, &k, "INSERT", "status", "resolved"); /* one, which changed again, once */
    assert_silent(c, &k);
    client_free(c);
    room_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listeners_get_what_they_asked_for),
        cmocka_unit_test(history_is_no_news),
        cmocka_unit_test(changes_are_told_to_who_wants_them),
        cmocka_unit_test(a_status_that_time_changes_is_told),
        cmocka_unit_test(nonsense_is_answered),
        cmocka_unit_test(slow_listeners_get_the_newest),
        cmocka_unit_test(a_moment_of_slowness_loses_nothing),
        cmocka_unit_test(who_comes_back_gets_what_followed),
        cmocka_unit_test(who_was_away_for_too_long_is_told),
        cmocka_unit_test(changes_are_told_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
