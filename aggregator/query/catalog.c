/* SPDX-License-Identifier: MIT */
/* Names, and the order of series. */
#include "aggregator/query/catalog.h"

#include <string.h>

#include "platform/base/text.h"

/* Prometheus itself looks back five minutes; a host that has gone is left out sooner. */
#define SERIES_AGE_MS_MAX INT64_C(300000)
#define SILENCE_MS_MIN INT64_C(60000)

struct catalog {
    struct store *store;
    uint32_t instances_max, series_max;
    uint32_t metric_count;
    struct catalog_metric metrics[STORE_METRICS_MAX];
    uint16_t *entry_count;         /* of each instance: series that were looked at */
    uint16_t *exposed_count;
    struct catalog_entry *entries; /* series_max for each instance */
};

struct catalog *catalog_reserve(struct memory_map *map, uint32_t instances_max, uint32_t series_max)
{
    struct catalog *c = memory_reserve(map, "api: names for Prometheus", 1, sizeof(*c), "as store: metrics");
    uint16_t *counts = memory_reserve(map, "api: series by family, counts", 2 * (uint64_t)instances_max,
                                      sizeof(*counts), "as store: instances");
    struct catalog_entry *entries =
        memory_reserve(map, "api: series by family", (uint64_t)instances_max * series_max,
                       sizeof(*entries), "as store: series");
    if (c == NULL)
        return NULL;
    c->instances_max = instances_max;
    c->series_max = series_max;
    c->entry_count = counts;
    c->exposed_count = counts + instances_max;
    c->entries = entries;
    return c;
}

void catalog_open(struct catalog *c, struct store *s)
{
    c->store = s;
}

/* --- names --- */

static void name_metric(const struct store_metric *m, struct catalog_metric *out)
{
    struct naming n;
    naming_metric(m, &n);
    (void)text_copy(out->name, sizeof(out->name), n.name);
    out->known = n.known;
    out->scale = n.scale;
    out->help = n.help;
    out->type = n.type;
}

/* Another metric that came before and has this name; FAMILY_NONE when nobody has. */
static uint16_t family_of(const struct catalog *c, const char *name, uint32_t before)
{
    for (uint32_t i = 0; i < before; i++)
        if (c->metrics[i].family != FAMILY_NONE && text_equal(c->metrics[i].name, name))
            return c->metrics[i].family;
    return FAMILY_NONE;
}

static bool may_share(const struct store_metric *a, const struct store_metric *b)
{
    return text_equal(a->name, b->name) ||
           (text_starts(a->name, "cpu_") && text_starts(b->name, "cpu_"));
}

/* Two names that look alike once they are cleaned are told apart by a number. */
static void learn_metric(struct catalog *c, uint32_t index)
{
    const struct store_metric *m = store_metric(c->store, index);
    struct catalog_metric *out = &c->metrics[index];
    name_metric(m, out);
    if (text_equal(m->unit, "megabytes")) { /* bytes once more, for clients that know no other */
        out->family = FAMILY_NONE;
        return;
    }
    char base[FAMILY_NAME_SIZE];
    text_copy(base, sizeof(base), out->name);
    for (uint32_t n = 2; n < 100; n++) {
        out->family = family_of(c, out->name, index);
        if (out->family == FAMILY_NONE || may_share(m, store_metric(c->store, out->family)))
            break;
        struct text name;
        text_init(&name, out->name, sizeof(out->name));
        text_printf(&name, "%.80s_%u", base, n);
        out->type = FAMILY_UNTYPED;
    }
    if (out->family == FAMILY_NONE)
        out->family = (uint16_t)index;
}

/* --- order --- */

/* Insertion from behind: series come in nearly the order of families, and only a few at a time. */
static void insert(struct catalog_entry *entries, uint32_t count, struct catalog_entry e)
{
    uint32_t at = count;
    for (; at > 0 && entries[at - 1].family > e.family; at--)
        entries[at] = entries[at - 1];
    entries[at] = e;
}

