/* SPDX-License-Identifier: MIT */
/* GET /api/v1/query of many hosts: series folded over hosts, or side by side.
 *
 *     ?metric=A,B*                      required: names or patterns, comma-separated or repeated
 *     &instances=web-*,db-1             ids or names; &instance= the same
 *     &provider= &region= &type=        patterns, too
 *     &tags=device=vda,mode=*           patterns of whole tags
 *     &from= &to= &step= &points= &fold= as of one host
 *     &agg=sum|avg|min|max|count|median|p95|p99.9  over the hosts (and tags); without it each series
 *                                       stands for itself
 *     &by=region,metric,tag,KEY         what makes a group: instance, name, provider, region, type, metric,
 *                                       tag, or a key of tags ("mode"). Metrics never mix
 *     &top=10 | bottom=10               the groups that rank first by &order=avg|min|max|last|sum
 *     &format=json|csv                  columns either way; or Accept: text/csv
 *
 * The selection runs first, in slices; then it is known how many values the answer has, and 422 says so when
 * they are too many. */
#include <string.h>

#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/across.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/query.h"

#define ACROSS_MAX 2U
#define INTERVAL_MS_LEAST 1000

struct across_pool {
    struct fold_pool *folds;
    struct across slots[ACROSS_MAX];
};

void across_reserve(struct memory_map *map, struct world *w)
{
    struct across_pool *pool = memory_reserve(map, "api: what queries across hosts ask", 1, sizeof(*pool),
                                              "as the queries across hosts");
    struct fold_pool *folds = fold_reserve(map, ACROSS_MAX);
    if (pool != NULL)
        pool->folds = folds;
    w->across = pool;
}


static void give_back(struct world *w, struct across *a)
{
    fold_give(w->across->folds, a->fold);
    a->is_taken = false;
}

static struct across *take(struct world *w)
{
    for (uint32_t i = 0; i < ACROSS_MAX; i++) {
        struct across *a = &w->across->slots[i];
        if (a->is_taken)
            continue;
        *a = (struct across){.world = w, .fold_kind = FOLD_BY_KIND};
        return a;
    }
    return NULL;
}

bool across_is_asked(const struct exchange *x)
{
    static const char *const names[] = {"instances", "provider", "region", "type",  "agg",
                                        "by",        "top",      "bottom", "format"};
    struct span rest = x->request->query, key, value;
    bool has_instance = false;
    while (query_next(&rest, &key, &value)) {
        has_instance |= span_equal(key, "instance") && value.length > 0;
        for (uint32_t i = 0; i < COUNT_OF(names); i++)
            if (span_equal(key, names[i]) && value.length > 0)
                return true;
    }
    return !has_instance || http_lists(x->request, "Accept", "text/csv");
}

/* --- what is asked --- */

static bool refuse(struct exchange *x, const char *words)
{
    respond_error(x, 400, NULL, "%s", words);
    return false;
}

static bool read_hosts(struct exchange *x, struct across *a)
{
    struct span q = x->request->query;
    char instance[ACROSS_PATTERNS_SIZE];
    if (query_patterns(q, "metric", a->metrics, sizeof(a->metrics)) < 0 ||
        query_patterns(q, "tags", a->tags, sizeof(a->tags)) < 0 ||
        query_patterns(q, "instances", a->instances, sizeof(a->instances)) < 0 ||
        query_patterns(q, "instance", instance, sizeof(instance)) < 0)
        return refuse(x, "metric, tags and instances take up to 511 characters each");
    if (query_patterns(q, "provider", a->providers, sizeof(a->providers)) < 0 ||
        query_patterns(q, "region", a->regions, sizeof(a->regions)) < 0 ||
        query_patterns(q, "type", a->types, sizeof(a->types)) < 0)
        return refuse(x, "provider, region and type take up to 127 characters each");
    struct text all = {a->instances, sizeof(a->instances), (uint32_t)strlen(a->instances), false};
    if (instance[0] != 0)
        text_printf(&all, "%s%s", all.length > 0 ? "," : "", instance);
    if (all.truncated)
        return refuse(x, "instances take up to 511 characters");
    if (a->metrics[0] == 0)
        return refuse(x, "say which metric: ?metric=NAME, or one host: ?instance=ID, an id from /instances");
    return true;
}

