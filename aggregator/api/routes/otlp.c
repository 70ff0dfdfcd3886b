/* SPDX-License-Identifier: MIT */
/* POST /v1/metrics: OpenTelemetry's metrics over HTTP, protobuf or JSON, plain or gzip. The answer has the
 * form of the request. What is stored is durable when the answer leaves. */
#include <string.h>

#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/push/work.h"

/* google.rpc.Code */
enum { RPC_INVALID_ARGUMENT = 3, RPC_RESOURCE_EXHAUSTED = 8, RPC_UNAVAILABLE = 14 };

struct otlp_state {
    bool is_json;
    uint32_t code, rejected;
    char why[400];
};
static_assert(sizeof(struct otlp_state) <= EXCHANGE_STATE_SIZE, "the state must fit");

/* --- answers --- */

static void put_varint_field(struct text *out, uint32_t number, uint64_t value)
{
    uint8_t bytes[2 * VARINT_SIZE_MAX];
    uint32_t n = put_varint(bytes, (uint64_t)number << 3 | FIELD_VARINT);
    n += put_varint(bytes + n, value);
    text_put_n(out, (const char *)bytes, n);
}

static void put_text_field(struct text *out, uint32_t number, const char *text, uint32_t length)
{
    uint8_t bytes[2 * VARINT_SIZE_MAX];
    uint32_t n = put_varint(bytes, (uint64_t)number << 3 | FIELD_BYTES);
    n += put_varint(bytes + n, length);
    text_put_n(out, (const char *)bytes, n);
    text_put_n(out, text, length);
}

/* google.rpc.Status */
static int produce_status(struct exchange *x)
{
    const struct otlp_state *st = (const struct otlp_state *)x->state;
    struct json_mark m = json_mark(&x->json);
    if (st->is_json) {
        json_open_object(&x->json, NULL);
        json_u64(&x->json, "code", st->code);
        json_text(&x->json, "message", st->why);
        json_close_object(&x->json);
    } else {
        put_varint_field(x->json.out, 1, st->code);
        put_text_field(x->json.out, 2, st->why, (uint32_t)strlen(st->why));
    }
    return produce_or_rewind(&x->json, m);
}

/* ExportMetricsServiceResponse: empty when all was taken. */
static int produce_response(struct exchange *x)
{
    const struct otlp_state *st = (const struct otlp_state *)x->state;
    struct json_mark m = json_mark(&x->json);
    char partial[512], count[24];
    struct text t;
    if (st->is_json) {
        text_init(&t, count, sizeof(count));
        text_put_u64(&t, st->rejected);
        json_open_object(&x->json, NULL);
        if (st->rejected > 0) {
            json_open_object(&x->json, "partialSuccess");
            json_text(&x->json, "rejectedDataPoints", count);
            json_text(&x->json, "errorMessage", st->why);
            json_close_object(&x->json);
        }
        json_close_object(&x->json);
    } else if (st->rejected > 0) {
        text_init(&t, partial, sizeof(partial));
        put_varint_field(&t, 1, st->rejected);
        put_text_field(&t, 2, st->why, (uint32_t)strlen(st->why));
        put_text_field(x->json.out, 1, partial, t.length);
    }
    return produce_or_rewind(&x->json, m);
}

static const char *type_of(const struct otlp_state *st)
{
    return st->is_json ? "application/json" : "application/x-protobuf";
}

static void refuse(struct exchange *x, uint16_t status, uint32_t code, const char *words)
{
    struct otlp_state *st = (struct otlp_state *)x->state;
    st->code = code;
    (void)text_copy(st->why, sizeof(st->why), words);
    respond(x, status, type_of(st), produce_status);
    if (status == 503)
        respond_header(x, "Retry-After: 1");
}

static int answer(struct exchange *x)
{
    respond(x, 200, type_of((const struct otlp_state *)x->state), produce_response);
    return ERR_OK;
}

/* --- reading --- */

