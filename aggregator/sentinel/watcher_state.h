/* SPDX-License-Identifier: MIT */
/* The watcher from inside: watcher.c asks, watcher_answer.c takes what is answered. */
#ifndef NEPHOS_SENTINEL_WATCHER_STATE_H
#define NEPHOS_SENTINEL_WATCHER_STATE_H

#include "aggregator/sentinel/tell.h"
#include "aggregator/sentinel/watcher.h"

enum watcher_task {
    WATCHER_IDLE,
    WATCHER_LISTING,   /* the page behind `cursor` */
    WATCHER_TELLING,   /* the page is there, and goes to the store server by server */
    WATCHER_BANDWIDTH, /* of server `of` */
};

struct watcher {
    struct plat *plat;
    struct store *store;
    struct watcher_settings settings, next;
    bool has_next;
    struct watcher_board board;
    struct server *servers;
    uint32_t servers_max;
    struct memory_line *line;
    char *pool;                          /* VULTR_POOL_SIZE */
    enum watcher_task task;
    int request;                         /* of the platform, or negative */
    uint32_t failures;                   /* in a row */
    struct mono round_due, retry_at, bandwidth_at;
    uint32_t round, rounds_good;
    int64_t round_begun_ms, round_before_ms; /* wall clock: this one, the one before */
    uint32_t pages, per_page, left_out, page_at, of;
    char cursor[VULTR_CURSOR_SIZE];
    struct vultr_page page;
    char url[WATCHER_URL_SIZE + 3 * VULTR_CURSOR_SIZE + 64];
    char headers[WATCHER_KEY_SIZE + 80];
    char answer[VULTR_ANSWER_SIZE + 8];
};

/* An answer to what was asked. */
void watcher_take(struct watcher *w, const struct plat_answer *a, struct mono now);
/* On with the page at hand: 0, or ERR_FULL or ERR_SYSTEM: later. */
int watcher_tell(struct watcher *w, struct mono now);

#endif
