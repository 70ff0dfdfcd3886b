/* SPDX-License-Identifier: MIT */
/* What OpenTelemetry's data points mean as samples; see otlp.h. */
#include "aggregator/push/otlp.h"

#include <string.h>

#include "aggregator/push/scale.h"

#define INSTANCE_DEFAULT "host.name,host.id,service.instance.id,service.name"
#define NS_PER_MS_U UINT64_C(1000000)

void otlp_begin(struct otlp *o)
{
    o->points = o->rejected = 0;
    o->why[0] = '\0';
    o->has_instance = false;
    if (o->ask.instance[0] == '\0')
        (void)text_copy(o->ask.instance, sizeof o->ask.instance, INSTANCE_DEFAULT);
}

static void reject(struct otlp *o, const char *words)
{
    o->rejected++;
    if (o->why[0] == '\0')
        (void)text_copy(o->why, sizeof o->why, words);
}

static struct bytes bytes_of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, (uint32_t)strlen(text)};
}

void otlp_resource(struct otlp *o)
{
    struct pairs_instance who;
    struct pair *service = pairs_find(&o->resource, "service.name");
    o->service[0] = '\0';
    o->has_instance = pairs_take_instance(&o->resource, &o->ask, &who);
    if (!o->has_instance)
        return;
    if (service != NULL && !service->is_taken)
        (void)pairs_copy(service->value, o->service, sizeof o->service);
    o->instance = push_instance(o->push, &who.facts);
    o->has_instance = o->instance >= 0;
}

void otlp_point_clear(struct otlp_point *p)
{
    pairs_clear(&p->attributes);
    p->time_ns = p->count = 0;
    p->has_no_value = p->is_integer = p->has_sum = p->has_too_many = false;
    p->value = 0;
    p->integer = 0;
    p->bucket_count = p->bound_count = p->quantile_count = p->words_used = 0;
}

/* --- numbers as texts --- */

/* "0.005", "250", "+Inf": with as many digits as the double needs, of nine behind the point. */
static void put_double(struct text *t, double value)
{
    struct scale_number n = {.value = value};
    int64_t scaled;
    bool exact;
    if (!scale_is_number(&n)) {
        text_put(t, value > 0 ? "+Inf" : value < 0 ? "-Inf" : "NaN");
        return;
    }
    for (uint32_t scale = 1; scale <= 1000000000 && scale_number(&n, scale, &scaled, &exact); scale *= 10) {
        if (!exact && scale < 1000000000)
            continue;
        text_put_scaled(t, scaled, scale);
        return;
    }
    (void)scale_number(&n, 1, &scaled, &exact);
    text_put_i64(t, scaled);
}

static bool add_words(struct pairs *pairs, struct bytes name, char *words, uint32_t *used, struct text *t)
{
    if (t->truncated)
        return false;
    pairs_add(pairs, name, (struct bytes){(const uint8_t *)words + *used, t->length});
    *used += t->length + 1;
    return true;
}

static struct text words_left(char *words, uint32_t used)
{
    struct text t;
    ASSERT(used < OTLP_WORDS_SIZE);
    text_init(&t, words + used, OTLP_WORDS_SIZE - used);
    return t;
}

bool otlp_add_integer(struct pairs *pairs, struct bytes name, int64_t value, char *words, uint32_t *used)
{
    if (*used + 32 > OTLP_WORDS_SIZE)
        return false;
    struct text t = words_left(words, *used);
    text_put_i64(&t, value);
    return add_words(pairs, name, words, used, &t);
}

bool otlp_add_double(struct pairs *pairs, struct bytes name, double value, char *words, uint32_t *used)
{
    if (*used + 32 > OTLP_WORDS_SIZE)
        return false;
    struct text t = words_left(words, *used);
    put_double(&t, value);
    return add_words(pairs, name, words, used, &t);
}

bool otlp_add_bool(struct pairs *pairs, struct bytes name, bool value, char *words, uint32_t *used)
{
    (void)words, (void)used;
    pairs_add(pairs, name, bytes_of(value ? "true" : "false"));
    return true;
}

/* --- samples --- */

/* What all samples of a point have in common. */
struct told {
    char metric[STORE_METRIC_SIZE], unit[UNIT_SIZE], tag[TAG_SIZE];
    enum metric_kind kind;
    int64_t time_ms;
    int err;                 /* of the first sample that could not be pushed */
};

static void tell(struct otlp *o, struct told *t, const char *end, const char *tag, struct push_sample sample)
{
    char name[STORE_METRIC_SIZE];
    struct text n;
    text_init(&n, name, sizeof name);
    text_put(&n, t->metric);
    text_put(&n, end);
    sample.metric = name;
    sample.tag = tag;
    sample.time_ms = t->time_ms;
    if (t->err != ERR_OK)
        return;
    if (n.truncated)
        sample.metric = ""; /* and so refused */
    if (sample.is_integer || push_is_number(sample.value))
        t->err = push_sample(o->push, o->instance, &sample);
    else
        push_count_not_finite(o->push, name);
}

