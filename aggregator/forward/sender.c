/* SPDX-License-Identifier: MIT */
/* See sender.h. */
#include "aggregator/forward/sender.h"

#include <string.h>

#define FULL_RETRY_MS 200      /* all slots of the platform are taken */
#define BUSY_RETRY_MS 2        /* another outlet reads */
#define CUTS_A_STEP 8U
#define PAUSE_MS_MIN 1000      /* from one look for points, when there were none, to the next */
#define PAUSE_MS_MAX 5000
#define OLDEST_MS 2000

/* --- the configuration --- */

static void drop_batches(struct sender *d, struct sender_world *w)
{
    cut_drop(&w->cutter, &d->cut);
    d->has_points = d->has_events = d->is_shaped = d->is_more = false;
    d->points.count = d->events.batch.count = 0;
    d->events.looked = 0;
    d->points.dropped_count = d->events.batch.dropped_count = 0;
    d->items_max = EXPORT_ITEMS_MAX;
    d->batch = NULL;
}

/* Is the same sent to the same place, whatever keys it takes now? */
static bool sends_alike(const struct target *a, const struct target *b)
{
    const char *const texts[][2] = {
        {a->url, b->url}, {a->metrics, b->metrics}, {a->instances, b->instances}, {a->region, b->region},
        {a->stream, b->stream}, {a->schema, b->schema}, {a->stage, b->stage}, {a->account, b->account},
        {a->database, b->database}, {a->metrics_table, b->metrics_table},
        {a->alerts_table, b->alerts_table}, {a->instances_table, b->instances_table},
        {a->insights_table, b->insights_table}};
    for (uint32_t i = 0; i < COUNT_OF(texts); i++)
        if (!text_equal(texts[i][0], texts[i][1]))
            return false;
    return a->type == b->type && a->mode == b->mode && a->resolution_ms == b->resolution_ms &&
           a->sends == b->sends && a->severity == b->severity;
}

/* What was wrong may have been mended, and what is to be sent may be something else. A batch that goes to the
 * same place goes on where it is: what has arrived of it may not be known there when it comes again. */
static void adopt(struct sender *d, struct sender_world *w, struct mono now)
{
    d->has_next = false;
    if (d->exporter != NULL && sends_alike(&d->to, &d->next))
        d->is_shaped = d->is_more = false;
    else if (d->exporter != NULL)
        drop_batches(d, w);
    d->to = d->next;
    d->exporter = exporter_of(d->to.type);
    memset(d->state, 0, sizeof d->state);
    d->cut.outlet = d->outlet;
    d->cut.to = &d->to;
    d->cut.batch = &d->points;
    if (d->exporter != NULL)
        d->exporter->limits(&d->to, &d->cut.limits);
    ASSERT(d->cut.limits.items_max <= EXPORT_ITEMS_MAX);
    d->items_max = EXPORT_ITEMS_MAX;
    d->failures = 0;
    d->retry_at = d->points_at = d->look_at = d->send_at = now;
    d->outlet->state = OUTBOX_IDLE;
    d->outlet->error[0] = '\0';
    if (d->exporter == NULL)
        (void)text_copy(d->outlet->error, sizeof d->outlet->error,
                        "this version cannot speak to destinations of that type");
}

/* --- sending --- */

static void clear_request(struct sender *d, struct sender_world *w)
{
    struct export_request *r = &d->out;
    r->method = "POST";
    text_init(&r->url, d->url, sizeof d->url);
    text_init(&r->headers, d->headers, sizeof d->headers);
    text_init(&r->body, d->body, sizeof d->body);
    text_init(&r->aws_scope, d->scope, sizeof d->scope);
    text_init(&r->hold, d->hold, sizeof d->hold);
    r->user = r->password = r->jwt_key = r->jwt_password = r->jwt_subject = "";
    r->is_needless = false;
    r->timeout_ms = 0;
    r->delay_ms = 0;
    r->items_max = d->items_max;
    r->count = 0;
    r->scratch = w->scratch;
}

