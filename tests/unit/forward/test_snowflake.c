/* SPDX-License-Identifier: MIT */
/* Statements for Snowflake and the order in which they go, whatever is answered. */
#include "aggregator/forward/snowflake/snowflake.c"

#include "tests/unit/forward/points_rig.h"

#define HANDLE "019c06a4-0000-df4f-0000-00100006589e"
#define DONE                                                                             \
    "{\"code\":\"090001\",\"sqlState\":\"00000\",\"statementHandle\":\"" HANDLE "\"," \
    "\"data\":[[\"1\"]]}"
#define RUNNING "{\"code\":\"333334\",\"statementHandle\":\"" HANDLE "\"}"
#define FAULT(code, state) \
    "{\"code\":\"" code "\",\"sqlState\":\"" state "\",\"message\":\"it does not work\"}"

static struct points_rig *rig(void)
{
    struct points_rig *r = points_new(TARGET_SNOWFLAKE);
    (void)text_copy(r->to.url, sizeof r->to.url, "");
    (void)text_copy(r->to.account, sizeof r->to.account, "xy12345.us-east-1.aws");
    (void)text_copy(r->to.user, sizeof r->to.user, "nephos");
    (void)text_copy(r->to.key, sizeof r->to.key, "PEM");
    r->to.sends = EXPORT_BIT(EXPORT_POINTS);
    return r;
}

static void shape_next(struct points_rig *r)
{
    r->view.random[0] += 0x123456789;
    r->view.random[1] += 0x987654321;
    r->view.now_ms += 1000;
    points_shape(r, EXPORT_ITEMS_MAX);
}

static enum verdict hear(struct points_rig *r, uint32_t status, const char *body)
{
    return points_judge(r, status, body, (uint32_t)strlen(body));
}

/* The table is there. */
static struct points_rig *ready(void)
{
    struct points_rig *r = rig();
    points_add(r, 0, 1, "cpu_usage", "", 0, 1234);
    points_add(r, 0, 2, "disk_read_bytes", "device=\"sda\"", 0, 7);
    shape_next(r);
    assert_int_equal(hear(r, 200, DONE), VERDICT_MORE);
    shape_next(r);
    return r;
}

static char request_id_bytes[64];
static const char *request_id(const struct points_rig *r)
{
    const char *at = strstr(r->url, "requestId=");
    assert_non_null(at);
    snprintf(request_id_bytes, sizeof request_id_bytes, "%.36s", at + 10);
    return request_id_bytes;
}

static void tables_come_first(void **state)
{
    struct points_rig *r = rig();
    (void)state;
    r->to.sends = EXPORT_BIT(EXPORT_POINTS) | EXPORT_BIT(EXPORT_INSIGHTS);
    points_add(r, 0, 1, "cpu_usage", "", 0, 1234);
    shape_next(r);
    assert_int_equal(r->request.count, 0);
    assert_true(
        text_starts(r->url, "https://xy12345.us-east-1.aws.snowflakecomputing.com/api/v2/statements?"));
    assert_true(text_starts(r->body, "{\"statement\":\"CREATE TABLE IF NOT EXISTS METRICS (ID VARCHAR(255)"));
    assert_non_null(strstr(r->body, "\"database\":\"NEPHOS\",\"schema\":\"PUBLIC\",\"warehouse\":\"NEPHOS_"));
    assert_non_null(strstr(r->headers, "X-Snowflake-Authorization-Token-Type: KEYPAIR_JWT\n"));
    assert_string_equal(r->request.jwt_subject, "XY12345.NEPHOS");
    assert_string_equal(r->request.jwt_key, "PEM");
    assert_int_equal(hear(r, 202, RUNNING), VERDICT_MORE);
    shape_next(r);
    assert_string_equal(r->request.method, "GET");
    assert_non_null(strstr(r->url, "/api/v2/statements/" HANDLE));
    assert_int_equal(r->request.body.length, 0);
    assert_int_equal(hear(r, 200, DONE), VERDICT_MORE);
    shape_next(r); /* not allowed to make it: it may be there */
    assert_true(text_starts(r->body, "{\"statement\":\"CREATE TABLE IF NOT EXISTS AI_INSIGHTS"));
    assert_int_equal(hear(r, 422, FAULT("003001", "42501")), VERDICT_MORE);
    shape_next(r);
    assert_int_equal(r->request.count, 1);
    assert_true(text_starts(r->body, "{\"statement\":\"MERGE INTO METRICS AS t USING (SELECT v.C0 AS ID,"));
    points_free(r);
}

