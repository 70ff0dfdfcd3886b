/* SPDX-License-Identifier: MIT */
/* The outbox over a simulated world: a store, a forward, and a receiver that is down, slow, full, forgetful
 * and false; the aggregator is killed at any of its effects. The laws:
 *   - whatever became of it, each alert is told, and its end, once all is calm;
 *   - what is told twice has the same key, and only where an answer was lost or a process died;
 *   - one destination that never answers takes nothing from another. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "aggregator/forward/digest.h"
#include "aggregator/forward/forward.h"
#include "aggregator/rules/book.h"
#include "platform/sim/sim.h"

#define ALERTS_MAX 400U
#define KEYS_MAX 4000U

struct rig {
    struct sim_world *world;
    struct plat *machine;
    struct memory_map map;
    uint8_t *memory;
    struct store *store;
    struct forward *forward;
    struct rule_book *book;
    struct destination list[2];
    uint32_t list_count;
    uint32_t kills;
    /* the receiver */
    char keys[KEYS_MAX][96];
    uint32_t counts[KEYS_MAX];
    uint32_t key_count, calls, doubles, refused_calls;
    uint32_t fail_permille, status, dead_calls;
    const char *retry_after, *dead_url;
    int64_t not_before_ns;
    uint32_t early_calls;
    uint32_t largest;
};

static void note_key(struct rig *r, const char *key, uint32_t length)
{
    char word[96];
    snprintf(word, sizeof word, "%.*s", (int)length, key);
    for (uint32_t i = 0; i < r->key_count; i++) {
        if (strcmp(r->keys[i], word) != 0)
            continue;
        r->counts[i]++;
        r->doubles++;
        return;
    }
    assert_true(r->key_count < KEYS_MAX);
    (void)text_copy(r->keys[r->key_count], sizeof r->keys[0], word);
    r->counts[r->key_count++] = 1;
}

static void receive(void *ctx, const struct sim_call *call, struct sim_reply *reply)
{
    struct rig *r = ctx;
    if (r->dead_url != NULL && strstr(call->url, r->dead_url) != NULL) {
        r->dead_calls++;
        reply->status = 503;
        return;
    }
    r->calls++;
    if (call->now_ns < r->not_before_ns)
        r->early_calls++;
    if (sim_chance(r->world, r->fail_permille)) {
        reply->status = r->status;
        reply->retry_after = r->retry_after;
        r->not_before_ns = r->retry_after[0] != '\0' ? call->now_ns + 7 * NS_PER_S : 0;
        r->refused_calls++;
        return;
    }
    uint32_t n = 0;
    for (const char *at = call->body; (at = strstr(at, "\"key\":\"")) != NULL; n++) {
        at += 7;
        note_key(r, at, (uint32_t)strcspn(at, "\""));
    }
    r->largest = n > r->largest ? n : r->largest;
}

static void open_all(struct rig *r)
{
    const struct store_limits limits = {.instances_max = 16,
                                        .series_per_instance_max = 16,
                                        .histories_max = 2,
                                        .queries_max = 2,
                                        .database_size_max = 64U << 20,
                                        .sqlite_heap_size = 6U << 20};
    char words[256];
    struct text why;
    text_init(&why, words, sizeof words);
    memory_map_init(&r->map, NULL, 0);
    (void)store_reserve(&r->map, &limits);
    (void)forward_reserve(&r->map);
    (void)book_reserve(&r->map);
    uint64_t size = r->map.used;
    r->memory = calloc(1, size + 63);
    assert_non_null(r->memory);
    memory_map_init(&r->map, r->memory + (64 - (uintptr_t)r->memory % 64) % 64, size);
    r->store = store_reserve(&r->map, &limits);
    r->forward = forward_reserve(&r->map);
    r->book = book_reserve(&r->map);
    assert_int_equal(store_open(r->store, r->machine, &why), ERR_OK);
    book_open(r->book, r->store, &why);
    forward_open(r->forward, r->machine, r->store);
    forward_heed(r->forward, r->book);
    assert_int_equal(forward_configure(r->forward, r->list, r->list_count, &why), ERR_OK);
}

