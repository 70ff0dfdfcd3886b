/* SPDX-License-Identifier: MIT */
/* The sentinel in a simulated world: a store, a stand-in of Vultr that refuses, throttles and breaks,
 * services that come and go, and an aggregator that is killed. The laws:
 *   - whatever became of requests, in calm weather all servers are known, each once;
 *   - one that a single listing is without is not gone; one that two are without is marked, and nothing else;
 *   - a wrong key is not tried again for minutes, and a new one at once;
 *   - a check's own instance is there while the check is. */
#include "tests/unit/reserve.h"

#include <stdio.h>

#include "aggregator/sentinel/sentinel.h"
#include "aggregator/sentinel/tell.h"
#include "aggregator/store/store_documents.h"
#include "platform/sim/sim.h"

#define SERVERS 60U

struct rig {
    struct sim_world *world;
    struct plat *machine;
    struct memory_map map;
    uint8_t *memory;
    struct store *store;
    struct sentinel *sentinel;
    struct check checks[2];
    uint32_t check_count;
    struct watcher_settings vultr;
    /* the world outside */
    uint32_t calls, refused_calls, fail_permille;
    uint32_t leave_out; /* the server of that number is not listed */
    uint32_t service_status;
    bool is_down[SERVERS];
    const char *key, *location;
    char body[65536];
};

static uint32_t number_at(const char *text)
{
    uint64_t n = 0;
    assert_true(text_take_u64(&text, text + strlen(text), &n));
    return (uint32_t)n;
}

static void list(struct rig *r, const char *url, struct text *out)
{
    const char *per_page = strstr(url, "per_page="), *cursor = strstr(url, "cursor=c");
    uint32_t from = cursor != NULL ? number_at(cursor + 8) : 0, count = number_at(per_page + 9);
    uint32_t n = 0, i;
    text_put(out, "{\"instances\":[");
    for (i = from; i < SERVERS && n < count; i++) {
        if (i == r->leave_out)
            continue;
        text_printf(out,
                    "%s{\"id\":\"server-%02u\",\"label\":\"vm %u\",\"region\":\"ewr\",\"status\":\"active\","
                    "\"power_status\":\"%s\",\"server_status\":\"ok\",\"allowed_bandwidth\":1}",
                    n++ > 0 ? "," : "", i, i, r->is_down[i] ? "stopped" : "running");
    }
    text_printf(out, "],\"meta\":{\"total\":%u,\"links\":{\"next\":\"", SERVERS);
    if (i < SERVERS)
        text_printf(out, "c%u", i);
    text_put(out, "\"}}}");
}

static void serve(void *ctx, const struct sim_call *call, struct sim_reply *reply)
{
    struct rig *r = ctx;
    struct text out;
    text_init(&out, r->body, sizeof r->body);
    reply->body = r->body;
    if (!text_starts(call->url, "https://vultr/")) {
        reply->status = r->service_status;
        reply->location = r->location;
        return;
    }
    r->calls++;
    if (strstr(call->headers, r->key) == NULL) {
        r->refused_calls++;
        reply->status = 401;
        text_put(&out, "{\"error\":\"Invalid API token.\"}");
    } else if (sim_chance(r->world, r->fail_permille)) {
        static const uint32_t bad[] = {429, 500, 503, 200, 200};
        uint32_t which = (uint32_t)sim_below(r->world, COUNT_OF(bad));
        reply->status = bad[which];
        text_put(&out, which == 3 ? "<html>" : "{\"instances\":[{\"id\":\"ser");
    } else if (strstr(call->url, "/bandwidth?") != NULL) {
        text_put(&out, "{\"bandwidth\":{}}");
    } else {
        list(r, call->url, &out);
    }
    assert_false(out.truncated);
}

static void open_all(struct rig *r)
{
    const struct store_limits limits = {.instances_max = 80, .series_per_instance_max = 16,
                                        .histories_max = 2, .queries_max = 2,
                                        .database_size_max = 64U << 20,
                                        .sqlite_heap_size = 6U << 20};
    char words[256];
    struct text why;
    text_init(&why, words, sizeof words);
    memory_map_init(&r->map, NULL, 0);
    (void)store_reserve(&r->map, &limits);
    (void)sentinel_reserve(&r->map, 80);
    r->memory = reserve_memory(&r->map);
    r->store = store_reserve(&r->map, &limits);
    r->sentinel = sentinel_reserve(&r->map, 80);
    assert_int_equal(store_open(r->store, r->machine, &why), ERR_OK);
    sentinel_open(r->sentinel, r->machine, r->store);
    sentinel_configure(r->sentinel, r->checks, r->check_count, &r->vultr);
}

