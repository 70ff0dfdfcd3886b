/* SPDX-License-Identifier: MIT */
/* A simulated world with one destination of metrics: hosts that send, clients that push, what the destination
 * does to requests, and what it must have in the end. Included once by each proof that lives in it. */
#ifndef NEPHOS_TESTS_FORWARD_OUTLET_WORLD_H
#define NEPHOS_TESTS_FORWARD_OUTLET_WORLD_H

#include "tests/unit/store/rig.h"

#include <stdlib.h>

#include "aggregator/forward/cut.h"
#include "aggregator/forward/exporter.h"
#include "aggregator/forward/forward.h"
#include "aggregator/store/outlet_late.h"

#define HOSTS 3U
#define LIVE 4U                 /* series of the agent; one more is pushed */
#define SERIES (LIVE + 1)
#define SECONDS_MAX 4000U
#define BATCH 500U              /* points in a request of this type of destination */
#define SPAN 5U                 /* seconds of a window */
#define WINDOWS (SECONDS_MAX / SPAN)
#define FAR_MS (RIG_START_MS + 10000)

struct far {
    int64_t milli;
    uint32_t times;
};

struct outside {
    struct rig *r;
    struct memory_map map;
    uint8_t *memory;
    struct forward *forward;
    struct target to;
    uint32_t sequence[HOSTS];          /* next to be sent; sample n is of second n */
    bool is_pushed[HOSTS][SECONDS_MAX]; /* by a client, of that second */
    struct far far[HOSTS][SERIES][WINDOWS];
    uint32_t calls, twice, denied, kills, foreign, fail_permille;
    bool is_dead;
    uint32_t refuses;                  /* every request, with this status; 0 */
    char answer[64];
    int64_t now_s;
};

static int64_t value_of(uint32_t host, uint32_t series, uint32_t second)
{
    return (int64_t)(second * 7919U + host * 131U + series * 17U) % 1000;
}

/* --- the destination --- */

static int64_t milli_of(const char *text)
{
    double v = strtod(text, NULL);
    return (int64_t)(v * 1000 + (v < 0 ? -0.5 : 0.5));
}

static int64_t ms_of(const char *iso)
{
    int year, month, day, hour, minute, second, ms;
    int n = sscanf(iso, "%d-%d-%dT%d:%d:%d.%d", &year, &month, &day, &hour, &minute, &second, &ms);
    assert_int_equal(n, 7);
    assert_int_equal(year * 100 + month, 202601);
    return RIG_START_MS + ((((day - 1) * INT64_C(24) + hour) * 60 + minute) * 60 + second) * 1000 + ms;
}

static void store_far(struct outside *o, const char *body)
{
    unsigned host = 99;
    if (sscanf(body, "{\"instanceId\":\"host-%u\"", &host) != 1 || host >= HOSTS) {
        o->foreign++;
        return;
    }
    for (const char *at = body; (at = strstr(at, "{\"name\":\"metric_")) != NULL; at += 16) {
        unsigned series = (unsigned)strtoul(at + 16, NULL, 10);
        const char *value = strstr(at, "\"value\":"), *when = strstr(at, "\"timestamp\":\"");
        int64_t second = (ms_of(when + 13) - FAR_MS) / 1000;
        if (series >= SERIES || second < 0 || second >= SECONDS_MAX || second % SPAN != 0) {
            o->foreign++;
            continue;
        }
        struct far *f = &o->far[host][series][second / SPAN];
        f->milli = milli_of(value + 8);
        f->times++;
    }
}

/* One point for each request, instances under ids that are made here: "far-N" for host-N. */
static void serve_single(struct outside *o, const struct sim_call *call, struct sim_reply *reply)
{
    unsigned host = 99, series = 99;
    const char *ours = strstr(call->body, "\"nephosId\":\"host-");
    const char *value = strstr(call->body, "\"metricValue\":");
    const char *when = strstr(call->body, "\"timestamp\":");
    reply->body = "{\"instances\":[]}";
    if (ours != NULL) {
        snprintf(o->answer, sizeof o->answer, "{\"id\":\"far-%c\"}", ours[17]);
        reply->body = o->answer;
    }
    if (strstr(call->url, "/metrics") == NULL)
        return;
    if (sscanf(call->body, "{\"instanceId\":\"far-%u\",\"metricName\":\"metric_%u\"", &host, &series) != 2 ||
        host >= HOSTS || series >= SERIES || value == NULL || when == NULL) {
        o->foreign++;
        return;
    }
    struct far *f = &o->far[host][series][(strtoll(when + 12, NULL, 10) - FAR_MS) / 1000 / SPAN];
    f->milli = milli_of(value + 14);
    f->times++;
}

