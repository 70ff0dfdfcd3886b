/* SPDX-License-Identifier: MIT */
/* GET /metrics for scrapers, GET /federate: the newest value of everything, as Prometheus reads it.
 *
 * Families stand together, so the walk goes family by family, and in each through the instances, whose
 * series the catalog keeps in the order of families. A piece is as much as the slot's buffer holds, however
 * much there is in all; nothing is copied meanwhile: a line tells the value of the moment it is written.
 * /metrics tells live values without times and leaves out who is silent; /federate takes match[] and tells
 * the time of each value. */
#include <string.h>

#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/exposition.h"
#include "aggregator/api/routes/handlers.h"

#define SORT_SLICE 64U     /* instances brought in order in one slice */
#define WALK_SLICE 20000U  /* looked at in one slice without a line to tell */
#define SELECTIONS_MAX 4U
#define MATCH_SIZE 1024U

struct selection_pool {
    struct memory_line *line;
    bool is_taken[SELECTIONS_MAX];
    struct selection at[SELECTIONS_MAX];
};

void exposition_reserve(struct memory_map *map, struct world *w)
{
    struct selection_pool *pool = memory_reserve(map, "api: selections of /federate", 1, sizeof(*pool),
                                                 "the request is told to come again in a second");
    w->selections = pool;
    if (pool != NULL)
        pool->line = memory_last_line(map);
}

static struct selection *take_selection(struct selection_pool *pool)
{
    for (uint32_t i = 0; i < SELECTIONS_MAX; i++) {
        if (pool->is_taken[i])
            continue;
        pool->is_taken[i] = true;
        pool->at[i].count = pool->at[i].regex_count = 0;
        return &pool->at[i];
    }
    return NULL;
}

static void release(struct exchange *x)
{
    struct exposition_state *st = (struct exposition_state *)x->state;
    struct selection_pool *pool = x->world->selections;
    if (st->selection != NULL)
        pool->is_taken[st->selection - pool->at] = false;
    st->selection = NULL;
}

bool exposition_takes_family(const struct exposition_state *st, const char *name)
{
    return st->selection == NULL || selection_takes_name(st->selection, name);
}

/* --- the walk --- */

/* One sample's line. False when it is not told: silent, or not selected. */
static bool put_sample(struct exchange *x, struct exposition_state *st, const struct catalog_metric *family,
                       uint32_t series)
{
    struct world *w = x->world;
    struct text *t = x->json.out;
    struct labels labels;
    if (!catalog_is_fresh(w->catalog, st->instance, series, x->now_ms))
        return false;
    if (st->selection != NULL) {
        catalog_labels(w->catalog, st->instance, series, true, &labels);
        if (!selection_takes(st->selection, family->name, &labels))
            return false;
    }
    catalog_labels(w->catalog, st->instance, series, false, &labels);
    const struct store_series *it = store_series(w->store, st->instance, series);
    const struct catalog_metric *metric = catalog_metric(w->catalog, it->metric_index);
    if (!st->is_head_done)
        exposition_head(t, st->format, family->name, family->help, family->type);
    st->is_head_done = true;
    text_put(t, family->name);
    exposition_labels(t, &labels);
    text_put_char(t, ' ');
    text_put_scaled(t, it->last_value, metric->scale);
    exposition_end(t, st->format, st->is_federate ? it->last_ms : 0);
    return true;
}

/* The rest of one instance's series of the family. */
static int put_instance(struct exchange *x, struct exposition_state *st, const struct catalog_metric *family)
{
    struct text *t = x->json.out;
    uint32_t count;
    const struct catalog_entry *entries = catalog_entries(x->world->catalog, st->instance, &count);
    uint32_t at = catalog_find(entries, count, (uint16_t)st->family) + st->position;
    for (; at < count && entries[at].family == st->family; at++, st->position++) {
        struct json_mark mark = json_mark(&x->json);
        bool was_head_done = st->is_head_done;
        (void)put_sample(x, st, family, entries[at].series);
        if (t->truncated) {
            json_rewind(&x->json, mark);
            st->is_head_done = was_head_done;
            return PRODUCE_MORE;
        }
    }
    st->position = 0;
    return PRODUCE_DONE;
}

