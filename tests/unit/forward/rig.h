/* SPDX-License-Identifier: MIT */
/* A store and a forward in a simulated world; a receiver that is down, slow, full, forgetful and false. */
#ifndef NEPHOS_TESTS_FORWARD_RIG_H
#define NEPHOS_TESTS_FORWARD_RIG_H

#include "tests/unit/reserve.h"

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

static inline void note_key(struct rig *r, const char *key, uint32_t length)
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

static inline void receive(void *ctx, const struct sim_call *call, struct sim_reply *reply)
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

static inline void open_all(struct rig *r)
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
    (void)forward_reserve(&r->map, 4);
    (void)book_reserve(&r->map);
    r->memory = reserve_memory(&r->map);
    r->store = store_reserve(&r->map, &limits);
    r->forward = forward_reserve(&r->map, 4);
    r->book = book_reserve(&r->map);
    assert_int_equal(store_open(r->store, r->machine, &why), ERR_OK);
    book_open(r->book, r->store, &why);
    forward_open(r->forward, r->machine, r->store);
    forward_heed(r->forward, r->book);
    assert_int_equal(forward_configure(r->forward, r->list, r->list_count, &why), ERR_OK);
}

static inline void die(struct rig *r, enum sim_death how)
{
    sim_kill(r->machine, how);
    store_close(r->store);
    free(r->memory);
    r->kills++;
    sim_restart(r->machine);
    open_all(r);
}

static inline struct rig *rig_new(uint64_t seed, uint32_t destinations)
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

static inline void rig_free(struct rig *r)
{
    store_close(r->store);
    free(r->memory);
    sim_free(r->world);
    free(r);
}

/* As the program's loop: step, wait, and again; killed when its doom has come. */
static inline void run_ms(struct rig *r, int64_t ms)
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

static inline void raise_alert(struct rig *r, uint32_t number, enum alert_severity severity)
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

static inline void settle_alert(struct rig *r, uint32_t number)
{
    char instance[32];
    snprintf(instance, sizeof instance, "host-%u", number);
    (void)store_alert_settle(r->store, instance, "cpu", "", wall_ms(plat_wall(r->machine)));
}

static inline uint32_t count_keys(const struct rig *r, const char *word)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->key_count; i++)
        n += strstr(r->keys[i], word) != NULL;
    return n;
}

#endif
