/* SPDX-License-Identifier: MIT */
/* Words of a model, in a simulated world: asked for as a statement, waited for, and given up in time. */
#include "aggregator/forward/snowflake/cortex.c"

#include <stdlib.h>

#include "tests/unit/store/rig.h"

#define HANDLE "019c06a4-0000-df4f-0000-00100006589e"
#define RUNNING "{\"code\":\"333334\",\"statementHandle\":\"" HANDLE "\"}"
#define KEY 77U

struct model_rig {
    struct rig *r;
    struct target to;
    struct cortex *cortex;
    /* what is answered to a statement, and to a question about it */
    uint32_t begin_status, ask_status;
    const char *begin_body, *ask_body;
    uint32_t statements, questions;
    char body[sizeof(((struct cortex *)NULL)->body_bytes)];
};

static void serve(void *ctx, const struct sim_call *call, struct sim_reply *reply)
{
    struct model_rig *m = ctx;
    bool is_question = strcmp(call->method, "GET") == 0;
    assert_true(text_starts(call->url, "http://far/api/v2/statements"));
    if (is_question) {
        assert_non_null(strstr(call->url, "/statements/" HANDLE));
        m->questions++;
    } else {
        assert_non_null(strstr(call->url, "?requestId="));
        assert_non_null(strstr(call->url, "&async=true"));
        m->statements++;
        snprintf(m->body, sizeof m->body, "%s", call->body);
    }
    reply->status = is_question ? m->ask_status : m->begin_status;
    reply->body = is_question ? m->ask_body : m->begin_body;
}

static struct model_rig *rig(void)
{
    const struct sim_outbound good = {.latency_min_ns = NS_PER_MS, .latency_max_ns = 20 * NS_PER_MS};
    struct model_rig *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->r = rig_new(1);
    rig_must_open(m->r);
    sim_service(m->r->world, &good, serve, m);
    m->cortex = calloc(1, sizeof *m->cortex);
    assert_non_null(m->cortex);
    cortex_init(m->cortex);
    target_init(&m->to, "snow");
    m->to.type = TARGET_SNOWFLAKE;
    m->to.has_type = true;
    (void)text_copy(m->to.url, sizeof m->to.url, "http://far");
    (void)text_copy(m->to.account, sizeof m->to.account, "xy12345");
    (void)text_copy(m->to.user, sizeof m->to.user, "nephos");
    (void)text_copy(m->to.key, sizeof m->to.key, "PEM");
    (void)text_copy(m->to.model, sizeof m->to.model, "a-model");
    cortex_configure(m->cortex, m->r->store, &m->to, 1);
    m->begin_status = 202;
    m->begin_body = RUNNING;
    m->ask_status = 202;
    m->ask_body = RUNNING;
    return m;
}

static void done(struct model_rig *m)
{
    free(m->cortex);
    rig_free(m->r);
    free(m);
}

static int64_t now_ms(const struct model_rig *m)
{
    return wall_ms(plat_wall(m->r->machine));
}

static void run(struct model_rig *m, int64_t ms)
{
    for (int64_t i = 0; i < ms; i += 20) {
        (void)cortex_step(m->cortex, m->r->machine, m->r->store, plat_mono(m->r->machine));
        sim_advance(m->r->world, 20 * NS_PER_MS);
    }
}

static const struct wording *wording(const struct model_rig *m)
{
    const struct wording *w = store_wording(m->r->store, KEY);
    assert_non_null(w);
    return w;
}

static bool ask_store(struct model_rig *m, const char *prompt)
{
    return store_wording_ask(m->r->store, KEY, prompt, false, now_ms(m)) != NULL;
}

/* Asks, and lets it end. */
static const struct wording *asked(struct model_rig *m, int64_t ms)
{
    assert_true(ask_store(m, "say \"it\" anew\n"));
    run(m, ms);
    return wording(m);
}

