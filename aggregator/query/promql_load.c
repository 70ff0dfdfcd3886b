/* SPDX-License-Identifier: MIT */
/* See promql_load.h: which series there are, and their cells. What becomes of them is in promql_fill.c. */
#include "aggregator/query/promql_load.h"

#include <string.h>

#include "aggregator/query/info.h"
#include "aggregator/query/promql_fill.h"

#define LOOK_SLICE 512U /* series looked at in one slice: a few microseconds each */

enum verdict { VERDICT_NONE, VERDICT_NO, VERDICT_YES, VERDICT_SHARED /* and others have the name, too */ };

/* Length of the cells for a stretch of that length. */
static int64_t cell_ms_for(int64_t span_ms)
{
    static const struct {
        int64_t span_ms, cell_ms;
    } choices[] = {
        {INT64_C(900000), 250},              /* 15 min */
        {INT64_C(43200000), 1000},           /* 12 h */
        {INT64_C(90) * 86400000, 60000},     /* 90 d */
    };
    for (uint32_t i = 0; i < COUNT_OF(choices); i++)
        if (span_ms <= choices[i].span_ms)
            return choices[i].cell_ms;
    int64_t cell_ms = 3600000;
    while (span_ms / cell_ms >= QUERY_CELLS_MAX - 2)
        cell_ms *= 2;
    return cell_ms;
}

/* --- labels --- */

void promql_series_labels(const struct promql_source *from, uint32_t instance, uint32_t series,
                          struct labels *out)
{
    catalog_labels(from->catalog, instance, series, false, out);
    info_add_label(out, "job", PROMQL_JOB);
    info_add_facts(store_instance(from->store, instance), out);
}

void promql_info_labels(const struct promql_source *from, uint32_t instance, uint32_t family,
                        struct labels *out)
{
    const struct instance *in = store_instance(from->store, instance);
    out->count = 0;
    info_add_label(out, "instance", in->id);
    info_add_label(out, "job", PROMQL_JOB);
    info_families[family].labels(in, out);
    info_add_facts(in, out);
}

/* --- what is asked --- */

int promql_load_group(const struct promql *q, uint32_t node)
{
    int parent = q->nodes[node].parent;
    if (q->nodes[node].type == PROMQL_RANGE && parent >= 0)
        parent = q->nodes[parent].parent;
    if (parent < 0 || q->nodes[parent].kind != PROMQL_AGGREGATE || q->nodes[parent].what > GROUP_GROUP)
        return PROMQL_NONE;
    return parent;
}

/* For cells of that length, where finer ones are gone so far apart. */
static void lay_out(struct promql_load *l, const struct promql_table *t, int64_t cell_ms, int64_t coarse_ms)
{
    l->window.coarse_ms = coarse_ms;
    int64_t reach_ms = promql_window_reach_ms(&l->window);
    int64_t last_ms = promql_time(t, t->points - 1) - l->selector->offset_ms;
    l->from_ms = t->start_ms - l->selector->offset_ms - reach_ms;
    l->from_ms = l->from_ms > 0 ? l->from_ms : 0;
    l->to_ms = last_ms > 0 ? last_ms + 1 : 1;
    l->cell_ms = cell_ms != 0 ? cell_ms : cell_ms_for(l->to_ms - l->from_ms);
    while ((l->to_ms - l->from_ms) / l->cell_ms + 2 > QUERY_CELLS_MAX)
        l->cell_ms *= 2;
    l->to_ms += l->cell_ms - 1;
}

static void begin(struct promql_load *l, const struct promql *q, uint32_t node, struct promql_table *t)
{
    const struct promql_node *n = &q->nodes[node];
    int group = promql_load_group(q, node);
    bool is_range = n->type == PROMQL_RANGE;
    l->is_begun = true;
    l->q = q;
    l->selector = n;
    l->group = group >= 0 ? &q->nodes[group] : NULL;
    l->window = (struct promql_window){CALL_INSTANT, PROMQL_LOOKBACK_MS, 0};
    if (is_range) {
        l->window.function = q->nodes[n->parent].what;
        l->window.range_ms = n->range_ms;
    }
    if (l->group != NULL)
        l->filter = (struct promql_filter){q, l->group->names, l->group->is_listed, false};
    lay_out(l, t, 0, 0);
    if (l->cell_ms >= 60000)
        lay_out(l, t, l->cell_ms, l->cell_ms);
    memset(l->verdicts, 0, sizeof(l->verdicts));
    l->instance = l->family = 0;
    l->series = -1;
    l->query = -1;
    l->is_filled = true;
    l->is_waiting = false;
    l->row = l->row_count = 0;
    l->target = -1;
    l->matrix = (struct promql_matrix){.first = t->row_count};
    promql_index_clear(t);
}

