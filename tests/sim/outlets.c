/* SPDX-License-Identifier: MIT */
/* Some metrics go to a destination: a service that knows a point again by instance, metric and window, as
 * another aggregator does. Requests do not find it, get lost, or their answers do.
 *
 * Law 10: after calm, each window of each series that has samples is there, whatever died meanwhile; and
 * nothing was given up or left out. The newest windows may still wait. When the clock of an agent was set
 * back below what has been sent, all it takes is late until it comes there again: such windows are noted, and
 * go together after CUT_SETTLE_MS_MAX, so they may wait that much longer, but no others. */
#include "tests/sim/outlets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aggregator/forward/cut.h"
#include "tests/sim/peek.h"
#include "tests/sim/world.h"

#define SPAN_MS 60000
#define METRICS "cpu_usage,memory_usage_percent,pushed"
#define BODY_HEAD "{\"instanceId\":\""
/* Samples of so long before the end may wait for others of their window, or for late ones to end. */
#define WAITING_MS 240000

/* --- the service --- */

static uint64_t key_of(const char *instance, uint32_t instance_length, const char *metric,
                       uint32_t metric_length, int64_t time_ms)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (uint32_t i = 0; i < instance_length; i++)
        h = (h ^ (unsigned char)instance[i]) * UINT64_C(1099511628211);
    h = (h ^ '|') * UINT64_C(1099511628211);
    for (uint32_t i = 0; i < metric_length; i++)
        h = (h ^ (unsigned char)metric[i]) * UINT64_C(1099511628211);
    for (uint32_t i = 0; i < 8; i++)
        h = (h ^ (uint8_t)((uint64_t)time_ms >> 8 * i)) * UINT64_C(1099511628211);
    return h | 1;
}

/* Where it is, or where there is room for it. */
static uint64_t *place_of(struct outlets *o, uint64_t key)
{
    uint32_t at = (uint32_t)(key >> 32) % OUTLETS_POINTS_MAX;
    while (o->keys[at] != 0 && o->keys[at] != key)
        at = (at + 1) % OUTLETS_POINTS_MAX;
    return &o->keys[at];
}

static int64_t ms_of(const char *iso)
{
    struct tm tm = {0};
    int ms;
    if (sscanf(iso, "%d-%d-%dT%d:%d:%d.%dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
               &tm.tm_sec, &ms) != 7)
        return -1;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return (int64_t)timegm(&tm) * 1000 + ms;
}

static void serve(void *ctx, const struct sim_call *call, struct sim_reply *reply)
{
    struct outlets *o = ctx;
    reply->body = "{}";
    o->requests++;
    const char *instance = call->body + strlen(BODY_HEAD), *end = strchr(instance, '"');
    if (!text_starts(call->body, BODY_HEAD) || end == NULL) {
        o->malformed++;
        return;
    }
    for (const char *at = end; (at = strstr(at, "{\"name\":\"")) != NULL; at++) {
        const char *metric = at + 9, *metric_end = strchr(metric, '"');
        const char *when = strstr(at, "\"timestamp\":\"");
        int64_t ms = when == NULL ? -1 : ms_of(when + 13);
        if (metric_end == NULL || ms < 0 || ms % SPAN_MS != 0 || o->count >= OUTLETS_POINTS_MAX / 2) {
            o->malformed++;
            continue;
        }
        uint64_t key = key_of(instance, (uint32_t)(end - instance), metric, (uint32_t)(metric_end - metric),
                              ms);
        uint64_t *place = place_of(o, key);
        o->count += *place == 0;
        *place = key;
    }
}

void outlets_open(struct world *w)
{
    const struct sim_outbound weather = {
        .latency_min_ns = NS_PER_MS, .latency_max_ns = 500 * NS_PER_MS, .refused_permille = 50,
        .lost_permille = 20, .answer_lost_permille = 50, .reset_permille = 50};
    struct target *to = &w->outlets.to;
    char words[200];
    struct text why;
    text_init(&why, words, sizeof words);
    target_init(to, "far");
    to->has_type = true;
    to->type = TARGET_APIGATEWAY;
    to->mode = TARGET_AGGREGATOR;
    to->sends = 1; /* metrics */
    to->resolution_ms = SPAN_MS;
    bool fits = text_copy(to->url, sizeof to->url, "http://far.example:8080") &&
                text_copy(to->metrics, sizeof to->metrics, METRICS);
    ASSERT(fits && target_check(to, &why) == ERR_OK);
    sim_service(w->sim, &weather, serve, &w->outlets);
}

