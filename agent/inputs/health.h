/* SPDX-License-Identifier: MIT */
/* Does the service of this machine answer? A GET of one address every now and then, one connection at a time;
 * the first line of the answer is enough. Between two looks the result stands.
 *
 *   health_up         1 for a status of 200 to 299, else 0
 *   health_status     the status; 0 when there was no answer in time
 *   response_time_ms  from the beginning of the connection to the first line; missing without an answer
 *
 * Certificates are not checked: the question is whether it lives. */
#ifndef NEPHOS_INPUTS_HEALTH_H
#define NEPHOS_INPUTS_HEALTH_H

#include "agent/http.h"
#include "agent/http_url.h"
#include "agent/sample.h"
#include "agent/series.h"

struct health {
    struct plat *plat;
    struct series *series;
    bool is_on;
    int64_t interval_ms, timeout_ms;
    struct mono look_at;     /* when the next one begins */
    struct mono begun_at;
    bool is_known;           /* the figures below are of a finished look */
    int status;              /* 0: no answer */
    int64_t response_us;
    struct http_url url;
    struct http http;
};

/* `url` has passed http_url_parse, or is "": off. */
void health_init(struct health *h, struct plat *p, struct series *series, const char *url,
                 int64_t interval_ms, int64_t timeout_ms);
void health_ready(struct health *h, int conn);
struct mono health_step(struct health *h, struct mono now);
void health_take(struct health *h, struct sample *out);
/* The first look has not ended yet. */
bool health_is_waiting(const struct health *h);
void health_close(struct health *h);

#endif
