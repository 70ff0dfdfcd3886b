/* SPDX-License-Identifier: MIT */
/* GET /metrics between its files: metric_list.c keeps the newest points, metric_gather.c finds them,
 * metrics.c reads what is asked and writes the answer. */
#ifndef NEPHOS_API_METRIC_LIST_H
#define NEPHOS_API_METRIC_LIST_H

#include "aggregator/api/routes/handlers.h"

#define LIST_POINTS_MAX 12288U /* "not more than some tens of thousands" */
#define ANY_INSTANCE UINT32_MAX

/* Steps of one query in which a series has several points; they are looked at again, by the millisecond. */
#define CROWDED_MAX 256U

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
    bool is_continued;         /* only what comes behind `behind`, the last point of the page before */
    struct metric_point behind;
};

/* What comes next for the host at hand. */
enum gather_stage {
    GATHER_NEWEST,  /* it has not been looked at */
    GATHER_CROWDED, /* steps with several points, again by the millisecond */
    GATHER_PROBE,   /* when its samples before those were: it may have been away */
    GATHER_OLDER,   /* points from older_ms on backwards */
};

struct metrics_state {
    struct point_list *list;
    char metric[STORE_METRIC_SIZE], tags[TAG_SIZE];
    uint32_t only_instance;    /* or ANY_INSTANCE */
    uint32_t depth;            /* newest points wanted of each series */
    uint32_t instance;         /* whose points are gathered */
    enum gather_stage stage;
    int query;                 /* of the store, or -1 */
    int64_t reach_ms;          /* what is older has not been looked at */
    int64_t step_ms;           /* of the query */
    int64_t older_ms;
    uint32_t series_count;
    uint16_t series[QUERY_SERIES_MAX];
    uint32_t written;
    bool is_gathered, is_open, is_limited;
    bool is_short;             /* a series had fewer points than wanted where it was looked for them */
};
static_assert(sizeof(struct metrics_state) <= EXCHANGE_STATE_SIZE, "metrics state must fit");

/* NULL when all are taken. */
struct point_list *metric_list_take(struct world *w);
void metric_list_release(struct point_list *list);
/* Keeps the point when it is among the newest `capacity`. */
void metric_list_push(struct point_list *list, const struct metric_point *point);
void metric_list_sort_newest_first(struct point_list *list);

/* A bounded piece of the way through the hosts: ERR_AGAIN or ERR_BUSY until the list is complete. */
int metric_gather(struct store *s, struct metrics_state *st);

#endif
