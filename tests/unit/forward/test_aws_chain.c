/* SPDX-License-Identifier: MIT */
/* Where keys come from, in which order, and when they are asked for again. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/forward/aws/call.h"
#include "aggregator/forward/aws/profile.h"
#include "platform/sim/sim.h"

#define NOW_MS INT64_C(1768478400000) /* 2026-01-15T12:00:00Z */
#define FILE_PATH "/home/ops/.aws/credentials"

static const char *const *variables; /* name, value, ..., NULL */

static const char *get(const char *name)
{
    for (const char *const *at = variables; *at != NULL; at += 2)
        if (strcmp(*at, name) == 0)
            return at[1];
    return NULL;
}

struct rig {
    struct sim_world *world;
    struct plat *p;
    struct aws_environment e;
    struct aws_chain chain;
    struct aws_wish wish;
    struct text url, headers;
    char url_bytes[768], headers_bytes[5000];
    const char *method;
    char file[8192];
    _Alignas(16) uint8_t pool[16384];
    int64_t now_ms;
};

static struct rig *rig_new(const char *const *list)
{
    struct rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->world = sim_new(1);
    r->p = sim_machine(r->world, "m");
    variables = list;
    aws_environment_read(&r->e, get);
    r->wish = (struct aws_wish){"", "", "", "", "", ""};
    r->now_ms = NOW_MS;
    return r;
}

static void rig_free(struct rig *r)
{
    sim_free(r->world);
    free(r);
}

static enum aws_need next(struct rig *r)
{
    text_init(&r->url, r->url_bytes, sizeof r->url_bytes);
    text_init(&r->headers, r->headers_bytes, sizeof r->headers_bytes);
    struct aws_ask ask = {.method = "", .url = &r->url, .headers = &r->headers};
    enum aws_need need =
        aws_chain_next(&r->chain, &r->wish, &r->e, r->p, r->now_ms, r->file, sizeof r->file, &ask);
    r->method = ask.method;
    return need;
}

static void answer(struct rig *r, uint32_t status, const char *body)
{
    aws_chain_take(&r->chain, status, body, (uint32_t)strlen(body), r->pool, sizeof r->pool, r->now_ms);
}

static void put_file(struct rig *r, const char *text)
{
    sim_text(r->p, FILE_PATH, text);
}

static const char *const at_home[] = {"HOME", "/home/ops", "AWS_EC2_METADATA_DISABLED", "true", NULL};

static void test_the_first_that_has_keys_wins(void **state)
{
    (void)state;
    static const char *const both[] = {
        "HOME",       "/home/ops",         "AWS_ACCESS_KEY_ID", "ENVID",      "AWS_SECRET_ACCESS_KEY",
        "env+secret", "AWS_SESSION_TOKEN", "envtoken",          "AWS_REGION", "eu-west-1",
        NULL};
    struct rig *r = rig_new(both);
    put_file(r, "[default]\naws_access_key_id = "
                "FILEID\naws_secret_access_key=file/secret\nregion = us-west-2\n"
                "[other]\naws_access_key_id=OTHERID\naws_secret_access_key=o\n");
    assert_int_equal(next(r), AWS_HAS);
    assert_string_equal(r->chain.keys.id, "ENVID");
    assert_string_equal(r->chain.keys.secret, "env+secret");
    assert_string_equal(r->chain.keys.token, "envtoken");
    assert_string_equal(aws_chain_region(&r->chain, &r->wish, &r->e), "eu-west-1");
    memset(&r->chain, 0, sizeof r->chain);
    r->wish.profile = "other"; /* a profile that is asked for is not the environment's keys */
    assert_int_equal(next(r), AWS_HAS);
    assert_string_equal(r->chain.keys.id, "OTHERID");
    assert_string_equal(r->chain.keys.token, "");
    memset(&r->chain, 0, sizeof r->chain);
    r->wish.id = "OWNID";
    r->wish.secret = "own";
    r->wish.region = "ap-south-1";
    assert_int_equal(next(r), AWS_HAS);
    assert_string_equal(r->chain.keys.id, "OWNID");
    assert_string_equal(aws_chain_region(&r->chain, &r->wish, &r->e), "ap-south-1");
    rig_free(r);
}

