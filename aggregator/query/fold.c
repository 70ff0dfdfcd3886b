/* SPDX-License-Identifier: MIT */
/* Selection and folding; see fold.h. Values lie point by point, the columns of a group side by side. */
#include "aggregator/query/fold.h"

#include <math.h>
#include <string.h>

#include "platform/base/fnv.h"
#include "platform/base/heap.h"

#define HASH_SIZE (2 * FOLD_GROUPS_MAX)
#define SELECT_SLICE 8192U   /* series looked at in one slice */
#define SORT_SLICE 16384U    /* values brought in order in one slice */

enum stage { STAGE_SELECT, STAGE_RUN, STAGE_SORT, STAGE_DONE };

struct fold {
    bool is_taken;
    struct store *store;
    struct fold_plan plan;
    struct fold_range range;
    enum stage stage;
    uint32_t instance, series;   /* the walk */
    uint32_t series_count, group_count;
    int query;                   /* of the store, or -1 */
    int64_t resolution_ms;
    uint32_t next_series;        /* of the instance, behind those of the query */
    struct store_query_ask ask;
    uint32_t sort_point, sort_group;
    struct fold_group groups[FOLD_GROUPS_MAX];
    uint32_t hash[HASH_SIZE];    /* group plus one */
    double values[FOLD_CELLS_MAX];
    uint32_t counts[FOLD_CELLS_MAX];
};

struct fold_pool {
    uint32_t count;
    struct memory_line *line;
    struct fold *folds;
};

struct fold_pool *fold_reserve(struct memory_map *map, uint32_t folds_max)
{
    struct fold_pool *pool = memory_reserve(map, "api: queries across hosts, list", 1, sizeof(*pool),
                                             "as they");
    struct fold *folds = memory_reserve(map, "api: queries across hosts", folds_max, sizeof(*folds),
                                        "the request is told to come again in a second");
    if (pool == NULL)
        return NULL;
    *pool = (struct fold_pool){folds_max, memory_last_line(map), folds};
    return pool;
}

struct fold *fold_take(struct fold_pool *pool, struct store *s, const struct fold_plan *plan)
{
    for (uint32_t i = 0; i < pool->count; i++) {
        struct fold *f = &pool->folds[i];
        if (f->is_taken)
            continue;
        f->is_taken = true;
        f->store = s;
        f->plan = *plan;
        f->stage = STAGE_SELECT;
        f->instance = f->series = f->series_count = f->group_count = 0;
        f->query = -1;
        f->resolution_ms = 0;
        memset(f->hash, 0, sizeof(f->hash));
        memory_use(pool->line, pool->line->in_use + 1);
        return f;
    }
    return NULL;
}

void fold_give(struct fold_pool *pool, struct fold *f)
{
    if (f->query >= 0)
        store_query_end(f->store, f->query);
    f->query = -1;
    f->is_taken = false;
    memory_use(pool->line, pool->line->in_use - 1);
}

/* --- groups --- */

static bool has_key(struct fold *f, const struct fold_group *g, const char *key)
{
    char other[FOLD_KEY_SIZE];
    struct text t;
    text_init(&t, other, sizeof(other));
    f->plan.key(f->plan.context, g->instance, g->series, &t);
    return text_equal(other, key);
}

/* The group of a series; a new one while groups are still looked for, else it is there. */
static int find_group(struct fold *f, uint32_t instance, uint32_t series)
{
    char key[FOLD_KEY_SIZE];
    struct text t;
    text_init(&t, key, sizeof(key));
    f->plan.key(f->plan.context, instance, series, &t);
    uint64_t hash = fnv_bytes(FNV_START, t.at, t.length);
    uint32_t at = (uint32_t)(hash ^ hash >> 32) % HASH_SIZE;
    for (; f->hash[at] != 0; at = (at + 1) % HASH_SIZE) {
        struct fold_group *g = &f->groups[f->hash[at] - 1];
        if (g->hash == hash && has_key(f, g, key))
            return (int)(f->hash[at] - 1);
    }
    if (f->stage != STAGE_SELECT)
        return ERR_MISSING; /* a series that came meanwhile */
    if (f->group_count == FOLD_GROUPS_MAX)
        return ERR_FULL;
    f->groups[f->group_count] = (struct fold_group){.hash = hash, .instance = instance,
                                                    .series = (uint16_t)series};
    f->hash[at] = ++f->group_count;
    return (int)(f->group_count - 1);
}

/* What is deleted is not looked at. */
static uint32_t series_of(const struct fold *f, uint32_t instance)
{
    bool is_deleted = store_instance(f->store, instance)->deleted_ms != 0;
    return is_deleted ? 0 : store_series_count(f->store, instance);
}

