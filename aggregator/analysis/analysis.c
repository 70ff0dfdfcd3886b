/* SPDX-License-Identifier: MIT */
/* The walk over the feed. */
#include "aggregator/analysis/analysis.h"

#include "proto/block.h"

#define BLOCKS_PER_STEP 256U

struct analysis {
    struct store *store;
    struct detect *detect;
    bool has_rules; /* watch is open */
    struct predict *predict;
    struct watch_room *watch;
    struct patterns *patterns;
    uint64_t cursor;
    struct analysis_stats stats;
    struct block_matrix block;
    uint16_t series[SLOTS_MAX]; /* of its positions, or SERIES_NONE */
};

struct analysis *analysis_reserve(struct memory_map *map, const struct detect_limits *limits,
                                  const struct watch_limits *watched)
{
    struct analysis *a = memory_reserve(map, "analysis", 1, sizeof *a, "never full");
    struct detect *d = detect_reserve(map, limits);
    struct predict *p = predict_reserve(map, limits->instances_max);
    struct watch_room *w = watch_reserve(map, watched);
    struct patterns *t = patterns_reserve(map, limits->instances_max);
    if (a != NULL) {
        a->patterns = t;
        a->detect = d;
        a->predict = p;
        a->watch = w;
    }
    return a;
}

void analysis_open(struct analysis *a, struct store *s, struct mono now, struct wall wall)
{
    *a = (struct analysis){.store = s, .detect = a->detect, .predict = a->predict, .watch = a->watch,
                           .patterns = a->patterns,
                           .cursor = store_feed_end(s)};
    detect_open(a->detect, s, wall);
    predict_open(a->predict, s, now);
    patterns_open(a->patterns, s, now);
}

static void judge_block(struct analysis *a, const struct store_feed_block *b, struct mono now,
                        struct wall wall)
{
    const struct block_matrix *m = b->matrix != NULL ? b->matrix : &a->block;
    if (b->matrix == NULL && block_decode(b->data, b->size, b->count, &a->block) < 0)
        return;
    for (uint32_t k = 0; k < m->slot_count; k++) /* valid until the next call of the store */
        a->series[k] = b->series_of_slot[m->slots[k]];
    detect_block(a->detect, b, m, a->series, wall);
    if (a->has_rules)
        watch_block(a->watch, b, m, a->series, now, wall);
}

struct mono analysis_step(struct analysis *a, struct mono now, struct wall wall)
{
    struct store_feed_block b;
    bool may_query = !predict_is_querying(a->predict) && !patterns_is_querying(a->patterns);
    struct mono next = detect_step(a->detect, now, wall, may_query);
    may_query = !detect_is_querying(a->detect) && !patterns_is_querying(a->patterns);
    next = mono_earlier(next, predict_step(a->predict, now, wall, may_query)); /* one query is this room's */
    may_query = !detect_is_querying(a->detect) && !predict_is_querying(a->predict);
    next = mono_earlier(next, patterns_step(a->patterns, now, wall, may_query));
    for (uint32_t i = 0; i < BLOCKS_PER_STEP; i++) {
        if (!store_feed_next(a->store, &a->cursor, &a->stats.missed, &b))
            return a->has_rules ? mono_earlier(next, watch_step(a->watch, now, wall)) : next;
        a->stats.blocks++;
        judge_block(a, &b, now, wall);
    }
    return now;
}

void analysis_judge(struct analysis *a, const struct rule_book *book, struct mono now, struct wall wall)
{
    watch_open(a->watch, a->store, book, now, wall);
    a->has_rules = true;
}

void analysis_close(struct analysis *a)
{
    predict_close(a->predict);
    if (a->has_rules)
        watch_close(a->watch);
    patterns_close(a->patterns);
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
    watch_stats(a->watch, &out->watch);
    patterns_stats(a->patterns, &out->patterns);
}
