/* SPDX-License-Identifier: MIT */
/* The routes that answer in words, over a store with an incident in it. */
#include "tests/unit/api/room.h"

#include "aggregator/store/store_alerts.h"
#include "aggregator/store/store_insights.h"

#define SAMPLE_MS 10000
#define SAMPLES (6 * 180) /* three hours */
#define TROUBLE (6 * 150) /* the sample at which it begins */

#define FOUND (TROUBLE + 2) /* and at which the agent has found who does it */

#define FIRST_MS (RIG_START_MS - SAMPLES * SAMPLE_MS)

/* Who stood out: a database all the time, and with the trouble two of one name, the second after a while in
 * the place of the first. */
static void add_processes(struct block_matrix *b, uint32_t k, uint32_t n)
{
    struct process_tops tops = {.count = 2, .tops = {{1, 0, 12000, "init"}, {300, 1500, 400000, "postgres"}}};
    if (n >= FOUND)
        tops.tops[tops.count++] = (struct process_top){n < FOUND + 60 ? 900 : 950, 18000, 9000, "cruncher"};
    if (k == 0)
        b->processes.id_count = b->processes.use_count = 0;
    assert_int_equal(block_processes_add(&b->processes, k, &tops), ERR_OK);
}

/* Three hours: CPU, load and traffic leap in the last half hour, the disk grows, memory stays. */
static void fill(struct room *m)
{
    static const struct store_series_facts facts[] = {
        {"cpu_usage", "", "percent", 100, METRIC_GAUGE},
        {"load_average_1min", "", "load", 100, METRIC_GAUGE},
        {"network_rx_bytes", "interface=eth0", "bytes", 1, METRIC_COUNTER},
        {"memory_usage_percent", "", "percent", 100, METRIC_GAUGE},
        {"disk_usage_percent", "mount=/", "percent", 100, METRIC_GAUGE},
    };
    struct store *s = m->rig->store;
    int64_t start_ms = FIRST_MS, received = 0;
    m->instance = rig_instance(m->rig, "web-3");
    assert_int_equal(store_epoch(s, m->instance, 7), ERR_OK);
    for (uint32_t i = 0; i < COUNT_OF(facts); i++)
        assert_int_equal(store_dictionary_add(s, m->instance, STREAM_LIVE, &facts[i]), i);
    struct block_matrix *b = &m->rig->block;
    for (uint32_t at = 0; at < SAMPLES; at += 12) {
        b->count = 12;
        b->slot_count = COUNT_OF(facts);
        for (uint32_t k = 0; k < 12; k++) {
            uint32_t n = at + k;
            bool trouble = n >= TROUBLE, before = n >= TROUBLE - 30; /* traffic comes five minutes early */
            received += before ? 50000000 : 100000;
            b->time_ms[k] = start_ms + (int64_t)n * SAMPLE_MS;
            add_processes(b, k, n);
            const int64_t values[] = {trouble ? 9700 + (int64_t)rig_random(m->rig, 200)
                                              : 2000 + (int64_t)rig_random(m->rig, 500),
                                      trouble ? 820 : 40 + (int64_t)rig_random(m->rig, 10), received,
                                      5000 + (int64_t)rig_random(m->rig, 50), 4000 + n};
            for (uint32_t i = 0; i < COUNT_OF(values); i++) {
                b->slots[i] = (uint16_t)i;
                b->values[i][k] = values[i];
            }
        }
        assert_int_equal(rig_send(m->rig, m->instance, at + 1), 12);
        rig_settle(m->rig);
    }
}

