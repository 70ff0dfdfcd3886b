/* SPDX-License-Identifier: MIT */
/* What a look at a service says of it. Pure. */
#ifndef NEPHOS_SENTINEL_JUDGE_H
#define NEPHOS_SENTINEL_JUDGE_H

#include "aggregator/sentinel/check.h"
#include "platform/outbound.h"

/* As numbers the values of the series check_status and server_status. */
enum check_health { HEALTHY, DEGRADED, UNHEALTHY, HEALTH_UNKNOWN };
extern const char *const health_names[HEALTH_UNKNOWN + 1]; /* "healthy", ... as clients know them */

#define FINDING_WORDS_SIZE 200U

struct finding {
    enum check_health health;
    bool has_answer;
    uint32_t http_status;        /* 0: none */
    struct plat_times times;     /* of the last request; over_us is of all together */
    int64_t certificate_ends_ms; /* 0: none was shown */
    char certificate_issuer[64]; /* printable */
    char words[FINDING_WORDS_SIZE]; /* why it is not healthy; "" */
};

/* `earlier_us`: what the redirects before took. */
void judge_look(const struct check *c, const struct plat_answer *a, uint64_t earlier_us,
                struct finding *out);
/* The check could not be made, or its redirects lead nowhere. */
void judge_failed(struct finding *out, const char *words);
/* Does the answer send us on? */
bool judge_is_redirect(const struct check *c, const struct plat_answer *a);

#endif
