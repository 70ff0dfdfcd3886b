/* SPDX-License-Identifier: MIT */
/* Retention by size: before the database reaches its cap, the oldest chunks give way.
 *
 * A chunk is as old as its newest sample, so history that comes late goes when its time has come, no later
 * and no sooner. But it is never younger than the moment at which it was sealed: a host whose clock is ahead
 * would keep its samples for ever, and push out those of the others. The pages of dropped chunks are used
 * again, so the file stays as it is. Some pages are always left for the journal to grow into. */
#include <string.h>

#include "aggregator/store/state.h"

#define EXPIRE_ROWS 16U
#define EXPIRE_LOOK_MS 60000
#define HEADROOM_PAGES_MIN 128U
#define HEADROOM_PAGES_MAX 8192U

/* "Now" is the aggregator's clock, or the newest age of all chunks where that is later: after a start with a
 * clock far behind, new chunks must not seem the oldest. */
int64_t retention_age(struct store *s, int64_t max_ms, int64_t *newest_ms)
{
    int64_t now_ms = wall_ms(plat_wall(s->plat));
    if (now_ms < *newest_ms)
        now_ms = *newest_ms;
    int64_t age_ms = max_ms < now_ms ? max_ms : now_ms;
    if (age_ms > *newest_ms)
        *newest_ms = age_ms;
    return age_ms;
}

void retention_check(struct store *s)
{
    uint32_t headroom = s->database.pages_max / 16;
    if (headroom < HEADROOM_PAGES_MIN)
        headroom = HEADROOM_PAGES_MIN;
    if (headroom > HEADROOM_PAGES_MAX)
        headroom = HEADROOM_PAGES_MAX;
    s->retention_due = database_holds_more(&s->database, s->database.pages_max - headroom);
}

/* --- the oldest row of a resolution --- */

struct oldest {
    int64_t id, size;
    int64_t age_ms;                    /* of its newest sample */
    int64_t horizon_ms;                /* of its resolution, when it is gone */
    bool is_unrolled;
    uint32_t instance;
    uint64_t epoch;
    int64_t min_ms;
};

static int find_chunk(struct store *s, struct oldest *o)
{
    sqlite3_stmt *row = database_statement(&s->database, SQL_CHUNK_OLDEST);
    int n = database_next(&s->database, SQL_CHUNK_OLDEST);
    if (n <= 0)
        return n;
    int64_t max_ms = sqlite3_column_int64(row, 2), age_ms = sqlite3_column_int64(row, 3);
    *o = (struct oldest){.id = sqlite3_column_int64(row, 0), .size = sqlite3_column_int64(row, 7),
                         .age_ms = age_ms > 0 ? age_ms : max_ms,
                         .is_unrolled = sqlite3_column_int64(row, 6) != 0,
                         .instance = (uint32_t)sqlite3_column_int64(row, 4),
                         .epoch = (uint64_t)sqlite3_column_int64(row, 5),
                         .min_ms = sqlite3_column_int64(row, 1)};
    o->horizon_ms = floor_ms(o->age_ms, HOUR_MS) + HOUR_MS;
    database_reset(&s->database, SQL_CHUNK_OLDEST);
    return 1;
}

/* 1 found, 0 there is none, or an error. */
static int find_oldest(struct store *s, enum store_tier tier, struct oldest *o)
{
    if (tier == TIER_SECONDS)
        return find_chunk(s, o);
    sqlite3_stmt *row = database_statement(&s->database, SQL_ROLLUP_OLDEST);
    (void)sqlite3_bind_int64(row, 1, tier == TIER_MINUTES ? MINUTE_MS : HOUR_MS);
    int n = database_next(&s->database, SQL_ROLLUP_OLDEST);
    if (n <= 0)
        return n;
    int64_t span_ms = tier == TIER_MINUTES ? HOUR_MS : DAY_MS;
    *o = (struct oldest){.id = sqlite3_column_int64(row, 0), .size = sqlite3_column_int64(row, 2),
                         .horizon_ms = sqlite3_column_int64(row, 1) + span_ms};
    o->age_ms = o->horizon_ms - 1;
    database_reset(&s->database, SQL_ROLLUP_OLDEST);
    return 1;
}

/* --- dropping --- */

/* Up to count_max of the oldest rows older than before_ms, in an open transaction. What is not rolled up yet
 * ends the row of them, unless `hard`. */
