/* SPDX-License-Identifier: MIT */
/* Points, alerts and instances as DynamoDB and Kinesis take them, and what of them goes again. */
#include "aggregator/forward/aws/answers.h"
#include "aggregator/forward/aws/environment.h"

#include "tests/unit/forward/points_rig.h"

static const struct aws_environment nothing = {.metadata_disabled = true};
static _Alignas(16) uint8_t pool[8 << 20];

static struct points_rig *new_rig(enum target_type type)
{
    struct points_rig *r = points_new(type);
    r->view.aws = &nothing;
    (void)text_copy(r->to.user, sizeof r->to.user, "AKID");
    (void)text_copy(r->to.password, sizeof r->to.password, "secret");
    (void)text_copy(r->to.region, sizeof r->to.region, "eu-west-1");
    (void)text_copy(r->to.stream, sizeof r->to.stream, "nephos");
    r->to.sends = EXPORT_ALL;
    return r;
}

static enum verdict answer(struct points_rig *r, uint32_t status, const char *body)
{
    return points_judge(r, status, body, (uint32_t)strlen(body));
}

static bool goes_again(const struct points_rig *r, uint32_t item)
{
    return (r->judgement.again[item / 64] >> item % 64 & 1) != 0;
}

static yyjson_val *body_of(const struct points_rig *r)
{
    yyjson_val *root = aws_json_read(r->body, r->request.body.length, pool, sizeof pool);
    assert_non_null(root);
    return root;
}

/* --- DynamoDB --- */

static void a_point_is_an_item(void **state)
{
    (void)state;
    struct points_rig *r = new_rig(TARGET_DYNAMODB);
    struct export_point *p = points_add(r, 0, 1, "disk_busy_percent", "device=sda", 0, 1234);
    p->cell = (struct store_cell){.sum = 2468, .min = 1000, .max = 1468, .last = 1468, .count = 2};
    r->to.ttl_ms = 86400000;
    points_shape(r, EXPORT_ITEMS_MAX);
    assert_string_equal(r->scope, "aws:amz:eu-west-1:dynamodb");
    assert_string_equal(r->request.user, "AKID");
    assert_string_equal(r->request.password, "secret");
    assert_non_null(strstr(r->headers, "X-Amz-Target: DynamoDB_20120810.BatchWriteItem\n"));
    assert_non_null(strstr(r->headers, "X-Amz-Date: "));
    char expected[2048];
    snprintf(expected, sizeof expected,
             "{\"RequestItems\":{\"nephos-metrics-prod\":[{\"PutRequest\":{\"Item\":{\"id\":{\"S\":\"%s\"},"
             "\"timestamp\":{\"N\":\"%lld\"},\"instanceId\":{\"S\":\"11111111-2222-4333-8444-555555555555\"},"
             "\"metricName\":{\"S\":\"disk_busy_percent\"},\"metricValue\":{\"N\":\"12.34\"},\"unit\":{\"S\":"
             "\"percent\"},"
             "\"tags\":{\"M\":{\"device\":{\"S\":\"sda\"}}},\"createdAt\":{\"S\":\"",
             p->id, (long long)p->time_ms);
    assert_true(text_starts(r->body, expected));
    assert_non_null(strstr(
        r->body, "\"periodMs\":{\"N\":\"60000\"},\"sampleCount\":{\"N\":\"2\"},\"minValue\":{\"N\":\"10\"},"
                 "\"maxValue\":{\"N\":\"14.68\"},\"ttl\":{\"N\":\""));
    (void)body_of(r);
    (void)text_copy(r->to.stage, sizeof r->to.stage, "dev");
    r->to.layout = TARGET_CLOUDPULSE;
    points_shape(r, EXPORT_ITEMS_MAX);
    assert_true(text_starts(r->body, "{\"RequestItems\":{\"CloudPulseMetrics-dev\":["));
    assert_non_null(strstr(r->body, "\"timestamp\":{\"S\":\"20"));
    points_free(r);
}

