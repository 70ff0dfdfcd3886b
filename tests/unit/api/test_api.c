/* SPDX-License-Identifier: MIT */
/* Routes, limits and live updates of the whole room over a bad network: what existing clients read, what
 * the aggregator adds, and that nobody costs more than his slot. */
#include "tests/unit/api/room.h"

#define START_MS (RIG_START_MS + 1000)

static const struct api_limits small = {.connections_max = 4, .websockets_max = 2,
                                        .instances_max = 8, .series_per_instance_max = 64};

static int64_t now_ms(const struct room *m)
{
    return wall_ms(plat_wall(m->rig->machine));
}

/* --- routes --- */

static void instances_have_the_shape_that_clients_read(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    yyjson_doc *doc = room_json(m, "/instances", 200);
    assert_int_equal(yyjson_get_int(at(doc, "/count")), 0);
    yyjson_doc_free(doc);
    room_host(m, "web-1");
    room_host(m, "web-2");
    doc = room_json(m, "/instances", 200);
    assert_int_equal(yyjson_get_int(at(doc, "/count")), 2);
    static const char *const texts[] = {"id", "name", "type", "status", "region", "endpoint", "provider",
                                        "createdAt", "updatedAt"};
    for (uint32_t i = 0; i < COUNT_OF(texts); i++) {
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/instances/0/%s", texts[i]);
        assert_true(yyjson_is_str(at(doc, pointer)));
    }
    assert_true(yyjson_is_obj(at(doc, "/instances/0/metadata")));
    assert_string_equal(yyjson_get_str(at(doc, "/instances/0/status")), "unknown");
    yyjson_doc_free(doc);

    room_samples(m, 5, now_ms(m), 0, 0); /* of web-2 */
    doc = room_json(m, "/instances?status=healthy", 200);
    assert_int_equal(yyjson_get_int(at(doc, "/count")), 1);
    assert_string_equal(yyjson_get_str(at(doc, "/instances/0/id")), "web-2");
    yyjson_doc_free(doc);
    room_run(m, NULL, 40000);
    doc = room_json(m, "/api/instances/web-2", 200);
    assert_string_equal(yyjson_get_str(at(doc, "/status")), "unhealthy");
    yyjson_doc_free(doc);
    doc = room_json(m, "/instances/nobody", 404);
    assert_string_equal(yyjson_get_str(at(doc, "/error")), "Instance not found");
    assert_true(yyjson_is_str(at(doc, "/message")));
    yyjson_doc_free(doc);

    doc = room_json(m, "/instances?limit=1", 200);
    assert_string_equal(yyjson_get_str(at(doc, "/instances/0/id")), "web-1");
    char next[64];
    const char *key = yyjson_get_str(at(doc, "/lastEvaluatedKey"));
    assert_non_null(key);
    snprintf(next, sizeof next, "/instances?limit=1&lastEvaluatedKey=%.20s", key != NULL ? key : "");
    yyjson_doc_free(doc);
    doc = room_json(m, next, 200);
    assert_string_equal(yyjson_get_str(at(doc, "/instances/0/id")), "web-2");
    assert_null(at(doc, "/lastEvaluatedKey"));
    yyjson_doc_free(doc);
    room_free(m);
}

static void assert_metric(yyjson_doc *doc, uint32_t index, const char *name, double value, int64_t ms)
{
    char pointer[32];
    snprintf(pointer, sizeof pointer, "/metrics/%u", index);
    yyjson_val *v = at(doc, pointer);
    assert_string_equal(yyjson_get_str(yyjson_obj_get(v, "metricName")), name);
    assert_true(yyjson_get_num(yyjson_obj_get(v, "value")) == value);
    assert_true(yyjson_get_num(yyjson_obj_get(v, "metricValue")) == value);
    assert_int_equal(yyjson_get_sint(yyjson_obj_get(v, "timestamp")), ms);
    assert_true(yyjson_is_str(yyjson_obj_get(v, "id")));
    assert_true(yyjson_is_obj(yyjson_obj_get(v, "tags")));
}

