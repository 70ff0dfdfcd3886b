/* SPDX-License-Identifier: MIT */
/* See shape.h. */
#include "aggregator/forward/shape.h"

#include <string.h>

#define CHAT_TEXT_SIZE 1900U /* Discord takes 2,000 characters, the others more */

static void init(struct shaped *o)
{
    text_init(&o->url, o->url_bytes, sizeof o->url_bytes);
    text_init(&o->headers, o->headers_bytes, sizeof o->headers_bytes);
    text_init(&o->scope, o->scope_bytes, sizeof o->scope_bytes);
    text_init(&o->body, o->body_bytes, sizeof o->body_bytes);
    o->method = "POST";
}

uint32_t shape_max(enum destination_type type)
{
    return type == DESTINATION_PAGERDUTY ? 1 : DIGEST_MAX;
}

/* --- words --- */

static void put_upper(struct text *out, const char *word)
{
    for (; *word != '\0'; word++)
        text_put_char(out, *word >= 'a' && *word <= 'z' ? (char)(*word - 32) : *word);
}

static void put_plain(struct text *out, const char *text)
{
    for (; *text != '\0'; text++)
        text_put_char(out, (unsigned char)*text < 0x20 ? ' ' : *text);
}

static void put_one(struct text *out, const struct notice *n)
{
    text_put_char(out, '[');
    if (n->kind == NOTICE_RAISED || n->kind == NOTICE_WORSE) {
        put_upper(out, alert_severity_names[n->alert.severity]);
    } else {
        put_upper(out, notice_words[n->kind]);
    }
    text_put(out, "] ");
    put_plain(out, n->name);
    text_put(out, ": ");
    put_plain(out, n->alert.message[0] != '\0' ? n->alert.message : n->alert.type);
    if (n->kind == NOTICE_WORSE)
        text_put(out, " (worse than before)");
    if (n->kind == NOTICE_REPEATED)
        text_put(out, " (still, and not acknowledged)");
    if (n->kind == NOTICE_PASSED)
        text_put(out, " (came and went)");
    if (n->kind == NOTICE_ACKNOWLEDGED && n->alert.who[0] != '\0')
        text_printf(out, " (by %s)", n->alert.who);
}

void shape_put_title(struct text *out, const struct digest *d)
{
    uint32_t counts[NOTICE_KIND_COUNT] = {0};
    if (d->count == 1) {
        put_one(out, &d->notices[0]);
        return;
    }
    for (uint32_t i = 0; i < d->count; i++)
        counts[d->notices[i].kind]++;
    text_printf(out, "%u alerts: ", d->count);
    bool more = false;
    for (uint32_t k = 0; k < NOTICE_KIND_COUNT; k++) {
        if (counts[k] == 0)
            continue;
        text_printf(out, "%s%u %s", more ? ", " : "", counts[k], notice_words[k]);
        more = true;
    }
}

void shape_put_lines(struct text *out, const struct digest *d)
{
    uint32_t shown = d->count < SHAPE_LINES_MAX ? d->count : SHAPE_LINES_MAX;
    for (uint32_t i = 0; i < shown; i++) {
        if (i > 0)
            text_put_char(out, '\n');
        put_one(out, &d->notices[i]);
    }
    if (shown < d->count)
        text_printf(out, "\nand %u more", d->count - shown);
}

/* --- JSON --- */

/* Length of the UTF-8 sequence at `s`, 0 when it is none. */
static uint32_t utf8_length(const unsigned char *s)
{
    uint32_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
               : s[0] >= 0xf0 && s[0] < 0xf5                   ? 4
                                                               : 0;
    for (uint32_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0) || (s[0] == 0xf0 && s[1] < 0x90) ||
        (s[0] == 0xf4 && s[1] >= 0x90))
        return 0;
    return n;
}

void shape_put_json(struct text *out, const char *text)
{
    text_put_char(out, '"');
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0';) {
        uint32_t n = utf8_length(at);
        if (n == 0)
            text_put(out, "\xef\xbf\xbd");
        else if (*at == '"' || *at == '\\')
            text_printf(out, "\\%c", *at);
        else if (*at == '\n')
            text_put(out, "\\n");
        else if (*at < 0x20 || *at == 0x7f)
            text_printf(out, "\\u%04x", *at);
        else
            text_put_n(out, (const char *)at, n);
        at += n == 0 ? 1 : n;
    }
    text_put_char(out, '"');
}

