/* SPDX-License-Identifier: MIT */
/* See channel.h. */
#include "aggregator/forward/channel.h"

#include <string.h>

#include "platform/outbound.h"

#define FULL_RETRY_MS 200  /* all slots of the platform are taken */
#define SKEW_TOLD_MS 240000
#define LOOK_MS 1000       /* for repeats, and for silences that end */

/* --- judging answers --- */

static bool is_mail(const struct channel *c)
{
    return c->to.type == DESTINATION_EMAIL;
}

/* A mail server's 4xx pass; a 5xx is about an address, a password or a policy: a person must look. */
static enum verdict judge_mail(uint32_t status)
{
    return status >= 200 && status < 400 ? VERDICT_DONE : status >= 500 ? VERDICT_HOLD : VERDICT_AGAIN;
}

static bool says(const struct plat_answer *a, const char *word)
{
    return strstr(a->body, word) != NULL;
}

static enum verdict judge(const struct channel *c, const struct plat_answer *a)
{
    if (is_mail(c))
        return judge_mail(a->status);
    enum verdict v = retry_judge(a->status);
    if (c->to.type == DESTINATION_SNS && v == VERDICT_DONE && !says(a, "<MessageId>"))
        return VERDICT_HOLD; /* 200 of something that is not SNS */
    if (c->to.type == DESTINATION_SNS && v != VERDICT_DONE &&
        (says(a, "Throttl") || says(a, "TooManyRequests")))
        return VERDICT_AGAIN;
    return v;
}

/* Telegram says it in the body. */
static int64_t asked_delay_ms(const struct plat_answer *a, int64_t now_ms)
{
    static const char key[] = "\"retry_after\":";
    if (a->retry_after[0] != '\0')
        return retry_after_ms(a->retry_after, now_ms);
    const char *at = strstr(a->body, key);
    uint64_t seconds;
    if (at == NULL)
        return -1;
    at += strlen(key);
    if (!text_take_u64(&at, a->body + a->body_size, &seconds))
        return -1;
    return seconds > (uint64_t)(RETRY_AFTER_MAX_MS / 1000) ? RETRY_AFTER_MAX_MS : (int64_t)seconds * 1000;
}

/* The first line of what came with a refusal; it may help, and holds nothing of ours but what it echoes. */
static void put_body_words(struct text *out, const struct plat_answer *a)
{
    uint32_t n = 0;
    while (n < a->body_size && n < 80 && (unsigned char)a->body[n] >= 0x20 &&
           (unsigned char)a->body[n] < 0x7f)
        n++;
    if (n > 0)
        text_printf(out, ": %.*s", (int)n, a->body);
}

static bool holds_secret(const struct channel *c, const char *words)
{
    const char *const secrets[] = {c->to.token, c->to.password};
    for (uint32_t i = 0; i < COUNT_OF(secrets); i++)
        if (secrets[i][0] != '\0' && strstr(words, secrets[i]) != NULL)
            return true;
    return c->to.url_file[0] != '\0' && strstr(words, c->to.url) != NULL;
}

static void put_failure(const struct channel *c, const struct plat_answer *a, int64_t now_ms,
                        struct text *out)
{
    if (a->status == 0) {
        text_put(out, a->why);
        return;
    }
    text_printf(out, "it answers %u", a->status);
    if (is_mail(c) && a->why[0] != '\0')
        text_printf(out, ": %s", a->why);
    if (a->status == 401 || a->status == 403)
        text_put(out, " (look at token, user and password)");
    else if (a->status >= 300 && a->status < 400)
        text_put(out, " (a redirect, which is not followed: is the address right?)");
    int64_t theirs_ms = retry_date_ms(a->date), skew_ms = theirs_ms < 0 ? 0 : theirs_ms - now_ms;
    if (c->to.type == DESTINATION_SNS && (skew_ms > SKEW_TOLD_MS || skew_ms < -SKEW_TOLD_MS))
        text_printf(out, " (our clock is %lld s off from theirs)", (long long)(skew_ms / 1000));
    uint32_t kept = out->length;
    put_body_words(out, a);
    if (holds_secret(c, out->at)) {
        out->length = kept;
        out->at[kept] = '\0';
    }
}

