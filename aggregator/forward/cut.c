/* SPDX-License-Identifier: MIT */
/* The way round all instances, and the query that looks into the store. See cut.h. */
#include "aggregator/forward/cut_parts.h"

#include <string.h>

#define CELLS_MAX 16384U            /* of one query */
#define INSTANCES_A_STEP 512U       /* looked at, when there is nothing to cut */

void cutter_reserve(struct cutter *c, struct memory_map *map, uint32_t instances_max)
{
    int64_t *newest = memory_reserve(map, "forward: newest samples", instances_max, sizeof *newest,
                                     "as instances");
    if (c == NULL)
        return;
    *c = (struct cutter){.query = -1, .newest_ms = newest, .instances_max = instances_max};
    for (uint32_t i = 0; newest != NULL && i < instances_max; i++)
        newest[i] = -1;
}

void cutter_open(struct cutter *c, struct store *s, int64_t now_ms)
{
    c->store = s;
    c->open_ms = now_ms;
}

/* --- the query --- */

/* Series from cut->series_at on that are asked for, at most as many as a batch holds. */
static void choose_series(struct cutter *c, struct cut *cut)
{
    uint32_t instance = cut->part.instance, count = store_series_count(c->store, instance), i;
    uint32_t most = cut->limits.items_max < QUERY_SERIES_MAX ? cut->limits.items_max : QUERY_SERIES_MAX;
    c->ask.series_count = 0;
    for (i = cut->series_at; i < count && c->ask.series_count < most; i++) {
        const struct store_series *series = store_series(c->store, instance, i);
        const char *name = store_metric(c->store, series->metric_index)->name;
        if (cut->to->metrics[0] == '\0' || target_wants_metric(cut->to, name))
            c->ask.series[c->ask.series_count++] = (uint16_t)i;
    }
    cut->was_series_end = i == count;
}

/* Windows that one query looks at: about as many as there is room for, more after it found little. */
static int64_t windows_of(const struct cut *cut, uint32_t series_count, int64_t windows)
{
    bool is_split = cut->series_at > 0 || !cut->was_series_end;
    uint32_t room = cut->limits.items_max - cut->batch->count;
    uint64_t likely = (uint64_t)(room / series_count + 1) * cut->widen, most = CELLS_MAX / series_count;
    if (is_split)
        return 1;
    likely = likely < most ? likely : most;
    return windows < (int64_t)likely ? windows : (int64_t)likely;
}

/* Looks at the windows from at_ms on. 1: a query runs, or there is nothing to ask for; or an error. */
static int ask(struct cutter *c, struct cut *cut)
{
    int64_t span_ms = cut->is_given_up ? CUT_HOUR_MS : cut->to->resolution_ms;
    int64_t first_ms = cut_floor(cut->at_ms, span_ms);
    cut->part.to_ms = cut->end_ms;
    if (c->ask.series_count == 0)
        return 1;
    int64_t windows = (cut_ceil(cut->end_ms, span_ms) - first_ms) / span_ms;
    c->ask.instance = cut->part.instance;
    c->ask.from_ms = first_ms;
    c->ask.to_ms = first_ms + windows_of(cut, c->ask.series_count, windows) * span_ms;
    c->ask.step_ms = span_ms;
    if (c->ask.to_ms < cut->end_ms)
        cut->part.to_ms = c->ask.to_ms;
    c->query = store_query_begin(c->store, &c->ask);
    if (c->query >= 0)
        return 1;
    int e = c->query == ERR_FULL ? ERR_FULL : ERR_SYSTEM;
    c->query = -1;
    return e;
}

/* From now on what comes for these windows is late. */
static int begin(struct cutter *c, struct cut *cut)
{
    struct cut_part *part = &cut->part;
    choose_series(c, cut);
    cut->is_open = true;
    cut->widen = 1;
    cut->at_ms = part->from_ms;
    cut->end_ms = part->to_ms;
    if (part->is_late)
        store_outlet_take(c->store, cut->outlet, part->instance, part->from_ms, part->to_ms);
    else
        cut->outlet->places[part->instance].reached_ms = part->to_ms;
    return ask(c, cut);
}

static void end(struct cutter *c)
{
    if (c->query >= 0)
        store_query_end(c->store, c->query);
    c->query = -1;
}

/* Nothing of the part is in the batch. */
static void close_part(struct cutter *c, struct cut *cut)
{
    if (cut->is_open && cut->part.is_late)
        store_outlet_taken(c->store, cut->outlet, cut->part.instance, false);
    else if (cut->is_open)
        cut->outlet->places[cut->part.instance].reached_ms = 0;
    cut->is_open = false;
}

/* Windows up to to_ms are in the batch, or had nothing. */
static void add_part(struct cut *cut, int64_t to_ms)
{
    struct cut_part *part = &cut->part;
    ASSERT(cut->part_count < CUT_PARTS_MAX && cut->is_open);
    if (part->is_late && to_ms < cut->end_ms)
        store_outlet_take_less(cut->outlet, part->instance, to_ms);
    else if (!part->is_late)
        cut->outlet->places[part->instance].reached_ms = to_ms;
    part->to_ms = to_ms;
    part->is_whole = cut->was_series_end;
    cut->parts[cut->part_count++] = *part;
    cut->is_open = false;
}