static void metrics_are_the_newest_points_first(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    room_host(m, "web-1");
    for (uint32_t i = 0; i < 3; i++)
        room_samples(m, 10, START_MS + i * 10000, 0, 0);
    int64_t newest_ms = START_MS + 29000;
    /* no limit: 20 of each series that clients draw; of the mounts only the root */
    yyjson_doc *doc = room_json(m, "/metrics?", 200);
    assert_int_equal(yyjson_get_int(at(doc, "/count")), 40);
    for (uint32_t i = 0; i < 20; i++) {
        assert_metric(doc, 2 * i, "cpu_usage", 30 - (double)i, newest_ms - i * 1000);
        assert_metric(doc, 2 * i + 1, "disk_usage_percent", 10, newest_ms - i * 1000);
    }
    yyjson_doc_free(doc);
    doc = room_json(m, "/metrics?limit=7&metricName=cpu_usage", 200);
    assert_int_equal(yyjson_get_int(at(doc, "/count")), 7);
    assert_metric(doc, 6, "cpu_usage", 24, newest_ms - 6000);
    yyjson_doc_free(doc);
    doc = room_json(m, "/metrics?limit=1000&metricName=cpu_usage&instanceId=web-1", 200);
    assert_int_equal(yyjson_get_int(at(doc, "/count")), 30);
    yyjson_doc_free(doc);
    doc = room_json(m, "/metrics?limit=2&metricName=disk_usage_percent&tags=mount=/var", 200);
    assert_metric(doc, 1, "disk_usage_percent", 20, newest_ms - 1000);
    yyjson_doc_free(doc);
    doc = room_json(m, "/metrics?limit=1&metricName=network_rx_bytes", 200);
    assert_metric(doc, 0, "network_rx_bytes", 0, newest_ms);
    yyjson_doc_free(doc);
    doc = room_json(m, "/metrics?instanceId=nobody", 200);
    assert_int_equal(yyjson_get_int(at(doc, "/count")), 0);
    yyjson_doc_free(doc);
    static const char *const bad[] = {"0", "-1", "1001", "abc", "5xyz"};
    for (uint32_t i = 0; i < COUNT_OF(bad); i++) {
        char path[32];
        snprintf(path, sizeof path, "/metrics?limit=%s", bad[i]);
        yyjson_doc_free(room_json(m, path, 400));
    }
    room_free(m);
}

/* A client that pages backwards comes past hours in which the host was away. */
static void pages_reach_what_was_before_an_outage(void **state)
{
    (void)state;
    static const int64_t ages_ms[] = {90000000, 3600000, 3585000, 0};
    enum { EACH = 10, ALL = EACH * COUNT_OF(ages_ms) };
    struct room *m = room_new(&small, "");
    room_host(m, "web-1");
    for (uint32_t i = 0; i < COUNT_OF(ages_ms); i++)
        room_samples(m, EACH, START_MS - ages_ms[i], 0, 0);
    char path[256] = "/metrics?limit=7&metricName=cpu_usage", key[128];
    uint32_t found = 0;
    for (bool more = true; more;) {
        yyjson_doc *doc = room_json(m, path, 200);
        uint32_t count = (uint32_t)yyjson_get_int(at(doc, "/count"));
        for (uint32_t i = 0; i < count; i++, found++) {
            uint32_t k = ALL - 1 - found;
            int64_t ms = START_MS - ages_ms[k / EACH] + k % EACH * INT64_C(1000);
            assert_metric(doc, i, "cpu_usage", (double)k + 1, ms);
        }
        yyjson_val *next = at(doc, "/lastEvaluatedKey");
        more = next != NULL;
        snprintf(key, sizeof key, "%s", more ? yyjson_get_str(next) : "");
        snprintf(path, sizeof path, "/metrics?limit=7&metricName=cpu_usage&lastEvaluatedKey=%s", key);
        yyjson_doc_free(doc);
    }
    assert_int_equal(found, ALL);
    room_free(m);
}

static void assert_column(yyjson_doc *doc, uint32_t series, const double *values, uint32_t count)
{
    char pointer[32];
    snprintf(pointer, sizeof pointer, "/series/%u/v", series);
    yyjson_val *v = at(doc, pointer);
    assert_int_equal(yyjson_arr_size(v), count);
    for (uint32_t i = 0; i < count; i++) {
        yyjson_val *cell = yyjson_arr_get(v, i);
        bool is_same = values[i] < 0 ? yyjson_is_null(cell) : yyjson_get_num(cell) == values[i];
        if (!is_same)
            fail_msg("value %u of series %u is %s%d", i, series, yyjson_is_null(cell) ? "null " : "",
                     (int)yyjson_get_num(cell));
    }
}

#define NONE (-1.0)

