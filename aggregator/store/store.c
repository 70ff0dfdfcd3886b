/* SPDX-License-Identifier: MIT */
/* The store as a whole: its memory, its beginning and end, and the order in which its work is done. */
#include "aggregator/store/store.h"

#include <string.h>

#include "aggregator/store/state.h"
#include "aggregator/store/store_backup.h"

#define RETENTION_ROWS 16U /* dropped in one step */
/* What the journal of one instance may need on disk before it is sealed; the smallest database has room for
 * that. */
#define DISK_PER_INSTANCE (UINT64_C(64) << 10)

/* --- memory --- */

static void reserve_tables(struct store *s, struct memory_map *map)
{
    uint32_t instances = s->limits.instances_max;
    uint64_t series = (uint64_t)instances * s->limits.series_per_instance_max;
    uint32_t hash_size = 16;
    while (hash_size < 2 * instances)
        hash_size *= 2;
    s->instances = memory_reserve(map, "store: instances", instances, sizeof *s->instances,
                                  "a new agent is refused");
    s->lines[LINE_INSTANCES] = memory_last_line(map);
    s->states = memory_reserve(map, "store: instance states", instances, sizeof *s->states,
                               "as instances");
    s->changed = memory_reserve(map, "store: changed instances", instances, sizeof *s->changed,
                                "as instances");
    s->instance_hash = memory_reserve(map, "store: instance index", hash_size,
                                      sizeof *s->instance_hash, "as instances");
    s->instance_hash_mask = hash_size - 1;
    s->histories = memory_reserve(map, "store: histories", s->limits.histories_max, sizeof *s->histories,
                                  "the next agent that has history waits until another one has sent its own");
    s->lines[LINE_HISTORIES] = memory_last_line(map);
    s->series_of_slot = memory_reserve(map, "store: dictionaries",
                                       (uint64_t)(instances + s->limits.histories_max) * SLOTS_MAX,
                                       sizeof *s->series_of_slot, "as series");
    s->series_numbers =
        memory_reserve(map, "store: series of pushed samples", s->limits.series_per_instance_max,
                       sizeof *s->series_numbers, "as series");
    for (uint32_t i = 0; s->series_numbers != NULL && i < s->limits.series_per_instance_max; i++)
        s->series_numbers[i] = (uint16_t)i;
    s->series = memory_reserve(map, "store: series", series, sizeof *s->series,
                               "a new series of that agent is refused");
    s->newest = memory_reserve(map, "store: newest values", series, sizeof *s->newest, "as series");
    s->metrics = memory_reserve(map, "store: metrics", STORE_METRICS_MAX, sizeof *s->metrics,
                                "a series with a new name is refused");
    s->lines[LINE_METRICS] = memory_last_line(map);
    for (uint32_t i = 0; s->histories != NULL && i < s->limits.histories_max; i++)
        s->histories[i].stream.series_of_slot = s->series_of_slot + (size_t)(instances + i) * SLOTS_MAX;
}

static void reserve_blocks(struct store *s, struct memory_map *map)
{
    uint32_t entries = s->limits.instances_max * PENDING_AVERAGE + PENDING_MAX;
    uint8_t *staging = memory_reserve(map, "store: staging", STAGING_SIZE, 1,
                                      "agents are held back until the next commit");
    s->lines[LINE_STAGING] = memory_last_line(map);
    struct staged_block *blocks = memory_reserve(map, "store: staged blocks", STAGED_BLOCKS_MAX,
                                                 sizeof *blocks, "as staging");
    struct staged_matrix *matrices = memory_reserve(map, "store: newest live blocks", STAGED_MATRICES,
                                                    sizeof *matrices, "older ones are decoded again");
    struct journal_entry *index = memory_reserve(map, "store: journal index", entries, sizeof *index,
                                                 "agents are held back until blocks are sealed");
    s->lines[LINE_JOURNAL] = memory_last_line(map);
    s->builder = memory_reserve(map, "store: chunk being sealed", 1, sizeof *s->builder,
                                "it is written, and another is begun");
    s->chunk_bytes = memory_reserve(map, "store: chunk bytes", CHUNK_SIZE_MAX, 1,
                                    "as the chunk being sealed");
    s->sums = memory_reserve(map, "store: checksum tables", 1, sizeof *s->sums, "never full");
    s->roll = memory_reserve(map, "store: rolling up", 1, sizeof *s->roll, "it is done in several steps");
    s->scratch = memory_reserve(map, "store: work space", 1, sizeof *s->scratch, "never full");
    s->process_cache = memory_reserve(map, "store: processes of a chunk", 1, sizeof *s->process_cache,
                                      "another chunk takes its place");
    if (index != NULL) {
        staging_init(&s->staging, staging, blocks, matrices);
        journal_init(&s->journal, index, entries);
    }
}

struct store *store_reserve(struct memory_map *map, const struct store_limits *limits)
{
    struct store *s = memory_reserve(map, "store", 1, sizeof *s, "never full");
    struct store parts = {.limits = *limits, .staged_since = MONO_NEVER};
    reserve_tables(&parts, map);
    reserve_blocks(&parts, map);
    events_reserve(&parts.events, map, limits->instances_max);
    access_reserve(&parts, map);
    outbox_reserve(&parts, map);
    outlet_reserve(&parts, map);
    parts.wordings = wordings_reserve(map);
    query_reserve(&parts, map, limits);
    parts.backup = memory_reserve(map, "store: backup", 1, sizeof *parts.backup,
                                  "the newcomer is told to try again");
    database_reserve(&parts.database, map, limits->sqlite_heap_size);
    if (s != NULL)
        *s = parts;
    return s;
}

/* --- beginning and end --- */

