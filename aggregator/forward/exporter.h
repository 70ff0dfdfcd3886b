/* SPDX-License-Identifier: MIT */
/* What every type of destination must be able to do: write requests, and read their answers. Pure but for
 * what it remembers in the store; it starts no request, keeps no clock, and is never called while a request
 * of its destination is under way.
 *
 * The engine (outlet.h) cuts what is to be sent out of the store as a batch of items of one kind, and goes on
 * until each is done:
 *
 *   shape() writes a request for as many of the leading items that are not done as it likes,
 *   the engine sends it, and
 *   judge() reads the answer: which of these have to go again, and what to do next.
 *
 * When all are done, the engine stores how far it has come. It may be killed anywhere: then the same items
 * come again, with the same ids, in other batches. An exporter must not need more than that: same id, same
 * row. Requests beside the items (making tables, opening a session, asking how a statement goes) are shaped
 * before the items as the exporter's state says; they take no items, and end in VERDICT_MORE. */
#ifndef NEPHOS_FORWARD_EXPORTER_H
#define NEPHOS_FORWARD_EXPORTER_H

#include "aggregator/forward/retry.h"
#include "aggregator/forward/target.h"
#include "aggregator/store/store_insights.h"
#include "aggregator/store/store_told.h"
#include "platform/outbound.h"

/* --- what is sent --- */

enum export_kind { EXPORT_POINTS, EXPORT_ALERTS, EXPORT_INSTANCES, EXPORT_INSIGHTS, EXPORT_KIND_COUNT };
#define EXPORT_BIT(kind) (UINT32_C(1) << (kind))
#define EXPORT_ALL (EXPORT_BIT(EXPORT_KIND_COUNT) - 1)
extern const char *const export_kind_names[EXPORT_KIND_COUNT]; /* "metrics", "alerts", ... */

#define EXPORT_ITEMS_MAX 1024U  /* points in a batch */
#define EXPORT_EVENTS_MAX 16U   /* items of the other kinds in a batch */
#define EXPORT_ID_SIZE 37U      /* UUID with its end */

/* One series, one window [time_ms, time_ms + span_ms). */
struct export_point {
    char id[EXPORT_ID_SIZE];         /* of instance, metric, tag, time_ms and span_ms: the same each time */
    const char *metric, *tag, *unit; /* tag: "" or as metrics.def has it: "sda", "/var", "0,user" */
    enum metric_kind kind;
    int64_t time_ms, span_ms;
    /* The mean of a gauge, the last of a counter: `value` / `value_scale`, which is a power of ten. */
    int64_t value;
    uint32_t value_scale;
    /* Samples in the window; sum, min, max, last / `scale` are their values; last_ms is when the last was. */
    struct store_cell cell;
    uint32_t scale;
    uint32_t series;                 /* of the instance: equal for points of one series */
};

struct export_item {
    /* Whose it is. NULL of insights, and of alerts about instances that are unknown here. */
    const struct instance *instance;
    uint32_t instance_index;         /* UINT32_MAX without one */
    /* The one that the batch's kind says. */
    struct export_point point;
    const struct alert *alert;       /* resolved, acknowledged or removed (deleted_ms) ones, too */
    const struct insight *insight;   /* expires_ms in the past: it is over */
    const struct told *told;         /* of an instance: endpoint and metadata of its owner, "" */
    const char *status;              /* of an instance: "healthy", "degraded", ... */
};

/* Items stand in the order of instances, then series, then time. */
struct export_batch {
    enum export_kind kind;
    uint64_t serial;                 /* its own; another batch may come between two of its requests */
    uint32_t count;                  /* 0: a try-out, see shape() */
    uint32_t done_count, dropped_count; /* the engine's */
    struct export_item *items;
    uint64_t done[EXPORT_ITEMS_MAX / 64];
};

static inline bool export_is_done(const struct export_batch *b, uint32_t item)
{
    return (b->done[item / 64] >> item % 64 & 1) != 0;
}

/* --- a request --- */

#define EXPORT_URL_SIZE PLAT_URL_SIZE
#define EXPORT_HEADERS_SIZE 6144U
#define EXPORT_BODY_SIZE (512U * 1024U)
#define EXPORT_ANSWER_SIZE (128U * 1024U)
#define EXPORT_STATE_SIZE 16384U

/* The engine empties it before each shape(). What a text cannot hold sets its `truncated`; a request that is
 * truncated is not sent, but shaped again with half the items. */
struct export_request {
    const char *method;              /* "POST" at first */
    struct text url, headers;        /* headers: lines "Name: value\n" */
    struct text body;                /* may hold any bytes: text_put_n() */
    struct text aws_scope;           /* "aws:amz:REGION:SERVICE": signed with user and password */
    const char *user, *password;     /* "" at first: those of no one */
    const char *jwt_key, *jwt_password, *jwt_subject; /* as in struct plat_request; "" at first */
    bool is_needless;                /* its items are done without a request: there is nothing to tell */
    int64_t delay_ms;                /* not to be sent before; 0 at first */
    uint32_t timeout_ms;             /* 0, at first: the target's */
    struct text hold;                /* not "": nothing can be sent, for this reason; judged as HOLD */
    uint32_t items_max;              /* at most so many items: read it. 1 at least */
    uint16_t items[EXPORT_ITEMS_MAX]; /* those that it carries, in its order: indexes into the batch */
    uint32_t count;
    uint8_t *scratch;                /* EXPORT_BODY_SIZE bytes for whatever, until the call returns */
};

