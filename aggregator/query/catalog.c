/* SPDX-License-Identifier: MIT */
/* Names, and the order of series. */
#include "aggregator/query/catalog.h"

#include <string.h>

#include "aggregator/query/tags.h"
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

struct base_unit {
    const char *unit, *suffix;
    uint32_t scale;            /* so many of the unit are one of the base unit */
    const char *endings[2];    /* in our names, cut before the suffix is added */
};
static const struct base_unit base_units[] = {
    {"percent", "_ratio", 100, {"_percent", NULL}},
    {"milliseconds", "_seconds", 1000, {"_ms", "_milliseconds"}},
    {"seconds", "_seconds", 1, {"_seconds", NULL}},
    {"bytes", "_bytes", 1, {"_bytes", NULL}},
};

static bool ends_with(const char *s, const char *end)
{
    size_t length = strlen(s), end_length = strlen(end);
    return length >= end_length && text_equal(s + length - end_length, end);
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static void put_word(struct text *t, const char *s, size_t length, bool may_have_colon)
{
    for (size_t i = 0; i < length; i++)
        text_put_char(t, is_word(s[i]) || (may_have_colon && s[i] == ':') ? s[i] : '_');
}

/* "disk_await_ms" -> "nephos_disk_await_seconds" */
static void name_in_base_unit(const struct store_metric *m, struct text *name, uint32_t *scale)
{
    const struct base_unit *base = NULL;
    size_t length = strlen(m->name);
    for (uint32_t i = 0; i < COUNT_OF(base_units); i++)
        if (text_equal(m->unit, base_units[i].unit))
            base = &base_units[i];
    for (uint32_t i = 0; base != NULL && i < COUNT_OF(base->endings); i++)
        if (base->endings[i] != NULL && ends_with(m->name, base->endings[i])) {
            length -= strlen(base->endings[i]);
            break;
        }
    text_put(name, "nephos_");
    put_word(name, m->name, length, false);
    if (base != NULL && !__builtin_mul_overflow(*scale, base->scale, scale))
        text_put(name, base->suffix);
    if (m->kind == METRIC_COUNTER && !ends_with(name->at, "_total"))
        text_put(name, "_total");
}

static void name_metric(const struct store_metric *m, struct catalog_metric *out)
{
    struct text name;
    text_init(&name, out->name, sizeof(out->name));
    out->known = metric_find(m->name);
    out->scale = m->scale;
    out->help = "Told by an application, or sent by somebody else";
    if (out->known >= 0) {
        const struct metric_info *info = metric_info((enum metric)out->known);
        bool is_core = out->known == METRIC_CPU_CORE_SECONDS;
        out->help = is_core || out->known == METRIC_CPU_SECONDS
                        ? "CPU time by mode: of each CPU where the host tells it (at most eight), else of all"
                        : info->help;
        if (is_core)
            text_put(&name, metric_info(METRIC_CPU_SECONDS)->prometheus);
        else if (info->prometheus[0] != 0)
            text_put(&name, info->prometheus);
        else
            name_in_base_unit(m, &name, &out->scale);
    } else {
        if (m->name[0] >= '0' && m->name[0] <= '9')
            text_put_char(&name, '_');
        put_word(&name, m->name, strlen(m->name), true);
    }
    /* What node_exporter takes from the kernel by its own names it calls untyped, and so do we. */
    bool is_counter = m->kind == METRIC_COUNTER;
    out->type = is_counter != ends_with(out->name, "_total") ? FAMILY_UNTYPED
                : is_counter                                 ? FAMILY_COUNTER
                                                             : FAMILY_GAUGE;
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

static void add(struct labels *l, const char *name, const char *value, uint32_t length)
{
    if (length > 0 && l->count < LABELS_MAX)
        l->at[l->count++] = (struct label){name, value, length};
}

static bool is_key(const struct tag_pair *pair, const char *key)
{
    return strlen(key) == pair->key_length && memcmp(pair->key, key, pair->key_length) == 0;
}

/* A label of that name that Prometheus takes, different from those that are there. */
static void add_pair(struct labels *l, struct text *names, const struct tag_pair *pair, bool is_known)
{
    static const char *const renamed[][2] = {
        {"mount", "mountpoint"}, {"interface", "device"}, {"core", "cpu"},
    };
    uint32_t from = names->length;
    bool is_done = false;
    for (uint32_t i = 0; is_known && i < COUNT_OF(renamed); i++)
        if (is_key(pair, renamed[i][0])) {
            text_put(names, renamed[i][1]);
            is_done = true;
        }
    if (!is_done) {
        const char *k = pair->key;
        if (pair->key_length == 0 || (k[0] >= '0' && k[0] <= '9') ||
            (pair->key_length > 1 && k[0] == '_' && k[1] == '_'))
            text_put(names, pair->key_length == 0 ? "tag" : "tag_");
        put_word(names, k, pair->key_length, false);
    }
    while (!names->truncated && labels_find(l, names->at + from) != NULL)
        text_put_char(names, '_');
    if (names->truncated)
        return;
    add(l, names->at + from, pair->value, pair->value_length);
    names->length++; /* the end of this name stays */
    if (names->length >= names->size)
        names->length = names->size - 1;
}

void catalog_labels(const struct catalog *c, uint32_t instance, uint32_t series, bool with_facts,
                    struct labels *out)
{
    const struct instance *in = store_instance(c->store, instance);
    const struct store_series *it = store_series(c->store, instance, series);
    struct text names;
    struct tag_pair pair;
    text_init(&names, out->names, sizeof(out->names));
    out->count = 0;
    add(out, "instance", in->id, (uint32_t)strlen(in->id));
    if (with_facts) {
        add(out, "name", in->name, (uint32_t)strlen(in->name));
        add(out, "provider", in->provider, (uint32_t)strlen(in->provider));
        add(out, "region", in->region, (uint32_t)strlen(in->region));
        add(out, "type", in->type, (uint32_t)strlen(in->type));
    }
    const char *rest = it->tag;
    bool is_known = c->metrics[it->metric_index].known >= 0;
    while (tags_next(&rest, &pair))
        add_pair(out, &names, &pair, is_known);
}