static void serve(void *ctx, const struct sim_call *call, struct sim_reply *reply)
{
    struct outside *o = ctx;
    o->calls++;
    reply->body = "{}";
    if (o->refuses != 0) {
        reply->status = o->refuses;
        return;
    }
    if (o->to.mode == TARGET_SINGLES) {
        serve_single(o, call, reply);
        return;
    }
    if (o->is_dead) {
        reply->status = 503;
        return;
    }
    if (sim_chance(o->r->world, o->fail_permille)) {
        reply->status = sim_chance(o->r->world, 500) ? 429 : 503;
        return;
    }
    if (strstr(call->url, "/ingest") != NULL)
        store_far(o, call->body);
    if (strstr(call->url, "/ingest") != NULL && sim_chance(o->r->world, o->fail_permille)) {
        store_far(o, call->body);
        o->twice++;
    }
    if (sim_chance(o->r->world, o->fail_permille)) {
        reply->status = 502; /* and it is a lie */
        o->denied++;
    }
}

/* --- the program --- */

static void start(struct outside *o)
{
    char words[256];
    struct text why;
    text_init(&why, words, sizeof words);
    memory_map_init(&o->map, NULL, 0);
    (void)forward_reserve(&o->map, o->r->limits.instances_max);
    o->memory = reserve_memory(&o->map);
    o->forward = forward_reserve(&o->map, o->r->limits.instances_max);
    forward_open(o->forward, o->r->machine, o->r->store);
    assert_int_equal(forward_configure_targets(o->forward, &o->to, 1, &why), ERR_OK);
    for (uint32_t h = 0; h < HOSTS; h++) {
        char id[16];
        snprintf(id, sizeof id, "host-%u", h);
        assert_int_equal(rig_instance(o->r, id), h);
        assert_int_equal(store_epoch(o->r->store, h, 1), ERR_OK);
        rig_dictionary(o->r, h, 0, LIVE);
        o->sequence[h] = (uint32_t)store_committed_sequence(o->r->store, h, STREAM_LIVE) + 1;
    }
    (void)store_commit(o->r->store);
}

static void push_late(struct outside *o, uint32_t host, uint32_t second)
{
    char name[METRIC_SIZE];
    struct store_series_facts facts;
    rig_series_facts(LIVE, name, &facts);
    facts.kind = METRIC_GAUGE;
    int series = store_series_put(o->r->store, host, &facts);
    assert_true(series >= 0);
    struct store_push_value v = {.time_ms = FAR_MS + second * INT64_C(1000), .series = (uint16_t)series,
                                 .value = value_of(host, LIVE, second)};
    if (store_push(o->r->store, host, &v, 1, plat_wall(o->r->machine)) >= 0)
        o->is_pushed[host][second] = true;
}

static void die(struct outside *o)
{
    o->kills++;
    free(o->memory);
    rig_restart(o->r, SIM_KILL);
    start(o);
    for (uint32_t h = 0; h < HOSTS; h++) /* clients say again what was not acknowledged */
        for (uint32_t s = 0; s < SECONDS_MAX; s++)
            if (o->is_pushed[h][s])
                push_late(o, h, s);
}

static struct outside *begin(uint64_t seed, uint32_t fail_permille)
{
    const struct sim_outbound bad = {.latency_min_ns = NS_PER_MS, .latency_max_ns = 300 * NS_PER_MS,
                                     .refused_permille = fail_permille, .lost_permille = fail_permille / 2,
                                     .answer_lost_permille = fail_permille, .reset_permille = fail_permille};
    struct outside *o = calloc(1, sizeof *o);
    assert_non_null(o);
    o->r = rig_new(seed);
    o->fail_permille = fail_permille;
    sim_service(o->r->world, &bad, serve, o);
    rig_must_open(o->r);
    target_init(&o->to, "far");
    o->to.type = TARGET_APIGATEWAY;
    o->to.mode = TARGET_AGGREGATOR;
    o->to.has_type = true;
    o->to.resolution_ms = SPAN * 1000;
    o->to.timeout_ms = 2000;
    (void)text_copy(o->to.url, sizeof o->to.url, "http://far/");
    char words[128];
    struct text why;
    text_init(&why, words, sizeof words);
    assert_int_equal(target_check(&o->to, &why), ERR_OK);
    int64_t ahead_ms = FAR_MS - wall_ms(plat_wall(o->r->machine));
    if (ahead_ms > 0)
        sim_advance(o->r->world, ahead_ms * NS_PER_MS);
    assert_true(wall_ms(plat_wall(o->r->machine)) >= FAR_MS);
    start(o);
    return o;
}

