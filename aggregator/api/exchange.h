/* SPDX-License-Identifier: MIT */
/* One request and the making of its response.
 *
 * A handler looks at the request and either refuses it or names a producer. The producer is called
 * whenever there is room to write into, and goes on where it stopped; between calls it keeps what it
 * needs in the exchange's state. So a response of any size needs only the slot's own memory. */
#ifndef NEPHOS_API_EXCHANGE_H
#define NEPHOS_API_EXCHANGE_H

#include "aggregator/api/api.h"
#include "aggregator/api/http.h"
#include "aggregator/api/json_writer.h"

#define EXCHANGE_STATE_SIZE 1280U
#define EXCHANGE_PARAMETER_SIZE 192U
#define API_GAUGES_MAX 64U

/* Answers of a producer. ERR_AGAIN: work goes on, ask again in the next step. ERR_BUSY: it waits for
 * somebody else, ask some milliseconds later. Any other negative value: it cannot go on, and the
 * connection is cut so that the client sees a broken response. */
enum produce { PRODUCE_DONE = 0, PRODUCE_MORE = 1 };

/* The end of a producer's piece: kept when all of it fitted, else taken back to be written again later. */
static inline int produce_or_rewind(struct json *j, struct json_mark start)
{
    if (!json_is_full(j))
        return PRODUCE_DONE;
    json_rewind(j, start);
    return PRODUCE_MORE;
}

struct api_stats {
    uint64_t connections, refused_full, requests, answered_4xx, answered_5xx, malformed, timeouts;
    uint64_t cut_responses, tx_bytes;
    uint64_t websockets, websocket_messages, websocket_missed, feed_missed;
};

struct point_list;

/* What handlers may look at; one for the whole room. */
struct world {
    struct plat *plat;
    struct store *store;
    const struct memory_map *map;
    const char *token;         /* "" when none is asked for */
    struct mono started;
    int64_t started_ms;        /* wall clock */
    uint64_t commit_count;     /* at the last look, for /healthz */
    uint64_t commit_failures;
    bool is_commit_failing;
    struct api_stats stats;
    struct api_gauge gauges[API_GAUGES_MAX];
    uint32_t gauge_count;
    struct point_list *point_lists; /* scratch of GET /metrics */
};

struct exchange {
    struct world *world;
    const struct http_request *request;
    struct mono now;
    int64_t now_ms;             /* wall clock when the request came */
    char parameter[EXCHANGE_PARAMETER_SIZE]; /* what stood for {id} in the path, decoded */
    bool is_foreign;            /* a page of another site asks, and no token protects us */

    uint16_t status;
    const char *content_type;   /* NULL: no body at all */
    const char *allow;          /* methods of the route, for CORS and 405 */
    struct text headers;        /* further header lines, each with its CR LF */
    char headers_buf[512];
    int (*produce)(struct exchange *x);
    void (*release)(struct exchange *x); /* gives back what the producer holds, if anything */
    struct json json;           /* where the producer writes */

    const char *error;          /* of an error response; NULL: the status in words */
    char message[256];
    _Alignas(16) uint8_t state[EXCHANGE_STATE_SIZE];
};

void exchange_begin(struct exchange *x, struct world *w, const struct http_request *r, struct mono now);
/* Releases what the producer holds; the exchange is then over. */
void exchange_end(struct exchange *x);
/* Zeroed memory that lasts as long as the exchange. */
void *exchange_state(struct exchange *x, size_t size);

void respond(struct exchange *x, uint16_t status, const char *content_type,
             int (*produce)(struct exchange *x));
void respond_json(struct exchange *x, int (*produce)(struct exchange *x));
/* No body, as for 304. */
void respond_empty(struct exchange *x, uint16_t status);
/* JSON with `error` (NULL: the status in words) and `message`, as clients read it; with the members of
 * RFC 9457 below /api/v1. */
void respond_error(struct exchange *x, uint16_t status, const char *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* One more header line; `format` without CR LF. Values must be ours. */
void respond_header(struct exchange *x, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define BODY_UNKNOWN (-1) /* its size is not known: chunked, or until the connection closes */
/* Writes the head of the response. */
void exchange_head(const struct exchange *x, int64_t body_size, bool keep_alive, struct text *out);

#endif