/* 100 bytes a second; then the counter begins again at 50; then five seconds of silence. */
static void queries_fold_and_rate(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    room_host(m, "web-1");
    room_samples(m, 4, START_MS, 1000, 100);
    room_samples(m, 2, START_MS + 4000, 50, 100);
    room_samples(m, 2, START_MS + 11000, 400, 30);
    char path[256];
    snprintf(path, sizeof path,
             "/api/v1/query?instance=web-1&metric=cpu_*,network_rx_bytes&from=%lld&to=%lld&step=1s",
             (long long)START_MS, (long long)START_MS + 13000);
    yyjson_doc *doc = room_json(m, path, 200);
    assert_int_equal(yyjson_get_sint(at(doc, "/t/0")), START_MS);
    assert_int_equal(yyjson_arr_size(at(doc, "/series")), 2);
    assert_string_equal(yyjson_get_str(at(doc, "/series/1/fold")), "rate");
    assert_string_equal(yyjson_get_str(at(doc, "/series/1/tags/interface")), "eth0");
    assert_column(doc, 0, (double[]){1, 2, 3, 4, 5, 6, NONE, NONE, NONE, NONE, NONE, 7, 8}, 13);
    assert_column(doc, 1, (double[]){NONE, 100, 100, 100, NONE, 100, NONE, NONE, NONE, NONE, NONE, NONE, 30},
                  13);
    yyjson_doc_free(doc);
    int64_t whole_ms = START_MS + 2000; /* a multiple of three seconds */
    assert_int_equal(whole_ms % 3000, 0);
    snprintf(path, sizeof path,
             "/api/v1/query?instance=web-1&metric=cpu_usage&fold=max&from=%lld&to=%lld&step=3s",
             (long long)whole_ms, (long long)whole_ms + 3000);
    doc = room_json(m, path, 200);
    assert_column(doc, 0, (double[]){5}, 1);
    yyjson_doc_free(doc);
    static const char *const bad[] = {"", "&from=x", "&step=0s", "&step=x", "&fold=median", "&points=0",
                                      "&from=2026-01-02&to=2026-01-01", "&from=-9000d", "&from=-30d&step=1s"};
    for (uint32_t i = 1; i < COUNT_OF(bad); i++) {
        snprintf(path, sizeof path, "/api/v1/query?instance=web-1%s", bad[i]);
        yyjson_doc_free(room_json(m, path, 400));
    }
    yyjson_doc_free(room_json(m, "/api/v1/query", 400));
    yyjson_doc_free(room_json(m, "/api/v1/query?instance=nobody", 404));
    room_free(m);
}

static void send_processes(struct room *m, uint32_t cpu_share, const char *name, int64_t ms)
{
    struct block_matrix *b = &m->rig->block;
    struct process_tops tops = {.count = 2, .tops = {{7, cpu_share, 2000, ""}, {900, 1250, 30, "idle"}}};
    snprintf(tops.tops[0].name, sizeof tops.tops[0].name, "%s", name);
    b->processes.id_count = b->processes.use_count = 0;
    assert_int_equal(block_processes_add(&b->processes, 0, &tops), ERR_OK);
    room_samples(m, 1, ms, 0, 0);
    b->processes.id_count = b->processes.use_count = 0;
}

static void processes_of_a_moment_and_of_a_range(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    room_host(m, "web-1");
    yyjson_doc *doc = room_json(m, "/api/v1/processes?instance=web-1", 200);
    assert_true(yyjson_is_null(at(doc, "/at")));
    assert_int_equal(yyjson_arr_size(at(doc, "/processes")), 0);
    yyjson_doc_free(doc);
    for (uint32_t i = 0; i < 40; i++)
        send_processes(m, i * 100, "<b>\"x\"</b>", START_MS + i * 1000);
    doc = room_json(m, "/api/v1/processes?instance=web-1", 200);
    assert_int_equal(yyjson_get_sint(at(doc, "/at")), START_MS + 39000);
    assert_string_equal(yyjson_get_str(at(doc, "/instance")), "web-1");
    assert_string_equal(yyjson_get_str(at(doc, "/processes/0/name")), "<b>\"x\"</b>");
    assert_int_equal(yyjson_get_int(at(doc, "/processes/0/pid")), 7);
    assert_true(yyjson_get_num(at(doc, "/processes/0/cpu_percent")) == 39);
    assert_int_equal(yyjson_get_int(at(doc, "/processes/0/memory_bytes")), 2000 * 1024);
    assert_true(yyjson_get_num(at(doc, "/processes/1/cpu_percent")) == 12.5);
    yyjson_doc_free(doc);
    char path[256];
    snprintf(path, sizeof path, "/api/v1/processes?instance=web-1&at=%lld", (long long)START_MS + 5500);
    doc = room_json(m, path, 200);
    assert_int_equal(yyjson_get_sint(at(doc, "/at")), START_MS + 5000);
    assert_string_equal(yyjson_get_str(at(doc, "/processes/0/name")), "idle"); /* the busiest first */
    yyjson_doc_free(doc);
    snprintf(path, sizeof path, "/api/v1/processes?instance=web-1&from=%lld&to=%lld&points=30",
             (long long)START_MS - 20000, (long long)START_MS + 40000);
    doc = room_json(m, path, 200);
    assert_int_equal(yyjson_get_int(at(doc, "/step_ms")), 2000);
    assert_int_equal(yyjson_arr_size(at(doc, "/samples")), 20);
    assert_int_equal(yyjson_get_sint(at(doc, "/samples/0/at")), START_MS + 1000);
    assert_int_equal(yyjson_get_sint(at(doc, "/samples/19/at")), START_MS + 39000);
    yyjson_doc_free(doc);
    static const char *const bad[] = {"&at=x", "&from=now&to=-1h", "&from=-1h&points=0", "&from=x",
                                      "&from=-1h&points=1001"};
    for (uint32_t i = 0; i < COUNT_OF(bad); i++) {
        snprintf(path, sizeof path, "/api/v1/processes?instance=web-1%s", bad[i]);
        yyjson_doc_free(room_json(m, path, 400));
    }
    yyjson_doc_free(room_json(m, "/api/v1/processes", 400));
    yyjson_doc_free(room_json(m, "/api/v1/processes?instance=nobody", 404));
    room_free(m);
}