static bool is_type(const struct http_request *r, const char *type)
{
    struct span value = http_header(r, "Content-Type");
    uint32_t length = (uint32_t)strlen(type);
    return value.length >= length && span_equal_ignoring_case((struct span){value.at, length}, type) &&
           (value.length == length || value.at[length] == ';' || value.at[length] == ' ');
}

/* The message, unpacked where need be; false when it has been answered. */
static bool unpack(struct exchange *x, struct span *message)
{
    struct span encoding = exchange_encoding(x->request);
    uint32_t room = 0;
    *message = x->body;
    if (encoding.length == 0)
        return true;
    char *scratch = exchange_scratch(x, &room);
    if (scratch == NULL || !span_equal_ignoring_case(encoding, "gzip")) {
        refuse(x, 415, RPC_INVALID_ARGUMENT, "a body comes as it is or with Content-Encoding: gzip");
        return false;
    }
    int size = inflate_gzip(push_work(x->world->push)->inflate, (const uint8_t *)x->body.at, x->body.length,
                            (uint8_t *)scratch, room);
    if (size == ERR_FULL)
        refuse(x, 413, RPC_RESOURCE_EXHAUSTED, "unpacked, the message is larger than --api-body-size allows");
    else if (size < 0)
        refuse(x, 400, RPC_INVALID_ARGUMENT, "the body is not one whole gzip stream");
    *message = (struct span){scratch, size < 0 ? 0 : (uint32_t)size};
    return size >= 0;
}

/* False when it has been answered. */
static bool read_in(struct exchange *x, enum push_pass pass, struct span message)
{
    const struct otlp_state *st = (const struct otlp_state *)x->state;
    struct push_work *work = push_work(x->world->push);
    push_begin(x->world->push, pass);
    int err = st->is_json ? otlp_read_json(work->otlp, work->json, message.at, message.length)
                          : otlp_read_protobuf(work->otlp, (const uint8_t *)message.at, message.length);
    if (err == ERR_FULL)
        refuse(x, 413, RPC_RESOURCE_EXHAUSTED, "too many data points in one request; send fewer at once");
    else if (err < 0)
        refuse(x, 400, RPC_INVALID_ARGUMENT, "the message is not an ExportMetricsServiceRequest");
    return err == ERR_OK;
}

static void store_points(struct exchange *x, struct span message)
{
    struct otlp_state *st = (struct otlp_state *)x->state;
    const struct otlp *o = push_work(x->world->push)->otlp;
    struct push_result result;
    struct text why;
    if (!read_in(x, PUSH_CHECK, message) || !read_in(x, PUSH_STORE, message))
        return;
    if (push_commit(x->world->push, &result) != ERR_OK) {
        refuse(x, 503, RPC_UNAVAILABLE, "storage is busy; send the request again");
        return;
    }
    text_init(&why, st->why, sizeof(st->why));
    text_put(&why, o->why);
    if (o->why[0] != '\0' && push_left_out(&result, NULL) > 0)
        text_put(&why, "; ");
    st->rejected = o->rejected + push_left_out(&result, &why);
    exchange_drop_body(x);
    respond_committed(x, answer);
}

void handle_otlp_metrics(struct exchange *x)
{
    struct otlp_state *st = exchange_state(x, sizeof(*st));
    struct otlp *o = push_work(x->world->push)->otlp;
    struct span message;
    st->is_json = is_type(x->request, "application/json");
    o->push = x->world->push;
    o->ask = (struct pairs_ask){.strip_port = false};
    int length = query_text(x->request->query, "instance", o->ask.instance, sizeof(o->ask.instance));
    if (!st->is_json && !is_type(x->request, "application/x-protobuf"))
        respond_error(x, 415, NULL, "metrics come as application/x-protobuf or application/json");
    else if (length < 0 && length != ERR_MISSING)
        refuse(x, 400, RPC_INVALID_ARGUMENT, "instance is a list of attribute names, 127 bytes at most");
    else if (unpack(x, &message))
        store_points(x, message);
}
