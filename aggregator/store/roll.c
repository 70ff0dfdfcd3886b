/* SPDX-License-Identifier: MIT */
/* The work of rolling up; see roll.h. One step takes chunks of one epoch that begin in the same hour, adds
 * their samples to the minutes of that hour and the hour to its day, and puts one chunk in the place of those
 * that follow one another. One transaction; it need not be synced, since a power cut loses it as a whole. */
#include "aggregator/store/roll.h"

#include <string.h>

#include "aggregator/store/cell.h"
#include "aggregator/store/state.h"

#define DUE_AFTER_HOUR_MS INT64_C(1200000) /* by then the hour's last samples are sealed */
#define DUE_LATE_MS INT64_C(300000)        /* of what comes late more may follow */
#define DUE_MS_MAX INT64_C(4800000)        /* from now, whatever the samples' clock says */
#define DUE_SPREAD_MS INT64_C(600000)      /* all hosts have the same hours */
#define LOOK_MS 30000
#define PAUSE_MS 20                        /* between two steps: others want the processor too */
#define NOT_IN_HOUR UINT8_MAX
#define GAP_MS_MIN INT64_C(60000)

static const struct rollup_spec minutes = {.point_ms = MINUTE_MS, .points = 60};
static const struct rollup_spec hours = {.point_ms = HOUR_MS, .points = 24};

int64_t roll_due_ms(const struct store *s, uint32_t instance, int64_t max_ms)
{
    int64_t now_ms = wall_ms(plat_wall(s->plat));
    int64_t due_ms = floor_ms(max_ms, HOUR_MS) + HOUR_MS + DUE_AFTER_HOUR_MS;
    due_ms = due_ms < now_ms + DUE_LATE_MS ? now_ms + DUE_LATE_MS : due_ms;
    due_ms = due_ms > now_ms + DUE_MS_MAX ? now_ms + DUE_MS_MAX : due_ms;
    return due_ms + (int64_t)(instance * UINT32_C(2654435761) % (uint32_t)DUE_SPREAD_MS);
}

struct rolling {
    struct store *s;
    struct roll_work *w;
    uint32_t instance;
    struct tier_state tiers[TIER_COUNT];
    int64_t chunk_next;
    uint64_t dropped, merged;
};

/* --- reading --- */

/* Takes the row of SQL_CHUNK_GROUP at hand; false when it finds no room. */
static bool take_source(struct rolling *r, sqlite3_stmt *row)
{
    struct roll_work *w = r->w;
    const uint8_t *bytes = sqlite3_column_blob(row, 6);
    uint32_t size = (uint32_t)sqlite3_column_bytes(row, 6);
    struct chunk *c = &w->chunks[w->source_count];
    uint8_t *to = w->bytes + w->bytes_used;
    if (w->source_count == CHUNK_PARTS_MAX || w->damaged_count == CHUNK_PARTS_MAX)
        return false;
    if (size > ROLL_BYTES_MAX - w->bytes_used && w->bytes_used > 0)
        return false;
    bool good = bytes != NULL && size <= ROLL_BYTES_MAX - w->bytes_used;
    if (good) {
        memcpy(to, bytes, size);
        good = chunk_open(r->s->sums, to, size, c) == ERR_OK;
    }
    if (good && w->source_count > 0 &&
        (w->samples + c->count > CHUNK_SAMPLES_MAX ||
         w->values + c->count * c->column_count > ROLL_VALUES_MAX))
        return false;
    if (!good || chunk_times(c, w->merge.walk.values) != ERR_OK) {
        w->damaged[w->damaged_count++] = sqlite3_column_int64(row, 0);
        return true;
    }
    memcpy(w->time_ms + w->samples, w->merge.walk.values, c->count * sizeof w->time_ms[0]);
    w->sources[w->source_count++] = (struct roll_source){
        .id = sqlite3_column_int64(row, 0), .min_ms = sqlite3_column_int64(row, 1),
        .max_ms = sqlite3_column_int64(row, 2),
        .first_sequence = (uint64_t)sqlite3_column_int64(row, 3),
        .last_sequence = (uint64_t)sqlite3_column_int64(row, 4),
        .age_ms = sqlite3_column_int64(row, 5), .size = size};
    w->bytes_used += size;
    w->samples += c->count;
    w->values += c->count * c->column_count;
    return true;
}

