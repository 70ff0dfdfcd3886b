/* SPDX-License-Identifier: MIT */
/* See destination.h. */
#include "aggregator/forward/destination.h"

#include <string.h>

#include "platform/base/section.h"

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

#define TEXT(field) SECTION_KEY_TEXT(struct destination, field)
#define TIME(field, min, max) SECTION_KEY_TIME(struct destination, field, min, max)
#define DAY_MS (INT64_C(86400) * 1000)

static const struct section_key keys[] = {
    {"type", SECTION_KEY_WORD(struct destination, type, destination_type_names, DESTINATION_TYPE_COUNT)},
    {"url", TEXT(url)},
    {"url_file", TEXT(url_file)},
    {"token_file", TEXT(token_file)},
    {"user", TEXT(user)},
    {"password_file", TEXT(password_file)},
    {"ca_file", TEXT(ca_file)},
    {"from", TEXT(from)},
    {"to", TEXT(to)},
    {"region", TEXT(region)},
    {"instances", TEXT(instances)},
    {"alert_types", TEXT(types)},
    {"severity", SECTION_KEY_WORD(struct destination, severity, alert_severity_names, ALERT_SEVERITY_COUNT)},
    {"group", TIME(group_ms, 0, 600000)},
    {"repeat", TIME(repeat_ms, 0, 30 * DAY_MS)},
    {"timeout", TIME(timeout_ms, 100, 120000)},
    {"interval", TIME(interval_ms, 1000, DAY_MS)},
    {"resolved", SECTION_KEY_NO(struct destination, no_resolved)},
    {"starttls", SECTION_KEY_NO(struct destination, plain_smtp)},
};
static const char *const secrets[] = {"token", "password", NULL};
const struct section destination_section = {"a destination", keys, COUNT_OF(keys), secrets};

void destination_init(struct destination *d, const char *name)
{
    *d = (struct destination){.group_ms = GROUP_MS_DEFAULT, .timeout_ms = TIMEOUT_MS_DEFAULT,
                              .interval_ms = INTERVAL_MS_DEFAULT};
    (void)text_copy(d->name, sizeof d->name, name);
}

int destination_set(struct destination *d, const char *key, const char *value, const char *where,
                    struct text *why)
{
    int e = section_set(&destination_section, d, key, value, where, why);
    d->has_type |= e == ERR_OK && text_equal(key, "type");
    return e;
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
