/* SPDX-License-Identifier: MIT */
/* What goes before points: changes of alerts, instances and insights, and how instances are. */
#include "aggregator/forward/sender.h"

#include <string.h>

#define LOOK_MS 1000            /* for instances that are to be told again */
#define CHANGES_A_LOOK 256U     /* passed over in one look */
#define TOLD_AGAIN_S 30U        /* clients tell with each of their messages that they are still there */

static const enum export_kind kind_of[OUTLET_FEED_COUNT] = {
    [OUTLET_ALERTS] = EXPORT_ALERTS,
    [OUTLET_INSTANCES] = EXPORT_INSTANCES,
    [OUTLET_INSIGHTS] = EXPORT_INSIGHTS,
};

static struct export_item *add(struct sender_events *e)
{
    struct export_item *item = &e->items[e->batch.count++];
    *item = (struct export_item){.instance_index = UINT32_MAX};
    return item;
}

static void clear(struct sender *d, enum outlet_feed feed)
{
    struct sender_events *e = &d->events;
    e->feed = feed;
    e->cursor = d->outlet->cursors[feed];
    e->batch.items = e->items;
    e->batch.kind = kind_of[feed];
    e->batch.count = e->batch.done_count = 0;
    memset(e->batch.done, 0, sizeof e->batch.done);
}

/* --- alerts and insights --- */

static bool wants_alert(const struct sender *d, struct store *s, const struct alert *a, int *instance)
{
    *instance = store_instance_find(s, a->instance);
    const char *name = *instance >= 0 ? store_instance(s, (uint32_t)*instance)->name : a->instance;
    bool is_old = d->outlet->replay_ms != 0 && a->revision <= d->outlet->replay_until &&
                  a->updated_ms < d->outlet->replay_ms;
    return a->severity >= d->to.severity && !is_old && target_wants_instance(&d->to, a->instance, name);
}

static int collect_alerts(struct sender *d, struct store *s)
{
    struct sender_events *e = &d->events;
    for (uint32_t n = 0; n < CHANGES_A_LOOK && e->batch.count < EXPORT_EVENTS_MAX; n++) {
        struct alert *a = &e->alerts[e->batch.count];
        int instance, got = store_alert_next(s, &e->cursor, a);
        if (got <= 0)
            return got;
        if (!wants_alert(d, s, a, &instance))
            continue;
        struct export_item *item = add(e);
        item->alert = a;
        if (instance >= 0) {
            item->instance = store_instance(s, (uint32_t)instance);
            item->instance_index = (uint32_t)instance;
        }
    }
    return ERR_OK;
}

static int collect_insights(struct sender *d, struct store *s)
{
    struct sender_events *e = &d->events;
    for (uint32_t n = 0; n < CHANGES_A_LOOK && e->batch.count < EXPORT_EVENTS_MAX; n++) {
        struct insight *i = &e->insights[e->batch.count];
        int got = store_insight_next(s, &e->cursor, i);
        if (got <= 0)
            return got;
        bool is_old = d->outlet->replay_ms != 0 && i->revision <= d->outlet->replay_until &&
                      i->created_ms < d->outlet->replay_ms;
        if (!is_old)
            add(e)->insight = i;
    }
    return ERR_OK;
}

/* --- instances --- */

static uint32_t hash_of(const char *word)
{
    uint32_t h = 2166136261U;
    for (; *word != '\0'; word++)
        h = (h ^ (unsigned char)*word) * 16777619U;
    return h;
}

static bool has(const struct sender_events *e, uint32_t instance)
{
    for (uint32_t i = 0; i < e->batch.count; i++)
        if (e->items[i].instance_index == instance)
            return true;
    return false;
}

static int add_instance(struct sender *d, struct store *s, uint32_t instance, int64_t now_ms)
{
    struct sender_events *e = &d->events;
    const struct instance *in = store_instance(s, instance);
    uint32_t at = e->batch.count;
    if (has(e, instance) || !target_wants_instance(&d->to, in->id, in->name))
        return ERR_OK;
    int err = store_told_get(s, instance, &e->told[at]);
    if (err < 0)
        return err;
    struct export_item *item = add(e);
    (void)text_copy(e->statuses[at], sizeof e->statuses[at], store_instance_status(in, now_ms));
    item->instance = in;
    item->instance_index = instance;
    item->told = &e->told[at];
    item->status = e->statuses[at];
    return ERR_OK;
}