static int take_sources(struct rolling *r, uint64_t epoch, int64_t hour_ms)
{
    struct database *d = &r->s->database;
    struct roll_work *w = r->w;
    sqlite3_stmt *row = database_statement(d, SQL_CHUNK_GROUP);
    int n;
    w->source_count = w->samples = w->values = w->bytes_used = w->damaged_count = 0;
    (void)sqlite3_bind_int64(row, 1, r->instance);
    (void)sqlite3_bind_int64(row, 2, hour_ms);
    (void)sqlite3_bind_int64(row, 3, hour_ms + HOUR_MS);
    (void)sqlite3_bind_int64(row, 4, (int64_t)epoch);
    while ((n = database_next(d, SQL_CHUNK_GROUP)) == 1)
        if (!take_source(r, row))
            break;
    if (n == 1)
        database_reset(d, SQL_CHUNK_GROUP);
    return n < 0 ? n : ERR_OK;
}

/* --- rolling up --- */

/* Adds the row that is on disk, if there is one, to the builder; *old_size is its size. */
static int add_stored(struct rolling *r, const struct rollup_spec *spec, int64_t *old_size)
{
    struct store *s = r->s;
    sqlite3_stmt *get = database_statement(&s->database, SQL_ROLLUP_GET);
    *old_size = -1;
    (void)sqlite3_bind_int64(get, 1, r->instance);
    (void)sqlite3_bind_int64(get, 2, spec->point_ms);
    (void)sqlite3_bind_int64(get, 3, spec->start_ms);
    int n = database_next(&s->database, SQL_ROLLUP_GET);
    if (n <= 0)
        return n;
    struct rollup row;
    const uint8_t *bytes = sqlite3_column_blob(get, 0);
    *old_size = sqlite3_column_bytes(get, 0);
    if (bytes == NULL || rollup_open(s->sums, spec, bytes, (uint32_t)*old_size, &row) != ERR_OK ||
        rollup_add(&row, &r->w->builder) != ERR_OK)
        s->damaged++; /* what it held is lost, what comes is not */
    database_reset(&s->database, SQL_ROLLUP_GET);
    return ERR_OK;
}

/* Writes the builder's row together with what was stored of it before. */
static int put_row(struct rolling *r, enum store_tier tier)
{
    struct store *s = r->s;
    struct rollup_builder *b = &r->w->builder;
    int64_t old_size;
    int err = add_stored(r, &b->spec, &old_size);
    if (err != ERR_OK)
        return err;
    uint32_t size = rollup_encode(s->sums, b, r->w->out, sizeof r->w->out);
    if (size == 0)
        return ERR_OK;
    sqlite3_stmt *put = database_statement(&s->database, SQL_ROLLUP_PUT);
    (void)sqlite3_bind_int64(put, 1, r->instance);
    (void)sqlite3_bind_int64(put, 2, b->spec.point_ms);
    (void)sqlite3_bind_int64(put, 3, b->spec.start_ms);
    (void)sqlite3_bind_blob(put, 4, r->w->out, (int)size, SQLITE_STATIC);
    r->tiers[tier].rows += old_size < 0;
    r->tiers[tier].bytes += size - (old_size < 0 ? 0 : old_size);
    return database_run(&s->database, SQL_ROLLUP_PUT);
}

/* Which minute each sample is in; false when none is in the hour. */
static bool find_minutes(struct roll_work *w, int64_t hour_ms)
{
    bool some = false;
    for (uint32_t i = 0; i < w->samples; i++) {
        int64_t t = w->time_ms[i] - hour_ms;
        bool in = t >= 0 && t < HOUR_MS;
        w->minute_of[i] = in ? (uint8_t)((uint32_t)t / (uint32_t)MINUTE_MS) : NOT_IN_HOUR;
        some |= in;
    }
    return some;
}

/* The samples of the hour, by series and minute, into the builder. */
static int fold_sources(struct roll_work *w)
{
    struct chunk_walk *walk = &w->merge.walk;
    int n;
    chunk_walk_begin(walk, w->chunks, w->source_count);
    while ((n = chunk_walk_next(walk)) == 1) {
        if (walk->series >= ROLLUP_SERIES_MAX)
            continue;
        struct store_cell *cells = rollup_cells(&w->builder, walk->series);
        for (uint32_t k = 0; k < walk->count; k++) {
            uint32_t sample = walk->sample_of[k];
            if (w->minute_of[sample] != NOT_IN_HOUR)
                cell_add(&cells[w->minute_of[sample]], walk->values[k], w->time_ms[sample]);
        }
    }
    return n;
}

static void add_up(struct roll_work *w)
{
    for (uint32_t i = 0; i < ROLLUP_SERIES_MAX; i++) {
        w->totals[i] = (struct store_cell){.count = 0};
        for (uint32_t p = 0; w->builder.named[i] && p < minutes.points; p++)
            cell_merge(&w->totals[i], &w->builder.cells[i][p]);
    }
}

static void take_totals(struct roll_work *w, uint32_t point)
{
    for (uint32_t i = 0; i < ROLLUP_SERIES_MAX; i++)
        if (w->totals[i].count > 0)
            rollup_cells(&w->builder, i)[point] = w->totals[i];
}

