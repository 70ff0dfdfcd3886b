/* SPDX-License-Identifier: MIT */
/* GET /api/v1/query: columns of one host over a range, folded to steps; across.c has those of many.
 *
 *     ?instance=ID            one host; without it see across.c
 *     &metric=A,B*            names or patterns, comma-separated or repeated; default all
 *     &tags=device=vda,mode=* patterns of whole tags; default all
 *     &from= &to=             RFC 3339, YYYY-MM-DD, epoch ms, -6h, now; default the last hour
 *     &step=10s | auto        with &points=600 at most that many steps
 *     &fold=                  avg min max last sum count rate; default avg, and rate for counters */
#include <string.h>

#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/query.h"

#define PATTERNS_SIZE 1024U
#define RANGE_MS_MAX (INT64_C(3660) * 86400 * MS_PER_S) /* ten years */

/* --- what is asked --- */

int query_patterns(struct span query, const char *name, char *to, uint32_t to_size)
{
    struct span key, value;
    uint32_t used = 0;
    to[0] = 0;
    while (query_next(&query, &key, &value)) {
        if (!span_equal(key, name) || value.length == 0)
            continue;
        if (used > 0 && used + 1 < to_size)
            to[used++] = ',';
        int n = percent_decode(value, true, to + used, to_size - used);
        if (n < 0)
            return n;
        used += (uint32_t)n;
    }
    return ERR_OK;
}

bool query_read_time(struct exchange *x, const char *name, int64_t fallback_ms, int64_t *out)
{
    char text[64];
    int length = query_text(x->request->query, name, text, sizeof(text));
    *out = fallback_ms;
    if (length == ERR_MISSING)
        return true;
    if (length > 0 && time_parse(text, x->now_ms, out) == ERR_OK)
        return true;
    respond_error(x, 400, NULL,
                  "%s is not a time: write 2026-01-15T12:00:00Z, 2026-01-15, milliseconds since 1970, "
                  "-6h or now", name);
    return false;
}

int64_t query_round_step(int64_t range_ms, uint64_t points, int64_t interval_ms)
{
    static const int64_t steps[] = {100,    200,    500,     1000,    2000,    5000,    10000,   15000,
                                    30000,  60000,  120000,  300000,  600000,  900000,  1800000, 3600000,
                                    7200000, 10800000, 21600000, 43200000, 86400000};
    for (uint32_t i = 0; i < COUNT_OF(steps); i++)
        if (steps[i] >= interval_ms && range_ms / steps[i] <= (int64_t)points)
            return steps[i];
    return 7 * steps[COUNT_OF(steps) - 1];
}

static bool read_step(struct exchange *x, struct query_range *r)
{
    char text[24];
    r->points = 600;
    if (query_number(x->request->query, "points", 1, 10000, &r->points) == ERR_MALFORMED) {
        respond_error(x, 400, NULL, "points must be a number from 1 to 10000");
        return false;
    }
    int length = query_text(x->request->query, "step", text, sizeof(text));
    r->step_ms = 0;
    if (length == ERR_MISSING || (length > 0 && text_equal(text, "auto")))
        return true;
    if (length > 0 && duration_parse(text, &r->step_ms) == ERR_OK && r->step_ms >= 1 &&
        r->step_ms <= RANGE_MS_MAX)
        return true;
    respond_error(x, 400, NULL, "step is not a length of time: write 10s, 1m, 1h or auto");
    return false;
}

static bool read_fold(struct exchange *x, struct query_range *r)
{
    char text[16];
    int length = query_text(x->request->query, "fold", text, sizeof(text));
    r->fold = FOLD_BY_KIND;
    if (length == ERR_MISSING)
        return true;
    for (uint32_t i = 0; length > 0 && i < FOLD_COUNT_ALL; i++)
        if (text_equal(text, query_fold_names[i])) {
            r->fold = (int)i;
            return true;
        }
    respond_error(x, 400, NULL, "fold must be avg, min, max, last, sum, count or rate");
    return false;
}

