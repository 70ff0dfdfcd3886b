/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "aggregator/forward/aws/sns.h"
#include "aggregator/forward/shape.h"
#include "platform/sim/sim.h"

#define NOW INT64_C(1768478400000) /* 2026-01-15T12:00:00Z */

static struct shaped *shaped;
static struct digest *digest;

static int set_up(void **state)
{
    (void)state;
    shaped = calloc(1, sizeof *shaped);
    digest = calloc(1, sizeof *digest);
    return shaped == NULL || digest == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    free(shaped);
    free(digest);
    return 0;
}

static void add(enum notice_kind kind, const char *name, enum alert_severity severity, const char *message)
{
    struct notice *n = &digest->notices[digest->count++];
    *n = (struct notice){.kind = kind, .alert = {.severity = severity, .occurrences = 1, .created_ms = NOW}};
    snprintf(n->alert.id, sizeof n->alert.id, "a%u", digest->count);
    (void)text_copy(n->alert.instance, sizeof n->alert.instance, "i-1");
    (void)text_copy(n->alert.type, sizeof n->alert.type, "cpu_usage_critical");
    (void)text_copy(n->alert.message, sizeof n->alert.message, message);
    (void)text_copy(n->name, sizeof n->name, name);
    n->alert.status = kind == NOTICE_RESOLVED ? ALERT_RESOLVED : ALERT_ACTIVE;
}

static struct destination of(enum destination_type type)
{
    struct destination d;
    destination_init(&d, "ops");
    d.has_type = true;
    d.type = type;
    (void)text_copy(d.url, sizeof d.url, "https://example.net/hook");
    (void)text_copy(d.token, sizeof d.token, "SECRET");
    (void)text_copy(d.to, sizeof d.to, "42");
    return d;
}

static const char *make(enum destination_type type)
{
    struct destination d = of(type);
    assert_true(shape_make(shaped, &d, digest, NOW));
    return shaped->body.at;
}

static void test_each_chat_gets_its_shape(void **state)
{
    (void)state;
    digest->count = 0;
    add(NOTICE_RAISED, "web-1", ALERT_CRITICAL, "CPU \"97\" %\n\x01");
    assert_string_equal(make(DESTINATION_SLACK), "{\"text\":\"[CRITICAL] web-1: CPU \\\"97\\\" %  \"}");
    assert_string_equal(make(DESTINATION_DISCORD), "{\"allowed_mentions\":{\"parse\":[]},\"content\":\"["
                                                   "CRITICAL] web-1: CPU \\\"97\\\" %  \"}");
    assert_string_equal(make(DESTINATION_TELEGRAM), "{\"chat_id\":\"42\",\"disable_web_page_preview\":true,"
                                                    "\"text\":\"[CRITICAL] web-1: CPU "
                                                    "\\\"97\\\" %  \"}");
    assert_string_equal(shaped->url.at, "https://example.net/hook/botSECRET/sendMessage");
    assert_string_equal(make(DESTINATION_NTFY),
                        "{\"topic\":\"42\",\"title\":\"[CRITICAL] web-1: CPU \\\"97\\\" %  \",\"priority\":5,"
                        "\"message\":\"[CRITICAL] web-1: CPU \\\"97\\\" %  \"}");
    assert_non_null(strstr(shaped->headers.at, "Authorization: Bearer SECRET\n"));
}

static void test_many_alerts_make_one_message(void **state)
{
    (void)state;
    digest->count = 0;
    for (uint32_t i = 0; i < 30; i++)
        add(i % 3 == 0 ? NOTICE_RESOLVED : NOTICE_RAISED, "db", ALERT_HIGH, "disk is full");
    const char *body = make(DESTINATION_SLACK);
    assert_non_null(strstr(body, "30 alerts: 20 raised, 10 resolved\\n[RESOLVED] db: disk is full\\n[HIGH] "
                                 "db"));
    assert_non_null(strstr(body, "\\nand 10 more\"}"));
    body = make(DESTINATION_WEBHOOK);
    uint32_t keys = 0;
    for (const char *at = body; (at = strstr(at, "\"key\":")) != NULL; at++)
        keys++;
    assert_int_equal(keys, 30);
}

