/* SPDX-License-Identifier: MIT */
/* OpenTelemetry's metrics, as protobuf or JSON, handed to push_sample().
 *
 * The instance of a resource is the first of its attributes host.name, host.id, service.instance.id and
 * service.name (or as the sender asks). A service that is not the instance itself stays in the tag as
 * service.name; the resource's other attributes (SDK, process, system) do not. A data point's own
 * attributes make the rest of the tag.
 *
 *     gauge                       a gauge
 *     sum                         cumulative and monotonic: a counter; else a gauge. A delta is stored as
 *                                 it was told, as a gauge of that moment: fold=sum adds deltas up
 *     histogram                   NAME_count and NAME_sum, and NAME_bucket with le=, cumulative
 *     exponential histogram       NAME_count and NAME_sum
 *     summary                     NAME_count, NAME_sum, and NAME with quantile= */
#ifndef NEPHOS_PUSH_OTLP_H
#define NEPHOS_PUSH_OTLP_H

#include "aggregator/push/pairs.h"

#define OTLP_WORDS_SIZE 1024U /* for attributes that are numbers, as texts */
#define OTLP_BUCKETS_MAX 256U

enum otlp_type { OTLP_GAUGE, OTLP_SUM, OTLP_HISTOGRAM, OTLP_EXPONENTIAL, OTLP_SUMMARY };
enum otlp_temporality { OTLP_UNSPECIFIED, OTLP_DELTA, OTLP_CUMULATIVE };

struct otlp_metric {
    struct bytes name, unit;
    enum otlp_type type;
    enum otlp_temporality temporality;
    bool is_monotonic;
};

struct otlp_point {
    struct pairs attributes;
    uint64_t time_ns;
    bool has_no_value;
    bool is_integer, has_sum;
    double value;                 /* of a number; the sum of the others */
    int64_t integer;              /* of a number */
    uint64_t count;
    uint32_t bucket_count, bound_count, quantile_count;
    uint64_t buckets[OTLP_BUCKETS_MAX];
    double bounds[OTLP_BUCKETS_MAX];
    double quantiles[OTLP_BUCKETS_MAX][2]; /* quantile, value */
    bool has_too_many;
    char words[OTLP_WORDS_SIZE];
    uint32_t words_used;
};

struct otlp {
    struct push *push;
    struct pairs_ask ask;
    /* told by the reading */
    uint32_t points;              /* data points */
    uint32_t rejected;            /* of them */
    char why[256];                /* about the first of those */
    /* work space */
    struct pairs resource;
    struct otlp_point point;
    char resource_words[OTLP_WORDS_SIZE];
    char service[TAG_SIZE];
    int instance;
    bool has_instance;
};

/* An ExportMetricsServiceRequest in protobuf; ERR_OK, ERR_MALFORMED or ERR_FULL as remote_write_read(). */
int otlp_read_protobuf(struct otlp *o, const uint8_t *message, uint32_t size);

/* --- for the readers of either form --- */

void otlp_begin(struct otlp *o);
/* o->resource holds the attributes. */
void otlp_resource(struct otlp *o);
void otlp_point_clear(struct otlp_point *p);
/* An attribute that is a number or a truth value, as text; false when there is no room for its words. */
bool otlp_add_integer(struct pairs *pairs, struct bytes name, int64_t value, char *words, uint32_t *used);
bool otlp_add_double(struct pairs *pairs, struct bytes name, double value, char *words, uint32_t *used);
bool otlp_add_bool(struct pairs *pairs, struct bytes name, bool value, char *words, uint32_t *used);
/* o->point is told of the metric. ERR_OK, or ERR_FULL. */
int otlp_point(struct otlp *o, const struct otlp_metric *metric);

#endif
