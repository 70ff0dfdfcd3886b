/* SPDX-License-Identifier: MIT */
/* See target.h. */
#include "aggregator/forward/target.h"

#include <string.h>

#include "aggregator/forward/destination.h"
#include "aggregator/forward/exporter.h"
#include "platform/base/section.h"

#define DAY_MS (INT64_C(86400) * 1000)
#define TIMEOUT_MS_DEFAULT 15000
#define REFRESH_MS_DEFAULT 300000
#define BACKLOG_MS_DEFAULT (7 * DAY_MS)

const char *const target_type_names[TARGET_TYPE_COUNT] = {
    [TARGET_APIGATEWAY] = "apigateway", [TARGET_DYNAMODB] = "dynamodb",
    [TARGET_KINESIS] = "kinesis",       [TARGET_SNOWFLAKE] = "snowflake",
    [TARGET_OTLP] = "otlp",             [TARGET_REMOTE_WRITE] = "remote_write",
};
static const char *const mode_names[] = {[TARGET_BATCH] = "batch", [TARGET_SINGLES] = "singles",
                                         [TARGET_AGGREGATOR] = "nephos"};

#define TEXT(field) SECTION_KEY_TEXT(struct target, field)
#define TIME(field, min, max) SECTION_KEY_TIME(struct target, field, min, max)

static const struct section_key keys[] = {
    {"type", SECTION_KEY_WORD(struct target, type, target_type_names, TARGET_TYPE_COUNT)},
    {"url", TEXT(url)},
    {"url_file", TEXT(url_file)},
    {"ca_file", TEXT(ca_file)},
    {"mode", SECTION_KEY_WORD(struct target, mode, mode_names, COUNT_OF(mode_names))},
    {"send", SECTION_KEY_OWN},
    {"metrics", TEXT(metrics)},
    {"instances", TEXT(instances)},
    {"severity", SECTION_KEY_WORD(struct target, severity, alert_severity_names, ALERT_SEVERITY_COUNT)},
    {"resolution", TIME(resolution_ms, 1000, 3600000)},
    {"interval", TIME(interval_ms, 0, 3600000)},
    {"refresh", TIME(refresh_ms, 0, DAY_MS)},
    {"backlog_max", TIME(backlog_max_ms, 60000, 3650 * DAY_MS)},
    {"timeout", TIME(timeout_ms, 100, 120000)},
    {"repeat_doubtful", SECTION_KEY_NO(struct target, no_repeat)},
    {"user", TEXT(user)},
    {"access_key", TEXT(user)},
    {"password_file", TEXT(password_file)},
    {"secret_key_file", TEXT(password_file)},
    {"token_file", TEXT(token_file)},
    {"api_key_file", TEXT(api_key_file)},
    {"key_file", TEXT(key_file)},
    {"credentials_file", TEXT(credentials_file)},
    {"profile", TEXT(profile)},
    {"headers_file", TEXT(headers_file)},
    {"region", TEXT(region)},
    {"stream", TEXT(stream)},
    {"metrics_table", TEXT(metrics_table)},
    {"alerts_table", TEXT(alerts_table)},
    {"instances_table", TEXT(instances_table)},
    {"insights_table", TEXT(insights_table)},
    {"stage", TEXT(stage)},
    {"ttl", TIME(ttl_ms, 0, 3650 * DAY_MS)},
    {"account", TEXT(account)},
    {"warehouse", TEXT(warehouse)},
    {"database", TEXT(database)},
    {"schema", TEXT(schema)},
    {"role", TEXT(role)},
    {"model", TEXT(model)},
};
static const char *const secrets[] = {"token", "password", "secret_key", "api_key", "key", "headers", NULL};
const struct section target_section = {"forwarding", keys, COUNT_OF(keys), secrets};

void target_init(struct target *t, const char *name)
{
    *t = (struct target){.timeout_ms = TIMEOUT_MS_DEFAULT, .refresh_ms = REFRESH_MS_DEFAULT,
                         .backlog_max_ms = BACKLOG_MS_DEFAULT, .interval_ms = -1};
    (void)text_copy(t->name, sizeof t->name, name);
}

/* "metrics, alerts". */
static int set_sends(struct target *t, const char *value, const char *where, struct text *why)
{
    t->sends = 0;
    for (const char *at = value; *at != '\0';) {
        size_t length = strcspn(at, ", ");
        int found = section_find_word(export_kind_names, EXPORT_KIND_COUNT, at, length);
        if (length > 0 && found < 0)
            return section_refuse_word("send", value, export_kind_names, EXPORT_KIND_COUNT, where, why);
        if (length > 0)
            t->sends |= EXPORT_BIT(found);
        at += length + strspn(at + length, ", ");
    }
    return ERR_OK;
}

int target_set(struct target *t, const char *key, const char *value, const char *where, struct text *why)
{
    int e = section_set(&target_section, t, key, value, where, why);
    t->has_type |= e == ERR_OK && text_equal(key, "type");
    return e > 0 ? set_sends(t, value, where, why) : e;
}

bool target_wants_metric(const struct target *t, const char *metric)
{
    return destination_matches(t->metrics, metric);
}

bool target_wants_instance(const struct target *t, const char *id, const char *name)
{
    return destination_matches(t->instances, name) || destination_matches(t->instances, id);
}

bool target_secret(struct target *t, uint32_t index, struct target_secret *out)
{
    const struct target_secret all[] = {
        {"url_file", t->url_file, t->url, sizeof t->url, false},
        {"token_file", t->token_file, t->token, sizeof t->token, false},
        {"password_file", t->password_file, t->password, sizeof t->password, false},
        {"api_key_file", t->api_key_file, t->api_key, sizeof t->api_key, false},
        {"key_file", t->key_file, t->key, sizeof t->key, true},
        {"headers_file", t->headers_file, t->headers, sizeof t->headers, true},
    };
    if (index >= COUNT_OF(all))
        return false;
    *out = all[index];
    return true;
}
