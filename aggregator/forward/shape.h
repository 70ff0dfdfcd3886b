/* SPDX-License-Identifier: MIT */
/* A digest in the shape that a service wants: URL, headers and body. Pure. */
#ifndef NEPHOS_FORWARD_SHAPE_H
#define NEPHOS_FORWARD_SHAPE_H

#include "aggregator/forward/digest.h"

/* Alerts that a message to people lists; it says how many more there are. */
#define SHAPE_LINES_MAX 20U
#define SHAPE_BODY_SIZE (96U * 1024U)
#define SHAPE_HEADERS_SIZE 6144U /* a session's token of AWS is long */
#define SHAPE_URL_SIZE 1024U

struct shaped {
    const char *method;
    struct text url, headers, body, scope;
    char url_bytes[SHAPE_URL_SIZE], headers_bytes[SHAPE_HEADERS_SIZE], scope_bytes[64];
    char body_bytes[SHAPE_BODY_SIZE];
    char lines_bytes[SHAPE_LINES_MAX * 640U]; /* before they are encoded */
};

/* Alerts that one message of this type can hold: PagerDuty takes one event at a time. */
uint32_t shape_max(enum destination_type type);
/* False: there is nothing to send, as the service has no word for it; then it counts as arrived. */
bool shape_make(struct shaped *o, const struct destination *to, const struct digest *d, int64_t now_ms);
/* "3 alerts: 2 raised, 1 resolved", or all about the only one; in one line. */
void shape_put_title(struct text *out, const struct digest *d);
/* A line for each alert. */
void shape_put_lines(struct text *out, const struct digest *d);
/* A JSON text with its quotes; what is no UTF-8 becomes U+FFFD. */
void shape_put_json(struct text *out, const char *text);
/* What a notice is known by: the same for each try, and for each time that it is repeated. */
void shape_put_key(struct text *out, const struct notice *n);
/* Of what is not over. */
enum alert_severity shape_worst_of(const struct digest *d);
/* shape_sns.c */
void shape_make_sns(struct shaped *o, const struct destination *to, const struct digest *d, int64_t now_ms);
/* mail.c: RFC 5322. */
void shape_make_mail(struct shaped *o, const struct destination *to, const struct digest *d, int64_t now_ms);

#endif
