/* SPDX-License-Identifier: MIT */
/* "dashboard_update": what GET /analytics/dashboard answers, at once and then every half minute, to who is
 * of old or asks for it. The message is larger than a listener's buffer: it is made once for all who are
 * due, and sent in parts, each when there is room for it. While somebody has a part of it, no other is made;
 * who does not take the rest within TAKE_MS is let go, because nothing else can be told in the middle of a
 * message. */
#include "aggregator/api/live_room.h"

#define MESSAGE_SIZE 65536U
#define PART_SIZE 8192U
#define EVERY_MS 30000
#define FRESH_MS 2000
#define TAKE_MS 10000

void live_dashboard_reserve(struct memory_map *map, struct live *l)
{
    char *bytes = memory_reserve(map, "api: dashboard for live updates", 1, MESSAGE_SIZE,
                                 "it is left out, and counted as missed");
    if (l != NULL)
        l->dashboard.bytes = bytes;
}

static bool make(struct live *l, struct mono now)
{
    struct live_dashboard *d = &l->dashboard;
    struct store *s = l->world->store;
    int64_t now_ms = wall_ms(plat_wall(l->world->plat));
    struct text t;
    struct json j = {.out = &t};
    d->size = 0;
    d->stale = mono_after_ms(now, FRESH_MS);
    text_init(&t, d->bytes, MESSAGE_SIZE);
    if (dashboard_gather(s, now_ms, &d->work) < 0)
        return false;
    json_open_object(&j, NULL);
    json_text(&j, "type", "dashboard_update");
    if (dashboard_write(s, now_ms, &d->work, "data", &j) != PRODUCE_DONE)
        return false;
    json_iso_ms(&j, "timestamp", now_ms);
    json_text(&j, "source", "nephos");
    json_close_object(&j);
    if (!json_is_full(&j))
        d->size = t.length;
    return d->size > 0;
}

void live_dashboard_leave(struct live *l, struct subscriber *sub)
{
    l->dashboard.readers -= sub->dashboard_at > 0;
    sub->dashboard_at = 0;
}

/* The parts for which there is room. */
static bool send_parts(struct live *l, struct subscriber *sub)
{
    const struct live_dashboard *d = &l->dashboard;
    while (sub->dashboard_at < d->size) {
        uint32_t left = d->size - sub->dashboard_at, n = left < PART_SIZE ? left : PART_SIZE;
        if (!connection_send_part(sub->connection, d->bytes + sub->dashboard_at, n, n == left))
            return false;
        sub->dashboard_at += n;
    }
    return true;
}

bool live_dashboard_go_on(struct live *l, struct subscriber *sub, struct mono now)
{
    struct connection *c = sub->connection;
    bool is_over = !c->is_choked && send_parts(l, sub);
    if (is_over)
        live_dashboard_leave(l, sub);
    bool is_late = !is_over && mono_reached(now, sub->dashboard_until);
    l->world->stats.timeouts += is_late;
    if (is_late || connection_flush(c) == ERR_CLOSED) {
        connection_drop(c);
        return false;
    }
    return is_over;
}

void live_dashboard_care(struct live *l, struct subscriber *sub, struct mono now)
{
    struct live_dashboard *d = &l->dashboard;
    if (sub->dashboard_at > 0 || sub->mode != LIVE_UP_TO_DATE || !mono_reached(now, sub->dashboard_due))
        return;
    if (d->readers == 0 && mono_reached(now, d->stale) && !make(l, now))
        l->world->stats.websocket_missed++;
    if (d->size == 0)
        return;
    uint32_t first = d->size < PART_SIZE ? d->size : PART_SIZE;
    if (!connection_send_part(sub->connection, d->bytes, first, first == d->size))
        return; /* no room: when there is some */
    sub->dashboard_due = mono_after_ms(now, EVERY_MS);
    if (first == d->size)
        return;
    sub->dashboard_at = first;
    sub->dashboard_until = mono_after_ms(now, TAKE_MS);
    d->readers++;
    if (!live_dashboard_go_on(l, sub, now) && sub->connection != NULL)
        live_lag(l, sub);
}
