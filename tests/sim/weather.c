/* SPDX-License-Identifier: MIT */
/* The weather: each seed draws a climate, in which some faults never come and others come often, and the
 * climate then draws its faults. */
#include "tests/sim/queries.h"

enum kind {
    PARTITION, STALL, RESET, KILL_AGENT, KILL_AGGREGATOR, POWER_AGENT, POWER_AGGREGATOR, DISK_FULL,
    DISK_FAIL, AGENT_DISK, CLOCK, SLOW, LOOK, JOIN_BREAK, KIND_COUNT
};
static_assert(KIND_COUNT <= 16, "w->weather_ns has a place for each");

static int64_t seconds(struct world *w, uint32_t max)
{
    return (int64_t)(1 + sim_below(w->sim, max == 0 ? 1 : max)) * NS_PER_S;
}

/* Off in two seeds of five; otherwise rare, common or frequent. */
static uint32_t mean_seconds(struct world *w, uint32_t common_s)
{
    if (sim_chance(w->sim, 400))
        return 0;
    static const uint32_t permille[] = {200, 1000, 1000, 4000};
    return common_s * permille[sim_below(w->sim, COUNT_OF(permille))] / 1000 + 1;
}

static uint32_t mean_of(const struct climate *c, enum kind kind)
{
    switch (kind) {
    case PARTITION: return c->partition_s;
    case STALL: return c->stall_s;
    case RESET: return c->reset_s;
    case KILL_AGENT: return c->kill_agent_s;
    case KILL_AGGREGATOR: return c->kill_aggregator_s;
    case POWER_AGENT: return c->power_agent_s;
    case POWER_AGGREGATOR: return c->power_aggregator_s;
    case DISK_FULL: return c->disk_full_s;
    case DISK_FAIL: return c->disk_fail_s;
    case AGENT_DISK: return c->agent_disk_s;
    case CLOCK: return c->clock_s;
    case SLOW: return c->slow_s;
    case LOOK: return c->look_s;
    case JOIN_BREAK: return c->join_break_s;
    case KIND_COUNT: break;
    }
    return 0;
}

static void schedule(struct world *w, enum kind kind)
{
    uint32_t mean_s = mean_of(&w->climate, kind);
    w->weather_ns[kind] =
        mean_s == 0 ? SIM_NEVER
                    : sim_now(w->sim) + (int64_t)sim_below(w->sim, (uint64_t)mean_s * 2000) * NS_PER_MS;
}

/* The line of one machine: clean, bumpy, or bad. */
static void draw_line(struct world *w, struct sim_weather *line)
{
    line->latency_min_ns = (int64_t)(1 + sim_below(w->sim, 20)) * NS_PER_MS / 2;
    line->latency_max_ns = line->latency_min_ns * (int64_t)(1 + sim_below(w->sim, 8));
    line->spike_permille = sim_chance(w->sim, 500) ? (uint32_t)sim_below(w->sim, 50) : 0;
    line->spike_max_ns = seconds(w, 20);
    line->split_permille = sim_chance(w->sim, 600) ? (uint32_t)sim_below(w->sim, 1000) : 0;
    line->partial_permille = sim_chance(w->sim, 600) ? (uint32_t)sim_below(w->sim, 1000) : 0;
    line->window = sim_chance(w->sim, 300) ? 500 + (uint32_t)sim_below(w->sim, 8000) : SIM_WINDOW_MAX;
    line->bytes_per_second = sim_chance(w->sim, 200) ? 2000 + (uint32_t)sim_below(w->sim, 50000) : 0;
    line->connect_timeout_ns = seconds(w, 15);
    line->unsynced_lost_permille = (uint32_t)sim_below(w->sim, 1001);
    line->unsynced_torn_permille = (uint32_t)sim_below(w->sim, 1001);
}

/* Its disk keeps what it wrote half a minute ago: the kernel has written it back. */
static void draw_agent_line(struct world *w, struct plat *p)
{
    draw_line(w, sim_weather(p));
    sim_weather(p)->writeback_ns = 35 * NS_PER_S;
}