/* --- the walk --- */

static enum verdict verdict_on(struct promql_load *l, const struct promql_source *from, uint32_t metric)
{
    if (l->metric_count != catalog_metric_count(from->catalog)) { /* names that come later may share one */
        memset(l->verdicts, 0, sizeof(l->verdicts));
        l->metric_count = catalog_metric_count(from->catalog);
    }
    if (l->verdicts[metric] != VERDICT_NONE)
        return l->verdicts[metric];
    const struct catalog_metric *m = catalog_metric(from->catalog, metric);
    const char *name = catalog_metric(from->catalog, m->family)->name;
    const struct selection *s = &l->q->selection;
    enum verdict v = VERDICT_NO;
    if (selector_takes_name(s, &s->selectors[l->selector->selector], name)) {
        v = VERDICT_YES;
        for (uint32_t i = 0; i < catalog_metric_count(from->catalog); i++)
            if (i != metric && catalog_metric(from->catalog, i)->family == m->family)
                v = VERDICT_SHARED;
    }
    l->verdicts[metric] = (uint8_t)v;
    return v;
}

static uint32_t cells_each(const struct promql_load *l)
{
    return (uint32_t)((l->to_ms - l->to_ms % l->cell_ms - (l->from_ms - l->from_ms % l->cell_ms)) /
                      l->cell_ms);
}

static bool is_same_series(const struct promql_source *from, uint32_t instance, uint32_t a, uint32_t b)
{
    return text_equal(store_series(from->store, instance, a)->tag,
                      store_series(from->store, instance, b)->tag);
}

/* All that have the same name and tag, in one row: what is pushed may come with another scale. False when it
 * has been taken with an earlier one, or the batch is full. */
static bool add_row(struct promql_load *l, const struct promql_source *from,
                    const struct catalog_entry *entries, uint32_t count, uint32_t at, bool is_shared)
{
    uint32_t max = QUERY_CELLS_MAX / cells_each(l), n = l->ask.series_count;
    struct promql_batch_row *row = &l->rows[l->row_count];
    max = max < QUERY_SERIES_MAX ? max : QUERY_SERIES_MAX;
    if (n >= max)
        return false;
    *row = (struct promql_batch_row){(uint16_t)n, 1};
    l->ask.series[n++] = entries[at].series;
    for (uint32_t i = at + 1; is_shared && i < count && entries[i].family == entries[at].family && n < max;
         i++)
        if (is_same_series(from, l->instance, entries[at].series, entries[i].series)) {
            l->ask.series[n++] = entries[i].series;
            row->count++;
        }
    l->ask.series_count = n;
    l->row_count++;
    return true;
}

static bool has_earlier(const struct promql_load *l, const struct promql_source *from,
                        const struct catalog_entry *entries, uint32_t at)
{
    for (uint32_t i = at; i > 0 && entries[i - 1].family == entries[at].family; i--)
        if (is_same_series(from, l->instance, entries[at].series, entries[i - 1].series))
            return true;
    return false;
}

/* Where the walk goes on in the entries of its instance: they may have become more. */
static uint32_t resume(const struct promql_load *l, const struct catalog_entry *entries, uint32_t count)
{
    uint32_t at = catalog_find(entries, count, (uint16_t)l->family);
    while (at < count && entries[at].family == l->family && (int32_t)entries[at].series <= l->series)
        at++;
    return at;
}

/* The series of the walk's instance, as many as fit: 1 when they are all there, 0 when there are more, or
 * ERR_FULL. At one time, and that not before the newest samples, those are the answer: nothing is read. */
