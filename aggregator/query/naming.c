/* SPDX-License-Identifier: MIT */
/* See naming.h. */
#include "aggregator/query/naming.h"

#include <string.h>

#include "aggregator/query/tags.h"
#include "platform/base/text.h"

/* --- metrics --- */

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

void naming_metric(const struct store_metric *m, struct naming *out)
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

void naming_instance(const struct instance *in, bool with_facts, struct labels *out)
{
    add(out, "instance", in->id, (uint32_t)strlen(in->id));
    if (!with_facts)
        return;
    add(out, "name", in->name, (uint32_t)strlen(in->name));
    add(out, "provider", in->provider, (uint32_t)strlen(in->provider));
    add(out, "region", in->region, (uint32_t)strlen(in->region));
    add(out, "type", in->type, (uint32_t)strlen(in->type));
}

void naming_tag(const char *tag, bool is_known, struct labels *out)
{
    struct text names;
    struct tag_pair pair;
    text_init(&names, out->names, sizeof(out->names));
    while (tags_next(&tag, &pair))
        add_pair(out, &names, &pair, is_known);
}
