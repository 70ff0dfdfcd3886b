/* SPDX-License-Identifier: MIT */
/* Queries across hosts: what is taken, how it is folded, ranked and written, what is refused, and that no
 * place is lost whatever a client does. */
#include "tests/unit/api/room.h"

#define START_MS (RIG_START_MS + 1000)

static const struct api_limits small = {.connections_max = 6, .websockets_max = 2, .instances_max = 8,
                                        .series_per_instance_max = 64};

/* web-1, web-2, db-1: cpu of 1, 11 and 21 % and one more each second; 100, 200 and 300 bytes a second. */
static struct room *three_hosts(void)
{
    static const char *const ids[] = {"web-1", "web-2", "db-1"};
    struct room *m = room_new(&small, "");
    for (uint32_t i = 0; i < 3; i++) {
        room_host(m, ids[i]);
        struct instance *in = store_instance(m->rig->store, m->instance);
        text_copy(in->region, sizeof in->region, i == 1 ? "ams" : "fra");
        text_copy(in->provider, sizeof in->provider, "vultr");
        m->next_sequence = 1 + 10 * i;
        room_samples(m, 4, START_MS, 1000, 100 * (i + 1));
    }
    return m;
}

static yyjson_doc *ask(struct room *m, const char *query, int expected)
{
    char path[512];
    snprintf(path, sizeof path, "/api/v1/query?from=%lld&to=%lld&step=1s&%s", (long long)START_MS,
             (long long)START_MS + 4000, query);
    return room_json(m, path, expected);
}

static void assert_values(yyjson_doc *doc, uint32_t series, double a, double b, double c, double d)
{
    char pointer[32];
    snprintf(pointer, sizeof pointer, "/series/%u/v", series);
    yyjson_val *v = at(doc, pointer);
    const double wanted[] = {a, b, c, d};
    assert_int_equal(yyjson_arr_size(v), 4);
    for (uint32_t i = 0; i < 4; i++) {
        yyjson_val *it = yyjson_arr_get(v, i);
        bool is_same = wanted[i] < 0 ? yyjson_is_null(it) : yyjson_get_num(it) == wanted[i];
        if (!is_same)
            fail_msg("series %u, value %u: %f instead of %f", series, i, yyjson_get_num(it), wanted[i]);
    }
}

static void series_are_folded_across_hosts(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        double values[4];
    } cases[] = {
        {"metric=cpu_usage&agg=sum", {33, 36, 39, 42}},
        {"metric=cpu_usage&agg=avg", {11, 12, 13, 14}},
        {"metric=cpu_usage&agg=min", {1, 2, 3, 4}},
        {"metric=cpu_usage&agg=max", {21, 22, 23, 24}},
        {"metric=cpu_usage&agg=count", {3, 3, 3, 3}},
        {"metric=cpu_usage&agg=median", {11, 12, 13, 14}},
        {"metric=cpu_usage&agg=p75", {16, 17, 18, 19}},
        {"metric=cpu_usage&agg=p100", {21, 22, 23, 24}},
        {"metric=cpu_usage&agg=sum&instances=web-*", {12, 14, 16, 18}},
        {"metric=cpu_usage&agg=sum&region=fra", {22, 24, 26, 28}},
        {"metric=cpu_usage&agg=sum&provider=v*&instance=web-2", {11, 12, 13, 14}},
        {"metric=cpu_usage&agg=sum&provider=aws", {-2, 0, 0, 0}},
        {"metric=network_rx_bytes&agg=sum", {-1, 600, 600, 600}},
        {"metric=network_rx_bytes&agg=avg&fold=last", {1000, 1200, 1400, 1600}},
        {"metric=disk_usage_percent&tags=mount=/&agg=sum", {30, 30, 30, 30}},
        {"metric=disk_usage_percent&agg=avg", {15, 15, 15, 15}},
    };
    struct room *m = three_hosts();
    for (uint32_t i = 0; i < COUNT_OF(cases); i++) {
        yyjson_doc *doc = ask(m, cases[i].query, 200);
        const double *v = cases[i].values;
        print_message("%s\n", cases[i].query);
        assert_int_equal(yyjson_arr_size(at(doc, "/t")), 4);
        assert_int_equal(yyjson_get_sint(at(doc, "/t/0")), START_MS);
        assert_int_equal(yyjson_arr_size(at(doc, "/series")), v[0] == -2 ? 0 : 1);
        if (v[0] != -2)
            assert_values(doc, 0, v[0], v[1], v[2], v[3]);
        yyjson_doc_free(doc);
    }
    room_free(m);
}