int fold_select(struct fold *f)
{
    uint32_t instances = store_instance_count(f->store);
    for (uint32_t looked = 0; f->instance < instances; f->instance++, f->series = 0) {
        uint32_t count = series_of(f, f->instance);
        looked++;
        for (; f->series < count && f->series <= UINT16_MAX; f->series++, looked++) {
            if (looked >= SELECT_SLICE)
                return 1;
            if (!f->plan.takes(f->plan.context, f->instance, f->series))
                continue;
            int group = find_group(f, f->instance, f->series);
            if (group < 0)
                return group;
            f->groups[group].count++;
            f->series_count++;
        }
    }
    return 0;
}

uint32_t fold_series_count(const struct fold *f)
{
    return f->series_count;
}

uint32_t fold_group_count(const struct fold *f)
{
    return f->group_count;
}

uint32_t fold_columns(const struct fold *f)
{
    return f->plan.aggregate == AGGREGATE_QUANTILE ? f->series_count : f->group_count;
}

int fold_begin(struct fold *f, const struct fold_range *range)
{
    uint64_t columns = fold_columns(f);
    if (columns * range->points > FOLD_CELLS_MAX)
        return ERR_FULL;
    f->range = *range;
    f->stage = STAGE_RUN;
    f->instance = f->next_series = 0;
    uint32_t start = 0;
    for (uint32_t i = 0; i < f->group_count; i++) {
        f->groups[i].start = start;
        f->groups[i].filled = 0;
        start += f->plan.aggregate == AGGREGATE_QUANTILE ? f->groups[i].count : 1;
    }
    memset(f->counts, 0, (size_t)(columns * range->points) * sizeof(f->counts[0]));
    for (uint64_t i = 0; i < columns * range->points; i++)
        f->values[i] = NAN;
    return ERR_OK;
}

/* --- folding --- */

static size_t cell_at(const struct fold *f, uint32_t column, uint32_t point)
{
    return (size_t)point * fold_columns(f) + column;
}

static void put_value(struct fold *f, size_t at, double value)
{
    double *to = &f->values[at];
    bool is_first = f->counts[at]++ == 0;
    switch (f->plan.aggregate) {
    case AGGREGATE_SUM:
    case AGGREGATE_AVG: /* divided at the end */
        *to = is_first ? value : *to + value;
        break;
    case AGGREGATE_MIN:
        *to = is_first || value < *to ? value : *to;
        break;
    case AGGREGATE_MAX:
        *to = is_first || value > *to ? value : *to;
        break;
    case AGGREGATE_COUNT:
        *to = f->counts[at];
        break;
    case AGGREGATE_QUANTILE:
        *to = value;
        break;
    }
}

static void fold_series(struct fold *f, uint32_t position)
{
    struct fold_cells cells = {
        .store = f->store, .query = f->query, .position = position, .instance = f->instance,
        .series = f->ask.series[position], .lead = f->range.lead, .per_point = f->range.per_point,
        .cell_ms = f->ask.step_ms,
    };
    int group = find_group(f, f->instance, cells.series);
    if (group < 0)
        return;
    struct fold_group *g = &f->groups[group];
    bool is_quantile = f->plan.aggregate == AGGREGATE_QUANTILE;
    if (is_quantile && g->filled == g->count)
        return; /* one that came meanwhile */
    uint32_t column = g->start + (is_quantile ? g->filled++ : 0);
    for (uint32_t p = 0; p < f->range.points; p++) {
        double value = f->plan.value(f->plan.context, &cells, p);
        if (!isnan(value))
            put_value(f, cell_at(f, column, p), value);
    }
}

/* The next series of the instance that are taken, as many as one query of the store may hold. */
static bool collect(struct fold *f, uint32_t cells_each)
{
    uint32_t count = series_of(f, f->instance);
    uint32_t max = QUERY_CELLS_MAX / cells_each;
    f->ask.series_count = 0;
    for (; f->next_series < count && f->next_series <= UINT16_MAX; f->next_series++) {
        if (f->ask.series_count == QUERY_SERIES_MAX || f->ask.series_count == max)
            break;
        if (f->plan.takes(f->plan.context, f->instance, f->next_series))
            f->ask.series[f->ask.series_count++] = (uint16_t)f->next_series;
    }
    return f->ask.series_count > 0;
}

/* Begins the next query of the store: 1 begun, 0 all hosts are done, or an error. */
static int begin_query(struct fold *f)
{
    const struct fold_range *r = &f->range;
    uint32_t cells = r->lead + r->points * r->per_point;
    int64_t cell_ms = r->step_ms / r->per_point;
    uint32_t instances = store_instance_count(f->store), looked = 0;
    for (; f->instance < instances; f->instance++, f->next_series = 0) {
        if (looked >= SELECT_SLICE)
            return 2;
        uint32_t from = f->next_series;
        looked += 1 + store_series_count(f->store, f->instance);
        if (!collect(f, cells))
            continue;
        f->ask.instance = f->instance;
        f->ask.step_ms = cell_ms;
        f->ask.from_ms = r->from_ms - (int64_t)r->lead * cell_ms;
        f->ask.to_ms = r->from_ms + (int64_t)r->points * r->step_ms;
        int query = store_query_begin(f->store, &f->ask);
        if (query >= 0) {
            f->query = query;
            return 1;
        }
        f->next_series = from;
        return query == ERR_FULL ? ERR_BUSY : query;
    }
    return 0;
}

