/* SPDX-License-Identifier: MIT */
/* Times as other programs write them. Our own form is text_put_iso_ms(). Pure. */
#ifndef NEPHOS_TIMESTAMP_H
#define NEPHOS_TIMESTAMP_H

#include "platform/base/text.h"

/* RFC 3339, or the date alone, which is its midnight UTC. A blank stands for the '+' before an offset and for
 * the 'T'. Milliseconds since 1970; ERR_MALFORMED, with *out_ms as it was. */
int timestamp_parse(const char *s, int64_t *out_ms);
/* "Thu, 15 Jan 2026 12:00:00 GMT", as heads of HTTP and mail have it; `zone` is how they spell UTC. */
void timestamp_put(struct text *t, int64_t ms, const char *zone);

#endif