static int drop_rows(struct store *s, enum store_tier tier, uint32_t count_max, int64_t before_ms, bool hard,
                     struct tier_state next[static TIER_COUNT])
{
    enum statement drop = tier == TIER_SECONDS ? SQL_CHUNK_DELETE : SQL_ROLLUP_DELETE;
    uint32_t dropped = 0;
    struct oldest o;
    int n = 1;
    while (dropped < count_max && (n = find_oldest(s, tier, &o)) == 1) {
        if (o.age_ms >= before_ms || (o.is_unrolled && !hard))
            break;
        (void)sqlite3_bind_int64(database_statement(&s->database, drop), 1, o.id);
        int err = database_run(&s->database, drop);
        if (err != ERR_OK)
            return err;
        next[tier].rows--;
        next[tier].bytes -= o.size;
        for (enum store_tier t = TIER_SECONDS; t <= tier; t++) /* what is finer must not be older */
            if (o.horizon_ms > next[t].horizon_ms)
                next[t].horizon_ms = o.horizon_ms;
        dropped++;
    }
    return n < 0 ? n : (int)dropped;
}

static int drop(struct store *s, enum store_tier tier, uint32_t count_max, int64_t before_ms, bool hard)
{
    struct tier_state next[TIER_COUNT];
    memcpy(next, s->tiers, sizeof next);
    int err = database_begin(&s->database, false);
    if (err != ERR_OK)
        return err;
    int dropped = drop_rows(s, tier, count_max, before_ms, hard, next);
    err = dropped < 0 ? dropped : tiers_put(s, next);
    if (err != ERR_OK) {
        database_rollback(&s->database);
        return err;
    }
    err = database_commit(&s->database);
    if (err != ERR_OK)
        return err;
    memcpy(s->tiers, next, sizeof next);
    if (tier == TIER_SECONDS)
        s->stats.retention_chunks_dropped += (uint32_t)dropped;
    else
        s->stats.retention_rollups_dropped += (uint32_t)dropped;
    if (dropped > 0)
        query_disturb(s, UINT32_MAX);
    return dropped;
}

/* The oldest chunk, not rolled up yet, is rolled up, or, when there is no room even for that, goes. */
static int roll_oldest(struct store *s, const struct oldest *o)
{
    int n = o->instance < s->instance_count
                ? roll_group(s, o->instance, o->epoch, floor_ms(o->min_ms, HOUR_MS))
                : ERR_FULL;
    return n == ERR_FULL ? drop(s, TIER_SECONDS, 1, INT64_MAX, true) : n;
}

/* The resolution that is to give way, and its oldest row: 1, 0 when there is nothing, or an error. */
static int choose(struct store *s, enum store_tier *tier, struct oldest *o)
{
    *tier = tiers_choose(s);
    if (*tier == TIER_COUNT)
        return 0;
    int n = find_oldest(s, *tier, o);
    /* Coarse data stay at least as long as finer ones. */
    while (n == 1 && *tier != TIER_SECONDS && s->tiers[*tier - 1].rows > 0 &&
           o->horizon_ms > s->tiers[*tier - 1].horizon_ms) {
        --*tier;
        n = find_oldest(s, *tier, o);
    }
    return n;
}

int retention_step(struct store *s, uint32_t count_max, bool hard)
{
    enum store_tier tier;
    struct oldest o;
    int n = choose(s, &tier, &o);
    if (n <= 0)
        return n;
    if (o.is_unrolled && !hard)
        return roll_oldest(s, &o);
    return drop(s, tier, tier == TIER_SECONDS ? count_max : 1, INT64_MAX, hard);
}

/* Nothing fine is kept longer than what is coarser. 0: as long as there is room. */
static int64_t keep_ms(const struct store *s, enum store_tier tier)
{
    int64_t least = 0;
    for (enum store_tier t = tier; t < TIER_COUNT; t++)
        if (s->limits.keep_ms[t] > 0 && (least == 0 || s->limits.keep_ms[t] < least))
            least = s->limits.keep_ms[t];
    return least;
}

/* Time is that of the newest samples: a clock of ours that jumps ahead must not cost anything. */
int retention_expire(struct store *s, struct mono now)
{
    for (enum store_tier tier = TIER_SECONDS; tier < TIER_COUNT; tier++) {
        int64_t keep = keep_ms(s, tier), before_ms = s->newest_age_ms - keep;
        struct oldest o;
        if (keep == 0)
            continue;
        int n = find_oldest(s, tier, &o);
        if (n < 0)
            return n;
        if (n == 0 || o.age_ms >= before_ms)
            continue;
        n = o.is_unrolled ? roll_oldest(s, &o) : drop(s, tier, EXPIRE_ROWS, before_ms, false);
        return n < 0 ? n : ERR_OK; /* and at once again */
    }
    s->expire_at = mono_after_ms(now, EXPIRE_LOOK_MS);
    return ERR_OK;
}
