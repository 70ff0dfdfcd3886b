/* SPDX-License-Identifier: MIT */
/* The rooms and the order in which they run. They never call each other: they meet in the store. */
#include "aggregator/aggregator.h"

#include "aggregator/analysis/analysis.h"
#include "aggregator/api/api.h"
#include "aggregator/command/command.h"
#include "aggregator/demo/demo.h"
#include "aggregator/forward/forward.h"
#include "aggregator/hints.h"
#include "aggregator/ingest/ingest.h"
#include "aggregator/rules/book.h"
#include "aggregator/sentinel/sentinel.h"
#include "aggregator/store/store.h"
#include "platform/credentials.h"

/* Newcomers taken in one pass; the rest is reported again. It is a lot because taking is cheap and waiting is
 * not: when the kernel's queue is full it drops who comes, who then asks again after seconds. */
#define ACCEPTS_PER_PASS 256U
#define GAUGES_MS 1000
#define GAUGES_MAX 60U
#define CERTIFICATE_LOOK_MS (INT64_C(86400) * 1000)

struct aggregator {
    struct plat *plat;
    struct store *store;
    struct ingest *ingest;
    struct analysis *analysis;
    struct rule_book *book;
    uint32_t hinted;                   /* generation of the rules that agents' hints follow */
    bool has_hints;
    struct forward *forward;
    struct sentinel *sentinel;
    struct api *api;
    struct demo *demo;                 /* NULL: all hosts are real */
    int agents_listener, api_listener, https_listener, command_listener;
    struct mono certificate_due;       /* when that of HTTPS is looked at again */
    const struct aggregator_options *options;
    struct mono gauges_due;
    struct api_gauge gauges[GAUGES_MAX];
};

struct aggregator *aggregator_reserve(struct memory_map *map, const struct aggregator_limits *limits)
{
    const struct store_limits store = {
        .instances_max = limits->agents_max,
        .series_per_instance_max = limits->series_max,
        .histories_max = limits->histories_max,
        .queries_max = limits->queries_max + 2, /* one for analysis, one for forwarding */
        .database_size_max = limits->database_size_max,
        .keep_ms = {limits->keep_ms[TIER_SECONDS], limits->keep_ms[TIER_MINUTES],
                    limits->keep_ms[TIER_HOURS]},
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
        .handles_max = limits_connections(limits),
        .connections_max = limits->api_connections_max,
        .websockets_max = limits->websockets_max,
        .bodies_max = limits->api_bodies_max,
        .body_size = limits->api_body_size,
        .instances_max = limits->agents_max,
        .series_per_instance_max = limits->series_max,
    };
    const struct detect_limits detect = {
        .instances_max = limits->agents_max,
        .series_per_instance_max = limits->series_max,
        .tracked_max = limits->analysed_max,
        .database_size_max = limits->database_size_max,
    };
    const struct watch_limits watch = {
        .instances_max = limits->agents_max,
        .series_per_instance_max = limits->series_max,
        .ship_interval_ms = limits->ship_interval_ms,
    };
    struct aggregator *a = memory_reserve(map, "aggregator", 1, sizeof *a, "there is one");
    struct store *s = store_reserve(map, &store);
    struct ingest *g = ingest_reserve(map, &ingest);
    struct analysis *n = analysis_reserve(map, &detect, &watch);
    struct rule_book *b = book_reserve(map);
    struct forward *w = forward_reserve(map, limits->agents_max);
    struct sentinel *l = sentinel_reserve(map, limits->agents_max);
    struct api *h = api_reserve(map, &api);
    struct demo *d = limits->is_demo ? demo_reserve(map) : NULL;
    if (a != NULL)
        *a = (struct aggregator){.store = s, .ingest = g, .analysis = n, .book = b, .forward = w,
                                 .sentinel = l, .api = h, .demo = d, .agents_listener = -1,
                                 .api_listener = -1, .https_listener = -1, .command_listener = -1};
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
    int n = options->hints == NULL                       ? 0
            : text_equal(options->hints, HINTS_OF_RULES) ? (int)hints_of_rules(book_rules(a->book), hints)
                                                         : hints_parse(options->hints, hints, why);
    a->hinted = book_generation(a->book);
    if (n > 0 && !text_equal(options->hints, HINTS_OF_RULES))
        hints_hold(book_rules(a->book), hints, (uint32_t)n);
    if (n < 0 || (n == 0 && options->sample_interval_ms == 0 && !a->has_hints))
        return n;
    a->has_hints = n > 0;
    return ingest_set_settings(a->ingest, options->sample_interval_ms, hints, (uint32_t)n);
}

