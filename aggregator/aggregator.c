/* SPDX-License-Identifier: MIT */
/* The rooms and the order in which they run. They never call each other: they meet in the store. */
#include "aggregator/aggregator.h"

#include "aggregator/api/api.h"
#include "aggregator/hints.h"
#include "aggregator/ingest/ingest.h"
#include "aggregator/store/store.h"
#include "platform/credentials.h"

/* Newcomers taken in one pass; the rest is reported again. */
#define ACCEPTS_PER_PASS 32U
#define GAUGES_MS 1000
#define GAUGES_MAX 32U

struct aggregator {
    struct plat *plat;
    struct store *store;
    struct ingest *ingest;
    struct api *api;
    int agents_listener, api_listener;
    struct mono gauges_due;
    struct api_gauge gauges[GAUGES_MAX];
};

struct aggregator *aggregator_reserve(struct memory_map *map, const struct aggregator_limits *limits)
{
    const struct store_limits store = {
        .instances_max = limits->agents_max,
        .series_per_instance_max = limits->series_max,
        .histories_max = limits->histories_max,
        .queries_max = limits->queries_max,
        .database_size_max = limits->database_size_max,
        .sqlite_heap_size = SQLITE_HEAP_SIZE,
    };
    const struct ingest_limits ingest = {
        .sessions_max = limits_sessions(limits),
        .instances_max = limits->agents_max,
        .connections_max = limits_connections(limits),
        .large_frames_max = LARGE_FRAMES_MAX,
        .ship_interval_ms = limits->ship_interval_ms,
        .watched_ship_interval_ms = WATCHED_SHIP_INTERVAL_MS,
        .certificate_life_s = limits->certificate_life_s,
    };
    const struct api_limits api = {
        .connections_max = limits->api_connections_max,
        .websockets_max = limits->websockets_max,
        .bodies_max = limits->api_bodies_max,
        .body_size = limits->api_body_size,
        .instances_max = limits->agents_max,
        .series_per_instance_max = limits->series_max,
    };
    struct aggregator *a = memory_reserve(map, "aggregator", 1, sizeof *a, "there is one");
    struct store *s = store_reserve(map, &store);
    struct ingest *g = ingest_reserve(map, &ingest);
    struct api *h = api_reserve(map, &api);
    if (a != NULL)
        *a = (struct aggregator){.store = s, .ingest = g, .api = h, .agents_listener = -1,
                                 .api_listener = -1};
    return a;
}

static int open_listener(struct aggregator *a, const char *address, enum plat_security security,
                         const char *flag, struct text *why)
{
    int listener = plat_listen(a->plat, address, security);
    if (listener >= 0)
        return listener;
    const char *words = "the system refused; see the log above";
    if (listener == ERR_BUSY)
        words = "the port is in use; stop the other program or choose another port";
    else if (listener == ERR_DENIED)
        words = "not permitted; ports below 1024 need a privilege, choose a higher one";
    else if (listener == ERR_MALFORMED)
        words = "not an address of this machine; write ADDRESS:PORT, as 0.0.0.0:7443 or [::]:7443";
    text_printf(why, "cannot listen on %s (%s): %s", address, flag, words);
    return listener;
}

static int set_settings(struct aggregator *a, const struct aggregator_options *options, struct text *why)
{
    struct ingest_hint hints[HINTS_MAX];
    int n = options->hints != NULL ? hints_parse(options->hints, hints, why) : 0;
    if (n < 0 || (n == 0 && options->sample_interval_ms == 0))
        return n;
    return ingest_set_settings(a->ingest, options->sample_interval_ms, hints, (uint32_t)n);
}

int aggregator_open(struct aggregator *a, struct plat *p, const struct memory_map *map,
                    const struct aggregator_options *options, struct text *why)
{
    a->plat = p;
    int e = store_open(a->store, p, why); /* locks the data directory */
    if (e < 0)
        return e;
    e = authority_open(p);
    if (e < 0) {
        text_put(why, "the certificate authority in the data directory cannot be opened; restore "
                      "its files from a backup, or remove them to begin anew (agents must enrol "
                      "again)");
        return e;
    }
    ingest_open(a->ingest, p, a->store);
    e = set_settings(a, options, why);
    if (e < 0)
        return e;
    api_open(a->api, p, a->store, map, options->api_token);
    a->agents_listener = open_listener(a, options->listen, PLAT_TLS, "--listen", why);
    if (a->agents_listener < 0)
        return a->agents_listener;
    a->api_listener = open_listener(a, options->api, PLAT_PLAIN, "--api", why);
    return a->api_listener < 0 ? a->api_listener : ERR_OK;
}