static void die(struct rig *r, enum sim_death how)
{
    sim_kill(r->machine, how);
    store_close(r->store);
    free(r->memory);
    r->kills++;
    sim_restart(r->machine);
    open_all(r);
}

static struct rig *rig_new(uint64_t seed, uint32_t destinations)
{
    static const struct sim_outbound calm = {.latency_min_ns = NS_PER_MS, .latency_max_ns = 20 * NS_PER_MS};
    struct rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->world = sim_new(seed);
    r->machine = sim_machine(r->world, "central");
    r->retry_after = "";
    r->status = 500;
    r->list_count = destinations;
    for (uint32_t i = 0; i < destinations; i++) {
        destination_init(&r->list[i], i == 0 ? "ops" : "other");
        r->list[i].has_type = true;
        r->list[i].group_ms = 200;
        r->list[i].timeout_ms = 5000;
        (void)text_copy(r->list[i].url, sizeof r->list[i].url, i == 0 ? "https://ops/" : "https://other/");
    }
    sim_service(r->world, &calm, receive, r);
    open_all(r);
    return r;
}

static void rig_free(struct rig *r)
{
    store_close(r->store);
    free(r->memory);
    sim_free(r->world);
    free(r);
}

/* As the program's loop: step, wait, and again; killed when its doom has come. */
static void run_ms(struct rig *r, int64_t ms)
{
    int64_t end = sim_now(r->world) + ms * NS_PER_MS;
    while (sim_now(r->world) < end) {
        struct mono now = plat_mono(r->machine);
        struct mono next = store_step(r->store, now);
        book_step(r->book);
        next = mono_earlier(next, forward_step(r->forward, now));
        if (!sim_is_alive(r->machine)) {
            die(r, SIM_KILL);
            continue;
        }
        (void)plat_wait(r->machine, next);
        int64_t due = sim_next_due(r->world);
        int64_t least = sim_now(r->world) + NS_PER_MS;
        sim_advance_to(r->world, due > end ? end : due < least ? least : due);
    }
}

static void raise_alert(struct rig *r, uint32_t number, enum alert_severity severity)
{
    char instance[32];
    bool was_open;
    snprintf(instance, sizeof instance, "host-%u", number);
    const struct alert_report report = {.instance = instance,
                                        .rule = "cpu",
                                        .tag = "",
                                        .type = "cpu_usage",
                                        .message = "CPU is high",
                                        .metric = "",
                                        .unit = "",
                                        .severity = severity,
                                        .time_ms = wall_ms(plat_wall(r->machine)),
                                        .write_now = true};
    assert_true(store_alert_raise(r->store, &report, &was_open) >= 0);
}

static void settle_alert(struct rig *r, uint32_t number)
{
    char instance[32];
    snprintf(instance, sizeof instance, "host-%u", number);
    (void)store_alert_settle(r->store, instance, "cpu", "", wall_ms(plat_wall(r->machine)));
}

static uint32_t count_keys(const struct rig *r, const char *word)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->key_count; i++)
        n += strstr(r->keys[i], word) != NULL;
    return n;
}

static void test_an_alert_and_its_end_are_told_once(void **state)
{
    (void)state;
    struct rig *r = rig_new(1, 1);
    raise_alert(r, 1, ALERT_HIGH);
    run_ms(r, 2000);
    assert_int_equal(r->key_count, 1);
    for (uint32_t i = 0; i < 5; i++) { /* the same breach again */
        raise_alert(r, 1, ALERT_HIGH);
        run_ms(r, 70000);
    }
    assert_int_equal(r->calls, 1);
    raise_alert(r, 1, ALERT_CRITICAL);
    run_ms(r, 2000);
    assert_int_equal(count_keys(r, ":worsened:"), 1);
    settle_alert(r, 1);
    run_ms(r, 2000);
    assert_int_equal(count_keys(r, ":resolved:"), 1);
    assert_int_equal(r->calls, 3);
    assert_int_equal(r->doubles, 0);
    die(r, SIM_POWER_CUT); /* and it knows that it has told all of it */
    run_ms(r, 5000);
    assert_int_equal(r->calls, 3);
    rig_free(r);
}

