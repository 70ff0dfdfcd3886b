/* SPDX-License-Identifier: MIT */
/* See cortex.h. */
#include "aggregator/forward/snowflake/cortex.h"

#include <string.h>

#include "aggregator/forward/snowflake/statements.h"
#include "platform/base/utf8.h"

#define LOOK_MS 200       /* from one look for somebody who asks to the next */
#define ASK_MS 700        /* from one question about a statement to the next */
#define REQUEST_MS 10000

void cortex_init(struct cortex *c)
{
    c->request = -1;
}

void cortex_configure(struct cortex *c, struct store *s, const struct target *list, uint32_t count)
{
    c->next.model[0] = '\0';
    c->has_next = true;
    for (uint32_t i = 0; i < count; i++)
        if (list[i].type == TARGET_SNOWFLAKE && list[i].model[0] != '\0') {
            c->next = list[i];
            break;
        }
    store_wording_offer(s, c->next.model);
}

/* --- requests --- */

static void put_request(struct cortex *c, struct plat *p)
{
    text_init(&c->url, c->url_bytes, sizeof c->url_bytes);
    text_init(&c->headers, c->headers_bytes, sizeof c->headers_bytes);
    text_init(&c->body, c->body_bytes, sizeof c->body_bytes);
    snowflake_put_host(&c->url, &c->to);
    text_put(&c->url, "/api/v2/statements");
    snowflake_put_headers(&c->headers, &c->to);
    snowflake_subject(&c->to, c->subject);
    if (c->handle[0] != '\0') {
        text_printf(&c->url, "/%s", c->handle);
        return;
    }
    char id[EXPORT_ID_SIZE];
    uint64_t random[2];
    plat_random(p, random, sizeof random);
    snowflake_uuid(random, id);
    text_printf(&c->url, "?requestId=%s&async=true", id);
    statement_put_question(&c->body, &c->to, c->wording->prompt);
}

static void start(struct cortex *c, struct plat *p, struct mono now)
{
    put_request(c, p);
    const struct plat_request r = {
        .method = c->handle[0] != '\0' ? "GET" : "POST", .url = c->url.at, .headers = c->headers.at,
        .body = c->body.at, .body_size = c->body.length, .timeout_ms = REQUEST_MS,
        .ca_file = c->to.ca_file, .aws_scope = "", .jwt_key = c->to.key, .jwt_password = c->to.password,
        .jwt_subject = c->subject, .user = "", .password = "", .mail_from = "", .mail_to = "",
        .answer = c->answer, .answer_size = sizeof c->answer};
    bool is_whole = !c->url.truncated && !c->headers.truncated && !c->body.truncated;
    c->request = is_whole ? plat_request_start(p, &r) : ERR_MALFORMED;
    c->ask_at = mono_after_ms(now, ASK_MS);
}

/* --- answers --- */

/* Lines of printable characters. */
static void take_words(struct wording *w, const char *words)
{
    struct text to;
    uint32_t left = (uint32_t)strlen(words);
    text_init(&to, w->text, sizeof w->text);
    while (left > 0) {
        uint32_t n = utf8_character(words, left);
        if (to.length + n + 1 > to.size)
            break;
        if (n > 0)
            text_put_n(&to, words, n);
        else if (*words == '\n')
            text_put_char(&to, '\n');
        n = n > 0 ? n : 1;
        words += n;
        left -= n;
    }
}

static void finish(struct cortex *c, struct plat *p, enum wording_state state, const char *why)
{
    struct wording *w = c->wording;
    w->state = state;
    w->done_ms = wall_ms(plat_wall(p));
    (void)text_copy(w->model, sizeof w->model, c->to.model);
    if (state == WORDING_FAILED)
        plat_log(p, LOG_WARN, "destination %s: no words of the model %s: %s; our own are told", c->to.name,
                 c->to.model, why);
    c->wording = NULL;
    c->handle[0] = '\0';
}

static void take_answer(struct cortex *c, struct plat *p, const struct plat_answer *a)
{
    struct snowflake_answer answer;
    char why[256];
    struct text words;
    snowflake_answer_read(a->body, a->body_size, c->pool, sizeof c->pool, &answer);
    if (a->status == 200 && answer.cell != NULL && answer.cell[0] != '\0' && !a->truncated) {
        take_words(c->wording, answer.cell);
        finish(c, p, WORDING_THERE, "");
        return;
    }
    if (a->status == 202 && answer.handle[0] != '\0') {
        (void)text_copy(c->handle, sizeof c->handle, answer.handle);
        return;
    }
    if (a->status == 401 || a->status == 429 || a->status >= 500) /* once more, while there is time */
        return;
    text_init(&words, why, sizeof why);
    if (a->status == 0)
        text_put(&words, a->why);
    else
        text_printf(&words, "it answers %u %s %s", a->status, answer.code, answer.message);
    finish(c, p, WORDING_FAILED, why);
}

struct mono cortex_step(struct cortex *c, struct plat *p, struct store *s, struct mono now)
{
    if (c->request >= 0) {
        const struct plat_answer *a = plat_request_answer(p, c->request);
        if (a == NULL)
            return MONO_NEVER; /* the platform wakes us */
        take_answer(c, p, a);
        plat_request_end(p, c->request);
        c->request = -1;
    }
    if (c->has_next)
        c->to = c->next;
    c->has_next = false;
    if (c->wording != NULL && (c->to.model[0] == '\0' || mono_reached(now, c->deadline)))
        finish(c, p, WORDING_FAILED, "no answer in time");
    if (c->wording == NULL) {
        if (c->to.model[0] == '\0')
            return MONO_NEVER;
        c->wording = store_wording_next(s);
        if (c->wording == NULL)
            return mono_after_ms(now, LOOK_MS);
        c->deadline = mono_after_ms(now, CORTEX_MS_MAX);
        c->ask_at = now;
    }
    if (mono_reached(now, c->ask_at))
        start(c, p, now);
    if (c->request == ERR_MALFORMED)
        finish(c, p, WORDING_FAILED, "the request is too long, or the address is none");
    return c->request >= 0 ? MONO_NEVER : mono_earlier(c->ask_at, c->deadline);
}
