/* SPDX-License-Identifier: MIT */
/* DynamoDB: metrics, alerts and instances into the three tables that the Lambdas of the field read.
 *
 * Points and alerts go as BatchWriteItem: an item with the same key takes the place of the one before, so
 * that sending it again changes nothing. What comes back as unprocessed goes again, and nothing else.
 * Instances go one by one as UpdateItem, which keeps when the item was made, and on the condition that
 * nobody has written a newer one; when somebody has, that is as good. */
#include <string.h>

#include "aggregator/forward/aws/attribute.h"
#include "aggregator/forward/aws/aws.h"
#include "aggregator/forward/aws/session.h"

#define BATCH_MAX 25U   /* operations of one BatchWriteItem */
#define POINTS_MAX 500U /* of a batch of the engine's: 20 requests */
#define RESOLUTION_MS 60000
#define STAGE_DEFAULT "prod"
#define POOL_SIZE (EXPORT_BODY_SIZE / 2)

enum operation { OPERATION_DESCRIBE, OPERATION_WRITE, OPERATION_INSTANCE };

struct dynamodb_state {
    struct aws_session session;
    enum operation operation; /* of the request under way */
};
static_assert(sizeof(struct dynamodb_state) <= EXPORT_STATE_SIZE, "its state does not fit");

static void limits(const struct target *to, struct export_limits *out)
{
    (void)to;
    out->takes = EXPORT_BIT(EXPORT_POINTS) | EXPORT_BIT(EXPORT_ALERTS) | EXPORT_BIT(EXPORT_INSTANCES);
    out->items_max = POINTS_MAX;
    out->resolution_ms = RESOLUTION_MS;
}

static void put_table(struct text *out, const struct target *to, enum export_kind kind)
{
    static const char *const names[][2] = {
        [EXPORT_POINTS] = {"nephos-metrics-", "CloudPulseMetrics-"},
        [EXPORT_ALERTS] = {"nephos-alerts-", "CloudPulseAlerts-"},
        [EXPORT_INSTANCES] = {"nephos-instances-", "CloudPulseInstances-"}};
    const char *named = kind == EXPORT_POINTS ? to->metrics_table
                      : kind == EXPORT_ALERTS ? to->alerts_table
                                              : to->instances_table;
    if (named[0] != '\0')
        text_put(out, named);
    else
        text_printf(out, "%s%s", names[kind][to->layout == TARGET_CLOUDPULSE],
                    to->stage[0] != '\0' ? to->stage : STAGE_DEFAULT);
}

static void put_quoted_table(struct text *out, const struct target *to, enum export_kind kind)
{
    text_put_char(out, '"');
    put_table(out, to, kind);
    text_put_char(out, '"');
}

/* --- items --- */

static void put_name(struct text *out, const char *name)
{
    text_printf(out, ",\"%s\":", name);
}

static void put_member(struct text *out, const char *name, const char *text)
{
    put_name(out, name);
    attribute_put_text(out, text);
}

/* A time as the table has it: milliseconds, or ISO 8601. */
static void put_time(struct text *out, const char *name, int64_t ms, bool is_text)
{
    put_name(out, name);
    if (is_text)
        attribute_put_iso(out, ms);
    else
        attribute_put_integer(out, ms);
}

static void put_point(struct text *out, const struct target *to, const struct export_item *item)
{
    const struct export_point *p = &item->point;
    int64_t end_ms = p->time_ms + p->span_ms;
    text_put(out, "{\"PutRequest\":{\"Item\":{\"id\":");
    attribute_put_text(out, p->id);
    put_time(out, "timestamp", p->time_ms, to->layout == TARGET_CLOUDPULSE);
    put_member(out, "instanceId", item->instance->id);
    put_member(out, "metricName", p->metric);
    put_name(out, "metricValue");
    attribute_put_decimal(out, p->value, p->value_scale);
    put_member(out, "unit", p->unit);
    put_name(out, "tags");
    attribute_put_tags(out, p);
    put_time(out, "createdAt", end_ms, true);
    put_name(out, "periodMs");
    attribute_put_integer(out, p->span_ms);
    put_name(out, "sampleCount");
    attribute_put_integer(out, p->cell.count);
    if (p->kind == METRIC_GAUGE) {
        put_name(out, "minValue");
        attribute_put_decimal(out, p->cell.min, p->scale);
        put_name(out, "maxValue");
        attribute_put_decimal(out, p->cell.max, p->scale);
    }
    if (to->ttl_ms > 0) {
        put_name(out, "ttl");
        attribute_put_integer(out, (end_ms + to->ttl_ms) / 1000);
    }
    text_put(out, "}}}");
}