static int put_hosts(struct exchange *x, struct exposition_state *st)
{
    struct world *w = x->world;
    uint32_t looked = 0, hosts = store_instance_count(w->store);
    for (; st->family < catalog_metric_count(w->catalog); st->family++) {
        const struct catalog_metric *family = catalog_metric(w->catalog, st->family);
        bool is_first = family->family == st->family;
        if (!is_first || !exposition_takes_family(st, family->name)) {
            st->instance = 0;
            continue;
        }
        for (; st->instance < hosts; st->instance++) {
            if (++looked > WALK_SLICE)
                return ERR_AGAIN;
            if (store_instance(w->store, st->instance)->deleted_ms != 0)
                continue;
            if (put_instance(x, st, family) != PRODUCE_DONE)
                return PRODUCE_MORE;
        }
        st->instance = 0;
        st->is_head_done = false;
    }
    return PRODUCE_DONE;
}

/* Names are known only of instances that were looked at: all of them first, some in each slice. */
static bool sort_some(struct exchange *x, struct exposition_state *st)
{
    uint32_t hosts = store_instance_count(x->world->store), count;
    for (uint32_t n = 0; st->sorted < hosts && n < SORT_SLICE; n++)
        (void)catalog_entries(x->world->catalog, st->sorted++, &count);
    return st->sorted < hosts;
}

static int put_self(struct exchange *x, struct exposition_state *st)
{
    for (;;) {
        struct json_mark mark = json_mark(&x->json);
        uint32_t own = st->own, instance = st->own_instance;
        bool is_head_done = st->is_head_done;
        bool has_more = exposition_self_next(x, st, x->json.out);
        if (x->json.out->truncated) {
            json_rewind(&x->json, mark);
            st->own = own;
            st->own_instance = instance;
            st->is_head_done = is_head_done;
            return PRODUCE_MORE;
        }
        if (!has_more)
            break;
    }
    st->has_self = true;
    st->is_head_done = false;
    return PRODUCE_DONE;
}

static int produce(struct exchange *x)
{
    struct exposition_state *st = (struct exposition_state *)x->state;
    if (sort_some(x, st))
        return ERR_AGAIN;
    int err = st->has_self ? PRODUCE_DONE : put_self(x, st);
    if (err == PRODUCE_DONE)
        err = put_hosts(x, st);
    if (err != PRODUCE_DONE)
        return err;
    struct json_mark mark = json_mark(&x->json);
    if (st->format == EXPOSITION_OPENMETRICS)
        text_put(x->json.out, "# EOF\n");
    return produce_or_rewind(&x->json, mark);
}

/* --- requests --- */

static void begin(struct exchange *x, struct exposition_state *st)
{
    static const char *const types[] = {
        [EXPOSITION_TEXT] = "text/plain; version=0.0.4; charset=utf-8",
        [EXPOSITION_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
    };
    x->release = release;
    respond(x, 200, types[st->format], produce);
}

void handle_exposition(struct exchange *x)
{
    struct exposition_state *st = exchange_state(x, sizeof(*st));
    st->format = exposition_accepted(x->request);
    begin(x, st);
}

/* All match[] of the query. False when it answered with an error. */
static bool read_matches(struct exchange *x, struct exposition_state *st)
{
    struct span rest = x->request->query, key, value;
    char name[16], text[MATCH_SIZE], words[128];
    struct text why;
    text_init(&why, words, sizeof(words));
    while (query_next(&rest, &key, &value)) {
        if (percent_decode(key, true, name, sizeof(name)) < 0 || !text_equal(name, "match[]"))
            continue;
        int n = percent_decode(value, true, text, sizeof(text));
        const char *at = text, *end = text + (n > 0 ? n : 0);
        int err = n < 0 ? n : selection_add(st->selection, &at, end, &why);
        selector_skip_blanks(&at, end);
        if (err == ERR_OK && at == end)
            continue;
        respond_error(x, 400, NULL, "match[]: %s",
                      n == ERR_FULL ? "longer than 1023 characters"
                      : n < 0       ? "broken percent encoding"
                      : err < 0     ? words
                                    : "something stands behind the selector");
        return false;
    }
    if (st->selection->count > 0)
        return true;
    respond_error(x, 400, NULL, "say what you want: ?match[]={__name__=~\"node_.*\"}, once or more often");
    return false;
}

void handle_federate(struct exchange *x)
{
    struct exposition_state *st = exchange_state(x, sizeof(*st));
    enum exposition accepted = exposition_accepted(x->request);
    st->format = accepted == EXPOSITION_NONE ? EXPOSITION_TEXT : accepted;
    st->is_federate = true;
    st->selection = take_selection(x->world->selections);
    if (st->selection == NULL) {
        respond_error(x, 503, NULL, "too many selections at once; try again");
        respond_header(x, "Retry-After: 1");
        return;
    }
    respond_header(x, "Vary: Accept");
    if (read_matches(x, st))
        begin(x, st);
    else
        release(x);
}