static int roll_hour(struct rolling *r, int64_t hour_ms)
{
    struct roll_work *w = r->w;
    struct rollup_spec spec = minutes;
    int err = ERR_OK;
    if (!find_minutes(w, hour_ms))
        return ERR_OK;
    spec.start_ms = hour_ms;
    rollup_reset(&w->builder, &spec);
    if (fold_sources(w) != 0)
        r->s->damaged++; /* what could be read counts */
    add_up(w);
    if (hour_ms >= r->tiers[TIER_MINUTES].horizon_ms)
        err = put_row(r, TIER_MINUTES);
    if (err != ERR_OK || hour_ms < r->tiers[TIER_HOURS].horizon_ms)
        return err;
    spec = hours;
    spec.start_ms = floor_ms(hour_ms, DAY_MS);
    rollup_reset(&w->builder, &spec);
    take_totals(w, (uint32_t)((hour_ms - spec.start_ms) / HOUR_MS));
    return put_row(r, TIER_HOURS);
}

/* --- merging --- */

static int run_on(struct store *s, enum statement which, int64_t id)
{
    (void)sqlite3_bind_int64(database_statement(&s->database, which), 1, id);
    return database_run(&s->database, which);
}

static int drop_source(struct rolling *r, int64_t id, int64_t size)
{
    r->tiers[TIER_SECONDS].rows--;
    r->tiers[TIER_SECONDS].bytes -= size;
    return run_on(r->s, SQL_CHUNK_DELETE, id);
}

/* Pushed samples have no sequence of their own: only their times tell. */
static bool follows(const struct rolling *r, uint64_t epoch, const struct roll_source *first,
                    const struct roll_source *before, const struct roll_source *next)
{
    if (!epoch_is_push(epoch) && next->first_sequence != before->last_sequence + 1)
        return false;
    int64_t gap_ms = (int64_t)r->s->instances[r->instance].interval_ms * 3;
    gap_ms = gap_ms > GAP_MS_MIN ? gap_ms : GAP_MS_MIN;
    return next->min_ms >= before->max_ms && next->min_ms - before->max_ms <= gap_ms &&
           next->max_ms - first->min_ms <= CHUNK_SPAN_MS_MAX;
}

static int put_merged(struct rolling *r, uint64_t epoch, uint32_t from, uint32_t to, uint32_t size)
{
    struct store *s = r->s;
    const struct roll_work *w = r->w;
    const struct roll_source *first = &w->sources[from], *last = &w->sources[to - 1];
    int64_t age_ms = first->age_ms;
    uint32_t samples = 0;
    for (uint32_t i = from; i < to; i++) {
        samples += w->chunks[i].count;
        age_ms = w->sources[i].age_ms > age_ms ? w->sources[i].age_ms : age_ms;
    }
    sqlite3_stmt *put = database_statement(&s->database, SQL_CHUNK_PUT);
    (void)sqlite3_bind_int64(put, 1, r->chunk_next++);
    (void)sqlite3_bind_int64(put, 2, r->instance);
    (void)sqlite3_bind_int64(put, 3, first->min_ms);
    (void)sqlite3_bind_int64(put, 4, last->max_ms);
    (void)sqlite3_bind_int64(put, 5, (int64_t)epoch);
    (void)sqlite3_bind_int64(put, 6, (int64_t)first->first_sequence);
    (void)sqlite3_bind_int64(put, 7, (int64_t)last->last_sequence);
    (void)sqlite3_bind_int64(put, 8, samples);
    (void)sqlite3_bind_blob(put, 9, w->out, (int)size, SQLITE_STATIC);
    (void)sqlite3_bind_int64(put, 10, age_ms);
    (void)sqlite3_bind_null(put, 11);
    r->tiers[TIER_SECONDS].rows++;
    r->tiers[TIER_SECONDS].bytes += size;
    r->merged += to - from;
    return database_run(&s->database, SQL_CHUNK_PUT);
}

/* Sources from..to-1, which follow one another, become one chunk; or stay as they are, but rolled up. */
static int keep_run(struct rolling *r, uint64_t epoch, uint32_t from, uint32_t to)
{
    struct store *s = r->s;
    struct roll_work *w = r->w;
    bool is_old = w->sources[to - 1].max_ms < r->tiers[TIER_SECONDS].horizon_ms;
    int size = 0, err = ERR_OK;
    if (!is_old && to - from > 1)
        size = chunk_merge(s->sums, &w->merge, w->chunks + from, to - from, w->out, sizeof w->out);
    for (uint32_t i = from; i < to && err == ERR_OK; i++)
        err = is_old || size > 0 ? drop_source(r, w->sources[i].id, w->sources[i].size)
                                 : run_on(s, SQL_CHUNK_ROLLED, w->sources[i].id);
    if (is_old)
        r->dropped += to - from; /* nobody would read it: finer samples of its time are gone */
    return err == ERR_OK && size > 0 ? put_merged(r, epoch, from, to, (uint32_t)size) : err;
}