static void tell_count(struct otlp *o, struct told *t, const char *end, const char *tag, uint64_t count)
{
    struct push_sample sample = {.unit = "count", .kind = t->kind, .is_integer = true};
    sample.integer = count > INT64_MAX ? INT64_MAX : (int64_t)count;
    tell(o, t, end, tag, sample);
}

/* The tag with one more pair, where its name belongs; false when it does not fit. */
static bool with_pair(struct pairs *attributes, const char *name, double value, char *words, uint32_t size,
                      char tag[static TAG_SIZE])
{
    struct text t;
    text_init(&t, words, size);
    put_double(&t, value);
    uint32_t count = attributes->count;
    struct pair before[PAIRS_MAX];
    memcpy(before, attributes->list, count * sizeof before[0]);
    pairs_add(attributes, bytes_of(name), bytes_of(words));
    int err = pairs_tag(attributes, tag);
    memcpy(attributes->list, before, count * sizeof before[0]);
    attributes->count = count;
    return err == ERR_OK;
}

static void tell_buckets(struct otlp *o, struct told *t)
{
    struct otlp_point *p = &o->point;
    char tag[TAG_SIZE], words[32];
    uint64_t count = 0;
    for (uint32_t i = 0; i < p->bucket_count && p->bound_count + 1 == p->bucket_count; i++) {
        double bound = i < p->bound_count ? p->bounds[i] : __builtin_inf();
        count += p->buckets[i];
        if (!with_pair(&p->attributes, "le", bound, words, sizeof words, tag)) {
            t->err = ERR_MALFORMED;
            return;
        }
        tell_count(o, t, "_bucket", tag, count);
    }
}

static void tell_quantiles(struct otlp *o, struct told *t)
{
    struct otlp_point *p = &o->point;
    char tag[TAG_SIZE], words[32];
    for (uint32_t i = 0; i < p->quantile_count; i++) {
        if (!with_pair(&p->attributes, "quantile", p->quantiles[i][0], words, sizeof words, tag)) {
            t->err = ERR_MALFORMED;
            return;
        }
        tell(o, t, "", tag,
             (struct push_sample){.unit = t->unit, .kind = METRIC_GAUGE, .value = p->quantiles[i][1]});
    }
}

static void tell_distribution(struct otlp *o, struct told *t, enum otlp_type type)
{
    const struct otlp_point *p = &o->point;
    tell_count(o, t, "_count", t->tag, p->count);
    if (p->has_sum || type == OTLP_SUMMARY)
        tell(o, t, "_sum", t->tag,
             (struct push_sample){.unit = t->unit, .kind = t->kind, .value = p->value});
    if (type == OTLP_HISTOGRAM)
        tell_buckets(o, t);
    if (type == OTLP_SUMMARY)
        tell_quantiles(o, t);
}

/* NULL, or why the point cannot be kept. */
static const char *understand(struct otlp *o, const struct otlp_metric *metric, struct told *t)
{
    struct otlp_point *p = &o->point;
    if (!o->has_instance)
        return "no resource attribute names the instance (?instance=NAME in the address says which), or it"
               " is too long";
    if (!pairs_copy(metric->name, t->metric, sizeof t->metric) || t->metric[0] == '\0')
        return "a name has 1 to 95 bytes";
    if (!pairs_copy(metric->unit, t->unit, sizeof t->unit))
        return "a unit has at most 15 bytes";
    if (p->time_ns == 0 || p->has_too_many)
        return p->time_ns == 0 ? "a point has a time" : "a point has at most 256 buckets or quantiles";
    if (o->service[0] != '\0')
        pairs_add(&p->attributes, bytes_of("service.name"), bytes_of(o->service));
    if (pairs_tag(&p->attributes, t->tag) != ERR_OK)
        return "it has more than 64 attributes, or one comes twice";
    t->time_ms = (int64_t)(p->time_ns / NS_PER_MS_U);
    t->kind = METRIC_COUNTER;
    if (metric->temporality == OTLP_DELTA || metric->type == OTLP_GAUGE ||
        (metric->type == OTLP_SUM && !metric->is_monotonic))
        t->kind = METRIC_GAUGE;
    return NULL;
}

int otlp_point(struct otlp *o, const struct otlp_metric *metric)
{
    struct otlp_point *p = &o->point;
    struct told t = {.err = ERR_OK};
    o->points++;
    if (p->has_no_value)
        return ERR_OK;
    const char *fault = understand(o, metric, &t);
    if (fault != NULL) {
        reject(o, fault);
        return ERR_OK;
    }
    if (metric->type == OTLP_GAUGE || metric->type == OTLP_SUM)
        tell(o, &t, "", t.tag,
             (struct push_sample){.unit = t.unit, .kind = t.kind, .is_integer = p->is_integer,
                                  .value = p->value, .integer = p->integer});
    else
        tell_distribution(o, &t, metric->type);
    if (t.err == ERR_MALFORMED)
        reject(o, push_why(o->push)[0] != '\0' ? push_why(o->push) : "its buckets' tags are too long");
    return t.err == ERR_FULL ? ERR_FULL : ERR_OK;
}
