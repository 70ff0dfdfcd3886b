/* SPDX-License-Identifier: MIT */
/* One cursor into the feed serves all listeners: a block is decoded once, written once in each form that
 * somebody wants, and copied to each who follows its host. */
#include "aggregator/api/live.h"

#include <string.h>

#include "aggregator/api/connection.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/subscribe.h"

#define BLOCKS_A_STEP 128U
#define MESSAGE_SIZE 12288U /* leaves room in an empty transmit buffer for what went before */
#define PING_MS 20000
#define SILENCE_MS 60000
#define WATCH_MS 15000

struct live {
    struct world *world;
    struct subscriber *subscribers;
    struct memory_line *line;
    uint32_t capacity, count;
    uint64_t cursor;
    struct mono next_care;       /* pings, watched hosts */
    struct subscribe_scratch *scratch;
    struct block_matrix *matrix; /* the block at hand */
    char *message;
};

struct live *live_reserve(struct memory_map *map, uint32_t websockets_max)
{
    static const char when_full[] = "the newcomer is refused with 503";
    struct live *l = memory_reserve(map, "api: live updates", 1, sizeof(*l), "never full");
    struct subscriber *subscribers =
        memory_reserve(map, "api: live listeners", websockets_max, sizeof(*subscribers), when_full);
    struct memory_line *line = memory_last_line(map);
    struct subscribe_scratch *scratch =
        memory_reserve(map, "api: parsing of client messages", 1, sizeof(*scratch),
                       "the message is refused");
    struct block_matrix *matrix =
        memory_reserve(map, "api: block for live updates", 1, sizeof(*matrix), "never full");
    char *message = memory_reserve(map, "api: message for live updates", 1, MESSAGE_SIZE,
                                   "a block is sent in several messages");
    if (l == NULL)
        return NULL;
    *l = (struct live){.subscribers = subscribers, .line = line, .capacity = websockets_max,
                       .scratch = scratch, .matrix = matrix, .message = message};
    return l;
}

void live_open(struct live *l, struct world *w)
{
    l->world = w;
    l->cursor = store_feed_end(w->store);
    l->next_care = w->started;
}

struct subscriber *live_join(struct live *l, struct mono now)
{
    for (uint32_t i = 0; i < l->capacity; i++) {
        struct subscriber *sub = &l->subscribers[i];
        if (sub->is_taken)
            continue;
        *sub = (struct subscriber){.is_taken = true, .follows_all = true, .heard = now, .pinged = now};
        if (l->count++ == 0)
            l->cursor = store_feed_end(l->world->store); /* nobody listened to what went before */
        memory_use(l->line, l->count);
        return sub;
    }
    return NULL;
}

void live_leave(struct live *l, struct subscriber *sub)
{
    sub->is_taken = false;
    memory_use(l->line, --l->count);
}

static void watch(const struct live *l, const struct subscriber *sub, struct mono now)
{
    for (uint32_t i = 0; i < sub->instance_count; i++)
        store_instance(l->world->store, sub->instances[i])->watched_until_ms = now.ns / NS_PER_MS + WATCH_MS;
}

int live_message(struct live *l, struct subscriber *sub, const char *message, uint32_t size,
                 struct mono now, struct text *reply)
{
    int err = subscribe_message(l->scratch, l->world->store, sub, message, size, reply);
    watch(l, sub, now);
    return err;
}

/* --- who wants it --- */

static bool follows(const struct subscriber *sub, uint32_t instance)
{
    if (sub->follows_all)
        return true;
    for (uint32_t i = 0; i < sub->instance_count; i++)
        if (sub->instances[i] == instance)
            return true;
    return false;
}

/* Tells a listener who has room again how many messages it did not get. */
static void tell_missed(struct connection *c)
{
    char buf[64];
    struct text t;
    text_init(&t, buf, sizeof(buf));
    text_printf(&t, "{\"type\":\"missed\",\"missed\":%u}", c->subscriber->missed);
    if (connection_send_message(c, WEBSOCKET_TEXT, buf, t.length))
        c->subscriber->missed = 0;
}

struct audience {
    struct connection *connections;
    uint32_t count;
    uint32_t instance;
    bool wants_columns;
};

static bool is_in(const struct audience *a, const struct connection *c)
{
    return c->state == CONNECTION_WEBSOCKET && c->subscriber->wants_columns == a->wants_columns &&
           follows(c->subscriber, a->instance);
}

static bool is_empty(const struct audience *a)
{
    for (uint32_t i = 0; i < a->count; i++)
        if (is_in(a, &a->connections[i]))
            return false;
    return true;
}

static void send_to(struct live *l, const struct audience *a, const struct text *message)
{
    for (uint32_t i = 0; i < a->count; i++) {
        struct connection *c = &a->connections[i];
        if (!is_in(a, c))
            continue;
        if (c->subscriber->missed > 0)
            tell_missed(c);
        if (c->subscriber->missed == 0 &&
            connection_send_message(c, WEBSOCKET_TEXT, message->at, message->length))
            continue;
        c->subscriber->missed++;
        l->world->stats.websocket_missed++;
    }
}

/* --- columns --- */

/* Slots for whose series there was no room have nothing to show. */
static void drop_refused(struct block_matrix *m, const struct store_feed_block *b)
{
    uint32_t kept = 0;
    for (uint32_t s = 0; s < m->slot_count; s++) {
        if (b->series_of_slot[m->slots[s]] == SERIES_NONE)
            continue;
        if (kept < s) {
            m->slots[kept] = m->slots[s];
            memcpy(m->values[kept], m->values[s], sizeof m->values[s]);
        }
        kept++;
    }
    m->slot_count = kept;
}

