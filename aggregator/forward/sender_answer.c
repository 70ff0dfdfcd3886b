/* SPDX-License-Identifier: MIT */
/* Answers of a destination of metrics, and what follows from them. */
#include "aggregator/forward/sender.h"

#include <string.h>

#define MORE_MAX 1000U /* requests beside the items, one behind the other: then something is wrong */
#define SKEW_TOLD_MS 240000

void sender_view(struct sender *d, struct sender_world *w, struct export_view *v)
{
    *v = (struct export_view){.to = &d->to, .plat = w->plat, .aws = w->aws, .store = w->store,
                              .outlet = d->outlet, .state = d->state, .now_ms = wall_ms(plat_wall(w->plat))};
    plat_random(w->plat, v->random, sizeof v->random);
}

/* --- words --- */

static bool holds_secret(const struct sender *d, const char *words)
{
    const char *const secrets[] = {d->to.token, d->to.password, d->to.api_key, d->to.key};
    for (uint32_t i = 0; i < COUNT_OF(secrets); i++)
        if (secrets[i][0] != '\0' && strstr(words, secrets[i]) != NULL)
            return true;
    return d->to.url_file[0] != '\0' && d->to.url[0] != '\0' && strstr(words, d->to.url) != NULL;
}

/* The first line of what came; no more than helps. */
static void put_body(struct text *out, const struct plat_answer *a)
{
    uint32_t n = 0;
    while (n < a->body_size && n < 100 && (unsigned char)a->body[n] >= 0x20 &&
           (unsigned char)a->body[n] < 0x7f)
        n++;
    if (n > 0)
        text_printf(out, ": %.*s", (int)n, a->body);
}

static void put_failure(const struct plat_answer *a, int64_t now_ms, struct text *out)
{
    if (a->status == 0) {
        text_put(out, a->why);
        return;
    }
    text_printf(out, "it answers %u", a->status);
    if (a->status == 401 || a->status == 403)
        text_put(out, " (look at the credentials)");
    else if (a->status >= 300 && a->status < 400)
        text_put(out, " (a redirect, which is not followed: is the address right?)");
    int64_t theirs_ms = retry_date_ms(a->date), skew_ms = theirs_ms < 0 ? 0 : theirs_ms - now_ms;
    if (skew_ms > SKEW_TOLD_MS || skew_ms < -SKEW_TOLD_MS)
        text_printf(out, " (our clock is %lld s off from theirs)", (long long)(skew_ms / 1000));
    put_body(out, a);
}

static void clean_words(const struct sender *d, const struct plat_answer *a, struct text *words)
{
    if (!holds_secret(d, words->at))
        return;
    text_clear(words);
    text_printf(words, "it answers %u", a->status);
}

/* --- what follows --- */

static void mark(struct export_batch *b, uint32_t item)
{
    if (export_is_done(b, item))
        return;
    b->done[item / 64] |= UINT64_C(1) << item % 64;
    b->done_count++;
}

/* All of the batch has arrived: what is stored moves on. */
static void complete(struct sender *d, struct sender_world *w, struct mono now)
{
    struct export_batch *b = d->batch;
    struct outlet *o = d->outlet;
    o->dropped += b->dropped_count;
    if (b == &d->points) {
        o->points += b->count - b->dropped_count;
        cut_arrived(w->store, &d->cut);
        d->has_points = false;
        d->points_at = now;
    } else {
        o->events += b->count - b->dropped_count;
        sender_told(d, now);
        d->has_events = false;
    }
    b->count = b->done_count = 0;
    b->dropped_count = 0;
    d->oldest_at = now;
    store_outlet_save(w->store, o);
}

static void succeeded(struct sender *d, struct sender_world *w, struct mono now)
{
    struct outlet *o = d->outlet;
    if (d->failures > 0)
        plat_log(w->plat, LOG_INFO, "destination %s takes what is sent again", d->to.name);
    d->failures = d->drops = 0;
    d->retry_at = now;
    d->items_max = EXPORT_ITEMS_MAX;
    o->error[0] = '\0';
    o->next_try_ms = 0;
    o->sent_ms = wall_ms(plat_wall(w->plat));
}

/* Items of the request that do not go again are done: how many these were. */
static uint32_t mark_done(struct sender *d, const struct export_judgement *j)
{
    uint32_t before = d->batch->done_count;
    for (uint32_t i = 0; i < d->out.count; i++) {
        uint32_t item = d->out.items[i];
        if ((j->again[item / 64] >> item % 64 & 1) == 0)
            mark(d->batch, item);
    }
    uint32_t n = d->batch->done_count - before;
    d->batch->dropped_count += j->dropped < n ? j->dropped : n;
    return n;
}

static void done(struct sender *d, struct sender_world *w, const struct export_judgement *j, struct mono now)
{
    uint32_t n = mark_done(d, j), left = d->out.count - n;
    if (n > 0 || left == 0)
        succeeded(d, w, now);
    if (left > 0) {
        d->outlet->resent += left;
        sender_failed(d, w, VERDICT_AGAIN, -1, now);
    }
    if (d->batch->done_count == d->batch->count)
        complete(d, w, now);
}

