/* SPDX-License-Identifier: MIT */
/* Which series a query across hosts takes, what they have in common, and their values. */
#include <math.h>
#include <string.h>

#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/across.h"
#include "aggregator/api/routes/query.h"
#include "aggregator/query/tags.h"

const char *const across_dimension_names[DIMENSIONS_NAMED] = {
    [BY_INSTANCE] = "instance", [BY_NAME] = "name",     [BY_PROVIDER] = "provider", [BY_REGION] = "region",
    [BY_TYPE] = "type",         [BY_METRIC] = "metric", [BY_TAG] = "tag",
};

/* --- which --- */

static bool fits(const char *patterns, const char *text)
{
    return patterns[0] == 0 || glob_match_any(patterns, text);
}

static bool wants_host(const struct across *a, const struct instance *in)
{
    bool is_named = a->instances[0] == 0 || glob_match_any(a->instances, in->id) ||
                    (in->name[0] != 0 && glob_match_any(a->instances, in->name));
    return is_named && fits(a->providers, in->provider) && fits(a->regions, in->region) &&
           fits(a->types, in->type);
}

bool across_takes(void *context, uint32_t instance, uint32_t series)
{
    struct across *a = context;
    struct store *s = a->world->store;
    if (a->host != instance + 1) {
        a->host = instance + 1;
        a->is_host_wanted = wants_host(a, store_instance(s, instance));
    }
    if (!a->is_host_wanted)
        return false;
    const struct store_series *it = store_series(s, instance, series);
    uint8_t *verdict = &a->metric_verdicts[it->metric_index % STORE_METRICS_MAX];
    if (*verdict == 0)
        *verdict = glob_match_any(a->metrics, store_metric(s, it->metric_index)->name) ? 2 : 1;
    return *verdict == 2 && fits(a->tags, it->tag);
}

/* --- what they have in common --- */

bool across_dimension(const struct across *a, uint32_t at, uint32_t instance, uint32_t series,
                      const char **value, uint32_t *length)
{
    struct store *s = a->world->store;
    const struct instance *in = store_instance(s, instance);
    const struct store_series *it = store_series(s, instance, series);
    const char *const values[DIMENSIONS_NAMED] = {
        [BY_INSTANCE] = in->id,  [BY_NAME] = in->name[0] != 0 ? in->name : in->id,
        [BY_PROVIDER] = in->provider, [BY_REGION] = in->region, [BY_TYPE] = in->type,
        [BY_METRIC] = store_metric(s, it->metric_index)->name, [BY_TAG] = it->tag,
    };
    if (a->by[at] == BY_KEY) {
        int n = tags_value(it->tag, a->keys[at], value);
        *length = n < 0 ? 0 : (uint32_t)n;
        return n >= 0;
    }
    *value = values[a->by[at]];
    *length = (uint32_t)strlen(*value);
    return *length > 0;
}

/* The unit separator stands between: no name has one. Values of different metrics never mix. */
void across_key(void *context, uint32_t instance, uint32_t series, struct text *out)
{
    const struct across *a = context;
    struct store *s = a->world->store;
    text_put(out, store_metric(s, store_series(s, instance, series)->metric_index)->name);
    for (uint32_t i = 0; i < a->by_count; i++) {
        const char *value;
        uint32_t length;
        text_put_char(out, '\x1f');
        if (across_dimension(a, i, instance, series, &value, &length))
            text_put_n(out, value, length);
    }
}

/* --- values --- */

enum store_fold across_fold_of(const struct across *a, const struct store_metric *metric)
{
    if (a->fold_kind != FOLD_BY_KIND)
        return (enum store_fold)a->fold_kind;
    return metric->kind == METRIC_COUNTER ? FOLD_RATE : FOLD_AVG;
}

static const struct store_cell *cell(const struct fold_cells *c, uint32_t at)
{
    return store_query_cell(c->store, c->query, c->position, at);
}

/* As of one host: the growth per second since the nearest earlier step with a sample. */
static double rate(const struct fold_cells *c, uint32_t at, int64_t interval_ms)
{
    const struct store_cell *now = cell(c, at);
    int64_t patience_ms = 3 * (c->cell_ms > interval_ms ? c->cell_ms : interval_ms);
    int64_t reach = patience_ms / c->cell_ms;
    for (uint32_t back = 1; back <= at && back <= reach; back++) {
        const struct store_cell *before = cell(c, at - back);
        if (before->count == 0)
            continue;
        int64_t dt_ms = now->last_ms - before->last_ms;
        if (dt_ms <= 0 || dt_ms > patience_ms || now->last < before->last)
            return NAN;
        return ((double)now->last - (double)before->last) * 1000 / (double)dt_ms;
    }
    return NAN;
}

double across_value(void *context, const struct fold_cells *c, uint32_t point)
{
    const struct across *a = context;
    struct store *s = a->world->store;
    const struct store_series *series = store_series(s, c->instance, c->series);
    const struct store_metric *metric = store_metric(s, series->metric_index);
    uint32_t at = c->lead + point;
    const struct store_cell *it = cell(c, at);
    double scale = metric->scale;
    if (it->count == 0)
        return NAN;
    switch (across_fold_of(a, metric)) {
    case FOLD_AVG:
        return (double)it->sum / it->count / scale;
    case FOLD_MIN:
        return (double)it->min / scale;
    case FOLD_MAX:
        return (double)it->max / scale;
    case FOLD_LAST:
        return (double)it->last / scale;
    case FOLD_SUM:
        return (double)it->sum / scale;
    case FOLD_COUNT:
        return (double)it->count;
    case FOLD_RATE:
        return rate(c, at, store_instance(s, c->instance)->interval_ms) / scale;
    }
    return NAN;
}