static void twenty_five_go_at_a_time_and_unprocessed_ones_go_again(void **state)
{
    (void)state;
    struct points_rig *r = new_rig(TARGET_DYNAMODB);
    char body[512];
    for (uint32_t i = 0; i < 60; i++)
        points_add(r, 0, i, "cpu_usage", "", 0, i);
    points_shape(r, EXPORT_ITEMS_MAX);
    assert_int_equal(r->request.count, 25);
    yyjson_val *table = yyjson_obj_get(yyjson_obj_get(body_of(r), "RequestItems"), "nephos-metrics-prod");
    assert_int_equal(yyjson_arr_size(table), 25);
    snprintf(body, sizeof body,
             "{\"UnprocessedItems\":{\"nephos-metrics-prod\":[{\"PutRequest\":{\"Item\":{\"x\":{\"N\":\"1\"},"
             "\"id\":{\"S\":\"%s\"}}}},"
             "{\"PutRequest\":{\"Item\":{\"id\":{\"S\":\"%s\"}}}}]}}",
             r->batch.items[3].point.id, r->batch.items[24].point.id);
    assert_int_equal(answer(r, 200, body), VERDICT_DONE);
    for (uint32_t i = 0; i < 60; i++)
        assert_int_equal(goes_again(r, i), i == 3 || i == 24);
    assert_int_equal(answer(r, 200, "{\"UnprocessedItems\":{}}"), VERDICT_DONE);
    assert_false(goes_again(r, 3));
    assert_int_equal(
        answer(r, 200, "{\"UnprocessedItems\":{\"t\":[{\"PutRequest\":{\"Item\":{\"id\":{\"S\":\"?\"}}}}]}}"),
        VERDICT_AGAIN);
    for (uint32_t i = 0; i < 25; i++)
        r->batch.done[0] |= UINT64_C(1) << i;
    points_shape(r, 7);
    assert_int_equal(r->request.count, 7);
    assert_int_equal(r->request.items[0], 25);
    points_free(r);
}

static void what_dynamodb_refuses(void **state)
{
    (void)state;
    static const struct {
        uint32_t status;
        const char *body;
        enum verdict expected;
    } rows[] = {
        {400, "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException\"}",
         VERDICT_AGAIN},
        {400, "{\"__type\":\"com.amazon.coral.validate#ValidationException\",\"message\":\"m\"}",
         VERDICT_DROP},
        {400, "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException\"}", VERDICT_HOLD},
        {400, "{\"__type\":\"x#AccessDeniedException\"}", VERDICT_HOLD},
        {500, "{\"__type\":\"x#InternalServerError\"}", VERDICT_AGAIN},
        {500, "", VERDICT_AGAIN},
        {429, "", VERDICT_AGAIN},
        {0, "", VERDICT_AGAIN},
        {200, "<html>", VERDICT_HOLD},
        {200, "[]", VERDICT_HOLD},
        {404, "<html>", VERDICT_HOLD},
        {302, "", VERDICT_HOLD},
    };
    for (uint32_t i = 0; i < COUNT_OF(rows); i++) {
        struct points_rig *r = new_rig(TARGET_DYNAMODB);
        points_add(r, 0, 1, "cpu_usage", "", 0, 1);
        points_shape(r, EXPORT_ITEMS_MAX);
        assert_int_equal(answer(r, rows[i].status, rows[i].body), rows[i].expected);
        points_free(r);
    }
    struct points_rig *r = new_rig(TARGET_DYNAMODB);
    points_add(r, 0, 1, "cpu_usage", "", 0, 1);
    for (uint32_t i = 0; i < 2; i++) { /* rotated keys are tried once, then it is held */
        points_shape(r, EXPORT_ITEMS_MAX);
        assert_int_equal(answer(r, 400, "{\"__type\":\"x#UnrecognizedClientException\"}"),
                         i == 0 ? VERDICT_MORE : VERDICT_HOLD);
    }
    points_free(r);
}