static void rows_are_bound(void **state)
{
    struct points_rig *r = ready();
    (void)state;
    assert_int_equal(r->request.count, 2);
    assert_non_null(strstr(r->body, "TO_TIMESTAMP_NTZ(v.C2) AS TIMESTAMP"));
    assert_non_null(strstr(r->body, "PARSE_JSON(v.C6) AS TAGS"));
    assert_non_null(
        strstr(r->body, "(VALUES (?,?,?,?,?,?,?,?),(?,?,?,?,?,?,?,?)) AS v (C0,C1,C2,C3,C4,C5,C6,C7))"));
    assert_non_null(strstr(r->body, "WHEN MATCHED THEN UPDATE SET TIMESTAMP=s.TIMESTAMP,METRIC_VALUE=s."));
    assert_non_null(strstr(r->body, "\"3\":{\"type\":\"TEXT\",\"value\":\"2026-01-01T01:00:00.000Z\"}"));
    assert_non_null(strstr(r->body, "\"5\":{\"type\":\"TEXT\",\"value\":\"12.34\"}"));
    assert_non_null(
        strstr(r->body, "\"15\":{\"type\":\"TEXT\","
                        "\"value\":\"{\\\"device\\\":\\\"\\\\\\\"sda\\\\\\\"\\\"}\"}"));
    assert_non_null(strstr(r->body, "\"16\":{"));
    assert_null(strstr(r->body, "\"17\":{"));
    assert_int_equal(hear(r, 200, DONE), VERDICT_DONE);
    points_free(r);
}

/* Who does not know whether a statement was begun begins it with the same id; what is next has another. */
static void a_doubtful_statement_has_its_id_again(void **state)
{
    struct points_rig *r = ready();
    char first[64], body[4096];
    (void)state;
    (void)text_copy(first, sizeof first, request_id(r));
    (void)text_copy(body, sizeof body, r->body);
    assert_null(strstr(r->url, "retry"));
    assert_int_equal(hear(r, 0, ""), VERDICT_AGAIN);
    shape_next(r);
    assert_string_equal(request_id(r), first);
    assert_string_equal(r->body, body);
    assert_non_null(strstr(r->url, "&retry=true"));
    assert_int_equal(hear(r, 503, ""), VERDICT_AGAIN);
    shape_next(r);
    assert_string_equal(request_id(r), first);
    assert_int_equal(hear(r, 200, DONE), VERDICT_DONE);
    r->batch.done[0] = 1;
    shape_next(r);
    assert_string_not_equal(request_id(r), first);
    assert_null(strstr(r->url, "retry"));
    points_free(r);
}

/* One that runs is asked about, slower and slower, also behind failures, and its items are done with it. */
static void a_running_statement_is_asked_about(void **state)
{
    struct points_rig *r = ready();
    int64_t delay_ms = 0;
    (void)state;
    assert_int_equal(hear(r, 202, RUNNING), VERDICT_MORE);
    for (uint32_t i = 0; i < 20; i++) {
        shape_next(r);
        assert_string_equal(r->request.method, "GET");
        assert_int_equal(r->request.count, 2);
        assert_true(r->request.delay_ms >= delay_ms);
        delay_ms = r->request.delay_ms;
        assert_int_equal(hear(r, i % 3 == 1 ? 503 : 202, RUNNING),
                         i % 3 == 1 ? VERDICT_AGAIN : VERDICT_MORE);
    }
    assert_int_equal(delay_ms, ASK_MOST_MS);
    shape_next(r);
    assert_int_equal(hear(r, 200, DONE), VERDICT_DONE);
    points_free(r);
}

