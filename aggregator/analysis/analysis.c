/* SPDX-License-Identifier: MIT */
/* The walk over the feed. */
#include "aggregator/analysis/analysis.h"

#include "aggregator/analysis/levels.h"
#include "aggregator/store/store_alerts.h"
#include "proto/block.h"

#define BLOCKS_PER_STEP 256U

struct analysis {
    struct store *store;
    struct detect *detect;
    struct predict *predict;
    uint64_t cursor;
    struct analysis_stats stats;
    struct block_matrix block;
};

struct analysis *analysis_reserve(struct memory_map *map, const struct detect_limits *limits)
{
    struct analysis *a = memory_reserve(map, "analysis", 1, sizeof *a, "never full");
    struct detect *d = detect_reserve(map, limits);
    struct predict *p = predict_reserve(map, limits->instances_max);
    if (a != NULL) {
        a->detect = d;
        a->predict = p;
    }
    return a;
}

void analysis_open(struct analysis *a, struct store *s, struct mono now, struct wall wall)
{
    *a = (struct analysis){.store = s, .detect = a->detect, .predict = a->predict,
                           .cursor = store_feed_end(s)};
    detect_open(a->detect, s, wall);
    predict_open(a->predict, s, now);
}

/* A client of the API speaks for it. */
static bool is_judged(const struct instance *in)
{
    return in->source != INSTANCE_FROM_AGENT && in->agent_version[0] == '\0' && in->deleted_ms == 0;
}

static void raise(struct analysis *a, const struct instance *in, const struct store_series *series,
                  const struct level *level, enum level_state state, const struct alert_report *values)
{
    const struct store_metric *metric = store_metric(a->store, series->metric_index);
    bool is_critical = state == LEVEL_CRITICAL, was_open;
    char type[ALERT_TYPE_SIZE], message[160];
    struct text t, m;
    struct alert_report report = *values;
    text_init(&t, type, sizeof(type));
    text_printf(&t, "%s_%s", level->metric, is_critical ? "critical" : "warning");
    text_init(&m, message, sizeof(message));
    level_say(level, state, report.value, report.scale, metric->unit, &m);
    report.instance = in->id;
    report.rule = level->rule;
    report.tag = series->tag;
    report.type = type;
    report.message = message;
    report.metric = level->metric;
    report.unit = metric->unit;
    report.severity = is_critical ? ALERT_CRITICAL : ALERT_HIGH;
    if (store_alert_raise(a->store, &report, &was_open) < 0)
        a->stats.refused++;
    else
        a->stats.raised += !was_open;
}

/* The newest sample of a slot decides: older ones of the block have been followed by it. */
static void judge_slot(struct analysis *a, uint32_t instance, uint32_t series_index, uint32_t position)
{
    const struct instance *in = store_instance(a->store, instance);
    const struct store_series *series = store_series(a->store, instance, series_index);
    const struct store_metric *metric = store_metric(a->store, series->metric_index);
    const struct level *level = level_of(metric->name);
    int64_t time_ms = a->block.time_ms[a->block.count - 1], limit;
    if (level == NULL || series->last_ms > time_ms) /* something newer is known */
        return;
    int64_t value = a->block.values[position][a->block.count - 1];
    enum level_state state = level_judge(level, value, metric->scale, &limit);
    if (state == LEVEL_NORMAL) {
        a->stats.settled += store_alert_settle(a->store, in->id, level->rule, series->tag, time_ms);
        return;
    }
    const struct alert_report values = {.time_ms = time_ms, .value = value, .level = limit,
                                        .scale = metric->scale};
    raise(a, in, series, level, state, &values);
}

static void judge_block(struct analysis *a, const struct store_feed_block *b, struct wall wall)
{
    uint32_t instance = b->instance;
    if (block_decode(b->data, b->size, b->count, &a->block) < 0)
        return;
    uint16_t series[SLOTS_MAX];
    for (uint32_t k = 0; k < a->block.slot_count; k++) /* valid until the next call of the store */
        series[k] = b->series_of_slot[a->block.slots[k]];
    detect_block(a->detect, b, &a->block, series, wall);
    if (b->stream == STREAM_HISTORY || !is_judged(store_instance(a->store, instance)))
        return;
    for (uint32_t k = 0; k < a->block.slot_count; k++)
        if (series[k] != SERIES_NONE)
            judge_slot(a, instance, series[k], k);
}

struct mono analysis_step(struct analysis *a, struct mono now, struct wall wall)
{
    struct store_feed_block b;
    struct mono next = detect_step(a->detect, now, wall, !predict_is_querying(a->predict));
    bool may_query = !detect_is_querying(a->detect); /* one query is set aside for this room */
    next = mono_earlier(next, predict_step(a->predict, now, wall, may_query));
    for (uint32_t i = 0; i < BLOCKS_PER_STEP; i++) {
        if (!store_feed_next(a->store, &a->cursor, &a->stats.missed, &b))
            return next;
        a->stats.blocks++;
        judge_block(a, &b, wall);
    }
    return now;
}

void analysis_close(struct analysis *a)
{
    predict_close(a->predict);
    detect_close(a->detect);
}

const struct board *analysis_board(const struct analysis *a)
{
    return detect_board(a->detect);
}

void analysis_stats(const struct analysis *a, struct analysis_stats *out)
{
    *out = a->stats;
    detect_stats(a->detect, &out->detect);
    predict_stats(a->predict, &out->predict);
}
