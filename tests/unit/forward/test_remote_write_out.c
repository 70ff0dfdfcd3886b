/* SPDX-License-Identifier: MIT */
/* Points as remote write: names, labels in order, samples at the end of their windows. */
#include "aggregator/forward/remote_write.c"

#include "tests/unit/forward/points_rig.h"

static uint8_t message_bytes_of[EXPORT_BODY_SIZE];

static struct bytes message_of(const struct points_rig *r)
{
    int n = snappy_decode((const uint8_t *)r->body, r->request.body.length, message_bytes_of,
                          sizeof message_bytes_of);
    assert_true(n >= 0);
    return (struct bytes){message_bytes_of, (uint32_t)n};
}

static const char *labels_of(struct bytes series)
{
    return points_pairs(series, SERIES_LABELS, LABEL_NAME, LABEL_VALUE, 0);
}

static void points_become_series(void **state)
{
    struct points_rig *r = points_new(TARGET_REMOTE_WRITE);
    (void)state;
    points_add(r, 0, 1, "cpu_usage", "", 0, 1234);
    points_add(r, 0, 1, "cpu_usage", "", 1, 5);
    points_add(r, 0, 2, "disk_read_bytes", "device=sda", 0, 7);
    points_add(r, 1, 2, "orders.open", "shop=a,Zone=b", 0, 15);
    points_shape(r, EXPORT_ITEMS_MAX);
    assert_int_equal(r->request.count, 4);
    struct bytes m = message_of(r), series = points_in(m, REQUEST_SERIES, 0);
    assert_string_equal(labels_of(series),
                        "__name__=nephos_cpu_usage_ratio,instance=11111111-2222-4333-8444-555555555555,"
                        "job=nephos,name=web-1,provider=vultr,region=ewr,type=vultr-compute");
    assert_true(points_double(points_in(series, SERIES_SAMPLES, 0), SAMPLE_VALUE) == 0.1234);
    assert_true(points_double(points_in(series, SERIES_SAMPLES, 1), SAMPLE_VALUE) == 0.0005);
    assert_int_equal(points_number(points_in(series, SERIES_SAMPLES, 0), SAMPLE_TIME), POINTS_AT_MS + 60000);
    assert_int_equal(points_number(points_in(series, SERIES_SAMPLES, 1), SAMPLE_TIME), POINTS_AT_MS + 120000);
    assert_null(points_in(series, SERIES_SAMPLES, 2).at);
    series = points_in(m, REQUEST_SERIES, 1);
    assert_non_null(strstr(labels_of(series), "__name__=node_disk_read_bytes_total,device=sda,instance="));
    series = points_in(m, REQUEST_SERIES, 2); /* a byte that is no text is not sent on */
    assert_string_equal(labels_of(series),
                        "Zone=b,__name__=orders_open,instance=db,job=nephos,name=db ?,shop=a");
    assert_true(points_double(points_in(series, SERIES_SAMPLES, 0), SAMPLE_VALUE) == 1.5);
    assert_null(points_in(m, REQUEST_SERIES, 3).at);
    assert_non_null(strstr(r->headers, "Content-Encoding: snappy\n"));
    points_free(r);
}

/* What is told by core is not told once more under the same name. */
static void sums_of_cores_have_another_name(void **state)
{
    struct points_rig *r = points_new(TARGET_REMOTE_WRITE);
    (void)state;
    points_add(r, 0, 1, "cpu_seconds", "mode=user", 0, 1);
    points_add(r, 0, 2, "cpu_core_seconds", "core=0,mode=user", 0, 1);
    points_add(r, 1, 1, "cpu_seconds", "mode=user", 0, 1);
    points_shape(r, EXPORT_ITEMS_MAX);
    struct bytes m = message_of(r);
    assert_non_null(strstr(labels_of(points_in(m, REQUEST_SERIES, 0)), "__name__=nephos_cpu_seconds_total,"));
    assert_non_null(
        strstr(labels_of(points_in(m, REQUEST_SERIES, 1)), "__name__=node_cpu_seconds_total,cpu=0,"));
    assert_non_null(strstr(labels_of(points_in(m, REQUEST_SERIES, 2)), "__name__=node_cpu_seconds_total,"));
    points_free(r);
}

