/* SPDX-License-Identifier: MIT */
/* One check under way: a request, and the requests that its redirects ask for.
 *
 *     FREE -(start)-> ASKING -(answer)-> DONE -(taken)-> FREE
 *                      ^   |
 *                      +---+ redirect, at most CHECK_REDIRECTS_MAX */
#ifndef NEPHOS_SENTINEL_PROBE_H
#define NEPHOS_SENTINEL_PROBE_H

#include "aggregator/sentinel/judge.h"

/* Of an answer, as much as `contains` looks at. */
#define PROBE_ANSWER_SIZE 16384U

enum probe_state { PROBE_FREE, PROBE_ASKING, PROBE_DONE };

struct probe {
    enum probe_state state;
    struct check check;          /* as it was at the start */
    int request;                 /* of the platform; negative: waits for a free one */
    uint32_t redirects;
    uint64_t earlier_us;
    struct mono deadline;        /* of all its requests together */
    char url[2][CHECK_URL_SIZE]; /* where it is, and where it goes next */
    uint32_t at;                 /* which of them */
    char answer[PROBE_ANSWER_SIZE];
    struct finding finding;
};

void probe_start(struct probe *b, const struct check *c, struct mono now);
/* Takes answers; when to call again at the latest. DONE when `finding` is there. */
struct mono probe_step(struct probe *b, struct plat *p, struct mono now);

#endif