/* --- what follows from them --- */

static void arrived(struct channel *c, struct plat *p, struct store *s, struct mono now)
{
    struct outbox *o = c->box;
    int64_t now_ms = wall_ms(plat_wall(p));
    if (c->failures > 0)
        plat_log(p, LOG_INFO, "destination %s takes messages again", c->to.name);
    c->failures = c->drops = 0;
    c->retry_at = now;
    c->until = 0;
    c->max = shape_max(c->to.type);
    o->error[0] = '\0';
    o->sent_ms = now_ms;
    o->next_try_ms = 0;
    o->items += c->digest.count;
    o->messages++;
    digest_apply(&c->digest, o, now_ms);
    o->oldest_ms = 0;
    store_outbox_save(s, o);
    c->looked = 0; /* there may be more */
    c->group_at = MONO_NEVER;
}

static void failed(struct channel *c, struct plat *p, enum verdict v, int64_t asked_ms, struct mono now)
{
    struct outbox *o = c->box;
    uint64_t random;
    plat_random(p, &random, sizeof random);
    c->failures++;
    int64_t delay = retry_delay_ms(v, c->failures, asked_ms, random);
    c->retry_at = mono_after_ms(now, delay);
    o->next_try_ms = wall_ms(plat_wall(p)) + delay;
    o->state = v == VERDICT_HOLD                     ? OUTBOX_HELD
               : c->failures >= RETRY_FAILURES_DOWN ? OUTBOX_DOWN
                                                    : OUTBOX_RETRYING;
    if (c->failures == 1 || c->failures == RETRY_FAILURES_DOWN)
        plat_log(p, LOG_WARN, "destination %s: %s; what waits is kept and tried again in %lld s", c->to.name,
                 o->error, (long long)((delay + 999) / 1000));
}

static void give_up(struct channel *c, struct plat *p, struct store *s, struct mono now)
{
    struct outbox *o = c->box;
    if (c->digest.count > 1) { /* which of them is it? */
        c->max = c->digest.count / 2;
        c->until = 0;
        c->retry_at = now;
        return;
    }
    c->failures = 0;
    o->dropped += c->digest.count;
    plat_log(p, LOG_ERROR, "destination %s will not take the alert %s, which is left out: %s", c->to.name,
             c->digest.count > 0 ? c->digest.notices[0].alert.id : "-", o->error);
    digest_apply(&c->digest, o, wall_ms(plat_wall(p)));
    store_outbox_save(s, o);
    c->max = shape_max(c->to.type);
    c->until = 0;
    c->looked = 0;
    c->group_at = MONO_NEVER;
    if (++c->drops % RETRY_DROPS_MAX == 0)
        failed(c, p, VERDICT_HOLD, -1, now);
}

static void take_answer(struct channel *c, struct plat *p, struct store *s, const struct plat_answer *a,
                        struct mono now)
{
    struct outbox *o = c->box;
    int64_t now_ms = wall_ms(plat_wall(p));
    if (c->to.type == DESTINATION_SNS && sns_take(&c->sns, a, now_ms, &c->out)) {
        c->retry_at = now; /* the message is made again, as it has not been sent */
        return;
    }
    enum verdict v = judge(c, a);
    char words[OUTBOX_WORDS_SIZE];
    struct text why;
    text_init(&why, words, sizeof words);
    if (v != VERDICT_DONE)
        put_failure(c, a, now_ms, &why);
    o->status = a->status;
    if (v != VERDICT_DONE)
        o->failures++;
    if (c->task == TASK_TEST) {
        o->test_good = v == VERDICT_DONE;
        (void)text_copy(o->test_words, sizeof o->test_words, words);
        o->tests_done = o->tests_asked;
        return;
    }
    if (v != VERDICT_DONE) {
        (void)text_copy(o->error, sizeof o->error, words);
        o->failed_ms = now_ms;
    }
    if (c->task == TASK_BEAT) {
        if (v == VERDICT_DONE) {
            o->error[0] = '\0';
            o->sent_ms = now_ms;
        }
        o->state = v == VERDICT_DONE ? OUTBOX_IDLE : OUTBOX_RETRYING;
        return;
    }
    if (a->may_have_arrived) {
        o->doubtful++;
        c->until = c->digest.cursor;
    }
    if (v == VERDICT_DONE)
        arrived(c, p, s, now);
    else if (v == VERDICT_DROP)
        give_up(c, p, s, now);
    else
        failed(c, p, v, asked_delay_ms(a, now_ms), now);
}