static void accept_all(struct aggregator *a, int listener, struct mono now)
{
    for (uint32_t i = 0; i < ACCEPTS_PER_PASS; i++) {
        int conn = plat_accept(a->plat, listener);
        if (conn == ERR_FULL)
            continue;
        if (conn < 0)
            return;
        if (listener == a->agents_listener)
            ingest_accept(a->ingest, conn, now);
        else
            api_accept(a->api, conn, now);
    }
}

static void dispatch(struct aggregator *a, int conn, struct mono now)
{
    if (conn == a->agents_listener || conn == a->api_listener)
        accept_all(a, conn, now);
    else if (!ingest_ready(a->ingest, conn, now))
        (void)api_ready(a->api, conn, now); /* neither: closed earlier in this pass */
}

/* What ingest knows, for /api/v1/self. */
static void publish_gauges(struct aggregator *a)
{
    struct ingest_stats s;
    ingest_stats(a->ingest, &s);
    const struct api_gauge gauges[] = {
        {"agents_connected", s.sessions},
        {"agents_connected_high_water", s.sessions_high_water},
        {"agent_connections", s.accepted},
        {"agent_handshakes_failed", s.handshakes_failed},
        {"agents_enrolled", s.enrolled},
        {"agents_renewed", s.renewed},
        {"agents_refused_capacity", s.refused_capacity},
        {"agents_refused_certificate", s.refused_certificate},
        {"agents_refused_token", s.refused_token},
        {"agents_refused_protocol", s.refused_protocol},
        {"agents_refused_storage", s.refused_storage},
        {"agents_replaced", s.replaced},
        {"agents_timed_out", s.timeouts},
        {"ingest_malformed", s.malformed},
        {"ingest_blocks", s.blocks},
        {"ingest_samples", s.samples},
        {"ingest_values", s.values},
        {"ingest_duplicate_blocks", s.duplicates},
        {"ingest_histories", s.histories},
        {"ingest_history_samples", s.history_samples},
        {"ingest_histories_waiting", s.histories_waiting},
        {"ingest_held_back", s.held_back},
        {"ingest_large_waits", s.large_waits},
        {"ingest_bytes_received", s.rx_bytes},
        {"ingest_bytes_sent", s.tx_bytes},
    };
    static_assert(COUNT_OF(gauges) <= GAUGES_MAX, "one place for each gauge");
    for (uint32_t i = 0; i < COUNT_OF(gauges); i++)
        a->gauges[i] = gauges[i];
    api_self_gauges(a->api, a->gauges, COUNT_OF(gauges));
}

struct mono aggregator_step(struct aggregator *a, struct mono now)
{
    int conn;
    while ((conn = plat_next_ready(a->plat)) >= 0)
        dispatch(a, conn, now);
    struct mono next = ingest_step(a->ingest, now);
    next = mono_earlier(next, store_step(a->store, now));
    if (ingest_acknowledge(a->ingest))
        next = now;
    next = mono_earlier(next, api_step(a->api, now));
    if (mono_reached(now, a->gauges_due)) {
        publish_gauges(a);
        a->gauges_due = mono_after_ms(now, GAUGES_MS);
    }
    return next;
}

void aggregator_close(struct aggregator *a)
{
    if (store_commit(a->store) < 0)
        plat_log(a->plat, LOG_ERROR, "the last samples could not be written; agents keep them and "
                 "send them again");
    (void)ingest_acknowledge(a->ingest);
    ingest_close(a->ingest);
    api_close(a->api);
    store_close(a->store);
    if (a->agents_listener >= 0)
        plat_close(a->plat, a->agents_listener);
    if (a->api_listener >= 0)
        plat_close(a->plat, a->api_listener);
}

const char *aggregator_agents_address(struct aggregator *a)
{
    return plat_peer_address(a->plat, a->agents_listener);
}

const char *aggregator_api_address(struct aggregator *a)
{
    return plat_peer_address(a->plat, a->api_listener);
}