static void finish_averages(struct fold *f)
{
    size_t cells = (size_t)fold_columns(f) * f->range.points;
    for (size_t i = 0; f->plan.aggregate == AGGREGATE_AVG && i < cells; i++)
        if (f->counts[i] > 0)
            f->values[i] /= f->counts[i];
}

static int run_queries(struct fold *f)
{
    if (f->query < 0) {
        int begun = begin_query(f);
        if (begun == 2)
            return 1;
        if (begun <= 0) {
            if (begun == 0) {
                finish_averages(f);
                f->stage = f->plan.aggregate == AGGREGATE_QUANTILE ? STAGE_SORT : STAGE_DONE;
                f->sort_point = f->sort_group = 0;
            }
            return begun == 0 ? f->stage == STAGE_SORT : begun;
        }
    }
    int more = store_query_step(f->store, f->query);
    if (more != 0)
        return more;
    int64_t resolution_ms = store_query_resolution_ms(f->store, f->query);
    if (resolution_ms > f->resolution_ms)
        f->resolution_ms = resolution_ms;
    for (uint32_t i = 0; i < f->ask.series_count; i++)
        fold_series(f, i);
    store_query_end(f->store, f->query);
    f->query = -1;
    return 1;
}

/* --- quantiles --- */

static bool is_less(const void *a, const void *b)
{
    return *(const double *)a < *(const double *)b;
}

/* Between the two nearest ranks, in a straight line. The result goes into the first column. */
static void settle_quantile(struct fold *f, const struct fold_group *g, uint32_t point)
{
    double *v = &f->values[cell_at(f, g->start, point)];
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->count; i++)
        if (!isnan(v[i]))
            v[n++] = v[i];
    if (n == 0)
        return;
    heap_sort(v, n, sizeof *v, is_less);
    double rank = f->plan.quantile * (n - 1);
    uint32_t low = (uint32_t)rank, high = low + 1 < n ? low + 1 : n - 1;
    v[0] = v[low] + (v[high] - v[low]) * (rank - low);
}

static int run_sort(struct fold *f)
{
    uint32_t sorted = 0;
    for (; f->sort_point < f->range.points; f->sort_point++, f->sort_group = 0)
        for (; f->sort_group < f->group_count; f->sort_group++) {
            if (sorted >= SORT_SLICE)
                return 1;
            settle_quantile(f, &f->groups[f->sort_group], f->sort_point);
            sorted += f->groups[f->sort_group].count;
        }
    f->stage = STAGE_DONE;
    return 0;
}

int fold_run(struct fold *f)
{
    if (f->stage == STAGE_SORT)
        return run_sort(f);
    if (f->range.points == 0 || f->group_count == 0)
        f->stage = STAGE_DONE;
    return f->stage == STAGE_RUN ? run_queries(f) : 0;
}

/* --- results --- */

int64_t fold_resolution_ms(const struct fold *f)
{
    return f->resolution_ms;
}

const struct fold_group *fold_group(const struct fold *f, uint32_t group)
{
    ASSERT(group < f->group_count);
    return &f->groups[group];
}

double fold_value(const struct fold *f, uint32_t group, uint32_t point)
{
    ASSERT(group < f->group_count && point < f->range.points);
    return f->values[cell_at(f, f->groups[group].start, point)];
}

static double rank_of(const struct fold *f, uint32_t group, enum fold_order order)
{
    double rank = NAN, sum = 0;
    uint32_t n = 0;
    for (uint32_t p = 0; p < f->range.points; p++) {
        double v = fold_value(f, group, p);
        if (isnan(v))
            continue;
        bool is_better = isnan(rank) || order == ORDER_LAST || (order == ORDER_MAX && v > rank) ||
                         (order == ORDER_MIN && v < rank);
        if (is_better)
            rank = v;
        sum += v;
        n++;
    }
    if (n > 0 && (order == ORDER_AVG || order == ORDER_SUM))
        rank = order == ORDER_AVG ? sum / n : sum;
    return rank;
}

uint32_t fold_top(struct fold *f, enum fold_order order, bool is_lowest, uint32_t top,
                  uint32_t groups[static FOLD_TOP_MAX])
{
    ASSERT(top <= FOLD_TOP_MAX);
    uint32_t n = 0;
    for (uint32_t g = 0; g < f->group_count; g++) {
        double rank = rank_of(f, g, order);
        f->groups[g].rank = rank;
        if (isnan(rank))
            continue;
        uint32_t at = n;
        while (at > 0 && (is_lowest ? f->groups[groups[at - 1]].rank > rank
                                    : f->groups[groups[at - 1]].rank < rank))
            at--;
        if (at >= top)
            continue;
        n = n < top ? n + 1 : n;
        memmove(&groups[at + 1], &groups[at], (n - at - 1) * sizeof(groups[0]));
        groups[at] = g;
    }
    return n;
}