static void raise(struct room *m, const char *instance, int64_t from_ms, int64_t to_ms, const char *who)
{
    struct alert_report r = {.instance = instance, .rule = "cpu", .tag = "", .type = "cpu_usage_critical",
                             .message = "CPU is high", .metric = "cpu_usage", .unit = "percent",
                             .severity = ALERT_CRITICAL, .time_ms = from_ms, .value = 9700, .level = 9000,
                             .scale = 100, .write_now = true};
    bool was_open;
    struct store *s = m->rig->store;
    assert_true(store_alert_raise(s, &r, &was_open) >= 0);
    if (to_ms == 0)
        return;
    r.time_ms = to_ms;
    assert_true(store_alert_raise(s, &r, &was_open) >= 0);
    assert_int_equal(store_commit(s), ERR_OK);
    if (who[0] == 0) {
        assert_true(store_alert_settle(s, instance, "cpu", "", to_ms));
    } else {
        char id[ALERT_ID_SIZE];
        snprintf(id, sizeof id, "%s", store_alert_open(s, instance, "cpu", "")->id);
        const struct alert_change c = {.status = ALERT_RESOLVED, .resolved = true, .who = who};
        assert_int_equal(store_alert_change(s, id, &c), ERR_OK);
    }
    assert_int_equal(store_commit(s), ERR_OK);
}

static const char *text_of(yyjson_doc *doc, const char *pointer)
{
    const char *s = yyjson_get_str(at(doc, pointer));
    assert_non_null(s);
    return s;
}

static void has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in: %s", part, text);
}

static struct room *incident(char id[ALERT_ID_SIZE])
{
    struct room *m = room_new(&(struct api_limits){.connections_max = 8, .websockets_max = 1}, "");
    fill(m);
    int64_t trouble_ms = FIRST_MS + TROUBLE * SAMPLE_MS;
    rig_instance(m->rig, "web-4");
    raise(m, "web-3", trouble_ms - 86400000, trouble_ms - 86400000 + 720000, "");
    raise(m, "web-3", trouble_ms - 80000000, trouble_ms - 80000000 + 600000, "anna");
    raise(m, "web-4", trouble_ms - 80000000, trouble_ms - 80000000 + 600000, "");
    raise(m, "web-3", trouble_ms, 0, "");
    raise(m, "web-4", trouble_ms, 0, "");
    assert_int_equal(store_commit(m->rig->store), ERR_OK);
    snprintf(id, ALERT_ID_SIZE, "%s", store_alert_open(m->rig->store, "web-3", "cpu", "")->id);
    return m;
}

static void an_alert_is_explained_by_what_moved(void **state)
{
    (void)state;
    char id[ALERT_ID_SIZE], path[128];
    struct room *m = incident(id);
    snprintf(path, sizeof path, "/api/v1/alerts/%s/explanation", id);
    yyjson_doc *doc = room_json(m, path, 200);
    has(text_of(doc, "/meaning"), "CPU use on name of web-3 has been at or above 90 % since");
    const char *why = text_of(doc, "/causes");
    has(why, "load over one minute rose from 0.4");
    has(why, "to 8.2");
    has(why, "traffic received on eth0 rose from 9.77 KiB/s to 4.77 MiB/s");
    has(why, "The first to move was traffic received on eth0, 5 minutes before the alert");
    has(why, "The same alert is open on 1 other host");
    assert_null(strstr(why, "memory"));
    assert_null(strstr(why, "disk"));
    const char *similar = text_of(doc, "/similar/text");
    has(similar, "It happened 2 times before on this host");
    has(similar, "1 went by itself, 1 was resolved by hand");
    assert_int_equal(yyjson_get_uint(at(doc, "/similar/count")), 2);
    assert_int_equal(yyjson_get_uint(at(doc, "/similar/elsewhere")), 1);
    assert_string_equal(text_of(doc, "/similar/list/0/resolved_by"), "anna");
    assert_int_equal(yyjson_arr_size(at(doc, "/evidence")), 3); /* its own, and two that moved */
    assert_string_equal(text_of(doc, "/evidence/0/metric"), "cpu_usage");
    assert_true(yyjson_get_bool(at(doc, "/evidence/0/is_own")));
    assert_true(yyjson_get_num(at(doc, "/evidence/0/during")) > 96);
    assert_true(yyjson_arr_size(at(doc, "/evidence/0/v")) > 130);
    assert_true(yyjson_get_uint(at(doc, "/urgency/level")) >= 8);
    has(text_of(doc, "/actions/0/command"), "ps ");
    yyjson_doc_free(doc);
    snprintf(path, sizeof path, "/insights/explain-alert/%s", id);
    doc = room_json(m, path, 200);
    has(text_of(doc, "/explanation"), "What to do:\n1. ");
    has(text_of(doc, "/cause"), "rose from");
    yyjson_doc_free(doc);
    yyjson_doc_free(room_json(m, "/api/v1/alerts/none/explanation", 404));
    room_free(m);
}