void sender_needless(struct sender *d, struct sender_world *w, struct mono now)
{
    const struct export_judgement j = {.verdict = VERDICT_DONE};
    ASSERT(d->out.count > 0);
    d->is_more = false;
    (void)mark_done(d, &j);
    if (d->batch->done_count == d->batch->count)
        complete(d, w, now);
}

/* They will never take it: which of its items is to blame? */
static void refused(struct sender *d, struct sender_world *w, struct mono now)
{
    struct export_batch *b = d->batch;
    if (d->out.count == 0) {
        sender_failed(d, w, VERDICT_HOLD, -1, now);
        return;
    }
    d->retry_at = now;
    if (d->out.count > 1) {
        d->items_max = d->out.count / 2;
        return;
    }
    const struct export_item *item = &b->items[d->out.items[0]];
    plat_log(w->plat, LOG_ERROR, "destination %s will not take %s %s, which is left out: %s", d->to.name,
             b->kind == EXPORT_POINTS ? "the metric" : "a record of its",
             b->kind == EXPORT_POINTS ? item->point.metric : export_kind_names[b->kind], d->outlet->error);
    mark(b, d->out.items[0]);
    b->dropped_count++;
    d->items_max = EXPORT_ITEMS_MAX;
    if (b->done_count == b->count)
        complete(d, w, now);
    if (++d->drops % RETRY_DROPS_MAX == 0)
        sender_failed(d, w, VERDICT_HOLD, -1, now);
}

void sender_failed(struct sender *d, struct sender_world *w, enum verdict v, int64_t asked_ms,
                   struct mono now)
{
    struct outlet *o = d->outlet;
    uint64_t random;
    plat_random(w->plat, &random, sizeof random);
    d->failures++;
    int64_t delay = retry_delay_ms(v, d->failures, asked_ms, random);
    d->retry_at = mono_after_ms(now, delay);
    o->next_try_ms = wall_ms(plat_wall(w->plat)) + delay;
    o->state = v == VERDICT_HOLD                     ? OUTBOX_HELD
               : d->failures >= RETRY_FAILURES_DOWN ? OUTBOX_DOWN
                                                    : OUTBOX_RETRYING;
    if ((d->failures == 1 && o->error[0] != '\0') || d->failures == RETRY_FAILURES_DOWN)
        plat_log(w->plat, LOG_WARN, "destination %s: %s; what waits is kept and tried again in %lld s",
                 d->to.name, o->error, (long long)((delay + 999) / 1000));
}

void sender_test_done(struct sender *d, bool is_good, const char *words)
{
    struct outlet *o = d->outlet;
    o->test_good = is_good;
    (void)text_copy(o->test_words, sizeof o->test_words, words);
    o->tests_done = o->tests_asked;
    d->is_more = false;
}

static void follow(struct sender *d, struct sender_world *w, struct export_judgement *j, int64_t asked_ms,
                   struct mono now)
{
    struct outlet *o = d->outlet;
    if (j->verdict == VERDICT_MORE && ++d->more_count > MORE_MAX) {
        text_put(&j->why, "it goes on asking for more requests");
        j->verdict = VERDICT_AGAIN;
    }
    d->is_more = j->verdict == VERDICT_MORE;
    if (d->is_more)
        return;
    d->more_count = 0;
    if (d->batch->count == 0) {
        sender_test_done(d, j->verdict == VERDICT_DONE, j->why.at);
        return;
    }
    if (j->verdict != VERDICT_DONE) {
        (void)text_copy(o->error, sizeof o->error, j->why.at);
        o->failed_ms = wall_ms(plat_wall(w->plat));
        o->failures++;
    }
    if (j->is_doubtful)
        o->doubtful++;
    switch (j->verdict) {
    case VERDICT_DONE: done(d, w, j, now); break;
    case VERDICT_DROP: refused(d, w, now); break;
    case VERDICT_MORE: break;
    default:
        o->resent += d->out.count;
        sender_failed(d, w, j->verdict, asked_ms, now);
        break;
    }
}

void sender_answer(struct sender *d, struct sender_world *w, const struct plat_answer *a, struct mono now)
{
    struct export_view v;
    char words[OUTBOX_WORDS_SIZE];
    struct export_judgement j = {.verdict = a->status == 0 ? VERDICT_AGAIN : retry_judge(a->status)};
    const struct export_answer answer = {.status = a->status, .may_have_arrived = a->may_have_arrived,
                                         .truncated = a->truncated, .body = a->body,
                                         .body_size = a->body_size, .why = a->why,
                                         .retry_after = a->retry_after, .date = a->date,
                                         .request_id = a->request_id};
    sender_view(d, w, &v);
    text_init(&j.why, words, sizeof words);
    if (j.verdict != VERDICT_DONE)
        put_failure(a, v.now_ms, &j.why);
    d->outlet->status = a->status;
    d->out.scratch = w->scratch;
    d->exporter->judge(&v, d->batch, &d->out, &answer, &j);
    clean_words(d, a, &j.why);
    int64_t asked_ms = a->retry_after[0] != '\0' ? retry_after_ms(a->retry_after, v.now_ms) : -1;
    follow(d, w, &j, asked_ms, now);
}
