/* SPDX-License-Identifier: MIT */
/* Live updates: what is committed in the store, to the WebSockets that follow it.
 *
 * A client that says nothing, nor offers the subprotocol "nephos", gets, as the earlier backend sent them,
 * one "realtime_update" for each new point of the nine classic metrics of every host and for every change of
 * an alert, and now and then a "dashboard_update" (live_dashboard.c). One that subscribes (subscribe.h)
 * chooses hosts, kinds of news, and columns instead of points.
 * docs/SPEC.md has the shapes.
 *
 * Two numbers order everything. Samples carry `seq`, which counts the blocks of this process (its `stream`)
 * and the places in a block; changes of records carry `revision`, which the store keeps for ever. A client
 * that comes back names the last it has seen of both.
 *
 *     UP TO DATE --> REPLAY      its buffer was full, or it came back: it is given what followed, one block
 *                                after the other, out of the store's feed
 *     REPLAY ------> UP TO DATE  it has reached the end
 *     REPLAY ------> LATEST      the feed has gone on without it, or it takes longer than REPLAY_MS: it is
 *                                told how much it misses, and gets the newest values of each host that has
 *                                any it has not seen
 *     LATEST ------> UP TO DATE  nothing came while it was told; else there is another round
 *
 * So a slow client costs its own two buffers and nothing else, and what it gets is never older than one
 * round through the hosts it follows. */
#ifndef NEPHOS_API_LIVE_H
#define NEPHOS_API_LIVE_H

#include "aggregator/api/exchange.h"
#include "aggregator/api/websocket.h"

#define SUBSCRIBED_INSTANCES_MAX 16U
#define LIVE_MESSAGE_SIZE 12288U /* leaves room in an empty transmit buffer for what went before */

enum live_type { /* bits */
    LIVE_METRIC = 1,
    LIVE_ALERT = 2,
    LIVE_INSTANCE = 4,
    LIVE_INSIGHT = 8,
    LIVE_DASHBOARD = 16,
};
#define LIVE_NEWS (LIVE_METRIC | LIVE_ALERT | LIVE_INSTANCE | LIVE_INSIGHT) /* when none is named */
#define LIVE_CHANGES (LIVE_ALERT | LIVE_INSTANCE | LIVE_INSIGHT)
#define LIVE_TYPE_COUNT 5U
extern const char *const live_type_names[LIVE_TYPE_COUNT]; /* by number of the bit */

enum live_mode { LIVE_UP_TO_DATE, LIVE_REPLAY, LIVE_LATEST };

struct subscriber {
    struct connection *connection; /* NULL: the place is free */
    bool wants_columns;
    bool follows_all;
    uint8_t types;
    uint32_t instance_count;
    uint32_t instances[SUBSCRIBED_INSTANCES_MAX]; /* none twice */
    struct mono heard;     /* last sign of life */
    struct mono pinged;
    /* samples */
    enum live_mode mode;
    uint64_t position;     /* not up to date: seq up to which all was sent, or given up */
    uint64_t behind;       /* blocks of its hosts since then */
    struct mono behind_since;
    uint64_t lag_before;   /* REPLAY: blocks to the end, at behind_since */
    uint64_t round_began;  /* LATEST: number of the block that comes next, at the start of the round */
    uint32_t round_next;   /* LATEST: instance, or place in `instances`, to look at */
    uint64_t missed;       /* blocks, not told yet */
    bool missed_unknown;   /* ... and nobody knows how many: another process sent them */
    /* changes */
    uint64_t revision;     /* last that was sent, or passed over; up to date when it is the room's */
    uint64_t seen;         /* not up to date: what that was when it fell behind */
    /* dashboards */
    struct mono dashboard_due;
    uint32_t dashboard_at; /* bytes of it that were sent; 0: none is under way */
    struct mono dashboard_until; /* one that is under way must have been taken */
    bool is_lagging;       /* in the list of those who need care in every step */
    bool is_dirty;         /* there is something to be sent at the end of the step */
};

struct live;
struct connection;

struct live *live_reserve(struct memory_map *map, uint32_t websockets_max, uint32_t instances_max);
void live_open(struct live *l, struct world *w);
/* NULL when all are taken. One of old is told metrics and alerts at once, any other nothing before it
 * subscribes. */
struct subscriber *live_join(struct live *l, struct connection *c, bool is_of_old, struct mono now);
void live_leave(struct live *l, struct subscriber *sub);
/* Takes one text message of a client and writes the answer, if any, into `reply`. ERR_MALFORMED when
 * it is not UTF-8. */
int live_message(struct live *l, struct subscriber *sub, const char *message, uint32_t size,
                 struct mono now, struct text *reply);
/* Passes on what is new, pings, and keeps watched hosts shipping. True when there is more to do. */
bool live_step(struct live *l, struct mono now);

#endif