static int keep_sources(struct rolling *r, uint64_t epoch)
{
    const struct roll_work *w = r->w;
    for (uint32_t from = 0, to; from < w->source_count; from = to) {
        for (to = from + 1; to < w->source_count; to++)
            if (!follows(r, epoch, &w->sources[from], &w->sources[to - 1], &w->sources[to]))
                break;
        int err = keep_run(r, epoch, from, to);
        if (err != ERR_OK)
            return err;
    }
    for (uint32_t i = 0; i < w->damaged_count; i++) { /* they stay, to be looked at, until their time comes */
        int err = run_on(r->s, SQL_CHUNK_ROLLED, w->damaged[i]);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

/* --- steps --- */

static int transact(struct rolling *r, uint64_t epoch, int64_t hour_ms)
{
    struct database *d = &r->s->database;
    int err = database_begin(d, false);
    if (err != ERR_OK)
        return err;
    err = roll_hour(r, hour_ms);
    if (err == ERR_OK) /* a chunk may reach into the next one */
        err = roll_hour(r, hour_ms + HOUR_MS);
    if (err == ERR_OK)
        err = keep_sources(r, epoch);
    if (err == ERR_OK)
        err = tiers_put(r->s, r->tiers);
    if (err == ERR_OK)
        return database_commit(d);
    database_rollback(d);
    return err;
}

int roll_group(struct store *s, uint32_t instance, uint64_t epoch, int64_t hour_ms)
{
    struct rolling r = {.s = s, .w = s->roll, .instance = instance, .chunk_next = s->chunk_next};
    memcpy(r.tiers, s->tiers, sizeof r.tiers);
    int err = take_sources(&r, epoch, hour_ms);
    if (err == ERR_OK)
        err = transact(&r, epoch, hour_ms);
    if (err != ERR_OK)
        return err;
    query_disturb(s, instance);
    memcpy(s->tiers, r.tiers, sizeof s->tiers);
    s->chunk_next = r.chunk_next;
    s->stats.values_rolled += r.w->values;
    s->stats.chunks_merged += r.merged;
    s->stats.retention_chunks_dropped += r.dropped;
    if (r.w->damaged_count > 0) {
        s->damaged += r.w->damaged_count;
        plat_log(s->plat, LOG_ERROR, "nephos.db: %u chunks of %s are damaged and left out; check the disk",
                 r.w->damaged_count, s->instances[instance].id);
    }
    return (int)(r.w->source_count + r.w->damaged_count);
}

/* Milliseconds until the first chunk is due, 0 when it is; ERR_MISSING when there is none. */
static int64_t find_due(struct store *s, uint32_t *instance, uint64_t *epoch, int64_t *min_ms)
{
    sqlite3_stmt *due = database_statement(&s->database, SQL_CHUNK_DUE);
    int64_t now_ms = wall_ms(plat_wall(s->plat));
    int n = database_next(&s->database, SQL_CHUNK_DUE);
    if (n <= 0)
        return n == 0 ? ERR_MISSING : n;
    *instance = (uint32_t)sqlite3_column_int64(due, 0);
    *epoch = (uint64_t)sqlite3_column_int64(due, 1);
    *min_ms = sqlite3_column_int64(due, 2);
    int64_t wait_ms = sqlite3_column_int64(due, 3) - now_ms;
    database_reset(&s->database, SQL_CHUNK_DUE);
    /* So far ahead no chunk is ever put: the clock has been set back. */
    return wait_ms <= 0 || wait_ms > DUE_MS_MAX + DUE_SPREAD_MS ? 0 : wait_ms;
}

int roll_step(struct store *s, struct mono now)
{
    uint32_t instance = 0;
    uint64_t epoch = 0;
    int64_t min_ms = 0, wait_ms = find_due(s, &instance, &epoch, &min_ms);
    if (wait_ms < 0 && wait_ms != ERR_MISSING)
        return (int)wait_ms;
    if (wait_ms != 0) {
        s->roll_at = mono_on_beat(mono_after_ms(now, wait_ms < 0 || wait_ms > LOOK_MS ? LOOK_MS : wait_ms));
        return ERR_OK;
    }
    s->roll_at = mono_after_ms(now, PAUSE_MS);
    if (instance >= s->instance_count)
        return ERR_MALFORMED;
    if (query_is_running(s, instance))
        return ERR_OK;
    int n = roll_group(s, instance, epoch, floor_ms(min_ms, HOUR_MS));
    return n < 0 ? n : ERR_OK;
}