static void what_refuses_everything_is_held_before_all_is_given_up(void **state)
{
    (void)state;
    static const char odd[] = "{\"__type\":\"x#ValidationException\",\"message\":\"odd\"}";
    struct points_rig *r = new_rig(TARGET_DYNAMODB);
    for (uint32_t i = 0; i < 9; i++)
        points_add(r, 0, i, "cpu_usage", "", 0, 1);
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 3; i++) {
            points_shape(r, 4); /* halved until the one to blame is alone */
            assert_int_equal(answer(r, 400, odd), VERDICT_DROP);
            points_shape(r, 1);
            assert_int_equal(answer(r, 400, odd), VERDICT_DROP);
        }
        points_shape(r, 1);
        assert_int_equal(answer(r, 400, odd), VERDICT_HOLD);
        assert_non_null(strstr(r->why, "it refuses everything"));
        assert_int_equal(answer(r, 200, "{}"), VERDICT_DONE); /* mended */
    }
    assert_int_equal(
        answer(r, 400,
               "{\"__type\":\"x#ValidationException\",\"message\":\"One or more parameter values were "
               "invalid: Type mismatch for key timestamp expected: N actual: S\"}"),
        VERDICT_HOLD);
    points_free(r);
}

static void an_instance_keeps_what_is_newer_and_when_it_was_made(void **state)
{
    (void)state;
    struct points_rig *r = new_rig(TARGET_DYNAMODB);
    static struct told told = {
        .endpoint = "https://a/",
        .metadata =
            "{\"os\":\"theirs\",\"n\":12.50,\"e\":1e5,\"deep\":{\"l\":[1,true,null,{}],\"t\":\"x\"}}"};
    r->instances[0].created_ms = POINTS_AT_MS;
    r->instances[0].updated_ms = POINTS_AT_MS + 1000;
    (void)text_copy(r->instances[0].os, FACT_SIZE, "ours");
    (void)text_copy(r->instances[0].address, FACT_SIZE, "[2001:db8::1]:4711");
    r->batch.kind = EXPORT_INSTANCES;
    r->batch.count = 1;
    r->batch.items[0] = (struct export_item){
        .instance = &r->instances[0], .told = &told, .status = "healthy"};
    points_shape(r, EXPORT_ITEMS_MAX);
    yyjson_val *root = body_of(r);
    assert_string_equal(aws_json_text(root, "TableName"), "nephos-instances-prod");
    assert_string_equal(aws_json_text(root, "ConditionExpression"), "attribute_not_exists(#u) OR #u<=:u");
    assert_non_null(strstr(
        r->body, "\":m\":{\"M\":{\"monitor\":{\"S\":\"nephos\"},\"ipAddress\":{\"S\":\"2001:db8::1\"},"
                 "\"provider\":{\"S\":\"vultr\"},\"cpus\":{\"N\":\"2\"},\"os\":{\"S\":\"theirs\"},"
                 "\"n\":{\"N\":\"12.50\"},\"e\":{\"S\":\"1e5\"},\"deep\":{\"M\":{\"l\":{\"L\":[{\"N\":\"1\"},"
                 "{\"BOOL\":true},{\"NULL\":true},{\"M\":{}}]},\"t\":{\"S\":\"x\"}}}}}"));
    assert_int_equal(answer(r, 400, "{\"__type\":\"x#ConditionalCheckFailedException\"}"), VERDICT_DONE);
    r->instances[0].deleted_ms = POINTS_AT_MS + 2000;
    points_shape(r, EXPORT_ITEMS_MAX);
    assert_non_null(strstr(r->headers, "DynamoDB_20120810.DeleteItem"));
    (void)body_of(r);
    points_free(r);
}

static void an_alert_has_the_times_that_its_table_wants(void **state)
{
    (void)state;
    struct points_rig *r = new_rig(TARGET_DYNAMODB);
    static struct alert alert;
    alert = (struct alert){.id = "a1",
                           .instance = "i1",
                           .type = "cpu",
                           .message = "CPU \"97\"\n",
                           .severity = ALERT_HIGH,
                           .created_ms = POINTS_AT_MS,
                           .updated_ms = POINTS_AT_MS};
    r->batch.kind = EXPORT_ALERTS;
    r->batch.count = 1;
    r->batch.items[0] = (struct export_item){.alert = &alert};
    points_shape(r, EXPORT_ITEMS_MAX);
    (void)body_of(r);
    assert_non_null(strstr(r->body, "\"createdAt\":{\"N\":\""));
    assert_null(strstr(r->body, "resolvedAt"));
    r->to.layout = TARGET_CLOUDPULSE;
    points_shape(r, EXPORT_ITEMS_MAX);
    assert_non_null(strstr(r->body, "\"createdAt\":{\"S\":\""));
    assert_non_null(strstr(r->body, "\"resolvedAt\":{\"NULL\":true}"));
    alert.deleted_ms = 1;
    points_shape(r, EXPORT_ITEMS_MAX);
    assert_non_null(strstr(r->body, "[{\"DeleteRequest\":{\"Key\":{\"id\":{\"S\":\"a1\"}}}}]"));
    (void)body_of(r);
    points_free(r);
}