/* --- sending --- */

/* There is nothing that could be sent, and `words` says why. */
static void refuse(struct channel *c, struct plat *p, const char *words, struct mono now)
{
    struct outbox *o = c->box;
    (void)text_copy(o->error, sizeof o->error, words);
    if (c->task == TASK_TEST) {
        o->test_good = false;
        (void)text_copy(o->test_words, sizeof o->test_words, words);
        o->tests_done = o->tests_asked;
    } else {
        failed(c, p, VERDICT_HOLD, -1, now);
    }
    c->task = TASK_NONE;
}

static void start(struct channel *c, struct plat *p, struct mono now)
{
    struct outbox *o = c->box;
    const struct destination *to = &c->to;
    const struct aws_keys *keys = to->type == DESTINATION_SNS ? &c->sns.chain.keys : NULL;
    enum aws_need need =
        keys != NULL ? sns_sign(&c->sns, to, c->aws, p, wall_ms(plat_wall(p)), &c->out) : AWS_HAS;
    if (need == AWS_LACKS) {
        refuse(c, p, c->sns.chain.why, now);
        return;
    }
    const struct plat_request r = {
        .method = c->out.method, .url = c->out.url.at, .headers = c->out.headers.at, .body = c->out.body.at,
        .body_size = c->out.body.length, .ca_file = to->ca_file, .aws_scope = c->out.scope.at,
        .timeout_ms = need == AWS_ASKS ? AWS_ASK_TIMEOUT_MS : (uint32_t)to->timeout_ms,
        .user = keys == NULL ? to->user : need == AWS_HAS ? keys->id : "",
        .password = keys == NULL ? to->password : need == AWS_HAS ? keys->secret : "",
        .mail_from = is_mail(c) ? to->from : "", .mail_to = is_mail(c) ? to->to : "",
        .needs_tls = is_mail(c) && !to->plain_smtp && text_starts(to->url, "smtp:")};
    int request = plat_request_start(p, &r);
    if (request >= 0) {
        c->request = request;
        o->requests++;
        if (c->task != TASK_TEST) /* which says nothing of what waits */
            o->state = OUTBOX_SENDING;
        return;
    }
    if (request == ERR_FULL) {
        c->retry_at = mono_after_ms(now, FULL_RETRY_MS);
        if (c->task == TASK_BEAT)
            c->beat_at = c->retry_at;
        c->task = TASK_NONE;
        return;
    }
    refuse(c, p, "the address cannot be one: check url", now);
}

static void send_test(struct channel *c, struct plat *p, struct mono now)
{
    int64_t now_ms = wall_ms(plat_wall(p));
    digest_test(&c->digest, now_ms);
    c->digest.cursor = (uint64_t)now_ms;
    (void)shape_make(&c->out, &c->to, &c->digest, now_ms);
    c->task = TASK_TEST;
    start(c, p, now);
}

/* A sign of life is one only while what comes is kept. */
static void send_beat(struct channel *c, struct plat *p, struct store *s, struct mono now)
{
    bool is_well = store_commit_failures(s) == c->commit_failures;
    c->commit_failures = store_commit_failures(s);
    c->beat_at = mono_after_ms(now, c->to.interval_ms);
    if (!is_well)
        return;
    (void)shape_make(&c->out, &c->to, &c->digest, wall_ms(plat_wall(p)));
    c->task = TASK_BEAT;
    start(c, p, now);
}