/* Files may have been renewed where they lie, and our own certificates do not live for ever. */
static int take_certificate(struct aggregator *a, const struct aggregator_options *o, struct text *why)
{
    if (o->api_https == NULL || o->api_https[0] == '\0')
        return ERR_OK;
    a->certificate_due = mono_after_ms(plat_mono(a->plat), CERTIFICATE_LOOK_MS);
    if (o->api_certificate[0] != '\0')
        return authority_serve_files(a->plat, o->api_certificate, o->api_key, why);
    return authority_serve_own(a->plat, o->api_names, why);
}

static void set_sentinel(struct aggregator *a, const struct aggregator_options *o)
{
    static const struct watcher_settings none = {.url = ""};
    sentinel_configure(a->sentinel, o->checks, o->check_count, o->vultr != NULL ? o->vultr : &none);
}

/* A mistake leaves the old rules in force. */
static int set_rules(struct aggregator *a, const struct aggregator_options *o, struct text *why)
{
    const char *profile = o->alert_profile != NULL ? o->alert_profile : rules_profile_name(0);
    const char *name = o->rules_name != NULL ? o->rules_name : "";
    return book_configure(a->book, profile, name, o->rules != NULL ? o->rules : "", o->rules_length, why);
}

int aggregator_configure(struct aggregator *a, const struct aggregator_options *options, struct text *why)
{
    const struct api_options api = {.token = options->api_token, .is_open = options->api_is_open,
                                    .is_demo = a->demo != NULL,
                                    .rate_per_s = options->api_rate_per_s};
    a->options = options;
    api_configure(a->api, &api);
    set_sentinel(a, options);
    int e = set_rules(a, options, why);
    if (e < 0)
        return e;
    e = set_settings(a, options, why);
    if (e >= 0)
        e = forward_configure(a->forward, options->destinations, options->destination_count, why);
    if (e >= 0)
        e = forward_configure_targets(a->forward, options->targets, options->target_count, why);
    return e < 0 ? e : take_certificate(a, options, why);
}

/* Once a day. */
static void look_at_certificate(struct aggregator *a)
{
    char words[160];
    struct text why;
    text_init(&why, words, sizeof words);
    if (take_certificate(a, a->options, &why) < 0)
        plat_log(a->plat, LOG_WARN, "the certificate of the API stays as it is: %s", words);
}

static int open_api(struct aggregator *a, const struct aggregator_options *options, struct text *why)
{
    a->api_listener = open_listener(a, options->api, PLAT_PLAIN, "--api", why);
    if (a->api_listener < 0)
        return a->api_listener;
    if (options->api_https != NULL && options->api_https[0] != '\0') {
        a->https_listener = open_listener(a, options->api_https, PLAT_TLS_SERVER, "--api-https", why);
        if (a->https_listener < 0)
            return a->https_listener;
    }
    a->command_listener = plat_listen_local(a->plat, COMMAND_SOCKET);
    if (a->command_listener < 0 && a->command_listener != ERR_MISSING)
        plat_log(a->plat, LOG_WARN, "no socket for commands can be made in the data directory: `access`, "
                                    "`agent` "
                 "and the like cannot reach this aggregator");
    return ERR_OK;
}