static void test_a_file_that_changes_is_read_again(void **state)
{
    (void)state;
    struct rig *r = rig_new(at_home);
    r->wish.region = "eu-west-1";
    assert_int_equal(next(r), AWS_LACKS);
    assert_non_null(strstr(r->chain.why, "credentials"));
    put_file(r, "[default]\naws_access_key_id = A\naws_secret_access_key = 1\n");
    r->now_ms += 59000;
    assert_int_equal(next(r), AWS_LACKS);
    r->now_ms += 1000;
    assert_int_equal(next(r), AWS_HAS);
    assert_string_equal(r->chain.keys.id, "A");
    put_file(r, "[default]\naws_access_key_id = B\naws_secret_access_key = 2\n");
    assert_int_equal(next(r), AWS_HAS);
    assert_string_equal(r->chain.keys.id, "A"); /* not with each request */
    assert_true(aws_chain_refused(&r->chain, "UnrecognizedClientException", "", r->now_ms));
    assert_int_equal(next(r), AWS_HAS);
    assert_string_equal(r->chain.keys.id, "B"); /* but when they are not good any more */
    assert_false(aws_chain_refused(&r->chain, "UnrecognizedClientException", "", r->now_ms));
    aws_chain_accepted(&r->chain);
    assert_true(aws_chain_refused(&r->chain, "ExpiredTokenException", "", r->now_ms));
    rig_free(r);
}

static const char keys_json[] = "{\"Code\":\"Success\",\"AccessKeyId\":\"ASIA1\",\"SecretAccessKey\":\"s/"
                                "1+\",\"Token\":"
                                "\"t1==\",\"Expiration\":\"2026-01-15T18:00:00Z\"}";

static void ask_all_of_metadata(struct rig *r, const char *keys)
{
    assert_int_equal(next(r), AWS_ASKS);
    assert_string_equal(r->method, "PUT");
    assert_string_equal(r->url_bytes, "http://169.254.169.254/latest/api/token");
    assert_string_equal(r->headers_bytes, "X-aws-ec2-metadata-token-ttl-seconds: 21600\n");
    answer(r, 200, "tok==");
    assert_int_equal(next(r), AWS_ASKS);
    assert_string_equal(r->method, "GET");
    assert_string_equal(r->url_bytes, "http://169.254.169.254/latest/meta-data/iam/security-credentials/");
    assert_string_equal(r->headers_bytes, "X-aws-ec2-metadata-token: tok==\n");
    answer(r, 200, "nephos-role\n");
    assert_int_equal(next(r), AWS_ASKS);
    assert_string_equal(r->url_bytes, "http://169.254.169.254/latest/meta-data/iam/"
                                    "security-credentials/nephos-role");
    answer(r, 200, keys);
}

static void test_the_instance_has_keys_and_a_region_and_they_are_renewed_in_time(void **state)
{
    (void)state;
    static const char *const nothing[] = {NULL};
    struct rig *r = rig_new(nothing);
    ask_all_of_metadata(r, keys_json);
    assert_int_equal(next(r), AWS_ASKS);
    assert_string_equal(r->url_bytes, "http://169.254.169.254/latest/meta-data/placement/region");
    answer(r, 200, "eu-central-1");
    assert_int_equal(next(r), AWS_HAS);
    assert_string_equal(r->chain.keys.id, "ASIA1");
    assert_string_equal(r->chain.keys.token, "t1==");
    assert_string_equal(aws_chain_region(&r->chain, &r->wish, &r->e), "eu-central-1");
    r->now_ms = NOW_MS + (6 * 3600 - 301) * 1000;
    assert_int_equal(next(r), AWS_HAS);
    r->now_ms += 61000;
    assert_int_equal(next(r), AWS_ASKS); /* five minutes before they end */
    answer(r, 0, "");
    assert_int_equal(next(r), AWS_HAS); /* the old ones hold while that fails */
    assert_string_equal(r->chain.keys.id, "ASIA1");
    r->now_ms += 60000;
    ask_all_of_metadata(r, "{\"Code\":\"Success\",\"AccessKeyId\":\"ASIA2\","
                           "\"SecretAccessKey\":\"s2\",\"Token\":\"t2\","
                           "\"Expiration\":\"2026-01-16T00:00:00Z\"}");
    assert_int_equal(next(r), AWS_HAS);
    assert_string_equal(r->chain.keys.id, "ASIA2");
    assert_string_equal(aws_chain_region(&r->chain, &r->wish, &r->e), "eu-central-1");
    r->now_ms = NOW_MS + INT64_C(12) * 3600 * 1000; /* they have ended, and nobody answers */
    assert_int_equal(next(r), AWS_ASKS);
    answer(r, 0, "");
    assert_int_equal(next(r), AWS_LACKS);
    rig_free(r);
}