/* None; one that an outage outlasts; one that holds them all. */
static uint32_t draw_spool_size(struct world *w)
{
    if (sim_chance(w->sim, 150))
        return 0;
    if (sim_chance(w->sim, 250))
        return SPOOL_SIZE_MIN;
    return SPOOL_SEGMENTS_LEAST * (8192U + (uint32_t)sim_below(w->sim, 16384));
}

void weather_draw(struct world *w)
{
    struct climate *c = &w->climate;
    uint32_t agents = w->options.agents;
    *c = (struct climate){
        .partition_s = mean_seconds(w, 900),
        .stall_s = mean_seconds(w, 900),
        .reset_s = mean_seconds(w, 120),
        .kill_agent_s = mean_seconds(w, 4800 / agents),
        .kill_aggregator_s = mean_seconds(w, 900),
        .power_agent_s = mean_seconds(w, 9600 / agents),
        .power_aggregator_s = mean_seconds(w, 1200),
        .disk_full_s = mean_seconds(w, 2400),
        .disk_fail_s = mean_seconds(w, 300),
        .agent_disk_s = mean_seconds(w, 1200),
        .clock_s = mean_seconds(w, 1200),
        .slow_s = mean_seconds(w, 1800),
        .look_s = mean_seconds(w, 1800),
        .join_break_s = sim_chance(w->sim, 300) ? 1 + (uint32_t)sim_below(w->sim, 10) : 0,
        .join_death_permille = sim_chance(w->sim, 400) ? (uint32_t)sim_below(w->sim, 800) : 0,
        .partition_max_s = sim_chance(w->sim, 500) ? 30 : 3000,
        .down_max_s = sim_chance(w->sim, 500) ? 5 : 900,
        .disk_full_max_s = sim_chance(w->sim, 500) ? 30 : 1200,
        .ring_size = 12000 + (uint32_t)sim_below(w->sim, 120000),
        .spool_size = draw_spool_size(w),
        .doom = sim_chance(w->sim, 700),
        .polite = sim_chance(w->sim, 300),
        .drift_ppm_max = sim_chance(w->sim, 500) ? 200 : 0,
    };
    draw_line(w, sim_weather(w->house));
    for (uint32_t i = 0; i < agents; i++) {
        struct plat *p = w->agents[i].plat;
        draw_agent_line(w, p);
        w->agents[i].config.spool_size = c->spool_size;
        w->agents[i].disk_until_ns = SIM_NEVER;
        if (c->drift_ppm_max != 0)
            sim_wall_drift(p, (int32_t)sim_below(w->sim, 2U * (uint32_t)c->drift_ppm_max) - c->drift_ppm_max);
        if (sim_chance(w->sim, 300)) /* a wrong clock from the start */
            sim_wall_jump(p, (int64_t)sim_below(w->sim, 200000) * NS_PER_S - 100000 * NS_PER_S);
    }
    for (uint32_t kind = 0; kind < KIND_COUNT; kind++)
        schedule(w, (enum kind)kind);
    w->disk_full_until_ns = SIM_NEVER;
}

/* --- faults --- */

static struct agent_node *any_agent(struct world *w)
{
    return &w->agents[sim_below(w->sim, w->options.agents)];
}

static void make_partition(struct world *w)
{
    struct plat *one = sim_chance(w->sim, 300) ? NULL : any_agent(w)->plat;
    int64_t until_ns = sim_now(w->sim) + seconds(w, w->climate.partition_max_s);
    world_say(w, "-- %s cannot reach the aggregator for %lld s", one ? sim_name(one) : "everybody",
              (long long)((until_ns - sim_now(w->sim)) / NS_PER_S));
    sim_partition(w->sim, w->house, one, until_ns);
    w->seen.partitions++;
}

