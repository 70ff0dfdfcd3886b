/* SPDX-License-Identifier: MIT */
/* Points for GET /metrics, host by host, one slice of a store query a step.
 *
 * Agents of ours sample evenly: steps of half their interval hold one sample each. What clients send comes at
 * any time; steps in which a series has several samples are asked for again, by the millisecond. A host that
 * was away has nothing for a while: it is looked for what came before, further and further back. */
#include <string.h>

#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/metric_list.h"

#define TOLD_STEP_MS 500
#define TOLD_STEPS_DEFAULT 2400 /* 20 minutes: 20 points of who sends each half minute, twice */
#define PROBE_STEPS 64          /* more than PROBE_GROWTH */
#define PROBE_GROWTH 4

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
        st->is_short |= found < st->depth;
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
        st->is_short |= found < st->depth;
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

static int ask_points(struct store *s, struct metrics_state *st, int64_t from_ms, int64_t to_ms,
                      int64_t step_ms)
{
    st->is_short = false;
    st->reach_ms = from_ms;
    st->step_ms = step_ms;
    return ask_store(s, st, from_ms, to_ms, step_ms);
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
    return ask_points(s, st, from_ms, to_ms, TOLD_STEP_MS);
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
    return ask_points(s, st, from_ms > 0 ? from_ms - from_ms % step_ms : 0, to_ms, step_ms);
}

/* --- further back --- */

/* A page that is full, or holds all that there is, needs no more. */
static bool wants_older(const struct metrics_state *st)
{
    const struct point_list *l = st->list;
    bool is_full = l->count == l->capacity && l->points[0].time_ms >= st->reach_ms;
    return st->is_limited && st->is_short && st->reach_ms > 0 && !is_full;
}

/* Cells that grow with each probe, from those of the points on: so what one of them holds of what is known
 * already cannot hide anything, the probe before has seen its whole length. */
static int begin_probe(struct store *s, struct metrics_state *st)
{
    int64_t steps = QUERY_CELLS_MAX / st->series_count - 1;
    if (steps > PROBE_STEPS)
        steps = PROBE_STEPS;
    int64_t to_ms = (st->reach_ms + st->step_ms - 1) / st->step_ms * st->step_ms;
    int64_t from_ms = to_ms - steps * st->step_ms;
    st->older_ms = from_ms > 0 ? from_ms : 0;
    return ask_store(s, st, st->older_ms, to_ms, st->step_ms);
}

/* Where the host was before it was away; or the next probe looks further back. */
static void take_probe(struct store *s, struct metrics_state *st)
{
    int64_t found_ms = -1;
    for (uint32_t i = 0; i < st->series_count; i++)
        for (uint32_t p = store_query_points(s, st->query); p > 0; p--) {
            const struct store_cell *c = store_query_cell(s, st->query, i, p - 1);
            if (c->count == 0 || c->last_ms >= st->reach_ms)
                continue;
            found_ms = c->last_ms > found_ms ? c->last_ms : found_ms;
            break;
        }
    bool is_all = st->older_ms == 0;
    if (found_ms < 0 && !is_all) {
        st->step_ms *= PROBE_GROWTH;
        return;
    }
    st->older_ms = found_ms;
    st->stage = GATHER_OLDER;
}

/* --- one host after the other --- */

static void next_instance(struct metrics_state *st)
{
    st->instance++;
    st->stage = GATHER_NEWEST;
}

static void end_points(struct metrics_state *st)
{
    if (wants_older(st))
        st->stage = GATHER_PROBE;
    else
        next_instance(st);
}

/* The query is over: its points are gathered, and the stage is what comes next. */
static void end_query(struct store *s, struct metrics_state *st)
{
    if (st->stage == GATHER_CROWDED) {
        gather_expanded(s, st);
    } else if (st->stage == GATHER_PROBE) {
        take_probe(s, st);
    } else if (instance_is_told(store_instance(s, st->instance))) {
        gather_told(s, st);
        st->stage = GATHER_CROWDED;
    } else {
        gather_cells(s, st);
        end_points(st);
    }
    store_query_end(s, st->query);
    st->query = -1;
}

/* The newest points of the next host that has any among the newest of all; ERR_MISSING when all have been
 * looked at. */
static int begin_newest(struct store *s, struct metrics_state *st)
{
    uint32_t end = st->only_instance == ANY_INSTANCE ? store_instance_count(s) : st->only_instance + 1;
    for (; st->instance < end; st->instance++) {
        int64_t newest_ms = select_series(s, st);
        bool is_too_old = st->list->count == st->list->capacity &&
                          newest_ms < st->list->points[0].time_ms;
        if (st->series_count == 0 || is_too_old || store_instance(s, st->instance)->deleted_ms != 0)
            continue;
        if (st->depth > 1 || st->is_limited)
            return begin_query(s, st, newest_ms);
        gather_last_values(s, st);
    }
    return ERR_MISSING;
}

static int begin_older(struct store *s, struct metrics_state *st)
{
    const struct point_list *l = st->list;
    bool is_too_old = l->count == l->capacity && st->older_ms < l->points[0].time_ms;
    return st->older_ms < 0 || is_too_old ? ERR_MISSING : begin_query(s, st, st->older_ms);
}

/* The query that the stage needs; ERR_MISSING when it needs none any more. */
static int begin_stage(struct store *s, struct metrics_state *st)
{
    switch (st->stage) {
    case GATHER_CROWDED: return begin_expansion(s, st);
    case GATHER_PROBE: return begin_probe(s, st);
    case GATHER_OLDER: return begin_older(s, st);
    default: return begin_newest(s, st);
    }
}

int metric_gather(struct store *s, struct metrics_state *st)
{
    if (st->query >= 0) {
        int more = store_query_step(s, st->query);
        if (more != 0)
            return more > 0 ? ERR_AGAIN : more;
        end_query(s, st);
    }
    for (;;) {
        int query = begin_stage(s, st);
        if (query >= 0)
            st->query = query;
        if (query != ERR_MISSING)
            return query == ERR_FULL ? ERR_BUSY : query < 0 ? query : ERR_AGAIN; /* FULL: all are running */
        if (st->stage == GATHER_NEWEST)
            break;
        if (st->stage == GATHER_CROWDED)
            end_points(st);
        else
            next_instance(st);
    }
    metric_list_sort_newest_first(st->list);
    return PRODUCE_DONE;
}