static void groups_are_made_of_what_is_named(void **state)
{
    (void)state;
    struct room *m = three_hosts();
    yyjson_doc *doc = ask(m, "metric=cpu_usage&agg=max&by=region", 200);
    assert_int_equal(yyjson_arr_size(at(doc, "/series")), 2);
    assert_string_equal(yyjson_get_str(at(doc, "/series/0/group/region")), "fra");
    assert_int_equal(yyjson_get_int(at(doc, "/series/0/count")), 2);
    assert_values(doc, 0, 21, 22, 23, 24);
    assert_string_equal(yyjson_get_str(at(doc, "/series/1/region")), "ams");
    assert_values(doc, 1, 11, 12, 13, 14);
    yyjson_doc_free(doc);
    /* by a key of the tag; metrics never mix */
    doc = ask(m, "metric=disk_*,cpu_usage&agg=sum&by=mount", 200);
    assert_int_equal(yyjson_arr_size(at(doc, "/series")), 3);
    assert_string_equal(yyjson_get_str(at(doc, "/series/2/group/mount")), "/var");
    assert_values(doc, 2, 60, 60, 60, 60);
    yyjson_doc_free(doc);
    /* quantiles of several groups */
    doc = ask(m, "metric=disk_usage_percent&agg=p50&by=mount,provider", 200);
    assert_int_equal(yyjson_arr_size(at(doc, "/series")), 2);
    assert_values(doc, 0, 10, 10, 10, 10);
    assert_values(doc, 1, 20, 20, 20, 20);
    yyjson_doc_free(doc);
    /* without agg each series stands for itself */
    doc = ask(m, "metric=disk_usage_percent", 200);
    assert_int_equal(yyjson_arr_size(at(doc, "/series")), 6);
    assert_string_equal(yyjson_get_str(at(doc, "/series/1/instance")), "web-1");
    assert_string_equal(yyjson_get_str(at(doc, "/series/1/tags/mount")), "/var");
    assert_null(at(doc, "/agg"));
    yyjson_doc_free(doc);
    room_free(m);
}

static void the_first_by_rank(void **state)
{
    (void)state;
    struct room *m = three_hosts();
    yyjson_doc *doc = ask(m, "metric=cpu_usage&top=2", 200);
    assert_int_equal(yyjson_arr_size(at(doc, "/series")), 2);
    assert_int_equal(yyjson_get_int(at(doc, "/groups")), 3);
    assert_string_equal(yyjson_get_str(at(doc, "/series/0/instance")), "db-1");
    assert_string_equal(yyjson_get_str(at(doc, "/series/1/instance")), "web-2");
    yyjson_doc_free(doc);
    doc = ask(m, "metric=cpu_usage&bottom=1&order=last", 200);
    assert_string_equal(yyjson_get_str(at(doc, "/series/0/instance")), "web-1");
    yyjson_doc_free(doc);
    room_free(m);
}

static void rows_of_csv(void **state)
{
    (void)state;
    struct room *m = three_hosts();
    char path[256];
    int status;
    snprintf(path, sizeof path, "/api/v1/query?from=%lld&to=%lld&step=2s&metric=cpu_usage&agg=max&by=region",
             (long long)START_MS, (long long)START_MS + 4000);
    char *body = room_get(m, path, "Accept: text/csv\r\n", &status);
    assert_int_equal(status, 200);
    const char *first = "time,\"cpu_usage{region=fra}\",\"cpu_usage{region=ams}\"\r\n";
    assert_memory_equal(body, first, strlen(first));
    assert_non_null(strstr(body, "Z,22.5,12.5\r\n"));
    free(body);
    room_free(m);
}

/* More often than there are places: each request gives its place back. */
static void refusals_say_why(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *query;
    } cases[] = {
        {400, ""}, {400, "agg=sum"}, {400, "metric=a&agg=mean"}, {400, "metric=a&agg=p101"},
        {400, "metric=a&agg=p9x"}, {400, "metric=a&by=region"},
        {400, "metric=a&agg=sum&by=a,b,c,d,e,f,g,h,i"},
        {400, "metric=a&agg=sum&by=,"}, {400, "metric=a&top=0"}, {400, "metric=a&top=101"},
        {400, "metric=a&top=1&bottom=1"}, {400, "metric=a&top=1&order=best"}, {400, "metric=a&format=xml"},
        {400, "metric=a&agg=p"}, {400, "metric=a&region=%00"}, {422, "metric=*&from=-30d&step=1ms"},
        {422, "metric=cpu_usage&from=-30d&step=1s"},
    };
    struct room *m = three_hosts();
    for (uint32_t round = 0; round < 2; round++)
        for (uint32_t i = 0; i < COUNT_OF(cases); i++) {
            char path[256];
            snprintf(path, sizeof path, "/api/v1/query?%s", cases[i].query);
            yyjson_doc *doc = room_json(m, path, cases[i].status);
            assert_true(yyjson_is_str(at(doc, "/message")));
            yyjson_doc_free(doc);
        }
    /* clients that go away in the middle */
    for (uint32_t i = 0; i < 5; i++) {
        struct client *c = client_new(m);
        static const char head[] = "GET /api/v1/query?metric=* HTTP/1.1\r\nHost: 10.0.0.1:8080\r\n\r\n";
        client_send(c, head, sizeof head - 1);
        client_free(c);
        room_run(m, NULL, 100);
    }
    yyjson_doc_free(ask(m, "metric=cpu_usage&agg=sum", 200));
    room_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(series_are_folded_across_hosts),
        cmocka_unit_test(groups_are_made_of_what_is_named),
        cmocka_unit_test(the_first_by_rank),
        cmocka_unit_test(rows_of_csv),
        cmocka_unit_test(refusals_say_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