static void put_member(struct text *out, const char *name, const char *value)
{
    text_printf(out, ",\"%s\":", name);
    shape_put_json(out, value);
}

static void put_time(struct text *out, const char *name, int64_t ms)
{
    if (ms == 0)
        return;
    text_printf(out, ",\"%s\":\"", name);
    text_put_iso_ms(out, ms);
    text_put_char(out, '"');
}

/* The same for every try, and another for each thing that is told of an alert: who receives it twice can
 * see that. */
void shape_put_key(struct text *out, const struct notice *n)
{
    const struct alert *a = &n->alert;
    text_printf(out, "%s:%s:%u", a->id, notice_words[n->kind], a->reopened);
    if (n->kind == NOTICE_WORSE)
        text_printf(out, ":%s", alert_severity_names[a->severity]);
}

static void put_alert(struct text *out, const struct notice *n)
{
    const struct alert *a = &n->alert;
    char words[ALERT_ID_SIZE + 64];
    struct text key;
    text_init(&key, words, sizeof words);
    shape_put_key(&key, n);
    text_put(out, "{\"key\":");
    shape_put_json(out, words);
    put_member(out, "event", notice_words[n->kind]);
    put_member(out, "id", a->id);
    put_member(out, "instanceId", a->instance);
    put_member(out, "instanceName", n->name);
    put_member(out, "alertType", a->type);
    put_member(out, "severity", alert_severity_names[a->severity]);
    put_member(out, "status", alert_status_names[a->status]);
    put_member(out, "message", a->message);
    if (a->metric[0] != '\0')
        put_member(out, "metric", a->metric);
    if (a->tag[0] != '\0')
        put_member(out, "tag", a->tag);
    if (a->scale != 0) {
        text_put(out, ",\"value\":");
        text_put_scaled(out, a->last_value, a->scale);
        text_put(out, ",\"level\":");
        text_put_scaled(out, a->level, a->scale);
        put_member(out, "unit", a->unit);
    }
    text_printf(out, ",\"occurrences\":%u", a->occurrences);
    put_time(out, "createdAt", a->created_ms);
    put_time(out, "updatedAt", a->updated_ms);
    put_time(out, "resolvedAt", a->resolved_ms);
    text_put_char(out, '}');
}

static void make_webhook(struct shaped *o, const struct destination *to, const struct digest *d,
                         int64_t now_ms)
{
    char words[1024];
    struct text title;
    text_init(&title, words, sizeof words);
    shape_put_title(&title, d);
    text_put(&o->body, "{\"source\":\"nephos\"");
    put_member(&o->body, "destination", to->name);
    put_member(&o->body, "text", words);
    put_time(&o->body, "sentAt", now_ms);
    text_put(&o->body, ",\"alerts\":[");
    for (uint32_t i = 0; i < d->count; i++) {
        if (i > 0)
            text_put_char(&o->body, ',');
        put_alert(&o->body, &d->notices[i]);
    }
    text_put(&o->body, "]}");
}

/* A text with all lines in one member. */
static void make_chat(struct shaped *o, const char *head, const struct digest *d)
{
    char words[CHAT_TEXT_SIZE];
    struct text lines;
    text_init(&lines, words, sizeof words);
    if (d->count > 1) {
        shape_put_title(&lines, d);
        text_put_char(&lines, '\n');
    }
    shape_put_lines(&lines, d);
    text_put(&o->body, head);
    shape_put_json(&o->body, words);
    text_put_char(&o->body, '}');
}

static void make_telegram(struct shaped *o, const struct destination *to, const struct digest *d)
{
    text_printf(&o->url, "/bot%s/sendMessage", to->token);
    text_put(&o->body, "{\"chat_id\":");
    shape_put_json(&o->body, to->to);
    make_chat(o, ",\"disable_web_page_preview\":true,\"text\":", d);
}

enum alert_severity shape_worst_of(const struct digest *d)
{
    enum alert_severity worst = ALERT_LOW;
    for (uint32_t i = 0; i < d->count; i++)
        if (d->notices[i].kind != NOTICE_RESOLVED && d->notices[i].kind != NOTICE_PASSED &&
            d->notices[i].alert.severity > worst)
            worst = d->notices[i].alert.severity;
    return worst;
}