static void cannot_send(struct sender *d, struct sender_world *w, const char *words, struct mono now)
{
    d->is_more = false;
    if (d->batch->count == 0) {
        sender_test_done(d, false, words);
        return;
    }
    (void)text_copy(d->outlet->error, sizeof d->outlet->error, words);
    sender_failed(d, w, VERDICT_HOLD, -1, now);
}

static bool is_cut_off(const struct export_request *r)
{
    return r->url.truncated || r->headers.truncated || r->body.truncated || r->aws_scope.truncated;
}

/* Writes the next request of the batch. False: there is none to send now. */
static bool shape(struct sender *d, struct sender_world *w, struct mono now)
{
    struct export_view v;
    sender_view(d, w, &v);
    for (;;) {
        clear_request(d, w);
        d->exporter->shape(&v, d->batch, &d->out);
        if (!is_cut_off(&d->out))
            break;
        if (d->out.count <= 1) {
            cannot_send(d, w, "a request is too long; look at the lengths of url and headers", now);
            return false;
        }
        d->items_max = d->out.count / 2;
    }
    if (d->out.hold.length > 0) {
        cannot_send(d, w, d->hold, now);
        return false;
    }
    if (d->out.is_needless) {
        sender_needless(d, w, now);
        return false;
    }
    d->is_shaped = true;
    d->send_at = d->out.delay_ms > 0 ? mono_after_ms(now, d->out.delay_ms) : now;
    return true;
}

static void start(struct sender *d, struct sender_world *w, struct mono now)
{
    struct outlet *o = d->outlet;
    const struct export_request *out = &d->out;
    const struct plat_request r = {
        .method = out->method, .url = out->url.at, .headers = out->headers.at, .body = out->body.at,
        .body_size = out->body.length,
        .timeout_ms = out->timeout_ms != 0 ? out->timeout_ms : (uint32_t)d->to.timeout_ms,
        .ca_file = d->to.ca_file,
        .aws_scope = out->aws_scope.at, .jwt_key = out->jwt_key, .jwt_password = out->jwt_password,
        .jwt_subject = out->jwt_subject, .user = out->user, .password = out->password, .mail_from = "",
        .mail_to = "", .answer = d->answer, .answer_size = sizeof d->answer};
    int request = plat_request_start(w->plat, &r);
    if (request == ERR_FULL) {
        d->send_at = mono_after_ms(now, FULL_RETRY_MS);
        return;
    }
    d->is_shaped = false;
    if (request >= 0) {
        d->request = request;
        o->requests++;
        o->bytes += r.body_size;
        if (d->failures == 0)
            o->state = OUTBOX_SENDING;
        return;
    }
    cannot_send(d, w, "the address cannot be one: check url", now);
}

/* --- what to send --- */

static struct mono pause_of(const struct sender *d, struct mono now)
{
    int64_t pause_ms = d->to.resolution_ms / 8;
    pause_ms = pause_ms < PAUSE_MS_MIN ? PAUSE_MS_MIN : pause_ms > PAUSE_MS_MAX ? PAUSE_MS_MAX : pause_ms;
    struct mono at = mono_after_ms(now, pause_ms), round = mono_after_ms(d->round_at, d->to.interval_ms);
    return at.ns > round.ns ? at : round;
}

/* Reads points out of the store. When to go on; MONO_NEVER: there is a batch. */
static struct mono cut_points(struct sender *d, struct sender_world *w, struct mono now)
{
    if ((d->to.sends & EXPORT_BIT(EXPORT_POINTS)) == 0)
        return MONO_NEVER;
    if (!mono_reached(now, d->points_at))
        return d->points_at;
    int64_t now_ms = wall_ms(plat_wall(w->plat));
    for (uint32_t i = 0; i < CUTS_A_STEP; i++) {
        int n = cut_step(&w->cutter, &d->cut, now_ms);
        if (n == 1)
            continue;
        if (n == ERR_BUSY)
            return mono_after_ms(now, BUSY_RETRY_MS);
        if (n < 0)
            return d->points_at = mono_after_ms(now, PAUSE_MS_MIN);
        if (d->points.count > 0) {
            d->points.serial = ++d->serial;
            d->has_points = true;
            return MONO_NEVER;
        }
        if (d->cut.part_count == 0) {
            d->points_at = pause_of(d, now);
            d->round_at = now.ns > d->round_at.ns ? d->points_at : d->round_at;
            return d->points_at;
        }
        cut_arrived(w->store, &d->cut); /* nothing was in these windows */
    }
    return now;
}

