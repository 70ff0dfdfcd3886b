/* SPDX-License-Identifier: MIT */
/* Changes of alerts, insights and instances, in the order of their revisions. They are few: each listener has
 * a cursor of its own, and who does not keep up reads on from the store, where a record that changed again
 * meanwhile is there once, as it is now. */
#include <string.h>

#include "aggregator/api/live_room.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/store/store_told.h"

#define CHANGES_A_STEP 32U

/* The change behind *cursor, which is advanced: 1, 0 when there is none, or a storage error. Records that
 * were made behind `seen` are new to the reader. */
static int next_change(struct live *l, uint64_t seen, uint64_t *cursor)
{
    struct store *s = l->world->store;
    struct live_change *change = &l->change;
    uint64_t alert = *cursor, insight = *cursor, instance = *cursor, created = 0;
    bool is_gone = false;
    int has_alert = store_alert_next(s, &alert, &change->alert);
    int has_insight = has_alert < 0 ? has_alert : store_insight_next(s, &insight, &change->insight);
    if (has_insight < 0)
        return has_insight;
    int found = store_instance_next(s, &instance);
    uint64_t first = UINT64_MAX;
    if (has_alert > 0) {
        first = alert;
        change->type = LIVE_ALERT;
        created = change->alert.created_revision;
        is_gone = change->alert.deleted_ms != 0;
    }
    if (has_insight > 0 && insight < first) {
        first = insight;
        change->type = LIVE_INSIGHT;
        created = change->insight.created_revision;
        is_gone = change->insight.dismissed_ms != 0 ||
                  change->insight.expires_ms <= wall_ms(plat_wall(l->world->plat));
    }
    if (found >= 0 && instance < first) {
        const struct instance *in = store_instance(s, (uint32_t)found);
        first = instance;
        change->type = LIVE_INSTANCE;
        change->instance = (uint32_t)found;
        created = in->created_revision;
        is_gone = in->deleted_ms != 0;
    }
    if (first == UINT64_MAX)
        return 0;
    change->event = is_gone ? LIVE_REMOVE : created > seen ? LIVE_INSERT : LIVE_MODIFY;
    change->revision = *cursor = first;
    return 1;
}

static bool follows_id(const struct live *l, const struct subscriber *sub, const char *id)
{
    int instance = store_instance_find(l->world->store, id);
    return instance >= 0 && live_follows(sub, (uint32_t)instance);
}

static bool concerns(const struct live *l, const struct subscriber *sub)
{
    const struct live_change *change = &l->change;
    if ((sub->types & change->type) == 0)
        return false;
    if (sub->follows_all)
        return true;
    if (change->type == LIVE_INSTANCE)
        return live_follows(sub, change->instance);
    if (change->type == LIVE_ALERT)
        return follows_id(l, sub, change->alert.instance);
    for (uint32_t i = 0; i < change->insight.instance_count; i++)
        if (follows_id(l, sub, change->insight.instances[i]))
            return true;
    return change->insight.instance_count == 0; /* of the whole system */
}

static bool write_change(struct live *l, struct text *out)
{
    text_init(out, l->words.message, LIVE_MESSAGE_SIZE);
    return live_write_change(&l->words, &l->change, out);
}

void live_pass_changes(struct live *l)
{
    uint64_t cursor = l->revision;
    for (uint32_t n = 0; n < CHANGES_A_STEP; n++) {
        int answer = next_change(l, cursor, &cursor);
        if (answer < 0)
            return; /* storage has trouble: later */
        if (answer == 0)
            cursor = store_revision(l->world->store); /* what is left concerns nobody here */
        struct text out;
        bool is_written = answer > 0 && write_change(l, &out);
        for (uint32_t i = 0; i < l->capacity; i++) {
            struct subscriber *sub = &l->subscribers[i];
            if (sub->connection == NULL || sub->revision < l->revision)
                continue;
            sub->seen = sub->revision;
            if (is_written && concerns(l, sub) && !live_deliver(l, sub, &out))
                live_lag(l, sub);
            else
                sub->revision = cursor;
        }
        l->revision = cursor;
        if (answer == 0)
            return;
    }
}

bool live_catch_up_changes(struct live *l, struct subscriber *sub)
{
    for (uint32_t n = 0; n < CHANGES_A_STEP && sub->revision < l->revision; n++) {
        uint64_t cursor = sub->revision;
        int answer = (sub->types & LIVE_CHANGES) == 0 ? 0 : next_change(l, sub->seen, &cursor);
        if (answer < 0)
            return false; /* storage has trouble: later */
        if (answer == 0 || cursor > l->revision)
            cursor = l->revision; /* what comes behind it will be passed on to all */
        struct text out;
        if (answer > 0 && l->change.revision <= l->revision && concerns(l, sub) && write_change(l, &out) &&
            !live_deliver(l, sub, &out))
            return false;
        sub->revision = cursor;
    }
    return true;
}

/* --- statuses, which follow from the time that has passed --- */

static uint32_t hash_of(const char *word)
{
    uint32_t hash = 2166136261U;
    for (; *word != 0; word++)
        hash = (hash ^ (uint8_t)*word) * 16777619U;
    return hash;
}

void live_pass_statuses(struct live *l)
{
    struct store *s = l->world->store;
    int64_t now_ms = wall_ms(plat_wall(l->world->plat));
    for (uint32_t i = 0; i < store_instance_count(s); i++) {
        const struct instance *in = store_instance(s, i);
        uint32_t status = hash_of(instance_status(in, now_ms));
        bool is_news = l->statuses[i] != 0 && l->statuses[i] != status && in->deleted_ms == 0;
        l->statuses[i] = status;
        if (!is_news)
            continue;
        struct text out;
        l->change.type = LIVE_INSTANCE;
        l->change.event = LIVE_MODIFY;
        l->change.revision = l->revision;
        l->change.instance = i;
        bool is_written = write_change(l, &out);
        for (uint32_t k = 0; is_written && k < l->capacity; k++) {
            struct subscriber *sub = &l->subscribers[k];
            if (sub->connection != NULL && concerns(l, sub) && !live_deliver(l, sub, &out))
                l->world->stats.websocket_missed++;
        }
    }
}
