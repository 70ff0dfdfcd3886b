/* SPDX-License-Identifier: MIT */
/* A digest as a message for a topic of SNS: the form of its Publish. */
#include "aggregator/forward/shape.h"

#include <string.h>

#include "platform/base/sha1.h"

static void put_form(struct text *out, const char *value)
{
    static const char hex[] = "0123456789ABCDEF";
    for (const unsigned char *at = (const unsigned char *)value; *at != '\0'; at++) {
        bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') ||
                     strchr("-_.~", *at) != NULL;
        if (plain)
            text_put_char(out, (char)*at);
        else
            text_printf(out, "%%%c%c", hex[*at >> 4], hex[*at & 15]);
    }
}

/* At most 99 characters of ASCII. A host that is down has the subject that subscribers have always read. */
static void put_subject(struct text *out, const struct digest *d)
{
    char words[512], ascii[100];
    struct text title, subject;
    const struct notice *n = &d->notices[0];
    text_init(&title, words, sizeof words);
    text_init(&subject, ascii, sizeof ascii);
    if (d->count == 1 && n->kind == NOTICE_RAISED && text_equal(n->alert.type, "instance_down"))
        text_printf(&title, "Critical: Instance %s Down", n->name);
    else
        shape_put_title(&title, d);
    for (const char *at = words; *at != '\0'; at++)
        text_put_char(&subject, (unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e ? '?' : *at);
    put_form(out, ascii);
}

static bool is_fifo(const char *topic)
{
    static const char end[] = ".fifo";
    size_t length = strlen(topic);
    return length > sizeof end && text_equal(topic + length - (sizeof end - 1), end);
}

/* A topic that keeps an order wants to know within what, and knows by an id what it has already. The id is of
 * the news that are told: the same for each try. SHA-1 is a checksum here. */
static void put_order(struct text *out, const struct digest *d, int64_t now_ms)
{
    char words[DIGEST_MAX * (ALERT_ID_SIZE + 48U)];
    uint8_t hash[SHA1_SIZE];
    struct text keys;
    text_init(&keys, words, sizeof words);
    for (uint32_t i = 0; i < d->count; i++) {
        shape_put_key(&keys, &d->notices[i]);
        text_printf(&keys, ":%u\n", d->notices[i].repeats);
        if (d->notices[i].kind == NOTICE_TEST)
            text_put_i64(&keys, now_ms);
    }
    sha1(words, keys.length, hash);
    text_put(out, "&MessageDeduplicationId=");
    text_put_hex(out, hash, sizeof hash);
    text_put(out, "&MessageGroupId=nephos");
}

void shape_make_sns(struct shaped *o, const struct destination *to, const struct digest *d, int64_t now_ms)
{
    struct text lines;
    text_init(&lines, o->lines_bytes, sizeof o->lines_bytes);
    shape_put_lines(&lines, d);
    text_put(&lines, "\n\nTime: ");
    text_put_iso_ms(&lines, now_ms);
    text_put(&o->body, "Action=Publish&Message=");
    put_form(&o->body, o->lines_bytes);
    if (is_fifo(to->to))
        put_order(&o->body, d, now_ms);
    text_printf(&o->body,
                "&MessageAttributes.entry.1.Name=severity&MessageAttributes.entry.1.Value.DataType=String"
                "&MessageAttributes.entry.1.Value.StringValue=%s&Subject=",
                alert_severity_names[shape_worst_of(d)]);
    put_subject(&o->body, d);
    text_put(&o->body, "&TopicArn=");
    put_form(&o->body, to->to);
    text_put(&o->body, "&Version=2010-03-31");
}