static int lock(struct plat *p, struct text *why)
{
    int err = plat_data_lock(p);
    if (err == ERR_BUSY)
        text_put(why, "another nephos-aggregator uses this data directory: stop it, or choose another"
                      " directory with --data");
    else if (err != ERR_OK)
        text_put(why, "the data directory cannot be locked: check that it exists and can be written");
    return err;
}

int store_open(struct store *s, struct plat *p, struct text *why)
{
    s->plat = p;
    crc32c_tables_init(s->sums);
    int err = lock(p, why);
    if (err != ERR_OK)
        return err;
    uint64_t size_min = s->limits.instances_max * DISK_PER_INSTANCE;
    if (s->limits.database_size_max < size_min) {
        s->limits.database_size_max = size_min;
        plat_log(p, LOG_WARN, "the configured database size is too small for %u agents: using %u MiB",
                 s->limits.instances_max, (unsigned)(size_min >> 20));
    }
    err = database_open(&s->database, p, s->limits.database_size_max, why);
    if (err != ERR_OK)
        return err;
    err = recovery_run(s, why);
    if (err != ERR_OK) {
        database_close(&s->database);
        return err;
    }
    s->is_open = true;
    s->roll_at = s->expire_at = plat_mono(p);
    retention_check(s);
    tiers_announce(s);
    return ERR_OK;
}

void store_close(struct store *s)
{
    if (!s->is_open)
        return;
    (void)store_commit(s); /* a failure has been said; agents still hold what is lost here */
    backup_end(s->backup);
    database_close(&s->database);
    s->is_open = false;
}

int store_backup_begin(struct store *s)
{
    return s->is_open ? backup_begin(s->backup, &s->database) : ERR_SYSTEM;
}

int store_backup_next(struct store *s, uint8_t *to, uint32_t size)
{
    return backup_next(s->backup, s->sums, to, size);
}

void store_backup_end(struct store *s)
{
    backup_end(s->backup);
}

/* --- work --- */

static bool has_rows(const struct store *s)
{
    return s->tiers[TIER_SECONDS].rows + s->tiers[TIER_MINUTES].rows + s->tiers[TIER_HOURS].rows > 0;
}

/* One bounded piece of work that can wait: room on disk first, because everything else needs it. */
static int maintain(struct store *s, struct mono now)
{
    if (s->retention_due && has_rows(s)) {
        int n = retention_step(s, RETENTION_ROWS, false);
        retention_check(s);
        return n < 0 ? n : ERR_OK;
    }
    int err = events_age(s, now);
    if (err != ERR_OK)
        return err;
    if (s->seal_due || mono_reached(now, s->seal_scan_at)) {
        err = seal_step(s, now);
        if (s->seal_due) {
            retention_check(s);
            return err;
        }
        if (err != ERR_OK)
            return err;
    }
    if (mono_reached(now, s->roll_at)) {
        err = roll_step(s, now);
        retention_check(s);
        return err;
    }
    return mono_reached(now, s->expire_at) ? retention_expire(s, now) : ERR_OK;
}

/* When there is more of it. */
static struct mono upkeep_due_at(const struct store *s, struct mono now)
{
    if (s->upkeep.delay_ms > 0)
        return s->upkeep.at;
    if (s->seal_due || (s->retention_due && has_rows(s)))
        return now;
    return mono_earlier(s->seal_scan_at, mono_earlier(s->roll_at, s->expire_at));
}

struct mono store_step(struct store *s, struct mono now)
{
    if (!s->is_open)
        return MONO_NEVER;
    bool is_new = s->has_new;
    s->has_new = false;
    if (mono_reached(now, is_new ? commit_from(s) : commit_due_at(s))) {
        s->committed = now;
        (void)store_commit(s);
    }
    if (commit_may_try(&s->upkeep, now)) {
        commit_note(s, &s->upkeep, "seal, roll up or drop old samples", maintain(s, now));
        database_checkpoint(&s->database);
    }
    return mono_earlier(commit_due_at(s), upkeep_due_at(s, now));
}

/* --- about itself --- */

static int64_t oldest_sample_ms(struct store *s)
{
    int64_t oldest = 0;
    if (database_next(&s->database, SQL_CHUNK_OLDEST) == 1) {
        oldest = sqlite3_column_int64(database_statement(&s->database, SQL_CHUNK_OLDEST), 1);
        database_reset(&s->database, SQL_CHUNK_OLDEST);
    }
    for (uint32_t i = 0; i < s->instance_count; i++) {
        int64_t pending = journal_oldest_ms(&s->journal, &s->states[i].pending);
        if (pending != INT64_MAX && (oldest == 0 || pending < oldest))
            oldest = pending;
    }
    return oldest;
}

void store_stats(struct store *s, struct store_stats *out)
{
    sqlite3_int64 now = 0, high = 0;
    *out = s->stats;
    if (!s->is_open)
        return;
    (void)sqlite3_status64(SQLITE_STATUS_MEMORY_USED, &now, &high, 0);
    out->sqlite_heap_bytes = now;
    out->sqlite_heap_high_water = high;
    out->journal_rows = (uint64_t)(s->journal.next_row - s->journal.first_row);
    out->chunks = (uint64_t)s->tiers[TIER_SECONDS].rows;
    for (uint32_t i = 0; i < TIER_COUNT; i++) {
        out->tiers[i].rows = (uint64_t)s->tiers[i].rows;
        out->tiers[i].bytes = (uint64_t)s->tiers[i].bytes;
        out->tiers[i].horizon_ms = s->tiers[i].horizon_ms;
    }
    out->database_bytes = database_bytes(&s->database);
    out->database_bytes_max = s->limits.database_size_max;
    out->blocks_staged = s->staging.next - s->staging.committed;
    out->staging_bytes = s->staging.staged_bytes;
    out->oldest_sample_ms = oldest_sample_ms(s);
}
