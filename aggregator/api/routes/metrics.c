/* SPDX-License-Identifier: MIT */
/* GET /metrics: single points, newest first, in the shape that existing clients read.
 *
 * Without a limit: the newest 20 points (fewer when there are very many hosts) of each of the nine series
 * that those clients draw. With one: exactly the newest `limit` points. ?metricName= opens every other
 * metric, ?tags= every tag; without it disk_usage_percent means the root filesystem, because clients tell
 * points apart by host and name alone.
 *
 * Points are gathered host by host, one slice of a store query a step, into a heap whose root is the
 * oldest: it keeps the newest that fit. Sorting it puts the newest in front. */
#include <string.h>

#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/exposition.h"
#include "aggregator/api/routes/handlers.h"

#define LISTS_MAX 4U           /* requests at once */
#define LIST_POINTS_MAX 12288U /* "not more than some tens of thousands" */
#define DEPTH_DEFAULT 20U      /* points of a series that clients draw */
#define ANY_INSTANCE UINT32_MAX

/* Steps of one query in which a series has several points; they are looked at again, by the millisecond. */
#define CROWDED_MAX 256U
#define TOLD_STEP_MS 500
#define TOLD_STEPS_DEFAULT 2400 /* 20 minutes: 20 points of who sends each half minute, twice */

struct crowded {
    int64_t from_ms;           /* of the query */
    int64_t at_ms[CROWDED_MAX];
    uint32_t count, next;
};

struct point_list {
    struct crowded crowded;
    struct metric_point *points;
    struct memory_line *line;
    uint32_t count, capacity;
    bool is_taken;
};

struct metrics_state {
    struct point_list *list;
    char metric[STORE_METRIC_SIZE], tags[TAG_SIZE];
    uint32_t only_instance;    /* or ANY_INSTANCE */
    uint32_t depth;            /* newest points wanted of each series */
    uint32_t instance;         /* whose points are gathered */
    int query;                 /* of the store, or -1 */
    uint32_t series_count;
    uint16_t series[QUERY_SERIES_MAX];
    uint32_t written;
    bool is_gathered, is_open, is_limited, is_expanding;
};
static_assert(sizeof(struct metrics_state) <= EXCHANGE_STATE_SIZE, "metrics state must fit");

/* --- scratch --- */

void metrics_reserve(struct memory_map *map, struct world *w)
{
    struct point_list *lists = memory_reserve(map, "api: metric lists", LISTS_MAX, sizeof(*lists),
                                              "the request is told to come again in a second");
    struct memory_line *line = memory_last_line(map);
    struct metric_point *points =
        memory_reserve(map, "api: points of metric lists", (uint64_t)LISTS_MAX * LIST_POINTS_MAX,
                       sizeof(*points), "the oldest points are left out");
    if (lists == NULL || points == NULL)
        return;
    for (uint32_t i = 0; i < LISTS_MAX; i++) {
        lists[i].points = points + (size_t)i * LIST_POINTS_MAX;
        lists[i].line = line;
    }
    w->point_lists = lists;
}

static struct point_list *take_list(struct world *w)
{
    for (uint32_t i = 0; i < LISTS_MAX; i++) {
        struct point_list *list = &w->point_lists[i];
        if (list->is_taken)
            continue;
        list->is_taken = true;
        list->count = 0;
        memory_use(list->line, list->line->in_use + 1);
        return list;
    }
    return NULL;
}

static void release_metrics(struct exchange *x)
{
    struct metrics_state *st = (struct metrics_state *)x->state;
    if (st->query >= 0)
        store_query_end(x->world->store, st->query);
    st->list->is_taken = false;
    memory_use(st->list->line, st->list->line->in_use - 1);
}

/* --- the heap: the oldest point at the root --- */

/* Total, so that the answer does not depend on the order of gathering. */
static bool is_older(const struct metric_point *a, const struct metric_point *b)
{
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms;
    if (a->instance != b->instance)
        return a->instance > b->instance;
    return a->series > b->series;
}

static void swap(struct metric_point *a, struct metric_point *b)
{
    struct metric_point t = *a;
    *a = *b;
    *b = t;
}

static void sink(struct metric_point *points, uint32_t count, uint32_t at)
{
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= count)
            return;
        if (child + 1 < count && is_older(&points[child + 1], &points[child]))
            child++;
        if (!is_older(&points[child], &points[at]))
            return;
        swap(&points[child], &points[at]);
        at = child;
    }
}

static void push(struct point_list *list, const struct metric_point *point)
{
    struct metric_point *p = list->points;
    if (list->count == list->capacity) {
        if (!is_older(&p[0], point))
            return;
        p[0] = *point;
        sink(p, list->count, 0);
        return;
    }
    uint32_t at = list->count++;
    p[at] = *point;
    for (; at > 0 && is_older(&p[at], &p[(at - 1) / 2]); at = (at - 1) / 2)
        swap(&p[at], &p[(at - 1) / 2]);
}

/* Takes the oldest off the root again and again, to the end of the array. */
static void sort_newest_first(struct point_list *list)
{
    for (uint32_t left = list->count; left > 1; left--) {
        swap(&list->points[0], &list->points[left - 1]);
        sink(list->points, left - 1, 0);
    }
}

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
    return newest_ms;
}

/* --- gathering --- */

static void gather_last_values(struct store *s, struct metrics_state *st)
{
    for (uint32_t i = 0; i < st->series_count; i++) {
        const struct store_series *series = store_series(s, st->instance, st->series[i]);
        push(st->list, &(struct metric_point){st->instance, st->series[i], series->last_ms,
                                              series->last_value});
    }
}

