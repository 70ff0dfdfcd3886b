/* SPDX-License-Identifier: MIT */
/* ExportMetricsServiceRequest as JSON: lowerCamelCase names, 64-bit numbers as text or number, enums as
 * number or name. What has another type than it should is passed over, as unknown names are. */
#include "aggregator/push/otlp_json.h"

#include <string.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <yyjson.h>
#pragma GCC diagnostic pop

static struct bytes text_of(yyjson_val *v)
{
    const char *text = yyjson_get_str(v);
    return (struct bytes){(const uint8_t *)(text == NULL ? "" : text), (uint32_t)yyjson_get_len(v)};
}

static struct bytes text_in(yyjson_val *object, const char *name)
{
    yyjson_val *v = yyjson_obj_get(object, name);
    return yyjson_is_str(v) ? text_of(v) : (struct bytes){(const uint8_t *)"", 0};
}

/* A whole number within 64 bits of either sign; false when it is none. */
static bool take_integer(yyjson_val *v, int64_t *out)
{
    const char *text = yyjson_get_str(v);
    uint64_t magnitude;
    bool is_negative = text != NULL && text[0] == '-';
    if (yyjson_is_uint(v) && yyjson_get_uint(v) <= INT64_MAX)
        *out = (int64_t)yyjson_get_uint(v);
    else if (yyjson_is_sint(v))
        *out = yyjson_get_sint(v);
    else if (text == NULL || !text_to_u64(text + is_negative, &magnitude) || magnitude > INT64_MAX)
        return false;
    else
        *out = is_negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

static bool take_u64(yyjson_val *v, uint64_t *out)
{
    const char *text = yyjson_get_str(v);
    if (yyjson_is_uint(v))
        *out = yyjson_get_uint(v);
    else if (text == NULL || !text_to_u64(text, out))
        return false;
    return true;
}

static bool take_double(yyjson_val *v, double *out)
{
    if (yyjson_is_num(v))
        *out = yyjson_get_num(v);
    else if (yyjson_equals_str(v, "NaN"))
        *out = __builtin_nan("");
    else if (yyjson_equals_str(v, "Infinity") || yyjson_equals_str(v, "-Infinity"))
        *out = yyjson_get_str(v)[0] == '-' ? -__builtin_inf() : __builtin_inf();
    else
        return false;
    return true;
}

static void read_attributes(yyjson_val *list, struct pairs *pairs, char *words, uint32_t *used)
{
    size_t i, count;
    yyjson_val *attribute;
    if (!yyjson_is_arr(list))
        return;
    yyjson_arr_foreach(list, i, count, attribute)
    {
        struct bytes name = text_in(attribute, "key");
        yyjson_val *value = yyjson_obj_get(attribute, "value"), *v;
        int64_t integer;
        double number;
        bool fits = true;
        if (yyjson_is_str(v = yyjson_obj_get(value, "stringValue")))
            pairs_add(pairs, name, text_of(v));
        else if (yyjson_is_bool(v = yyjson_obj_get(value, "boolValue")))
            fits = otlp_add_bool(pairs, name, yyjson_get_bool(v), words, used);
        else if (take_integer(yyjson_obj_get(value, "intValue"), &integer))
            fits = otlp_add_integer(pairs, name, integer, words, used);
        else if (take_double(yyjson_obj_get(value, "doubleValue"), &number))
            fits = otlp_add_double(pairs, name, number, words, used);
        pairs->has_too_many = pairs->has_too_many || !fits;
    }
}

/* --- points --- */

static void read_buckets(struct otlp_point *p, yyjson_val *point)
{
    yyjson_val *counts = yyjson_obj_get(point, "bucketCounts");
    yyjson_val *bounds = yyjson_obj_get(point, "explicitBounds");
    size_t bucket_count = yyjson_arr_size(counts), bound_count = yyjson_arr_size(bounds);
    p->has_too_many = bucket_count > OTLP_BUCKETS_MAX || bound_count > OTLP_BUCKETS_MAX;
    for (size_t i = 0; !p->has_too_many && i < bucket_count; i++)
        if (take_u64(yyjson_arr_get(counts, i), &p->buckets[p->bucket_count]))
            p->bucket_count++;
    for (size_t i = 0; !p->has_too_many && i < bound_count; i++)
        if (take_double(yyjson_arr_get(bounds, i), &p->bounds[p->bound_count]))
            p->bound_count++;
}

static void read_quantiles(struct otlp_point *p, yyjson_val *list)
{
    size_t count = yyjson_arr_size(list);
    p->has_too_many = p->has_too_many || count > OTLP_BUCKETS_MAX;
    for (size_t i = 0; !p->has_too_many && i < count; i++) {
        yyjson_val *quantile = yyjson_arr_get(list, i);
        double *to = p->quantiles[p->quantile_count];
        to[0] = to[1] = 0; /* what is 0 need not be told */
        (void)take_double(yyjson_obj_get(quantile, "quantile"), &to[0]);
        (void)take_double(yyjson_obj_get(quantile, "value"), &to[1]);
        p->quantile_count++;
    }
}

static int read_point(struct otlp *o, const struct otlp_metric *metric, yyjson_val *point)
{
    struct otlp_point *p = &o->point;
    int64_t flags = 0;
    otlp_point_clear(p);
    read_attributes(yyjson_obj_get(point, "attributes"), &p->attributes, p->words, &p->words_used);
    (void)take_u64(yyjson_obj_get(point, "timeUnixNano"), &p->time_ns);
    (void)take_integer(yyjson_obj_get(point, "flags"), &flags);
    p->has_no_value = (flags & 1) != 0;
    if (metric->type == OTLP_GAUGE || metric->type == OTLP_SUM) {
        p->is_integer = take_integer(yyjson_obj_get(point, "asInt"), &p->integer);
        (void)take_double(yyjson_obj_get(point, "asDouble"), &p->value);
        return otlp_point(o, metric);
    }
    (void)take_u64(yyjson_obj_get(point, "count"), &p->count);
    p->has_sum = take_double(yyjson_obj_get(point, "sum"), &p->value);
    if (metric->type == OTLP_HISTOGRAM)
        read_buckets(p, point);
    if (metric->type == OTLP_SUMMARY)
        read_quantiles(p, yyjson_obj_get(point, "quantileValues"));
    return otlp_point(o, metric);
}

static enum otlp_temporality temporality_of(yyjson_val *v)
{
    int64_t number = OTLP_UNSPECIFIED;
    if (yyjson_equals_str(v, "AGGREGATION_TEMPORALITY_DELTA"))
        return OTLP_DELTA;
    if (yyjson_equals_str(v, "AGGREGATION_TEMPORALITY_CUMULATIVE"))
        return OTLP_CUMULATIVE;
    (void)take_integer(v, &number);
    return (enum otlp_temporality)(number & 3);
}

static int read_metric(struct otlp *o, yyjson_val *message)
{
    static const char *const names[] = {
        [OTLP_GAUGE] = "gauge", [OTLP_SUM] = "sum", [OTLP_HISTOGRAM] = "histogram",
        [OTLP_EXPONENTIAL] = "exponentialHistogram", [OTLP_SUMMARY] = "summary"};
    struct otlp_metric metric = {.name = text_in(message, "name"), .unit = text_in(message, "unit")};
    int err = ERR_OK;
    for (uint32_t type = 0; type < COUNT_OF(names); type++) {
        yyjson_val *data = yyjson_obj_get(message, names[type]), *point;
        yyjson_val *points = yyjson_obj_get(data, "dataPoints");
        size_t i, count;
        metric.type = (enum otlp_type)type;
        metric.temporality = temporality_of(yyjson_obj_get(data, "aggregationTemporality"));
        metric.is_monotonic = yyjson_get_bool(yyjson_obj_get(data, "isMonotonic"));
        if (!yyjson_is_arr(points))
            continue;
        yyjson_arr_foreach(points, i, count, point)
            if (err == ERR_OK)
                err = read_point(o, &metric, point);
    }
    return err;
}

static int read_resource_metrics(struct otlp *o, yyjson_val *message)
{
    yyjson_val *resource = yyjson_obj_get(message, "resource"), *scope, *metric;
    yyjson_val *scopes = yyjson_obj_get(message, "scopeMetrics");
    uint32_t used = 0;
    size_t i, count, k, metric_count;
    int err = ERR_OK;
    pairs_clear(&o->resource);
    read_attributes(yyjson_obj_get(resource, "attributes"), &o->resource, o->resource_words, &used);
    otlp_resource(o);
    if (!yyjson_is_arr(scopes))
        return ERR_OK;
    yyjson_arr_foreach(scopes, i, count, scope)
    {
        yyjson_val *metrics = yyjson_obj_get(scope, "metrics");
        if (!yyjson_is_arr(metrics))
            continue;
        yyjson_arr_foreach(metrics, k, metric_count, metric)
            if (err == ERR_OK)
                err = read_metric(o, metric);
    }
    return err;
}

int otlp_read_json(struct otlp *o, struct otlp_json *work, const char *message, uint32_t size)
{
    yyjson_alc pool;
    yyjson_read_err fault;
    union {
        const char *from;
        char *to; /* without the in-situ flag nothing is written to it */
    } text = {.from = message};
    size_t i, count;
    yyjson_val *resource_metrics;
    int err = ERR_OK;
    otlp_begin(o);
    yyjson_alc_pool_init(&pool, work->bytes, sizeof work->bytes);
    yyjson_doc *doc = yyjson_read_opts(text.to, size, YYJSON_READ_NOFLAG, &pool, &fault);
    if (doc == NULL)
        return fault.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION ? ERR_FULL : ERR_MALFORMED;
    yyjson_val *root = yyjson_doc_get_root(doc), *list = yyjson_obj_get(root, "resourceMetrics");
    if (!yyjson_is_obj(root) || (list != NULL && !yyjson_is_arr(list)))
        return ERR_MALFORMED;
    if (list == NULL)
        return ERR_OK;
    yyjson_arr_foreach(list, i, count, resource_metrics)
        if (err == ERR_OK)
            err = read_resource_metrics(o, resource_metrics);
    return err;
}
