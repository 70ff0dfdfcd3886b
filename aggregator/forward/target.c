/* SPDX-License-Identifier: MIT */
/* See target.h. */
#include "aggregator/forward/target.h"

#include <string.h>

#include "aggregator/forward/destination.h"
#include "aggregator/forward/exporter.h"

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

enum key_kind {
    KEY_TEXT, KEY_TIME, KEY_NO, KEY_NUMBER, KEY_TYPE, KEY_MODE, KEY_SEVERITY, KEY_SENDS
};
#define FIELD(field) offsetof(struct target, field)
#define TEXT_KEY(field) KEY_TEXT, FIELD(field), sizeof(((struct target *)0)->field), 0, 0
#define TIME_KEY(field, min, max) KEY_TIME, FIELD(field), 0, min, max

static const struct key {
    const char *name;
    enum key_kind kind;
    uint32_t at, size;
    int64_t min, max; /* of a time: ms */
} keys[] = {
    {"type", KEY_TYPE, 0, 0, 0, 0},
    {"url", TEXT_KEY(url)},
    {"endpoint", TEXT_KEY(url)},
    {"url_file", TEXT_KEY(url_file)},
    {"ca_file", TEXT_KEY(ca_file)},
    {"mode", KEY_MODE, 0, 0, 0, 0},
    {"send", KEY_SENDS, 0, 0, 0, 0},
    {"metrics", TEXT_KEY(metrics)},
    {"instances", TEXT_KEY(instances)},
    {"severity", KEY_SEVERITY, 0, 0, 0, 0},
    {"resolution", TIME_KEY(resolution_ms, 1000, 3600000)},
    {"interval", TIME_KEY(interval_ms, 0, 3600000)},
    {"refresh", TIME_KEY(refresh_ms, 0, DAY_MS)},
    {"backlog_max", TIME_KEY(backlog_max_ms, 60000, 3650 * DAY_MS)},
    {"timeout", TIME_KEY(timeout_ms, 100, 120000)},
    {"repeat_doubtful", KEY_NO, FIELD(no_repeat), 0, 0, 0},
    {"user", TEXT_KEY(user)},
    {"access_key", TEXT_KEY(user)},
    {"password_file", TEXT_KEY(password_file)},
    {"secret_key_file", TEXT_KEY(password_file)},
    {"token_file", TEXT_KEY(token_file)},
    {"api_key_file", TEXT_KEY(api_key_file)},
    {"key_file", TEXT_KEY(key_file)},
    {"credentials_file", TEXT_KEY(credentials_file)},
    {"profile", TEXT_KEY(profile)},
    {"headers_file", TEXT_KEY(headers_file)},
    {"region", TEXT_KEY(region)},
    {"stream", TEXT_KEY(stream)},
    {"metrics_table", TEXT_KEY(metrics_table)},
    {"alerts_table", TEXT_KEY(alerts_table)},
    {"instances_table", TEXT_KEY(instances_table)},
    {"insights_table", TEXT_KEY(insights_table)},
    {"stage", TEXT_KEY(stage)},
    {"ttl", TIME_KEY(ttl_ms, 0, 3650 * DAY_MS)},
    {"account", TEXT_KEY(account)},
    {"warehouse", TEXT_KEY(warehouse)},
    {"database", TEXT_KEY(database)},
    {"schema", TEXT_KEY(schema)},
    {"role", TEXT_KEY(role)},
    {"model", TEXT_KEY(model)},
    {"version", KEY_NUMBER, FIELD(version), 0, 1, 2},
    {"compression", KEY_NO, FIELD(plain), 0, 0, 0},
};

void target_init(struct target *t, const char *name)
{
    *t = (struct target){.timeout_ms = TIMEOUT_MS_DEFAULT, .refresh_ms = REFRESH_MS_DEFAULT,
                         .backlog_max_ms = BACKLOG_MS_DEFAULT, .interval_ms = -1};
    (void)text_copy(t->name, sizeof t->name, name);
}

static int refuse_word(const char *key, const char *value, const char *const *words, uint32_t count,
                       const char *where, struct text *why)
{
    text_printf(why, "%s: %s = %s is not one of ", where, key, value);
    for (uint32_t i = 0; i < count; i++)
        text_printf(why, "%s%s", i > 0 ? ", " : "", words[i]);
    return ERR_MALFORMED;
}

static int find_word(const char *const *words, uint32_t count, const char *word, size_t length)
{
    for (uint32_t i = 0; i < count; i++)
        if (strlen(words[i]) == length && memcmp(words[i], word, length) == 0)
            return (int)i;
    return ERR_MISSING;
}

/* One of a few words, whose number goes to `to`. */
static int set_word(uint32_t *to, const char *const *words, uint32_t count, const struct key *k,
                    const char *value, const char *where, struct text *why)
{
    int found = find_word(words, count, value, strlen(value));
    if (found < 0)
        return refuse_word(k->name, value, words, count, where, why);
    *to = (uint32_t)found;
    return ERR_OK;
}

