/* SPDX-License-Identifier: MIT */
/* Where those who want words of a model and the one who fetches them meet. */
#include "aggregator/store/wording.c"

#include "tests/unit/store/rig.h"

#define NOW_MS RIG_START_MS

static struct rig *rig_with(const char *model)
{
    struct rig *r = rig_new(1);
    rig_must_open(r);
    store_wording_offer(r->store, model);
    return r;
}

static void nobody_is_asked_who_is_not_there(void **state)
{
    struct rig *r = rig_with("");
    (void)state;
    assert_null(store_wording_ask(r->store, 1, "prompt", false, NOW_MS));
    assert_null(store_wording(r->store, 1));
    assert_null(store_wording_next(r->store));
    rig_free(r);
}

static void the_same_facts_are_asked_about_once_an_hour(void **state)
{
    struct rig *r = rig_with("m");
    struct store *s = r->store;
    (void)state;
    assert_int_equal(store_wording_ask(s, 1, "prompt", false, NOW_MS)->state, WORDING_ASKED);
    struct wording *w = store_wording_next(s);
    assert_non_null(w);
    assert_string_equal(w->prompt, "prompt");
    assert_null(store_wording_next(s));
    assert_ptr_equal(store_wording_ask(s, 1, "another", true, NOW_MS + 1), w); /* it is under way */
    assert_string_equal(w->prompt, "prompt");
    w->state = WORDING_THERE;
    w->done_ms = NOW_MS;
    (void)text_copy(w->text, sizeof w->text, "words");
    assert_ptr_equal(store_wording_ask(s, 1, "p", false, NOW_MS + WORDING_LIFE_MS - 1), w);
    assert_string_equal(w->text, "words");
    assert_null(store_wording_next(s));
    assert_non_null(store_wording_ask(s, 1, "new", true, NOW_MS + 1)); /* somebody insists */
    assert_int_equal(w->state, WORDING_ASKED);
    assert_string_equal(w->text, "");
    w->state = WORDING_THERE;
    w->done_ms = NOW_MS;
    assert_non_null(store_wording_ask(s, 1, "later", false, NOW_MS + WORDING_LIFE_MS));
    assert_ptr_equal(store_wording_next(s), w);
    w->state = WORDING_FAILED;
    assert_non_null(store_wording_ask(s, 1, "p", true, NOW_MS + WORDING_PAUSE_MS - 1));
    assert_null(store_wording_next(s)); /* what failed is left alone, whoever insists */
    assert_non_null(store_wording_ask(s, 1, "p", false, NOW_MS + WORDING_PAUSE_MS));
    assert_ptr_equal(store_wording_next(s), w);
    w->state = WORDING_THERE;
    assert_non_null(store_wording_ask(s, 1, "p", false, NOW_MS - 1)); /* the clock went back */
    assert_ptr_equal(store_wording_next(s), w);
    rig_free(r);
}

static void places_are_few_and_the_oldest_gives_way(void **state)
{
    struct rig *r = rig_with("m");
    struct store *s = r->store;
    (void)state;
    for (uint64_t key = 1; key <= WORDINGS_MAX; key++)
        assert_non_null(store_wording_ask(s, key, "p", false, NOW_MS + (int64_t)(10 - key)));
    assert_null(store_wording_ask(s, 99, "p", false, NOW_MS + 20));
    struct wording *oldest = store_wording_next(s);
    assert_int_equal(oldest->key, WORDINGS_MAX); /* that was asked for first */
    assert_null(store_wording_ask(s, 99, "p", false, NOW_MS + 20));
    oldest->state = WORDING_FAILED;
    assert_ptr_equal(store_wording_ask(s, 99, "p", false, NOW_MS + 20), oldest);
    assert_null(store_wording(s, WORDINGS_MAX));
    assert_int_equal(store_wording_next(s)->key, WORDINGS_MAX - 1);
    rig_free(r);
}

static void a_prompt_that_is_too_long_is_nobodys(void **state)
{
    static char prompt[WORDING_PROMPT_SIZE + 1];
    struct rig *r = rig_with("m");
    (void)state;
    memset(prompt, 'x', sizeof prompt - 1);
    assert_null(store_wording_ask(r->store, 1, prompt, false, NOW_MS));
    assert_null(store_wording(r->store, 1));
    assert_null(store_wording_next(r->store));
    prompt[sizeof prompt - 2] = '\0';
    assert_non_null(store_wording_ask(r->store, 1, prompt, false, NOW_MS));
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_asked_who_is_not_there),
        cmocka_unit_test(the_same_facts_are_asked_about_once_an_hour),
        cmocka_unit_test(places_are_few_and_the_oldest_gives_way),
        cmocka_unit_test(a_prompt_that_is_too_long_is_nobodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