static void test_pagerduty_has_one_incident_for_each_alert(void **state)
{
    (void)state;
    digest->count = 0;
    add(NOTICE_RAISED, "web-1", ALERT_HIGH, "slow");
    assert_int_equal(shape_max(DESTINATION_PAGERDUTY), 1);
    const char *body = make(DESTINATION_PAGERDUTY);
    assert_non_null(strstr(body, "\"event_action\":\"trigger\",\"dedup_key\":\"a1\""));
    assert_non_null(strstr(body, "\"severity\":\"error\""));
    digest->notices[0].kind = NOTICE_ACKNOWLEDGED;
    assert_non_null(strstr(make(DESTINATION_PAGERDUTY), "\"event_action\":\"acknowledge\""));
    digest->notices[0].kind = NOTICE_RESOLVED;
    assert_non_null(strstr(make(DESTINATION_PAGERDUTY), "\"event_action\":\"resolve\",\"dedup_key\":\"a1\""));
    struct destination d = of(DESTINATION_PAGERDUTY);
    digest->notices[0].kind = NOTICE_PASSED; /* nobody is woken for what is over */
    assert_false(shape_make(shaped, &d, digest, NOW));
}

static void test_sns_is_a_form_with_a_short_plain_subject(void **state)
{
    (void)state;
    struct destination d = of(DESTINATION_SNS);
    digest->count = 0;
    add(NOTICE_RAISED, "web 1", ALERT_CRITICAL, "Instance web 1 (i-1) is unhealthy.\n\n\xc3\xa9");
    (void)text_copy(digest->notices[0].alert.type, ALERT_TYPE_SIZE, "instance_down");
    (void)text_copy(d.to, sizeof d.to, "arn:aws:sns:us-east-2:123456789012:nephos-alerts-dev");
    d.url[0] = '\0';
    assert_true(shape_make(shaped, &d, digest, NOW));
    static const struct aws_environment nothing = {.metadata_disabled = true};
    static struct sns sns;
    struct sim_world *w = sim_new(1);
    (void)text_copy(d.user, sizeof d.user, "AKID");
    (void)text_copy(d.password, sizeof d.password, "s");
    (void)text_copy(d.token, sizeof d.token, "tok");
    assert_int_equal(sns_sign(&sns, &d, &nothing, sim_machine(w, "m"), NOW, shaped), AWS_HAS);
    sim_free(w);
    assert_string_equal(shaped->url.at, "https://sns.us-east-2.amazonaws.com/"); /* of the topic's region */
    assert_string_equal(shaped->scope.at, "aws:amz:us-east-2:sns");
    assert_string_equal(shaped->headers.at, "Content-Type: application/x-www-form-urlencoded; charset=utf-8\n"
                                            "X-Amz-Date: 20260115T120000Z\nX-Amz-Security-Token: tok\n");
    assert_string_equal(sns.chain.keys.id, "AKID");
    assert_string_equal(shaped->body.at, "Action=Publish&Message=%5BCRITICAL%5D%20web%201%3A%20Instance%"
                                         "20web%201%20%28i-1%29%20is%20unhealthy.%20%20"
                                         "%C3%A9%0A%0ATime%3A%202026-01-15T12%3A00%3A00.000Z&"
                                         "MessageAttributes.entry.1.Name=severity"
                                         "&MessageAttributes.entry.1.Value.DataType=String&"
                                         "MessageAttributes.entry.1.Value.StringValue=critical"
                                         "&Subject=Critical%3A%20Instance%20web%201%20Down"
                                         "&TopicArn=arn%3Aaws%3Asns%3Aus-east-2%3A123456789012%3Anephos-"
                                         "alerts-dev&Version=2010-03-31");
    for (uint32_t i = 0; i < 300; i++)
        digest->notices[0].alert.message[i] = i % 2 == 0 ? '\n' : (char)0xc3;
    (void)text_copy(digest->notices[0].alert.type, ALERT_TYPE_SIZE, "x");
    assert_true(shape_make(shaped, &d, digest, NOW));
    const char *subject = strstr(shaped->body.at, "&Subject=") + 9;
    uint32_t length = 0;
    for (; *subject != '&'; subject += *subject == '%' ? 3 : 1)
        length++;
    assert_true(length < 100);
    assert_null(strstr(subject, "%0A&"));
}

/* The value of a field of the form, up to the next; a copy of its own for each call in turn. */
static const char *field_of(const char *name)
{
    static char values[4][128];
    static uint32_t next;
    char *to = values[next++ % COUNT_OF(values)];
    const char *at = strstr(shaped->body.at, name);
    (void)snprintf(to, sizeof values[0], "%.*s", at != NULL ? (int)strcspn(at + strlen(name), "&") : 0,
                   at != NULL ? at + strlen(name) : "");
    return to;
}

