/* SPDX-License-Identifier: MIT */
/* Makes points of what the query found. See cut.h. */
#include "aggregator/forward/cut_parts.h"

/* The mean with up to three digits more than a sample has. */
static void put_value(struct export_point *p)
{
    static const uint32_t finer[] = {1000, 100, 10};
    p->value = p->cell.last;
    p->value_scale = p->scale;
    if (p->kind == METRIC_COUNTER || p->cell.count == 1)
        return;
    int64_t count = p->cell.count, half = count / 2, sum = p->cell.sum;
    for (uint32_t i = 0; i < COUNT_OF(finer); i++) {
        int64_t more;
        if (p->scale > 1000000000U / finer[i] ||
            __builtin_mul_overflow(p->cell.sum, (int64_t)finer[i], &more))
            continue;
        sum = more;
        p->value_scale = p->scale * finer[i];
        break;
    }
    if (sum > INT64_MAX - half || sum < INT64_MIN + half)
        half = 0;
    p->value = (sum + (sum < 0 ? -half : half)) / count;
}

static void add_point(struct cutter *c, struct cut *cut, uint32_t at, uint32_t window)
{
    struct export_batch *b = cut->batch;
    const struct store_series *series = store_series(c->store, cut->part.instance, c->ask.series[at]);
    const struct store_metric *metric = store_metric(c->store, series->metric_index);
    struct export_item *item = &b->items[b->count++];
    *item = (struct export_item){
        .instance = store_instance(c->store, cut->part.instance),
        .instance_index = cut->part.instance,
        .point = {.metric = metric->name, .tag = series->tag, .unit = metric->unit, .kind = metric->kind,
                  .scale = metric->scale, .time_ms = c->ask.from_ms + (int64_t)window * c->ask.step_ms,
                  .span_ms = c->ask.step_ms, .cell = *store_query_cell(c->store, c->query, at, window),
                  .series = c->ask.series[at]}};
    put_value(&item->point);
    if (!cut->limits.has_no_ids)
        export_point_id(item, item->point.id);
}

/* How many windows of the query fit into the batch, and how many points they have. */
static uint32_t count_fitting(const struct cutter *c, const struct cut *cut, uint32_t *points)
{
    uint32_t windows = store_query_points(c->store, c->query), fitting = 0;
    uint32_t room = cut->limits.items_max - cut->batch->count;
    *points = 0;
    for (; fitting < windows; fitting++) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < c->ask.series_count; i++)
            n += store_query_cell(c->store, c->query, i, fitting)->count != 0;
        if (*points + n > room)
            break;
        *points += n;
    }
    return fitting;
}

int64_t cut_take(struct cutter *c, struct cut *cut, uint32_t *points)
{
    uint32_t windows = count_fitting(c, cut, points);
    for (uint32_t i = 0; i < c->ask.series_count && *points > 0; i++)
        for (uint32_t w = 0; w < windows; w++)
            if (store_query_cell(c->store, c->query, i, w)->count != 0)
                add_point(c, cut, i, w);
    if (store_query_resolution_ms(c->store, c->query) != 0)
        cut->outlet->coarser += *points;
    int64_t to_ms = c->ask.from_ms + (int64_t)windows * c->ask.step_ms;
    return to_ms < cut->part.to_ms ? to_ms : cut->part.to_ms;
}

void cut_count_given_up(struct cutter *c, struct cut *cut)
{
    int64_t windows = CUT_HOUR_MS / cut->to->resolution_ms;
    for (uint32_t i = 0; i < c->ask.series_count; i++)
        for (uint32_t w = 0; w < store_query_points(c->store, c->query); w++) {
            int64_t n = store_query_cell(c->store, c->query, i, w)->count;
            cut->outlet->given_up += (uint64_t)(n < windows ? n : windows);
        }
}
