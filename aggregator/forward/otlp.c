/* SPDX-License-Identifier: MIT */
/* Points as OpenTelemetry's ExportMetricsServiceRequest: a resource for each instance, gauges, and counters
 * as cumulative sums. A point stands at the end of its window.
 *
 * What may have arrived is sent again: the protocol accepts that. What a receiver says it has rejected of a
 * request that it took is not: it is counted. */
#include "aggregator/forward/otlp.h"

#include <string.h>

#include "aggregator/forward/credit.h"
#include "platform/base/utf8.h"
#include "proto/message.h"

enum { REQUEST_RESOURCE_METRICS = 1, RESOURCE_METRICS_RESOURCE = 1, RESOURCE_METRICS_SCOPE_METRICS = 2 };
enum { RESOURCE_ATTRIBUTES = 1, SCOPE_METRICS_SCOPE = 1, SCOPE_METRICS_METRICS = 2 };
enum { SCOPE_NAME = 1, SCOPE_VERSION = 2, KEY = 1, VALUE = 2, VALUE_TEXT = 1 };
enum { METRIC_NAME = 1, METRIC_UNIT = 3, METRIC_GAUGE_DATA = 5, METRIC_SUM_DATA = 7 };
enum { DATA_POINTS = 1, DATA_TEMPORALITY = 2, DATA_MONOTONIC = 3, TEMPORALITY_CUMULATIVE = 2 };
enum { POINT_START = 2, POINT_TIME = 3, POINT_DOUBLE = 4, POINT_ATTRIBUTES = 7 };

#define WORDS_SIZE 256U
#define CORES_MAX 8U /* of hosts that tell CPU time by core */

static void limits(const struct target *to, struct export_limits *out)
{
    (void)to;
    *out = (struct export_limits){.takes = EXPORT_BIT(EXPORT_POINTS), .items_max = EXPORT_ITEMS_MAX,
                                  .has_no_ids = true, .resolution_ms = 60000};
}

/* --- parts of the message --- */

static void put_attribute(struct message *m, uint32_t number, const char *key, const char *value)
{
    char clean[WORDS_SIZE];
    if (value[0] == '\0')
        return;
    utf8_copy_clean(clean, sizeof clean, value);
    uint32_t begun = message_begin(m, number);
    message_text(m, KEY, key);
    uint32_t inner = message_begin(m, VALUE);
    message_text(m, VALUE_TEXT, clean);
    message_end(m, inner);
    message_end(m, begun);
}

static void put_resource(struct message *m, const struct instance *in)
{
    uint32_t begun = message_begin(m, RESOURCE_METRICS_RESOURCE);
    put_attribute(m, RESOURCE_ATTRIBUTES, "service.name", "nephos");
    put_attribute(m, RESOURCE_ATTRIBUTES, "service.instance.id", in->id);
    put_attribute(m, RESOURCE_ATTRIBUTES, "host.id", in->id);
    put_attribute(m, RESOURCE_ATTRIBUTES, "host.name", in->name);
    put_attribute(m, RESOURCE_ATTRIBUTES, "host.type", in->type);
    put_attribute(m, RESOURCE_ATTRIBUTES, "host.arch", in->architecture);
    put_attribute(m, RESOURCE_ATTRIBUTES, "os.description", in->os);
    put_attribute(m, RESOURCE_ATTRIBUTES, "cloud.provider", in->provider);
    put_attribute(m, RESOURCE_ATTRIBUTES, "cloud.region", in->region);
    message_end(m, begun);
}

static void put_scope(struct message *m)
{
    uint32_t begun = message_begin(m, SCOPE_METRICS_SCOPE);
    message_text(m, SCOPE_NAME, "nephos");
    message_text(m, SCOPE_VERSION, NEPHOS_VERSION);
    message_end(m, begun);
}

static void put_tags(struct message *m, const struct export_point *p, bool is_ours)
{
    struct export_tag tags[EXPORT_TAGS_MAX];
    uint32_t count = export_tags(p, tags);
    for (uint32_t i = 0; i < count; i++) {
        char key[TAG_SIZE], value[TAG_SIZE];
        struct text words;
        const char *theirs = is_ours ? otlp_key(tags[i].key, tags[i].key_length) : NULL;
        text_init(&words, key, sizeof key);
        if (theirs != NULL)
            text_put(&words, theirs);
        else
            text_put_n(&words, tags[i].key, tags[i].key_length);
        text_init(&words, value, sizeof value);
        text_put_n(&words, tags[i].value, tags[i].value_length);
        put_attribute(m, POINT_ATTRIBUTES, key, value);
    }
}

static void put_point(struct message *m, const struct export_point *p, const struct otlp_name *name,
                      int64_t boot_ms)
{
    int64_t end_ms = p->time_ms + p->span_ms;
    uint32_t begun = message_begin(m, DATA_POINTS);
    if (name->since_boot && boot_ms > 0 && boot_ms < end_ms)
        message_fixed64(m, POINT_START, (uint64_t)boot_ms * 1000000U);
    message_fixed64(m, POINT_TIME, (uint64_t)end_ms * 1000000U);
    /* One division gives the double that is nearest to the decimal number. */
    message_double(m, POINT_DOUBLE, (double)p->value / ((double)p->value_scale * (double)name->divisor));
    if (name->key != NULL)
        put_attribute(m, POINT_ATTRIBUTES, name->key, name->value);
    put_tags(m, p, metric_find(p->metric) >= 0);
    message_end(m, begun);
}

