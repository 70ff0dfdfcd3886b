/* SPDX-License-Identifier: MIT */
/* A digest as a mail: RFC 5322 with a body in UTF-8, base64 (RFC 2045), so that no line is too long and no
 * server changes a byte. */
#include "aggregator/forward/shape.h"

#include <string.h>

#include "platform/base/timestamp.h"

#define SUBJECT_SIZE 160U
#define BASE64_LINE 57U /* bytes that make 76 characters */

/* RFC 2047: encoded words of at most 75 characters, cut between characters. */
static void put_subject(struct text *out, const char *subject)
{
    for (const char *at = subject; *at != '\0';) {
        uint32_t n = 0;
        while (at[n] != '\0' && n < 42)
            n++;
        while (n > 1 && ((unsigned char)at[n] & 0xc0) == 0x80)
            n--;
        text_put(out, at == subject ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?");
        text_put_base64(out, at, n);
        text_put(out, "?=");
        at += n;
    }
}

void shape_make_mail(struct shaped *o, const struct destination *to, const struct digest *d, int64_t now_ms)
{
    char subject_words[SUBJECT_SIZE];
    struct text subject, body;
    const char *host = strchr(to->from, '@');
    text_init(&subject, subject_words, sizeof subject_words);
    text_init(&body, o->lines_bytes, sizeof o->lines_bytes);
    shape_put_title(&subject, d);
    shape_put_lines(&body, d);
    text_put(&body, "\n\nTime: ");
    text_put_iso_ms(&body, now_ms);
    text_put_char(&body, '\n');
    text_printf(&o->body, "From: Nephos <%s>\r\nTo: %s\r\nSubject: ", to->from, to->to);
    put_subject(&o->body, subject_words);
    text_put(&o->body, "\r\nDate: ");
    timestamp_put(&o->body, now_ms, "+0000");
    /* The same for each try of the same news: a server or a reader may see that it is there already. */
    text_printf(&o->body, "\r\nMessage-ID: <nephos.%s.%llu.%s", to->name, (unsigned long long)d->cursor,
                d->count > 0 ? d->notices[0].alert.id : "none");
    if (d->count > 0 && d->notices[0].repeats > 0) /* nothing else is new then */
        text_printf(&o->body, ".%u", d->notices[0].repeats);
    text_printf(&o->body, "%s>\r\n", host != NULL ? host : "@nephos");
    text_put(&o->body, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
             "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    for (uint32_t at = 0; at < body.length; at += BASE64_LINE) {
        text_put_base64(&o->body, o->lines_bytes + at,
                   body.length - at < BASE64_LINE ? body.length - at : BASE64_LINE);
        text_put(&o->body, "\r\n");
    }
}