/* CPU use that is at its bound has its peak in the first sample, in which nobody is found yet. */
static void who_did_it_is_named_though_the_peak_does_not_know(void **state)
{
    (void)state;
    char id[ALERT_ID_SIZE], path[128];
    struct room *m = incident(id);
    int64_t trouble_ms = FIRST_MS + TROUBLE * SAMPLE_MS;
    struct alert_report r = {.instance = "web-3", .rule = "cpu", .tag = "", .type = "cpu_usage_critical",
                             .message = "CPU is high", .metric = "cpu_usage", .unit = "percent",
                             .severity = ALERT_CRITICAL, .time_ms = trouble_ms + 20 * 60000, .value = 9700,
                             .level = 9000, .scale = 100, .write_now = true};
    bool was_open;
    assert_true(store_alert_raise(m->rig->store, &r, &was_open) >= 0 && was_open);
    assert_int_equal(store_commit(m->rig->store), ERR_OK);
    snprintf(path, sizeof path, "/api/v1/alerts/%s/explanation", id);
    yyjson_doc *doc = room_json(m, path, 200);
    assert_int_equal(yyjson_get_sint(at(doc, "/processes/at")), trouble_ms);
    assert_int_equal(yyjson_get_sint(at(doc, "/processes/from")), trouble_ms);
    assert_int_equal(yyjson_get_sint(at(doc, "/processes/to")), trouble_ms + 21 * 60000);
    assert_int_equal(yyjson_get_uint(at(doc, "/processes/samples")), 4); /* the peak is the beginning */
    assert_string_equal(text_of(doc, "/processes/list/0/name"), "cruncher");
    assert_int_equal(yyjson_get_uint(at(doc, "/processes/list/0/pid")), 950); /* the newest */
    assert_int_equal(yyjson_get_uint(at(doc, "/processes/list/0/count")), 2);
    assert_true(yyjson_get_num(at(doc, "/processes/list/0/cpu_percent")) == 135); /* 0, 180, 180, 180 */
    assert_string_equal(text_of(doc, "/processes/list/1/name"), "postgres");
    assert_true(yyjson_get_num(at(doc, "/processes/list/1/cpu_percent")) == 15);
    has(text_of(doc, "/causes"), "on average of 4 samples: cruncher (at least 2 processes, together 135 % of "
                                 "a CPU");
    has(text_of(doc, "/actions/0/what"), "Look at what cruncher (PID 950) is doing");
    yyjson_doc_free(doc);
    room_free(m);
}

/* All moments fall on the same sample: it counts once, and no mean is spoken of. */
static void an_alert_of_one_moment_has_its_processes(void **state)
{
    (void)state;
    char path[128];
    struct room *m = room_new(&(struct api_limits){.connections_max = 8, .websockets_max = 1}, "");
    fill(m);
    int64_t ms = FIRST_MS + FOUND * SAMPLE_MS;
    raise(m, "web-3", ms, ms, "");
    struct alert a;
    struct alert_filter all = {.instance = "", .status = -1, .before_ms = INT64_MAX, .before = INT64_MAX};
    assert_int_equal(store_alert_list(m->rig->store, &all, &a, 1), 1);
    snprintf(path, sizeof path, "/api/v1/alerts/%s/explanation", a.id);
    yyjson_doc *doc = room_json(m, path, 200);
    assert_int_equal(yyjson_get_uint(at(doc, "/processes/samples")), 1);
    assert_int_equal(yyjson_get_sint(at(doc, "/processes/from")), ms);
    assert_int_equal(yyjson_get_sint(at(doc, "/processes/to")), ms);
    assert_string_equal(text_of(doc, "/processes/list/0/name"), "cruncher");
    assert_null(strstr(text_of(doc, "/causes"), "average"));
    yyjson_doc_free(doc);
    room_free(m);
}