/* --- the walk --- */

/* What is open while points are written, one inside the other. */
struct walk {
    struct message *m;
    const struct export_item *before; /* NULL: nothing is open */
    struct otlp_name name;
    int64_t boot_ms;
    uint32_t resource, scope, metric, data;
};

/* When that machine was started, by its newest word; 0: it does not say. */
static int64_t boot_of(struct store *s, uint32_t instance)
{
    const char *wanted = metric_info(METRIC_BOOT_TIME)->name;
    uint32_t count = store_series_count(s, instance);
    for (uint32_t i = 0; i < count; i++) {
        const struct store_series *series = store_series(s, instance, i);
        const struct store_metric *metric = store_metric(s, series->metric_index);
        if (series->last_ms != 0 && text_equal(metric->name, wanted))
            return series->last_value / metric->scale * 1000;
    }
    return 0;
}

static void end_metric(struct walk *w)
{
    if (w->before == NULL)
        return;
    if (w->before->point.kind == METRIC_COUNTER) {
        message_varint(w->m, DATA_TEMPORALITY, TEMPORALITY_CUMULATIVE);
        message_varint(w->m, DATA_MONOTONIC, 1);
    }
    message_end(w->m, w->data);
    message_end(w->m, w->metric);
}

static void end_resource(struct walk *w)
{
    end_metric(w);
    if (w->before == NULL)
        return;
    message_end(w->m, w->scope);
    message_end(w->m, w->resource);
}

static void begin_resource(struct walk *w, const struct export_view *v, const struct export_item *item)
{
    w->resource = message_begin(w->m, REQUEST_RESOURCE_METRICS);
    put_resource(w->m, item->instance);
    w->scope = message_begin(w->m, RESOURCE_METRICS_SCOPE_METRICS);
    put_scope(w->m);
    w->boot_ms = boot_of(v->store, item->instance_index);
}

static void begin_metric(struct walk *w, const struct export_item *item)
{
    const struct export_point *p = &item->point;
    uint32_t cores = item->instance->cpu_count;
    otlp_name(p->metric, p->unit, cores > 0 && cores <= CORES_MAX, &w->name);
    w->metric = message_begin(w->m, SCOPE_METRICS_METRICS);
    message_text(w->m, METRIC_NAME, w->name.name);
    message_text(w->m, METRIC_UNIT, w->name.unit);
    w->data = message_begin(w->m, p->kind == METRIC_COUNTER ? METRIC_SUM_DATA : METRIC_GAUGE_DATA);
}

static void put_item(struct walk *w, const struct export_view *v, const struct export_item *item)
{
    const struct export_item *before = w->before;
    bool is_other = before == NULL || before->instance_index != item->instance_index;
    bool is_next = is_other || before->point.kind != item->point.kind ||
                   !text_equal(before->point.metric, item->point.metric);
    if (is_other)
        end_resource(w);
    else if (is_next)
        end_metric(w);
    if (is_other)
        begin_resource(w, v, item);
    if (is_next)
        begin_metric(w, item);
    put_point(w->m, &item->point, &w->name, w->boot_ms);
    w->before = item;
}

static void shape(const struct export_view *v, const struct export_batch *b, struct export_request *r)
{
    struct message m = message_into(r->body.at, r->body.size - 1);
    struct walk w = {.m = &m};
    uint32_t at = UINT32_MAX;
    text_put(&r->url, v->to->url);
    text_put(&r->headers, "Content-Type: application/x-protobuf\n");
    credit_put(r, v->to);
    while (export_next(b, r, &at)) {
        put_item(&w, v, &b->items[at]);
        export_take(r, at);
    }
    end_resource(&w);
    r->body.length = m.truncated ? 0 : m.length;
    r->body.truncated = m.truncated;
}

/* --- the answer --- */

static void judge(const struct export_view *v, const struct export_batch *b, const struct export_request *r,
                  const struct export_answer *a, struct export_judgement *j)
{
    struct otlp_answer answer;
    (void)v, (void)b;
    if (a->status == 0 || a->truncated)
        return;
    otlp_answer_read((const uint8_t *)a->body, a->body_size, a->status, &answer);
    if (answer.rejected > 0) {
        j->dropped = answer.rejected < r->count ? (uint32_t)answer.rejected : r->count;
        text_printf(&j->why, "it rejects %u of %u points", j->dropped, r->count);
    }
    if (answer.words[0] != '\0' && (answer.rejected > 0 || a->status >= 400))
        text_printf(&j->why, ": %s", answer.words);
    if (a->status == 404 || a->status == 405)
        text_put(&j->why, " (the path of the address is usually /v1/metrics)");
}

const struct exporter exporter_otlp = {.limits = limits, .shape = shape, .judge = judge};
