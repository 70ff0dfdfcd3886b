/* SPDX-License-Identifier: MIT */
/* Twelve hosts and a week of their samples in a real store: the patterns that were planted are found,
 * nothing is found in the others, finding again renews, and the summary tells it all. */
#include <math.h>

#include "tests/unit/api/room.h"

#include "aggregator/analysis/patterns/patterns.h"
#include "aggregator/store/store_alerts.h"
#include "aggregator/store/store_insights.h"

#define HOUR_MS INT64_C(3600000)
#define STEP_MS (HOUR_MS / 2)
#define STEPS (169 * 2)
#define HOSTS 12U

static const char *const names[HOSTS] = {"web-1", "web-2", "web-3",   "web-4",   "api-1",   "api-2",
                                         "db-1",  "db-2",  "cache-1", "cache-2", "batch-1", "spare-1"};
enum { CPU, MEMORY, MEMORY_BYTES, DISK, STEAL, TRAFFIC, CONNECTIONS, SERIES };
static const struct store_series_facts facts[SERIES] = {
    {"cpu_usage", "", "percent", 100, METRIC_GAUGE},
    {"memory_usage_percent", "", "percent", 100, METRIC_GAUGE},
    {"memory_used_bytes", "", "bytes", 1, METRIC_GAUGE},
    {"disk_usage_percent", "mount=/var", "percent", 100, METRIC_GAUGE},
    {"cpu_seconds", "mode=steal", "seconds", 100, METRIC_COUNTER},
    {"network_rx_bytes", "interface=eth0", "bytes", 1, METRIC_COUNTER},
    {"tcp_established", "", "count", 1, METRIC_GAUGE},
};

struct fleet {
    struct room *room;
    struct patterns *patterns;
    struct memory_map map;
    double wave[STEPS]; /* what the load balancer sends to web-2..4 */
    int64_t start_ms, now_ms;
};

static double noise(struct fleet *f, double size)
{
    double n = 0;
    for (uint32_t i = 0; i < 3; i++)
        n += (double)rig_random(f->room->rig, 2000001) / 1000000.0 - 1;
    return n * size;
}

static void values_at(struct fleet *f, uint32_t host, uint32_t step, int64_t now_ms, int64_t counters[2],
                      double *v)
{
    uint32_t hour = (uint32_t)(now_ms / HOUR_MS % 24);
    double gib = 1073741824.0;
    v[CPU] = 35 + noise(f, 4);
    v[MEMORY] = 55 + noise(f, 1);
    v[DISK] = 40 + noise(f, 0.1);
    v[CONNECTIONS] = 80 + noise(f, 10);
    double steal = 0, traffic = 2e6 + noise(f, 2e5);
    if (host == 0 && hour == 2)
        v[CPU] = 92 + noise(f, 2);
    if (host >= 1 && host <= 3)
        v[CPU] = 40 + f->wave[step] + noise(f, 1);
    if (host == 4)
        v[MEMORY] = 30 + 0.1 * step + noise(f, 0.5);
    if (host == 8 && step + 20 > STEPS) {
        steal = 0.18;
        v[CPU] = 30 + 18;
    }
    if (host == 11) {
        v[CPU] = 2 + noise(f, 0.3);
        v[MEMORY] = 18;
    }
    v[MEMORY_BYTES] = v[MEMORY] / 100 * 8 * gib;
    counters[0] += (int64_t)(steal * 4 * 100 * STEP_MS / 1000); /* of 4 CPUs */
    counters[1] += (int64_t)(traffic * STEP_MS / 1000);
    v[STEAL] = (double)counters[0] / 100;
    v[TRAFFIC] = (double)counters[1];
}

static void push(struct fleet *f, uint32_t host)
{
    struct store *s = f->room->rig->store;
    uint32_t instance = (uint32_t)store_instance_find(s, names[host]);
    uint16_t series[SERIES];
    int64_t counters[2] = {0, 0};
    for (uint32_t i = 0; i < SERIES; i++)
        series[i] = (uint16_t)store_series_put(s, instance, &facts[i]);
    for (uint32_t step = 0; step < STEPS; step++) {
        struct store_push_value values[SERIES];
        double v[SERIES];
        int64_t ms = f->start_ms + step * STEP_MS;
        values_at(f, host, step, ms, counters, v);
        for (uint32_t i = 0; i < SERIES; i++)
            values[i] = (struct store_push_value){
                .time_ms = ms, .series = series[i], .value = (int64_t)floor(v[i] * facts[i].scale + 0.5)};
        int n;
        while ((n = store_push(s, instance, values, SERIES, plat_wall(f->room->rig->machine))) == ERR_FULL)
            rig_settle(f->room->rig);
        assert_int_equal(n, SERIES);
    }
    rig_settle(f->room->rig);
}

