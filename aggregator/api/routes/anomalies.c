/* SPDX-License-Identifier: MIT */
/* GET /api/v1/anomalies: how unusual every host is now, and what stands out; with a range, what was
 * recorded then.
 *
 *     ?instance=ID     one host
 *     &limit= &cursor= a page of hosts
 *     &from= &to=      instead of the present: insights of type anomaly that were made in that time */
#include "aggregator/analysis/board.h"
#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/query.h"

#define HOSTS_MAX 1000U
#define EVENTS_MAX 200U

struct anomalies_state {
    bool is_range, is_open, is_ended, has_more;
    uint32_t instance, end, left;
    char id[INSTANCE_ID_SIZE];
    struct insight_filter filter;
};
static_assert(sizeof(struct anomalies_state) <= EXCHANGE_STATE_SIZE, "the state must fit");

static const char *word_of(const struct board_host *b)
{
    return b->is_catching_up ? "catching_up"
           : b->minute_s == 0 || b->is_learning ? "learning"
           : b->is_unusual || (double)b->level >= BOARD_LEVEL ? "unusual" : "usual";
}

static void write_metric(struct json *j, struct store *s, uint32_t instance, const struct board_metric *m)
{
    const struct store_series *series = store_series(s, instance, m->series);
    const struct store_metric *metric = store_metric(s, series->metric_index);
    json_open_object(j, NULL);
    json_text(j, "metric", metric->name);
    json_text(j, "tag", series->tag);
    tags_write(j, "tags", series->tag);
    json_text(j, "unit", metric->unit);
    json_bool(j, "is_rate", metric->kind == METRIC_COUNTER);
    json_double(j, "value", (double)m->value);
    json_double(j, "max", (double)m->greatest);
    json_double(j, "usual", (double)m->usual);
    json_double(j, "deviation", (double)m->deviation);
    json_double(j, "state", (double)m->state);
    json_double(j, "news", (double)m->news);
    json_double(j, "z_24h", (double)m->z_day);
    json_double(j, "z_7d", (double)m->z_week);
    json_close_object(j);
}

static void write_host(struct exchange *x, uint32_t instance)
{
    struct json *j = &x->json;
    struct store *s = x->world->store;
    const struct instance *in = store_instance(s, instance);
    const struct board *board = x->world->board;
    static const struct board_host nothing;
    bool is_known = board != NULL && instance < board->count;
    const struct board_host *b = is_known ? &board->hosts[instance] : &nothing;
    json_open_object(j, NULL);
    json_text(j, "id", in->id);
    json_text(j, "name", in->name[0] != 0 ? in->name : in->id);
    json_text(j, "state", word_of(b));
    json_double(j, "level", (double)b->level);
    json_double(j, "score", (double)b->score);
    if (b->minute_s != 0) {
        json_i64(j, "minute_ms", b->minute_s * MS_PER_S);
        json_i64(j, "learnt_since_ms", b->first_s * MS_PER_S);
    }
    json_u64(j, "series", b->tracked);
    json_u64(j, "series_left_out", b->surplus);
    json_open_array(j, "metrics");
    for (uint32_t i = 0; i < b->ranked_count; i++)
        write_metric(j, s, instance, &b->ranked[i]);
    json_close_array(j);
    json_u64(j, "three_sigma_series", b->beyond);
    json_open_array(j, "three_sigma");
    for (uint32_t i = 0; i < b->farthest_count; i++)
        write_metric(j, s, instance, &b->farthest[i]);
    json_close_array(j);
    json_close_object(j);
}

static int write_hosts(struct exchange *x, struct anomalies_state *st)
{
    for (; st->instance < st->end && st->left > 0; st->instance++) {
        if (store_instance(x->world->store, st->instance)->deleted_ms != 0)
            continue;
        struct json_mark m = json_mark(&x->json);
        write_host(x, st->instance);
        int more = produce_or_rewind(&x->json, m);
        if (more != PRODUCE_DONE)
            return more;
        st->left--;
    }
    return PRODUCE_DONE;
}