/* What is news now; 0 notices: the cursor moves on without a message. */
static bool collect(struct channel *c, struct plat *p, struct store *s)
{
    struct outbox *o = c->box;
    int64_t now_ms = wall_ms(plat_wall(p));
    uint64_t newest = store_revision(s);
    if (digest_collect(&c->digest, &c->to, o, s, c->until, c->max, now_ms) < 0)
        return false; /* the store says itself what is wrong */
    c->looked = newest;
    if (c->digest.count == 0) {
        o->cursor = c->digest.cursor;
        o->oldest_ms = 0;
        c->until = 0;
        if (c->digest.is_hushed)
            store_outbox_save(s, o);
        return false;
    }
    o->oldest_ms = c->digest.notices[0].alert.updated_ms;
    return true;
}

static void send_alerts(struct channel *c, struct plat *p, struct store *s, struct mono now)
{
    if (!collect(c, p, s)) {
        c->group_at = MONO_NEVER;
        c->box->state = OUTBOX_IDLE;
        return;
    }
    c->task = TASK_ALERTS;
    bool is_there = shape_make(&c->out, &c->to, &c->digest, wall_ms(plat_wall(p)));
    if (is_there && c->out.body.truncated && c->digest.count > 1) {
        c->max = c->digest.count / 2; /* unusually long words: fewer at a time */
        return;
    }
    if (is_there)
        start(c, p, now);
    else
        arrived(c, p, s, now);
}

/* Looks for news when there may be some. */
static void look(struct channel *c, struct plat *p, struct store *s, struct mono now)
{
    bool is_repeat_due = mono_reached(now, c->look_at) &&
                         (digest_repeat_due_ms(&c->to, c->box) <= wall_ms(plat_wall(p)) ||
                          digest_is_withheld(c->box));
    if (mono_reached(now, c->look_at))
        c->look_at = mono_after_ms(now, LOOK_MS);
    if (store_revision(s) == c->looked && !is_repeat_due)
        return;
    if (collect(c, p, s) && c->group_at.ns == MONO_NEVER.ns) {
        c->group_at = mono_after_ms(now, c->to.group_ms);
        if (c->failures == 0)
            c->box->state = OUTBOX_WAITING;
    }
}

struct mono channel_step(struct channel *c, struct plat *p, struct store *s, struct mono now)
{
    if (c->request >= 0) {
        const struct plat_answer *a = plat_request_answer(p, c->request);
        if (a == NULL)
            return MONO_NEVER; /* the platform wakes us */
        take_answer(c, p, s, a, now);
        plat_request_end(p, c->request);
        c->request = -1;
        if (c->failures == 0 && c->box->state == OUTBOX_SENDING)
            c->box->state = OUTBOX_IDLE;
        c->task = TASK_NONE;
        return now; /* the store is to learn in this turn when to commit what was staged */
    }
    if (c->has_next) {
        c->to = c->next;
        c->has_next = false;
        memset(&c->sns, 0, sizeof c->sns);
        c->retry_at = now; /* what was wrong may have been mended */
    }
    if (!c->box->is_configured)
        return MONO_NEVER;
    if (c->box->tests_asked != c->box->tests_done) {
        send_test(c, p, now);
        return mono_after_ms(now, FULL_RETRY_MS);
    }
    if (c->to.type == DESTINATION_HEARTBEAT) {
        if (mono_reached(now, c->beat_at))
            send_beat(c, p, s, now);
        return c->beat_at;
    }
    look(c, p, s, now);
    struct mono due = c->group_at.ns > c->retry_at.ns ? c->group_at : c->retry_at;
    if (c->group_at.ns != MONO_NEVER.ns && mono_reached(now, due)) {
        send_alerts(c, p, s, now);
        due = c->request >= 0 ? MONO_NEVER : now;
    }
    if (c->group_at.ns == MONO_NEVER.ns)
        due = MONO_NEVER;
    return c->to.repeat_ms > 0 || digest_is_withheld(c->box) ? mono_earlier(due, c->look_at) : due;
}
