/* SPDX-License-Identifier: MIT */
/* ExportMetricsServiceRequest field by field (opentelemetry.proto.metrics.v1). */
#include "aggregator/push/otlp.h"

enum { REQUEST_RESOURCE_METRICS = 1, RESOURCE_METRICS_RESOURCE = 1, RESOURCE_METRICS_SCOPE = 2 };
enum { RESOURCE_ATTRIBUTES = 1, SCOPE_METRICS = 2, KEY = 1, VALUE = 2 };
enum { VALUE_TEXT = 1, VALUE_BOOL = 2, VALUE_INTEGER = 3, VALUE_DOUBLE = 4 };
enum { METRIC_NAME = 1, METRIC_UNIT = 3, METRIC_GAUGE_DATA = 5, METRIC_SUM_DATA = 7,
       METRIC_HISTOGRAM_DATA = 9, METRIC_EXPONENTIAL_DATA = 10, METRIC_SUMMARY_DATA = 11 };
enum { DATA_POINTS = 1, DATA_TEMPORALITY = 2, DATA_MONOTONIC = 3 };
enum { POINT_TIME = 3, NUMBER_DOUBLE = 4, NUMBER_INTEGER = 6, NUMBER_ATTRIBUTES = 7, NUMBER_FLAGS = 8 };
enum { COUNT = 4, SUM = 5, BUCKETS = 6, BOUNDS = 7, HISTOGRAM_ATTRIBUTES = 9, EXPONENTIAL_ATTRIBUTES = 1,
       HISTOGRAM_FLAGS = 10, SUMMARY_QUANTILES = 6, SUMMARY_ATTRIBUTES = 7, SUMMARY_FLAGS = 8 };
enum { QUANTILE = 1, QUANTILE_VALUE = 2, FLAG_NO_VALUE = 1 };

static double double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* KeyValue. Values that are no plain text or number are passed over. */
static bool read_attribute(struct bytes message, struct pairs *pairs, char *words, uint32_t *used)
{
    struct fields f = fields_of(message), v = {.at = NULL};
    struct bytes name = {message.at, 0};
    bool fits = true;
    while (fields_next(&f)) {
        if (fields_is(&f, KEY, FIELD_BYTES))
            name = f.bytes;
        else if (fields_is(&f, VALUE, FIELD_BYTES))
            v = fields_of(f.bytes);
    }
    while (fields_next(&v)) {
        if (fields_is(&v, VALUE_TEXT, FIELD_BYTES))
            pairs_add(pairs, name, v.bytes);
        else if (fields_is(&v, VALUE_BOOL, FIELD_VARINT))
            fits = otlp_add_bool(pairs, name, v.value != 0, words, used);
        else if (fields_is(&v, VALUE_INTEGER, FIELD_VARINT))
            fits = otlp_add_integer(pairs, name, (int64_t)v.value, words, used);
        else if (fields_is(&v, VALUE_DOUBLE, FIELD_64))
            fits = otlp_add_double(pairs, name, double_of(v.value), words, used);
    }
    pairs->has_too_many = pairs->has_too_many || !fits;
    return !f.is_bad && !v.is_bad;
}

static bool add_bucket(struct otlp_point *p, uint64_t count)
{
    if (p->bucket_count == OTLP_BUCKETS_MAX)
        return false;
    p->buckets[p->bucket_count++] = count;
    return true;
}

static bool add_bound(struct otlp_point *p, uint64_t bits)
{
    if (p->bound_count == OTLP_BUCKETS_MAX)
        return false;
    p->bounds[p->bound_count++] = double_of(bits);
    return true;
}

/* Eight bytes each, packed or one by one. */
static bool read_list(struct otlp_point *p, const struct fields *f,
                      bool (*add)(struct otlp_point *p, uint64_t bits))
{
    if (f->type == FIELD_64) {
        p->has_too_many = !add(p, f->value) || p->has_too_many;
        return true;
    }
    if (f->type != FIELD_BYTES || f->bytes.size % 8 != 0)
        return false;
    for (uint32_t at = 0; at < f->bytes.size; at += 8)
        if (!add(p, get_u64(f->bytes.at + at)))
            p->has_too_many = true;
    return true;
}