bool query_read_range(struct exchange *x, struct query_range *r)
{
    if (!query_read_time(x, "to", x->now_ms, &r->to_ms) ||
        !query_read_time(x, "from", r->to_ms - 3600 * MS_PER_S, &r->from_ms))
        return false;
    if (r->from_ms < r->to_ms && r->from_ms >= 0 && r->to_ms - r->from_ms <= RANGE_MS_MAX)
        return read_step(x, r) && read_fold(x, r);
    respond_error(x, 400, NULL, "from must be before to, and at most ten years before it");
    return false;
}

static bool select_series(struct exchange *x, struct query_state *st)
{
    char metrics[PATTERNS_SIZE], tags[PATTERNS_SIZE];
    if (query_patterns(x->request->query, "metric", metrics, sizeof(metrics)) < 0 ||
        query_patterns(x->request->query, "tags", tags, sizeof(tags)) < 0) {
        respond_error(x, 400, NULL, "metric and tags take up to 1023 characters each");
        return false;
    }
    struct store *s = x->world->store;
    uint32_t count = store_series_count(s, st->instance);
    for (uint32_t i = 0; i < count && i <= UINT16_MAX; i++) {
        const struct store_series *series = store_series(s, st->instance, i);
        const struct store_metric *metric = store_metric(s, series->metric_index);
        if ((metrics[0] != 0 && !glob_match_any(metrics, metric->name)) ||
            (tags[0] != 0 && !glob_match_any(tags, series->tag)))
            continue;
        if (st->series_count == QUERY_SERIES_MAX) {
            respond_error(x, 400, NULL, "more than %u series match; name fewer metrics or tags",
                          QUERY_SERIES_MAX);
            return false;
        }
        st->series[st->series_count++] = (uint16_t)i;
    }
    return true;
}

/* Steps lie on multiples of their length. A rate needs one step more before the first. */
static bool align(struct exchange *x, struct query_state *st)
{
    int64_t step = st->step_ms;
    st->from_ms -= st->from_ms % step;
    if (st->from_ms < step)
        st->from_ms = step;
    st->to_ms += (step - st->to_ms % step) % step;
    int64_t points = st->to_ms > st->from_ms ? (st->to_ms - st->from_ms) / step : 0;
    if ((points + 1) * (int64_t)(st->series_count > 0 ? st->series_count : 1) > QUERY_CELLS_MAX) {
        respond_error(x, 400, NULL,
                      "%u series x %lld steps are over the %u values that one answer may hold; name fewer "
                      "metrics, a shorter range or a longer step",
                      st->series_count, (long long)points, QUERY_CELLS_MAX);
        return false;
    }
    st->points = (uint32_t)points;
    return true;
}

void handle_query(struct exchange *x)
{
    struct query_state *st = exchange_state(x, sizeof(*st));
    struct store *s = x->world->store;
    char id[INSTANCE_ID_SIZE];
    if (across_is_asked(x)) {
        handle_across(x);
        return;
    }
    st->query = -1;
    int length = query_text(x->request->query, "instance", id, sizeof(id));
    int index = length < 0 ? ERR_MISSING : store_instance_find(s, id);
    if (index < 0) {
        respond_error(x, 404, "Instance not found", "no instance has the id that ?instance= says");
        return;
    }
    st->instance = (uint32_t)index;
    int64_t interval_ms = store_instance(s, st->instance)->interval_ms;
    struct query_range range;
    if (!query_read_range(x, &range))
        return;
    st->from_ms = range.from_ms;
    st->to_ms = range.to_ms;
    st->fold = range.fold;
    st->step_ms = range.step_ms > 0 ? range.step_ms
                                    : query_round_step(st->to_ms - st->from_ms, range.points, interval_ms);
    if (!select_series(x, st) || !align(x, st))
        return;
    st->patience_ms = 3 * (st->step_ms > interval_ms ? st->step_ms : interval_ms);
    st->is_ready = st->series_count == 0; /* nothing to look up: an empty answer */
    x->release = query_release;
    respond_json(x, query_produce);
}
