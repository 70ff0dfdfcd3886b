/* SPDX-License-Identifier: MIT */
/* One cursor into the feed serves all listeners: a block is decoded once, written once in each form that
 * somebody wants, and copied to each who follows its host. */
#include "aggregator/api/live.h"

#include <string.h>

#include "aggregator/api/live_room.h"

#define BLOCKS_A_STEP 128U
#define PING_MS 20000
#define SILENCE_MS 60000
#define WATCH_MS 15000

const char *const live_type_names[LIVE_TYPE_COUNT] = {"metric", "alert", "instance", "insight",
                                                     "dashboard"};

/* --- beginning --- */

struct live *live_reserve(struct memory_map *map, uint32_t websockets_max, uint32_t instances_max)
{
    struct live *l = memory_reserve(map, "api: live updates", 1, sizeof(*l), "never full");
    struct subscriber *subscribers = memory_reserve(map, "api: live listeners", websockets_max,
                                                    sizeof(*subscribers), "the newcomer is refused with 503");
    struct memory_line *line = memory_last_line(map);
    live_index_reserve(map, l == NULL ? NULL : &l->index, instances_max + 1, websockets_max,
                       SUBSCRIBED_INSTANCES_MAX);
    uint32_t *lists = memory_reserve(map, "api: listeners to send to", websockets_max, 2 * sizeof(*lists),
                                     "never full");
    uint64_t *newest = memory_reserve(map, "api: news of instances", instances_max,
                                      sizeof(*newest) + sizeof(uint32_t), "as instances");
    struct subscribe_scratch *scratch = memory_reserve(map, "api: parsing of client messages", 1,
                                                       sizeof(*scratch), "the message is refused");
    struct block_matrix *matrix =
        memory_reserve(map, "api: block for live updates", 1, sizeof(*matrix), "never full");
    char *message = memory_reserve(map, "api: message for live updates", 1, LIVE_MESSAGE_SIZE,
                                   "a block is sent in several messages");
    live_dashboard_reserve(map, l);
    if (l == NULL)
        return NULL;
    l->subscribers = subscribers;
    l->line = line;
    l->capacity = websockets_max;
    l->instances_max = instances_max;
    l->lagging = lists;
    l->dirty = lists + websockets_max;
    l->newest = newest;
    l->statuses = (uint32_t *)(newest + instances_max);
    l->scratch = scratch;
    l->words = (struct live_words){.matrix = matrix, .message = message};
    return l;
}

void live_open(struct live *l, struct world *w)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t random[8];
    plat_random(w->plat, random, sizeof(random));
    for (uint32_t i = 0; i < sizeof(random); i++) {
        l->stream[2 * i] = digits[random[i] >> 4];
        l->stream[2 * i + 1] = digits[random[i] & 15];
    }
    l->world = l->words.world = w;
    l->cursor = store_feed_end(w->store);
    l->revision = store_revision(w->store);
    l->next_care = w->started;
}

/* --- listeners --- */

static void enter_lists(struct live *l, const struct subscriber *sub)
{
    uint32_t number = live_number(l, sub);
    live_index_remove(&l->index, number);
    if (sub->follows_all)
        live_index_add(&l->index, l->instances_max, number, 0);
    for (uint32_t i = 0; i < sub->instance_count; i++)
        live_index_add(&l->index, sub->instances[i], number, i);
}

struct subscriber *live_join(struct live *l, struct connection *c, bool is_of_old, struct mono now)
{
    for (uint32_t i = 0; i < l->capacity; i++) {
        struct subscriber *sub = &l->subscribers[i];
        if (sub->connection != NULL)
            continue;
        /* A place that was left in this step may still be in the lists. */
        *sub = (struct subscriber){.connection = c, .follows_all = true, .heard = now, .pinged = now,
                                   .types = is_of_old ? LIVE_METRIC | LIVE_ALERT | LIVE_DASHBOARD : 0,
                                   .revision = l->revision, .dashboard_due = now,
                                   .is_lagging = sub->is_lagging, .is_dirty = sub->is_dirty};
        enter_lists(l, sub);
        memory_use(l->line, ++l->count);
        return sub;
    }
    return NULL;
}