static void test_many_at_once_make_one_message_and_none_is_left_out(void **state)
{
    (void)state;
    struct rig *r = rig_new(2, 1);
    for (uint32_t i = 0; i < 150; i++)
        raise_alert(r, i, ALERT_LOW);
    run_ms(r, 3000);
    assert_int_equal(count_keys(r, ":raised:"), 150);
    assert_int_equal(r->calls, 3);
    assert_int_equal(r->largest, DIGEST_MAX);
    rig_free(r);
}

static void test_what_came_and_went_while_nobody_could_be_told_is_told(void **state)
{
    (void)state;
    struct rig *r = rig_new(3, 1);
    r->fail_permille = 1000;
    r->status = 503;
    raise_alert(r, 1, ALERT_HIGH);
    run_ms(r, 20000);
    settle_alert(r, 1);
    run_ms(r, 20000);
    assert_int_equal(r->key_count, 0);
    r->fail_permille = 0;
    run_ms(r, 130000);
    assert_int_equal(count_keys(r, ":passed:"), 1);
    assert_int_equal(r->key_count, 1);
    rig_free(r);
}

static void test_a_dead_destination_costs_others_nothing_and_little_itself(void **state)
{
    (void)state;
    struct rig *r = rig_new(4, 2);
    r->dead_url = "ops";
    for (uint32_t i = 0; i < 60; i++) {
        raise_alert(r, i, ALERT_HIGH);
        run_ms(r, 60000);
        assert_int_equal(count_keys(r, ":raised:"), i + 1);
    }
    const struct outbox *dead = store_outbox(r->store, 0);
    assert_int_equal(dead->state, OUTBOX_DOWN);
    assert_true(dead->oldest_ms != 0 && dead->error[0] != '\0');
    assert_in_range(r->dead_calls, 60, 130); /* a probe each half minute to minute */
    r->dead_url = NULL;
    run_ms(r, 120000);
    assert_int_equal(r->doubles, 60); /* now it has all of them, too */
    assert_int_equal(dead->oldest_ms, 0);
    rig_free(r);
}

static void test_retry_after_is_honoured(void **state)
{
    (void)state;
    struct rig *r = rig_new(5, 1);
    r->fail_permille = 1000;
    r->status = 429;
    r->retry_after = "7";
    raise_alert(r, 1, ALERT_HIGH);
    run_ms(r, 60000);
    assert_in_range(r->calls, 3, 9);
    assert_int_equal(r->early_calls, 0);
    r->fail_permille = 0;
    run_ms(r, 130000);
    assert_int_equal(r->key_count, 1);
    rig_free(r);
}

static void test_one_that_is_refused_for_ever_does_not_hold_up_the_others(void **state)
{
    (void)state;
    struct rig *r = rig_new(6, 1);
    r->fail_permille = 1000;
    r->status = 400;
    for (uint32_t i = 0; i < 8; i++)
        raise_alert(r, i, ALERT_HIGH);
    run_ms(r, 10000);
    assert_int_equal(store_outbox(r->store, 0)->dropped, 8);
    r->fail_permille = 0;
    raise_alert(r, 99, ALERT_HIGH);
    run_ms(r, 3000);
    assert_int_equal(r->key_count, 1);
    rig_free(r);
}

static void test_repeats_until_somebody_acknowledges(void **state)
{
    (void)state;
    struct rig *r = rig_new(7, 1);
    struct alert a;
    r->list[0].repeat_ms = 600000;
    die(r, SIM_KILL);
    raise_alert(r, 1, ALERT_HIGH);
    run_ms(r, 3600000);
    assert_in_range(r->calls, 6, 7);
    assert_int_equal(count_keys(r, ":repeated:"), 1);
    uint64_t cursor = 0;
    assert_int_equal(store_alert_next(r->store, &cursor, &a), 1);
    const struct alert_change change = {.status = ALERT_ACKNOWLEDGED, .who = "ann"};
    assert_int_equal(store_alert_change(r->store, a.id, &change), ERR_OK);
    uint32_t before = r->calls;
    run_ms(r, 3600000);
    assert_int_equal(r->calls, before + 1); /* that it was acknowledged */
    rig_free(r);
}

