/* SPDX-License-Identifier: MIT */
/* One sample as Prometheus reads it (text exposition 0.0.4); see once.h.
 *
 * Where node_exporter has a name for the same thing, that is the name, with its labels; all else begins with
 * nephos_ and is told in base units: ratios and not percent, seconds and not milliseconds. Every family
 * stands together, behind its one HELP and TYPE. */
#include "agent/once.h"

#include <string.h>

#include "proto/prometheus.h"

#define FAMILY_SIZE 96U
#define LABELS_SIZE 256U

/* A series, and how Prometheus calls it. */
struct exposed {
    struct wire_series it;
    const struct metric_info *info; /* NULL: somebody else's metric */
    uint32_t scale;                 /* of the base unit */
    char tag[TAG_SIZE];
    char family[FAMILY_SIZE];
    const char *type;
};

static void describe(const struct series *series, uint32_t slot, struct exposed *e)
{
    uint32_t metric = series->entries[slot].metric;
    series_describe(series, slot, e->tag, &e->it);
    e->info = metric < METRIC_COUNT ? metric_info((enum metric)metric) : NULL;
    e->scale = e->it.scale;
    struct text family;
    text_init(&family, e->family, sizeof e->family);
    if (e->info != NULL && e->info->prometheus[0] != '\0')
        text_put(&family, e->info->prometheus);
    else
        prometheus_put_metric(&family, e->it.metric, e->it.unit, e->it.counter, &e->scale);
    /* What node_exporter takes from the kernel by its own names it calls untyped, and so do we. */
    e->type = !e->it.counter ? "gauge" : prometheus_is_total(e->family) ? "counter" : "untyped";
}

/* Megabytes are there for clients that know no bytes: the same numbers once more. */
static bool is_exposed(const struct sample *sample, const struct series *series, uint32_t slot,
                       struct exposed *e)
{
    if (!sample_has(sample, slot))
        return false;
    describe(series, slot, e);
    return !text_equal(e->it.unit, "megabytes");
}

/* --- labels --- */

static void put_label_key(struct text *t, const char *key, size_t length)
{
    const char *theirs = prometheus_label(key, length);
    if (theirs != NULL) {
        text_put(t, theirs);
        return;
    }
    if (length == 0 || (key[0] >= '0' && key[0] <= '9') || (length > 1 && key[0] == '_' && key[1] == '_'))
        text_put(t, "tag_");
    prometheus_put_word(t, key, length, false);
}

static void put_escaped(struct text *t, const char *s, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (s[i] == '\\' || s[i] == '"')
            text_put_char(t, '\\');
        if (s[i] == '\n')
            text_put(t, "\\n");
        else
            text_put_char(t, s[i]);
    }
}

/* Where the value ends: at the next tag. A mount may hold any character: a comma alone ends nothing. */
static const char *end_of_value(const struct exposed *e, const char *value)
{
    bool has_one_key = e->info != NULL && strchr(e->info->tag_key, ',') == NULL;
    for (const char *at = value; *at != '\0'; at++)
        if (*at == ',' && !has_one_key && strchr(at, '=') != NULL)
            return at;
    return value + strlen(value);
}

/* {mode="user"}, or nothing. */
static void put_labels(struct text *t, const struct exposed *e)
{
    const char *separator = "{";
    for (const char *at = e->tag; *at != '\0';) {
        size_t key_length = strcspn(at, "=,");
        const char *value = at[key_length] == '=' ? at + key_length + 1 : at + key_length;
        const char *end = end_of_value(e, value);
        text_put(t, separator);
        put_label_key(t, at, key_length);
        text_put(t, "=\"");
        put_escaped(t, value, (size_t)(end - value));
        text_put_char(t, '"');
        separator = ",";
        at = *end == ',' ? end + 1 : end;
    }
    if (*separator == ',')
        text_put_char(t, '}');
}

/* --- families --- */

static void put_head(struct text *out, const struct exposed *e)
{
    const char *help = e->info != NULL ? e->info->help : "Told by an application on this machine";
    text_printf(out, "# HELP %s ", e->family);
    for (; *help != '\0'; help++)
        if (*help == '\\')
            text_put(out, "\\\\");
        else
            text_put_char(out, *help);
    text_printf(out, "\n# TYPE %s %s\n", e->family, e->type);
}

/* A name that was cleaned may be that of another: of two equal series the first is told. */
static bool is_told(const struct sample *sample, const struct series *series, uint32_t first, uint32_t slot,
                    const struct exposed *e, const char *labels)
{
    struct exposed other;
    char other_labels[LABELS_SIZE];
    for (uint32_t i = first; i < slot; i++) {
        struct text t;
        text_init(&t, other_labels, sizeof other_labels);
        if (!is_exposed(sample, series, i, &other) || text_equal(other.it.metric, e->it.metric) ||
            !text_equal(other.family, e->family))
            continue;
        put_labels(&t, &other);
        if (text_equal(labels, other_labels))
            return true;
    }
    return false;
}

static void put_family(const struct sample *sample, const struct series *series, uint32_t first,
                       const char *family, struct text *out)
{
    for (uint32_t slot = first; slot < series->count; slot++) {
        struct exposed e;
        char labels_space[LABELS_SIZE];
        struct text labels;
        if (!is_exposed(sample, series, slot, &e) || !text_equal(e.family, family))
            continue;
        if (slot == first)
            put_head(out, &e);
        text_init(&labels, labels_space, sizeof labels_space);
        put_labels(&labels, &e);
        if (is_told(sample, series, first, slot, &e, labels.at))
            continue;
        text_printf(out, "%s%s ", e.family, labels.at);
        text_put_scaled(out, sample->values[slot], e.scale);
        text_put_char(out, '\n');
    }
}

void once_print_prom(const struct sample *sample, const struct series *series, struct text *out)
{
    for (uint32_t slot = 0; slot < series->count; slot++) {
        struct exposed e, earlier;
        bool is_first = true;
        if (!is_exposed(sample, series, slot, &e))
            continue;
        for (uint32_t i = 0; i < slot && is_first; i++)
            is_first = !is_exposed(sample, series, i, &earlier) || !text_equal(earlier.family, e.family);
        if (is_first)
            put_family(sample, series, slot, e.family, out);
    }
}
