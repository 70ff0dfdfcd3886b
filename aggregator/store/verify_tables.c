/* SPDX-License-Identifier: MIT */
/* The tables that name things: numbers without gaps, texts that fit, references that lead somewhere. */
#include <string.h>

#include "aggregator/store/verify_state.h"
#include "platform/base/bytes.h"
#include "proto/metrics.h"

/* True when the column is a text of at most size - 1 bytes. */
static bool is_text(sqlite3_stmt *q, int column, uint32_t size)
{
    return sqlite3_column_type(q, column) == SQLITE_TEXT && sqlite3_column_bytes(q, column) < (int)size;
}

static void check_instances(struct verify *v)
{
    sqlite3_stmt *q = verify_prepare(v, "instance", "SELECT id, instance_id, name FROM instance ORDER BY id");
    while (q != NULL && verify_next(v, "instance", q) == 1) {
        int64_t id = sqlite3_column_int64(q, 0);
        v->counts.instances++;
        if (id != v->instance_count || v->instance_count == VERIFY_INSTANCES_MAX) {
            verify_tell(v, "table instance: row %lld stands where %u belongs", (long long)id,
                        v->instance_count);
            continue;
        }
        v->series_count[v->instance_count++] = 0;
        if (!is_text(q, 1, INSTANCE_ID_SIZE) || !is_text(q, 2, NAME_SIZE) || sqlite3_column_bytes(q, 1) == 0)
            verify_tell(v, "table instance: row %lld has no good id or name", (long long)id);
    }
    q = verify_prepare(v, "instance", "SELECT instance_id FROM instance GROUP BY 1 HAVING count(*) > 1");
    while (q != NULL && verify_next(v, "instance", q) == 1)
        verify_tell(v, "table instance: %.80s is there twice", (const char *)sqlite3_column_text(q, 0));
}

static void check_metrics(struct verify *v)
{
    sqlite3_stmt *q = verify_prepare(v, "metric", "SELECT id, name, unit, scale, kind FROM metric ORDER "
                                     "BY id");
    while (q != NULL && verify_next(v, "metric", q) == 1) {
        int64_t id = sqlite3_column_int64(q, 0), scale = sqlite3_column_int64(q, 3);
        int64_t kind = sqlite3_column_int64(q, 4);
        bool good = id == v->metric_count && is_text(q, 1, METRIC_SIZE) && is_text(q, 2, UNIT_SIZE) &&
                    scale > 0 && scale <= UINT32_MAX && (kind == METRIC_GAUGE || kind == METRIC_COUNTER);
        if (!good)
            verify_tell(v, "table metric: row %lld is not good", (long long)id);
        v->metric_count = (uint32_t)id + 1;
    }
}

static void check_series(struct verify *v)
{
    sqlite3_stmt *q = verify_prepare(v, "series",
                                     "SELECT instance, series, metric, tag FROM series ORDER BY instance, "
                                         "series");
    while (q != NULL && verify_next(v, "series", q) == 1) {
        int64_t instance = sqlite3_column_int64(q, 0), series = sqlite3_column_int64(q, 1);
        int64_t metric = sqlite3_column_int64(q, 2);
        v->counts.series++;
        if (instance < 0 || instance >= v->instance_count || series != v->series_count[instance] ||
            series >= UINT16_MAX || metric < 0 || metric >= v->metric_count || !is_text(q, 3, TAG_SIZE)) {
            verify_tell(v, "table series: row (%lld, %lld) is not good", (long long)instance,
                        (long long)series);
            continue;
        }
        v->series_count[instance]++;
    }
    q = verify_prepare(v, "series", "SELECT instance, metric, tag FROM series GROUP BY 1, 2, 3 HAVING "
                       "count(*) > 1");
    while (q != NULL && verify_next(v, "series", q) == 1)
        verify_tell(v, "table series: metric %lld of instance %lld is there twice with the tag '%.80s'",
                    (long long)sqlite3_column_int64(q, 1), (long long)sqlite3_column_int64(q, 0),
                    (const char *)sqlite3_column_text(q, 2));
}

/* Each slot's series must be one of the instance's, and of no other slot. */
static bool are_slots_good(struct verify *v, uint32_t instance, const uint8_t *bytes, uint32_t count)
{
    memset(v->seen, 0, sizeof v->seen);
    for (uint32_t i = 0; i < count; i++) {
        uint16_t series = get_u16(bytes + 2 * (size_t)i);
        if (series == UINT16_MAX) /* it found no room */
            continue;
        if (series >= v->series_count[instance] || (v->seen[series / 8] >> series % 8 & 1) != 0)
            return false;
        v->seen[series / 8] |= (uint8_t)(1U << series % 8);
    }
    return true;
}

static void check_epochs(struct verify *v)
{
    sqlite3_stmt *q = verify_prepare(v, "epoch", "SELECT instance, epoch, series_of_slot, sealed_sequence "
                                     "FROM epoch");
    while (q != NULL && verify_next(v, "epoch", q) == 1) {
        int64_t instance = sqlite3_column_int64(q, 0), sealed = sqlite3_column_int64(q, 3);
        uint64_t epoch = (uint64_t)sqlite3_column_int64(q, 1);
        const uint8_t *slots = sqlite3_column_blob(q, 2);
        uint32_t size = (uint32_t)sqlite3_column_bytes(q, 2);
        v->counts.epochs++;
        if (instance < 0 || instance >= v->instance_count || size % 2 != 0 || size > 2 * SLOTS_MAX ||
            sealed < 0 ||
            (size > 0 && slots == NULL) || !are_slots_good(v, (uint32_t)instance, slots, size / 2)) {
            verify_tell(v, "table epoch: the dictionary of epoch %016llx of instance %lld is not good",
                        (unsigned long long)epoch, (long long)instance);
            if (instance < 0 || instance >= v->instance_count)
                continue;
        }
        struct verify_epoch *e = verify_epoch(v, (uint32_t)instance, epoch, true);
        if (e == NULL)
            continue;
        e->slot_count = (uint16_t)(size / 2 <= SLOTS_MAX ? size / 2 : SLOTS_MAX);
        e->sealed = (uint64_t)sealed;
    }
}

static void check_references(struct verify *v)
{
    sqlite3_stmt *q = verify_prepare(v, "instance", "SELECT id, epoch FROM instance i WHERE epoch IS NOT "
                                     "NULL AND NOT"
                                     " EXISTS (SELECT 1 FROM epoch e WHERE e.instance = i.id AND e.epoch "
                                         "= i.epoch)");
    while (q != NULL && verify_next(v, "instance", q) == 1)
        verify_tell(v, "table epoch: the live epoch of instance %lld is missing",
                    (long long)sqlite3_column_int64(q, 0));
    q = verify_prepare(v, "token_use", "SELECT rowid, typeof(token), length(token), length(holder) FROM"
                       " (SELECT 0 AS rowid, token, holder FROM token_use)"
                       " WHERE typeof(token) <> 'blob' OR length(token) <> 8 OR length(holder) <> 32");
    while (q != NULL && verify_next(v, "token_use", q) == 1)
        verify_tell(v, "table token_use: a row is not good");
}

void verify_names(struct verify *v)
{
    check_instances(v);
    check_metrics(v);
    check_series(v);
    check_epochs(v);
    check_references(v);
}
