/* SPDX-License-Identifier: MIT */
/* See resolve.h. The way from names to a series is a walk through all series of the instance; a cache of
 * fixed size spares it for those that were told before. What it says is compared with the store, so it can
 * be wrong about nothing but about what is not there: a series that found no room never will. */
#include "aggregator/push/resolve.h"

#include <string.h>

#define CACHE_SIZE 65536U /* a power of two */
#define CACHE_WAYS 4U

struct cached {
    uint32_t hash;            /* 0: free */
    uint32_t instance;
    uint16_t series;          /* SERIES_NONE: no room */
    bool has_siblings;
};

/* What a sample says of its series, scale excepted. */
struct identity {
    const char *metric, *tag, *unit;
    enum metric_kind kind;
    uint32_t scale;           /* as proto/metrics.def wants it, or 0 */
};

struct resolve {
    struct store *store;
    struct cached *cache;
    uint32_t next_way;        /* which one gives way */
};

struct resolve *resolve_reserve(struct memory_map *map)
{
    struct resolve *r = memory_reserve(map, "push: resolver", 1, sizeof *r, "never full");
    struct cached *cache = memory_reserve(map, "push: known series", CACHE_SIZE, sizeof *cache,
                                          "another one is looked up again");
    if (r != NULL)
        *r = (struct resolve){.cache = cache};
    return r;
}

void resolve_open(struct resolve *r, struct store *s)
{
    r->store = s;
}

/* A metric that Nephos knows means what Nephos means by it, unless it is told in another unit. */
static struct identity identity_of(const struct push_sample *m)
{
    struct identity id = {.metric = m->metric, .tag = m->tag, .unit = m->unit, .kind = m->kind};
    int known = metric_find(m->metric);
    const struct metric_info *info = known < 0 ? NULL : metric_info((enum metric)known);
    bool has_unit = m->unit != NULL && m->unit[0] != '\0';
    if (info != NULL && (!has_unit || strcmp(m->unit, info->unit) == 0)) {
        id.unit = info->unit;
        id.kind = info->kind;
        id.scale = info->scale;
    } else if (!has_unit) {
        id.unit = "count";
    }
    return id;
}

/* FNV-1a (Fowler, Noll, Vo). */
static uint32_t hash_text(uint32_t h, const char *text)
{
    for (; *text != '\0'; text++)
        h = (h ^ (uint8_t)*text) * 16777619U;
    return (h ^ 0xffU) * 16777619U; /* where one text ends */
}

static uint32_t hash_of(uint32_t instance, const struct identity *id)
{
    uint32_t h = (2166136261U ^ instance) * 16777619U;
    h = hash_text(hash_text(hash_text(h, id->metric), id->tag), id->unit) ^ id->kind;
    h ^= h >> 15;
    return h == 0 ? 1 : h;
}

static bool is_same(const struct resolve *r, uint32_t instance, uint32_t series, const struct identity *id)
{
    const struct store_series *s = store_series(r->store, instance, series);
    const struct store_metric *metric = store_metric(r->store, s->metric_index);
    return metric->kind == id->kind && (id->scale == 0 || metric->scale == id->scale) &&
           strcmp(s->tag, id->tag) == 0 && strcmp(metric->name, id->metric) == 0 &&
           strcmp(metric->unit, id->unit) == 0;
}

static uint32_t scale_of(const struct resolve *r, uint32_t instance, uint32_t series)
{
    return store_metric(r->store, store_series(r->store, instance, series)->metric_index)->scale;
}

static struct cached *look_up(struct resolve *r, uint32_t instance, const struct identity *id, uint32_t hash)
{
    struct cached *set = r->cache + (hash & (CACHE_SIZE - CACHE_WAYS));
    for (uint32_t i = 0; i < CACHE_WAYS; i++) {
        if (set[i].hash != hash || set[i].instance != instance)
            continue;
        if (set[i].series == SERIES_NONE || is_same(r, instance, set[i].series, id))
            return &set[i];
    }
    return NULL;
}