void live_leave(struct live *l, struct subscriber *sub)
{
    live_index_remove(&l->index, live_number(l, sub));
    live_dashboard_leave(l, sub);
    sub->connection = NULL;
    memory_use(l->line, --l->count);
}

static void watch(const struct live *l, const struct subscriber *sub, struct mono now)
{
    if ((sub->types & LIVE_METRIC) == 0)
        return;
    for (uint32_t i = 0; i < sub->instance_count; i++)
        store_instance(l->world->store, sub->instances[i])->watched_until_ms = now.ns / NS_PER_MS + WATCH_MS;
}

/* Where it goes on: from now, or from what it has seen. */
static void take_position(struct live *l, struct subscriber *sub, const struct subscription *ask,
                          struct mono now)
{
    sub->mode = LIVE_UP_TO_DATE;
    sub->revision = l->revision;
    if (ask->has_revision && ask->revision < l->revision) {
        sub->revision = sub->seen = ask->revision;
        live_lag(l, sub);
    }
    if (!ask->has_seq)
        return;
    if (!text_equal(ask->stream, l->stream))
        live_start_anew(l, sub);
    else if (ask->seq < live_seq(l->cursor))
        live_fall_behind(l, sub, ask->seq, l->cursor - ask->seq / LIVE_PARTS, now);
}

int live_message(struct live *l, struct subscriber *sub, const char *message, uint32_t size,
                 struct mono now, struct text *reply)
{
    struct subscription ask;
    int err = subscribe_message(l->scratch, l->world->store, message, size, &ask, reply);
    if (err < 0 || !ask.is_asked)
        return err;
    sub->wants_columns = ask.wants_columns;
    sub->follows_all = ask.follows_all;
    sub->types = ask.types;
    sub->dashboard_due = now;
    sub->instance_count = ask.instance_count;
    memcpy(sub->instances, ask.instances, sizeof(sub->instances));
    enter_lists(l, sub);
    take_position(l, sub, &ask, now);
    subscribe_confirm(&ask, l->stream, live_seq(l->cursor), l->revision, reply);
    watch(l, sub, now);
    return ERR_OK;
}

/* --- passing on --- */

bool live_follows(const struct subscriber *sub, uint32_t instance)
{
    if (sub->follows_all)
        return true;
    for (uint32_t i = 0; i < sub->instance_count; i++)
        if (sub->instances[i] == instance)
            return true;
    return false;
}

bool live_deliver(struct live *l, struct subscriber *sub, const struct text *message)
{
    if (!connection_send_message(sub->connection, WEBSOCKET_TEXT, message->at, message->length))
        return false;
    if (!sub->is_dirty)
        l->dirty[l->dirty_count++] = live_number(l, sub);
    sub->is_dirty = true;
    return true;
}

void live_lag(struct live *l, struct subscriber *sub)
{
    if (!sub->is_lagging)
        l->lagging[l->lagging_count++] = live_number(l, sub);
    sub->is_lagging = true;
}

/* Those who follow one instance and get its blocks as they come. */
struct crowd {
    struct live_sink sink;
    struct live *live;
    struct mono now;
    uint32_t instance;
    bool wants_columns;
};

static void send_to_list(struct crowd *crowd, uint32_t list, uint64_t seq, const struct text *message)
{
    struct live *l = crowd->live;
    uint32_t link = live_index_first(&l->index, list);
    for (; link != LIVE_INDEX_END; link = live_index_next(&l->index, link)) {
        struct subscriber *sub = &l->subscribers[live_index_subscriber(&l->index, link)];
        if (sub->mode != LIVE_UP_TO_DATE || sub->wants_columns != crowd->wants_columns ||
            (sub->types & LIVE_METRIC) == 0)
            continue;
        if (!live_deliver(l, sub, message))
            live_fall_behind(l, sub, seq - 1, 1, crowd->now);
    }
}

static bool take_for_crowd(struct live_sink *sink, uint64_t seq, const struct text *message)
{
    struct crowd *crowd = (struct crowd *)sink;
    send_to_list(crowd, crowd->instance, seq, message);
    send_to_list(crowd, crowd->live->instances_max, seq, message);
    return true;
}

struct demand {
    bool columns, points;
};

