/* SPDX-License-Identifier: MIT */
/* What the files of live updates share. */
#ifndef NEPHOS_API_LIVE_ROOM_H
#define NEPHOS_API_LIVE_ROOM_H

#include "aggregator/api/connection.h"
#include "aggregator/api/live_index.h"
#include "aggregator/api/live_write.h"
#include "aggregator/api/routes/dashboard.h"
#include "aggregator/api/subscribe.h"

/* The newest message with a dashboard. It stays as it is while somebody has a part of it. */
struct live_dashboard {
    char *bytes;                 /* LIVE_DASHBOARD_SIZE */
    uint32_t size;               /* 0: none has been made */
    uint32_t readers;            /* who has a part of it */
    struct mono stale;           /* then another one is made for who comes */
    struct dashboard work;
};

struct live {
    struct world *world;
    struct live_words words;
    struct subscriber *subscribers;
    struct memory_line *line;
    uint32_t capacity, count, instances_max;
    char stream[17];             /* of this process: its block numbers mean nothing to another */
    uint64_t cursor;             /* number of the block that comes next */
    uint64_t *newest;            /* of each instance: number of its newest block plus 1; 0: none */
    uint64_t revision;           /* changes up to this one were passed on */
    uint32_t *statuses;          /* of each instance: hash of the word */
    struct live_index index;     /* list `instances_max`: who follows all */
    uint32_t *lagging, *dirty;   /* subscribers in care of live_catch_up(); with something to send */
    uint32_t lagging_count, dirty_count;
    struct mono next_care;
    struct subscribe_scratch *scratch;
    struct live_change change;
    struct live_dashboard dashboard;
};

static inline uint32_t live_number(const struct live *l, const struct subscriber *sub)
{
    return (uint32_t)(sub - l->subscribers);
}

bool live_follows(const struct subscriber *sub, uint32_t instance);
/* Queues it; false when there is no room. */
bool live_deliver(struct live *l, struct subscriber *sub, const struct text *message);
/* From now on live_catch_up() looks after it. */
void live_lag(struct live *l, struct subscriber *sub);

/* --- live_dashboard.c --- */

void live_dashboard_reserve(struct memory_map *map, struct live *l);
/* Begins to send it to who is due. */
void live_dashboard_care(struct live *l, struct subscriber *sub, struct mono now);
/* Goes on with it; false while not all has been taken. A connection that takes too long is dropped. */
bool live_dashboard_go_on(struct live *l, struct subscriber *sub, struct mono now);
/* It leaves, whatever it has got of it. */
void live_dashboard_leave(struct live *l, struct subscriber *sub);

/* --- live_catch_up.c --- */

/* It did not take the part behind `position`, or has not seen what came behind it. */
void live_fall_behind(struct live *l, struct subscriber *sub, uint64_t position, uint64_t behind,
                      struct mono now);
/* Blocks of another process: only the newest values can be told. */
void live_start_anew(struct live *l, struct subscriber *sub);
/* Gives it what it lacks, as far as it takes it. True when there is more to do at once. */
bool live_catch_up(struct live *l, struct subscriber *sub, struct mono now);

/* --- live_changes.c --- */

/* Passes on what changed in records; notices statuses that changed, when asked to. */
void live_pass_changes(struct live *l);
void live_pass_statuses(struct live *l);
/* Changes that one subscriber has not seen. False when it takes no more. */
bool live_catch_up_changes(struct live *l, struct subscriber *sub);

#endif