static const struct store_series *series_of(const struct live *l, const struct store_feed_block *b,
                                            uint32_t column)
{
    return store_series(l->world->store, b->instance, b->series_of_slot[l->matrix->slots[column]]);
}

/* Samples first..first+count of the block as one message. */
static void write_columns(struct live *l, const struct store_feed_block *b, uint32_t first, uint32_t count,
                          struct text *out)
{
    const struct block_matrix *m = l->matrix;
    struct json j = {.out = out};
    text_clear(out);
    json_open_object(&j, NULL);
    json_text(&j, "type", "samples");
    json_u64(&j, "seq", l->cursor);
    json_text(&j, "instance", store_instance(l->world->store, b->instance)->id);
    json_open_array(&j, "series");
    for (uint32_t s = 0; s < m->slot_count; s++)
        json_u64(&j, NULL, b->series_of_slot[m->slots[s]]);
    json_close_array(&j);
    json_open_array(&j, "t");
    for (uint32_t i = first; i < first + count; i++)
        json_i64(&j, NULL, m->time_ms[i]);
    json_close_array(&j);
    json_open_array(&j, "v");
    for (uint32_t s = 0; s < m->slot_count; s++) {
        uint32_t scale = store_metric(l->world->store, series_of(l, b, s)->metric_index)->scale;
        json_open_array(&j, NULL);
        for (uint32_t i = first; i < first + count; i++)
            json_scaled(&j, NULL, m->values[s][i], scale);
        json_close_array(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
}

/* In as few messages as hold it. */
static void send_columns(struct live *l, const struct audience *a, const struct store_feed_block *b)
{
    struct text out;
    text_init(&out, l->message, MESSAGE_SIZE);
    uint32_t count = l->matrix->count;
    for (uint32_t first = 0; first < l->matrix->count; first += count) {
        uint32_t left = l->matrix->count - first;
        count = count < left ? count : left;
        write_columns(l, b, first, count, &out);
        while (out.truncated && count > 1) {
            count /= 2;
            write_columns(l, b, first, count, &out);
        }
        if (!out.truncated)
            send_to(l, a, &out);
    }
}

/* --- single points, as the earlier backend sent them --- */

static void send_points(struct live *l, const struct audience *a, const struct store_feed_block *b)
{
    struct store *s = l->world->store;
    int64_t now_ms = wall_ms(plat_wall(l->world->plat));
    for (uint32_t i = 0; i < l->matrix->count; i++) {
        for (uint32_t column = 0; column < l->matrix->slot_count; column++) {
            const struct store_series *series = series_of(l, b, column);
            if (!metric_is_classic(store_metric(s, series->metric_index), series->tag))
                continue;
            struct metric_point point = {b->instance, b->series_of_slot[l->matrix->slots[column]],
                                         l->matrix->time_ms[i], l->matrix->values[column][i]};
            struct text out;
            text_init(&out, l->message, MESSAGE_SIZE);
            struct json j = {.out = &out};
            json_open_object(&j, NULL);
            json_text(&j, "type", "realtime_update");
            json_text(&j, "eventType", "INSERT");
            metric_write(&j, "data", s, &point);
            json_iso_ms(&j, "timestamp", now_ms);
            json_text(&j, "source", "nephos");
            json_close_object(&j);
            send_to(l, a, &out);
        }
    }
}

/* --- steps --- */

static void pass_on(struct live *l, struct connection *connections, uint32_t count,
                    const struct store_feed_block *b)
{
    if (b->stream == STREAM_HISTORY)
        return; /* nobody takes yesterday's samples for what happens now */
    struct audience columns = {connections, count, b->instance, true};
    struct audience points = {connections, count, b->instance, false};
    bool no_columns = is_empty(&columns), no_points = is_empty(&points);
    if ((no_columns && no_points) || block_decode(b->data, b->size, b->count, l->matrix) < 0)
        return;
    drop_refused(l->matrix, b);
    if (!no_columns)
        send_columns(l, &columns, b);
    if (!no_points)
        send_points(l, &points, b);
}

/* Pings who has been quiet, lets go of who is gone, keeps watched hosts shipping. */
static void care(struct live *l, struct connection *c, struct mono now)
{
    struct subscriber *sub = c->subscriber;
    watch(l, sub, now);
    if (mono_reached(now, mono_after_ms(sub->heard, SILENCE_MS))) {
        l->world->stats.timeouts++;
        connection_drop(c);
        return;
    }
    if (mono_reached(now, mono_after_ms(sub->heard, PING_MS)) &&
        mono_reached(now, mono_after_ms(sub->pinged, PING_MS)) &&
        connection_send_message(c, WEBSOCKET_PING, "", 0))
        sub->pinged = now;
}

bool live_step(struct live *l, struct connection *connections, uint32_t count, struct mono now)
{
    if (l->count == 0)
        return false;
    struct store_feed_block block;
    uint32_t taken = 0;
    while (taken < BLOCKS_A_STEP &&
           store_feed_next(l->world->store, &l->cursor, &l->world->stats.feed_missed, &block)) {
        pass_on(l, connections, count, &block);
        taken++;
    }
    bool is_care_due = mono_reached(now, l->next_care);
    if (is_care_due)
        l->next_care = mono_after_ms(now, MS_PER_S);
    if (taken == 0 && !is_care_due)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (connections[i].state == CONNECTION_WEBSOCKET && is_care_due)
            care(l, &connections[i], now);
        if (connections[i].state == CONNECTION_WEBSOCKET && connection_flush(&connections[i]) == ERR_CLOSED)
            connection_drop(&connections[i]);
    }
    return taken == BLOCKS_A_STEP;
}