static void test_a_topic_that_keeps_order_knows_what_it_has(void **state)
{
    static const char id[] = "&MessageDeduplicationId=";
    (void)state;
    struct destination d = of(DESTINATION_SNS);
    digest->count = 0;
    digest->cursor = 7;
    add(NOTICE_RAISED, "web-1", ALERT_HIGH, "slow");
    (void)text_copy(d.to, sizeof d.to, "arn:aws:sns:us-east-2:123456789012:nephos-alerts");
    assert_true(shape_make(shaped, &d, digest, NOW));
    assert_string_equal(field_of(id), ""); /* others refuse it */
    assert_null(strstr(shaped->body.at, "MessageGroupId"));
    (void)text_copy(d.to, sizeof d.to, "arn:aws:sns:us-east-2:123456789012:nephos-alerts.fifo");
    assert_true(shape_make(shaped, &d, digest, NOW));
    const char *first = field_of(id);
    assert_int_equal(strlen(first), 40);
    assert_string_equal(field_of("&MessageGroupId="), "nephos");
    assert_true(shape_make(shaped, &d, digest, NOW + 90000)); /* tried again */
    assert_string_equal(field_of(id), first);
    digest->notices[0].kind = NOTICE_REPEATED;
    digest->notices[0].repeats = 1;
    assert_true(shape_make(shaped, &d, digest, NOW));
    const char *repeated = field_of(id);
    assert_string_not_equal(repeated, first);
    digest->notices[0].repeats = 2;
    assert_true(shape_make(shaped, &d, digest, NOW));
    assert_string_not_equal(field_of(id), repeated);
    digest->count = DIGEST_MAX; /* all that fits */
    for (uint32_t i = 0; i < DIGEST_MAX; i++)
        digest->notices[i] = digest->notices[0];
    assert_true(shape_make(shaped, &d, digest, NOW));
    const char *many = field_of(id);
    digest->notices[DIGEST_MAX - 1].repeats = 3;
    assert_true(shape_make(shaped, &d, digest, NOW));
    assert_string_not_equal(field_of(id), many);
}

static void test_a_mail_has_short_lines_and_one_id_for_all_tries(void **state)
{
    (void)state;
    struct destination d = of(DESTINATION_EMAIL);
    digest->count = 0;
    add(NOTICE_RAISED, "web-1\r\nBcc: x@y", ALERT_CRITICAL, "Stra\xc3\x9f" "e voll");
    (void)text_copy(d.url, sizeof d.url, "smtp://mail:25");
    (void)text_copy(d.from, sizeof d.from, "nephos@example.net");
    (void)text_copy(d.to, sizeof d.to, "ops@example.net");
    digest->cursor = 7;
    assert_true(shape_make(shaped, &d, digest, NOW));
    const char *body = shaped->body.at;
    assert_null(strstr(body, "\nBcc:"));
    assert_non_null(strstr(body, "\r\nDate: Thu, 15 Jan 2026 12:00:00 +0000\r\nMessage-ID: "
                                 "<nephos.ops.7.a1@example.net>"));
    assert_non_null(strstr(body, "\r\nSubject: =?UTF-8?B?W0NSSVRJQ0FMXSB3ZWItMSAg"));
    for (const char *line = body, *end; (end = strstr(line, "\r\n")) != NULL; line = end + 2)
        assert_true(end - line <= 98);
    char first[128];
    snprintf(first, sizeof first, "%.100s", strstr(body, "Message-ID"));
    assert_true(shape_make(shaped, &d, digest, NOW + 60000));
    assert_memory_equal(first, strstr(shaped->body.at, "Message-ID"), 40);
    digest->notices[0].kind = NOTICE_REPEATED; /* else readers would not show it: they have that one */
    digest->notices[0].repeats = 2;
    assert_true(shape_make(shaped, &d, digest, NOW));
    assert_non_null(strstr(shaped->body.at, "Message-ID: <nephos.ops.7.a1.2@example.net>"));
}

static void test_json_stays_json_whatever_comes(void **state)
{
    (void)state;
    char words[256];
    struct text t;
    text_init(&t, words, sizeof words);
    shape_put_json(&t, "a\"\\\n\t\x7f\xff\xc3\xa9\xe2\x82\xf0\x9f\x98\x80\xed\xa0\x80");
    assert_string_equal(words, "\"a\\\"\\\\\\n\\u0009\\u007f\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xf0"
                               "\x9f\x98\x80"
                               "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_chat_gets_its_shape),
        cmocka_unit_test(test_many_alerts_make_one_message),
        cmocka_unit_test(test_pagerduty_has_one_incident_for_each_alert),
        cmocka_unit_test(test_sns_is_a_form_with_a_short_plain_subject),
        cmocka_unit_test(test_a_topic_that_keeps_order_knows_what_it_has),
        cmocka_unit_test(test_a_mail_has_short_lines_and_one_id_for_all_tries),
        cmocka_unit_test(test_json_stays_json_whatever_comes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
