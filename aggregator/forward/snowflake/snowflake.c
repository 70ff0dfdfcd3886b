/* SPDX-License-Identifier: MIT */
/* Rows for Snowflake by its SQL API, one statement after the other:
 *
 *   tables -(all are there)-> rows -(202)-> asking how it goes -(200)-> rows
 *
 * A statement is begun with an id of the request, and with the same id when nobody knows whether it was:
 * Snowflake then carries it out once. Should the id be lost with the process, MERGE still makes one row of
 * what comes twice. All statements are begun asynchronously, so that no request has to last as long as a
 * warehouse needs to wake up.
 */
#include "aggregator/forward/snowflake/snowflake.h"

#include <string.h>

#include "aggregator/forward/snowflake/answer.h"
#include "aggregator/forward/snowflake/statements.h"
#include "platform/base/fnv.h"

#define ROWS_MAX 1000U
#define ASK_FIRST_MS 300
#define ASK_MOST_MS 10000
/* A statement that nobody can say anything about after so many questions is begun anew. */
#define ASKS_MAX 200U

enum under_way { NOTHING, TABLE, ROWS, TEST };

struct state {
    enum under_way request;          /* what the request at hand is about */
    bool is_asking;                  /* how it goes, not to begin it */
    uint32_t table;                  /* those before it are there: number of a kind */
    bool was_refused;                /* 401, and nothing good since */
    /* the statement that was begun last, and may not be over */
    uint64_t about;                  /* hash of the items in it; 0: there is none */
    char request_id[EXPORT_ID_SIZE];
    int64_t asked_ms;                /* wall clock, when it was first begun */
    char handle[SNOWFLAKE_HANDLE_SIZE]; /* "": it has not answered yet */
    uint32_t asks;
    char subject[SNOWFLAKE_SUBJECT_SIZE];
};
static_assert(sizeof(struct state) <= EXPORT_STATE_SIZE, "the state fits");

static void limits(const struct target *to, struct export_limits *out)
{
    (void)to;
    /* Each statement wakes a warehouse, which costs a minute at least: many rows, and not often. */
    *out = (struct export_limits){.takes = EXPORT_ALL, .items_max = ROWS_MAX, .resolution_ms = 60000,
                                  .interval_ms = 300000};
}

/* --- which statement --- */

static const char *id_of(const struct export_batch *b, const struct export_item *item)
{
    switch (b->kind) {
    case EXPORT_POINTS: return item->point.id;
    case EXPORT_ALERTS: return item->alert->id;
    case EXPORT_INSTANCES: return item->instance->id;
    default: return item->insight->id;
    }
}

static uint64_t revision_of(const struct export_batch *b, const struct export_item *item)
{
    switch (b->kind) {
    case EXPORT_POINTS: return (uint64_t)item->point.value;
    case EXPORT_ALERTS: return item->alert->revision;
    case EXPORT_INSTANCES: return item->instance->revision;
    default: return item->insight->revision;
    }
}

/* Never 0. */
static uint64_t hash_of(const struct export_batch *b, const struct export_request *r)
{
    uint64_t h = FNV_START + (uint64_t)b->kind;
    for (uint32_t i = 0; i < r->count; i++) {
        const struct export_item *item = &b->items[r->items[i]];
        h = fnv_number(fnv_text(h, id_of(b, item)), 0xff) ^ revision_of(b, item);
    }
    return h != 0 ? h : 1;
}

/* Two rows of one id are not for one statement: which of them stays, nobody can say. */
static bool is_repeated(const struct export_batch *b, const struct export_request *r, uint32_t item)
{
    for (uint32_t i = 0; b->kind != EXPORT_POINTS && i < r->count; i++)
        if (text_equal(id_of(b, &b->items[r->items[i]]), id_of(b, &b->items[item])))
            return true;
    return false;
}

static void take_items(const struct export_batch *b, struct export_request *r)
{
    uint32_t at = UINT32_MAX;
    while (r->count < ROWS_MAX && export_next(b, r, &at) && !is_repeated(b, r, at))
        export_take(r, at);
}

/* --- requests --- */

static void put_call(const struct export_view *v, struct state *s, struct export_request *r)
{
    snowflake_put_host(&r->url, v->to);
    text_put(&r->url, "/api/v2/statements");
    snowflake_put_headers(&r->headers, v->to);
    snowflake_subject(v->to, s->subject);
    if (v->to->key[0] != '\0') {
        r->jwt_key = v->to->key;
        r->jwt_password = v->to->password;
        r->jwt_subject = s->subject;
    }
}

static void put_begin(struct state *s, struct export_request *r, bool is_again)
{
    s->is_asking = false;
    text_printf(&r->url, "?requestId=%s&async=true%s", s->request_id, is_again ? "&retry=true" : "");
}

static void put_question(struct state *s, struct export_request *r)
{
    int64_t delay_ms = ASK_FIRST_MS;
    for (uint32_t i = 0; i < s->asks && delay_ms < ASK_MOST_MS; i++)
        delay_ms += delay_ms / 2;
    s->is_asking = true;
    r->method = "GET";
    r->delay_ms = delay_ms < ASK_MOST_MS ? delay_ms : ASK_MOST_MS;
    text_printf(&r->url, "/%s", s->handle);
}

static void forget(struct state *s)
{
    s->about = 0;
    s->handle[0] = '\0';
    s->asks = 0;
}

static bool is_known(const struct state *s, enum under_way request, uint64_t about)
{
    return s->request == request && s->about == about;
}