/* It is begun anew when nobody there knows it any more, or when it never ends. */
static void a_lost_statement_is_begun_anew(void **state)
{
    struct points_rig *r = ready();
    enum verdict v = VERDICT_MORE;
    (void)state;
    assert_int_equal(hear(r, 202, RUNNING), VERDICT_MORE);
    shape_next(r);
    assert_int_equal(hear(r, 404, FAULT("390000", "")), VERDICT_MORE);
    shape_next(r);
    assert_string_equal(r->request.method, "POST");
    assert_null(strstr(r->url, "retry"));
    for (uint32_t i = 0; i <= ASKS_MAX && v == VERDICT_MORE; i++) {
        v = hear(r, 202, RUNNING);
        shape_next(r);
    }
    assert_int_equal(v, VERDICT_AGAIN);
    assert_string_equal(r->request.method, "POST");
    points_free(r);
}

static void faults(void **state)
{
    struct points_rig *r = ready();
    (void)state;
    assert_int_equal(hear(r, 422, FAULT("100038", "22018")), VERDICT_DROP);
    assert_string_equal(r->why, "it answers 422: 100038 it does not work");
    shape_next(r);
    assert_int_equal(hear(r, 422, FAULT("000604", "57014")), VERDICT_AGAIN);
    shape_next(r);
    assert_int_equal(hear(r, 422, FAULT("001003", "42000")), VERDICT_HOLD);
    shape_next(r);
    assert_int_equal(hear(r, 408, "{}"), VERDICT_AGAIN);
    shape_next(r);
    assert_int_equal(hear(r, 404, "<html>no such account</html>"), VERDICT_HOLD);
    shape_next(r);
    assert_int_equal(hear(r, 200, "<html>welcome</html>"), VERDICT_HOLD);
    shape_next(r); /* the table was taken away: it is made again */
    assert_int_equal(hear(r, 422, FAULT("002003", "42S02")), VERDICT_HOLD);
    shape_next(r);
    assert_non_null(strstr(r->body, "CREATE TABLE"));
    points_free(r);
}

/* The first 401 may be about the token's time, the second is about us. */
static void a_refused_token_is_made_anew_once(void **state)
{
    struct points_rig *r = ready();
    char first[64];
    (void)state;
    (void)text_copy(first, sizeof first, request_id(r));
    assert_int_equal(hear(r, 401, FAULT("390144", "")), VERDICT_MORE);
    shape_next(r);
    assert_string_equal(request_id(r), first);
    assert_int_equal(hear(r, 401, FAULT("390144", "")), VERDICT_HOLD);
    shape_next(r);
    assert_int_equal(hear(r, 200, DONE), VERDICT_DONE);
    shape_next(r);
    assert_int_equal(hear(r, 401, FAULT("390144", "")), VERDICT_MORE);
    points_free(r);
}

/* A try-out in the middle of a statement leaves that alone. */
static void a_try_out_disturbs_nothing(void **state)
{
    struct points_rig *r = ready();
    uint32_t count = r->batch.count;
    (void)state;
    assert_int_equal(hear(r, 202, RUNNING), VERDICT_MORE);
    r->batch.count = 0;
    shape_next(r);
    assert_true(text_starts(r->body, "{\"statement\":\"SELECT 1\""));
    assert_int_equal(hear(r, 202, RUNNING), VERDICT_DONE);
    shape_next(r);
    assert_int_equal(hear(r, 422, FAULT("000606", "57P03")), VERDICT_HOLD);
    r->batch.count = count;
    shape_next(r);
    assert_string_equal(r->request.method, "GET");
    assert_int_equal(hear(r, 200, DONE), VERDICT_DONE);
    points_free(r);
}