/* Done ones are left out, no more are taken than asked for, and an empty batch is an empty message. */
static void only_what_is_asked_for(void **state)
{
    struct points_rig *r = points_new(TARGET_REMOTE_WRITE);
    (void)state;
    points_shape(r, EXPORT_ITEMS_MAX);
    assert_int_equal(message_of(r).size, 0);
    for (uint32_t i = 0; i < 5; i++)
        points_add(r, 0, i, "cpu_usage", "", 0, i);
    r->batch.done[0] = 2;
    points_shape(r, 3);
    assert_int_equal(r->request.count, 3);
    assert_int_equal(r->request.items[0], 0);
    assert_int_equal(r->request.items[1], 2);
    assert_int_equal(r->request.items[2], 3);
    points_free(r);
}

/* The longest labels there can be, as many points as a batch may have. */
static void a_full_batch_fits_or_says_so(void **state)
{
    struct points_rig *r = points_new(TARGET_REMOTE_WRITE);
    static char tag[TAG_SIZE];
    (void)state;
    memset(tag, 'x', sizeof tag - 1);
    memset(r->instances[0].name, 'n', sizeof r->instances[0].name - 1);
    for (uint32_t i = 0; i < EXPORT_ITEMS_MAX; i++)
        points_add(r, 0, i, "pressure_memory_some_seconds", tag, 0, i);
    points_shape(r, EXPORT_ITEMS_MAX);
    assert_false(r->request.body.truncated);
    assert_int_equal(r->request.count, EXPORT_ITEMS_MAX);
    struct bytes m = message_of(r);
    assert_non_null(points_in(m, REQUEST_SERIES, EXPORT_ITEMS_MAX - 1).at);
    assert_true(r->request.body.length < m.size / 4);
    points_free(r);
}

static void answers(void **state)
{
    struct points_rig *r = points_new(TARGET_REMOTE_WRITE);
    (void)state;
    points_add(r, 0, 1, "cpu_usage", "", 0, 1);
    points_add(r, 0, 1, "cpu_usage", "", 1, 1);
    points_shape(r, 10);
    assert_int_equal(points_judge(r, 204, "", 0), VERDICT_DONE);
    assert_int_equal(points_judge(r, 400, "out of order sample", 19), VERDICT_DROP);
    points_shape(r, 1); /* the one that is to blame */
    assert_int_equal(points_judge(r, 400, "out of order sample", 19), VERDICT_DONE);
    assert_int_equal(r->judgement.dropped, 1);
    assert_int_equal(points_judge(r, 400, "bad label", 9), VERDICT_DROP);
    assert_int_equal(points_judge(r, 429, "", 0), VERDICT_AGAIN);
    assert_int_equal(points_judge(r, 500, "", 0), VERDICT_AGAIN);
    assert_int_equal(points_judge(r, 404, "", 0), VERDICT_HOLD);
    assert_non_null(strstr(r->why, "--web.enable-remote-write-receiver"));
    assert_int_equal(points_judge(r, 415, "", 0), VERDICT_HOLD);
    points_free(r);
}

/* Who we are goes along, in either form. */
static void credentials_go_along(void **state)
{
    struct points_rig *r = points_new(TARGET_REMOTE_WRITE);
    (void)state;
    (void)text_copy(r->to.user, sizeof r->to.user, "Aladdin");
    (void)text_copy(r->to.password, sizeof r->to.password, "open sesame");
    (void)text_copy(r->to.headers, sizeof r->to.headers, "X-Scope-OrgID: 7\n");
    points_shape(r, 1);
    assert_non_null(strstr(r->headers, "\nX-Scope-OrgID: 7\n"));
    assert_non_null(strstr(r->headers, "\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\n"));
    (void)text_copy(r->to.token, sizeof r->to.token, "t0k");
    points_shape(r, 1);
    assert_non_null(strstr(r->headers, "Authorization: Bearer t0k\n"));
    points_free(r);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_become_series),
        cmocka_unit_test(sums_of_cores_have_another_name),
        cmocka_unit_test(only_what_is_asked_for),
        cmocka_unit_test(a_full_batch_fits_or_says_so),
        cmocka_unit_test(answers),
        cmocka_unit_test(credentials_go_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
