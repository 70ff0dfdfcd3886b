/* SPDX-License-Identifier: MIT */
/* Every rollup, decoded as a whole, and the sums that retention keeps of the tiers. */
#include "aggregator/store/rollup.h"
#include "aggregator/store/verify_state.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

/* Points of a row of that step; 0: there is no such step. */
static uint32_t points_of(int64_t step_ms)
{
    return step_ms == MINUTE_MS ? (uint32_t)(HOUR_MS / MINUTE_MS) : step_ms == HOUR_MS
        ? (uint32_t)(DAY_MS / HOUR_MS)
                                                                                    : 0;
}

static const char *check_cells(const struct store_cell *cells, const struct rollup_spec *spec)
{
    for (uint32_t i = 0; i < spec->points; i++) {
        const struct store_cell *c = &cells[i];
        int64_t from_ms = spec->start_ms + i * spec->point_ms;
        if (c->count == 0)
            continue;
        if (c->min > c->max || c->last < c->min || c->last > c->max)
            return "a least value is above a greatest";
        if (c->last_ms < from_ms || c->last_ms >= from_ms + spec->point_ms)
            return "a sample lies outside its point";
    }
    return NULL;
}

static const char *check_rollup(struct verify *v, int64_t instance, int64_t step_ms, int64_t start_ms,
                                const uint8_t *bytes, uint32_t size)
{
    const struct rollup_spec spec = {.start_ms = start_ms, .point_ms = step_ms, .points = points_of(step_ms)};
    struct store_cell cells[ROLLUP_POINTS_MAX];
    struct rollup r;
    struct rollup_series series;
    int n;
    if (instance < 0 || instance >= v->instance_count)
        return "its instance is not there";
    if (spec.points == 0 || start_ms < 0 || start_ms % (step_ms * spec.points) != 0)
        return "it begins where none does";
    if (bytes == NULL || rollup_open(v->sums, &spec, bytes, size, &r) != ERR_OK)
        return "checksum or head is wrong";
    while ((n = rollup_next(&r, &series)) == 1) {
        if (series.series >= v->series_count[instance])
            return "it names a series that is not there";
        if (rollup_read(&r, &series, cells) != ERR_OK)
            return "a series does not decode";
        const char *wrong = check_cells(cells, &spec);
        if (wrong != NULL)
            return wrong;
        v->counts.values += spec.points;
    }
    return n < 0 ? "its series do not read to the end" : NULL;
}

static void check_tier(struct verify *v, int64_t id, const char *sql)
{
    sqlite3_stmt *q = verify_prepare(v, "tier", sql);
    while (q != NULL && verify_next(v, "tier", q) == 1)
        if (sqlite3_column_int64(q, 0) != sqlite3_column_int64(q, 2) ||
            sqlite3_column_int64(q, 1) != sqlite3_column_int64(q, 3))
            verify_tell(v, "table tier: row %lld tells %lld rows of %lld bytes, and there are %lld of %lld",
                        (long long)id, (long long)sqlite3_column_int64(q, 0),
                        (long long)sqlite3_column_int64(q, 1), (long long)sqlite3_column_int64(q, 2),
                        (long long)sqlite3_column_int64(q, 3));
}

void verify_rollups(struct verify *v)
{
    sqlite3_stmt *q = verify_prepare(v, "rollup", "SELECT id, instance, step_ms, start_ms, data FROM rollup");
    while (q != NULL && verify_next(v, "rollup", q) == 1) {
        int64_t id = sqlite3_column_int64(q, 0), instance = sqlite3_column_int64(q, 1);
        int64_t step_ms = sqlite3_column_int64(q, 2), start_ms = sqlite3_column_int64(q, 3);
        const uint8_t *bytes = sqlite3_column_blob(q, 4);
        const char *wrong = check_rollup(v, instance, step_ms, start_ms, bytes,
                                         (uint32_t)sqlite3_column_bytes(q, 4));
        if (wrong != NULL)
            verify_tell(v, "table rollup: row %lld, instance %lld, step %lld ms, from %lld ms: %s",
                        (long long)id,
                        (long long)instance, (long long)step_ms, (long long)start_ms, wrong);
        v->counts.rollups++;
        verify_row(v);
    }
    check_tier(v, 0, "SELECT rows, bytes, (SELECT count(*) FROM chunk),"
               " (SELECT coalesce(sum(length(data)), 0) FROM chunk) FROM tier WHERE id = 0");
    check_tier(v, 1, "SELECT rows, bytes, (SELECT count(*) FROM rollup WHERE step_ms = 60000),"
               " (SELECT coalesce(sum(length(data)), 0) FROM rollup WHERE step_ms = 60000) FROM tier "
                   "WHERE id = 1");
    check_tier(v, 2, "SELECT rows, bytes, (SELECT count(*) FROM rollup WHERE step_ms = 3600000),"
               " (SELECT coalesce(sum(length(data)), 0) FROM rollup WHERE step_ms = 3600000) FROM tier"
               " WHERE id = 2");
}
