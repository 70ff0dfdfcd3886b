/* SPDX-License-Identifier: MIT */
/* Retention by size: before the database reaches its cap, the oldest chunks give way.
 *
 * A chunk is as old as its newest sample, so history that comes late goes when its time has come, no later
 * and no sooner. But it is never younger than the moment at which it was sealed: a host whose clock is ahead
 * would keep its samples for ever, and push out those of the others. The pages of dropped chunks are used
 * again, so the file stays as it is. Some pages are always left for the journal to grow into. */
#include "aggregator/store/state.h"

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
    s->retention_due = database_pages_used(&s->database) > s->database.pages_max - headroom;
}

int retention_step(struct store *s, uint32_t count_max)
{
    if (s->chunk_count == 0)
        return 0;
    int err = database_begin(&s->database, false);
    if (err != ERR_OK)
        return err;
    sqlite3_stmt *drop = database_statement(&s->database, SQL_CHUNK_DROP);
    (void)sqlite3_bind_int64(drop, 1, count_max);
    err = database_run(&s->database, SQL_CHUNK_DROP);
    int dropped = sqlite3_changes(s->database.handle);
    if (err != ERR_OK) {
        database_rollback(&s->database);
        return err;
    }
    err = database_commit(&s->database);
    if (err != ERR_OK)
        return err;
    s->chunk_count -= dropped;
    s->stats.retention_chunks_dropped += (uint32_t)dropped;
    return dropped;
}
