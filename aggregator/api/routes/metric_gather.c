/* SPDX-License-Identifier: MIT */
/* Points for GET /metrics, host by host, one slice of a store query a step.
 *
 * Agents of ours sample evenly: steps of half their interval hold one sample each. What clients send comes at
 * any time; steps in which a series has several samples are asked for again, by the millisecond. */
#include <string.h>

#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/metric_list.h"

#define TOLD_STEP_MS 500
#define TOLD_STEPS_DEFAULT 2400 /* 20 minutes: 20 points of who sends each half minute, twice */

/* --- which series --- */

bool metric_is_classic(const struct store_metric *metric, const char *tag)
{
    static const char *const names[] = {
        "cpu_usage",         "memory_usage_percent", "response_time_ms",
        "network_rx_mb",     "network_tx_mb",        "load_average_1min",
        "load_average_5min", "load_average_15min",
    };
    if (text_equal(metric->name, "disk_usage_percent"))
        return tag[0] == 0 || text_equal(tag, "mount=/");
    for (uint32_t i = 0; i < COUNT_OF(names); i++)
        if (text_equal(metric->name, names[i]))
            return true;
    return false;
}

bool metric_is_shown(const struct instance *in, const struct store_metric *metric, const char *tag)
{
    return instance_is_told(in) || metric_is_classic(metric, tag);
}

static bool is_wanted(const struct metrics_state *st, const struct instance *in,
                      const struct store_metric *metric, const char *tag)
{
    if (st->tags[0] != 0 && !glob_match_any(st->tags, tag))
        return false;
    if (st->metric[0] != 0 && !text_equal(st->metric, metric->name))
        return false;
    bool may_be_ambiguous = st->tags[0] == 0 && text_equal(metric->name, "disk_usage_percent");
    return (st->metric[0] != 0 && !may_be_ambiguous) || metric_is_shown(in, metric, st->tags[0] ? "" : tag);
}

/* Lists the wanted series of st->instance that have samples; returns the time of the newest, or 0. */
static int64_t select_series(struct store *s, struct metrics_state *st)
{
    int64_t newest_ms = 0;
    uint32_t count = store_series_count(s, st->instance);
    st->series_count = 0;
    for (uint32_t i = 0; i < count && i <= UINT16_MAX && st->series_count < QUERY_SERIES_MAX; i++) {
        const struct store_series *series = store_series(s, st->instance, i);
        if (series->last_ms == 0 ||
            !is_wanted(st, store_instance(s, st->instance), store_metric(s, series->metric_index),
                       series->tag))
            continue;
        st->series[st->series_count++] = (uint16_t)i;
        if (series->last_ms > newest_ms)
            newest_ms = series->last_ms;
    }
    bool is_told_already = st->list->is_continued && newest_ms > st->list->behind.time_ms;
    return is_told_already ? st->list->behind.time_ms : newest_ms;
}

/* --- gathering --- */

static void gather_last_values(struct store *s, struct metrics_state *st)
{
    for (uint32_t i = 0; i < st->series_count; i++) {
        const struct store_series *series = store_series(s, st->instance, st->series[i]);
        metric_list_push(st->list, &(struct metric_point){st->instance, st->series[i], series->last_ms,
                                              series->last_value});
    }
}

static void keep(struct metrics_state *st, uint32_t position, const struct store_cell *c)
{
    const struct metric_point p = {st->instance, st->series[position], c->last_ms, c->last};
    metric_list_push(st->list, &p);
}

static void note_crowded(struct crowded *c, int64_t at_ms)
{
    for (uint32_t i = 0; i < c->count; i++)
        if (c->at_ms[i] == at_ms)
            return;
    if (c->count < CROWDED_MAX)
        c->at_ms[c->count++] = at_ms;
}

/* What the page before has told, and what lies in one step with it, is not counted among the newest. */
static uint32_t count_in(const struct metrics_state *st, const struct store_cell *c)
{
    bool is_seam = st->list->is_continued && c->last_ms >= st->list->behind.time_ms;
    return is_seam ? 0 : c->count;
}

/* Of what clients send at times of their own. */
static void gather_told(struct store *s, struct metrics_state *st)
{
    struct crowded *crowded = &st->list->crowded;
    for (uint32_t i = 0; i < st->series_count; i++) {
        uint32_t found = 0;
        for (uint32_t p = store_query_points(s, st->query); p > 0 && found < st->depth; p--) {
            const struct store_cell *c = store_query_cell(s, st->query, i, p - 1);
            if (c->count == 1)
                keep(st, i, c);
            else if (c->count > 1)
                note_crowded(crowded, crowded->from_ms + (int64_t)(p - 1) * TOLD_STEP_MS);
            found += count_in(st, c);
        }
    }
}

/* Of one such step, those series that have several points there: the others are in the list already. */
static void gather_expanded(struct store *s, struct metrics_state *st)
{
    uint32_t points = store_query_points(s, st->query);
    for (uint32_t i = 0; i < st->series_count; i++) {
        uint32_t found = 0;
        for (uint32_t p = 0; p < points && found < 2; p++)
            found += store_query_cell(s, st->query, i, p)->count;
        for (uint32_t p = 0; p < points && found > 1; p++) {
            const struct store_cell *c = store_query_cell(s, st->query, i, p);
            if (c->count > 0)
                keep(st, i, c);
        }
    }
}