static void put_alert(struct text *out, const struct target *to, const struct alert *a)
{
    bool is_text = to->layout == TARGET_CLOUDPULSE;
    if (a->deleted_ms != 0) {
        text_put(out, "{\"DeleteRequest\":{\"Key\":{\"id\":");
        attribute_put_text(out, a->id);
        text_put(out, "}}}");
        return;
    }
    text_put(out, "{\"PutRequest\":{\"Item\":{\"id\":");
    attribute_put_text(out, a->id);
    put_member(out, "instanceId", a->instance);
    put_member(out, "alertType", a->type);
    put_member(out, "severity", alert_severity_names[a->severity]);
    put_member(out, "message", a->message);
    put_member(out, "status", alert_status_names[a->status]);
    put_time(out, "createdAt", a->created_ms, is_text);
    put_time(out, "updatedAt", a->updated_ms, is_text);
    if (a->resolved_ms != 0)
        put_time(out, "resolvedAt", a->resolved_ms, is_text);
    else if (is_text)
        text_put(out, ",\"resolvedAt\":{\"NULL\":true}");
    text_put(out, "}}}");
}

/* A fact that its owner has not told under that name. */
static void put_fact(struct text *out, yyjson_val *told, const char *name, const char *value)
{
    if (value[0] != '\0' && yyjson_obj_get(told, name) == NULL)
        put_member(out, name, value);
}

static void put_count(struct text *out, yyjson_val *told, const char *name, uint64_t count)
{
    if (count == 0 || yyjson_obj_get(told, name) != NULL)
        return;
    put_name(out, name);
    attribute_put_integer(out, (int64_t)count);
}

/* Without its port. */
static void put_address(struct text *out, yyjson_val *told, const char *address)
{
    char host[FACT_SIZE];
    bool is_bracketed = address[0] == '[';
    (void)text_copy(host, sizeof host, address + is_bracketed);
    char *end = is_bracketed ? strchr(host, ']') : strrchr(host, ':');
    if (end != NULL)
        *end = '\0';
    put_fact(out, told, "ipAddress", host);
}

static void put_metadata(struct text *out, const struct export_item *item, uint8_t *pool)
{
    const struct instance *i = item->instance;
    const char *json = item->told != NULL ? item->told->metadata : "";
    yyjson_val *told = aws_json_read_raw(json, (uint32_t)strlen(json), pool, POOL_SIZE);
    text_put(out, "{\"M\":{\"monitor\":");
    attribute_put_text(out, "nephos");
    put_fact(out, told, "os", i->os);
    put_fact(out, told, "kernel", i->kernel);
    put_fact(out, told, "arch", i->architecture);
    put_address(out, told, i->address);
    put_fact(out, told, "provider", i->provider);
    put_fact(out, told, "agentVersion", i->agent_version);
    put_count(out, told, "cpus", i->cpu_count);
    put_count(out, told, "totalMemory", i->memory_bytes);
    attribute_put_members(out, told);
    text_put(out, "}}");
}

/* --- requests --- */

static void put_headers(struct export_request *r, const char *operation)
{
    text_printf(&r->headers, "Content-Type: application/x-amz-json-1.0\nX-Amz-Target: DynamoDB_20120810.%s\n",
                operation);
}

static void shape_describe(const struct export_view *v, struct dynamodb_state *s, struct export_request *r)
{
    enum export_kind kind = EXPORT_POINTS;
    while ((v->to->sends & EXPORT_BIT(kind)) == 0 && kind < EXPORT_INSTANCES)
        kind++;
    s->operation = OPERATION_DESCRIBE;
    put_headers(r, "DescribeTable");
    text_put(&r->body, "{\"TableName\":");
    put_quoted_table(&r->body, v->to, kind);
    text_put_char(&r->body, '}');
}

static void shape_write(const struct export_view *v, const struct export_batch *b, struct dynamodb_state *s,
                        struct export_request *r)
{
    uint32_t at = UINT32_MAX;
    s->operation = OPERATION_WRITE;
    put_headers(r, "BatchWriteItem");
    text_put(&r->body, "{\"RequestItems\":{");
    put_quoted_table(&r->body, v->to, b->kind);
    text_put(&r->body, ":[");
    while (r->count < BATCH_MAX && export_next(b, r, &at)) {
        if (r->count > 0)
            text_put_char(&r->body, ',');
        if (b->kind == EXPORT_POINTS)
            put_point(&r->body, v->to, &b->items[at]);
        else
            put_alert(&r->body, v->to, b->items[at].alert);
        export_take(r, at);
    }
    text_put(&r->body, "]}}");
}

static void put_instance_values(const struct export_item *item, struct export_request *r)
{
    const struct instance *i = item->instance;
    text_put(&r->body, "\"ExpressionAttributeValues\":{\":n\":");
    attribute_put_text(&r->body, i->name);
    put_member(&r->body, ":t", i->type[0] != '\0' ? i->type : "other");
    put_member(&r->body, ":s", item->status[0] != '\0' ? item->status : "unknown");
    put_member(&r->body, ":r", i->region);
    put_member(&r->body, ":e", item->told != NULL ? item->told->endpoint : "");
    put_name(&r->body, ":m");
    put_metadata(&r->body, item, r->scratch);
    put_time(&r->body, ":c", i->created_ms, true);
    put_time(&r->body, ":u", i->updated_ms, true);
    if (i->last_seen_ms > 0)
        put_time(&r->body, ":h", i->last_seen_ms, true);
    text_put(&r->body, "}}");
}