static void without_keys_or_region_nothing_is_sent(void **state)
{
    (void)state;
    struct points_rig *r = new_rig(TARGET_DYNAMODB);
    points_add(r, 0, 1, "cpu_usage", "", 0, 1);
    r->to.region[0] = '\0';
    points_shape(r, EXPORT_ITEMS_MAX);
    assert_int_equal(r->request.count, 0);
    assert_non_null(strstr(r->hold, "region"));
    memset(r->state, 0, sizeof r->state);
    r->to.user[0] = '\0';
    points_shape(r, EXPORT_ITEMS_MAX);
    assert_non_null(strstr(r->hold, "there are no keys"));
    points_free(r);
}

static void keys_of_the_instance_are_asked_for_before_the_items(void **state)
{
    (void)state;
    static const struct aws_environment on_ec2 = {.metadata = "http://169.254.169.254", .profile = "default"};
    static const char *const answers[] = {
        "tok", "role",
        "{\"Code\":\"Success\",\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"s\",\"Token\":\"t\"}"};
    struct points_rig *r = new_rig(TARGET_KINESIS);
    points_add(r, 0, 1, "cpu_usage", "", 0, 1);
    r->to.user[0] = r->to.password[0] = '\0';
    r->to.url[0] = '\0';
    r->view.aws = &on_ec2;
    for (uint32_t i = 0; i < COUNT_OF(answers); i++) {
        points_shape(r, EXPORT_ITEMS_MAX);
        assert_int_equal(r->request.count, 0);
        assert_int_equal(r->request.timeout_ms, 1000);
        assert_true(text_starts(r->url, "http://169.254.169.254/latest/"));
        assert_string_equal(r->request.user, "");
        assert_int_equal(answer(r, 200, answers[i]), VERDICT_MORE);
    }
    points_shape(r, EXPORT_ITEMS_MAX);
    assert_int_equal(r->request.count, 1);
    assert_string_equal(r->url, "https://kinesis.eu-west-1.amazonaws.com/");
    assert_string_equal(r->request.user, "ASIA");
    assert_non_null(strstr(r->headers, "X-Amz-Security-Token: t\n"));
    points_free(r);
}

/* --- Kinesis --- */

/* The data of one record as text. */
static const char *record_of(const struct points_rig *r, uint32_t index)
{
    static char text[EXPORT_BODY_SIZE];
    yyjson_val *record = yyjson_arr_get(yyjson_obj_get(body_of(r), "Records"), index);
    const char *data = aws_json_text(record, "Data");
    size_t length = strlen(data);
    char *url = malloc(length + 1);
    for (size_t i = 0; i <= length; i++)
        url[i] = data[i] == '+' ? '-' : data[i] == '/' ? '_' : data[i];
    length = strcspn(url, "=");
    int n = text_base64url_decode(url, (uint32_t)length, (uint8_t *)text, sizeof text - 1);
    free(url);
    assert_true(n > 0);
    text[n] = '\0';
    return text;
}

