/* SPDX-License-Identifier: MIT */
/* See destination.h. */
#include "aggregator/forward/destination.h"

#include <string.h>

#define GROUP_MS_DEFAULT 1000
#define TIMEOUT_MS_DEFAULT 15000
#define INTERVAL_MS_DEFAULT 60000

const char *const destination_type_names[DESTINATION_TYPE_COUNT] = {
    [DESTINATION_WEBHOOK] = "webhook",     [DESTINATION_SLACK] = "slack",
    [DESTINATION_DISCORD] = "discord",     [DESTINATION_TELEGRAM] = "telegram",
    [DESTINATION_NTFY] = "ntfy",           [DESTINATION_PAGERDUTY] = "pagerduty",
    [DESTINATION_EMAIL] = "email",         [DESTINATION_SNS] = "sns",
    [DESTINATION_HEARTBEAT] = "heartbeat",
};

enum key_kind { KEY_TEXT, KEY_TIME, KEY_SWITCH, KEY_TYPE, KEY_SEVERITY };
#define TEXT_KEY(field)                                                                                     \
    KEY_TEXT, offsetof(struct destination, field), sizeof(((struct destination *)0)->field), 0, 0
#define TIME_KEY(field, min, max) KEY_TIME, offsetof(struct destination, field), 0, min, max
#define DAY_MS (INT64_C(86400) * 1000)

static const struct key {
    const char *name;
    enum key_kind kind;
    uint32_t at, size;
    int64_t min_ms, max_ms;
} keys[] = {
    {"type", KEY_TYPE, 0, 0, 0, 0},
    {"url", TEXT_KEY(url)},
    {"url_file", TEXT_KEY(url_file)},
    {"token_file", TEXT_KEY(token_file)},
    {"user", TEXT_KEY(user)},
    {"password_file", TEXT_KEY(password_file)},
    {"ca_file", TEXT_KEY(ca_file)},
    {"from", TEXT_KEY(from)},
    {"to", TEXT_KEY(to)},
    {"region", TEXT_KEY(region)},
    {"instances", TEXT_KEY(instances)},
    {"alert_types", TEXT_KEY(types)},
    {"severity", KEY_SEVERITY, 0, 0, 0, 0},
    {"group", TIME_KEY(group_ms, 0, 600000)},
    {"repeat", TIME_KEY(repeat_ms, 0, 30 * DAY_MS)},
    {"timeout", TIME_KEY(timeout_ms, 100, 120000)},
    {"interval", TIME_KEY(interval_ms, 1000, DAY_MS)},
    {"resolved", KEY_SWITCH, offsetof(struct destination, no_resolved), 0, 0, 0},
    {"starttls", KEY_SWITCH, offsetof(struct destination, plain_smtp), 0, 0, 0},
};

void destination_init(struct destination *d, const char *name)
{
    *d = (struct destination){.group_ms = GROUP_MS_DEFAULT, .timeout_ms = TIMEOUT_MS_DEFAULT,
                              .interval_ms = INTERVAL_MS_DEFAULT};
    (void)text_copy(d->name, sizeof d->name, name);
}

bool destination_take_time(const char *value, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", DAY_MS}};
    const char *at = value;
    uint64_t n;
    if (!text_take_u64(&at, value + strlen(value), &n) || n > INT32_MAX)
        return false;
    for (uint32_t i = 0; i < COUNT_OF(units); i++) {
        if (!text_equal(at, units[i].unit))
            continue;
        *ms = (int64_t)n * units[i].ms;
        return true;
    }
    return false;
}

static int find_word(const char *const *words, uint32_t count, const char *word)
{
    for (uint32_t i = 0; i < count; i++)
        if (text_equal(words[i], word))
            return (int)i;
    return ERR_MISSING;
}

static void put_words(struct text *why, const char *const *words, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        text_printf(why, "%s%s", i > 0 ? ", " : "", words[i]);
}

static int set_word(struct destination *d, const struct key *k, const char *value, const char *where,
                    struct text *why)
{
    bool is_type = k->kind == KEY_TYPE;
    const char *const *words = is_type ? destination_type_names : alert_severity_names;
    uint32_t count = is_type ? DESTINATION_TYPE_COUNT : ALERT_SEVERITY_COUNT;
    int found = find_word(words, count, value);
    if (found < 0) {
        text_printf(why, "%s: %s = %s is not one of ", where, k->name, value);
        put_words(why, words, count);
        return ERR_MALFORMED;
    }
    if (is_type) {
        d->type = (enum destination_type)found;
        d->has_type = true;
    } else {
        d->severity = (enum alert_severity)found;
    }
    return ERR_OK;
}

static int set_time(struct destination *d, const struct key *k, const char *value, const char *where,
                    struct text *why)
{
    int64_t ms;
    if (!destination_take_time(value, &ms) || ms < k->min_ms || ms > k->max_ms) {
        text_printf(why, "%s: %s = %s is not a time of %lld ms to %lld s; write 500ms, 10s, 5m, 1h or 7d",
                    where, k->name, value, (long long)k->min_ms, (long long)(k->max_ms / 1000));
        return ERR_MALFORMED;
    }
    memcpy((char *)d + k->at, &ms, sizeof ms);
    return ERR_OK;
}

/* The fields say "no". */
static int set_switch(struct destination *d, const struct key *k, const char *value, const char *where,
                      struct text *why)
{
    bool no = text_equal(value, "no") || text_equal(value, "false") || text_equal(value, "off");
    if (!no && !text_equal(value, "yes") && !text_equal(value, "true") && !text_equal(value, "on")) {
        text_printf(why, "%s: %s = %s is neither yes nor no", where, k->name, value);
        return ERR_MALFORMED;
    }
    memcpy((char *)d + k->at, &no, sizeof no);
    return ERR_OK;
}