static void choose(struct sender *d)
{
    struct export_batch *batch = d->has_events ? &d->events.batch : &d->points;
    if (batch == d->batch)
        return;
    d->batch = batch;
    d->items_max = EXPORT_ITEMS_MAX;
}

static void look_at_age(struct sender *d, struct sender_world *w, struct mono now)
{
    struct outlet *o = d->outlet;
    if (!mono_reached(now, d->oldest_at))
        return;
    d->oldest_at = mono_after_ms(now, OLDEST_MS);
    bool has_points = (d->to.sends & EXPORT_BIT(EXPORT_POINTS)) != 0;
    o->oldest_ms = has_points ? cut_oldest_ms(&w->cutter, &d->cut, wall_ms(plat_wall(w->plat))) : 0;
    if (d->has_events && d->events.feed == OUTLET_ALERTS) {
        int64_t ms = d->events.alerts[0].updated_ms;
        o->oldest_ms = o->oldest_ms == 0 || ms < o->oldest_ms ? ms : o->oldest_ms;
    }
}

/* A batch to be sent, in d->batch, or when to look again. */
static struct mono find_batch(struct sender *d, struct sender_world *w, struct mono now)
{
    if (d->is_more)
        return MONO_NEVER;
    if (!d->has_events)
        d->has_events = sender_look(d, w, now);
    struct mono at = MONO_NEVER;
    if (!d->has_events && !d->has_points)
        at = cut_points(d, w, now);
    if (d->has_events || d->has_points) {
        choose(d);
        return MONO_NEVER;
    }
    d->batch = NULL;
    if (d->failures == 0)
        d->outlet->state = OUTBOX_IDLE;
    return mono_earlier(at, d->look_at);
}

static struct mono work(struct sender *d, struct sender_world *w, struct mono now)
{
    bool is_test = d->outlet->tests_asked != d->outlet->tests_done && !d->is_more && !d->is_shaped;
    if (is_test) {
        d->batch = &w->empty;
    } else if (!d->is_shaped) {
        if (!mono_reached(now, d->retry_at))
            return d->retry_at;
        struct mono at = find_batch(d, w, now);
        if (d->batch == NULL)
            return at;
    }
    if (!d->is_shaped && !shape(d, w, now))
        return mono_reached(now, d->retry_at) ? now : d->retry_at;
    if (mono_reached(now, d->send_at))
        start(d, w, now);
    return d->request >= 0 ? MONO_NEVER : d->is_shaped ? d->send_at : now;
}

struct mono sender_step(struct sender *d, struct sender_world *w, struct mono now)
{
    if (d->request >= 0) {
        const struct plat_answer *a = plat_request_answer(w->plat, d->request);
        if (a == NULL)
            return mono_after_ms(now, OLDEST_MS);
        sender_answer(d, w, a, now);
        plat_request_end(w->plat, d->request);
        d->request = -1;
        return now; /* the store is to learn in this turn when to commit what was staged */
    }
    if (d->has_next)
        adopt(d, w, now);
    if (!d->outlet->is_configured) {
        if (d->has_points || d->cut.part_count > 0 || w->cutter.owner == &d->cut)
            drop_batches(d, w);
        return MONO_NEVER;
    }
    if (d->exporter == NULL) {
        d->outlet->state = OUTBOX_HELD;
        if (d->outlet->tests_asked != d->outlet->tests_done)
            sender_test_done(d, false, d->outlet->error);
        return MONO_NEVER;
    }
    look_at_age(d, w, now);
    struct mono next = work(d, w, now);
    return mono_earlier(next, d->oldest_at);
}