static void test_metadata_that_lies_gives_no_keys(void **state)
{
    (void)state;
    static const char *const nothing[] = {NULL};
    static const char *const bodies[] = {"",
                                         "<html>",
                                         "{}",
                                         "{\"Code\":\"Failed\"}",
                                         "[1]",
                                         "{\"AccessKeyId\":1}",
                                         "{\"AccessKeyId\":\"A\\nB\",\"SecretAccessKey\":\"x\"}",
                                         "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"x\",\"Expiration\":"
                                         "\"soon\"}"};
    for (uint32_t i = 0; i < COUNT_OF(bodies); i++) {
        struct rig *r = rig_new(nothing);
        ask_all_of_metadata(r, bodies[i]);
        assert_int_equal(next(r), AWS_LACKS);
        assert_string_equal(r->chain.keys.id, "");
        assert_non_null(strstr(r->chain.why, "the instance metadata answers 200 with something else"));
        rig_free(r);
    }
    struct rig *r = rig_new(nothing);
    assert_int_equal(next(r), AWS_ASKS);
    answer(r, 200, "a token\r\nX-Evil: 1");
    assert_int_equal(next(r), AWS_LACKS);
    rig_free(r);
}

static void test_a_container_is_asked_before_the_instance(void **state)
{
    (void)state;
    static const char *const task[] = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/x",
                                       "AWS_REGION", "us-east-1", NULL};
    static const char *const pod[] = {"AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                      "http://127.0.0.1:1/creds",
                                      "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                                      FILE_PATH,
                                      "AWS_REGION",
                                      "us-east-1",
                                      NULL};
    struct rig *r = rig_new(task);
    assert_int_equal(next(r), AWS_ASKS);
    assert_string_equal(r->url_bytes, "http://169.254.170.2/v2/credentials/x");
    assert_string_equal(r->headers_bytes, "");
    answer(r, 200, keys_json);
    assert_int_equal(next(r), AWS_HAS);
    assert_int_equal(r->chain.source, AWS_FROM_CONTAINER);
    rig_free(r);
    r = rig_new(pod);
    put_file(r, "podtoken\n");
    assert_int_equal(next(r), AWS_ASKS);
    assert_string_equal(r->url_bytes, "http://127.0.0.1:1/creds");
    assert_string_equal(r->headers_bytes, "Authorization: podtoken\n");
    answer(r, 403, "no");
    assert_int_equal(next(r), AWS_LACKS);
    assert_non_null(strstr(r->chain.why, "the container's agent answers 403"));
    rig_free(r);
}

static void test_a_token_goes_to_no_strange_host_in_the_clear(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool is_asked;
    } rows[] = {
        {"http://127.0.0.1/creds", true},        {"http://127.8.9.10:51679/creds?a=b", true},
        {"http://localhost:1/creds", true},      {"http://[::1]:8080/creds", true},
        {"http://169.254.170.2/v2/creds", true}, {"http://169.254.170.23/v1/credentials", true},
        {"http://[fd00:ec2::23]/v1/creds", true}, {"https://keys.example/creds", true},
        {"http://localhost", true},
        {"http://keys.example/creds", false},    {"http://169.254.170.3/creds", false},
        {"http://127.0.0.1.example/creds", false}, {"http://127.0.0.1@example/creds", false},
        {"http://localhost:x@example/creds", false}, {"http://localhost:1@example/creds", false},
        {"http://localhost.example/", false},    {"http://[::1].example/creds", false},
        {"http://[fd00:ec2::24]/", false},       {"http://[::1", false},
        {"ftp://127.0.0.1/creds", false},        {"http://", false},
        {"http://example/127.0.0.1", false},     {"//127.0.0.1/", false},
    };
    for (uint32_t i = 0; i < COUNT_OF(rows); i++) {
        const char *const list[] = {"AWS_CONTAINER_CREDENTIALS_FULL_URI", rows[i].url,
                                    "AWS_CONTAINER_AUTHORIZATION_TOKEN", "s3cret",
                                    "AWS_REGION", "us-east-1", NULL};
        struct rig *r = rig_new(list);
        enum aws_need need = next(r);
        assert_int_equal(need, rows[i].is_asked ? AWS_ASKS : AWS_LACKS);
        if (rows[i].is_asked)
            assert_string_equal(r->url_bytes, rows[i].url);
        else
            assert_non_null(strstr(r->chain.why, "AWS_CONTAINER_CREDENTIALS_FULL_URI is not asked"));
        rig_free(r);
    }
}