static void an_alert_of_nobody_known_is_explained_too(void **state)
{
    (void)state;
    char path[128];
    struct room *m = room_new(&(struct api_limits){.connections_max = 8, .websockets_max = 1}, "");
    raise(m, "stranger", RIG_START_MS, 0, "");
    assert_int_equal(store_commit(m->rig->store), ERR_OK);
    snprintf(path, sizeof path, "/api/v1/alerts/%s/explanation",
             store_alert_open(m->rig->store, "stranger", "cpu", "")->id);
    yyjson_doc *doc = room_json(m, path, 200);
    has(text_of(doc, "/causes"), "too few samples");
    assert_int_equal(yyjson_arr_size(at(doc, "/evidence")), 0);
    yyjson_doc_free(doc);
    room_free(m);
}

static void the_summary_names_hosts_alerts_and_insights(void **state)
{
    (void)state;
    char id[ALERT_ID_SIZE];
    struct room *m = incident(id);
    struct insight in = {.type = INSIGHT_PREDICTION, .severity = INSIGHT_HIGH, .key = "p",
                         .confidence_permille = 900,
                         .title = "/data on db-2 will be full in about 31 hours",
                         .recommendations = "Free space. Or enlarge it."};
    assert_int_equal(store_insight_put(m->rig->store, &in), ERR_OK);
    in = (struct insight){.type = INSIGHT_PATTERN, .severity = INSIGHT_LOW, .key = "pattern/spare/web-4",
                          .title = "web-4 has had little to do all week",
                          .recommendations = "Take a smaller plan."};
    assert_int_equal(store_insight_put(m->rig->store, &in), ERR_OK);
    assert_int_equal(store_commit(m->rig->store), ERR_OK);
    yyjson_doc *doc = room_json(m, "/insights/summary", 200);
    const char *summary = text_of(doc, "/summary");
    has(summary, "All 2 hosts need attention: name of web-3 (CPU) and name of web-4 (CPU).");
    has(summary, "- name of web-3: CPU use is 97 %, at or above 90 % since");
    has(summary, "1. name of web-3: see which process uses the CPU.");
    has(summary, "Coming up\n- /data on db-2 will be full in about 31 hours (90 % sure). Free space.");
    has(summary, "Could be leaner\n- web-4 has had little to do all week. Take a smaller plan.");
    has(text_of(doc, "/criticalInsight/title"), "/data on db-2 will be full in about 31 hours");
    assert_int_equal(yyjson_arr_size(at(doc, "/stats")), 2);
    yyjson_doc_free(doc);
    doc = room_json(m, "/insights/quick-summary", 200);
    has(text_of(doc, "/summary"), "; coming up: /data on db-2 will be full in about 31 hours.");
    yyjson_doc_free(doc);
    room_free(m);
}

static void a_trend_is_told_with_what_is_coming(void **state)
{
    (void)state;
    char id[ALERT_ID_SIZE];
    struct room *m = incident(id);
#define TREND "/insights/analyze-trend?instanceId=web-3&hours=3&metricName="
    yyjson_doc *doc = room_json(m, TREND "disk_usage_percent", 200);
    assert_string_equal(text_of(doc, "/trend"), "rising");
    has(text_of(doc, "/analysis"), "Disk use of / on name of web-3 is rising by 3.6 points an hour");
    assert_true(yyjson_get_num(at(doc, "/rSquared")) > 0.99);
    assert_null(at(doc, "/forecast")); /* three hours are too little to see a day ahead */
    yyjson_doc_free(doc);
    doc = room_json(m, TREND "memory_usage_percent", 200);
    assert_string_equal(text_of(doc, "/trend"), "steady");
    yyjson_doc_free(doc);
    doc = room_json(m, TREND "network_rx_bytes", 200);
    assert_true(yyjson_get_bool(at(doc, "/isRate")));
    assert_true(yyjson_get_num(at(doc, "/max")) < 6e6); /* bytes a second, not bytes since the start */
    yyjson_doc_free(doc);
    room_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_is_explained_by_what_moved),
        cmocka_unit_test(who_did_it_is_named_though_the_peak_does_not_know),
        cmocka_unit_test(an_alert_of_one_moment_has_its_processes),
        cmocka_unit_test(an_alert_of_nobody_known_is_explained_too),
        cmocka_unit_test(the_summary_names_hosts_alerts_and_insights),
        cmocka_unit_test(a_trend_is_told_with_what_is_coming),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