static void a_model_is_asked_as_a_statement(void **state)
{
    struct model_rig *m = rig();
    (void)state;
    assert_string_equal(store_wording_model(m->r->store), "a-model");
    run(m, 5000);
    assert_int_equal(m->statements, 0); /* nobody wants words */
    assert_int_equal(asked(m, 3000)->state, WORDING_TAKEN);
    assert_int_equal(m->statements, 1);
    assert_in_range(m->questions, 2, 5);
    assert_non_null(strstr(m->body, "SELECT SNOWFLAKE.CORTEX.COMPLETE(?, ?)"));
    assert_non_null(strstr(m->body, "\"1\":{\"type\":\"TEXT\",\"value\":\"a-model\"}"));
    assert_non_null(strstr(m->body, "\"2\":{\"type\":\"TEXT\",\"value\":\"say \\\"it\\\" anew\\n\"}"));
    m->ask_status = 200;
    m->ask_body = "{\"code\":\"090001\",\"data\":[[\"One\\nt\\u0007wo \\u00e9\\u001b[1m\"]]}";
    run(m, 1500);
    assert_int_equal(wording(m)->state, WORDING_THERE);
    assert_string_equal(wording(m)->text, "One\ntwo \xc3\xa9[1m"); /* nothing that moves a cursor */
    assert_string_equal(wording(m)->model, "a-model");
    assert_in_range(wording(m)->done_ms, now_ms(m) - 1500, now_ms(m));
    uint32_t questions = m->questions;
    run(m, 5000);
    assert_int_equal(m->statements, 1);
    assert_int_equal(m->questions, questions);
    done(m);
}

static void a_refusal_leaves_our_own_words(void **state)
{
    static const struct {
        uint32_t status;
        const char *body;
    } refusals[] = {
        {422, "{\"code\":\"002141\",\"message\":\"Unknown function\"}"},
        {400, ""},
        {200, "<html>sign in</html>"},
        {200, "{\"code\":\"090001\",\"data\":[[null]]}"},
        {200, "{\"code\":\"090001\",\"data\":[[\"\"]]}"},
        {202, "{\"code\":\"333334\"}"}, /* and no handle */
    };
    (void)state;
    for (uint32_t i = 0; i < COUNT_OF(refusals); i++) {
        struct model_rig *m = rig();
        m->begin_status = refusals[i].status;
        m->begin_body = refusals[i].body;
        const struct wording *w = asked(m, 1000);
        assert_int_equal(w->state, WORDING_FAILED);
        assert_string_equal(w->text, "");
        assert_int_equal(m->statements, 1);
        assert_true(ask_store(m, "again")); /* not so soon */
        run(m, 1000);
        assert_int_equal(m->statements, 1);
        sim_advance(m->r->world, WORDING_PAUSE_MS * NS_PER_MS);
        assert_true(ask_store(m, "again"));
        run(m, 1000);
        assert_int_equal(m->statements, 2);
        done(m);
    }
}

static void a_slow_model_is_given_up(void **state)
{
    struct model_rig *m = rig();
    (void)state;
    assert_int_equal(asked(m, CORTEX_MS_MAX - 1000)->state, WORDING_TAKEN);
    run(m, 2000);
    assert_int_equal(wording(m)->state, WORDING_FAILED);
    assert_int_equal(m->statements, 1);
    assert_in_range(m->questions, 20, CORTEX_MS_MAX / ASK_MS);
    uint32_t questions = m->questions;
    run(m, 5000);
    assert_int_equal(m->questions, questions);
    done(m);
}

/* Who throttles or is broken may be well again in a moment. */
static void a_trouble_that_passes_is_waited_for(void **state)
{
    static const uint32_t troubles[] = {401, 429, 500, 503};
    (void)state;
    for (uint32_t i = 0; i < COUNT_OF(troubles); i++) {
        struct model_rig *m = rig();
        m->begin_status = troubles[i];
        m->begin_body = "{}";
        assert_int_equal(asked(m, 3000)->state, WORDING_TAKEN);
        assert_in_range(m->statements, 3, 5);
        m->begin_status = 202;
        m->begin_body = RUNNING;
        m->ask_status = troubles[i];
        run(m, 3000);
        assert_int_equal(wording(m)->state, WORDING_TAKEN);
        m->ask_status = 200;
        m->ask_body = "{\"code\":\"090001\",\"data\":[[\"words\"]]}";
        run(m, 1000);
        assert_int_equal(wording(m)->state, WORDING_THERE);
        assert_string_equal(wording(m)->text, "words");
        done(m);
    }
}