static void open_rules(struct aggregator *a)
{
    char words[400];
    struct text why;
    text_init(&why, words, sizeof words);
    book_open(a->book, a->store, &why);
    if (why.length > 0)
        plat_log(a->plat, LOG_ERROR, "the rules in the store are left out: %s", words);
    analysis_judge(a->analysis, a->book, plat_mono(a->plat), plat_wall(a->plat));
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
    analysis_open(a->analysis, a->store, plat_mono(p), plat_wall(p));
    open_rules(a);
    forward_open(a->forward, p, a->store);
    sentinel_open(a->sentinel, p, a->store);
    forward_heed(a->forward, a->book);
    if (options->aws != NULL)
        forward_aws(a->forward, options->aws);
    api_rules(a->api, a->book);
    const struct api_options api = {.token = options->api_token};
    api_open(a->api, p, a->store, map, &api);
    api_board(a->api, analysis_board(a->analysis));
    api_sentinel(a->api, sentinel_board(a->sentinel));
    e = aggregator_configure(a, options, why);
    if (e < 0)
        return e;
    a->agents_listener = open_listener(a, options->listen, PLAT_TLS, "--listen", why);
    if (a->agents_listener < 0)
        return a->agents_listener;
    if (a->demo != NULL)
        demo_open(a->demo, p, a->store, plat_wall(p));
    return open_api(a, options, why);
}

static enum api_door door_of(const struct aggregator *a, int listener)
{
    return listener == a->command_listener ? DOOR_COMMAND
           : listener == a->https_listener ? DOOR_TLS
                                           : DOOR_PLAIN;
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
            api_accept(a->api, conn, door_of(a, listener), now);
    }
}

static void dispatch(struct aggregator *a, int conn, struct mono now)
{
    if (conn == a->agents_listener || conn == a->api_listener || conn == a->https_listener ||
        conn == a->command_listener)
        accept_all(a, conn, now);
    else if (!ingest_ready(a->ingest, conn, now))
        (void)api_ready(a->api, conn, now); /* neither: closed earlier in this pass */
}

/* What ingest knows, for /api/v1/self. */
static void publish_gauges(struct aggregator *a)
{
    struct ingest_stats s;
    struct analysis_stats n;
    analysis_stats(a->analysis, &n);
    ingest_stats(a->ingest, &s);
    const struct sentinel_board *l = sentinel_board(a->sentinel);
    const struct api_gauge gauges[] = {
        {"agents_connected", s.connected}, {"agent_sessions", s.sessions},
        {"agent_sessions_high_water", s.sessions_high_water}, {"agent_connections", s.accepted},
        {"agent_handshakes_failed", s.handshakes_failed}, {"agents_enrolled", s.enrolled},
        {"agents_renewed", s.renewed}, {"agents_refused_capacity", s.refused_capacity},
        {"agents_refused_certificate", s.refused_certificate}, {"agents_refused_token", s.refused_token},
        {"agents_refused_revoked", s.refused_revoked}, {"agents_refused_protocol", s.refused_protocol},
        {"agents_refused_storage", s.refused_storage}, {"agents_replaced", s.replaced},
        {"agents_timed_out", s.timeouts}, {"ingest_malformed", s.malformed}, {"ingest_blocks", s.blocks},
        {"ingest_samples", s.samples}, {"ingest_values", s.values},
        {"ingest_duplicate_blocks", s.duplicates}, {"ingest_histories", s.histories},
        {"ingest_history_samples", s.history_samples}, {"ingest_histories_waiting", s.histories_waiting},
        {"ingest_held_back", s.held_back}, {"ingest_large_waits", s.large_waits},
        {"analysis_blocks", n.blocks}, {"analysis_blocks_missed", n.missed},
        {"alerts_raised", n.watch.raised}, {"alerts_settled", n.watch.settled},
        {"alerts_refused", n.watch.refused}, {"alerts_silenced", n.watch.silenced},
        {"alerts_suppressed", n.watch.suppressed}, {"rules_surplus", n.watch.surplus},
        {"anomaly_values", n.detect.values}, {"anomaly_points", n.detect.minutes},
        {"anomaly_values_absurd", n.detect.absurd}, {"anomaly_samples_backward", n.detect.backward},
        {"anomaly_series_surplus", n.detect.surplus}, {"anomaly_alarms", n.detect.alarms},
        {"anomaly_series_alarms", n.detect.series_alarms},
        {"anomaly_series_alarms_left_out", n.detect.series_alarms_left_out},
        {"anomaly_refused", n.detect.refused}, {"anomaly_points_learnt", n.detect.learnt_minutes},
        {"anomaly_checkpoints", n.detect.checkpoints},
        {"anomaly_checkpoints_failed", n.detect.checkpoints_failed},
        {"anomaly_checkpoints_damaged", n.detect.checkpoints_damaged}, {"forecast_looks", n.predict.looks},
        {"forecast_looks_at_once", n.predict.at_once}, {"forecast_series_surplus", n.predict.surplus},
        {"forecast_alerts", n.predict.raised}, {"forecast_alerts_settled", n.predict.settled},
        {"patterns_found", n.patterns.found}, {"patterns_left_out", n.patterns.left_out},
        {"checks_late", l->late}, {"check_results_lost", l->results_lost},
        {"vultr_requests", l->vultr->requests}, {"vultr_failures", l->vultr->failures},
        {"ingest_bytes_received", s.rx_bytes}, {"ingest_bytes_sent", s.tx_bytes},
    };
    static_assert(COUNT_OF(gauges) <= GAUGES_MAX, "one place for each gauge");
    for (uint32_t i = 0; i < COUNT_OF(gauges); i++)
        a->gauges[i] = gauges[i];
    api_self_gauges(a->api, a->gauges, COUNT_OF(gauges));
}