static struct rig *rig_new(uint64_t seed)
{
    static const struct sim_outbound calm = {.latency_min_ns = NS_PER_MS, .latency_max_ns = 20 * NS_PER_MS};
    struct rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->world = sim_new(seed);
    r->machine = sim_machine(r->world, "central");
    r->vultr = (struct watcher_settings){.url = "https://vultr/v2", .key = "good-key", .interval_ms = 10000};
    r->key = "Bearer good-key\n";
    r->leave_out = SERVERS;
    r->service_status = 200;
    r->location = "";
    check_init(&r->checks[0], "web", CHECK_FROM_FILE);
    (void)text_copy(r->checks[0].url, sizeof r->checks[0].url, "https://web/");
    r->check_count = 1;
    sim_service(r->world, &calm, serve, r);
    return r;
}

static void rig_free(struct rig *r)
{
    store_close(r->store);
    free(r->memory);
    sim_free(r->world);
    free(r);
}

static void run_s(struct rig *r, int64_t seconds)
{
    int64_t end = sim_now(r->world) + seconds * NS_PER_S;
    while (sim_now(r->world) < end) {
        struct mono now = plat_mono(r->machine);
        struct mono next = sentinel_step(r->sentinel, now);
        next = mono_earlier(next, store_step(r->store, now));
        (void)plat_wait(r->machine, mono_earlier(next, mono_after_ms(now, 20)));
        sim_advance_to(r->world, sim_now(r->world) + 20 * NS_PER_MS);
    }
}

static const struct instance *instance(struct rig *r, const char *id)
{
    int index = store_instance_find(r->store, id);
    return index < 0 ? NULL : store_instance(r->store, (uint32_t)index);
}

static uint32_t count_servers(struct rig *r)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < store_instance_count(r->store); i++)
        n += text_starts(store_instance(r->store, i)->id, "server-") &&
             store_instance(r->store, i)->deleted_ms == 0;
    return n;
}

static const struct check_state *state_of(struct rig *r, const char *name)
{
    const struct sentinel_board *b = sentinel_board(r->sentinel);
    return &b->states[checks_find(b->checks, name)];
}

static void all_servers_are_known_through_faults_and_kills(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct rig *r = rig_new(seed);
        open_all(r);
        r->fail_permille = 300;
        *sim_outbound(r->world) = (struct sim_outbound){.latency_min_ns = NS_PER_MS,
                                                        .latency_max_ns = NS_PER_S, .refused_permille = 50,
                                                        .lost_permille = 30, .answer_lost_permille = 50,
                                                        .reset_permille = 50};
        for (uint32_t kill = 0; kill < 3; kill++) {
            run_s(r, 40);
            sim_kill(r->machine, kill == 1 ? SIM_POWER_CUT : SIM_KILL);
            store_close(r->store);
            free(r->memory);
            sim_restart(r->machine);
            open_all(r);
        }
        const struct sim_outbound calm = {.latency_min_ns = NS_PER_MS, .latency_max_ns = NS_PER_MS};
        *sim_outbound(r->world) = calm;
        r->fail_permille = 0;
        run_s(r, 200);
        const struct watcher_board *w = sentinel_board(r->sentinel)->vultr;
        assert_int_equal(w->state, WATCHER_GOOD);
        assert_int_equal(w->server_count, SERVERS);
        assert_int_equal(count_servers(r), SERVERS);
        for (uint32_t i = 0; i < w->server_count; i++)
            assert_false(w->servers[i].is_gone);
        assert_string_equal(instance(r, "server-07")->told_status, "healthy");
        rig_free(r);
    }
}

static void who_is_gone_is_marked_after_two_listings(void **state)
{
    struct rig *r = rig_new(3);
    (void)state;
    open_all(r);
    run_s(r, 25);
    r->leave_out = 7;
    run_s(r, 11); /* one listing */
    assert_string_equal(instance(r, "server-07")->told_status, "healthy");
    run_s(r, 21);
    assert_string_equal(instance(r, "server-07")->told_status, "vanished");
    assert_string_equal(instance(r, "server-08")->told_status, "healthy");
    r->leave_out = SERVERS;
    r->is_down[8] = true;
    run_s(r, 21);
    assert_string_equal(instance(r, "server-07")->told_status, "healthy");
    assert_string_equal(instance(r, "server-08")->told_status, "unhealthy");
    assert_string_equal(instance(r, "server-08")->why,
                        "source=vultr: status active, power stopped, server ok");
    rig_free(r);
}