static int write_events(struct exchange *x, struct anomalies_state *st)
{
    struct insight in;
    st->filter.instance = st->id;
    while (st->left > 0) {
        int n = store_insight_list(x->world->store, &st->filter, &in, 1);
        if (n <= 0)
            return n;
        struct json_mark m = json_mark(&x->json);
        insight_write(&x->json, NULL, &in);
        int more = produce_or_rewind(&x->json, m);
        if (more != PRODUCE_DONE)
            return more;
        st->filter.before_ms = in.created_ms;
        st->filter.before = in.number;
        st->left--;
    }
    int n = store_insight_list(x->world->store, &st->filter, &in, 1);
    st->has_more = n > 0;
    return n < 0 ? n : PRODUCE_DONE;
}

static int produce(struct exchange *x)
{
    struct anomalies_state *st = (struct anomalies_state *)x->state;
    struct json *j = &x->json;
    if (!st->is_open) {
        json_open_object(j, NULL);
        json_i64(j, "now_ms", x->now_ms);
        json_double(j, "threshold", BOARD_LEVEL);
        json_open_array(j, st->is_range ? "events" : "hosts");
        st->is_open = true;
    }
    if (!st->is_ended) {
        int more = st->is_range ? write_events(x, st) : write_hosts(x, st);
        if (more != PRODUCE_DONE)
            return more;
    }
    st->is_ended = true;
    struct json_mark m = json_mark(j);
    json_close_array(j);
    if (!st->is_range && st->instance < st->end)
        json_u64(j, "next_cursor", st->instance);
    if (st->has_more)
        page_write_key(j, "next_cursor",
                       &(struct page){.before_ms = st->filter.before_ms, .before = st->filter.before});
    json_close_object(j);
    return produce_or_rewind(j, m);
}

static bool read_host(struct exchange *x, struct anomalies_state *st)
{
    int length = query_text(x->request->query, "instance", st->id, sizeof(st->id));
    st->end = store_instance_count(x->world->store);
    if (length == ERR_MISSING) {
        st->id[0] = 0;
        return true;
    }
    int index = length < 0 ? ERR_MISSING : store_instance_find(x->world->store, st->id);
    if (index < 0) {
        respond_error(x, 404, "Instance not found", "no instance has the id that ?instance= says");
        return false;
    }
    st->instance = (uint32_t)index;
    st->end = st->instance + 1;
    return true;
}

void handle_anomalies(struct exchange *x)
{
    struct anomalies_state *st = exchange_state(x, sizeof(*st));
    struct span query = x->request->query;
    char word[2];
    uint64_t limit = HOSTS_MAX, cursor = 0;
    int64_t from_ms, to_ms;
    struct page page;
    st->is_range = query_text(query, "from", word, sizeof(word)) != ERR_MISSING;
    if (!read_host(x, st))
        return;
    if (query_number(query, "limit", 1, HOSTS_MAX, &limit) == ERR_MALFORMED ||
        (!st->is_range && query_number(query, "cursor", 0, UINT32_MAX, &cursor) == ERR_MALFORMED)) {
        respond_error(x, 400, NULL, "limit must be a number from 1 to 1000, cursor what an answer said");
        return;
    }
    if (!query_read_time(x, "from", 0, &from_ms) || !query_read_time(x, "to", x->now_ms, &to_ms))
        return;
    page = (struct page){.before_ms = to_ms + 1};
    if (st->is_range && !page_read_key(x, "cursor", &page))
        return;
    st->left = st->is_range && limit > EVENTS_MAX ? EVENTS_MAX : (uint32_t)limit;
    if (cursor > st->instance)
        st->instance = (uint32_t)cursor;
    st->filter = (struct insight_filter){.type = INSIGHT_ANOMALY, .severity = -1, .created_from_ms = from_ms,
                                         .before_ms = page.before_ms, .before = page.before};
    respond_json(x, produce);
}
