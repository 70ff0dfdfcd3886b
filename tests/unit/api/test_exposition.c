/* SPDX-License-Identifier: MIT */
/* The text for scrapers: who is given it, what stands in it, and what is left out. */
#include "tests/unit/api/room.h"

#define START_MS (RIG_START_MS + 1000)
#define TEXT "Accept: text/plain;version=0.0.4\r\n"

static const struct api_limits small = {.connections_max = 6, .websockets_max = 2, .instances_max = 8,
                                        .series_per_instance_max = 64};

static char *get(struct room *m, const char *path, const char *headers, int expected)
{
    int status;
    char *body = room_get(m, path, headers, &status);
    if (status != expected)
        fail_msg("%s: %d: %.300s", path, status, body);
    return body;
}

static void families_of_all_hosts_stand_together(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    for (uint32_t i = 0; i < 3; i++) {
        room_host(m, i == 0 ? "web-1" : i == 1 ? "web-2" : "web-3");
        room_samples(m, 2, wall_ms(plat_wall(m->rig->machine)) - 2000, 1000, 100);
    }
    char *body = get(m, "/metrics", TEXT, 200);
    const char *family = "# TYPE node_network_receive_bytes_total counter\n"
                         "# HELP node_network_receive_bytes_total Bytes received\n"
                         "node_network_receive_bytes_total{instance=\"web-1\",device=\"eth0\"} 1100\n"
                         "node_network_receive_bytes_total{instance=\"web-2\",device=\"eth0\"} 1100\n"
                         "node_network_receive_bytes_total{instance=\"web-3\",device=\"eth0\"} 1100\n";
    assert_non_null(strstr(body, family));
    assert_non_null(strstr(body, "\nnephos_disk_usage_ratio{instance=\"web-2\",mountpoint=\"/var\"} 0.2\n"));
    assert_non_null(strstr(body, "\nnephos_instance_up{instance=\"web-3\"} 1\n"));
    assert_non_null(strstr(body, "\nnephos_aggregator_store_values_committed_total 24\n"));
    free(body);
    body = get(m, "/metrics", "Accept: application/openmetrics-text;version=1.0.0\r\n", 200);
    assert_non_null(strstr(body, "# TYPE node_network_receive_bytes counter\n"));
    assert_string_equal(body + strlen(body) - 6, "# EOF\n");
    free(body);
    yyjson_doc_free(room_json(m, "/metrics", 200)); /* who asks as ever */
    /* who is silent is left out, and said to be */
    room_run(m, NULL, 120000);
    body = get(m, "/metrics", TEXT, 200);
    assert_null(strstr(body, "node_network_receive_bytes_total"));
    assert_non_null(strstr(body, "\nnephos_instance_up{instance=\"web-3\"} 0\n"));
    free(body);
    room_free(m);
}

static void selections_take_what_they_name(void **state)
{
    (void)state;
    static const struct {
        const char *match;
        uint32_t lines; /* samples in the answer */
    } cases[] = {
        {"node_network_receive_bytes_total", 2},
        {"{__name__=~%22nephos_disk_.*%22}", 4},
        {"nephos_disk_usage_ratio{mountpoint=%22/%22}", 2},
        {"nephos_disk_usage_ratio{mountpoint!=%22/%22,instance=%22web-1%22}", 1},
        {"nephos_disk_usage_ratio{instance!~%22web.*%22}", 0},
        {"nephos_disk_usage_ratio{region=%22fra%22}", 2},
        {"nephos_disk_usage_ratio{job=%22nephos%22}", 4},
        {"{instance=%22web-1%22,__name__=~%22node_network.*%22}&match[]=nephos_cpu_usage_ratio", 3},
    };
    struct room *m = room_new(&small, "");
    room_host(m, "web-1");
    text_copy(store_instance(m->rig->store, m->instance)->region, FACT_SIZE, "fra");
    room_samples(m, 2, wall_ms(plat_wall(m->rig->machine)) - 2000, 1000, 100);
    room_host(m, "web-2");
    room_samples(m, 2, wall_ms(plat_wall(m->rig->machine)) - 2000, 1000, 100);
    for (uint32_t round = 0; round < 2; round++) /* more often than there are places */
        for (uint32_t i = 0; i < COUNT_OF(cases); i++) {
            char path[256];
            snprintf(path, sizeof path, "/federate?match[]=%s", cases[i].match);
            char *body = get(m, path, "", 200);
            uint32_t lines = 0;
            for (const char *at = body; *at != 0; at = strchr(at, '\n') + 1)
                lines += *at != '#';
            if (lines != cases[i].lines)
                fail_msg("%s: %u lines: %s", cases[i].match, lines, body);
            free(body);
        }
    static const char *const bad[] = {"", "?match[]=", "?match[]={", "?match[]={a=~%22(%22}",
                                      "?match[]=a%20b",
                                      "?match[]={a=%22%22}"};
    for (uint32_t i = 0; i < COUNT_OF(bad); i++) {
        char path[64];
        snprintf(path, sizeof path, "/federate%s", bad[i]);
        free(get(m, path, "", 400));
    }
    room_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_of_all_hosts_stand_together),
        cmocka_unit_test(selections_take_what_they_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