static int set_choice(struct target *t, const struct key *k, const char *value, const char *where,
                      struct text *why)
{
    uint32_t n = 0;
    int e = k->kind == KEY_TYPE
                ? set_word(&n, target_type_names, TARGET_TYPE_COUNT, k, value, where, why)
            : k->kind == KEY_MODE ? set_word(&n, mode_names, COUNT_OF(mode_names), k, value, where, why)
                                  : set_word(&n, alert_severity_names, ALERT_SEVERITY_COUNT, k, value, where,
                                             why);
    if (e < 0)
        return e;
    if (k->kind == KEY_TYPE) {
        t->type = (enum target_type)n;
        t->has_type = true;
    } else if (k->kind == KEY_MODE) {
        t->mode = (enum target_mode)n;
    } else {
        t->severity = (enum alert_severity)n;
    }
    return ERR_OK;
}

/* "metrics, alerts". */
static int set_sends(struct target *t, const struct key *k, const char *value, const char *where,
                     struct text *why)
{
    t->sends = 0;
    for (const char *at = value; *at != '\0';) {
        size_t length = strcspn(at, ", ");
        int found = find_word(export_kind_names, EXPORT_KIND_COUNT, at, length);
        if (length > 0 && found < 0)
            return refuse_word(k->name, value, export_kind_names, EXPORT_KIND_COUNT, where, why);
        if (length > 0)
            t->sends |= EXPORT_BIT(found);
        at += length + strspn(at + length, ", ");
    }
    return ERR_OK;
}

static int set_time(struct target *t, const struct key *k, const char *value, const char *where,
                    struct text *why)
{
    int64_t ms;
    if (!destination_take_time(value, &ms) || ms < k->min || ms > k->max) {
        text_printf(why, "%s: %s = %s is not a time of %lld ms to %lld s; write 500ms, 10s, 5m, 1h or 7d",
                    where, k->name, value, (long long)k->min, (long long)(k->max / 1000));
        return ERR_MALFORMED;
    }
    memcpy((char *)t + k->at, &ms, sizeof ms);
    return ERR_OK;
}

/* The fields say "no". */
static int set_switch(struct target *t, const struct key *k, const char *value, const char *where,
                      struct text *why)
{
    bool no = text_equal(value, "no") || text_equal(value, "false") || text_equal(value, "off");
    if (!no && !text_equal(value, "yes") && !text_equal(value, "true") && !text_equal(value, "on")) {
        text_printf(why, "%s: %s = %s is neither yes nor no", where, k->name, value);
        return ERR_MALFORMED;
    }
    memcpy((char *)t + k->at, &no, sizeof no);
    return ERR_OK;
}

static int set_number(struct target *t, const struct key *k, const char *value, const char *where,
                      struct text *why)
{
    uint64_t n;
    if (!text_to_u64(value, &n) || n < (uint64_t)k->min || n > (uint64_t)k->max) {
        text_printf(why, "%s: %s = %s is not a number of %lld to %lld", where, k->name, value,
                    (long long)k->min, (long long)k->max);
        return ERR_MALFORMED;
    }
    uint32_t field = (uint32_t)n;
    memcpy((char *)t + k->at, &field, sizeof field);
    return ERR_OK;
}

static int unknown_key(const char *key, const char *where, struct text *why)
{
    static const char *const secrets[] = {"token", "password", "secret_key", "api_key", "key", "headers"};
    const char *best = NULL;
    uint32_t distance = 4;
    for (uint32_t i = 0; i < COUNT_OF(keys); i++) {
        uint32_t n = text_distance(key, keys[i].name);
        if (n < distance) {
            distance = n;
            best = keys[i].name;
        }
    }
    text_printf(why, "%s: forwarding has no key %s", where, key);
    for (uint32_t i = 0; i < COUNT_OF(secrets); i++) {
        if (!text_equal(key, secrets[i]))
            continue;
        text_printf(why, "; secrets stand in files of their own: %s_file = PATH", key);
        return ERR_MALFORMED;
    }
    if (best != NULL)
        text_printf(why, " (did you mean %s?)", best);
    return ERR_MALFORMED;
}

int target_set(struct target *t, const char *key, const char *value, const char *where, struct text *why)
{
    for (uint32_t i = 0; i < COUNT_OF(keys); i++) {
        const struct key *k = &keys[i];
        if (!text_equal(k->name, key))
            continue;
        switch (k->kind) {
        case KEY_TEXT: break;
        case KEY_TIME: return set_time(t, k, value, where, why);
        case KEY_NO: return set_switch(t, k, value, where, why);
        case KEY_NUMBER: return set_number(t, k, value, where, why);
        case KEY_SENDS: return set_sends(t, k, value, where, why);
        default: return set_choice(t, k, value, where, why);
        }
        if (!text_copy((char *)t + k->at, k->size, value)) {
            text_printf(why, "%s: %s is longer than %u characters", where, key, k->size - 1);
            return ERR_MALFORMED;
        }
        return ERR_OK;
    }
    return unknown_key(key, where, why);
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
