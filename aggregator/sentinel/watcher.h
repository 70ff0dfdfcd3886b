/* SPDX-License-Identifier: MIT */
/* Asks Vultr for its servers, page after page, round after round; between rounds for the bandwidth of each.
 * One request at a time, far below the rate that is allowed.
 *
 *     OFF -(key)-> waiting -(interval)-> listing -(last page)-> told -> waiting
 *                     ^                     |
 *                     +---------------------+ 401, 403: minutes later; else with backoff, the same page */
#ifndef NEPHOS_SENTINEL_WATCHER_H
#define NEPHOS_SENTINEL_WATCHER_H

#include "aggregator/sentinel/board.h"
#include "aggregator/store/store.h"
#include "platform/base/memory_map.h"

#define WATCHER_URL_SIZE 200U
#define WATCHER_KEY_SIZE 160U
#define WATCHER_FILE_SIZE 256U

struct watcher_settings {
    char url[WATCHER_URL_SIZE];      /* "https://api.vultr.com/v2" */
    char key[WATCHER_KEY_SIZE];      /* "": there is none, nothing is asked */
    char ca_file[WATCHER_FILE_SIZE]; /* "": the system's roots */
    int64_t interval_ms;
};

struct watcher;

struct watcher *watcher_reserve(struct memory_map *map, uint32_t servers_max);
void watcher_open(struct watcher *w, struct plat *p, struct store *s);
/* From now on these; asked at once when something changed. */
void watcher_configure(struct watcher *w, const struct watcher_settings *settings);
/* When to call again at the latest. */
struct mono watcher_step(struct watcher *w, struct mono now);
const struct watcher_board *watcher_board(const struct watcher *w);

#endif
