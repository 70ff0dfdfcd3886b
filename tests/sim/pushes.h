/* SPDX-License-Identifier: MIT */
/* Samples and alerts of who has no agent, and what must be there of them; see pushes.c. */
#ifndef NEPHOS_TESTS_SIM_PUSHES_H
#define NEPHOS_TESTS_SIM_PUSHES_H

#include "platform/base/base.h"

#define PUSHES_INSTANCE "pusher"

struct world;
struct store;

struct pushes {
    int64_t first_ms;            /* time of sample 0; 0: none has been told */
    int64_t due_ns;
    uint32_t next;               /* number of the sample at hand */
    uint32_t acked;              /* those below are on disk */
    bool is_repeat;              /* it was acknowledged, and is told once more */
    bool is_waiting;             /* for the commit `awaited` of that process */
    uint64_t awaited, process;
};

/* Tells what is due; when to come again. */
int64_t pushes_step(struct world *w);
/* After the calm, with the aggregator running. */
void pushes_judge(struct world *w, struct store *s);

#endif
