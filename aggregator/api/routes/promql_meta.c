/* SPDX-License-Identifier: MIT */
/* GET /prometheus/api/v1/labels, /label/{name}/values, /series, /metadata, /status/buildinfo: what there is
 * to ask for. match[] selects, in the query or the form; start and end are passed over: told is what the
 * store knows now. */
#include <string.h>

#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/promql.h"
#include "aggregator/query/info.h"

#define WALK_SLICE 8192U   /* series looked at in one slice */
#define SORT_SLICE 64U     /* instances brought in order in one slice */
#define MATCH_SIZE 1024U
/* Clients look here for what they may ask: of the version that this is held against. */
#define VERSION_MATCHED "2.42.0"

struct meta_state {
    struct promql_place place;
    bool is_begun;
    bool is_label;          /* values of `name`, else names of labels */
    /* the walk: behind this series of the instance, then behind so many info families */
    uint32_t instance, family, info;
    int32_t series;
    uint32_t row;
    char name[PROMQL_NAME_SIZE];
};

static const struct promql_filter whole = {.keeps_name = true};

/* --- what is asked --- */

static bool add_match(struct exchange *x, struct selection *s, struct span value)
{
    char text[MATCH_SIZE], words[128];
    struct text why;
    text_init(&why, words, sizeof(words));
    int n = percent_decode(value, true, text, sizeof(text));
    const char *at = text, *end = text + (n > 0 ? n : 0);
    int err = n < 0 ? n : selection_add(s, &at, end, &why);
    selector_skip_blanks(&at, end);
    if (err == ERR_OK && at == end)
        return true;
    if (err == ERR_FULL)
        promql_error(x, 422, "execution", "match[]: %s", n < 0 ? "longer than 1023 bytes" : words);
    else
        promql_error(x, 400, "bad_data", "invalid parameter \"match[]\": 1:%u: parse error: %s",
                     (unsigned)(at - text) + 1,
                     n < 0 ? "broken percent encoding" : err < 0 ? words : "unexpected characters");
    return false;
}

static bool read_matches(struct exchange *x, struct selection *s, struct span rest)
{
    struct span key, value;
    char name[16];
    while (query_next(&rest, &key, &value))
        if (percent_decode(key, true, name, sizeof(name)) >= 0 && text_equal(name, "match[]") &&
            !add_match(x, s, value))
            return false;
    return true;
}

static struct meta_state *begin(struct exchange *x)
{
    struct meta_state *st = promql_state(x, sizeof(*st));
    if (st == NULL)
        return NULL;
    struct selection *s = &promql_expression(st->place.run)->selection;
    st->series = -1;
    if (!read_matches(x, s, x->request->query) || !read_matches(x, s, x->body))
        return NULL;
    (void)promql_table_begin(promql_run_table(st->place.run), 0, 1, 1);
    promql_index_clear(promql_run_table(st->place.run));
    return st;
}

/* --- the walk --- */

/* The next series of the walk's instance that is taken. */
static bool next_of_store(struct exchange *x, struct meta_state *st, uint32_t *budget, const char **name,
                          struct labels *labels)
{
    const struct promql_source from = {x->world->store, x->world->catalog};
    const struct selection *s = &promql_expression(st->place.run)->selection;
    uint32_t count;
    const struct catalog_entry *entries = catalog_entries(from.catalog, st->instance, &count);
    uint32_t i = catalog_find(entries, count, (uint16_t)st->family);
    while (i < count && entries[i].family == st->family && (int32_t)entries[i].series <= st->series)
        i++;
    for (; i < count && *budget > 0; i++, (*budget)--) {
        *name = catalog_metric(from.catalog, entries[i].family)->name;
        st->family = entries[i].family;
        st->series = entries[i].series;
        if (!selection_takes_name(s, *name))
            continue;
        promql_series_labels(&from, st->instance, entries[i].series, labels);
        if (selection_takes(s, *name, labels))
            return true;
    }
    return false;
}

static bool next_of_info(struct exchange *x, struct meta_state *st, const char **name, struct labels *labels)
{
    const struct promql_source from = {x->world->store, x->world->catalog};
    const struct selection *s = &promql_expression(st->place.run)->selection;
    while (st->info < INFO_FAMILIES) {
        uint32_t family = st->info++;
        promql_info_labels(&from, st->instance, family, labels);
        *name = info_families[family].name;
        if (selection_takes(s, *name, labels))
            return true;
    }
    return false;
}

