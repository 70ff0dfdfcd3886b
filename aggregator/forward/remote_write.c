/* SPDX-License-Identifier: MIT */
/* Points to whoever takes Prometheus' remote write 1.0.
 *
 * Series have the names and labels of our own exposition (docs/SPEC.md, 3.7.1). A point stands at the end of
 * its window: what a query sees at that time is what has been measured before.
 *
 * Prometheus takes no sample that is older than the newest of its series, and then refuses the request as a
 * whole: half of it is tried, and so on (VERDICT_DROP), until the one is found, which is counted. What comes
 * twice as the newest sample it takes. */
#include "aggregator/forward/remote_write.h"

#include <string.h>

#include "aggregator/forward/credit.h"
#include "aggregator/query/naming.h"
#include "platform/base/utf8.h"
#include "proto/message.h"
#include "proto/snappy.h"

enum { REQUEST_SERIES = 1, SERIES_LABELS = 1, SERIES_SAMPLES = 2 };
enum { LABEL_NAME = 1, LABEL_VALUE = 2, SAMPLE_VALUE = 1, SAMPLE_TIME = 2 };

/* A message larger than this might not fit the body when nothing in it repeats. */
#define MESSAGE_SIZE (EXPORT_BODY_SIZE / 8U * 6U)
static_assert(SNAPPY_SIZE_MAX(MESSAGE_SIZE) < EXPORT_BODY_SIZE, "a block fits the body");
#define CORES_MAX 8U /* of hosts that tell CPU time by core */

static void limits(const struct target *to, struct export_limits *out)
{
    (void)to;
    *out = (struct export_limits){.takes = EXPORT_BIT(EXPORT_POINTS), .items_max = EXPORT_ITEMS_MAX,
                                  .has_no_ids = true, .resolution_ms = 60000};
}

/* --- a series --- */

struct series {
    struct naming naming;
    struct labels labels;
};

/* What is told by core is not told once more in all under the same name. */
static bool is_sum_of_cores(const struct export_item *item, const struct naming *n)
{
    return n->known == METRIC_CPU_SECONDS && item->instance->cpu_count > 0 &&
           item->instance->cpu_count <= CORES_MAX;
}

static void sort(struct labels *l)
{
    for (uint32_t i = 1; i < l->count; i++) {
        struct label one = l->at[i];
        uint32_t at = i;
        for (; at > 0 && strcmp(l->at[at - 1].name, one.name) > 0; at--)
            l->at[at] = l->at[at - 1];
        l->at[at] = one;
    }
}

static void describe(const struct export_item *item, struct series *s)
{
    const struct export_point *p = &item->point;
    struct store_metric metric = {.scale = p->scale, .kind = p->kind};
    (void)text_copy(metric.name, sizeof metric.name, p->metric);
    (void)text_copy(metric.unit, sizeof metric.unit, p->unit);
    naming_metric(&metric, &s->naming);
    if (is_sum_of_cores(item, &s->naming))
        (void)text_copy(s->naming.name, sizeof s->naming.name, "nephos_cpu_seconds_total");
    s->labels.count = 0;
    naming_instance(item->instance, true, &s->labels);
    naming_tag(p->tag, s->naming.known >= 0, &s->labels);
    if (labels_find(&s->labels, "job") == NULL && s->labels.count < LABELS_MAX)
        s->labels.at[s->labels.count++] = (struct label){"job", "nephos", 6};
    sort(&s->labels);
}

static void put_label(struct message *m, const char *name, const char *value, uint32_t length)
{
    char given[TOLD_ENDPOINT_SIZE], clean[TOLD_ENDPOINT_SIZE];
    struct text words;
    text_init(&words, given, sizeof given);
    text_put_n(&words, value, length);
    utf8_copy_clean(clean, sizeof clean, given);
    uint32_t begun = message_begin(m, SERIES_LABELS);
    message_text(m, LABEL_NAME, name);
    message_text(m, LABEL_VALUE, clean);
    message_end(m, begun);
}

