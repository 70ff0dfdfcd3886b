/* SPDX-License-Identifier: MIT */
/* Listeners that are not up to date: given what they lack in order while they gain on the feed, else the
 * newest values. Nothing is queued for them beyond their own buffers: what they lack stays in the store. */
#include "aggregator/api/live_room.h"

/* Who is no nearer to the end after this time gets the newest values instead. */
#define REPLAY_MS 2000
/* Of one listener in one step. */
#define REPLAY_BLOCKS 64U
#define LATEST_INSTANCES 32U
#define LOOKS 4096U

static uint64_t lag(const struct live *l, const struct subscriber *sub)
{
    return l->cursor - sub->position / LIVE_PARTS;
}

void live_fall_behind(struct live *l, struct subscriber *sub, uint64_t position, uint64_t behind,
                      struct mono now)
{
    sub->mode = LIVE_REPLAY;
    sub->position = position;
    sub->behind = behind;
    sub->behind_since = now;
    sub->lag_before = lag(l, sub);
    live_lag(l, sub);
}

static void begin_latest(struct live *l, struct subscriber *sub)
{
    sub->mode = LIVE_LATEST;
    sub->missed += sub->behind;
    l->world->stats.websocket_missed += sub->behind;
    sub->behind = 0;
    sub->round_began = l->cursor;
    sub->round_next = 0;
}

void live_start_anew(struct live *l, struct subscriber *sub)
{
    sub->missed_unknown = true;
    sub->behind = sub->position = 0;
    begin_latest(l, sub);
    live_lag(l, sub);
}

/* Sends what it may; remembers how far it came. */
struct reader {
    struct live_sink sink;
    struct live *live;
    struct subscriber *sub;
};

static bool take_for_reader(struct live_sink *sink, uint64_t seq, const struct text *message)
{
    struct reader *r = (struct reader *)sink;
    if (!live_deliver(r->live, r->sub, message))
        return false;
    if (r->sub->mode == LIVE_REPLAY)
        r->sub->position = seq;
    return true;
}

/* --- in order --- */

/* False when it took not all of the block. */
static bool replay_block(struct live *l, struct subscriber *sub, const struct store_feed_block *b,
                         uint64_t number)
{
    struct reader reader = {{take_for_reader}, l, sub};
    if (b->stream == STREAM_HISTORY || (sub->types & LIVE_METRIC) == 0 || !live_follows(sub, b->instance) ||
        !live_decode(&l->words, b))
        return true;
    if (!(sub->wants_columns ? live_write_columns : live_write_points)(&l->words, b, number, sub->position,
                                                                       &reader.sink))
        return false;
    sub->behind -= sub->behind > 0;
    return true;
}

static bool replay(struct live *l, struct subscriber *sub)
{
    uint64_t cursor = sub->position / LIVE_PARTS, missed = 0;
    for (uint32_t i = 0; i < REPLAY_BLOCKS; i++) {
        struct store_feed_block b;
        bool is_there = cursor < l->cursor && store_feed_next(l->world->store, &cursor, &missed, &b);
        if (missed > 0) { /* the feed does not go back so far */
            sub->behind = sub->behind > missed ? sub->behind : missed;
            begin_latest(l, sub);
            return true;
        }
        if (!is_there || cursor > l->cursor) {
            sub->mode = LIVE_UP_TO_DATE;
            return false;
        }
        if (!replay_block(l, sub, &b, cursor - 1))
            return false;
        sub->position = live_seq(cursor);
    }
    return true;
}

/* --- the newest --- */

static bool tell_missed(struct live *l, struct subscriber *sub)
{
    char buf[160];
    struct text t;
    text_init(&t, buf, sizeof(buf));
    struct json j = {.out = &t};
    json_open_object(&j, NULL);
    json_text(&j, "type", "missed");
    if (sub->missed_unknown)
        json_null(&j, "missed");
    else
        json_u64(&j, "missed", sub->missed);
    json_u64(&j, "seq", sub->position);
    json_text(&j, "stream", l->stream);
    json_close_object(&j);
    if (!live_deliver(l, sub, &t))
        return false;
    sub->missed = 0;
    sub->missed_unknown = false;
    return true;
}

/* The next instance of the round that has news, or ERR_MISSING when the round is over, or ERR_AGAIN. */
static int next_with_news(const struct live *l, struct subscriber *sub)
{
    uint32_t end = sub->follows_all ? store_instance_count(l->world->store) : sub->instance_count;
    for (uint32_t looks = 0; sub->round_next < end; looks++) {
        if (looks == LOOKS)
            return ERR_AGAIN;
        uint32_t at = sub->round_next++;
        uint32_t instance = sub->follows_all ? at : sub->instances[at];
        if (live_seq(l->newest[instance]) > sub->position)
            return (int)instance;
    }
    return ERR_MISSING;
}

static bool tell_latest(struct live *l, struct subscriber *sub)
{
    struct reader reader = {{take_for_reader}, l, sub};
    if ((sub->missed > 0 || sub->missed_unknown) && !tell_missed(l, sub))
        return false;
    for (uint32_t i = 0; i < LATEST_INSTANCES; i++) {
        /* All messages of one instance fit into an empty buffer. */
        if (connection_flush(sub->connection) != ERR_OK)
            return false;
        int instance = (sub->types & LIVE_METRIC) == 0 ? ERR_MISSING : next_with_news(l, sub);
        if (instance == ERR_MISSING) {
            sub->position = live_seq(sub->round_began);
            if (sub->round_began == l->cursor)
                sub->mode = LIVE_UP_TO_DATE;
            else
                begin_latest(l, sub);
            return true;
        }
        /* Until the round is over, who breaks off and comes back begins where this one began. */
        if (instance >= 0)
            (void)live_write_latest(&l->words, (uint32_t)instance, sub->wants_columns, sub->position,
                                    &reader.sink);
    }
    return true;
}

/* --- both --- */

/* In LIVE_REPLAY: looks now and then whether it gains. */
static void judge(struct live *l, struct subscriber *sub, struct mono now)
{
    if (!mono_reached(now, mono_after_ms(sub->behind_since, REPLAY_MS)))
        return;
    if (lag(l, sub) >= sub->lag_before) {
        begin_latest(l, sub);
        return;
    }
    sub->lag_before = lag(l, sub);
    sub->behind_since = now;
}

bool live_catch_up(struct live *l, struct subscriber *sub, struct mono now)
{
    struct connection *c = sub->connection;
    if (sub->dashboard_at > 0 && !live_dashboard_go_on(l, sub, now))
        return false;
    if (!c->is_choked) {
        bool has_more = live_catch_up_changes(l, sub);
        if (has_more && sub->mode == LIVE_REPLAY)
            has_more = replay(l, sub);
        else if (has_more && sub->mode == LIVE_LATEST)
            has_more = tell_latest(l, sub);
        int err = connection_flush(c);
        if (err == ERR_CLOSED) {
            connection_drop(c);
            return false;
        }
        if (has_more && err == ERR_OK && (sub->mode != LIVE_UP_TO_DATE || sub->revision < l->revision))
            return true;
    }
    if (sub->mode == LIVE_REPLAY)
        judge(l, sub, now);
    return false;
}