/* 1 and a series, 0 at the end, ERR_AGAIN when the slice is over. */
static int next_series(struct exchange *x, struct meta_state *st, uint32_t *budget, const char **name,
                       struct labels *labels)
{
    struct store *s = x->world->store;
    for (; st->instance < store_instance_count(s);
         st->instance++, st->family = st->info = 0, st->series = -1) {
        if (*budget == 0)
            return ERR_AGAIN;
        (*budget)--;
        if (store_instance(s, st->instance)->deleted_ms != 0)
            continue;
        if (next_of_store(x, st, budget, name, labels))
            return 1;
        if (*budget == 0)
            return ERR_AGAIN;
        if (next_of_info(x, st, name, labels))
            return 1;
    }
    return 0;
}

/* --- sets of names and values --- */

static int keep(struct promql_table *t, const char *value, uint32_t length)
{
    struct labels one = {.count = 1};
    one.at[0] = (struct label){"v", value, length};
    uint32_t arena_before = t->arena_used;
    int row = promql_row_push(t);
    if (row < 0 || promql_labels_set(t, (uint32_t)row, NULL, &one) != ERR_OK)
        return ERR_FULL;
    if (length == 0 || promql_index_put(t, (uint32_t)row, &whole) >= 0) {
        t->row_count--;
        t->arena_used = arena_before;
    }
    return ERR_OK;
}

static int keep_series(struct meta_state *st, struct promql_table *t, const char *name,
                       const struct labels *labels)
{
    if (st->is_label && text_equal(st->name, "__name__"))
        return keep(t, name, (uint32_t)strlen(name));
    int err = st->is_label ? ERR_OK : keep(t, "__name__", 8);
    for (uint32_t i = 0; i < labels->count && err == ERR_OK; i++) {
        const struct label *l = &labels->at[i];
        if (!st->is_label)
            err = keep(t, l->name, (uint32_t)strlen(l->name));
        else if (text_equal(l->name, st->name))
            err = keep(t, l->value, l->length);
    }
    return err;
}

static const char *kept(const struct promql_table *t, uint32_t row)
{
    return promql_label(t, row, "v");
}

static void sort_kept(struct promql_table *t)
{
    for (uint32_t gap = t->row_count / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11) /* Shell */
        for (uint32_t i = gap; i < t->row_count; i++)
            for (uint32_t at = i; at >= gap && strcmp(kept(t, at - gap), kept(t, at)) > 0; at -= gap) {
                struct promql_row row = t->rows[at];
                t->rows[at] = t->rows[at - gap];
                t->rows[at - gap] = row;
            }
}

static void open_data(struct json *j)
{
    json_open_object(j, NULL);
    json_text(j, "status", "success");
    json_open_array(j, "data");
}

static int produce_kept(struct exchange *x)
{
    struct meta_state *st = (struct meta_state *)x->state;
    const struct promql_table *t = promql_run_table(st->place.run);
    struct json *j = &x->json;
    if (!st->is_begun)
        open_data(j);
    st->is_begun = true;
    for (; st->row < t->row_count; st->row++) {
        struct json_mark m = json_mark(j);
        json_text(j, NULL, kept(t, st->row));
        if (produce_or_rewind(j, m) != PRODUCE_DONE)
            return PRODUCE_MORE;
    }
    struct json_mark m = json_mark(j);
    json_close_array(j);
    json_close_object(j);
    return produce_or_rewind(j, m);
}

static int decide_kept(struct exchange *x)
{
    struct meta_state *st = (struct meta_state *)x->state;
    struct promql_table *t = promql_run_table(st->place.run);
    struct labels labels;
    const char *name;
    uint32_t budget = WALK_SLICE;
    int more;
    while ((more = next_series(x, st, &budget, &name, &labels)) == 1)
        if (keep_series(st, t, name, &labels) != ERR_OK) {
            promql_error(x, 422, "execution", "more than %u names or values, or too long ones: name fewer "
                                              "series with match[]", PROMQL_ROWS_MAX);
            return ERR_OK;
        }
    if (more != 0)
        return more;
    sort_kept(t);
    respond_json(x, produce_kept);
    return ERR_OK;
}

void handle_promql_labels(struct exchange *x)
{
    if (begin(x) != NULL)
        respond_later(x, decide_kept);
}

void handle_promql_label_values(struct exchange *x)
{
    size_t length = strlen(x->parameter);
    if (selector_word(x->parameter, x->parameter + length) != length || length >= PROMQL_NAME_SIZE) {
        promql_error(x, 400, "bad_data", "invalid label name: \"%.64s\"", x->parameter);
        return;
    }
    struct meta_state *st = begin(x);
    if (st == NULL)
        return;
    st->is_label = true;
    (void)text_copy(st->name, sizeof(st->name), x->parameter);
    respond_later(x, decide_kept);
}

/* --- series --- */

