/* SPDX-License-Identifier: MIT */
/* GET /api/v1/processes: who used most CPU and memory on a host, at a moment or over a stretch of time.
 *
 *     ?instance=ID           required
 *     &at=                   a time as in /api/v1/query; default: the newest sample
 *     &from= &to= &points=60 instead: of each of at most that many steps the newest sample */
#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/query.h"

#define POINTS_MAX 1000
#define TIME_MS_MAX (INT64_C(1) << 53)
#define LOOKS_A_SLICE 16U /* each reads a block or, once in a while, a chunk */

struct processes_state {
    uint32_t instance;
    bool is_range, is_open, has_found;
    int64_t from_ms, to_ms, step_ms;
    int64_t at_ms;                 /* the step that comes next */
    struct store_processes found;  /* waits for room to be written into */
};
static_assert(sizeof(struct processes_state) <= EXCHANGE_STATE_SIZE, "the state must fit");

static bool is_before(const struct process_top *a, const struct process_top *b)
{
    return a->cpu_share > b->cpu_share || (a->cpu_share == b->cpu_share && a->memory_kib > b->memory_kib);
}

/* The busiest first. */
static void sort(struct process_tops *t)
{
    for (uint32_t i = 1; i < t->count; i++) {
        struct process_top it = t->tops[i];
        uint32_t at = i;
        for (; at > 0 && is_before(&it, &t->tops[at - 1]); at--)
            t->tops[at] = t->tops[at - 1];
        t->tops[at] = it;
    }
}

/* Members "at" and "processes". */
static void write_sample(struct json *j, struct store_processes *p)
{
    sort(&p->tops);
    json_i64(j, "at", p->time_ms);
    json_open_array(j, "processes");
    for (uint32_t i = 0; i < p->tops.count; i++) {
        const struct process_top *top = &p->tops.tops[i];
        json_open_object(j, NULL);
        json_u64(j, "pid", top->pid);
        json_text(j, "name", top->name);
        json_scaled(j, "cpu_percent", top->cpu_share, 100);
        json_u64(j, "memory_bytes", (uint64_t)top->memory_kib * 1024);
        json_close_object(j);
    }
    json_close_array(j);
}

static int produce_moment(struct exchange *x)
{
    struct processes_state *st = (struct processes_state *)x->state;
    struct json *j = &x->json;
    if (!st->has_found) {
        int n = store_processes(x->world->store, st->instance, st->from_ms, st->to_ms, &st->found);
        if (n < 0)
            return n;
        st->has_found = true;
        st->is_open = n > 0;
    }
    struct json_mark m = json_mark(j);
    json_open_object(j, NULL);
    json_text(j, "instance", store_instance(x->world->store, st->instance)->id);
    if (st->is_open) {
        write_sample(j, &st->found);
    } else {
        json_null(j, "at");
        json_open_array(j, "processes");
        json_close_array(j);
    }
    json_close_object(j);
    return produce_or_rewind(j, m);
}

static void open_range(struct exchange *x, const struct processes_state *st)
{
    struct json *j = &x->json;
    json_open_object(j, NULL);
    json_text(j, "instance", store_instance(x->world->store, st->instance)->id);
    json_i64(j, "from", st->from_ms);
    json_i64(j, "to", st->to_ms);
    json_i64(j, "step_ms", st->step_ms);
    json_open_array(j, "samples");
}

/* One step: 1 when it has a sample to write. */
static int look(struct exchange *x, struct processes_state *st)
{
    int64_t end_ms = st->at_ms + st->step_ms < st->to_ms ? st->at_ms + st->step_ms : st->to_ms;
    int n = store_processes(x->world->store, st->instance, st->at_ms, end_ms, &st->found);
    if (n >= 0)
        st->at_ms = end_ms;
    return n;
}

static int produce_range(struct exchange *x)
{
    struct processes_state *st = (struct processes_state *)x->state;
    struct json *j = &x->json;
    if (!st->is_open)
        open_range(x, st);
    st->is_open = true;
    for (uint32_t looks = 0; st->has_found || st->at_ms < st->to_ms;) {
        if (!st->has_found && looks++ == LOOKS_A_SLICE)
            return ERR_AGAIN;
        int n = st->has_found ? 1 : look(x, st);
        if (n < 0)
            return n;
        st->has_found = n > 0;
        if (!st->has_found)
            continue;
        struct json_mark m = json_mark(j);
        json_open_object(j, NULL);
        write_sample(j, &st->found);
        json_close_object(j);
        if (produce_or_rewind(j, m) == PRODUCE_MORE)
            return PRODUCE_MORE;
        st->has_found = false;
    }
    struct json_mark m = json_mark(j);
    json_close_array(j);
    json_close_object(j);
    return produce_or_rewind(j, m);
}

static bool read_range(struct exchange *x, struct processes_state *st)
{
    uint64_t points = 60;
    if (!query_read_time(x, "to", x->now_ms, &st->to_ms) ||
        !query_read_time(x, "from", st->to_ms - 3600 * MS_PER_S, &st->from_ms))
        return false;
    if (query_number(x->request->query, "points", 1, POINTS_MAX, &points) == ERR_MALFORMED) {
        respond_error(x, 400, NULL, "points must be a number from 1 to %u", POINTS_MAX);
        return false;
    }
    if (st->from_ms < 0 || st->from_ms >= st->to_ms || st->to_ms > TIME_MS_MAX) {
        respond_error(x, 400, NULL, "from must be before to, and both after 1970");
        return false;
    }
    int64_t interval_ms = store_instance(x->world->store, st->instance)->interval_ms;
    st->step_ms = (st->to_ms - st->from_ms + (int64_t)points - 1) / (int64_t)points;
    if (st->step_ms < interval_ms)
        st->step_ms = interval_ms;
    st->at_ms = st->from_ms;
    return true;
}

static bool read_moment(struct exchange *x, struct processes_state *st)
{
    int64_t at_ms;
    if (!query_read_time(x, "at", TIME_MS_MAX - 1, &at_ms))
        return false;
    if (at_ms < 0 || at_ms >= TIME_MS_MAX) {
        respond_error(x, 400, NULL, "at must be after 1970");
        return false;
    }
    st->to_ms = at_ms + 1;
    return true;
}

void handle_processes(struct exchange *x)
{
    struct processes_state *st = exchange_state(x, sizeof(*st));
    struct span query = x->request->query;
    char id[INSTANCE_ID_SIZE], text[2];
    int length = query_text(query, "instance", id, sizeof(id));
    if (length == ERR_MISSING) {
        respond_error(x, 400, NULL, "say which host: ?instance=ID, an id from /instances");
        return;
    }
    int index = length < 0 ? ERR_MISSING : store_instance_find(x->world->store, id);
    if (index < 0) {
        respond_error(x, 404, "Instance not found", "no instance has the id that ?instance= says");
        return;
    }
    st->instance = (uint32_t)index;
    st->is_range = query_text(query, "from", text, sizeof(text)) != ERR_MISSING ||
                   query_text(query, "to", text, sizeof(text)) != ERR_MISSING;
    if (st->is_range ? read_range(x, st) : read_moment(x, st))
        respond_json(x, st->is_range ? produce_range : produce_moment);
}
