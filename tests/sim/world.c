/* SPDX-License-Identifier: MIT */
/* Runs the programs of one seed: steps each machine whose time has come, moves the clock, buries the dead
 * and starts them again; see world.h. */
#include "tests/sim/world.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/sim/queries.h"

#define STEPS_AT_ONCE_MAX 20000U
#define AGENTS_ADDRESS "0.0.0.0:7443"
#define API_ADDRESS "0.0.0.0:8080"

static int64_t say_time_ms(struct world *w)
{
    return sim_now(w->sim) / NS_PER_MS;
}

void world_say(struct world *w, const char *format, ...)
{
    if (!w->options.talk)
        return;
    int64_t ms = say_time_ms(w);
    printf("%6lld.%03lld  ", (long long)(ms / 1000), (long long)(ms % 1000));
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

static void say_log(void *ctx, struct plat *p, enum log_level level, const char *line)
{
    static const char *const levels[] = {"error", "warning", "info", "debug"};
    world_say(ctx, "%s: %s: %s", sim_name(p), levels[level], line);
}

/* --- the aggregator --- */

static void free_aggregator(struct world *w)
{
    /* What SQLite still holds lies in this memory. */
    (void)sqlite3_shutdown();
    if (w->memory != NULL)
        munmap(w->memory, w->memory_size);
    free(w->map);
    w->memory = NULL;
    w->map = NULL;
    w->aggregator = NULL;
    w->aggregator_runs = false;
}

static void bury_aggregator(struct world *w, int64_t down_ns)
{
    free_aggregator(w);
    w->aggregator_restart_ns = sim_now(w->sim) + down_ns;
    w->seen.aggregator_deaths++;
}

void world_kill_aggregator(struct world *w, enum sim_death how, int64_t down_ns)
{
    bool asked = how == SIM_KILL && w->climate.polite && sim_chance(w->sim, 500);
    world_say(w, "-- the aggregator %s for %lld ms",
              asked ? "is asked to end" : how == SIM_KILL ? "is killed" : "loses power",
              (long long)(down_ns / NS_PER_MS));
    if (asked && w->aggregator_runs)
        aggregator_close(w->aggregator);
    sim_kill(w->house, how);
    bury_aggregator(w, down_ns);
}

static void start_aggregator(struct world *w)
{
    const struct aggregator_limits limits = {
        .agents_max = AGENTS_MAX,
        .series_max = 192,
        .histories_max = 2,
        .api_connections_max = 2,
        .websockets_max = 1,
        .api_bodies_max = 2,
        .api_body_size = 65536,
        .queries_max = 1,
        .analysed_max = 8,
        .database_size_max = UINT64_C(256) << 20,
        .ship_interval_ms = 10000,
        .certificate_life_s = INT64_C(90) * 86400,
    };
    const struct aggregator_options options = {
        .listen = AGENTS_ADDRESS, .api = API_ADDRESS, .api_token = "", .api_is_open = true,
        .hints = "cpu_usage>60,disk_usage_percent{mount=/}>10",
        .targets = &w->outlets.to, .target_count = 1};
    if (!sim_is_alive(w->house))
        sim_restart(w->house);
    w->map = calloc(1, sizeof *w->map);
    ASSERT(w->map != NULL);
    memory_map_init(w->map, NULL, 0);
    (void)aggregator_reserve(w->map, &limits);
    uint64_t size = w->map->used;
    w->memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT(w->memory != MAP_FAILED);
    w->memory_size = size;
    memory_map_init(w->map, w->memory, size);
    w->aggregator = aggregator_reserve(w->map, &limits);
    ASSERT(w->aggregator != NULL);
    char words[400];
    struct text why;
    text_init(&why, words, sizeof words);
    int e = aggregator_open(w->aggregator, w->house, w->map, &options, &why);
    w->aggregator_restart_ns = SIM_NEVER;
    w->aggregator_runs = true;
    if (e < 0 || !sim_is_alive(w->house)) {
        world_say(w, "-- the aggregator did not start (%d): %s", e, words);
        if (sim_is_alive(w->house) && (e == ERR_MALFORMED || w->calm))
            ledger_break(&w->ledger, "the aggregator does not start again: %s", words);
        sim_kill(w->house, SIM_KILL);
        bury_aggregator(w, 2 * NS_PER_S);
    }
}

static void step_aggregator(struct world *w)
{
    struct mono deadline = aggregator_step(w->aggregator, plat_mono(w->house));
    if (sim_is_alive(w->house)) {
        (void)plat_wait(w->house, deadline);
        return;
    }
    world_say(w, "-- the aggregator died in the middle of a step");
    bury_aggregator(w, (int64_t)(1 + sim_below(w->sim, w->climate.down_max_s * 1000)) * NS_PER_MS);
}

/* --- agents --- */

static void bury_agent(struct world *w, struct agent_node *n, int64_t down_ns)
{
    holdings_end(w, n);
    n->restart_ns = sim_now(w->sim) + down_ns;
}

void world_kill_agent(struct world *w, struct agent_node *n, enum sim_death how, int64_t down_ns)
{
    bool asked = how == SIM_KILL && w->climate.polite && sim_chance(w->sim, 500);
    world_say(w, "-- %s %s for %lld ms", sim_name(n->plat),
              asked ? "is asked to end" : how == SIM_KILL ? "is killed" : "loses power",
              (long long)(down_ns / NS_PER_MS));
    if (asked && n->restart_ns == SIM_NEVER && n->down_ns == 0) {
        agent_end(n->agent, plat_mono(n->plat));
        holdings_watch(w, n);
        if (sim_is_alive(n->plat)) {
            n->down_ns = down_ns; /* step_agent buries it when it is done */
            (void)plat_wait(n->plat, plat_mono(n->plat));
        } else {
            bury_agent(w, n, down_ns); /* a kill was due: it did not get to its end */
        }
        return;
    }
    sim_kill(n->plat, how);
    bury_agent(w, n, down_ns);
}

static void start_agent(struct world *w, struct agent_node *n)
{
    if (!sim_is_alive(n->plat))
        sim_restart(n->plat);
    n->restart_ns = SIM_NEVER;
    n->down_ns = 0;
    memset(n->agent, 0, sizeof *n->agent);
    int e = agent_init(n->agent, n->plat, &n->config);
    if (e < 0) {
        /* A power cut in the middle of joining may leave a part of the files behind. */
        ledger_break(&w->ledger, "%s does not start: error %d", sim_name(n->plat), e);
        return;
    }
    (void)plat_wait(n->plat, plat_mono(n->plat));
    holdings_start(n);
    ring_init(&n->agent->ring, n->agent->ring_bytes, w->climate.ring_size);
    holdings_watch(w, n);
    join_begins(w, n);
}

static void step_agent(struct world *w, struct agent_node *n)
{
    struct mono deadline = agent_step(n->agent, plat_mono(n->plat));
    holdings_watch(w, n);
    join_watch(w, n);
    if (n->down_ns != 0 && sim_is_alive(n->plat) && agent_is_done(n->agent, plat_mono(n->plat))) {
        agent_close(n->agent);
        holdings_watch(w, n);
        world_say(w, "-- %s has ended", sim_name(n->plat));
        sim_kill(n->plat, SIM_KILL);
        bury_agent(w, n, n->down_ns);
        return;
    }
    if (sim_is_alive(n->plat)) {
        (void)plat_wait(n->plat, deadline);
        return;
    }
    world_say(w, "-- %s died in the middle of a step", sim_name(n->plat));
    bury_agent(w, n, (int64_t)(1 + sim_below(w->sim, w->climate.down_max_s * 1000)) * NS_PER_MS);
}

/* --- the house --- */

static void build(struct world *w)
{
    w->sim = sim_new(w->options.seed);
    sim_proc_brief(w->sim, true);
    sim_tap(w->sim, watch_tap, w);
    if (w->options.talk)
        sim_log_to(w->sim, say_log, w);
    ledger_init(&w->ledger);
    w->house = sim_machine(w->sim, "aggregator");
    w->inspector = sim_machine(w->sim, "inspector");
    (void)plat_wait(w->inspector, MONO_NEVER);
    outlets_open(w);
    start_aggregator(w);
    if (w->ledger.broken)
        return;
    ASSERT(w->aggregator_runs);
    for (uint32_t i = 0; i < w->options.agents; i++) {
        struct agent_node *n = &w->agents[i];
        char name[24];
        snprintf(name, sizeof name, "agent-%u", i + 1);
        n->plat = sim_machine(w->sim, name);
        (void)plat_wait(n->plat, MONO_NEVER);
        n->agent = calloc(1, sizeof *n->agent);
        ASSERT(n->agent != NULL);
        n->restart_ns = (int64_t)sim_below(w->sim, 20000) * NS_PER_MS;
        join_prepare(w, n);
    }
    thief_prepare(w);
}

/* Everybody who is due does one step. */
static bool step_everybody(struct world *w)
{
    bool stepped = false;
    int64_t now_ns = sim_now(w->sim);
    if (w->aggregator_restart_ns <= now_ns)
        start_aggregator(w);
    if (w->aggregator_runs && sim_due(w->house)) {
        step_aggregator(w);
        stepped = true;
    }
    for (uint32_t i = 0; i < w->options.agents; i++) {
        struct agent_node *n = &w->agents[i];
        if (n->restart_ns <= now_ns)
            start_agent(w, n);
        if (n->restart_ns == SIM_NEVER && sim_due(n->plat)) {
            step_agent(w, n);
            stepped = true;
        }
    }
    return thief_step(w) || stepped;
}

static int64_t next_start(const struct world *w)
{
    int64_t next_ns = w->aggregator_restart_ns;
    if (w->thief.restart_ns < next_ns)
        next_ns = w->thief.restart_ns;
    for (uint32_t i = 0; i < w->options.agents; i++)
        if (w->agents[i].restart_ns < next_ns)
            next_ns = w->agents[i].restart_ns;
    return next_ns;
}

static void run_until(struct world *w, int64_t end_ns)
{
    uint32_t steps_at_once = 0;
    while (!w->ledger.broken) {
        int64_t next_ns = sim_next_due(w->sim), weather_ns = weather_step(w), start_ns = next_start(w);
        int64_t push_ns = pushes_step(w);
        next_ns = weather_ns < next_ns ? weather_ns : next_ns;
        next_ns = start_ns < next_ns ? start_ns : next_ns;
        next_ns = push_ns < next_ns ? push_ns : next_ns;
        if (next_ns >= end_ns) {
            sim_advance_to(w->sim, end_ns);
            return;
        }
        if (next_ns > sim_now(w->sim)) {
            sim_advance_to(w->sim, next_ns);
            steps_at_once = 0;
        }
        while (step_everybody(w) && !w->ledger.broken) {
            w->seen.steps++;
            if (++steps_at_once > STEPS_AT_ONCE_MAX)
                ledger_break(&w->ledger, "the programs go on and on without waiting");
        }
    }
}

bool world_run(struct world *w, const struct options *options)
{
    w->options = *options;
    build(w);
    if (!w->ledger.broken) {
        weather_draw(w);
        run_until(w, (int64_t)options->seconds * NS_PER_S);
        weather_calm(w);
        run_until(w, (int64_t)(options->seconds + CALM_SECONDS) * NS_PER_S);
    }
    if (!w->ledger.broken && !w->aggregator_runs)
        ledger_break(&w->ledger, "law 3: after %d s of calm the aggregator does not run", CALM_SECONDS);
    if (!w->ledger.broken)
        join_judge(w);
    if (!w->ledger.broken) {
        struct answers *answers = queries_ask(w);
        /* In one half of the worlds the judge finds the files of a killed program. */
        if (sim_chance(w->sim, 500))
            aggregator_close(w->aggregator);
        sim_kill(w->house, SIM_KILL);
        free_aggregator(w);
        laws_judge(w);
        queries_judge(w, answers);
    }
    return !w->ledger.broken;
}

void world_free(struct world *w)
{
    free_aggregator(w);
    for (uint32_t i = 0; i < w->options.agents; i++)
        free(w->agents[i].agent);
    free(w->thief.agent);
    ledger_free(&w->ledger);
    sim_free(w->sim);
}