static void make_stall(struct world *w)
{
    struct plat *agent = any_agent(w)->plat;
    int64_t until_ns = sim_now(w->sim) + seconds(w, w->climate.partition_max_s / 4);
    bool to_agent = sim_chance(w->sim, 500);
    world_say(w, "-- nothing gets %s %s", to_agent ? "to" : "from", sim_name(agent));
    sim_stall(w->sim, to_agent ? w->house : agent, to_agent ? agent : w->house, until_ns);
}

static void make_reset(struct world *w)
{
    struct plat *p = sim_chance(w->sim, 100) ? w->house : any_agent(w)->plat;
    world_say(w, "-- connections of %s break", sim_name(p));
    w->seen.resets += sim_reset_connections(p);
}

static void make_death(struct world *w, bool aggregator, enum sim_death how)
{
    int64_t down_ns = seconds(w, w->climate.down_max_s) - (int64_t)sim_below(w->sim, 1000) * NS_PER_MS;
    struct agent_node *n = any_agent(w);
    struct plat *p = aggregator ? w->house : n->plat;
    if (!sim_is_alive(p))
        return;
    if (how == SIM_POWER_CUT)
        w->seen.power_cuts++;
    else
        w->seen.kills++;
    if (w->climate.doom && sim_chance(w->sim, 700)) {
        uint32_t effects = (uint32_t)sim_below(w->sim, aggregator ? 40 : 8);
        world_say(w, "-- %s will %s after %u more effects", sim_name(p),
                  how == SIM_KILL ? "be killed" : "lose power", effects);
        sim_doom(p, effects, how);
        return; /* world.c sees that it is dead after the step */
    }
    if (aggregator)
        world_kill_aggregator(w, how, down_ns);
    else
        world_kill_agent(w, n, how, down_ns);
}

static void make_disk_full(struct world *w)
{
    world_say(w, "-- the aggregator's disk is full");
    sim_disk_full(w->house, true);
    w->disk_full_until_ns = sim_now(w->sim) + seconds(w, w->climate.disk_full_max_s);
    w->seen.disk_faults++;
}

static void make_disk_fail(struct world *w)
{
    uint32_t good = (uint32_t)sim_below(w->sim, 50), bad = 1 + (uint32_t)sim_below(w->sim, 5);
    world_say(w, "-- the aggregator's disk fails %u writes after %u", bad, good);
    sim_disk_fail(w->house, good, bad);
    w->seen.disk_faults++;
}

/* For one write, or until it is mended: an agent's disk fails or is read-only. */
static void make_agent_disk(struct world *w)
{
    struct agent_node *n = any_agent(w);
    bool is_long = sim_chance(w->sim, 500);
    uint32_t good = (uint32_t)sim_below(w->sim, 20);
    world_say(w, "-- the disk of %s fails %s", sim_name(n->plat), is_long ? "for long" : "a little");
    sim_disk_fail(n->plat, good, is_long ? UINT32_MAX : 1 + (uint32_t)sim_below(w->sim, 3));
    n->disk_until_ns = sim_now(w->sim) + seconds(w, is_long ? w->climate.disk_full_max_s : 60);
    w->seen.disk_faults++;
}

static void mend_agent_disks(struct world *w, int64_t now_ns, int64_t *next_ns)
{
    for (uint32_t i = 0; i < w->options.agents; i++) {
        struct agent_node *n = &w->agents[i];
        if (n->disk_until_ns <= now_ns) {
            sim_disk_fail(n->plat, 0, 0);
            n->disk_until_ns = SIM_NEVER;
        }
        *next_ns = n->disk_until_ns < *next_ns ? n->disk_until_ns : *next_ns;
    }
}

static void make_clock(struct world *w)
{
    struct plat *p = sim_chance(w->sim, 200) ? w->house : any_agent(w)->plat;
    int64_t s = (int64_t)sim_below(w->sim, sim_chance(w->sim, 500) ? 20 : 20000);
    if (sim_chance(w->sim, 500))
        s = -s;
    world_say(w, "-- the clock of %s jumps by %lld s", sim_name(p), (long long)s);
    sim_wall_jump(p, s * NS_PER_S);
}

