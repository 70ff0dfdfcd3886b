/* SPDX-License-Identifier: MIT */
/* See naming.h. */
#include "aggregator/query/naming.h"

#include <string.h>

#include "aggregator/query/tags.h"
#include "proto/prometheus.h"

/* --- metrics --- */

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
            prometheus_put_metric(&name, m->name, m->unit, m->kind == METRIC_COUNTER, &out->scale);
    } else {
        if (m->name[0] >= '0' && m->name[0] <= '9')
            text_put_char(&name, '_');
        prometheus_put_word(&name, m->name, strlen(m->name), true);
    }
    /* What node_exporter takes from the kernel by its own names it calls untyped, and so do we. */
    bool is_counter = m->kind == METRIC_COUNTER;
    out->type = is_counter != prometheus_is_total(out->name) ? FAMILY_UNTYPED
                : is_counter                                 ? FAMILY_COUNTER
                                                             : FAMILY_GAUGE;
}

/* --- labels --- */

static void add(struct labels *l, const char *name, const char *value, uint32_t length)
{
    if (length > 0 && l->count < LABELS_MAX)
        l->at[l->count++] = (struct label){name, value, length};
}

/* A label of that name that Prometheus takes, different from those that are there. */
static void add_pair(struct labels *l, struct text *names, const struct tag_pair *pair, bool is_known)
{
    uint32_t from = names->length;
    const char *k = pair->key, *theirs = is_known ? prometheus_label(k, pair->key_length) : NULL;
    if (theirs != NULL) {
        text_put(names, theirs);
    } else {
        if (pair->key_length == 0 || (k[0] >= '0' && k[0] <= '9') ||
            (pair->key_length > 1 && k[0] == '_' && k[1] == '_'))
            text_put(names, pair->key_length == 0 ? "tag" : "tag_");
        prometheus_put_word(names, k, pair->key_length, false);
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
