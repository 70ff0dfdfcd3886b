/* SPDX-License-Identifier: MIT */
/* Is a destination of metrics whole? */
#include <string.h>

#include "aggregator/forward/exporter.h"

static int lacks(const struct target *t, const char *what, struct text *why)
{
    text_printf(why, "[forward.%s]: a destination of type %s needs %s", t->name,
                t->has_type ? target_type_names[t->type] : "?", what);
    return ERR_MALFORMED;
}

static bool is_clean(const char *text, bool has_lines)
{
    for (; *text != '\0'; text++)
        if (((unsigned char)*text < 0x20 && !(has_lines && (*text == '\n' || *text == '\r'))) ||
            *text == 0x7f)
            return false;
    return true;
}

static int check_texts(const struct target *t, struct text *why)
{
    const char *const texts[] = {t->url,     t->token,   t->user,     t->password, t->api_key, t->region,
                                 t->stream,  t->stage,   t->account,  t->database, t->schema,  t->role,
                                 t->warehouse, t->model, t->metrics_table, t->alerts_table,
                                 t->instances_table, t->insights_table};
    for (uint32_t i = 0; i < COUNT_OF(texts); i++) {
        if (is_clean(texts[i], false))
            continue;
        text_printf(why, "[forward.%s]: a value has a control character in it", t->name);
        return ERR_MALFORMED;
    }
    if (is_clean(t->headers, true))
        return ERR_OK;
    text_printf(why, "[forward.%s]: the headers of headers_file have a control character in them", t->name);
    return ERR_MALFORMED;
}

/* Lines "Name: value"; ends with a line end afterwards. */
static int check_headers(struct target *t, struct text *why)
{
    size_t length = strlen(t->headers);
    for (char *at = t->headers; *at != '\0'; at++)
        if (*at == '\r')
            *at = '\n';
    for (const char *at = t->headers; *at != '\0';) {
        size_t line = strcspn(at, "\n"), name = strcspn(at, ":\n");
        if (line > 0 && (name == 0 || name == line)) {
            text_printf(why, "[forward.%s]: headers_file: a line is not \"Name: value\"", t->name);
            return ERR_MALFORMED;
        }
        at += line + (at[line] == '\n');
    }
    if (length > 0 && t->headers[length - 1] != '\n') {
        if (length + 1 >= sizeof t->headers) {
            text_printf(why, "[forward.%s]: headers_file is too long", t->name);
            return ERR_MALFORMED;
        }
        t->headers[length] = '\n';
        t->headers[length + 1] = '\0';
    }
    return ERR_OK;
}

/* nephos or cloudpulse, the two that are in the field. */
static int check_layout(struct target *t, struct text *why)
{
    t->layout = text_equal(t->schema, "cloudpulse") ? TARGET_CLOUDPULSE : TARGET_NEPHOS;
    if (t->schema[0] == '\0' || text_equal(t->schema, "nephos") || t->layout == TARGET_CLOUDPULSE)
        return ERR_OK;
    text_printf(why, "[forward.%s]: schema = %s is neither nephos nor cloudpulse", t->name, t->schema);
    return ERR_MALFORMED;
}

/* They stand in statements as they are. */
static bool are_names(const struct target *t, struct text *why)
{
    const char *const names[] = {t->metrics_table, t->alerts_table, t->instances_table, t->insights_table};
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_$.";
    for (uint32_t i = 0; i < COUNT_OF(names); i++) {
        if (names[i][strspn(names[i], letters)] == '\0')
            continue;
        text_printf(why, "[forward.%s]: %s is no name for a table: letters, digits, _, $ and . are taken",
                    t->name, names[i]);
        return false;
    }
    return true;
}

static int check_type(struct target *t, struct text *why)
{
    bool needs_url = t->type == TARGET_APIGATEWAY || t->type == TARGET_OTLP || t->type == TARGET_REMOTE_WRITE;
    bool is_http = text_starts(t->url, "https://") || text_starts(t->url, "http://");
    if (needs_url || t->url[0] != '\0' ? !is_http : false)
        return lacks(t, "url = https://... or url_file", why);
    switch (t->type) {
    case TARGET_DYNAMODB: return check_layout(t, why);
    case TARGET_KINESIS:
        if (t->stream[0] == '\0')
            return lacks(t, "stream, its name or ARN", why);
        return check_layout(t, why);
    case TARGET_SNOWFLAKE:
        if (!are_names(t, why))
            return ERR_MALFORMED;
        if (t->account[0] == '\0' || t->user[0] == '\0' || (t->key[0] == '\0' && t->token[0] == '\0'))
            return lacks(t, "account, user and key_file (or token_file)", why);
        return ERR_OK;
    default: return ERR_OK;
    }
}

int target_check(struct target *t, struct text *why)
{
    if (!t->has_type)
        return lacks(t, "type = apigateway, dynamodb, kinesis, snowflake, otlp or remote_write", why);
    if (check_texts(t, why) < 0 || check_headers(t, why) < 0 || check_type(t, why) < 0)
        return ERR_MALFORMED;
    const struct exporter *e = exporter_of(t->type);
    struct export_limits limits = {.takes = EXPORT_ALL, .resolution_ms = 60000};
    if (e != NULL)
        e->limits(t, &limits);
    t->resolution_ms = t->resolution_ms != 0 ? t->resolution_ms : limits.resolution_ms;
    t->interval_ms = t->interval_ms >= 0 ? t->interval_ms : limits.interval_ms;
    t->sends = t->sends != 0 ? t->sends & limits.takes : limits.takes;
    if (INT64_C(86400000) % t->resolution_ms != 0) {
        text_printf(why, "[forward.%s]: resolution = %lld ms does not divide a day; 10s, 30s, 1m, 5m, 1h do",
                    t->name, (long long)t->resolution_ms);
        return ERR_MALFORMED;
    }
    if (t->sends == 0) {
        text_printf(why, "[forward.%s]: a destination of type %s takes nothing of what send names", t->name,
                    target_type_names[t->type]);
        return ERR_MALFORMED;
    }
    return ERR_OK;
}
