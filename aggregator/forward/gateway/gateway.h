/* SPDX-License-Identifier: MIT */
/* Points, instances and alerts to whoever speaks the Nephos API: the earlier backend behind AWS' API Gateway,
 * or another aggregator.
 *
 * batch    one POST for each instance and flush to the configured address, points alone
 * singles  one POST for each point, to /metrics; instances are registered once, and known by the id that
 *          the other side gave; alerts are posted, and changed when they change
 * nephos   batches to /ingest, instances and alerts beside them, under our own ids
 *
 * The earlier backend makes its own ids: what is repeated after a lost answer is there twice, so it is
 * counted as doubtful, and not repeated at all when the target says so. Another aggregator knows a repeated
 * sample. */
#ifndef NEPHOS_FORWARD_GATEWAY_H
#define NEPHOS_FORWARD_GATEWAY_H

#include "aggregator/forward/exporter.h"

extern const struct exporter exporter_apigateway;

enum gateway_step { GATEWAY_READY, GATEWAY_LOOK, GATEWAY_REGISTER };

struct gateway_state {
    enum gateway_step step;          /* registering `instance` */
    uint32_t instance;
    /* 500 for the same items one behind the other. */
    uint64_t failed_serial;
    uint32_t failed_item, failed_count, failures;
    /* Items of a batch up to `suspect` that got 500 each alone, one behind the other, while none of that
     * batch was taken; `is_cleared`: since then one behind them was. */
    uint64_t suspect_serial;
    uint32_t suspect, suspects;
    bool is_cleared;
    /* Points in a batch fewer than allowed, after it took too long; it comes back with each that is taken. */
    uint32_t fewer;
};
static_assert(sizeof(struct gateway_state) <= EXPORT_STATE_SIZE, "fits");

/* gateway_body.c: JSON of what is sent. Pure but for endpoints. */
/* Of the first items behind `at` that belong to one instance. */
void gateway_put_batch(const struct export_view *v, const struct export_batch *b, uint32_t at,
                       struct export_request *r);
void gateway_put_single(const struct export_point *p, const char *instance, struct text *out);
/* What can be told of an instance; `is_whole`: to who knows nothing of it yet. */
void gateway_put_instance(const struct export_item *item, bool is_whole, int64_t now_ms, struct text *out);
void gateway_put_alert(const struct alert *a, const char *instance, struct text *out);
void gateway_put_alert_change(const struct alert *a, struct text *out);
/* Numbers beyond 2^53-1 make the earlier backend fail. */
bool gateway_can_tell(const struct export_point *p);

/* gateway_crash.c: whose fault it is that it answers 500. Pure. */
/* The item behind which to look for what to send; UINT32_MAX: from the first. May lower r->items_max. */
uint32_t gateway_begin_at(struct gateway_state *st, const struct export_batch *b, struct export_request *r);
/* Does a handler say that its table is not there, or not its own? As deployed, it writes to one without a
 * stage. */
bool gateway_lacks_table(const char *body);
/* The request was answered with 500; sets the verdict. */
void gateway_crashed(struct gateway_state *st, const struct export_batch *b, const struct export_request *r,
                     const struct export_answer *a, struct export_judgement *j);
/* The request was taken. */
void gateway_taken(struct gateway_state *st, const struct export_batch *b, const struct export_request *r);

/* gateway_read.c: what is answered. Pure; `pool` of EXPORT_BODY_SIZE. */
/* The "id" of an object, into id; false when there is none that fits. */
bool gateway_read_id(const char *body, uint32_t size, uint8_t *pool, char id[static OUTLET_ALIAS_SIZE]);
/* The id of the instance whose metadata has our id. */
bool gateway_find(const char *body, uint32_t size, const char *ours, uint8_t *pool,
                  char id[static OUTLET_ALIAS_SIZE]);

#endif