static uint16_t exposed_family(const struct catalog *c, uint32_t metric, bool has_cores)
{
    const struct catalog_metric *m = &c->metrics[metric];
    /* In all, and by core: only one may have the name. */
    return has_cores && m->known == METRIC_CPU_SECONDS ? FAMILY_NONE : m->family;
}

static void sort_instance(struct catalog *c, uint32_t instance, uint32_t count)
{
    struct catalog_entry *entries = c->entries + (size_t)instance * c->series_max;
    bool has_cores = false;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t metric = store_series(c->store, instance, i)->metric_index;
        while (c->metric_count <= metric)
            learn_metric(c, c->metric_count), c->metric_count++;
        has_cores |= c->metrics[metric].known == METRIC_CPU_CORE_SECONDS;
    }
    uint32_t exposed = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint16_t family = exposed_family(c, store_series(c->store, instance, i)->metric_index, has_cores);
        if (family != FAMILY_NONE)
            insert(entries, exposed++, (struct catalog_entry){family, (uint16_t)i});
    }
    c->entry_count[instance] = (uint16_t)count;
    c->exposed_count[instance] = (uint16_t)exposed;
}

uint32_t catalog_metric_count(const struct catalog *c)
{
    return c->metric_count;
}

const struct catalog_metric *catalog_metric(const struct catalog *c, uint32_t metric_index)
{
    ASSERT(metric_index < c->metric_count);
    return &c->metrics[metric_index];
}

const struct catalog_entry *catalog_entries(struct catalog *c, uint32_t instance, uint32_t *count)
{
    *count = 0;
    if (instance >= c->instances_max)
        return NULL;
    uint32_t series = store_series_count(c->store, instance);
    if (series > c->series_max)
        series = c->series_max;
    if (c->entry_count[instance] != series)
        sort_instance(c, instance, series);
    *count = c->exposed_count[instance];
    return c->entries + (size_t)instance * c->series_max;
}

uint32_t catalog_find(const struct catalog_entry *entries, uint32_t count, uint16_t family)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (entries[middle].family < family)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Has the same metric, under another scale, a newer value of the same tag? */
static bool is_replaced(const struct catalog *c, uint32_t instance, const struct store_series *it)
{
    const struct catalog_metric *m = &c->metrics[it->metric_index];
    const struct catalog_entry *entries = c->entries + (size_t)instance * c->series_max;
    uint32_t count = c->exposed_count[instance];
    uint32_t i = catalog_find(entries, count, m->family);
    for (; i < count && entries[i].family == m->family; i++) {
        const struct store_series *other = store_series(c->store, instance, entries[i].series);
        if (other->metric_index != it->metric_index && other->last_ms > it->last_ms &&
            c->metrics[other->metric_index].known == m->known && text_equal(other->tag, it->tag))
            return true;
    }
    return false;
}

bool catalog_is_fresh(const struct catalog *c, uint32_t instance, uint32_t series, int64_t now_ms)
{
    const struct instance *in = store_instance(c->store, instance);
    const struct store_series *it = store_series(c->store, instance, series);
    int64_t patience_ms = 3 * (int64_t)in->interval_ms;
    if (it->last_ms == 0 || in->last_seen_ms == 0)
        return false;
    if (now_ms - in->last_seen_ms > (patience_ms > SILENCE_MS_MIN ? patience_ms : SILENCE_MS_MIN))
        return false;
    /* Both by the host's clock. */
    if (in->last_sample_ms - it->last_ms > SERIES_AGE_MS_MAX)
        return false;
    return !is_replaced(c, instance, it);
}

/* --- labels --- */

void catalog_labels(const struct catalog *c, uint32_t instance, uint32_t series, bool with_facts,
                    struct labels *out)
{
    const struct instance *in = store_instance(c->store, instance);
    const struct store_series *it = store_series(c->store, instance, series);
    out->count = 0;
    naming_instance(in, with_facts, out);
    naming_tag(it->tag, c->metrics[it->metric_index].known >= 0, out);
}