static void alert(struct fleet *f, const char *host, const char *metric, const char *tag, int64_t from_ms,
                  int64_t for_ms, int64_t value, int64_t level, enum alert_severity severity)
{
    struct store *s = f->room->rig->store;
    struct alert_report r = {.instance = host,
                             .rule = metric,
                             .tag = tag,
                             .type = metric,
                             .message = metric,
                             .metric = metric,
                             .unit = "percent",
                             .severity = severity,
                             .time_ms = from_ms,
                             .value = value,
                             .level = level,
                             .scale = 100,
                             .write_now = true};
    bool was_open;
    assert_true(store_alert_raise(s, &r, &was_open) >= 0);
    if (for_ms > 0) {
        r.time_ms = from_ms + for_ms;
        assert_true(store_alert_raise(s, &r, &was_open) >= 0);
        assert_int_equal(store_commit(s), ERR_OK);
        assert_true(store_alert_settle(s, host, metric, tag, r.time_ms));
    }
    assert_int_equal(store_commit(s), ERR_OK);
}

static struct fleet *fleet_new(void)
{
    struct fleet *f = calloc(1, sizeof *f);
    f->room =
        room_new(&(struct api_limits){.connections_max = 8, .websockets_max = 1, .instances_max = 16}, "");
    struct rig *r = f->room->rig;
    memory_map_init(&f->map, NULL, 0);
    assert_null(patterns_reserve(&f->map, 16));
    void *memory = calloc(1, f->map.used + 64);
    memory_map_init(&f->map, (uint8_t *)memory + (64 - (uintptr_t)memory % 64) % 64, f->map.used);
    f->patterns = patterns_reserve(&f->map, 16);
    f->map.block = memory;
    sim_advance(r->world, 200 * 3600 * NS_PER_S);
    f->now_ms = wall_ms(plat_wall(r->machine));
    f->start_ms = f->now_ms - f->now_ms % HOUR_MS - 169 * HOUR_MS;
    for (uint32_t i = 0; i < STEPS; i++)
        f->wave[i] = noise(f, 12);
    for (uint32_t i = 0; i < HOSTS; i++) {
        struct instance in = {.interval_ms = 1000,
                              .cpu_count = 4,
                              .memory_bytes = UINT64_C(8) << 30,
                              .type = "vm",
                              .region = "ewr"};
        snprintf(in.id, sizeof in.id, "%s", names[i]);
        snprintf(in.name, sizeof in.name, "%s", names[i]);
        assert_int_equal(store_instance_put(r->store, &in), i);
        push(f, i);
    }
    for (int64_t day = 5; day >= 2; day--)
        alert(f, "db-1", "disk_busy_percent", "device=vda",
              f->now_ms - f->now_ms % 86400000 - day * 86400000 + 3 * HOUR_MS + day * 60000, 720000, 9900,
              9500, ALERT_HIGH);
    alert(f, "db-1", "disk_usage_percent", "mount=/var", f->now_ms - 1500000, 0, 9620, 9500,
          ALERT_CRITICAL);
    alert(f, "web-3", "cpu_usage", "", f->now_ms - 5700000, 0, 9700, 9000, ALERT_HIGH);
    struct insight in = {.type = INSIGHT_PREDICTION,
                         .severity = INSIGHT_HIGH,
                         .key = "p/db-2",
                         .confidence_permille = 900,
                         .title = "/data on db-2 will be full in about 31 hours",
                         .recommendations = "Free space there, or enlarge the file system."};
    assert_int_equal(store_insight_put(r->store, &in), ERR_OK);
    assert_int_equal(store_commit(r->store), ERR_OK);
    patterns_open(f->patterns, r->store, plat_mono(r->machine));
    return f;
}

static void fleet_free(struct fleet *f)
{
    patterns_close(f->patterns);
    room_free(f->room);
    free(f->map.block);
    free(f);
}

static void one_round(struct fleet *f)
{
    struct rig *r = f->room->rig;
    struct patterns_stats before, after;
    patterns_stats(f->patterns, &before);
    for (uint32_t i = 0; i < 400000; i++) {
        struct mono now = plat_mono(r->machine);
        struct mono next = patterns_step(f->patterns, now, plat_wall(r->machine), true);
        patterns_stats(f->patterns, &after);
        if (after.rounds > before.rounds)
            break;
        if (next.ns > now.ns)
            sim_advance(r->world, next.ns - now.ns);
        (void)store_step(r->store, plat_mono(r->machine));
    }
    assert_int_equal(after.rounds, before.rounds + 1);
    assert_int_equal(after.failed, 0);
    assert_false(patterns_is_querying(f->patterns));
    assert_int_equal(store_commit(r->store), ERR_OK);
}