/* Answers much larger than a slot's buffer come whole, however the network cuts them. */
static void large_answers_survive_a_bad_network(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    room_host(m, "web-1");
    for (uint32_t i = 0; i < 40; i++)
        room_samples(m, 10, START_MS + i * 10000, i * 1000, 100);
    char path[128];
    snprintf(path, sizeof path, "/api/v1/query?instance=web-1&from=%lld&to=%lld&step=100ms",
             (long long)START_MS, (long long)START_MS + 400000);
    int status;
    char *calm = room_get(m, path, "", &status);
    assert_int_equal(status, 200);
    assert_true(strlen(calm) > 100000);
    for (uint32_t i = 0; i < 3; i++) {
        struct sim_weather *weather = sim_weather(m->far);
        weather->split_permille = weather->partial_permille = 300;
        weather->spike_permille = 20;
        weather->spike_max_ns = NS_PER_S / 10;
        weather->window = 4000 + i * 3000;
        char *rough = room_get(m, path, "", &status);
        assert_int_equal(status, 200);
        assert_string_equal(rough, calm);
        free(rough);
    }
    free(calm);
    room_free(m);
}

/* --- who may ask --- */

static void assert_status(struct room *m, const char *path, const char *headers, int expected)
{
    int status;
    free(room_get(m, path, headers, &status));
    if (status != expected)
        fail_msg("%s with \"%s\": %d instead of %d", path, headers, status, expected);
}

static void a_token_guards_everything_but_health_and_files(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "0123456789abcdef");
    assert_status(m, "/instances", "", 401);
    assert_status(m, "/instances", "Authorization: Bearer 0123456789abcdeX\r\n", 401);
    assert_status(m, "/instances", "Authorization: Bearer 0123456789abcdef0\r\n", 401);
    assert_status(m, "/instances", "Authorization: Basic 0123456789abcdef\r\n", 401);
    assert_status(m, "/instances", "Authorization: Bearer\r\n", 401);
    assert_status(m, "/instances?token=0123456789abcdef", "", 401); /* addresses end up in logs */
    assert_status(m, "/nothing", "", 401);
    assert_status(m, "/instances", "Authorization: bearer 0123456789abcdef\r\n", 200);
    assert_status(m, "/healthz", "", 200);
    assert_status(m, "/", "", 200);
    assert_status(m, "/ws?token=0123456789abcdef", "", 401); /* not a handshake */
    room_free(m);
}

static void without_a_token_names_and_foreign_pages_are_refused(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    struct client *c = client_new(m);
    static const char rebound[] = "GET /instances HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    client_send(c, rebound, sizeof rebound - 1);
    room_run(m, c, 50);
    assert_memory_equal(c->got, "HTTP/1.1 421", 12);
    c->size = 0;
    static const char foreign[] =
        "OPTIONS /metrics HTTP/1.1\r\nHost: localhost:8080\r\nOrigin: https://evil.example\r\n\r\n";
    client_send(c, foreign, sizeof foreign - 1);
    room_run(m, c, 50);
    assert_memory_equal(c->got, "HTTP/1.1 200", 12);
    assert_null(strstr(c->got, "Access-Control"));
    c->size = 0;
    static const char local[] =
        "OPTIONS /metrics HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:3000\r\n\r\n";
    client_send(c, local, sizeof local - 1);
    room_run(m, c, 50);
    assert_non_null(strstr(c->got, "Access-Control-Allow-Origin: *"));
    assert_non_null(strstr(c->got, "Access-Control-Allow-Headers: Content-Type,Authorization"));
    client_free(c);
    room_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instances_have_the_shape_that_clients_read),
        cmocka_unit_test(metrics_are_the_newest_points_first),
        cmocka_unit_test(pages_reach_what_was_before_an_outage),
        cmocka_unit_test(queries_fold_and_rate),
        cmocka_unit_test(processes_of_a_moment_and_of_a_range),
        cmocka_unit_test(large_answers_survive_a_bad_network),
        cmocka_unit_test(a_token_guards_everything_but_health_and_files),
        cmocka_unit_test(without_a_token_names_and_foreign_pages_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
