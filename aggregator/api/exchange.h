/* SPDX-License-Identifier: MIT */
/* One request and the making of its response.
 *
 * A handler looks at the request and either refuses it or names a producer. The producer is called
 * whenever there is room to write into, and goes on where it stopped; between calls it keeps what it
 * needs in the exchange's state. So a response of any size needs only the slot's own memory.
 *
 * The request's body is there, whole and without its transfer coding, before the handler is called, and
 * stays until the exchange ends or exchange_drop_body(). Small ones lie in the slot's receive buffer, larger
 * ones in one of the few that all requests share (body_pool.h). A handler of a route that takes encoded
 * bodies (router.h) finds a compressed one as it came, and decodes it into exchange_scratch(), which was
 * set aside before the body was accepted: there it cannot run out.
 *
 * A handler that can answer only later, for one that what it staged is durable, says so with
 * respond_later() or respond_committed(), and respond_...s when it is asked again. */
#ifndef NEPHOS_API_EXCHANGE_H
#define NEPHOS_API_EXCHANGE_H

#include "aggregator/api/api.h"
#include "aggregator/api/body_pool.h"
#include "aggregator/api/http.h"
#include "aggregator/api/json_writer.h"
#include "aggregator/push/push.h"
#include "aggregator/query/catalog.h"
#include "aggregator/store/store_access.h"

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
    uint64_t gave_way /* slow connections, to newcomers */;
    uint64_t connections, refused_full, requests, answered_4xx, answered_5xx, malformed, timeouts;
    uint64_t cut_responses, tx_bytes;
    uint64_t websockets, websocket_messages, websocket_missed, feed_missed;
    uint64_t bodies_too_large;
    uint64_t refused_rate, refused_token;
};

struct point_list;

/* Where a request's JSON is parsed (json_reader.h). */
struct json_pool {
    char *bytes;
    uint32_t size;
};
struct selection_pool;
struct login;
struct login_table;
struct limiter;

/* Who may ask (access.h). */
struct access {
    bool is_open;              /* whoever reaches us may, without a token */
    bool has_file;             /* there is a token in --api-token-file, too */
    uint8_t file_hash[32];     /* SHA-256 of it */
    struct login_table *logins;
    struct limiter *addresses, *failures, *tokens;
};
struct across_pool;
struct promql_pool;
struct rule_book;
struct silence_scratch;
struct check_scratch;
struct sentinel_board;
struct backtest;
struct notes_scratch;
struct forecast_scratch;
struct words_slot;

/* What handlers may look at; one for the whole room. */
struct world {
    struct plat *plat;
    struct store *store;
    const struct memory_map *map;
    struct access access;
    struct mono started;
    int64_t started_ms;        /* wall clock */
    bool is_demo;              /* hosts are simulated */
    uint64_t commit_count;     /* at the last look, for /healthz */
    uint64_t commit_failures;
    bool is_commit_failing;
    struct mono crowded_until; /* somebody found no slot lately */
    struct api_stats stats;
    struct api_gauge gauges[API_GAUGES_MAX];
    uint32_t gauge_count;
    struct point_list *point_lists; /* scratch of GET /metrics */
    struct body_pool bodies;
    struct json_pool json_pool;
    struct push *push;         /* samples that come by HTTP */
    struct catalog *catalog;
    struct selection_pool *selections; /* of /federate */
    struct across_pool *across; /* queries of many hosts */
    struct promql_pool *promql; /* queries as Prometheus writes them */
    struct notes_scratch *notes;
    struct rule_book *book;
    struct silence_scratch *silences;
    struct check_scratch *checks;
    const struct sentinel_board *sentinel; /* what it knows now, or NULL */
    struct backtest *backtest; /* a rule that is tested */
    struct forecast_scratch *forecast;
    const struct board *board; /* what analysis knows now, or NULL */
    struct words_slot *words;  /* facts and sentences in the making */
};