/* Until `ms` from now; 0: ends what there is. */
static void silence(struct rig *r, const char *instances, int64_t ms)
{
    static char text[4096];
    struct silence_set set = {.count = ms > 0};
    struct text out;
    int64_t now_ms = wall_ms(plat_wall(r->machine));
    set.silences[0].from_ms = now_ms;
    set.silences[0].to_ms = now_ms + ms;
    (void)text_copy(set.silences[0].id, sizeof set.silences[0].id, "s");
    (void)text_copy(set.silences[0].instances, sizeof set.silences[0].instances, instances);
    (void)text_copy(set.silences[0].rules, sizeof set.silences[0].rules, "cpu");
    text_init(&out, text, sizeof text);
    silences_print(&set, &out);
    assert_int_equal(store_document_put(r->store, BOOK_SILENCES, text, out.length), ERR_OK);
    run_ms(r, 100);
}

static void test_a_silence_stops_what_was_open(void **state)
{
    (void)state;
    struct rig *r = rig_new(11, 1);
    r->list[0].repeat_ms = 600000;
    die(r, SIM_KILL);
    raise_alert(r, 1, ALERT_HIGH);
    raise_alert(r, 2, ALERT_HIGH);
    run_ms(r, 2000);
    assert_int_equal(count_keys(r, ":raised:"), 2);
    silence(r, "host-1", 3600000);
    run_ms(r, 1300000);
    assert_int_equal(r->key_count, 3); /* the other one is repeated; a repeat has its key */
    raise_alert(r, 1, ALERT_CRITICAL);
    run_ms(r, 60000);
    die(r, SIM_POWER_CUT);
    run_ms(r, 60000);
    assert_int_equal(count_keys(r, ":worsened:"), 0);
    run_ms(r, 2400000); /* the silence is over */
    assert_int_equal(count_keys(r, ":worsened:"), 1);
    rig_free(r);
}

static void test_what_begins_silenced_is_told_when_the_silence_is_over(void **state)
{
    (void)state;
    struct rig *r = rig_new(12, 1);
    silence(r, "host-*", 600000);
    raise_alert(r, 1, ALERT_HIGH);
    raise_alert(r, 2, ALERT_HIGH);
    run_ms(r, 300000);
    assert_int_equal(r->calls, 0);
    settle_alert(r, 2);
    run_ms(r, 2000);
    die(r, SIM_KILL);
    run_ms(r, 200000);
    assert_int_equal(r->calls, 0);
    run_ms(r, 200000);
    assert_int_equal(count_keys(r, ":raised:"), 1); /* which goes on; of the other nothing is told */
    assert_int_equal(r->key_count, 1);
    settle_alert(r, 1);
    run_ms(r, 5000);
    assert_int_equal(count_keys(r, ":resolved:"), 1);
    rig_free(r);
}

/* As with others that silence; but what would stay open over there for ever is closed. */
static void test_the_end_of_what_is_silenced_is_silent_except_for_incidents(void **state)
{
    (void)state;
    struct rig *r = rig_new(13, 1);
    raise_alert(r, 1, ALERT_HIGH);
    run_ms(r, 2000);
    assert_int_equal(r->calls, 1);
    silence(r, "*", 600000);
    settle_alert(r, 1);
    run_ms(r, 1200000);
    assert_int_equal(r->calls, 1);
    assert_int_equal(store_outbox(r->store, 0)->told_count, 0);
    silence(r, "", 0);
    r->list[0].type = DESTINATION_PAGERDUTY;
    die(r, SIM_KILL);
    raise_alert(r, 2, ALERT_HIGH);
    run_ms(r, 2000);
    assert_int_equal(r->calls, 2);
    silence(r, "*", 600000);
    settle_alert(r, 2);
    run_ms(r, 5000);
    assert_int_equal(r->calls, 3);
    rig_free(r);
}