/* "p95" or "p99.9": 0.95, 0.999. */
static bool read_quantile(const char *name, double *out)
{
    uint64_t whole = 0, part = 0;
    const char *at = name + 1, *end = name + strlen(name);
    if (name[0] != 'p' || !text_take_u64(&at, end, &whole) || whole > 100)
        return false;
    double divisor = 1;
    if (*at == '.') {
        const char *from = ++at;
        if (!text_take_u64(&at, end, &part) || at - from > 3 || from[0] == ' ')
            return false;
        for (ptrdiff_t i = 0; i < at - from; i++)
            divisor *= 10;
    }
    *out = ((double)whole + (double)part / divisor) / 100;
    return at == end && *out <= 1;
}

static bool read_aggregate(struct exchange *x, struct across *a, struct fold_plan *plan)
{
    static const char *const names[] = {
        [AGGREGATE_SUM] = "sum", [AGGREGATE_AVG] = "avg",     [AGGREGATE_MIN] = "min",
        [AGGREGATE_MAX] = "max", [AGGREGATE_COUNT] = "count", [AGGREGATE_QUANTILE] = "median",
    };
    int length = query_text(x->request->query, "agg", a->aggregate_name, sizeof(a->aggregate_name));
    plan->aggregate = AGGREGATE_SUM; /* of the one series in each group */
    plan->quantile = 0.5;
    if (length == ERR_MISSING)
        return true;
    a->is_folded = true;
    for (uint32_t i = 0; length > 0 && i < COUNT_OF(names); i++)
        if (text_equal(names[i], a->aggregate_name)) {
            plan->aggregate = (enum fold_aggregate)i;
            return true;
        }
    plan->aggregate = AGGREGATE_QUANTILE;
    return (length > 0 && read_quantile(a->aggregate_name, &plan->quantile)) ||
           refuse(x, "agg must be sum, avg, min, max, count, median, or a percentile as p95 or p99.9");
}

static bool add_dimension(struct across *a, const char *name, uint32_t length)
{
    if (a->by_count == ACROSS_BY_MAX || length == 0 || length >= sizeof(a->keys[0]))
        return false;
    enum across_dimension d = BY_KEY;
    for (uint32_t i = 0; i < DIMENSIONS_NAMED; i++)
        if (strlen(across_dimension_names[i]) == length &&
            memcmp(across_dimension_names[i], name, length) == 0)
            d = (enum across_dimension)i;
    memcpy(a->keys[a->by_count], name, length);
    a->keys[a->by_count][length] = 0;
    a->by[a->by_count++] = d;
    return true;
}

static bool read_by(struct exchange *x, struct across *a)
{
    char by[256];
    if (query_patterns(x->request->query, "by", by, sizeof(by)) < 0)
        return refuse(x, "by takes up to 255 characters");
    if (by[0] != 0 && !a->is_folded)
        return refuse(x, "by makes groups: say with agg how their series become one");
    if (!a->is_folded) {
        (void)add_dimension(a, "instance", 8);
        (void)add_dimension(a, "name", 4);
        (void)add_dimension(a, "tag", 3);
        return true;
    }
    for (const char *at = by; *at != 0;) {
        const char *comma = strchr(at, ',');
        uint32_t length = comma != NULL ? (uint32_t)(comma - at) : (uint32_t)strlen(at);
        if (!add_dimension(a, at, length))
            return refuse(x, "by takes up to 8 names of up to 31 characters, comma-separated");
        at += length + (comma != NULL);
    }
    return true;
}

static bool read_top(struct exchange *x, struct across *a)
{
    static const char *const orders[] = {
        [ORDER_AVG] = "avg", [ORDER_MIN] = "min", [ORDER_MAX] = "max", [ORDER_LAST] = "last",
        [ORDER_SUM] = "sum",
    };
    struct span q = x->request->query;
    uint64_t top = 0, bottom = 0;
    char order[8];
    if (query_number(q, "top", 1, FOLD_TOP_MAX, &top) == ERR_MALFORMED ||
        query_number(q, "bottom", 1, FOLD_TOP_MAX, &bottom) == ERR_MALFORMED || (top > 0 && bottom > 0))
        return refuse(x, "top or bottom (not both) must be a number from 1 to 100");
    a->is_lowest = bottom > 0;
    a->top = (uint32_t)(top + bottom);
    int length = query_text(q, "order", order, sizeof(order));
    if (length == ERR_MISSING)
        return true;
    for (uint32_t i = 0; length > 0 && i < COUNT_OF(orders); i++)
        if (text_equal(order, orders[i])) {
            a->order = (enum fold_order)i;
            return true;
        }
    return refuse(x, "order must be avg, min, max, last or sum");
}