void outlets_calm(struct world *w)
{
    *sim_outbound(w->sim) =
        (struct sim_outbound){.latency_min_ns = NS_PER_MS, .latency_max_ns = 3 * NS_PER_MS};
}

/* --- the law --- */

/* Samples of [from_ms, to_ms) are noted as late, or on the way as such. */
static bool is_noted(const struct outlet_place *place, int64_t from_ms, int64_t to_ms)
{
    bool is_noted = place->taken.from_ms < to_ms && from_ms < place->taken.to_ms;
    for (uint32_t i = 0; i < OUTLET_RANGES; i++)
        is_noted |= place->late[i].from_ms < to_ms && from_ms < place->late[i].to_ms;
    return is_noted;
}

static void judge_series(struct world *w, struct store *s, const struct outlet *o, uint32_t instance,
                         uint32_t index, int64_t to_ms)
{
    const struct instance *in = store_instance(s, instance);
    const char *metric = store_metric(s, store_series(s, instance, index)->metric_index)->name;
    int64_t from_ms = o->start_ms - o->start_ms % SPAN_MS + SPAN_MS;
    struct store_query_ask ask = {.instance = instance, .series_count = 1, .series = {(uint16_t)index},
                                  .from_ms = from_ms, .to_ms = to_ms, .step_ms = SPAN_MS};
    int64_t old_ms = to_ms - CUT_SETTLE_MS_MAX;
    if (to_ms <= from_ms || !target_wants_metric(&w->outlets.to, metric))
        return;
    int query = store_query_begin(s, &ask), more = 1;
    while (query >= 0 && more == 1)
        more = store_query_step(s, query);
    if (query < 0 || more < 0) {
        ledger_break(&w->ledger, "law 10: windows cannot be asked for (%d, %d)", query, more);
        return;
    }
    for (uint32_t i = 0; i < store_query_points(s, query) && !w->ledger.broken; i++) {
        int64_t ms = from_ms + (int64_t)i * SPAN_MS;
        uint64_t key = key_of(in->id, (uint32_t)strlen(in->id), metric, (uint32_t)strlen(metric), ms);
        bool may_wait = ms >= old_ms && is_noted(&o->places[instance], ms, ms + SPAN_MS);
        if (store_query_cell(s, query, 0, i)->count != 0 && *place_of(&w->outlets, key) == 0 && !may_wait)
            ledger_break(&w->ledger, "law 10: %s of %s, the minute at %lld ms, has not been sent", metric,
                         in->id, (long long)ms);
    }
    store_query_end(s, query);
}

void outlets_judge(struct world *w, struct store *s)
{
    int found = store_outlet_find(s, "far");
    const struct outlet *o = found < 0 ? NULL : store_outlet(s, (uint32_t)found);
    if (o == NULL || o->dropped + o->given_up > 0 || w->outlets.malformed > 0) {
        ledger_break(&w->ledger, "law 10: of what is to be sent %llu left out, %llu given up, %u malformed",
                     o != NULL ? (unsigned long long)o->dropped : 0,
                     o != NULL ? (unsigned long long)o->given_up : 0, w->outlets.malformed);
        return;
    }
    int64_t now_ms = wall_ms(plat_wall(w->house));
    for (uint32_t i = 0; i < store_instance_count(s); i++) {
        int64_t newest_ms = store_instance(s, i)->last_sample_ms;
        int64_t to_ms = (newest_ms < now_ms ? newest_ms : now_ms) - WAITING_MS;
        for (uint32_t k = 0; k < store_series_count(s, i) && !w->ledger.broken; k++)
            judge_series(w, s, o, i, k, to_ms - to_ms % SPAN_MS);
    }
}