/* The next item that is not done, behind `*at`, which begins as UINT32_MAX; false at the end or when the
 * request holds items_max. */
bool export_next(const struct export_batch *b, const struct export_request *r, uint32_t *at);
/* The request carries it. */
void export_take(struct export_request *r, uint32_t item);

/* --- what an exporter finds --- */

struct aws_environment;
struct export_view {
    const struct target *to;
    struct plat *plat;               /* for plat_text_once() alone: files with keys, which may change */
    const struct aws_environment *aws; /* forward/aws/environment.h */
    struct store *store;             /* for store_outlet_alias(), and series of the batch's instances */
    struct outlet *outlet;
    void *state;                     /* EXPORT_STATE_SIZE bytes of its own, aligned for anything, zero at
                                      * first and after a change of configuration; not stored */
    int64_t now_ms;                  /* wall clock */
    uint64_t random[2];              /* new ones for each call */
};

struct export_answer {
    uint32_t status;                 /* of HTTP; 0: there was none */
    bool may_have_arrived;           /* though there was no answer */
    bool truncated;
    const char *body;                /* terminated */
    uint32_t body_size;
    const char *why;                 /* without an answer: why; "" */
    const char *retry_after, *date, *request_id; /* "" */
};

struct export_limits {
    uint32_t takes;                  /* bits of kinds */
    uint32_t items_max;              /* points in a batch, at most EXPORT_ITEMS_MAX: what a request likes to
                                      * carry, or a multiple of it */
    bool is_one_instance;            /* a batch of points is of one instance only */
    bool has_no_ids;                 /* nobody reads the ids of points: they are "" */
    int64_t resolution_ms;           /* unless the configuration says another */
    int64_t interval_ms;             /* likewise */
};

/* What judge() answers.
 *   DONE   on to the next; but items that were named with export_again() go again, after a delay
 *   AGAIN  the same after a delay, which grows with each that brings nothing on; a Retry-After is honoured
 *   HOLD   a person must look (credentials, address, a table that is not there); tried again in minutes
 *   DROP   this request will never be taken: half of its items are tried, and so on, until the one that is
 *          to blame is left out, and counted
 *   MORE   the request carried no items, or they wait for another request: call shape() at once, or after
 *          delay_ms. All its items go again. */

struct export_judgement {
    enum verdict verdict;
    uint64_t again[EXPORT_ITEMS_MAX / 64]; /* of the batch */
    bool is_doubtful;                /* may have been carried out, and is repeated knowing it: counted */
    uint32_t dropped;                /* of those that are done: never to be taken there; counted */
    struct text why;                 /* for people, when it is not DONE; no secrets */
};
void export_again(struct export_judgement *j, uint32_t item);

struct exporter {
    void (*limits)(const struct target *to, struct export_limits *out);
    /* Writes a request. With an empty batch: one that changes nothing there and shows whether address and
     * credentials are good. */
    void (*shape)(const struct export_view *v, const struct export_batch *b, struct export_request *r);
    /* Reads its answer; *j begins as the table of retry.h has it, with why filled in: refine that. */
    void (*judge)(const struct export_view *v, const struct export_batch *b, const struct export_request *r,
                  const struct export_answer *a, struct export_judgement *j);
};

/* NULL while there is none for the type. */
const struct exporter *exporter_of(enum target_type type);

/* --- for shape() --- */

/* The id of a point: a UUID of version 5 (RFC 9562). */
void export_point_id(const struct export_item *item, char id[static EXPORT_ID_SIZE]);
/* The number as a decimal; as a double. */
void export_put_value(struct text *out, int64_t value, uint32_t scale);
static inline double export_double(int64_t value, uint32_t scale)
{
    return (double)value / (double)scale;
}
/* {"device":"sda"}; two keys when the metric has two; {} without a tag. The keys are metrics.def's, else
 * "tag". */
void export_put_tags(struct text *out, const struct export_point *p);
/* Pairs of it, for other forms: how many, at most EXPORT_TAGS_MAX. Texts are not terminated. */
#define EXPORT_TAGS_MAX 16U
struct export_tag {
    const char *key, *value;
    uint32_t key_length, value_length;
};
uint32_t export_tags(const struct export_point *p, struct export_tag out[EXPORT_TAGS_MAX]);
/* A JSON text with its quotes (see shape.h: shape_put_json); of the second at most a tag's length. */
void export_put_json(struct text *out, const char *text);
void export_put_json_n(struct text *out, const char *at, uint32_t length);

#endif