/* Hints follow the rules, and these change over the API, too. */
static void follow_rules(struct aggregator *a)
{
    char words[160];
    struct text why;
    text_init(&why, words, sizeof words);
    (void)set_settings(a, a->options, &why); /* what was good once is good again */
}

struct mono aggregator_step(struct aggregator *a, struct mono now)
{
    int conn;
    while ((conn = plat_next_ready(a->plat)) >= 0)
        dispatch(a, conn, now);
    struct mono next = ingest_step(a->ingest, now);
    if (a->demo != NULL)
        next = mono_earlier(next, demo_step(a->demo, now, plat_wall(a->plat)));
    next = mono_earlier(next, store_step(a->store, now));
    if (ingest_acknowledge(a->ingest))
        next = now;
    book_step(a->book);
    if (a->hinted != book_generation(a->book))
        follow_rules(a);
    /* before the api: an answer after a commit knows its alerts */
    next = mono_earlier(next, analysis_step(a->analysis, now, plat_wall(a->plat)));
    next = mono_earlier(next, forward_step(a->forward, now));
    next = mono_earlier(next, sentinel_step(a->sentinel, now));
    next = mono_earlier(next, api_step(a->api, now));
    if (a->https_listener >= 0 && mono_reached(now, a->certificate_due))
        look_at_certificate(a);
    if (mono_reached(now, a->gauges_due)) {
        publish_gauges(a);
        a->gauges_due = mono_on_beat(mono_after_ms(now, GAUGES_MS - MONO_BEAT_MS));
    }
    return next;
}

void aggregator_close(struct aggregator *a)
{
    if (store_commit(a->store) < 0)
        plat_log(a->plat, LOG_ERROR, "the last samples could not be written; agents keep them and "
                 "send them again");
    (void)ingest_acknowledge(a->ingest);
    analysis_close(a->analysis);
    ingest_close(a->ingest);
    api_close(a->api);
    store_close(a->store);
    const int listeners[] = {a->agents_listener, a->api_listener, a->https_listener, a->command_listener};
    for (uint32_t i = 0; i < COUNT_OF(listeners); i++)
        if (listeners[i] >= 0)
            plat_close(a->plat, listeners[i]);
}

const char *aggregator_agents_address(struct aggregator *a)
{
    return plat_peer_address(a->plat, a->agents_listener);
}

const char *aggregator_api_address(struct aggregator *a)
{
    return plat_peer_address(a->plat, a->api_listener);
}

const char *aggregator_https_address(struct aggregator *a)
{
    return a->https_listener < 0 ? NULL : plat_peer_address(a->plat, a->https_listener);
}