/* Begins it, or asks about it when it has been. True: the body is to be written. */
static bool begin_or_ask(const struct export_view *v, struct state *s, enum under_way request, uint64_t about,
                         struct export_request *r)
{
    bool is_again = is_known(s, request, about);
    put_call(v, s, r);
    if (is_again && s->handle[0] != '\0') {
        put_question(s, r);
        return false;
    }
    if (!is_again) {
        forget(s);
        s->request = request;
        s->about = about;
        s->asked_ms = v->now_ms;
        snowflake_uuid(v->random, s->request_id);
    }
    put_begin(s, r, is_again);
    return true;
}

/* The next table that something goes to; false: all are there. */
static bool next_table(const struct target *to, struct state *s)
{
    while (s->table < EXPORT_KIND_COUNT && (to->sends & EXPORT_BIT(s->table)) == 0)
        s->table++;
    return s->table < EXPORT_KIND_COUNT;
}

static void shape(const struct export_view *v, const struct export_batch *b, struct export_request *r)
{
    struct state *s = v->state;
    if (b->count == 0) {
        struct state test = {.request = TEST};
        snowflake_uuid(v->random, test.request_id);
        put_call(v, s, r);
        put_begin(&test, r, false);
        statement_put_test(&r->body, v->to);
        return;
    }
    if (next_table(v->to, s)) {
        if (begin_or_ask(v, s, TABLE, s->table + 1, r))
            statement_put_table(&r->body, v->to, (enum export_kind)s->table);
        return;
    }
    take_items(b, r);
    if (begin_or_ask(v, s, ROWS, hash_of(b, r), r))
        statement_put_rows(&r->body, v->to, b, r, s->asked_ms);
}

/* --- answers --- */

static void judge_fault(struct state *s, const struct snowflake_answer *answer, struct export_judgement *j)
{
    enum snowflake_fault fault = snowflake_fault_of(answer);
    bool is_table = s->request == TABLE;
    forget(s);
    if (is_table) { /* it may be there, and we be not allowed to make it: rows will tell */
        s->table++;
        j->verdict = VERDICT_MORE;
        return;
    }
    if (fault == FAULT_TABLE) /* somebody may have taken it away */
        s->table = 0;
    j->verdict = fault == FAULT_ROW ? VERDICT_DROP : fault == FAULT_PASSING ? VERDICT_AGAIN : VERDICT_HOLD;
}

static void judge_good(struct state *s, bool is_test, struct export_judgement *j)
{
    bool is_table = s->request == TABLE;
    s->was_refused = false;
    j->verdict = VERDICT_DONE;
    if (is_test)
        return;
    if (is_table) {
        s->table++;
        j->verdict = VERDICT_MORE;
    }
    forget(s);
}

static void judge_running(struct state *s, const struct snowflake_answer *answer, bool is_test,
                          struct export_judgement *j)
{
    s->was_refused = false;
    j->verdict = is_test ? VERDICT_DONE : VERDICT_MORE; /* that it is taken says enough */
    if (is_test)
        return;
    if (answer->handle[0] != '\0')
        (void)text_copy(s->handle, sizeof s->handle, answer->handle);
    if (++s->asks > ASKS_MAX || s->handle[0] == '\0') {
        forget(s);
        j->verdict = VERDICT_AGAIN;
        text_clear(&j->why);
        text_put(&j->why, "a statement does not come to an end there; it is begun anew");
    }
}

/* A token lives for an hour, and clocks differ: the platform makes a new one after an answer 401. */
static void judge_refusal(const struct export_view *v, struct state *s, struct export_judgement *j)
{
    bool is_first = v->to->key[0] != '\0' && !s->was_refused;
    s->was_refused = true;
    j->verdict = is_first ? VERDICT_MORE : VERDICT_HOLD;
}

static void put_words(const struct export_answer *a, const struct snowflake_answer *answer,
                      struct export_judgement *j)
{
    text_clear(&j->why);
    if (!answer->is_json)
        text_printf(&j->why, "it answers %u, and that is not Snowflake: is account, or url, right?",
                    a->status);
    else
        text_printf(&j->why, "it answers %u: %s %s", a->status, answer->code, answer->message);
    if (a->status == 401)
        text_put(&j->why, " (are account, user and key those of DESCRIBE USER's RSA_PUBLIC_KEY_FP?)");
}

static void judge(const struct export_view *v, const struct export_batch *b, const struct export_request *r,
                  const struct export_answer *a, struct export_judgement *j)
{
    struct state *s = v->state;
    struct snowflake_answer answer;
    bool is_test = b->count == 0;
    if (a->status == 0) {
        if (text_starts(a->why, "the private key"))
            j->verdict = VERDICT_HOLD;
        return;
    }
    snowflake_answer_read(a->body, a->body_size, r->scratch, EXPORT_BODY_SIZE, &answer);
    if (a->status >= 300 || !answer.is_json)
        put_words(a, &answer, j);
    if (j->verdict == VERDICT_DROP && a->status == 400 && !answer.is_json)
        j->verdict = VERDICT_HOLD;
    if (a->status == 200 || a->status == 202) {
        if (!answer.is_json)
            j->verdict = VERDICT_HOLD;
        else if (a->status == 200)
            judge_good(s, is_test, j);
        else
            judge_running(s, &answer, is_test, j);
    } else if (a->status == 422 && !is_test) {
        judge_fault(s, &answer, j);
    } else if (a->status == 408) {
        forget(s);
        j->verdict = VERDICT_AGAIN;
    } else if (a->status == 401) {
        judge_refusal(v, s, j);
    } else if (a->status == 404 && s->is_asking && !is_test && answer.is_json) {
        forget(s); /* it knows nothing of the statement any more */
        j->verdict = VERDICT_MORE;
    } else if (a->status == 422) {
        j->verdict = VERDICT_HOLD;
    }
}

const struct exporter exporter_snowflake = {.limits = limits, .shape = shape, .judge = judge};