static bool read_quantile(struct otlp_point *p, struct bytes message)
{
    struct fields f = fields_of(message);
    if (p->quantile_count == OTLP_BUCKETS_MAX) {
        p->has_too_many = true;
        return true;
    }
    double *to = p->quantiles[p->quantile_count++];
    to[0] = to[1] = 0;
    while (fields_next(&f))
        if (f.type == FIELD_64 && (f.number == QUANTILE || f.number == QUANTILE_VALUE))
            to[f.number - QUANTILE] = double_of(f.value);
    return !f.is_bad;
}

static uint32_t attributes_of(enum otlp_type type)
{
    switch (type) {
    case OTLP_HISTOGRAM:
        return HISTOGRAM_ATTRIBUTES;
    case OTLP_EXPONENTIAL:
        return EXPONENTIAL_ATTRIBUTES;
    case OTLP_SUMMARY:
        return SUMMARY_ATTRIBUTES;
    default:
        return NUMBER_ATTRIBUTES;
    }
}

static bool read_number(struct otlp_point *p, const struct fields *f)
{
    if (fields_is(f, NUMBER_DOUBLE, FIELD_64)) {
        p->value = double_of(f->value);
    } else if (fields_is(f, NUMBER_INTEGER, FIELD_64)) {
        p->integer = (int64_t)f->value;
        p->is_integer = true;
    } else if (fields_is(f, NUMBER_FLAGS, FIELD_VARINT)) {
        p->has_no_value = (f->value & FLAG_NO_VALUE) != 0;
    }
    return true;
}

static bool read_distribution(struct otlp_point *p, const struct fields *f, enum otlp_type type)
{
    if (fields_is(f, COUNT, FIELD_64)) {
        p->count = f->value;
    } else if (fields_is(f, SUM, FIELD_64)) {
        p->value = double_of(f->value);
        p->has_sum = true;
    } else if (fields_is(f, type == OTLP_SUMMARY ? SUMMARY_FLAGS : HISTOGRAM_FLAGS, FIELD_VARINT)) {
        p->has_no_value = (f->value & FLAG_NO_VALUE) != 0;
    } else if (type == OTLP_HISTOGRAM && f->number == BUCKETS) {
        return read_list(p, f, add_bucket);
    } else if (type == OTLP_HISTOGRAM && f->number == BOUNDS) {
        return read_list(p, f, add_bound);
    } else if (type == OTLP_SUMMARY && fields_is(f, SUMMARY_QUANTILES, FIELD_BYTES)) {
        return read_quantile(p, f->bytes);
    }
    return true;
}

static int read_point(struct otlp *o, const struct otlp_metric *metric, struct bytes message)
{
    struct otlp_point *p = &o->point;
    struct fields f = fields_of(message);
    bool good = true, is_number = metric->type == OTLP_GAUGE || metric->type == OTLP_SUM;
    otlp_point_clear(p);
    while (good && fields_next(&f)) {
        if (fields_is(&f, attributes_of(metric->type), FIELD_BYTES))
            good = read_attribute(f.bytes, &p->attributes, p->words, &p->words_used);
        else if (fields_is(&f, POINT_TIME, FIELD_64))
            p->time_ns = f.value;
        else
            good = is_number ? read_number(p, &f) : read_distribution(p, &f, metric->type);
    }
    return good && !f.is_bad ? otlp_point(o, metric) : ERR_MALFORMED;
}