static void points_of_one_moment_are_one_record(void **state)
{
    (void)state;
    struct points_rig *r = new_rig(TARGET_KINESIS);
    points_add(r, 0, 1, "cpu_usage", "", 0, 1234);
    points_add(r, 0, 1, "cpu_usage", "", 1, 1);
    points_add(r, 0, 2, "network_rx_bytes", "interface=eth0", 0, 77);
    points_add(r, 0, 3, "orders.open", "", 1, 15);
    points_add(r, 1, 1, "cpu_usage", "", 0, 2);
    points_shape(r, EXPORT_ITEMS_MAX);
    assert_non_null(strstr(r->headers, "X-Amz-Target: Kinesis_20131202.PutRecords\n"));
    assert_int_equal(r->request.count, 5);
    yyjson_val *records = yyjson_obj_get(body_of(r), "Records");
    assert_int_equal(yyjson_arr_size(records), 3);
    assert_string_equal(aws_json_text(yyjson_arr_get(records, 2), "PartitionKey"), "db");
    const char *first = record_of(r, 0);
    assert_non_null(strstr(first, "\"type\":\"vm-metrics\",\"source\":\"web-1\""));
    assert_non_null(strstr(first,
                           "\"cpu\":{\"cpu_usage\":12.34},\"memory\":{},\"disk\":{},"
                           "\"network\":{\"network_rx_bytes[interface=eth0]\":77},\"metrics\":[{\"id\":"));
    assert_non_null(aws_json_read(first, (uint32_t)strlen(first), pool, sizeof pool));
    /* the second record, which holds items 1 and 3, is not taken */
    assert_int_equal(
        answer(r, 200,
               "{\"FailedRecordCount\":1,\"Records\":[{\"SequenceNumber\":\"1\",\"ShardId\":\"s\"},"
               "{\"ErrorCode\":\"ProvisionedThroughputExceededException\",\"ErrorMessage\":\"m\"},"
               "{\"SequenceNumber\":\"2\",\"ShardId\":\"s\"}]}"),
        VERDICT_DONE);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(goes_again(r, i), i == 1 || i == 3);
    r->batch.done[0] = 1 << 0 | 1 << 2 | 1 << 4;
    points_shape(r, EXPORT_ITEMS_MAX);
    assert_int_equal(r->request.count, 2);
    assert_int_equal(answer(r, 200, "{\"FailedRecordCount\":0,\"Records\":[{\"SequenceNumber\":\"1\"}]}"),
                     VERDICT_DONE);
    assert_false(goes_again(r, 1));
    assert_int_equal(answer(r, 200, "{\"Records\":[]}"), VERDICT_HOLD);
    assert_int_equal(answer(r, 200, "<html>"), VERDICT_HOLD);
    points_free(r);
}

static void a_request_holds_what_fits_and_no_more_than_asked(void **state)
{
    (void)state;
    struct points_rig *r = new_rig(TARGET_KINESIS);
    for (uint32_t i = 0; i < EXPORT_ITEMS_MAX; i++)
        points_add(r, 0, i, "cpu_usage", "some=quite long tag that takes its place in the record", i, 1);
    points_shape(r, EXPORT_ITEMS_MAX);
    assert_false(r->request.body.truncated);
    assert_int_equal(r->request.count, 256);
    points_shape(r, 3);
    assert_int_equal(r->request.count, 3);
    for (uint32_t i = 0; i < EXPORT_ITEMS_MAX; i++) /* all of one moment: one record, as large as they come */
        r->batch.items[i].point.time_ms = POINTS_AT_MS;
    points_shape(r, EXPORT_ITEMS_MAX);
    assert_int_equal(yyjson_arr_size(yyjson_obj_get(body_of(r), "Records")), 1);
    assert_int_equal(r->request.count, EXPORT_ITEMS_MAX);
    assert_false(r->request.body.truncated);
    points_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_point_is_an_item),
        cmocka_unit_test(twenty_five_go_at_a_time_and_unprocessed_ones_go_again),
        cmocka_unit_test(what_dynamodb_refuses),
        cmocka_unit_test(what_refuses_everything_is_held_before_all_is_given_up),
        cmocka_unit_test(an_instance_keeps_what_is_newer_and_when_it_was_made),
        cmocka_unit_test(an_alert_has_the_times_that_its_table_wants),
        cmocka_unit_test(without_keys_or_region_nothing_is_sent),
        cmocka_unit_test(keys_of_the_instance_are_asked_for_before_the_items),
        cmocka_unit_test(points_of_one_moment_are_one_record),
        cmocka_unit_test(a_request_holds_what_fits_and_no_more_than_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
