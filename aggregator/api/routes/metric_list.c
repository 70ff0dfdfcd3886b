/* SPDX-License-Identifier: MIT */
/* The lists of GET /metrics: a fixed number, each a heap whose root is the oldest, so that it keeps the
 * newest that fit. */
#include "aggregator/api/routes/metric_list.h"

#include "platform/base/heap.h"

#define LISTS_MAX 4U           /* requests at once */

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

struct point_list *metric_list_take(struct world *w)
{
    for (uint32_t i = 0; i < LISTS_MAX; i++) {
        struct point_list *list = &w->point_lists[i];
        if (list->is_taken)
            continue;
        list->is_taken = true;
        list->count = 0;
        list->is_continued = false;
        memory_use(list->line, list->line->in_use + 1);
        return list;
    }
    return NULL;
}

void metric_list_release(struct point_list *list)
{
    list->is_taken = false;
    memory_use(list->line, list->line->in_use - 1);
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

static bool is_newer(const void *a, const void *b)
{
    return is_older((const struct metric_point *)b, (const struct metric_point *)a);
}

void metric_list_push(struct point_list *list, const struct metric_point *point)
{
    struct metric_point *p = list->points;
    if (list->is_continued && !is_older(point, &list->behind))
        return;
    if (list->count == list->capacity) {
        if (!is_older(&p[0], point))
            return;
        p[0] = *point;
        heap_sink(p, list->count, sizeof *p, 0, is_newer);
        return;
    }
    uint32_t at = list->count++;
    p[at] = *point;
    for (; at > 0 && is_older(&p[at], &p[(at - 1) / 2]); at = (at - 1) / 2)
        swap(&p[at], &p[(at - 1) / 2]);
}

void metric_list_sort_newest_first(struct point_list *list)
{
    heap_sort(list->points, list->count, sizeof list->points[0], is_newer);
}