static bool read_format(struct exchange *x, struct across *a)
{
    char format[8];
    int length = query_text(x->request->query, "format", format, sizeof(format));
    a->is_csv = length == ERR_MISSING ? http_lists(x->request, "Accept", "text/csv")
                                      : length > 0 && text_equal(format, "csv");
    if (length == ERR_MISSING || a->is_csv || (length > 0 && text_equal(format, "json")))
        return true;
    return refuse(x, "format must be json or csv");
}

/* --- the work --- */

struct across_state {
    struct across *across;
    bool is_selected;
};

static void release(struct exchange *x)
{
    struct across_state *st = (struct across_state *)x->state;
    give_back(x->world, st->across);
}

/* The selection is known: how many steps there can be. False when it answered with an error. */
static bool choose_steps(struct exchange *x, struct across *a)
{
    uint32_t columns = fold_columns(a->fold) > 0 ? fold_columns(a->fold) : 1;
    uint64_t most = FOLD_CELLS_MAX / columns;
    uint64_t points = a->points_wanted < most ? a->points_wanted : most;
    if (a->step_ms == 0)
        a->step_ms = query_round_step(a->to_ms - a->from_ms, points > 2 ? points - 2 : 1, INTERVAL_MS_LEAST);
    int64_t step = a->step_ms;
    a->from_ms -= a->from_ms % step;
    if (a->from_ms < (ACROSS_LEAD + 1) * step)
        a->from_ms = (ACROSS_LEAD + 1) * step;
    a->to_ms += (step - a->to_ms % step) % step;
    int64_t steps = a->to_ms > a->from_ms ? (a->to_ms - a->from_ms) / step : 0;
    a->range = (struct fold_range){a->from_ms, step, 0, ACROSS_LEAD, 1};
    if (steps <= ACROSS_POINTS_MAX) {
        a->range.points = (uint32_t)steps;
        if (fold_begin(a->fold, &a->range) == ERR_OK)
            return true;
    }
    respond_error(x, 422, NULL,
                  "%u %s x %lld steps are over the %u values (and %u steps) that one answer may be made of; "
                  "fold more (agg, by), name fewer series, a shorter range or a longer step",
                  columns, fold_columns(a->fold) == fold_group_count(a->fold) ? "groups" : "series",
                  (long long)steps, FOLD_CELLS_MAX, ACROSS_POINTS_MAX);
    return false;
}

static int decide(struct exchange *x)
{
    struct across_state *st = (struct across_state *)x->state;
    struct across *a = st->across;
    if (!st->is_selected) {
        int more = fold_select(a->fold);
        if (more == ERR_FULL) {
            respond_error(x, 422, NULL, "more than %u series or groups; fold them (agg, by) or name fewer",
                          FOLD_GROUPS_MAX);
            return ERR_OK;
        }
        if (more != 0)
            return more > 0 ? ERR_AGAIN : more;
        st->is_selected = true;
        if (!choose_steps(x, a))
            return ERR_OK;
    }
    int more = fold_run(a->fold);
    if (more != 0)
        return more > 0 ? ERR_AGAIN : more;
    a->group_count = a->top > 0 ? fold_top(a->fold, a->order, a->is_lowest, a->top, a->groups)
                                : fold_group_count(a->fold);
    across_respond(x, a);
    return ERR_OK;
}

void handle_across(struct exchange *x)
{
    struct across_state *st = exchange_state(x, sizeof(*st));
    struct across *a = take(x->world);
    struct fold_plan plan = {across_takes, across_key, across_value, a, AGGREGATE_SUM, 0.5};
    if (a == NULL) {
        respond_busy(x, 1, "all places for queries across hosts are taken");
        return;
    }
    struct query_range range = {.points = 600};
    if (!read_hosts(x, a) || !read_aggregate(x, a, &plan) || !read_by(x, a) || !read_top(x, a) ||
        !read_format(x, a) || !query_read_range(x, &range))
        return;
    a->from_ms = range.from_ms;
    a->to_ms = range.to_ms;
    a->step_ms = range.step_ms;
    a->points_wanted = range.points;
    a->fold_kind = range.fold;
    a->fold = fold_take(x->world->across->folds, x->world->store, &plan);
    if (a->fold == NULL) {
        respond_busy(x, 1, "all places for queries across hosts are taken");
        return;
    }
    a->is_taken = true;
    st->across = a;
    x->release = release;
    respond_later(x, decide);
}