static void gather_cells(struct store *s, struct metrics_state *st)
{
    for (uint32_t i = 0; i < st->series_count; i++) {
        uint32_t found = 0;
        for (uint32_t p = store_query_points(s, st->query); p > 0 && found < st->depth; p--) {
            const struct store_cell *c = store_query_cell(s, st->query, i, p - 1);
            if (c->count == 0)
                continue;
            keep(st, i, c);
            found += count_in(st, c) > 0;
        }
    }
}

static int ask_store(struct store *s, const struct metrics_state *st, int64_t from_ms, int64_t to_ms,
                     int64_t step_ms)
{
    struct store_query_ask ask = {.instance = st->instance, .series_count = st->series_count,
                                  .from_ms = from_ms, .to_ms = to_ms, .step_ms = step_ms};
    memcpy(ask.series, st->series, sizeof(ask.series));
    return store_query_begin(s, &ask);
}

/* The next step that has to be looked at again; ERR_MISSING when there is none. */
static int begin_expansion(struct store *s, struct metrics_state *st)
{
    struct crowded *c = &st->list->crowded;
    if (c->next == c->count || st->series_count > QUERY_CELLS_MAX / (TOLD_STEP_MS + 1))
        return ERR_MISSING;
    int query = ask_store(s, st, c->at_ms[c->next], c->at_ms[c->next] + TOLD_STEP_MS, 1);
    if (query >= 0)
        c->next++;
    return query;
}

static int begin_told(struct store *s, struct metrics_state *st, int64_t newest_ms)
{
    struct crowded *c = &st->list->crowded;
    int64_t steps = QUERY_CELLS_MAX / st->series_count - 1;
    if (!st->is_limited && steps > TOLD_STEPS_DEFAULT)
        steps = TOLD_STEPS_DEFAULT;
    int64_t to_ms = (newest_ms / TOLD_STEP_MS + 1) * TOLD_STEP_MS;
    int64_t from_ms = to_ms > steps * TOLD_STEP_MS ? to_ms - steps * TOLD_STEP_MS : 0;
    if (st->list->count == st->list->capacity && st->list->points[0].time_ms > from_ms) /* older: not kept */
        from_ms = st->list->points[0].time_ms - st->list->points[0].time_ms % TOLD_STEP_MS;
    c->count = c->next = 0;
    c->from_ms = from_ms;
    return ask_store(s, st, from_ms, to_ms, TOLD_STEP_MS);
}

/* Half the sampling interval as step: no cell holds two samples. */
static int begin_query(struct store *s, struct metrics_state *st, int64_t newest_ms)
{
    if (instance_is_told(store_instance(s, st->instance)))
        return begin_told(s, st, newest_ms);
    uint32_t interval_ms = store_instance(s, st->instance)->interval_ms;
    int64_t step_ms = interval_ms >= 2 ? interval_ms / 2 : 500;
    int64_t steps = 2 * (int64_t)st->depth;
    int64_t steps_max = QUERY_CELLS_MAX / st->series_count - 1;
    if (steps > steps_max)
        steps = steps_max;
    int64_t to_ms = (newest_ms / step_ms + 1) * step_ms;
    int64_t from_ms = to_ms - steps * step_ms;
    if (st->list->count == st->list->capacity && st->list->points[0].time_ms > from_ms)
        from_ms = st->list->points[0].time_ms; /* what is older would not be kept */
    return ask_store(s, st, from_ms > 0 ? from_ms - from_ms % step_ms : 0, to_ms, step_ms);
}

/* The query is over: its points are gathered, and the next one of the same host begins, or the next host's
 * turn. */
static void end_query(struct store *s, struct metrics_state *st)
{
    bool is_told = instance_is_told(store_instance(s, st->instance));
    if (st->is_expanding)
        gather_expanded(s, st);
    else if (is_told)
        gather_told(s, st);
    else
        gather_cells(s, st);
    store_query_end(s, st->query);
    st->query = -1;
    st->is_expanding = is_told;
}

int metric_gather(struct store *s, struct metrics_state *st)
{
    if (st->query >= 0) {
        int more = store_query_step(s, st->query);
        if (more != 0)
            return more > 0 ? ERR_AGAIN : more;
        end_query(s, st);
        st->instance += !st->is_expanding;
    }
    if (st->is_expanding) {
        int query = begin_expansion(s, st);
        if (query >= 0)
            st->query = query;
        if (query != ERR_MISSING)
            return query == ERR_FULL ? ERR_BUSY : query < 0 ? query : ERR_AGAIN;
        st->is_expanding = false;
        st->instance++;
    }
    uint32_t end = st->only_instance == ANY_INSTANCE ? store_instance_count(s) : st->only_instance + 1;
    for (; st->instance < end; st->instance++) {
        int64_t newest_ms = select_series(s, st);
        bool is_too_old = st->list->count == st->list->capacity &&
                          newest_ms < st->list->points[0].time_ms;
        if (st->series_count == 0 || is_too_old || store_instance(s, st->instance)->deleted_ms != 0)
            continue;
        if (st->depth == 1 && !st->is_limited) {
            gather_last_values(s, st);
            continue;
        }
        int query = begin_query(s, st, newest_ms);
        if (query < 0)
            return query == ERR_FULL ? ERR_BUSY : query; /* all are running */
        st->query = query;
        return ERR_AGAIN;
    }
    metric_list_sort_newest_first(st->list);
    return PRODUCE_DONE;
}