static int produce_series(struct exchange *x)
{
    struct meta_state *st = (struct meta_state *)x->state;
    struct json *j = &x->json;
    struct labels labels;
    const char *name;
    uint32_t budget = WALK_SLICE;
    if (!st->is_begun)
        open_data(j);
    st->is_begun = true;
    for (;;) {
        const struct meta_state before = *st;
        struct json_mark m = json_mark(j);
        int more = next_series(x, st, &budget, &name, &labels);
        if (more == ERR_AGAIN)
            return ERR_AGAIN;
        if (more == 1) {
            json_open_object(j, NULL);
            json_text(j, "__name__", name);
            for (uint32_t i = 0; i < labels.count; i++)
                json_foreign_text(j, labels.at[i].name, (uint32_t)strlen(labels.at[i].name),
                                  labels.at[i].value, labels.at[i].length);
        } else {
            json_close_array(j);
        }
        json_close_object(j);
        if (produce_or_rewind(j, m) != PRODUCE_DONE) {
            *st = before;
            return PRODUCE_MORE;
        }
        if (more == 0)
            return PRODUCE_DONE;
    }
}

void handle_promql_series(struct exchange *x)
{
    struct meta_state *st = begin(x);
    if (st == NULL)
        return;
    if (promql_expression(st->place.run)->selection.count == 0)
        promql_error(x, 400, "bad_data", "no match[] parameter provided");
    else
        respond_json(x, produce_series);
}

/* --- metadata, build --- */

struct metadata_state {
    uint32_t sorted, metric;
    bool is_begun;
    char only[FAMILY_NAME_SIZE];
};

static void write_family(struct json *j, const char *name, const char *type, const char *help)
{
    json_open_array(j, name);
    json_open_object(j, NULL);
    json_text(j, "type", type);
    json_text(j, "help", help);
    json_text(j, "unit", "");
    json_close_object(j);
    json_close_array(j);
}

/* Metrics, then the info families; false behind the last. */
static bool write_metadata(struct json *j, const struct catalog *c, const struct metadata_state *st)
{
    static const char *const types[] = {"gauge", "counter", "unknown"};
    uint32_t metrics = catalog_metric_count(c), at = st->metric;
    if (at >= metrics + INFO_FAMILIES)
        return false;
    const struct catalog_metric *m = at < metrics ? catalog_metric(c, at) : NULL;
    const char *name = m != NULL ? m->name : info_families[at - metrics].name;
    bool is_told = (m == NULL || m->family == at) && (st->only[0] == '\0' || text_equal(st->only, name));
    if (is_told)
        write_family(j, name, m != NULL ? types[m->type] : "gauge",
                     m != NULL ? m->help : info_families[at - metrics].help);
    return true;
}

static int produce_metadata(struct exchange *x)
{
    struct metadata_state *st = (struct metadata_state *)x->state;
    struct catalog *c = x->world->catalog;
    struct json *j = &x->json;
    uint32_t hosts = store_instance_count(x->world->store), count;
    for (uint32_t n = 0; st->sorted < hosts; n++) { /* names are known of hosts that were looked at */
        if (n == SORT_SLICE)
            return ERR_AGAIN;
        (void)catalog_entries(c, st->sorted++, &count);
    }
    if (!st->is_begun) {
        json_open_object(j, NULL);
        json_text(j, "status", "success");
        json_open_object(j, "data");
    }
    st->is_begun = true;
    for (;; st->metric++) {
        struct json_mark m = json_mark(j);
        bool has_more = write_metadata(j, c, st);
        if (!has_more) {
            json_close_object(j);
            json_close_object(j);
        }
        if (produce_or_rewind(j, m) != PRODUCE_DONE)
            return PRODUCE_MORE;
        if (!has_more)
            return PRODUCE_DONE;
    }
}

void handle_promql_metadata(struct exchange *x)
{
    struct metadata_state *st = exchange_state(x, sizeof(*st));
    (void)promql_parameter(x, "metric", st->only, sizeof(st->only));
    respond_json(x, produce_metadata);
}

static int produce_build(struct exchange *x)
{
    struct json *j = &x->json;
    json_open_object(j, NULL);
    json_text(j, "status", "success");
    json_open_object(j, "data");
    json_text(j, "version", VERSION_MATCHED);
    json_text(j, "revision", "nephos-aggregator " NEPHOS_VERSION);
    json_text(j, "branch", "");
    json_text(j, "buildUser", "");
    json_text(j, "buildDate", "");
    json_text(j, "goVersion", "");
    json_close_object(j);
    json_close_object(j);
    return PRODUCE_DONE;
}

void handle_promql_build(struct exchange *x)
{
    respond_json(x, produce_build);
}