static void remember(struct resolve *r, uint32_t instance, uint32_t hash, int series, bool has_siblings)
{
    struct cached *set = r->cache + (hash & (CACHE_SIZE - CACHE_WAYS)), *to = NULL;
    for (uint32_t i = 0; i < CACHE_WAYS; i++)
        if (set[i].hash == 0 || (set[i].hash == hash && set[i].instance == instance))
            to = &set[i];
    if (to == NULL)
        to = &set[r->next_way++ % CACHE_WAYS];
    *to = (struct cached){.hash = hash, .instance = instance, .has_siblings = has_siblings,
                          .series = series < 0 ? SERIES_NONE : (uint16_t)series};
}

/* The newest of those series that hold the number exactly, or ERR_MISSING; *siblings is how many there
 * are. */
static int find_exact(const struct resolve *r, uint32_t instance, const struct identity *id,
                      const struct scale_number *n, uint32_t *siblings)
{
    int found = ERR_MISSING;
    *siblings = 0;
    for (uint32_t i = store_series_count(r->store, instance); i > 0; i--) {
        int64_t value;
        bool exact;
        if (!is_same(r, instance, i - 1, id))
            continue;
        (*siblings)++;
        if (found == ERR_MISSING && scale_number(n, scale_of(r, instance, i - 1), &value, &exact) && exact)
            found = (int)i - 1;
    }
    return found;
}

static int find_or_make(struct resolve *r, uint32_t instance, const struct identity *id,
                        const struct scale_number *n, uint32_t hash)
{
    uint32_t siblings, before = store_series_count(r->store, instance);
    int series = find_exact(r, instance, id, n, &siblings);
    if (series < 0) {
        const struct store_series_facts facts = {
            .metric = id->metric, .tag = id->tag, .unit = id->unit, .kind = id->kind,
            .scale = id->scale != 0 ? id->scale : scale_choose(id->metric, n)};
        series = store_series_put(r->store, instance, &facts);
        siblings += store_series_count(r->store, instance) > before;
    }
    /* A name that has a series can hold other numbers though there is no room for another one. */
    if (series >= 0 || siblings == 0)
        remember(r, instance, hash, series, siblings > 1);
    return series;
}

int resolve_series(struct resolve *r, uint32_t instance, const struct push_sample *sample,
                   const struct scale_number *n, struct resolved *out)
{
    const struct identity id = identity_of(sample);
    uint32_t hash = hash_of(instance, &id);
    struct cached *c = look_up(r, instance, &id, hash);
    if (c != NULL && c->series == SERIES_NONE)
        return ERR_FULL;
    int series = c != NULL ? c->series : find_or_make(r, instance, &id, n, hash);
    if (series < 0)
        return series;
    bool fits = scale_number(n, scale_of(r, instance, (uint32_t)series), &out->value, &out->exact);
    if (c != NULL && id.scale == 0 && !(fits && out->exact)) { /* good so far, not for this one */
        series = find_or_make(r, instance, &id, n, hash);
        if (series < 0)
            return series;
        fits = scale_number(n, scale_of(r, instance, (uint32_t)series), &out->value, &out->exact);
    }
    c = look_up(r, instance, &id, hash);
    out->has_siblings = c == NULL || c->has_siblings;
    return fits ? series : ERR_MALFORMED;
}

int resolve_siblings(struct resolve *r, uint32_t instance, uint16_t series,
                     const struct push_sample *sample, const struct scale_number *n)
{
    const struct identity id = identity_of(sample);
    uint32_t count = store_series_count(r->store, instance);
    for (uint32_t i = 0; i < count; i++) {
        int64_t value = 0;
        bool exact = false;
        if (i == series || !is_same(r, instance, i, &id))
            continue;
        bool fits = scale_number(n, scale_of(r, instance, i), &value, &exact);
        int pushed = store_push_find(r->store, instance, (uint16_t)i, sample->time_ms, value);
        if (pushed != PUSHED_NEW)
            return pushed == PUSHED_REPEATED && !(fits && exact) ? PUSHED_CONFLICT : pushed;
    }
    return PUSHED_NEW;
}
