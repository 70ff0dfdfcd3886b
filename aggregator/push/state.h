/* SPDX-License-Identifier: MIT */
/* What the files of the room share. */
#ifndef NEPHOS_PUSH_STATE_H
#define NEPHOS_PUSH_STATE_H

#include "aggregator/push/resolve.h"
#include "aggregator/push/work.h"

#define INSTANCE_NO_ROOM INT32_MAX /* handle of an instance that found none */

struct item {
    struct store_push_value value;
    uint32_t instance;
};

/* The pause between the newest samples of an instance, believed when it comes twice. */
struct rhythm {
    int64_t newest_ms;
    uint32_t pause_ms;
};

struct push {
    struct plat *plat;
    struct store *store;
    struct resolve *resolve;
    struct push_work work;
    struct rhythm *rhythms;       /* of each instance */
    struct item *items, *sorted;  /* PUSH_SAMPLES_MAX each */
    struct memory_line *line;
    uint32_t count, checked;
    enum push_pass pass;
    int failed;                   /* storage: nothing of the request can be stored now */
    int64_t now_ms;               /* wall clock at its begin */
    struct push_result result;
    struct push_stats stats;
    struct mono warned;
    struct text why;
    char words[256];
};

/* instances.c */
/* The newest sample of a request: learns how often the instance tells something. */
void instances_learn_rhythm(struct push *p, uint32_t instance, int64_t newest_ms);

#endif