static void nobody_there_is_told_at_once(void **state)
{
    struct model_rig *m = rig();
    (void)state;
    sim_outbound(m->r->world)->refused_permille = 1000;
    assert_int_equal(asked(m, 1000)->state, WORDING_FAILED);
    done(m);
}

/* A configuration without a model ends what is under way; one with another goes on with that. */
static void another_configuration(void **state)
{
    struct model_rig *m = rig();
    (void)state;
    assert_int_equal(asked(m, 2000)->state, WORDING_TAKEN);
    cortex_configure(m->cortex, m->r->store, &m->to, 0);
    assert_false(ask_store(m, "again"));
    run(m, 1000);
    assert_int_equal(wording(m)->state, WORDING_FAILED);
    uint32_t questions = m->questions;
    run(m, 3000);
    assert_int_equal(m->questions, questions);
    struct target list[2] = {m->to, m->to};
    list[0].type = TARGET_OTLP;
    (void)text_copy(list[1].model, sizeof list[1].model, "another");
    cortex_configure(m->cortex, m->r->store, list, 2);
    sim_advance(m->r->world, WORDING_PAUSE_MS * NS_PER_MS);
    m->begin_status = 200;
    m->begin_body = "{\"code\":\"090001\",\"data\":[[\"words\"]]}";
    assert_int_equal(asked(m, 1000)->state, WORDING_THERE);
    assert_string_equal(wording(m)->model, "another");
    assert_non_null(strstr(m->body, "\"value\":\"another\""));
    done(m);
}

/* The longest prompt, every character of it to be escaped, is sent whole or not at all. */
static void a_long_prompt_fits_or_is_not_sent(void **state)
{
    static const char fill[] = {'x', '"', '\n', '\x01'};
    static char prompt[WORDING_PROMPT_SIZE];
    (void)state;
    for (uint32_t i = 0; i < COUNT_OF(fill); i++) {
        struct model_rig *m = rig();
        memset(prompt, fill[i], sizeof prompt - 1);
        assert_true(ask_store(m, prompt));
        run(m, 1000);
        bool is_sent = m->statements > 0;
        assert_int_equal(wording(m)->state, is_sent ? WORDING_TAKEN : WORDING_FAILED);
        assert_true(is_sent || fill[i] == '\x01');
        if (is_sent)
            assert_string_equal(m->body + strlen(m->body) - 4, "\"}}}");
        done(m);
    }
}

static void a_long_answer_is_cut_between_characters(void **state)
{
    struct model_rig *m = rig();
    static char body[WORDING_TEXT_SIZE * 2 + 64];
    struct text t;
    (void)state;
    text_init(&t, body, sizeof body);
    text_put(&t, "{\"code\":\"090001\",\"data\":[[\"");
    for (uint32_t i = 0; i < WORDING_TEXT_SIZE; i++)
        text_put(&t, "\xc3\xa9");
    text_put(&t, "\"]]}");
    assert_false(t.truncated);
    m->begin_status = 200;
    m->begin_body = body;
    const struct wording *w = asked(m, 1000);
    assert_int_equal(w->state, WORDING_THERE);
    assert_int_equal(strlen(w->text), (WORDING_TEXT_SIZE - 1) / 2 * 2);
    done(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_asked_as_a_statement),
        cmocka_unit_test(a_refusal_leaves_our_own_words),
        cmocka_unit_test(a_slow_model_is_given_up),
        cmocka_unit_test(a_trouble_that_passes_is_waited_for),
        cmocka_unit_test(nobody_there_is_told_at_once),
        cmocka_unit_test(another_configuration),
        cmocka_unit_test(a_long_prompt_fits_or_is_not_sent),
        cmocka_unit_test(a_long_answer_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