/* In the order of names; "__name__" comes before all that begin with a small letter, but not before those
 * with a capital. */
static void put_labels(struct message *m, const struct series *s)
{
    bool is_named = false;
    for (uint32_t i = 0; i < s->labels.count; i++) {
        const struct label *l = &s->labels.at[i];
        if (!is_named && strcmp("__name__", l->name) < 0) {
            put_label(m, "__name__", s->naming.name, (uint32_t)strlen(s->naming.name));
            is_named = true;
        }
        put_label(m, l->name, l->value, l->length);
    }
    if (!is_named)
        put_label(m, "__name__", s->naming.name, (uint32_t)strlen(s->naming.name));
}

static void put_sample(struct message *m, const struct export_point *p, const struct naming *n)
{
    /* One division gives the double that is nearest to the decimal number; naming may have made the unit
     * larger, as a percent a ratio. */
    double value = (double)p->value / ((double)p->value_scale * (double)(n->scale / p->scale));
    uint32_t begun = message_begin(m, SERIES_SAMPLES);
    message_double(m, SAMPLE_VALUE, value);
    message_varint(m, SAMPLE_TIME, (uint64_t)(p->time_ms + p->span_ms));
    message_end(m, begun);
}

/* --- the request --- */

static bool is_same_series(const struct export_item *a, const struct export_item *b)
{
    return a != NULL && a->instance_index == b->instance_index && a->point.series == b->point.series;
}

static void put_series(const struct export_batch *b, struct export_request *r, struct message *m)
{
    struct series s;
    const struct export_item *before = NULL;
    uint32_t at = UINT32_MAX, begun = 0;
    while (export_next(b, r, &at)) {
        const struct export_item *item = &b->items[at];
        if (!is_same_series(before, item)) {
            if (before != NULL)
                message_end(m, begun);
            describe(item, &s);
            begun = message_begin(m, REQUEST_SERIES);
            put_labels(m, &s);
        }
        put_sample(m, &item->point, &s.naming);
        before = item;
        export_take(r, at);
    }
    if (before != NULL)
        message_end(m, begun);
}

static void shape(const struct export_view *v, const struct export_batch *b, struct export_request *r)
{
    struct message m = message_into(r->scratch, MESSAGE_SIZE);
    text_put(&r->url, v->to->url);
    text_put(&r->headers, "Content-Type: application/x-protobuf\nContent-Encoding: snappy\n"
                          "X-Prometheus-Remote-Write-Version: 0.1.0\n");
    credit_put(r, v->to);
    put_series(b, r, &m);
    if (m.truncated) {
        r->body.truncated = true;
        return;
    }
    int n = snappy_encode(m.at, m.length, (uint8_t *)r->body.at, r->body.size - 1);
    ASSERT(n > 0);
    r->body.length = (uint32_t)n;
}

/* One sample that is older than what is there, or there with another value: it came late, or twice. */
static bool is_too_late(const struct export_answer *a)
{
    static const char *const words[] = {"out of order", "duplicate sample", "out of bounds", "too old"};
    for (uint32_t i = 0; a->status == 400 && i < COUNT_OF(words); i++)
        if (strstr(a->body, words[i]) != NULL)
            return true;
    return false;
}

static void judge(const struct export_view *v, const struct export_batch *b, const struct export_request *r,
                  const struct export_answer *a, struct export_judgement *j)
{
    (void)v, (void)b;
    if (r->count == 1 && is_too_late(a)) {
        j->verdict = VERDICT_DONE;
        j->dropped = 1;
        return;
    }
    if (a->status == 415)
        text_put(&j->why, " (does it take remote write 1.0 at this address?)");
    if (a->status == 404)
        text_put(&j->why, " (Prometheus takes it with --web.enable-remote-write-receiver, at /api/v1/write)");
}

const struct exporter exporter_remote_write = {.limits = limits, .shape = shape, .judge = judge};