static void make_look(struct world *w)
{
    uint32_t agent = (uint32_t)sim_below(w->sim, w->options.agents);
    world_say(w, "-- somebody looks at %s", sim_name(w->agents[agent].plat));
    queries_watch(w, agent, 30 + (uint32_t)sim_below(w->sim, 300));
}

static void make_join_break(struct world *w)
{
    if (!join_break(w))
        w->climate.join_break_s = 0; /* all have joined */
}

static void make(struct world *w, enum kind kind)
{
    switch (kind) {
    case PARTITION: make_partition(w); break;
    case STALL: make_stall(w); break;
    case RESET: make_reset(w); break;
    case KILL_AGENT: make_death(w, false, SIM_KILL); break;
    case KILL_AGGREGATOR: make_death(w, true, SIM_KILL); break;
    case POWER_AGENT: make_death(w, false, SIM_POWER_CUT); break;
    case POWER_AGGREGATOR: make_death(w, true, SIM_POWER_CUT); break;
    case DISK_FULL: make_disk_full(w); break;
    case DISK_FAIL: make_disk_fail(w); break;
    case AGENT_DISK: make_agent_disk(w); break;
    case CLOCK: make_clock(w); break;
    case SLOW: draw_agent_line(w, any_agent(w)->plat); break;
    case LOOK: make_look(w); break;
    case JOIN_BREAK: make_join_break(w); break;
    case KIND_COUNT: break;
    }
}

int64_t weather_step(struct world *w)
{
    int64_t now_ns = sim_now(w->sim), next_ns = SIM_NEVER;
    if (w->disk_full_until_ns <= now_ns) {
        world_say(w, "-- the aggregator's disk has room again");
        sim_disk_full(w->house, false);
        w->disk_full_until_ns = SIM_NEVER;
    }
    mend_agent_disks(w, now_ns, &next_ns);
    for (uint32_t kind = 0; kind < KIND_COUNT && !w->calm; kind++) {
        if (w->weather_ns[kind] <= now_ns) {
            make(w, (enum kind)kind);
            schedule(w, (enum kind)kind);
        }
        if (w->weather_ns[kind] < next_ns)
            next_ns = w->weather_ns[kind];
    }
    return w->disk_full_until_ns < next_ns ? w->disk_full_until_ns : next_ns;
}

void weather_calm(struct world *w)
{
    static const struct sim_weather fine = {
        .latency_min_ns = NS_PER_MS,
        .latency_max_ns = 3 * NS_PER_MS,
        .window = SIM_WINDOW_MAX,
        .connect_timeout_ns = 10 * NS_PER_S,
        .writeback_ns = 35 * NS_PER_S,
    };
    world_say(w, "-- calm");
    w->calm = true;
    w->calm_ns = sim_now(w->sim);
    w->disk_full_until_ns = SIM_NEVER;
    sim_heal(w->sim);
    outlets_calm(w);
    sim_disk_full(w->house, false);
    sim_disk_fail(w->house, 0, 0);
    sim_spare(w->house);
    *sim_weather(w->house) = fine;
    sim_weather(w->house)->writeback_ns = 0; /* it syncs itself what matters */
    /* Who is down comes back. */
    int64_t soon_ns = sim_now(w->sim) + 5 * NS_PER_S;
    if (!w->aggregator_runs && w->aggregator_restart_ns > soon_ns)
        w->aggregator_restart_ns = soon_ns;
    for (uint32_t i = 0; i < w->options.agents; i++) {
        struct agent_node *n = &w->agents[i];
        sim_spare(n->plat);
        sim_disk_fail(n->plat, 0, 0);
        n->disk_until_ns = SIM_NEVER;
        *sim_weather(n->plat) = fine;
        if (n->restart_ns != SIM_NEVER && n->restart_ns > soon_ns)
            n->restart_ns = soon_ns;
    }
}
