/* SPDX-License-Identifier: MIT */
/* What the sentinel knows now, for who shows it. Filled by the sentinel alone; whoever reads it does so
 * within one step of the program and keeps nothing of it. */
#ifndef NEPHOS_SENTINEL_BOARD_H
#define NEPHOS_SENTINEL_BOARD_H

#include "aggregator/sentinel/vultr.h"

struct check_state {
    bool has_finding, is_running;
    struct finding finding;
    int64_t checked_ms, since_ms;  /* wall clock; since_ms: of this health */
    char instance[INSTANCE_ID_SIZE]; /* where its samples go; "" until the first */
    uint64_t runs, failures;       /* since start; failures: unhealthy */
    /* the sentinel's own */
    struct mono due;
    uint32_t confirmations;        /* quick looks that followed a change */
    bool is_told;                  /* the instance knows its address */
};

enum watcher_state { WATCHER_OFF, WATCHER_BEGUN, WATCHER_GOOD, WATCHER_FAILING, WATCHER_REFUSED };

/* A server at the provider. */
struct server {
    struct vultr_server facts;
    uint32_t round;                /* listing that it was last in */
    bool is_gone;                  /* the listings since are without it */
    int instance;                  /* in the store, or negative: no room */
    bool has_agent;
    bool is_told;                  /* the instance has these facts */
    struct mono bandwidth_due;
    int64_t bandwidth_ms;          /* when that was read; wall clock, 0: not yet */
    struct vultr_bandwidth bandwidth;
};

struct watcher_board {
    enum watcher_state state;
    char words[FINDING_WORDS_SIZE]; /* why it fails; "" */
    int64_t asked_ms, good_ms;     /* wall clock: the last try, the last whole listing; 0 */
    uint32_t server_count, left_out; /* left_out: found no room */
    uint64_t requests, failures;
    const struct server *servers;
};

struct sentinel_board {
    const struct check_set *checks;
    const struct check_state *states; /* as many */
    const char *complaint;         /* why checks in the store are left out; "" */
    const struct watcher_board *vultr;
    uint64_t results_lost, late;   /* results that storage did not take; checks that waited for a slot */
};

#endif
