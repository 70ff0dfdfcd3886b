/* SPDX-License-Identifier: MIT */
/* Joining under bad weather. Every agent has a token of its own, good for one use. In some seeds both
 * sides die, and connections break, just while an agent joins; and in all of them a thief comes with the
 * token of the first agent, after it was used. Judged here:
 *
 *  6  an agent with a good token is never refused, and joins; nobody else ever joins with that token
 */
#include "tests/sim/world.h"

#include <stdlib.h>
#include <string.h>

#include "aggregator/access/token.h"

#define CENTURY_MS (INT64_C(100) * 365 * 86400 * 1000)
/* Sends and writes from the start of a process to its certificate, and some more. */
#define AGENT_EFFECTS_MAX 10U
#define AGGREGATOR_EFFECTS_MAX 30U

void join_prepare(struct world *w, struct agent_node *n)
{
    struct settings settings;
    config_init(&settings, &n->config);
    (void)text_copy(n->config.server, sizeof n->config.server, "aggregator:7443");
    int e = token_create(w->house, 1, CENTURY_MS, n->config.token);
    ASSERT(e == ERR_OK);
}

static bool has_joined(const struct agent_node *n)
{
    return n->agent->uplink.is_enrolled;
}

static enum sim_death any_death(struct world *w)
{
    return sim_chance(w->sim, 500) ? SIM_KILL : SIM_POWER_CUT;
}

void join_begins(struct world *w, struct agent_node *n)
{
    if (w->calm || has_joined(n))
        return;
    if (sim_chance(w->sim, w->climate.join_death_permille)) {
        world_say(w, "-- %s will not live to join", sim_name(n->plat));
        sim_doom(n->plat, (uint32_t)sim_below(w->sim, AGENT_EFFECTS_MAX), any_death(w));
    }
    if (w->aggregator_runs && sim_chance(w->sim, w->climate.join_death_permille / 2)) {
        world_say(w, "-- the aggregator will die while %s joins", sim_name(n->plat));
        sim_doom(w->house, (uint32_t)sim_below(w->sim, AGGREGATOR_EFFECTS_MAX), any_death(w));
    }
}

bool join_break(struct world *w)
{
    bool all = true;
    for (uint32_t i = 0; i < w->options.agents; i++) {
        struct agent_node *n = &w->agents[i];
        if (has_joined(n))
            continue;
        all = false;
        if (n->restart_ns == SIM_NEVER)
            w->seen.resets += sim_reset_connections(n->plat);
    }
    return !all;
}

void join_watch(struct world *w, const struct agent_node *n)
{
    if (agent_has_failed(n->agent))
        ledger_break(&w->ledger, "law 6: %s is refused, but its token is good", sim_name(n->plat));
}

/* --- the thief --- */

void thief_prepare(struct world *w)
{
    struct agent_node *n = &w->thief;
    n->plat = sim_machine(w->sim, "thief");
    n->agent = calloc(1, sizeof *n->agent);
    ASSERT(n->agent != NULL);
    n->config = w->agents[0].config;
    n->restart_ns = (int64_t)sim_below(w->sim, 600) * NS_PER_S;
    (void)plat_wait(n->plat, MONO_NEVER);
}

/* Comes under its own name, or under that of the agent whose token it has. */
static void start_thief(struct world *w)
{
    struct agent_node *n = &w->thief;
    n->config.id[0] = '\0';
    if (sim_chance(w->sim, 500))
        (void)text_copy(n->config.id, sizeof n->config.id, w->agents[0].agent->identity.id);
    if (!sim_is_alive(n->plat))
        sim_restart(n->plat);
    memset(n->agent, 0, sizeof *n->agent);
    int e = agent_init(n->agent, n->plat, &n->config);
    if (e < 0)
        ledger_break(&w->ledger, "the thief does not start: error %d", e);
    n->restart_ns = SIM_NEVER;
    (void)plat_wait(n->plat, plat_mono(n->plat));
}

bool thief_step(struct world *w)
{
    struct agent_node *n = &w->thief;
    if (n->restart_ns <= sim_now(w->sim)) {
        if (has_joined(&w->agents[0]))
            start_thief(w);
        else /* it is a good token still */
            n->restart_ns += 60 * NS_PER_S;
    }
    if (n->restart_ns != SIM_NEVER || !sim_due(n->plat))
        return false;
    (void)plat_wait(n->plat, agent_step(n->agent, plat_mono(n->plat)));
    if (has_joined(n))
        ledger_break(&w->ledger, "law 6: a thief has joined with the used token of %s",
                     sim_name(w->agents[0].plat));
    if (agent_has_failed(n->agent)) {
        w->seen.thieves++;
        sim_kill(n->plat, SIM_KILL);
        n->restart_ns = sim_now(w->sim) + (int64_t)(1 + sim_below(w->sim, 3600)) * NS_PER_S;
    }
    return true;
}

void join_judge(struct world *w)
{
    for (uint32_t i = 0; i < w->options.agents; i++)
        if (!has_joined(&w->agents[i]))
            ledger_break(&w->ledger, "law 6: after %d s of calm %s has not joined", CALM_SECONDS,
                         sim_name(w->agents[i].plat));
    if (w->seen.thieves == 0)
        ledger_break(&w->ledger, "law 6: the thief was never refused");
}