enum next { NEXT_INSTANCE, NEXT_WINDOWS, NEXT_BATCH };

/* The query has all. */
static enum next finish(struct cutter *c, struct cut *cut)
{
    uint32_t points = 0;
    int64_t asked_ms = cut->part.to_ms, to_ms = asked_ms;
    if (cut->is_given_up)
        cut_count_given_up(c, cut);
    else
        to_ms = cut_take(c, cut, &points);
    end(c);
    if (to_ms <= cut->part.from_ms) { /* not even the first window fits: the next batch begins with it */
        close_part(c, cut);
        return NEXT_BATCH;
    }
    if (points == 0 && to_ms == asked_ms && to_ms < cut->end_ms && cut->was_series_end) {
        cut->at_ms = to_ms;
        cut->widen = cut->widen < 4096 ? cut->widen * 4 : cut->widen;
        return NEXT_WINDOWS;
    }
    uint32_t last = c->ask.series[c->ask.series_count - 1];
    add_part(cut, to_ms);
    cut->series_at = cut->was_series_end ? 0 : last + 1;
    /* What did not fit waits until the others had their turn: a slow destination starves none. */
    return cut->was_series_end ? NEXT_INSTANCE : NEXT_BATCH;
}

/* --- the way round --- */

static void start(struct cutter *c, struct cut *cut)
{
    c->owner = cut;
    cut->looked = 0;
    cut->part_count = 0;
    cut->batch->kind = EXPORT_POINTS;
    cut->batch->count = cut->batch->done_count = 0;
    memset(cut->batch->done, 0, sizeof cut->batch->done);
}

static bool is_full(const struct cut *cut)
{
    return cut->part_count == CUT_PARTS_MAX || cut->batch->count >= cut->limits.items_max ||
           (cut->limits.is_one_instance && cut->batch->count > 0);
}

static int leave(struct cutter *c, int result)
{
    end(c);
    c->owner = NULL;
    return result;
}

static int fail(struct cutter *c, struct cut *cut, int error)
{
    cut_drop(c, cut);
    return error;
}

static void pass(struct cutter *c, struct cut *cut)
{
    cut->looked++;
    cut->next = cut->next + 1 < store_instance_count(c->store) ? cut->next + 1 : 0;
    cut->series_at = 0;
}

/* Finds the next part and begins with it: 1 a query runs, or there are more instances to look at; 0 the batch
 * is full, or all have been looked at; or an error. */
static int look(struct cutter *c, struct cut *cut, int64_t now_ms)
{
    uint32_t count = store_instance_count(c->store);
    for (uint32_t n = 0; cut->looked < count && !is_full(cut); n++) {
        if (n == INSTANCES_A_STEP)
            return 1;
        if (cut->next >= count)
            cut->next = 0;
        if (!cut_find(c, cut, cut->next, now_ms)) {
            pass(c, cut);
            continue;
        }
        int e = begin(c, cut);
        if (e < 0 || c->query >= 0)
            return e;
        add_part(cut, cut->end_ms); /* none of its series is asked for */
        pass(c, cut);
    }
    return 0;
}

int cut_step(struct cutter *c, struct cut *cut, int64_t now_ms)
{
    if (c->owner != NULL && c->owner != cut)
        return ERR_BUSY;
    if (c->owner == NULL)
        start(c, cut);
    if (c->query < 0) {
        int n = look(c, cut, now_ms);
        if (n <= 0)
            return n < 0 ? fail(c, cut, n) : leave(c, 0);
        if (c->query < 0)
            return 1;
    }
    int more = store_query_step(c->store, c->query);
    if (more != 0)
        return more > 0 ? 1 : fail(c, cut, more);
    enum next next = finish(c, cut);
    if (next == NEXT_BATCH)
        return leave(c, 0);
    if (next == NEXT_INSTANCE)
        pass(c, cut);
    int e = next == NEXT_WINDOWS ? ask(c, cut) : 1;
    return e < 0 ? fail(c, cut, e) : 1;
}

void cut_arrived(struct store *s, struct cut *cut)
{
    for (uint32_t i = 0; i < cut->part_count; i++) {
        const struct cut_part *part = &cut->parts[i];
        struct outlet_place *place = &cut->outlet->places[part->instance];
        if (!part->is_whole) { /* the rest of the series is to come */
            if (part->is_late)
                store_outlet_taken(s, cut->outlet, part->instance, false);
            continue;
        }
        if (part->is_late) {
            store_outlet_taken(s, cut->outlet, part->instance, true);
            continue;
        }
        place->watermark_ms = part->to_ms;
        place->reached_ms = 0;
        store_outlet_save_place(s, cut->outlet, part->instance);
    }
    cut->part_count = 0;
}

void cut_drop(struct cutter *c, struct cut *cut)
{
    struct store *s = c->store;
    if (c->owner == cut) {
        close_part(c, cut);
        (void)leave(c, 0);
    }
    for (uint32_t i = 0; i < cut->part_count; i++) {
        const struct cut_part *part = &cut->parts[i];
        if (part->is_late)
            store_outlet_taken(s, cut->outlet, part->instance, false);
        else
            cut->outlet->places[part->instance].reached_ms = 0;
    }
    cut->part_count = 0;
    cut->series_at = 0;
    cut->batch->count = cut->batch->done_count = 0;
}
