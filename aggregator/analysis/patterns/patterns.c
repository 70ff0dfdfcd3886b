/* SPDX-License-Identifier: MIT */
/* The walk. */
#include "aggregator/analysis/patterns/state.h"

#define HOUR_MS INT64_C(3600000)
#define FIRST_MS 300000 /* after the start: others have more urgent things to do then */
#define PAUSE_MS 20     /* between hosts */
#define RETRY_MS 200    /* until there is a query or room to stage */

struct patterns *patterns_reserve(struct memory_map *map, uint32_t instances_max)
{
    struct patterns *p = memory_reserve(map, "analysis: patterns", 1, sizeof *p,
                                        "more of one host are left out and counted");
    struct pattern_shape *shapes =
        memory_reserve(map, "analysis: shapes of hosts", instances_max, sizeof *shapes, "never full");
    if (p != NULL)
        *p = (struct patterns){.shapes = shapes, .instances_max = instances_max, .query = -1};
    return p;
}

void patterns_open(struct patterns *p, struct store *s, struct mono now)
{
    *p = (struct patterns){.store = s,
                           .shapes = p->shapes,
                           .instances_max = p->instances_max,
                           .query = -1,
                           .due = mono_after_ms(now, FIRST_MS)};
}

static void end_query(struct patterns *p)
{
    if (p->query >= 0)
        store_query_end(p->store, p->query);
    p->query = -1;
}

void patterns_close(struct patterns *p)
{
    end_query(p);
    p->stage = PATTERNS_REST;
}

bool patterns_is_querying(const struct patterns *p)
{
    return p->query >= 0;
}

void patterns_stats(const struct patterns *p, struct patterns_stats *out)
{
    *out = p->stats;
}

struct insight *pattern_next(struct patterns *p)
{
    if (p->pending_count == PATTERN_PENDING_MAX) {
        p->stats.left_out++;
        return NULL;
    }
    return &p->pending[p->pending_count++];
}

/* True when all that is pending is staged. */
static bool put_pending(struct patterns *p)
{
    while (p->pending_count > 0) {
        if (store_insight_put(p->store, &p->pending[p->pending_count - 1]) == ERR_FULL)
            return false;
        p->pending_count--;
        p->stats.found++;
    }
    return true;
}

/* --- one host --- */

static void begin_round(struct patterns *p, struct mono now, struct wall wall)
{
    p->now_ms = wall_ms(wall);
    p->end_ms = p->now_ms - p->now_ms % HOUR_MS;
    p->instance = 0;
    p->due = mono_after_ms(now, HOUR_MS);
    for (uint32_t i = 0; i < p->instances_max; i++)
        p->shapes[i].is_there = p->shapes[i].is_grouped = false;
    p->stage = PATTERNS_HOST;
}

/* ERR_OK when a query runs, ERR_MISSING when there is nothing to ask, ERR_FULL: later. */
static int begin_host(struct patterns *p)
{
    const struct instance *in = store_instance(p->store, p->instance);
    int64_t from_ms = p->end_ms - (COURSE_HOURS + 1) * HOUR_MS; /* an hour more: rates need one before */
    if (in->deleted_ms != 0 || from_ms < 0 || host_select(p) == 0)
        return ERR_MISSING;
    struct store_query_ask ask = {.instance = p->instance,
                                  .series_count = p->course_count,
                                  .from_ms = from_ms,
                                  .to_ms = p->end_ms,
                                  .step_ms = HOUR_MS};
    for (uint32_t i = 0; i < p->course_count; i++)
        ask.series[i] = p->courses[i].series;
    p->query = store_query_begin(p->store, &ask);
    return p->query < 0 ? p->query : ERR_OK;
}

static enum pattern_stage run_query(struct patterns *p)
{
    int more = store_query_step(p->store, p->query);
    if (more > 0)
        return PATTERNS_QUERY;
    if (more == 0)
        host_read(p);
    else
        p->stats.failed++;
    end_query(p);
    p->at = 0;
    return more == 0 ? PATTERNS_FIND : PATTERNS_NEXT;
}

/* A piece of the stage at hand; how many milliseconds it can wait. */
static int64_t advance(struct patterns *p, bool may_query)
{
    int answer;
    switch (p->stage) {
    case PATTERNS_REST:
        break;
    case PATTERNS_HOST:
        if (p->instance >= store_instance_count(p->store)) {
            p->stage = PATTERNS_GROUPS;
            p->instance = p->at = 0;
            return 0;
        }
        if (!may_query)
            return RETRY_MS;
        answer = begin_host(p);
        if (answer == ERR_FULL)
            return RETRY_MS;
        p->stage = answer == ERR_OK ? PATTERNS_QUERY : PATTERNS_NEXT;
        return 0;
    case PATTERNS_QUERY:
        p->stage = run_query(p);
        return 0;
    case PATTERNS_FIND:
        if (!host_find(p)) {
            p->stage = PATTERNS_PAIRS;
            p->at = 0;
        }
        return 0;
    case PATTERNS_PAIRS:
        if (!host_find_pairs(p))
            p->stage = PATTERNS_ALERTS;
        return 0;
    case PATTERNS_ALERTS:
        p->stats.failed += host_find_recurring(p) < 0;
        p->stage = PATTERNS_NEXT;
        return 0;
    case PATTERNS_NEXT:
        if (!put_pending(p))
            return RETRY_MS;
        p->instance++;
        p->stage = PATTERNS_HOST;
        return PAUSE_MS;
    case PATTERNS_GROUPS:
        if (!put_pending(p))
            return RETRY_MS;
        if (!groups_find(p)) {
            p->stage = PATTERNS_REST;
            p->stats.rounds++;
        }
        return 0;
    }
    return 0;
}

struct mono patterns_step(struct patterns *p, struct mono now, struct wall wall, bool may_query)
{
    if (p->stage == PATTERNS_REST) {
        if (!mono_reached(now, p->due))
            return p->due;
        begin_round(p, now, wall);
    }
    int64_t wait_ms = advance(p, may_query || p->query >= 0);
    return p->stage == PATTERNS_REST ? p->due : mono_after_ms(now, wait_ms);
}
