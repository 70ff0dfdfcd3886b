/* SPDX-License-Identifier: MIT */
/* A stack machine over the nodes of an expression; see promql_run.h. */
#include "aggregator/query/promql_run.h"

#include <string.h>

struct promql_run {
    bool is_taken;
    struct promql_source from;
    uint32_t node;                             /* the one that is worked on */
    struct promql_work work;
    bool is_done[PROMQL_NODES_MAX];            /* by the load of a selector below */
    uint32_t depth;
    struct promql_matrix stack[PROMQL_NODES_MAX + 1];
    struct promql q;
    struct promql_table table;
    struct promql_load load;
};

struct promql_pool {
    struct memory_line *line;
    struct promql_run *runs;
};

struct promql_pool *promql_reserve(struct memory_map *map)
{
    struct promql_pool *pool = memory_reserve(map, "api: queries as Prometheus writes them, list", 1,
                                              sizeof(*pool), "as they");
    struct promql_run *runs = memory_reserve(map, "api: queries as Prometheus writes them", PROMQL_PLACES,
                                             sizeof(*runs), "the request is told to come again in a second");
    if (pool != NULL)
        *pool = (struct promql_pool){memory_last_line(map), runs};
    return pool;
}

struct promql_run *promql_take(struct promql_pool *pool, const struct promql_source *from)
{
    for (uint32_t i = 0; i < PROMQL_PLACES; i++) {
        struct promql_run *r = &pool->runs[i];
        if (r->is_taken)
            continue;
        r->is_taken = true;
        r->from = *from;
        r->load.is_begun = false;
        r->q.count = r->q.selection.count = r->q.selection.regex_count = 0;
        memory_use(pool->line, pool->line->in_use + 1);
        return r;
    }
    return NULL;
}

void promql_give(struct promql_pool *pool, struct promql_run *r)
{
    promql_load_end(&r->load, &r->from);
    r->is_taken = false;
    memory_use(pool->line, pool->line->in_use - 1);
}

struct promql *promql_expression(struct promql_run *r)
{
    return &r->q;
}

struct promql_table *promql_run_table(struct promql_run *r)
{
    return &r->table;
}

const struct promql_matrix *promql_result(const struct promql_run *r)
{
    return &r->stack[0];
}

int promql_run_begin(struct promql_run *r, int64_t start_ms, int64_t step_ms, uint32_t points)
{
    r->node = r->depth = 0;
    r->work = (struct promql_work){0};
    r->load.is_begun = false;
    memset(r->is_done, 0, sizeof(r->is_done));
    r->stack[0] = (struct promql_matrix){0};
    return promql_table_begin(&r->table, start_ms, step_ms, points);
}

/* --- nodes --- */

static int push_scalar(struct promql_run *r, bool is_time, double value)
{
    struct promql_table *t = &r->table;
    int row = promql_row_push(t);
    if (row < 0)
        return row;
    for (uint32_t p = 0; p < t->points; p++)
        promql_cells(t, (uint32_t)row)[p] = is_time ? (double)promql_time(t, p) / 1000 : value;
    r->stack[r->depth++] = (struct promql_matrix){.first = (uint32_t)row, .rows = 1, .is_scalar = true};
    return 0;
}

/* The function and the aggregation around the selector are done with it. */
static int load(struct promql_run *r, const struct promql_node *n)
{
    struct promql_matrix m;
    int more = promql_load_step(&r->load, &r->from, &r->q, r->node, &r->table, &m);
    if (more != 0)
        return more;
    int group = promql_load_group(&r->q, r->node);
    if (n->type == PROMQL_RANGE)
        r->is_done[n->parent] = true;
    if (group >= 0)
        r->is_done[group] = true;
    r->stack[r->depth++] = m;
    return 0;
}

static int call(struct promql_run *r, const struct promql_node *n)
{
    struct promql_matrix more[2] = {{0}, {0}};
    uint32_t count = 0;
    while (count < COUNT_OF(n->arguments) && n->arguments[count] >= 0)
        count++;
    if (count == 0)
        return push_scalar(r, true, 0);
    ASSERT(r->depth >= count);
    struct promql_matrix *m = &r->stack[r->depth - count];
    for (uint32_t i = 1; i < count; i++)
        more[i - 1] = m[i];
    int err = promql_call(&r->table, &r->q, n, m, more, &r->work);
    if (err == 0)
        r->depth -= count - 1;
    return err;
}

static int aggregate(struct promql_run *r, const struct promql_node *n)
{
    bool has_parameter = n->arguments[1] >= 0;
    struct promql_matrix *m = &r->stack[r->depth - 1];
    int err = promql_aggregate(&r->table, &r->q, n, has_parameter ? m - 1 : NULL, m, &r->work);
    if (err == 0 && has_parameter) {
        m[-1] = *m;
        r->depth--;
    }
    return err;
}

static int binary(struct promql_run *r, const struct promql_node *n)
{
    struct promql_matrix *left = &r->stack[r->depth - 2];
    int err = promql_binary(&r->table, &r->q, n, left, left + 1, &r->work);
    if (err == 0)
        r->depth--;
    return err;
}

static int work_off(struct promql_run *r)
{
    const struct promql_node *n = &r->q.nodes[r->node];
    if (r->is_done[r->node])
        return 0;
    switch ((enum promql_kind)n->kind) {
    case PROMQL_NUMBER:
        return push_scalar(r, false, n->number);
    case PROMQL_SELECTOR:
        return load(r, n);
    case PROMQL_CALL:
        return call(r, n);
    case PROMQL_AGGREGATE:
        return aggregate(r, n);
    case PROMQL_BINARY:
        return binary(r, n);
    case PROMQL_NEGATE:
        return promql_negate(&r->table, &r->stack[r->depth - 1], &r->work);
    case PROMQL_TEXT:
        break;
    }
    return 0;
}

int promql_run_step(struct promql_run *r)
{
    if (r->node == r->q.count)
        return 0;
    int more = work_off(r);
    if (more != 0)
        return more;
    r->node++;
    r->work = (struct promql_work){0};
    if (r->node < r->q.count)
        return 1;
    struct promql_matrix *m = &r->stack[0];
    if (m->order != 0 && r->table.points == 1 && m->rows > 0)
        promql_sort(&r->table, m);
    return 0;
}