static void end(struct outside *o)
{
    free(o->memory);
    rig_free(o->r);
    free(o);
}

static void live(struct outside *o, uint32_t host, uint32_t until)
{
    while (o->sequence[host] <= until) {
        struct rig *r = o->r;
        uint32_t first = o->sequence[host], count = until - first + 1 < 10 ? until - first + 1 : 10;
        r->block.count = count;
        r->block.slot_count = LIVE;
        for (uint32_t k = 0; k < count; k++)
            r->block.time_ms[k] = FAR_MS + (int64_t)(first + k) * 1000;
        for (uint32_t s = 0; s < LIVE; s++) {
            r->block.slots[s] = (uint16_t)s;
            for (uint32_t k = 0; k < count; k++)
                r->block.values[s][k] = value_of(host, s, first + k);
        }
        if (rig_send(r, host, first) < 0)
            return;
        o->sequence[host] += count;
    }
}

/* One second: the programs run whenever they want to. */
static void run_second(struct outside *o)
{
    int64_t until_ns = sim_now(o->r->world) + NS_PER_S;
    while (sim_now(o->r->world) < until_ns) {
        struct mono now = plat_mono(o->r->machine);
        (void)store_step(o->r->store, now);
        for (uint32_t i = 0; i < 4; i++)
            (void)forward_step(o->forward, now);
        sim_advance(o->r->world, 100 * NS_PER_MS);
    }
    o->now_s++;
}

/* Seconds of samples; hosts send each ten seconds, now and then not at all for a while. */
static void weather(struct outside *o, uint32_t seconds, uint32_t kill_permille, bool has_late)
{
    uint32_t away[HOSTS] = {0};
    for (uint32_t n = 0; n < seconds; n++) {
        uint32_t second = (uint32_t)o->now_s;
        for (uint32_t h = 0; h < HOSTS; h++) {
            if (away[h] > 0)
                away[h]--;
            else if ((second + h * 3) % 10 == 0)
                live(o, h, second);
            if (has_late && away[h] == 0 && rig_random(o->r, 200) == 0)
                away[h] = (uint32_t)rig_random(o->r, 100);
            if (has_late && second > 40 && rig_random(o->r, 20) == 0)
                push_late(o, h, second - 1 - (uint32_t)rig_random(o->r, second < 300 ? second - 1 : 300));
        }
        run_second(o);
        if (rig_random(o->r, 1000) < kill_permille)
            die(o);
    }
}

static void calm(struct outside *o, uint32_t seconds)
{
    const struct sim_outbound good = {.latency_min_ns = NS_PER_MS, .latency_max_ns = NS_PER_MS};
    *sim_outbound(o->r->world) = good;
    o->fail_permille = 0;
    for (uint32_t h = 0; h < HOSTS; h++)
        live(o, h, (uint32_t)o->now_s);
    for (uint32_t n = 0; n < seconds; n++)
        run_second(o);
}

/* What must be there of a window, in thousandths; false: nothing. */
static bool expect(const struct outside *o, uint32_t host, uint32_t series, uint32_t window, int64_t *milli)
{
    int64_t sum = 0, count = 0, last = 0;
    for (uint32_t s = window * SPAN; s < (window + 1) * SPAN; s++) {
        bool is_there = series < LIVE ? s >= 1 && s < o->sequence[host] : o->is_pushed[host][s];
        if (!is_there)
            continue;
        last = value_of(host, series, s);
        sum += last;
        count++;
    }
    bool is_counter = series < LIVE && series % 2 == 1;
    *milli = count == 0 ? 0 : is_counter ? last * 1000 : (sum * 1000 + count / 2) / count;
    return count > 0;
}

static void judge(const struct outside *o, uint32_t *points, uint32_t *again)
{
    *points = *again = 0;
    assert_int_equal(o->foreign, 0);
    for (uint32_t h = 0; h < HOSTS; h++) {
        for (uint32_t s = 0; s < SERIES; s++) {
            for (uint32_t w = 0; w < WINDOWS; w++) {
                int64_t milli;
                const struct far *f = &o->far[h][s][w];
                bool must = expect(o, h, s, w, &milli);
                if (must != (f->times > 0))
                    fail_msg("host %u series %u window %u: %s", h, s, w, must ? "is missing" : "is too many");
                if (must && f->milli != milli)
                    fail_msg("host %u series %u window %u: %lld, not %lld thousandths", h, s, w,
                             (long long)f->milli, (long long)milli);
                *points += must;
                *again += f->times > 1;
            }
        }
    }
}

#endif