static bool has_pattern(yyjson_doc *doc, const char *title, const char *instance)
{
    yyjson_val *one;
    size_t i, n;
    yyjson_arr_foreach(at(doc, "/insights"), i, n, one)
    {
        if (strstr(yyjson_get_str(yyjson_obj_get(one, "title")), title) == NULL)
            continue;
        yyjson_val *first = yyjson_arr_get_first(yyjson_obj_get(one, "affectedInstances"));
        assert_string_equal(yyjson_get_str(first), instance);
        return true;
    }
    return false;
}

static void planted_patterns_are_found_and_nothing_else(void **state)
{
    (void)state;
    struct fleet *f = fleet_new();
    one_round(f);
    yyjson_doc *doc = room_json(f->room, "/insights/patterns", 200);
    char *all = yyjson_write(doc, YYJSON_WRITE_PRETTY, NULL);
    if (getenv("NEPHOS_SHOW") != NULL)
        puts(all);
    assert_true(has_pattern(doc, "CPU use on web-1 peaks every day around 02:00 UTC", "web-1"));
    assert_true(has_pattern(doc, "Memory in use on api-1 keeps growing, ", "api-1"));
    assert_true(has_pattern(doc, "CPU use moves together on 3 hosts: web-2, web-3 and web-4", "web-2"));
    assert_true(has_pattern(doc, "Something beside cache-1 takes its CPU time", "cache-1"));
    assert_true(has_pattern(doc, "spare-1 has had little to do all week", "spare-1"));
    assert_true(
        has_pattern(doc, "The alert on busy time of vda came 4 times within a week on db-1", "db-1"));
    assert_int_equal(yyjson_get_uint(at(doc, "/count")), 6);
    const char *created = yyjson_get_str(at(doc, "/insights/0/createdAt"));
    one_round(f); /* an hour later the same are found again */
    yyjson_doc *again = room_json(f->room, "/insights/patterns", 200);
    assert_int_equal(yyjson_get_uint(at(again, "/count")), 6);
    assert_string_equal(yyjson_get_str(at(again, "/insights/0/createdAt")), created);
    assert_true(strcmp(yyjson_get_str(at(again, "/insights/0/expiresAt")),
                       yyjson_get_str(at(doc, "/insights/0/expiresAt"))) > 0);
    free(all);
    yyjson_doc_free(doc);
    yyjson_doc_free(again);
    fleet_free(f);
}

static void the_summary_tells_it_all(void **state)
{
    (void)state;
    struct fleet *f = fleet_new();
    one_round(f);
    for (uint32_t i = 0; i < HOSTS; i++) { /* all but one are heard of */
        struct store_push_value v = {.time_ms = wall_ms(plat_wall(f->room->rig->machine)), .value = 1};
        if (i != 9)
            assert_int_equal(store_push(f->room->rig->store, i, &v, 1, plat_wall(f->room->rig->machine)),
                             1);
    }
    assert_int_equal(store_commit(f->room->rig->store), ERR_OK);
    yyjson_doc *doc = room_json(f->room, "/insights/summary", 200);
    const char *text = yyjson_get_str(at(doc, "/summary"));
    uint64_t bad = yyjson_get_uint(at(doc, "/levels/critical")) + yyjson_get_uint(at(doc, "/levels/warn"));
    uint64_t rest = yyjson_get_uint(at(doc, "/levels/stale")) + yyjson_get_uint(at(doc, "/levels/ok"));
    assert_int_equal(bad, 3); /* as the sentence says */
    assert_int_equal(rest, HOSTS - 3);
    assert_int_equal(yyjson_get_uint(at(doc, "/hostCount")), HOSTS);
    if (getenv("NEPHOS_SHOW") != NULL)
        puts(text);
    static const char *const parts[] = {
        "3 of 12 hosts need attention: db-1 (disk space), web-3 (CPU) and cache-2 (silent). The other 9 "
        "are fine.",
        "What is wrong\n- db-1: disk use of /var is 96.2 %, at or above 95 % since ",
        "- cache-2: silent since ",
        "Do now\n1. db-1: free space or enlarge the file system of /var.",
        "Coming up\n- /data on db-2",
        "What keeps happening\n",
        "Could be leaner\n- spare-1 has had little to do all week: CPU "};
    for (uint32_t i = 0; i < COUNT_OF(parts); i++)
        if (strstr(text, parts[i]) == NULL)
            fail_msg("\"%s\" is not in:\n%s", parts[i], text);
    yyjson_doc_free(doc);
    fleet_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planted_patterns_are_found_and_nothing_else),
        cmocka_unit_test(the_summary_tells_it_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
