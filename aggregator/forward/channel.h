/* SPDX-License-Identifier: MIT */
/* One destination at work:
 *
 *   idle -(news)-> waiting for company -(group)-> sending -(2xx)-> idle
 *                                                    |
 *        +-------------------------------------------+ anything else
 *        v
 *   retrying / down / held -(delay)-> sending */
#ifndef NEPHOS_FORWARD_CHANNEL_H
#define NEPHOS_FORWARD_CHANNEL_H

#include "aggregator/forward/aws/sns.h"
#include "aggregator/forward/digest.h"
#include "aggregator/forward/retry.h"
#include "aggregator/forward/shape.h"

enum channel_task { TASK_NONE, TASK_ALERTS, TASK_TEST, TASK_BEAT };

struct channel {
    bool is_used, has_next;
    struct destination to, next;   /* next: takes its place when no request is under way */
    struct outbox *box;
    int request;                   /* of the platform */
    enum channel_task task;        /* that it is for */
    uint32_t failures;             /* in a row */
    uint32_t drops;                /* messages left out since one was taken */
    struct mono retry_at;          /* no alerts are sent before */
    struct mono group_at;          /* what waits is sent then; MONO_NEVER: nothing waits */
    struct mono beat_at, look_at;
    uint64_t looked;               /* revision at the last look */
    uint64_t until;                /* an uncertain message went so far: it is repeated, not extended; 0 */
    uint32_t max;                  /* notices in the next message */
    uint64_t commit_failures;      /* at the last beat */
    const struct aws_environment *aws;
    struct sns sns;
    struct digest digest;
    struct shaped out;
};

/* Does what is due; when to call again at the latest. */
struct mono channel_step(struct channel *c, struct plat *p, struct store *s, struct mono now);

#endif
