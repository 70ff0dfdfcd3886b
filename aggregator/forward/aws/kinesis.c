/* SPDX-License-Identifier: MIT */
/* Kinesis: a record for each instance and window, with all of its metrics, and one for each change of an
 * alert; JSON, partitioned by instance. What a record could not be put for comes back by its place in the
 * answer, and goes again alone. Kinesis knows no ids: what may have arrived and is sent again is there
 * twice, with the same id. */
#include <string.h>

#include "aggregator/forward/aws/aws.h"
#include "aggregator/forward/aws/record.h"
#include "aggregator/forward/aws/session.h"

#define RECORDS_MAX 256U /* Kinesis takes 500 of one request; an answer of so many fits */
#define RESOLUTION_MS 60000
#define RECORD_OVERHEAD 512U /* of the body, for partition key and punctuation */
#define KEY_LENGTH_MAX 256U

enum operation { OPERATION_DESCRIBE, OPERATION_PUT };

struct kinesis_state {
    struct aws_session session;
    enum operation operation; /* of the request under way */
    uint32_t record_count;
    uint16_t first[RECORDS_MAX + 1]; /* record i carries the request's items first[i] .. first[i + 1] - 1 */
};
static_assert(sizeof(struct kinesis_state) <= EXPORT_STATE_SIZE, "its state does not fit");

static void limits(const struct target *to, struct export_limits *out)
{
    (void)to;
    out->takes = EXPORT_BIT(EXPORT_POINTS) | EXPORT_BIT(EXPORT_ALERTS);
    out->items_max = EXPORT_ITEMS_MAX;
    out->resolution_ms = RESOLUTION_MS;
}

/* --- requests --- */

static void put_head(const struct export_view *v, struct export_request *r, const char *operation)
{
    text_printf(&r->headers, "Content-Type: application/x-amz-json-1.1\nX-Amz-Target: Kinesis_20131202.%s\n",
                operation);
    text_put(&r->body, text_starts(v->to->stream, "arn:") ? "{\"StreamARN\":" : "{\"StreamName\":");
    export_put_json(&r->body, v->to->stream);
}

/* The items of one record, which begins with `at`: in the batch's order. How many. */
static uint32_t gather(const struct export_batch *b, const struct export_request *r, uint32_t at,
                       const uint64_t *taken, uint16_t list[static EXPORT_ITEMS_MAX])
{
    const struct export_item *first = &b->items[at];
    uint32_t count = 0, room = r->items_max - r->count;
    for (uint32_t i = at; i < b->count && count < room; i++) {
        const struct export_item *item = &b->items[i];
        if (b->kind == EXPORT_POINTS && item->instance_index != first->instance_index)
            break;
        bool is_free = !export_is_done(b, i) && (taken[i / 64] >> i % 64 & 1) == 0;
        if (is_free && item->point.time_ms == first->point.time_ms &&
            item->point.span_ms == first->point.span_ms)
            list[count++] = (uint16_t)i;
        if (b->kind != EXPORT_POINTS)
            break;
    }
    return count;
}

static void put_partition_key(struct text *out, const struct export_item *item, enum export_kind kind)
{
    char key[KEY_LENGTH_MAX];
    const char *instance = kind == EXPORT_POINTS ? item->instance->id : item->alert->instance;
    (void)text_copy(key, sizeof key, instance[0] != '\0' ? instance : "none");
    export_put_json(out, key);
}

/* False when the body has no room for it any more. */
static bool put_record(const struct export_batch *b, struct export_request *r, const uint16_t *list,
                       uint32_t count)
{
    struct text record, *body = &r->body;
    text_init(&record, (char *)r->scratch, EXPORT_BODY_SIZE);
    if (b->kind == EXPORT_POINTS)
        record_put_points(&record, b, list, count);
    else
        record_put_alert(&record, &b->items[list[0]]);
    bool fits = !record.truncated && record.length / 3 * 4 + RECORD_OVERHEAD < body->size - body->length;
    if (!fits && r->count > 0)
        return false;
    text_put(body, r->count > 0 ? ",{\"Data\":\"" : "{\"Data\":\"");
    text_put_base64(body, record.at, record.length);
    text_put(body, "\",\"PartitionKey\":");
    put_partition_key(body, &b->items[list[0]], b->kind);
    text_put_char(body, '}');
    body->truncated |= record.truncated;
    return true;
}