/* Facts change often where a client tells them: the newest are told a while after those before. */
static bool waits(const struct sender *d, const struct instance *in, uint32_t instance, uint32_t now_s)
{
    struct sender_told *t = &d->told[instance];
    if (t->told_s == 0 || now_s - t->told_s >= TOLD_AGAIN_S || in->deleted_ms != 0)
        return false;
    t->has_changed = true;
    return true;
}

/* Is another status than was told, or was told too long ago. */
static bool is_stale(const struct sender *d, const struct instance *in, const struct sender_told *t,
                     int64_t now_ms, uint32_t now_s)
{
    if (in->deleted_ms != 0)
        return false;
    return t->told_s == 0 || t->status != hash_of(store_instance_status(in, now_ms)) ||
           (t->has_changed && now_s - t->told_s >= TOLD_AGAIN_S) ||
           (d->to.refresh_ms > 0 && now_s - t->told_s >= d->to.refresh_ms / 1000);
}

static int collect_instances(struct sender *d, struct store *s, int64_t now_ms, uint32_t now_s)
{
    struct sender_events *e = &d->events;
    uint32_t count = store_instance_count(s);
    int found, err = ERR_OK;
    while (err == ERR_OK && e->batch.count < EXPORT_EVENTS_MAX &&
           (found = store_instance_next(s, &e->cursor)) >= 0)
        if (!waits(d, store_instance(s, (uint32_t)found), (uint32_t)found, now_s))
            err = add_instance(d, s, (uint32_t)found, now_ms);
    for (uint32_t n = 0; err == ERR_OK && n < count && e->batch.count < EXPORT_EVENTS_MAX; n++) {
        d->refresh_at = d->refresh_at + 1 < count ? d->refresh_at + 1 : 0;
        const struct instance *in = store_instance(s, d->refresh_at);
        if (is_stale(d, in, &d->told[d->refresh_at], now_ms, now_s))
            err = add_instance(d, s, d->refresh_at, now_ms);
    }
    return err;
}

/* --- all of it --- */

static uint32_t seconds(struct mono now)
{
    return (uint32_t)(now.ns / NS_PER_S) + 1;
}

/* All changes that it was to go through again have been. */
static void end_replay(struct outlet *o)
{
    if (o->replay_ms != 0 && o->cursors[OUTLET_ALERTS] >= o->replay_until &&
        o->cursors[OUTLET_INSIGHTS] >= o->replay_until)
        o->replay_ms = 0;
}

bool sender_look(struct sender *d, struct sender_world *w, struct mono now)
{
    struct sender_events *e = &d->events;
    struct outlet *o = d->outlet;
    uint64_t newest = store_revision(w->store);
    if (newest == e->looked && !mono_reached(now, d->look_at))
        return false;
    d->look_at = mono_after_ms(now, LOOK_MS);
    int64_t now_ms = wall_ms(plat_wall(w->plat));
    for (uint32_t feed = 0; feed < OUTLET_FEED_COUNT; feed++) {
        if ((d->to.sends & EXPORT_BIT(kind_of[feed])) == 0)
            continue;
        clear(d, (enum outlet_feed)feed);
        int err = feed == OUTLET_ALERTS     ? collect_alerts(d, w->store)
                  : feed == OUTLET_INSIGHTS ? collect_insights(d, w->store)
                                            : collect_instances(d, w->store, now_ms, seconds(now));
        if (err < 0)
            return false; /* the store says itself what is wrong */
        if (e->batch.count > 0) {
            e->batch.serial = ++d->serial;
            e->looked = 0; /* there may be more */
            return true;
        }
        o->cursors[feed] = e->cursor; /* none of these is wanted */
    }
    e->looked = newest;
    end_replay(o);
    return false;
}

void sender_told(struct sender *d, struct mono now)
{
    struct sender_events *e = &d->events;
    struct outlet *o = d->outlet;
    o->cursors[e->feed] = e->cursor;
    end_replay(o);
    for (uint32_t i = 0; e->feed == OUTLET_INSTANCES && i < e->batch.count; i++)
        d->told[e->items[i].instance_index] =
            (struct sender_told){.told_s = seconds(now), .status = hash_of(e->statuses[i])};
}