static void test_faults_and_kills_at_any_effect_lose_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 100; seed < 130; seed++) {
        struct rig *r = rig_new(seed, 1);
        struct sim_outbound *weather = sim_outbound(r->world);
        uint32_t raised = 0, died = 0;
        weather->latency_max_ns = 2 * NS_PER_S;
        weather->refused_permille = (uint32_t)sim_below(r->world, 300);
        weather->lost_permille = (uint32_t)sim_below(r->world, 200);
        weather->answer_lost_permille = (uint32_t)sim_below(r->world, 200);
        weather->reset_permille = (uint32_t)sim_below(r->world, 200);
        r->fail_permille = (uint32_t)sim_below(r->world, 300);
        for (uint32_t step = 0; step < 60; step++) {
            if (sim_chance(r->world, 700))
                raise_alert(r, raised++, ALERT_HIGH);
            assert_int_equal(store_commit(r->store),
                             ERR_OK); /* acknowledged: from here on it must not be lost */
            if (sim_chance(r->world, 200)) {
                sim_doom(r->machine, (uint32_t)sim_below(r->world, 12), SIM_KILL);
                died++;
            }
            run_ms(r, (int64_t)sim_below(r->world, 8000));
            sim_spare(r->machine);
        }
        bool has_doubt = weather->answer_lost_permille + weather->reset_permille > 0;
        sim_service(r->world, &(struct sim_outbound){.latency_max_ns = NS_PER_MS}, receive, r);
        r->fail_permille = 0;
        run_ms(r, 300000);
        assert_int_equal(count_keys(r, ":raised:"), raised);
        /* What was told twice was in doubt: no answer, or a death before the cursor was stored. */
        if (r->doubles > 0)
            assert_true(has_doubt || r->kills > 0);
        uint32_t told = store_outbox(r->store, 0)->told_count;
        assert_int_equal(told, raised);
        for (uint32_t i = 0; i < raised; i++)
            settle_alert(r, i);
        run_ms(r, 60000);
        assert_int_equal(count_keys(r, ":resolved:"), raised);
        assert_int_equal(store_outbox(r->store, 0)->told_count, 0);
        rig_free(r);
    }
}

static void test_without_faults_nothing_is_told_twice_even_when_it_is_killed_between(void **state)
{
    (void)state;
    struct rig *r = rig_new(9, 1);
    for (uint32_t i = 0; i < 50; i++) {
        raise_alert(r, i, ALERT_HIGH);
        run_ms(r, 3000); /* told, and the cursor is durable */
        die(r, i % 2 == 0 ? SIM_KILL : SIM_POWER_CUT);
    }
    run_ms(r, 5000);
    assert_int_equal(r->key_count, 50);
    assert_int_equal(r->doubles, 0);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_alert_and_its_end_are_told_once),
        cmocka_unit_test(test_many_at_once_make_one_message_and_none_is_left_out),
        cmocka_unit_test(test_what_came_and_went_while_nobody_could_be_told_is_told),
        cmocka_unit_test(test_a_dead_destination_costs_others_nothing_and_little_itself),
        cmocka_unit_test(test_retry_after_is_honoured),
        cmocka_unit_test(test_one_that_is_refused_for_ever_does_not_hold_up_the_others),
        cmocka_unit_test(test_repeats_until_somebody_acknowledges),
        cmocka_unit_test(test_a_silence_stops_what_was_open),
        cmocka_unit_test(test_what_begins_silenced_is_told_when_the_silence_is_over),
        cmocka_unit_test(test_the_end_of_what_is_silenced_is_silent_except_for_incidents),
        cmocka_unit_test(test_faults_and_kills_at_any_effect_lose_nothing),
        cmocka_unit_test(test_without_faults_nothing_is_told_twice_even_when_it_is_killed_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