static void ask_list(struct live *l, uint32_t list, struct demand *d)
{
    uint32_t link = live_index_first(&l->index, list);
    for (; link != LIVE_INDEX_END; link = live_index_next(&l->index, link)) {
        struct subscriber *sub = &l->subscribers[live_index_subscriber(&l->index, link)];
        if ((sub->types & LIVE_METRIC) == 0)
            continue;
        if (sub->mode != LIVE_UP_TO_DATE)
            sub->behind++;
        else if (sub->wants_columns)
            d->columns = true;
        else
            d->points = true;
    }
}

static void pass_on(struct live *l, const struct store_feed_block *b, struct mono now)
{
    if (b->stream == STREAM_HISTORY)
        return; /* nobody takes yesterday's samples for what happens now */
    uint64_t number = l->cursor - 1;
    l->newest[b->instance] = number + 1;
    struct demand d = {0};
    ask_list(l, b->instance, &d);
    ask_list(l, l->instances_max, &d);
    if ((!d.columns && !d.points) || !live_decode(&l->words, b))
        return;
    struct crowd crowd = {{take_for_crowd}, l, now, b->instance, true};
    if (d.columns)
        (void)live_write_columns(&l->words, b, number, 0, &crowd.sink);
    crowd.wants_columns = false;
    if (d.points)
        (void)live_write_points(&l->words, b, number, 0, &crowd.sink);
}

/* --- steps --- */

/* Pings who has been quiet, lets go of who is gone, keeps watched hosts shipping. */
static void care(struct live *l, struct subscriber *sub, struct mono now)
{
    struct connection *c = sub->connection;
    watch(l, sub, now);
    if (mono_reached(now, mono_after_ms(sub->heard, SILENCE_MS))) {
        l->world->stats.timeouts++;
        connection_drop(c);
        return;
    }
    if ((sub->types & LIVE_DASHBOARD) != 0)
        live_dashboard_care(l, sub, now);
    if (sub->connection == NULL || !mono_reached(now, mono_after_ms(sub->heard, PING_MS)) ||
        !mono_reached(now, mono_after_ms(sub->pinged, PING_MS)) ||
        !connection_send_message(c, WEBSOCKET_PING, "", 0))
        return;
    sub->pinged = now;
    if (connection_flush(c) == ERR_CLOSED)
        connection_drop(c);
}

static void care_for_all(struct live *l, struct mono now)
{
    for (uint32_t i = 0; i < l->capacity; i++)
        if (l->subscribers[i].connection != NULL)
            care(l, &l->subscribers[i], now);
    live_pass_statuses(l);
    l->next_care = mono_after_ms(now, MS_PER_S);
}

static bool catch_up_all(struct live *l, struct mono now)
{
    bool has_more = false;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < l->lagging_count; i++) {
        struct subscriber *sub = &l->subscribers[l->lagging[i]];
        if (sub->connection != NULL)
            has_more |= live_catch_up(l, sub, now);
        sub->is_lagging = sub->connection != NULL &&
                          (sub->mode != LIVE_UP_TO_DATE || sub->revision < l->revision ||
                           sub->dashboard_at > 0);
        if (sub->is_lagging)
            l->lagging[kept++] = l->lagging[i];
    }
    l->lagging_count = kept;
    return has_more;
}

static void flush_all(struct live *l)
{
    for (uint32_t i = 0; i < l->dirty_count; i++) {
        struct subscriber *sub = &l->subscribers[l->dirty[i]];
        sub->is_dirty = false;
        if (sub->connection != NULL && connection_flush(sub->connection) == ERR_CLOSED)
            connection_drop(sub->connection);
    }
    l->dirty_count = 0;
}

bool live_step(struct live *l, struct mono now)
{
    struct store_feed_block block;
    uint32_t taken = 0;
    while (taken < BLOCKS_A_STEP &&
           store_feed_next(l->world->store, &l->cursor, &l->world->stats.feed_missed, &block)) {
        pass_on(l, &block, now);
        taken++;
    }
    if (store_revision(l->world->store) > l->revision)
        live_pass_changes(l);
    if (mono_reached(now, l->next_care))
        care_for_all(l, now);
    bool has_more = l->lagging_count > 0 && catch_up_all(l, now);
    flush_all(l);
    return has_more || taken == BLOCKS_A_STEP;
}