static void test_a_clock_that_is_off_is_corrected_once(void **state)
{
    (void)state;
    struct rig *r = rig_new(at_home);
    char words[256];
    struct text t;
    text_init(&t, words, sizeof words);
    r->wish.id = "A";
    r->wish.secret = "s";
    r->wish.region = "eu-west-1";
    assert_int_equal(next(r), AWS_HAS);
    assert_true(
        aws_chain_refused(&r->chain, "InvalidSignatureException", "Thu, 15 Jan 2026 13:30:00 GMT", NOW_MS));
    aws_put_headers(&t, &r->chain, NOW_MS + 1500);
    assert_string_equal(words, "X-Amz-Date: 20260115T133001Z\n");
    assert_false(
        aws_chain_refused(&r->chain, "InvalidSignatureException", "Thu, 15 Jan 2026 13:30:00 GMT", NOW_MS));
    aws_chain_accepted(&r->chain);
    assert_true(
        aws_chain_refused(&r->chain, "RequestTimeTooSkewed", "Thu, 15 Jan 2026 12:00:01 GMT", NOW_MS));
    assert_int_equal(r->chain.offset_ms, 1000);
    aws_chain_accepted(&r->chain);
    assert_false(
        aws_chain_refused(&r->chain, "RequestTimeTooSkewed", "Thu, 15 Jan 2026 12:00:02 GMT", NOW_MS));
    assert_false(
        aws_chain_refused(&r->chain, "AccessDeniedException", "Thu, 15 Jan 2026 18:00:02 GMT", NOW_MS));
    rig_free(r);
}

static void test_addresses_and_scopes(void **state)
{
    (void)state;
    static const char *const none[] = {NULL};
    static const char *const all[] = {"AWS_ENDPOINT_URL", "http://all:1", "AWS_ENDPOINT_URL_KINESIS",
                                      "http://k:2/", NULL};
    static const struct {
        enum aws_service service;
        const char *url, *region, *expected;
        bool is_overridden;
    } rows[] = {
        {AWS_DYNAMODB, "", "us-east-1", "https://dynamodb.us-east-1.amazonaws.com/", false},
        {AWS_KINESIS, "", "cn-north-1", "https://kinesis.cn-north-1.amazonaws.com.cn/", false},
        {AWS_SNS, "", "us-east-2", "http://all:1/", true},
        {AWS_KINESIS, "", "us-east-2", "http://k:2/", true},
        {AWS_KINESIS, "http://own:3", "us-east-2", "http://own:3/", true},
    };
    for (uint32_t i = 0; i < COUNT_OF(rows); i++) {
        struct aws_environment e;
        char words[256];
        struct text t;
        text_init(&t, words, sizeof words);
        variables = rows[i].is_overridden ? all : none;
        aws_environment_read(&e, get);
        aws_put_url(&t, rows[i].service, rows[i].url, rows[i].region, &e);
        assert_string_equal(words, rows[i].expected);
    }
}