static void shape_put(const struct export_view *v, const struct export_batch *b, struct kinesis_state *s,
                      struct export_request *r)
{
    uint64_t taken[EXPORT_ITEMS_MAX / 64] = {0};
    uint16_t list[EXPORT_ITEMS_MAX];
    uint32_t at = UINT32_MAX;
    s->operation = OPERATION_PUT;
    s->record_count = 0;
    put_head(v, r, "PutRecords");
    text_put(&r->body, ",\"Records\":[");
    while (s->record_count < RECORDS_MAX && export_next(b, r, &at)) {
        if ((taken[at / 64] >> at % 64 & 1) != 0)
            continue;
        uint32_t count = gather(b, r, at, taken, list);
        if (!put_record(b, r, list, count))
            break;
        s->first[s->record_count++] = (uint16_t)r->count;
        for (uint32_t i = 0; i < count; i++) {
            export_take(r, list[i]);
            taken[list[i] / 64] |= UINT64_C(1) << list[i] % 64;
        }
        s->first[s->record_count] = (uint16_t)r->count;
    }
    text_put(&r->body, "]}");
}

static void shape(const struct export_view *v, const struct export_batch *b, struct export_request *r)
{
    struct kinesis_state *s = v->state;
    if (!aws_session_open(&s->session, v, AWS_KINESIS, r))
        return;
    if (b->count > 0) {
        shape_put(v, b, s, r);
        return;
    }
    s->operation = OPERATION_DESCRIBE;
    put_head(v, r, "DescribeStreamSummary");
    text_put_char(&r->body, '}');
}

/* --- answers --- */

static void again(const struct kinesis_state *s, const struct export_request *r, struct export_judgement *j,
                  uint32_t record)
{
    for (uint32_t i = s->first[record]; i < s->first[record + 1]; i++)
        export_again(j, r->items[i]);
}

static bool judge_records(const struct kinesis_state *s, const struct export_request *r, yyjson_val *root,
                          struct export_judgement *j)
{
    uint64_t bits[RECORDS_MAX / 64];
    const char *code = "";
    int failed = aws_failed_records(root, s->record_count, bits, &code);
    if (failed <= 0)
        return failed == 0;
    for (uint32_t i = 0; i < s->record_count; i++)
        if ((bits[i / 64] >> i % 64 & 1) != 0)
            again(s, r, j, i);
    text_clear(&j->why);
    text_printf(&j->why, "%d of %u records were not taken for now: %.60s", failed, s->record_count, code);
    return true;
}

static void judge(const struct export_view *v, const struct export_batch *b, const struct export_request *r,
                  const struct export_answer *a, struct export_judgement *j)
{
    struct kinesis_state *s = v->state;
    struct aws_error error;
    (void)b;
    if (aws_session_judge(&s->session, v, r, a, j, &error))
        return;
    if (s->operation == OPERATION_PUT && a->status == 0 && a->may_have_arrived) {
        j->is_doubtful = true;
        j->verdict = v->to->no_repeat ? VERDICT_DONE : j->verdict;
    }
    if (a->status == 0 || j->verdict != VERDICT_DONE)
        return;
    yyjson_val *root = aws_json_read(a->body, a->body_size, r->scratch, EXPORT_BODY_SIZE);
    bool is_good = s->operation == OPERATION_PUT
                     ? judge_records(s, r, root, j)
                     : yyjson_is_obj(yyjson_obj_get(root, "StreamDescriptionSummary"));
    if (is_good)
        return;
    j->is_doubtful = s->operation == OPERATION_PUT;
    j->verdict = VERDICT_HOLD;
    text_clear(&j->why);
    text_put(&j->why, "it answers 200 with something that Kinesis does not say: look at url");
}

const struct exporter exporter_kinesis = {.limits = limits, .shape = shape, .judge = judge};