static void make_ntfy(struct shaped *o, const struct destination *to, const struct digest *d)
{
    static const uint32_t priority[ALERT_SEVERITY_COUNT] = {2, 3, 4, 5};
    char words[256];
    struct text title;
    text_init(&title, words, sizeof words);
    shape_put_title(&title, d);
    text_put(&o->body, "{\"topic\":");
    shape_put_json(&o->body, to->to);
    put_member(&o->body, "title", words);
    text_printf(&o->body, ",\"priority\":%u", priority[shape_worst_of(d)]);
    make_chat(o, ",\"message\":", d);
}

/* Events API v2: an alert is an incident of its own, known by its id. */
static bool make_pagerduty(struct shaped *o, const struct destination *to, const struct digest *d,
                           int64_t now_ms)
{
    static const char *const severities[ALERT_SEVERITY_COUNT] = {"info", "warning", "error", "critical"};
    const struct notice *n = &d->notices[0];
    bool is_end = n->kind == NOTICE_RESOLVED || n->kind == NOTICE_TEST;
    char words[1000];
    struct text summary;
    if (d->count == 0 || n->kind == NOTICE_PASSED)
        return false;
    text_init(&summary, words, sizeof words);
    put_one(&summary, n);
    text_put(&o->body, "{\"routing_key\":");
    shape_put_json(&o->body, to->token);
    put_member(&o->body, "event_action",
               is_end ? "resolve" : n->kind == NOTICE_ACKNOWLEDGED ? "acknowledge" : "trigger");
    put_member(&o->body, "dedup_key", n->alert.id);
    text_put(&o->body, ",\"payload\":{\"summary\":");
    shape_put_json(&o->body, words);
    put_member(&o->body, "source", n->name);
    put_member(&o->body, "severity", severities[n->alert.severity]);
    put_member(&o->body, "class", n->alert.type);
    put_time(&o->body, "timestamp", n->alert.created_ms != 0 ? n->alert.created_ms : now_ms);
    text_put(&o->body, ",\"custom_details\":");
    put_alert(&o->body, n);
    text_put(&o->body, "}}");
    return true;
}

/* --- all of it --- */

static void put_url(struct shaped *o, const struct destination *to)
{
    static const char *const known[DESTINATION_TYPE_COUNT] = {
        [DESTINATION_TELEGRAM] = "https://api.telegram.org",
        [DESTINATION_NTFY] = "https://ntfy.sh",
        [DESTINATION_PAGERDUTY] = "https://events.pagerduty.com/v2/enqueue",
    };
    if (to->url[0] != '\0')
        text_put(&o->url, to->url);
    else if (known[to->type] != NULL)
        text_put(&o->url, known[to->type]);
}

static void put_headers(struct shaped *o, const struct destination *to)
{
    bool has_bearer = to->type == DESTINATION_WEBHOOK || to->type == DESTINATION_NTFY ||
                      to->type == DESTINATION_SLACK || to->type == DESTINATION_HEARTBEAT;
    if (to->type == DESTINATION_SNS)
        text_put(&o->headers, "Content-Type: application/x-www-form-urlencoded; charset=utf-8\n");
    else if (to->type != DESTINATION_HEARTBEAT)
        text_put(&o->headers, "Content-Type: application/json\n");
    if (has_bearer && to->token[0] != '\0')
        text_printf(&o->headers, "Authorization: Bearer %s\n", to->token);
}

bool shape_make(struct shaped *o, const struct destination *to, const struct digest *d, int64_t now_ms)
{
    init(o);
    put_url(o, to);
    if (to->type != DESTINATION_EMAIL)
        put_headers(o, to);
    switch (to->type) {
    case DESTINATION_WEBHOOK: make_webhook(o, to, d, now_ms); return true;
    case DESTINATION_SLACK: make_chat(o, "{\"text\":", d); return true;
    case DESTINATION_DISCORD:
        make_chat(o, "{\"allowed_mentions\":{\"parse\":[]},\"content\":", d);
        return true;
    case DESTINATION_TELEGRAM: make_telegram(o, to, d); return true;
    case DESTINATION_NTFY: make_ntfy(o, to, d); return true;
    case DESTINATION_PAGERDUTY: return make_pagerduty(o, to, d, now_ms);
    case DESTINATION_EMAIL: shape_make_mail(o, to, d, now_ms); return true;
    case DESTINATION_SNS: shape_make_sns(o, to, d, now_ms); return true;
    case DESTINATION_HEARTBEAT: o->method = "GET"; return true;
    default: return false;
    }
}