struct exchange {
    struct world *world;
    const struct http_request *request;
    struct mono now;
    int64_t now_ms;             /* wall clock when the request came */
    char parameter[EXCHANGE_PARAMETER_SIZE]; /* what stood for {id} in the path, decoded */
    struct span body;           /* empty when there is none */
    const char *body_slot, *scratch_slot; /* of the pool; NULL when none is held */
    int conn;                   /* of the platform; as the door, the connection's */
    enum api_door door;
    char who[NAME_SIZE];        /* name of who asks: a token's, "local", "command" or "nobody" */
    enum role role;
    int token_place;            /* access.h */
    uint8_t token_id[API_TOKEN_ID_SIZE]; /* of the token there */
    struct login *login;        /* by which who is known, or NULL */
    bool is_foreign;            /* a page of another site asks: no CORS permission */

    uint16_t status;
    const char *content_type;   /* NULL: no body at all */
    uint32_t allow, cors_allow; /* methods of the path, and of all paths of its group (router.h) */
    struct text headers;        /* further header lines, each with its CR LF */
    char headers_buf[512];
    int (*decide)(struct exchange *x); /* asked before there is a response; see respond_later() */
    int (*respond_now)(struct exchange *x); /* of respond_committed() */
    uint64_t commit_awaited;
    struct mono commit_deadline;
    int (*produce)(struct exchange *x);
    bool is_long;               /* the response may take any time, as long as the client goes on taking it */
    void (*release)(struct exchange *x); /* gives back what the producer holds, if anything */
    struct json json;           /* where the producer writes */

    const char *error;          /* of an error response; NULL: the status in words */
    char message[256];
    _Alignas(16) uint8_t state[EXCHANGE_STATE_SIZE];
};

void exchange_begin(struct exchange *x, struct world *w, const struct http_request *r, struct mono now);
/* Releases what the producer holds; the exchange is then over. */
void exchange_end(struct exchange *x);
/* Gives back the pool's memory as soon as the body has been worked off, so that others need not wait until
 * this request is answered. x->body and the scratch are then gone. */
void exchange_drop_body(struct exchange *x);
/* Memory for a decoded body: *size bytes (the largest body that this aggregator takes), or NULL when the
 * request named no Content-Encoding. Lasts as x->body. */
char *exchange_scratch(struct exchange *x, uint32_t *size);
/* The Content-Encoding of the body: empty when there is none or it is "identity". */
struct span exchange_encoding(const struct http_request *r);
/* Zeroed memory that lasts as long as the exchange. */
void *exchange_state(struct exchange *x, size_t size);

void respond(struct exchange *x, uint16_t status, const char *content_type,
             int (*produce)(struct exchange *x));
void respond_json(struct exchange *x, int (*produce)(struct exchange *x));
/* `decide` is called in later steps for as long as it answers ERR_AGAIN (work goes on) or ERR_BUSY (it waits
 * for somebody else), for at most 30 s. When it answers ERR_OK it has called one of respond_...; any other
 * value is answered with 500. */
void respond_later(struct exchange *x, int (*decide)(struct exchange *x));
/* Calls `respond_now` once everything that is staged now is durable. When storage does not commit within
 * 10 s the answer is 503: what was staged will become durable later, or be lost with this process. */
void respond_committed(struct exchange *x, int (*respond_now)(struct exchange *x));
/* The response's ETag is made of `hash`. True when the client has that one already: it has been answered
 * with 304, and the handler is done. For GET and HEAD; call before other respond_...s. */
bool respond_etag(struct exchange *x, uint64_t hash);
/* Gives a JSON answer that is whole (`size` bytes at `body`) an ETag, unless its handler has done so or
 * nobody may keep it. True when the client has that one already: the answer has become 304 without a body. */
bool exchange_tag(struct exchange *x, const char *body, uint32_t size);
/* The header Allow, with what the path knows. */
void respond_allow(struct exchange *x);
/* 503: nothing is free just now; `what` is ("all query slots are taken"). */
void respond_busy(struct exchange *x, uint32_t retry_after_s, const char *what);
/* No body, as for 304. */
void respond_empty(struct exchange *x, uint16_t status);
/* JSON with `error` (NULL: the status in words) and `message`, as clients read it; with the members of
 * RFC 9457, as application/problem+json, below /api/v1. */
void respond_error(struct exchange *x, uint16_t status, const char *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* One more header line; `format` without CR LF. Values must be ours. */
void respond_header(struct exchange *x, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define BODY_UNKNOWN (-1) /* its size is not known: chunked, or until the connection closes */
/* Writes the head of the response. */
void exchange_head(const struct exchange *x, int64_t body_size, bool keep_alive, struct text *out);

#endif