static void who_was_deleted_by_a_person_stays_so(void **state)
{
    struct rig *r = rig_new(4);
    (void)state;
    open_all(r);
    run_s(r, 15);
    store_instance_remove(r->store, (uint32_t)store_instance_find(r->store, "server-03"));
    run_s(r, 30);
    assert_int_not_equal(instance(r, "server-03")->deleted_ms, 0);
    assert_int_equal(count_servers(r), SERVERS - 1);
    rig_free(r);
}

static void a_wrong_key_waits_for_a_person(void **state)
{
    struct rig *r = rig_new(5);
    (void)state;
    r->key = "Bearer another\n";
    open_all(r);
    run_s(r, 140);
    const struct watcher_board *w = sentinel_board(r->sentinel)->vultr;
    assert_int_equal(r->refused_calls, 1);
    assert_int_equal(w->state, WATCHER_REFUSED);
    assert_true(text_starts(w->words, "HTTP 401: Invalid API token."));
    (void)text_copy(r->vultr.key, sizeof r->vultr.key, "another");
    sentinel_configure(r->sentinel, r->checks, r->check_count, &r->vultr);
    run_s(r, 5);
    assert_int_equal(w->state, WATCHER_GOOD);
    (void)text_copy(r->vultr.key, sizeof r->vultr.key, "");
    sentinel_configure(r->sentinel, r->checks, r->check_count, &r->vultr);
    uint32_t calls = r->calls;
    run_s(r, 60);
    assert_int_equal(w->state, WATCHER_OFF);
    assert_true(r->calls <= calls + 1); /* one may have been under way */
    rig_free(r);
}

static void a_change_is_looked_at_twice_more_at_once(void **state)
{
    struct rig *r = rig_new(6);
    (void)state;
    r->vultr.key[0] = '\0';
    open_all(r);
    run_s(r, 130);
    const struct check_state *s = state_of(r, "web");
    assert_int_equal(s->finding.health, HEALTHY);
    uint64_t runs = s->runs;
    assert_in_range(runs, 2, 4);
    r->service_status = 503;
    run_s(r, 85); /* the next look, and two in the ten seconds after each */
    assert_int_equal(s->finding.health, UNHEALTHY);
    assert_string_equal(s->finding.words, "HTTP 503");
    assert_true(s->runs >= runs + 3);
    assert_string_equal(instance(r, "check-web")->told_status, "unhealthy");
    assert_string_equal(instance(r, "check-web")->why, "check=web: HTTP 503");
    r->service_status = 302;
    r->location = "/again";
    run_s(r, 70);
    assert_string_equal(s->finding.words, "too many redirects");
    rig_free(r);
}

static void checks_come_and_go_with_their_instances(void **state)
{
    static const char text[] = "[made]\nurl = tcp://there:1\ninterval = 5000ms\n"
                               "[web]\nurl = https://other/\n";
    struct rig *r = rig_new(7);
    (void)state;
    r->vultr.key[0] = '\0';
    open_all(r);
    assert_int_equal(store_document_put(r->store, CHECKS_DOCUMENT, text, sizeof text - 1), ERR_OK);
    run_s(r, 8);
    const struct sentinel_board *b = sentinel_board(r->sentinel);
    assert_int_equal(b->checks->count, 2); /* that of the configuration counts */
    assert_string_equal(b->checks->checks[0].url, "https://web/");
    assert_int_equal(instance(r, "check-made")->deleted_ms, 0);
    assert_int_equal(instance(r, "check-made")->source, INSTANCE_FROM_SENTINEL);
    assert_int_equal(store_document_put(r->store, CHECKS_DOCUMENT, "", 0), ERR_OK);
    run_s(r, 1);
    assert_int_not_equal(instance(r, "check-made")->deleted_ms, 0);
    assert_int_equal(instance(r, "check-web")->deleted_ms, 0);
    assert_int_equal(store_commit(r->store), ERR_OK);
    sim_kill(r->machine, SIM_KILL); /* the check leaves the configuration while nobody runs */
    store_close(r->store);
    free(r->memory);
    sim_restart(r->machine);
    r->check_count = 0;
    open_all(r);
    run_s(r, 1);
    assert_int_not_equal(instance(r, "check-web")->deleted_ms, 0);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_servers_are_known_through_faults_and_kills),
        cmocka_unit_test(who_is_gone_is_marked_after_two_listings),
        cmocka_unit_test(who_was_deleted_by_a_person_stays_so),
        cmocka_unit_test(a_wrong_key_waits_for_a_person),
        cmocka_unit_test(a_change_is_looked_at_twice_more_at_once),
        cmocka_unit_test(checks_come_and_go_with_their_instances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
