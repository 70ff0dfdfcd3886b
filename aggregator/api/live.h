/* SPDX-License-Identifier: MIT */
/* Live updates: committed blocks from the store's feed to the WebSockets that follow them.
 *
 * A client that says nothing gets, as the earlier backend sent them, one "realtime_update" for each new
 * point of the nine classic metrics of every host. One that says
 *
 *     {"type":"subscribe","instances":["ID",...] or "*"}
 *
 * gets each committed block as columns instead:
 *
 *     {"type":"samples","seq":N,"instance":"ID","series":[0,1,...],"t":[ms,...],"v":[[...],...]}
 *
 * where series are the ids that GET /api/v1/series?instance=ID explains, v has one array per series, and
 * seq grows. Hosts that are named are asked to ship every second; "*" follows at the pace they have.
 * A client that does not keep up loses whole messages, and is told: {"type":"missed","missed":N}. */
#ifndef NEPHOS_API_LIVE_H
#define NEPHOS_API_LIVE_H

#include "aggregator/api/exchange.h"
#include "aggregator/api/websocket.h"

#define SUBSCRIBED_INSTANCES_MAX 16U

struct subscriber {
    bool is_taken;
    bool wants_columns;
    bool follows_all;
    uint32_t instance_count;
    uint32_t instances[SUBSCRIBED_INSTANCES_MAX];
    uint32_t missed;      /* messages, not told yet */
    struct mono heard;    /* last sign of life */
    struct mono pinged;
};

struct live;
struct connection;

struct live *live_reserve(struct memory_map *map, uint32_t websockets_max);
void live_open(struct live *l, struct world *w);
/* NULL when all are taken. */
struct subscriber *live_join(struct live *l, struct mono now);
void live_leave(struct live *l, struct subscriber *sub);
/* Takes one text message of a client and writes the answer, if any, into `reply`. ERR_MALFORMED when
 * it is not UTF-8. */
int live_message(struct live *l, struct subscriber *sub, const char *message, uint32_t size,
                 struct mono now, struct text *reply);
/* Passes committed blocks on, pings, and keeps watched hosts shipping. True when there is more to do. */
bool live_step(struct live *l, struct connection *connections, uint32_t count, struct mono now);

#endif