static void note_crowded(struct crowded *c, int64_t at_ms)
{
    for (uint32_t i = 0; i < c->count; i++)
        if (c->at_ms[i] == at_ms)
            return;
    if (c->count < CROWDED_MAX)
        c->at_ms[c->count++] = at_ms;
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
                push(st->list, &(struct metric_point){st->instance, st->series[i], c->last_ms, c->last});
            else if (c->count > 1)
                note_crowded(crowded, crowded->from_ms + (int64_t)(p - 1) * TOLD_STEP_MS);
            found += c->count;
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
                push(st->list, &(struct metric_point){st->instance, st->series[i], c->last_ms, c->last});
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
            push(st->list, &(struct metric_point){st->instance, st->series[i], c->last_ms, c->last});
            found++;
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

/* A bounded piece of the way through the hosts: ERR_AGAIN until the list is complete. */
static int gather(struct store *s, struct metrics_state *st)
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
    sort_newest_first(st->list);
    return PRODUCE_DONE;
}

/* --- the answer --- */

void metric_write(struct json *j, const char *key, struct store *s, const struct metric_point *point)
{
    const struct instance *in = store_instance(s, point->instance);
    const struct store_series *series = store_series(s, point->instance, point->series);
    const struct store_metric *metric = store_metric(s, series->metric_index);
    char id[INSTANCE_ID_SIZE + 48];
    struct text t;
    text_init(&t, id, sizeof(id));
    text_printf(&t, "%s-%u-%lld", in->id, point->series, (long long)point->time_ms);
    json_open_object(j, key);
    json_text(j, "id", id);
    json_text(j, "instanceId", in->id);
    json_i64(j, "timestamp", point->time_ms);
    json_text(j, "metricName", metric->name);
    json_scaled(j, "metricValue", point->value, metric->scale);
    json_scaled(j, "value", point->value, metric->scale);
    json_text(j, "unit", metric->unit);
    tags_write(j, "tags", series->tag);
    json_iso_ms(j, "createdAt", point->time_ms);
    json_close_object(j);
}

static int produce_metrics(struct exchange *x)
{
    struct metrics_state *st = (struct metrics_state *)x->state;
    struct json *j = &x->json;
    if (!st->is_gathered) {
        int err = gather(x->world->store, st);
        if (err < 0)
            return err;
        st->is_gathered = true;
    }
    if (!st->is_open) {
        json_open_object(j, NULL);
        json_open_array(j, "metrics");
        st->is_open = true;
    }
    for (; st->written < st->list->count; st->written++) {
        struct json_mark m = json_mark(j);
        metric_write(j, NULL, x->world->store, &st->list->points[st->written]);
        if (json_is_full(j)) {
            json_rewind(j, m);
            return PRODUCE_MORE;
        }
    }
    struct json_mark m = json_mark(j);
    json_close_array(j);
    json_u64(j, "count", st->list->count);
    json_close_object(j);
    return produce_or_rewind(j, m);
}

/* False when a filter names something that cannot be: nothing matches. */
static bool read_filters(struct exchange *x, struct metrics_state *st)
{
    struct span query = x->request->query;
    char id[INSTANCE_ID_SIZE];
    int length = query_text(query, "instanceId", id, sizeof(id));
    st->only_instance = ANY_INSTANCE;
    if (length != ERR_MISSING) {
        int index = length < 0 ? ERR_MISSING : store_instance_find(x->world->store, id);
        if (index < 0 || store_instance(x->world->store, (uint32_t)index)->deleted_ms != 0)
            return false;
        st->only_instance = st->instance = (uint32_t)index;
    }
    int metric = query_text(query, "metricName", st->metric, sizeof(st->metric));
    int tags = query_text(query, "tags", st->tags, sizeof(st->tags));
    return (metric >= 0 || metric == ERR_MISSING) && (tags >= 0 || tags == ERR_MISSING);
}

void handle_metrics(struct exchange *x)
{
    respond_header(x, "Vary: Accept");
    if (exposition_accepted(x->request) != EXPOSITION_NONE) {
        handle_exposition(x);
        return;
    }
    struct metrics_state *st = exchange_state(x, sizeof(*st));
    uint64_t limit = 0;
    if (query_number(x->request->query, "limit", 1, 1000, &limit) == ERR_MALFORMED) {
        respond_error(x, 400, NULL, "limit must be a number from 1 to 1000");
        return;
    }
    st->query = -1;
    st->list = take_list(x->world);
    if (st->list == NULL) {
        respond_error(x, 503, NULL, "too many metric lists at once; try again");
        respond_header(x, "Retry-After: 1");
        return;
    }
    st->is_gathered = !read_filters(x, st);
    uint32_t hosts = st->only_instance == ANY_INSTANCE ? store_instance_count(x->world->store) : 1;
    uint32_t depth_max = LIST_POINTS_MAX / (9 * (hosts > 0 ? hosts : 1));
    st->depth = depth_max < 1 ? 1 : depth_max < DEPTH_DEFAULT ? depth_max : DEPTH_DEFAULT;
    st->list->capacity = LIST_POINTS_MAX;
    st->is_limited = limit > 0;
    if (limit > 0)
        st->depth = st->list->capacity = (uint32_t)limit;
    x->release = release_metrics;
    respond_json(x, produce_metrics);
}
