/* SPDX-License-Identifier: MIT */
/* See exporter.h: what all types of destination need. */
#include "aggregator/forward/exporter.h"

#include <string.h>

#include "aggregator/forward/aws/aws.h"
#include "aggregator/forward/gateway/gateway.h"
#include "aggregator/forward/otlp.h"
#include "aggregator/forward/remote_write.h"
#include "aggregator/forward/shape.h"
#include "aggregator/forward/snowflake/snowflake.h"
#include "aggregator/query/tags.h"
#include "platform/base/sha1.h"
#include "platform/base/text.h"
#include "proto/metrics.h"

const char *const export_kind_names[EXPORT_KIND_COUNT] = {
    [EXPORT_POINTS] = "metrics",
    [EXPORT_ALERTS] = "alerts",
    [EXPORT_INSTANCES] = "instances",
    [EXPORT_INSIGHTS] = "insights",
};

/* One line for each type that can be. */
static const struct exporter *const exporters[TARGET_TYPE_COUNT] = {
    [TARGET_DYNAMODB] = &exporter_dynamodb,
    [TARGET_KINESIS] = &exporter_kinesis,
    [TARGET_SNOWFLAKE] = &exporter_snowflake,
    [TARGET_APIGATEWAY] = &exporter_apigateway,
    [TARGET_OTLP] = &exporter_otlp,
    [TARGET_REMOTE_WRITE] = &exporter_remote_write,
};

const struct exporter *exporter_of(enum target_type type)
{
    return exporters[type];
}

bool export_next(const struct export_batch *b, const struct export_request *r, uint32_t *at)
{
    if (r->count >= r->items_max)
        return false;
    for (uint32_t i = *at + 1; i < b->count; i++) {
        if (export_is_done(b, i))
            continue;
        *at = i;
        return true;
    }
    return false;
}

void export_take(struct export_request *r, uint32_t item)
{
    ASSERT(r->count < EXPORT_ITEMS_MAX && item < EXPORT_ITEMS_MAX);
    r->items[r->count++] = (uint16_t)item;
}

void export_again(struct export_judgement *j, uint32_t item)
{
    ASSERT(item < EXPORT_ITEMS_MAX);
    j->again[item / 64] |= UINT64_C(1) << item % 64;
}

/* RFC 9562 section 5.5: SHA-1 of a namespace, ours, and a name. */
void export_point_id(const struct export_item *item, char id[static EXPORT_ID_SIZE])
{
    static const char space[16] = {'N', 'e', 'p', 'h', 'o', 's', 'P', 'o',
                                   'i', 'n', 't', 'N', 'a', 'm', 'e', 's'};
    static const uint8_t at[] = {0, 4, 6, 8, 10, 16};
    char words[16 + INSTANCE_ID_SIZE + STORE_METRIC_SIZE + TAG_SIZE + 48];
    uint8_t hash[SHA1_SIZE];
    struct text name, out;
    const struct export_point *p = &item->point;
    text_init(&name, words, sizeof words);
    text_put_n(&name, space, sizeof space);
    text_put(&name, item->instance->id);
    text_put_char(&name, '\n');
    text_put(&name, p->metric);
    text_put_char(&name, '\n');
    text_put(&name, p->tag);
    text_put_char(&name, '\n');
    text_put_i64(&name, p->time_ms);
    text_put_char(&name, '\n');
    text_put_i64(&name, p->span_ms);
    sha1(words, name.length, hash);
    hash[6] = (uint8_t)((hash[6] & 0x0f) | 0x50);
    hash[8] = (uint8_t)((hash[8] & 0x3f) | 0x80);
    text_init(&out, id, EXPORT_ID_SIZE);
    for (uint32_t i = 0; i + 1 < COUNT_OF(at); i++) {
        if (i > 0)
            text_put_char(&out, '-');
        text_put_hex(&out, hash + at[i], at[i + 1] - at[i]);
    }
}

void export_put_value(struct text *out, int64_t value, uint32_t scale)
{
    text_put_scaled(out, value, scale);
}

uint32_t export_tags(const struct export_point *p, struct export_tag out[EXPORT_TAGS_MAX])
{
    const char *rest = p->tag;
    struct tag_pair pair;
    uint32_t count = 0;
    while (count < EXPORT_TAGS_MAX && tags_next(&rest, &pair)) {
        out[count++] = (struct export_tag){
            .key = pair.key_length > 0 ? pair.key : "tag",
            .key_length = pair.key_length > 0 ? pair.key_length : 3,
            .value = pair.value,
            .value_length = pair.value_length};
    }
    return count;
}

void export_put_json_n(struct text *out, const char *at, uint32_t length)
{
    char words[TAG_SIZE];
    uint32_t n = length < sizeof words ? length : sizeof words - 1;
    memcpy(words, at, n);
    words[n] = '\0';
    shape_put_json(out, words);
}

void export_put_tags(struct text *out, const struct export_point *p)
{
    struct export_tag tags[EXPORT_TAGS_MAX];
    uint32_t count = export_tags(p, tags);
    text_put_char(out, '{');
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            text_put_char(out, ',');
        export_put_json_n(out, tags[i].key, tags[i].key_length);
        text_put_char(out, ':');
        export_put_json_n(out, tags[i].value, tags[i].value_length);
    }
    text_put_char(out, '}');
}

void export_put_json(struct text *out, const char *text)
{
    shape_put_json(out, text);
}