static void test_what_answers_mean(void **state)
{
    (void)state;
    static const struct {
        uint32_t status;
        const char *body;
        enum verdict expected;
        const char *words;
    } rows[] = {
        {400,
         "{\"__type\":\"com.amazonaws.dynamodb.v20120810#"
         "ProvisionedThroughputExceededException\",\"message\":\"x\"}",
         VERDICT_AGAIN, "ProvisionedThroughputExceededException: x"},
        {400, "{\"__type\":\"ThrottlingException\",\"Message\":\"slow\"}", VERDICT_AGAIN,
         "ThrottlingException: slow"},
        {400,
         "{\"__type\":\"com.amazon.coral.validate#ValidationException\","
         "\"message\":\"bad\"}",
         VERDICT_DROP, "ValidationException: bad"},
        {500, "{\"__type\":\"x#ValidationException\",\"message\":\"ill\"}", VERDICT_AGAIN,
         "ValidationException: ill"},
        {400, "{\"__type\":\"x#ResourceNotFoundException\"}", VERDICT_HOLD,
         "ResourceNotFoundException: the table or stream is not there"},
        {400, "{\"__type\":\"x#UnrecognizedClientException\"}", VERDICT_HOLD,
         "UnrecognizedClientException: AWS does not"},
        {400, "{\"__type\":\"x#Brand.New\",\"message\":\"m\"}", VERDICT_HOLD, "Brand.New: m"},
        {500, "{\"__type\":\"x#InternalServerError\"}", VERDICT_AGAIN, "InternalServerError"},
        {503, "<html>", VERDICT_AGAIN, ""},
        {403, "<html>", VERDICT_HOLD, " (that is not how AWS answers"},
        {200, "{}", VERDICT_DONE, ""},
        {403,
         "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</"
         "Code><Message>m</Message>",
         VERDICT_HOLD, "InvalidClientTokenId: AWS does not"},
    };
    _Alignas(16) uint8_t pool[8192];
    for (uint32_t i = 0; i < COUNT_OF(rows); i++) {
        struct aws_error error;
        char words[256];
        struct text why;
        text_init(&why, words, sizeof words);
        enum verdict v = retry_judge(rows[i].status);
        aws_error_read(rows[i].body, (uint32_t)strlen(rows[i].body), pool, sizeof pool, &error);
        aws_judge(rows[i].status, &error, &v, &why);
        assert_int_equal(v, rows[i].expected);
        assert_true(text_starts(words, rows[i].words));
    }
}

static void test_sections_of_shared_files(void **state)
{
    (void)state;
    static const char text[] = "# comment\n aws_access_key_id = outside\n[ profile  ops "
                               "]\r\naws_access_key_id=1\r\n"
                               "s3 =\n  region = nested\n; x\n[default]\naws_access_key_id = "
                               "2\n[profileops]\n"
                               "aws_access_key_id = 3\n[ops]\naws_secret_access_key = "
                               "a=b\nnonsense\n[unended\nregion=4";
    static const struct {
        const char *name, *id, *secret;
        bool is_found;
    } rows[] = {{"ops", "1", "a=b", true}, {"default", "2", "", true},    {"none", "", "", false},
                {"", "", "", false},       {"profileops", "3", "", true}, {"unended", "", "", false}};
    for (uint32_t i = 0; i < COUNT_OF(rows); i++) {
        struct aws_profile p;
        memset(&p, 0, sizeof p);
        bool is_found = aws_profile_read(text, sizeof text - 1, rows[i].name, &p);
        if (i != 3)
            assert_int_equal(is_found, rows[i].is_found);
        assert_string_equal(p.keys.id, rows[i].id);
        assert_string_equal(p.keys.secret, rows[i].secret);
        if (i < 3)
            assert_string_equal(p.region, "");
    }
}

static void test_times(void **state)
{
    (void)state;
    assert_true(aws_time_ms("2026-01-15T12:00:00Z") == NOW_MS);
    assert_true(aws_time_ms("2026-01-15T12:00:00.123Z") == NOW_MS + 123);
    assert_true(aws_time_ms("1970-01-01T00:00:00Z") == 0);
    assert_true(aws_time_ms("2000-02-29T00:00:00Z") == INT64_C(951782400000));
    static const char *const bad[] = {"", "2026-01-15", "2026-13-15T12:00:00Z", "2026-01-15T12:00:00", "x"};
    for (uint32_t i = 0; i < COUNT_OF(bad); i++)
        assert_true(aws_time_ms(bad[i]) == -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_that_has_keys_wins),
        cmocka_unit_test(test_a_file_that_changes_is_read_again),
        cmocka_unit_test(test_the_instance_has_keys_and_a_region_and_they_are_renewed_in_time),
        cmocka_unit_test(test_metadata_that_lies_gives_no_keys),
        cmocka_unit_test(test_a_container_is_asked_before_the_instance),
        cmocka_unit_test(test_a_token_goes_to_no_strange_host_in_the_clear),
        cmocka_unit_test(test_a_clock_that_is_off_is_corrected_once),
        cmocka_unit_test(test_addresses_and_scopes),
        cmocka_unit_test(test_what_answers_mean),
        cmocka_unit_test(test_sections_of_shared_files),
        cmocka_unit_test(test_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