/* Names are aliased all, as half of them are reserved words. */
static void shape_instance(const struct export_view *v, const struct export_batch *b,
                           struct dynamodb_state *s, struct export_request *r)
{
    uint32_t at = UINT32_MAX;
    if (!export_next(b, r, &at))
        return;
    const struct instance *i = b->items[at].instance;
    bool is_gone = i->deleted_ms != 0, is_seen = i->last_seen_ms > 0;
    s->operation = OPERATION_INSTANCE;
    export_take(r, at);
    put_headers(r, is_gone ? "DeleteItem" : "UpdateItem");
    text_put(&r->body, "{\"TableName\":");
    put_quoted_table(&r->body, v->to, EXPORT_INSTANCES);
    text_put(&r->body, ",\"Key\":{\"id\":");
    attribute_put_text(&r->body, i->id);
    if (is_gone) {
        text_put(&r->body, "}}");
        return;
    }
    text_printf(
        &r->body,
        "},\"UpdateExpression\":\"SET #n=:n,#t=:t,#s=:s,#r=:r,#e=:e,#m=:m,#u=:u,#c=if_not_exists(#c,:c)%s\","
        "\"ConditionExpression\":\"attribute_not_exists(#u) OR #u<=:u\",\"ExpressionAttributeNames\":{"
        "\"#n\":\"name\",\"#t\":\"type\",\"#s\":\"status\",\"#r\":\"region\",\"#e\":\"endpoint\","
        "\"#m\":\"metadata\",\"#u\":\"updatedAt\",\"#c\":\"createdAt\"%s},",
        is_seen ? ",#h=:h" : "", is_seen ? ",\"#h\":\"lastHealthCheck\"" : "");
    put_instance_values(&b->items[at], r);
}

static void shape(const struct export_view *v, const struct export_batch *b, struct export_request *r)
{
    struct dynamodb_state *s = v->state;
    if (!aws_session_open(&s->session, v, AWS_DYNAMODB, r))
        return;
    if (b->count == 0)
        shape_describe(v, s, r);
    else if (b->kind == EXPORT_INSTANCES)
        shape_instance(v, b, s, r);
    else
        shape_write(v, b, s, r);
}

/* --- answers --- */

static const char *id_of(const struct export_batch *b, uint32_t item)
{
    return b->kind == EXPORT_POINTS ? b->items[item].point.id : b->items[item].alert->id;
}

static bool mark(const struct export_batch *b, const struct export_request *r, struct export_judgement *j,
                 const char *id)
{
    for (uint32_t i = 0; i < r->count; i++) {
        if (!text_equal(id_of(b, r->items[i]), id))
            continue;
        export_again(j, r->items[i]);
        return true;
    }
    return false;
}

static void judge_written(const struct export_batch *b, const struct export_request *r, yyjson_val *root,
                          struct export_judgement *j)
{
    const char *ids[BATCH_MAX];
    uint32_t count = aws_unprocessed_ids(root, ids, BATCH_MAX);
    for (uint32_t i = 0; i < count; i++)
        if (!mark(b, r, j, ids[i]))
            j->verdict = VERDICT_AGAIN; /* none of ours: all of them, to be sure */
    if (count == 0)
        return;
    text_clear(&j->why);
    text_printf(&j->why, "%u of %u items were not taken for now: the table is throttled", count, r->count);
}

static void judge(const struct export_view *v, const struct export_batch *b, const struct export_request *r,
                  const struct export_answer *a, struct export_judgement *j)
{
    struct dynamodb_state *s = v->state;
    struct aws_error error;
    if (aws_session_judge(&s->session, v, r, a, j, &error))
        return;
    if (s->operation == OPERATION_INSTANCE && text_equal(error.code, "ConditionalCheckFailedException")) {
        j->verdict = VERDICT_DONE;
        text_clear(&j->why);
        return;
    }
    if (j->verdict != VERDICT_DONE)
        return;
    yyjson_val *root = aws_json_read(a->body, a->body_size, r->scratch, EXPORT_BODY_SIZE);
    if (!yyjson_is_obj(root)) {
        j->verdict = a->truncated ? VERDICT_AGAIN : VERDICT_HOLD;
        text_clear(&j->why);
        text_put(&j->why, "it answers 200 with something that DynamoDB does not say: look at url");
    } else if (s->operation == OPERATION_WRITE) {
        judge_written(b, r, root, j);
    }
}

const struct exporter exporter_dynamodb = {.limits = limits, .shape = shape, .judge = judge};