static void other_rows(void **state)
{
    struct points_rig *r = rig();
    (void)state;
    struct export_batch *b = &r->batch;
    static struct alert alerts[3];
    static struct insight insight;
    static struct told told;
    r->to.sends = EXPORT_ALL;
    ((struct state *)r->view.state)->table = EXPORT_KIND_COUNT;
    b->kind = EXPORT_ALERTS;
    b->count = 3;
    for (uint32_t i = 0; i < 3; i++) {
        alerts[i] = (struct alert){.id = "a1", .instance = "db", .message = "say \"no\"\n",
                                      .severity = ALERT_HIGH, .created_ms = POINTS_AT_MS,
                                      .updated_ms = POINTS_AT_MS};
        b->items[i].alert = &alerts[i];
    }
    (void)text_copy(alerts[1].id, sizeof alerts[1].id, "a2");
    alerts[1].deleted_ms = 1;
    shape_next(r); /* the third has the id of the first */
    assert_int_equal(r->request.count, 2);
    assert_non_null(strstr(r->body, "\"5\":{\"type\":\"TEXT\",\"value\":\"say \\\"no\\\"\\n\"}"));
    assert_non_null(strstr(r->body, "\"9\":{\"type\":\"TEXT\",\"value\":null}"));
    assert_non_null(strstr(r->body, "\"15\":{\"type\":\"TEXT\",\"value\":\"deleted\"}"));
    b->kind = EXPORT_INSIGHTS;
    b->count = 1;
    insight = (struct insight){.id = "i1", .title = "t", .instance_count = 2,
                                      .confidence_permille = 875, .instances = {"db", "web"}};
    b->items[0].insight = &insight;
    shape_next(r);
    assert_non_null(strstr(r->body, "\"6\":{\"type\":\"TEXT\",\"value\":\"[\\\"db\\\",\\\"web\\\"]\"}"));
    assert_non_null(strstr(r->body, "\"8\":{\"type\":\"TEXT\",\"value\":\"0.875\"}"));
    b->kind = EXPORT_INSTANCES;
    told = (struct told){.endpoint = "http://x/health", .metadata = "{\"a\":1}"};
    b->items[0] =
        (struct export_item){.instance = &r->instances[0], .told = &told, .status = "healthy"};
    shape_next(r);
    assert_non_null(strstr(r->body, "MERGE INTO INSTANCES "));
    assert_non_null(strstr(r->body, "\"7\":{\"type\":\"TEXT\",\"value\":\"{\\\"a\\\":1}\"}"));
    points_free(r);
}

/* As many rows as a statement may have; with the longest words, half as many. */
static void a_full_statement_fits(void **state)
{
    struct points_rig *r = rig();
    static char tag[TAG_SIZE];
    (void)state;
    ((struct state *)r->view.state)->table = EXPORT_KIND_COUNT;
    memset(tag, 'x', sizeof tag - 1);
    for (uint32_t i = 0; i < EXPORT_ITEMS_MAX; i++)
        points_add(r, 0, i, "disk_written_bytes", "device=sda", 0, 123456789012345);
    shape_next(r);
    assert_false(r->request.body.truncated);
    assert_int_equal(r->request.count, ROWS_MAX);
    r->batch.count = 0;
    for (uint32_t i = 0; i < ROWS_MAX / 2; i++)
        points_add(r, 0, i, "pressure_memory_some_seconds", tag, 0, INT64_MAX);
    shape_next(r);
    assert_false(r->request.body.truncated);
    assert_int_equal(r->request.count, ROWS_MAX / 2);
    points_free(r);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_come_first),
        cmocka_unit_test(rows_are_bound),
        cmocka_unit_test(a_doubtful_statement_has_its_id_again),
        cmocka_unit_test(a_running_statement_is_asked_about),
        cmocka_unit_test(a_lost_statement_is_begun_anew),
        cmocka_unit_test(faults),
        cmocka_unit_test(a_refused_token_is_made_anew_once),
        cmocka_unit_test(a_try_out_disturbs_nothing),
        cmocka_unit_test(other_rows),
        cmocka_unit_test(a_full_statement_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
