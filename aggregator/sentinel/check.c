/* SPDX-License-Identifier: MIT */
/* See check.h. */
#include "aggregator/sentinel/check.h"

#include <string.h>

#include "aggregator/rules/ini.h"
#include "aggregator/sentinel/address.h"
#include "platform/base/section.h"
#include "platform/base/utf8.h"
#include "proto/instance_id.h"

#define DAY_MS (INT64_C(86400) * 1000)

const char *const check_kind_names[CHECK_KIND_COUNT] = {
    [CHECK_HTTP] = "http", [CHECK_TLS] = "tls", [CHECK_TCP] = "tcp", [CHECK_DNS] = "dns"};

#define TEXT(field) SECTION_KEY_TEXT(struct check, field)
#define TIME(field, min, max) SECTION_KEY_TIME(struct check, field, min, max)

static const struct section_key keys[] = {
    {"status", SECTION_KEY_OWN},
    {"url", TEXT(url)},
    {"instance", TEXT(instance)},
    {"contains", TEXT(contains)},
    {"ca_file", TEXT(ca_file)},
    {"interval", TIME(interval_ms, CHECK_INTERVAL_MS_LEAST, DAY_MS)},
    {"timeout", TIME(timeout_ms, 100, 60000)},
    {"degraded", TIME(degraded_ms, 1, 60000)},
    {"unhealthy", TIME(unhealthy_ms, 1, 60000)},
};
const struct section check_section = {"a check", keys, COUNT_OF(keys), NULL};

void check_init(struct check *c, const char *name, enum check_origin origin)
{
    *c = (struct check){.interval_ms = CHECK_INTERVAL_MS_DEFAULT, .timeout_ms = CHECK_TIMEOUT_MS_DEFAULT,
                        .degraded_ms = CHECK_DEGRADED_MS_DEFAULT, .unhealthy_ms = CHECK_UNHEALTHY_MS_DEFAULT,
                        .origin = origin};
    (void)text_copy(c->name, sizeof c->name, name);
}

bool check_name_allowed(const char *name)
{
    return strlen(name) < CHECK_NAME_SIZE && strchr(name, ':') == NULL && instance_id_allowed(name);
}

static int set_status(struct check *c, const char *value, const char *where, struct text *why)
{
    uint64_t n;
    if (!text_to_u64(value, &n) || n < 100 || n > 599) {
        text_printf(why, "%s: status = %s is no status of HTTP; write a number of 100 to 599", where, value);
        return ERR_MALFORMED;
    }
    c->status = (uint32_t)n;
    return ERR_OK;
}

int check_set_key(struct check *c, const char *key, const char *value, const char *where, struct text *why)
{
    int e = section_set(&check_section, c, key, value, where, why);
    return e > 0 ? set_status(c, value, where, why) : e;
}

enum check_kind check_kind(const struct check *c)
{
    return text_starts(c->url, "tls:")   ? CHECK_TLS
           : text_starts(c->url, "tcp:") ? CHECK_TCP
           : text_starts(c->url, "dns:") ? CHECK_DNS
                                         : CHECK_HTTP;
}

static int complain(const struct check *c, struct text *why, const char *words)
{
    text_printf(why, "[check.%s]: %s", c->name, words);
    return ERR_MALFORMED;
}

int check_check(const struct check *c, struct text *why)
{
    enum check_kind kind = check_kind(c);
    if (!check_name_allowed(c->name))
        return complain(c, why, "a name has up to 31 letters, digits, - _ and .");
    if (c->url[0] == '\0')
        return complain(c, why, "needs url = https://..., http://..., tls://HOST:PORT, tcp://HOST:PORT or "
                                "dns://NAME");
    if (!address_allowed(c->url))
        return complain(c, why,
                        "the url is none of https://..., http://..., tls://HOST:PORT, tcp://HOST:PORT, "
                        "dns://NAME, or has a user, blanks or control characters in it");
    if (c->instance[0] != '\0' && !instance_id_allowed(c->instance))
        return complain(c, why, "instance is no id of a host");
    if (!utf8_printable(c->contains) || !utf8_printable(c->ca_file))
        return complain(c, why, "contains and ca_file are printable, and one line each");
    if (c->contains[0] != '\0' && kind != CHECK_HTTP && kind != CHECK_DNS)
        return complain(c, why, "contains is for http, https and dns");
    if (c->status != 0 && kind != CHECK_HTTP)
        return complain(c, why, "status is for http and https");
    if (c->degraded_ms > c->unhealthy_ms)
        return complain(c, why, "degraded must not be longer than unhealthy");
    return ERR_OK;
}

int checks_find(const struct check_set *set, const char *name)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (text_equal(set->checks[i].name, name))
            return (int)i;
    return ERR_MISSING;
}

int checks_parse(struct check_set *set, const char *text, uint32_t length, enum check_origin origin,
                 struct text *why)
{
    struct ini i;
    struct check *c = NULL;
    bool is_passed_over = false; /* the configuration has one of that name: it counts */
    int n;
    ini_begin(&i, text, length);
    while ((n = ini_next(&i, why)) > 0) {
        if (i.section == NULL && is_passed_over)
            continue;
        if (i.section == NULL) {
            if (c == NULL || check_set_key(c, i.key, i.value, i.key, why) < 0)
                return ERR_MALFORMED;
            continue;
        }
        is_passed_over = checks_find(set, i.section) >= 0;
        if (is_passed_over)
            continue;
        if (set->count == CHECKS_MAX) {
            text_printf(why, "there are more than %u checks", CHECKS_MAX);
            return ERR_FULL;
        }
        c = &set->checks[set->count++];
        check_init(c, i.section, origin);
    }
    return n;
}

static void put(struct text *out, const char *key, const char *value)
{
    if (value[0] != '\0')
        text_printf(out, "%s = %s\n", key, value);
}

void checks_print(const struct check_set *set, struct text *out)
{
    for (uint32_t i = 0; i < set->count; i++) {
        const struct check *c = &set->checks[i];
        if (c->origin != CHECK_FROM_API)
            continue;
        text_printf(out, "[%s]\n", c->name);
        put(out, "url", c->url);
        put(out, "instance", c->instance);
        put(out, "contains", c->contains);
        put(out, "ca_file", c->ca_file);
        text_printf(out, "interval = %lldms\ntimeout = %lldms\ndegraded = %lldms\nunhealthy = %lldms\n",
                    (long long)c->interval_ms, (long long)c->timeout_ms, (long long)c->degraded_ms,
                    (long long)c->unhealthy_ms);
        if (c->status != 0)
            text_printf(out, "status = %u\n", c->status);
    }
}