static int unknown_key(const char *key, const char *where, struct text *why)
{
    const char *best = NULL;
    uint32_t distance = 4;
    for (uint32_t i = 0; i < COUNT_OF(keys); i++) {
        uint32_t n = text_distance(key, keys[i].name);
        if (n < distance) {
            distance = n;
            best = keys[i].name;
        }
    }
    text_printf(why, "%s: a destination has no key %s", where, key);
    if (text_equal(key, "token") || text_equal(key, "password"))
        text_printf(why, "; secrets stand in files of their own: %s_file = PATH", key);
    else if (best != NULL)
        text_printf(why, " (did you mean %s?)", best);
    return ERR_MALFORMED;
}

int destination_set(struct destination *d, const char *key, const char *value, const char *where,
                    struct text *why)
{
    for (uint32_t i = 0; i < COUNT_OF(keys); i++) {
        const struct key *k = &keys[i];
        if (!text_equal(k->name, key))
            continue;
        if (k->kind == KEY_TYPE || k->kind == KEY_SEVERITY)
            return set_word(d, k, value, where, why);
        if (k->kind == KEY_TIME)
            return set_time(d, k, value, where, why);
        if (k->kind == KEY_SWITCH)
            return set_switch(d, k, value, where, why);
        if (!text_copy((char *)d + k->at, k->size, value)) {
            text_printf(why, "%s: %s is longer than %u characters", where, key, k->size - 1);
            return ERR_MALFORMED;
        }
        return ERR_OK;
    }
    return unknown_key(key, where, why);
}

static int lacks(const struct destination *d, const char *what, struct text *why)
{
    text_printf(why, "[notify.%s]: a destination of type %s needs %s", d->name,
                d->has_type ? destination_type_names[d->type] : "?", what);
    return ERR_MALFORMED;
}

static bool is_clean(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

static int check_type(const struct destination *d, struct text *why)
{
    bool is_mail = d->type == DESTINATION_EMAIL;
    bool is_http = text_starts(d->url, "https://") || text_starts(d->url, "http://");
    bool is_smtp = text_starts(d->url, "smtp://") || text_starts(d->url, "smtps://");
    bool may_lack_url = d->type == DESTINATION_TELEGRAM || d->type == DESTINATION_PAGERDUTY ||
                        d->type == DESTINATION_SNS || d->type == DESTINATION_NTFY;
    if (is_mail ? !is_smtp : !is_http && !(may_lack_url && d->url[0] == '\0'))
        return lacks(
            d, is_mail ? "url = smtp://HOST:PORT or smtps://HOST:PORT" : "url = https://... or url_file",
            why);
    if (is_mail && (d->from[0] == '\0' || d->to[0] == '\0'))
        return lacks(d, "from and to", why);
    if (d->type == DESTINATION_TELEGRAM && (d->token[0] == '\0' || d->to[0] == '\0'))
        return lacks(d, "token_file (the bot's) and to (the chat's id)", why);
    if (d->type == DESTINATION_PAGERDUTY && d->token[0] == '\0')
        return lacks(d, "token_file (the integration's routing key)", why);
    if (d->type == DESTINATION_NTFY && d->to[0] == '\0')
        return lacks(d, "to (the topic)", why);
    if (d->type == DESTINATION_SNS &&
        (!text_starts(d->to, "arn:") || (d->user[0] != '\0') != (d->password[0] != '\0')))
        return lacks(d, "to (the topic's ARN), and either both of user (access key id) and password_file "
                        "(secret key), or none of them", why);
    return ERR_OK;
}

int destination_check(const struct destination *d, struct text *why)
{
    const char *const texts[] = {d->url, d->token, d->user, d->password, d->from, d->to, d->region};
    if (!d->has_type)
        return lacks(d, "type = webhook, slack, discord, telegram, ntfy, pagerduty, email, sns or heartbeat",
                     why);
    for (uint32_t i = 0; i < COUNT_OF(texts); i++) {
        if (is_clean(texts[i]))
            continue;
        text_printf(why, "[notify.%s]: a value has a control character in it", d->name);
        return ERR_MALFORMED;
    }
    return check_type(d, why);
}

/* One pattern of `length` characters; no recursion: the newest * takes one more character when what follows
 * it does not fit. */
static bool matches_one(const char *pattern, size_t length, const char *text)
{
    size_t p = 0, star = SIZE_MAX;
    const char *resume = text;
    while (*text != '\0') {
        if (p < length && pattern[p] == '*') {
            star = p++;
            resume = text;
        } else if (p < length && (pattern[p] == '?' || pattern[p] == *text)) {
            p++;
            text++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (p < length && pattern[p] == '*')
        p++;
    return p == length;
}

bool destination_matches(const char *patterns, const char *text)
{
    if (patterns[0] == '\0')
        return true;
    for (const char *at = patterns;; at++) {
        while (*at == ' ')
            at++;
        size_t length = strcspn(at, ",");
        size_t kept = length;
        while (kept > 0 && at[kept - 1] == ' ')
            kept--;
        if (kept > 0 && matches_one(at, kept, text))
            return true;
        at += length;
        if (*at == '\0')
            return false;
    }
}

bool destination_wants(const struct destination *d, const struct alert *a, const char *name)
{
    return a->severity >= d->severity && destination_matches(d->types, a->type) &&
           (destination_matches(d->instances, name) || destination_matches(d->instances, a->instance));
}