static int collect(struct promql_load *l, const struct promql_source *from, struct promql_table *t,
                   uint32_t *looked)
{
    uint32_t count;
    const struct selection *s = &l->q->selection;
    const struct catalog_entry *entries = catalog_entries(from->catalog, l->instance, &count);
    for (uint32_t i = resume(l, entries, count); i < count; i++) {
        uint32_t metric = store_series(from->store, l->instance, entries[i].series)->metric_index;
        enum verdict v = verdict_on(l, from, metric);
        const char *name = catalog_metric(from->catalog, entries[i].family)->name;
        struct labels labels;
        (*looked)++;
        if (v != VERDICT_NO) {
            promql_series_labels(from, l->instance, entries[i].series, &labels);
            bool is_taken = selector_takes(s, &s->selectors[l->selector->selector], name, &labels);
            bool is_shared = v == VERDICT_SHARED;
            int done = is_taken && !is_shared ? promql_fill_newest(l, from, t, entries[i].series) : 0;
            if (done < 0)
                return done;
            if (is_taken && done == 0 && !(is_shared && has_earlier(l, from, entries, i)) &&
                !add_row(l, from, entries, count, i, is_shared))
                return 0;
        }
        l->family = entries[i].family;
        l->series = entries[i].series;
    }
    return 1;
}

static void next_instance(struct promql_load *l)
{
    l->instance++;
    l->family = 0;
    l->series = -1;
}

/* Asks the store for the batch; when it has no place, the batch waits. */
static int start_query(struct promql_load *l, const struct promql_source *from)
{
    l->ask.from_ms = l->from_ms;
    l->ask.to_ms = l->to_ms;
    l->ask.step_ms = l->cell_ms;
    int query = store_query_begin(from->store, &l->ask);
    l->is_waiting = query == ERR_FULL;
    if (query < 0)
        return query == ERR_FULL ? ERR_BUSY : query;
    l->query = query;
    l->row = 0;
    l->is_filled = false;
    return 1;
}

/* Begins the next query of the store: 1 more to do, 0 there are no more, or an error. */
static int begin_batch(struct promql_load *l, const struct promql_source *from, struct promql_table *t)
{
    uint32_t looked = 0, hosts = store_instance_count(from->store);
    if (l->is_waiting)
        return start_query(l, from);
    l->ask.series_count = l->row_count = 0;
    for (; l->instance < hosts; next_instance(l)) {
        if (looked++ >= LOOK_SLICE)
            return 1;
        l->ask.instance = l->instance;
        if (store_instance(from->store, l->instance)->deleted_ms != 0)
            continue;
        int err = collect(l, from, t, &looked);
        if (err < 0)
            return err;
        if (l->row_count > 0)
            return start_query(l, from);
    }
    return 0;
}

/* The cells are there: 1 the rows can be filled, or they must be asked for again, further back. */
static int take_cells(struct promql_load *l, const struct promql_source *from, const struct promql_table *t)
{
    int64_t resolution_ms = store_query_resolution_ms(from->store, l->query);
    if (resolution_ms > l->window.coarse_ms) {
        store_query_end(from->store, l->query);
        lay_out(l, t, l->cell_ms, resolution_ms);
        if ((uint64_t)cells_each(l) * l->ask.series_count > QUERY_CELLS_MAX)
            lay_out(l, t, resolution_ms, resolution_ms);
        l->ask.from_ms = l->from_ms;
        l->ask.to_ms = l->to_ms;
        l->ask.step_ms = l->cell_ms;
        int query = store_query_begin(from->store, &l->ask); /* the place of the one that ended is free */
        l->query = query < 0 ? -1 : query;
        return query < 0 ? query : 1;
    }
    l->is_filled = true;
    l->point = 0;
    l->target = -1;
    return 1;
}

void promql_load_end(struct promql_load *l, const struct promql_source *from)
{
    if (l->is_begun && l->query >= 0)
        store_query_end(from->store, l->query);
    l->query = -1;
    l->is_begun = false;
}

int promql_load_step(struct promql_load *l, const struct promql_source *from, const struct promql *q,
                     uint32_t node, struct promql_table *t, struct promql_matrix *out)
{
    if (!l->is_begun)
        begin(l, q, node, t);
    if (l->query < 0) {
        int more = begin_batch(l, from, t);
        if (more != 0)
            return more;
        int err = promql_fill_info(l, from, t);
        err = err == ERR_OK ? promql_fill_end(l, t) : err;
        *out = l->matrix;
        l->is_begun = false;
        return err;
    }
    if (!l->is_filled) {
        int more = store_query_step(from->store, l->query);
        return more != 0 ? more : take_cells(l, from, t);
    }
    int more = promql_fill(l, from, t);
    if (more != 0)
        return more;
    store_query_end(from->store, l->query);
    l->query = -1;
    return 1;
}
