/* SPDX-License-Identifier: MIT */
/* POST /api/v1/write: Prometheus remote write 1.0 and 2.0. What is stored is durable when the answer
 * leaves. */
#include "aggregator/push/remote_write.h"

#include <string.h>

#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"
#include "proto/snappy.h"

struct write_state {
    uint32_t written, refused;
    enum remote_write_version version;
    char why[400];
};
static_assert(sizeof(struct write_state) <= EXCHANGE_STATE_SIZE, "the state must fit");

/* The version that the content type means; ERR_MALFORMED for what is none. Without a parameter it is 1.0. */
static int version_of(const struct http_request *r)
{
    static const char type[] = "application/x-protobuf";
    struct span value = http_header(r, "Content-Type");
    uint32_t length = sizeof(type) - 1;
    if (value.length < length || !span_equal_ignoring_case((struct span){value.at, length}, type))
        return ERR_MALFORMED;
    struct span rest = {value.at + length, value.length - length};
    while (rest.length > 0 && (rest.at[0] == ' ' || rest.at[0] == ';'))
        rest = (struct span){rest.at + 1, rest.length - 1};
    if (rest.length == 0 || span_equal_ignoring_case(rest, "proto=prometheus.WriteRequest"))
        return REMOTE_WRITE_1;
    if (span_equal_ignoring_case(rest, "proto=io.prometheus.write.v2.Request"))
        return REMOTE_WRITE_2;
    return ERR_MALFORMED;
}

/* False when it has been answered. */
static bool read_ask(struct exchange *x, struct pairs_ask *ask)
{
    struct span query = x->request->query;
    uint64_t strip = 0;
    int length = query_text(query, "instance", ask->instance, sizeof(ask->instance));
    if (length == ERR_MISSING)
        (void)text_copy(ask->instance, sizeof(ask->instance),
                        "instance,host,hostname,host_name,instance_id,node,job");
    int number = query_number(query, "strip_port", 0, 1, &strip);
    ask->strip_port = strip == 1;
    if ((length >= 0 || length == ERR_MISSING) && number != ERR_MALFORMED)
        return true;
    respond_error(x, 400, NULL,
                  "instance is a list of label names (127 bytes at most), strip_port is 0 or 1");
    return false;
}

/* Size of the message in the scratch, or ERR_... when it has been answered. */
static int decompress(struct exchange *x, uint8_t **message)
{
    uint32_t room = 0;
    char *scratch = exchange_scratch(x, &room);
    if (scratch == NULL || !span_equal_ignoring_case(exchange_encoding(x->request), "snappy")) {
        respond_error(x, 415, NULL, "remote write comes with Content-Encoding: snappy");
        return ERR_MALFORMED;
    }
    *message = (uint8_t *)scratch;
    int size = snappy_decode((const uint8_t *)x->body.at, x->body.length, *message, room);
    if (size == ERR_FULL)
        respond_error(x, 413, NULL, "the message has more than %u bytes; lower max_samples_per_send, or"
                      " start the aggregator with a larger --api-body-size", room);
    else if (size < 0)
        respond_error(x, 400, NULL, "the body is not a Snappy block");
    return size;
}

static int answer(struct exchange *x)
{
    const struct write_state *st = (const struct write_state *)x->state;
    if (st->refused > 0)
        respond_error(x, 400, NULL, "%u samples are stored and %u never will be: %s", st->written,
                      st->refused, st->why);
    else
        respond_empty(x, 204);
    respond_header(x, "X-Prometheus-Remote-Write-Samples-Written: %u", st->written);
    respond_header(x, "X-Prometheus-Remote-Write-Histograms-Written: 0");
    respond_header(x, "X-Prometheus-Remote-Write-Exemplars-Written: 0");
    return ERR_OK;
}

/* False when it has been answered. */
static bool read_in(struct exchange *x, enum push_pass pass, struct remote_write *w, const uint8_t *message,
                    uint32_t size)
{
    push_begin(w->push, pass);
    int err = remote_write_read(w, message, size);
    if (err == ERR_FULL)
        respond_error(x, 413, NULL, "more than %u samples or symbols in one request; lower"
                      " max_samples_per_send", PUSH_SAMPLES_MAX);
    else if (err < 0)
        respond_error(x, 400, NULL, "the message is not a %s", w->version == REMOTE_WRITE_2
                      ? "io.prometheus.write.v2.Request" : "prometheus.WriteRequest");
    return err == ERR_OK;
}

static void store_samples(struct exchange *x, struct remote_write *w, const uint8_t *message, uint32_t size)
{
    struct push_result result;
    struct text why;
    if (!read_in(x, PUSH_CHECK, w, message, size) || !read_in(x, PUSH_STORE, w, message, size))
        return;
    if (push_commit(w->push, &result) != ERR_OK) {
        respond_busy(x, 1, "storage is busy; send the request again");
        return;
    }
    struct write_state *st = exchange_state(x, sizeof(*st));
    text_init(&why, st->why, sizeof(st->why));
    text_put(&why, w->why);
    if (w->why[0] != '\0' && push_left_out(&result, NULL) > 0)
        text_put(&why, "; ");
    st->refused = w->refused + push_left_out(&result, &why);
    st->written = result.stored + result.repeated;
    st->version = w->version;
    exchange_drop_body(x);
    respond_committed(x, answer);
}

void handle_remote_write(struct exchange *x)
{
    struct remote_write w = {.push = x->world->push};
    uint8_t *message = NULL;
    int version = version_of(x->request);
    if (version < 0) {
        respond_error(x, 415, NULL, "remote write comes as application/x-protobuf, version 1.0 or"
                      " ;proto=io.prometheus.write.v2.Request");
        return;
    }
    w.version = (enum remote_write_version)version;
    if (!read_ask(x, &w.ask))
        return;
    int size = decompress(x, &message);
    if (size >= 0)
        store_samples(x, &w, message, (uint32_t)size);
}
