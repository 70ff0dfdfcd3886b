/* SPDX-License-Identifier: MIT */
/* Retention by size: before the database reaches its cap, the oldest chunks give way.
 *
 * Chunks are numbered in the order in which they were sealed; the lowest numbers go first. Their pages are
 * used again, so the file stays as it is. Some pages are always left for the journal to grow into. */
#include "aggregator/store/state.h"

#define HEADROOM_PAGES_MIN 128U
#define HEADROOM_PAGES_MAX 8192U

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
    int64_t first = s->chunk_first + count_max;
    if (first > s->chunk_next)
        first = s->chunk_next;
    if (first == s->chunk_first)
        return 0;
    int err = database_begin(&s->database, false);
    if (err != ERR_OK)
        return err;
    sqlite3_stmt *drop = database_statement(&s->database, SQL_CHUNK_DROP);
    (void)sqlite3_bind_int64(drop, 1, first);
    err = database_run(&s->database, SQL_CHUNK_DROP);
    if (err != ERR_OK) {
        database_rollback(&s->database);
        return err;
    }
    err = database_commit(&s->database);
    if (err != ERR_OK)
        return err;
    uint32_t dropped = (uint32_t)(first - s->chunk_first);
    s->chunk_first = first;
    s->stats.retention_chunks_dropped += dropped;
    return (int)dropped;
}