/* Gauge, Sum, ...: what is said of all points stands before or behind them. */
static int read_data(struct otlp *o, struct otlp_metric *metric, struct bytes message)
{
    struct fields f = fields_of(message);
    int err = ERR_OK;
    while (fields_next(&f)) {
        if (fields_is(&f, DATA_TEMPORALITY, FIELD_VARINT))
            metric->temporality = (enum otlp_temporality)(f.value & 3);
        else if (fields_is(&f, DATA_MONOTONIC, FIELD_VARINT))
            metric->is_monotonic = f.value != 0;
    }
    if (f.is_bad)
        return ERR_MALFORMED;
    f = fields_of(message);
    while (err == ERR_OK && fields_next(&f))
        if (fields_is(&f, DATA_POINTS, FIELD_BYTES))
            err = read_point(o, metric, f.bytes);
    return err;
}

static bool is_data(const struct fields *f, enum otlp_type *type)
{
    *type = OTLP_GAUGE;
    switch (f->number) {
    case METRIC_GAUGE_DATA:
        break;
    case METRIC_SUM_DATA:
        *type = OTLP_SUM;
        break;
    case METRIC_HISTOGRAM_DATA:
        *type = OTLP_HISTOGRAM;
        break;
    case METRIC_EXPONENTIAL_DATA:
        *type = OTLP_EXPONENTIAL;
        break;
    case METRIC_SUMMARY_DATA:
        *type = OTLP_SUMMARY;
        break;
    default:
        return false;
    }
    return f->type == FIELD_BYTES;
}

static int read_metric(struct otlp *o, struct bytes message)
{
    struct otlp_metric metric = {.name = {message.at, 0}, .unit = {message.at, 0}};
    struct fields f = fields_of(message);
    struct bytes data = {message.at, 0};
    enum otlp_type type;
    while (fields_next(&f)) {
        if (fields_is(&f, METRIC_NAME, FIELD_BYTES)) {
            metric.name = f.bytes;
        } else if (fields_is(&f, METRIC_UNIT, FIELD_BYTES)) {
            metric.unit = f.bytes;
        } else if (is_data(&f, &type)) {
            metric.type = type;
            data = f.bytes;
        }
    }
    return f.is_bad ? ERR_MALFORMED : read_data(o, &metric, data);
}

static int read_scope(struct otlp *o, struct bytes message)
{
    struct fields f = fields_of(message);
    int err = ERR_OK;
    while (err == ERR_OK && fields_next(&f))
        if (fields_is(&f, SCOPE_METRICS, FIELD_BYTES))
            err = read_metric(o, f.bytes);
    return err == ERR_OK && f.is_bad ? ERR_MALFORMED : err;
}

static bool read_resource(struct otlp *o, struct bytes message)
{
    struct fields f = fields_of(message);
    uint32_t used = 0;
    while (fields_next(&f))
        if (fields_is(&f, RESOURCE_ATTRIBUTES, FIELD_BYTES) &&
            !read_attribute(f.bytes, &o->resource, o->resource_words, &used))
            return false;
    return !f.is_bad;
}

static int read_resource_metrics(struct otlp *o, struct bytes message)
{
    struct fields f = fields_of(message);
    int err = ERR_OK;
    pairs_clear(&o->resource);
    while (err == ERR_OK && fields_next(&f))
        if (fields_is(&f, RESOURCE_METRICS_RESOURCE, FIELD_BYTES) && !read_resource(o, f.bytes))
            err = ERR_MALFORMED;
    if (err != ERR_OK || f.is_bad)
        return ERR_MALFORMED;
    otlp_resource(o);
    f = fields_of(message);
    while (err == ERR_OK && fields_next(&f))
        if (fields_is(&f, RESOURCE_METRICS_SCOPE, FIELD_BYTES))
            err = read_scope(o, f.bytes);
    return err;
}

int otlp_read_protobuf(struct otlp *o, const uint8_t *message, uint32_t size)
{
    struct fields f = fields_of((struct bytes){message, size});
    int err = ERR_OK;
    otlp_begin(o);
    while (err == ERR_OK && fields_next(&f))
        if (fields_is(&f, REQUEST_RESOURCE_METRICS, FIELD_BYTES))
            err = read_resource_metrics(o, f.bytes);
    return err == ERR_OK && f.is_bad ? ERR_MALFORMED : err;
}
