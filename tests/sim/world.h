/* SPDX-License-Identifier: MIT */
/* One simulated house: an aggregator and its agents, all real, the weather over them and the judge.
 *
 * world.c runs the programs, weather.c makes trouble, join.c makes it while agents join, watch.c looks at
 * what agents are told and holdings.c at what they have, laws.c and queries.c judge at the end. */
#ifndef NEPHOS_TESTS_SIM_WORLD_H
#define NEPHOS_TESTS_SIM_WORLD_H

#include "agent/agent.h"
#include "aggregator/aggregator.h"
#include "platform/sim/sim.h"
#include "proto/wire.h"
#include "tests/sim/ledger.h"
#include "tests/sim/outlets.h"
#include "tests/sim/pushes.h"

#define AGENTS_MAX 16U
#define CALM_SECONDS 900
/* Samples that may still be on their way after it: two shipments. */
#define HELD_AFTER_CALM_MAX 25U

struct options {
    uint64_t seed;
    uint32_t agents;
    uint32_t seconds; /* of weather; calm follows */
    bool talk;        /* a readable log on standard output */
};

/* What the weather of one seed is made of: 0 turns a fault off, otherwise the mean seconds between two. */
struct climate {
    uint32_t partition_s, stall_s, reset_s, kill_agent_s, kill_aggregator_s, power_agent_s,
        power_aggregator_s, disk_full_s, disk_fail_s, agent_disk_s, clock_s, slow_s, look_s, join_break_s;
    uint32_t partition_max_s, down_max_s, disk_full_max_s;
    uint32_t join_death_permille; /* of the starts of agents that have not joined */
    uint32_t ring_size;   /* of agents: partitions may outlast it */
    uint32_t spool_size;  /* and this, which may be 0 */
    bool doom;        /* deaths come in the middle of a step */
    bool polite;      /* the aggregator is asked to end now and then */
    int32_t drift_ppm_max;
};

struct agent_node {
    struct plat *plat;
    struct agent *agent;
    struct config config;
    struct epoch_record *record; /* of the running process; NULL before its first sample */
    struct epoch_record *newest; /* of the machine */
    uint16_t process;            /* how many there have been */
    uint32_t boot;               /* of the process before */
    uint32_t cut_s;              /* second of the power cut before this process; 0: it was killed */
    bool spool_seen;             /* this process has found what was on disk */
    uint64_t given_up_count;     /* of the ring, at the end of the last step */
    uint64_t uncertain;          /* samples that a power cut may have left half on disk */
    int64_t disk_until_ns;       /* its disk is broken until then */
    int64_t restart_ns;          /* SIM_NEVER while it runs */
    int64_t down_ns;             /* asked to end: so long it stays away afterwards; 0 not asked */
    /* frames that it receives */
    uint64_t connection;
    uint8_t bytes[FRAME_HEADER_SIZE + WIRE_REPLY_MAX];
    uint32_t byte_count;
};

/* What an agent holds, from its own books. */
struct agent_view {
    uint64_t epoch, taken, ring_from, given_up_count, lost_count, in_doubt_count;
    /* of its spool: the oldest block and the newest; epoch 0: it is empty */
    uint64_t spool_samples, oldest_epoch, oldest_sequence, newest_epoch, newest_sequence;
};

struct world {
    struct options options;
    struct sim_world *sim;
    struct ledger ledger;
    struct climate climate;
    int64_t weather_ns[16];      /* when the next fault of each kind comes */
    int64_t disk_full_until_ns;
    bool calm;
    int64_t calm_ns;             /* since then */

    struct plat *house;          /* the aggregator's machine */
    struct aggregator *aggregator;
    struct memory_map *map;
    void *memory;
    uint64_t memory_size;
    bool aggregator_runs;
    int64_t aggregator_restart_ns;
    struct plat *inspector;

    struct agent_node agents[AGENTS_MAX];
    struct agent_node thief;
    struct pushes pushes;
    struct outlets outlets;

    /* what was reached, for the line at the end */
    struct {
        uint64_t steps, taken, stored, acked, lost, epochs, resets, partitions, kills, power_cuts,
            aggregator_deaths, disk_faults, welcomes, thieves, histories, spooled, survived, waited;
    } seen;
};

/* Runs one seed. False when a law was broken: w->ledger.failure says which. */
bool world_run(struct world *w, const struct options *options);
void world_free(struct world *w);
void world_say(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void world_kill_agent(struct world *w, struct agent_node *n, enum sim_death how, int64_t down_ns);
void world_kill_aggregator(struct world *w, enum sim_death how, int64_t down_ns);

/* weather.c */
void weather_draw(struct world *w);
/* Makes what is due; when the next is. */
int64_t weather_step(struct world *w);
void weather_calm(struct world *w);

/* join.c */
/* Server and token of an agent. */
void join_prepare(struct world *w, struct agent_node *n);
/* The agent's process has started. */
void join_begins(struct world *w, struct agent_node *n);
/* Breaks the connections of all who have not joined; false when there is none. */
bool join_break(struct world *w);
void join_watch(struct world *w, const struct agent_node *n);
void join_judge(struct world *w);
void thief_prepare(struct world *w);
bool thief_step(struct world *w); /* true when it did something */

/* watch.c */
void watch_tap(void *ctx, struct plat *p, uint64_t connection, const uint8_t *bytes, uint32_t size);
struct agent_node *watch_node(struct world *w, const struct plat *p);

/* holdings.c */
void holdings_look(const struct agent *a, struct agent_view *v);
/* After each step of an agent: what it took, what came to disk, what left. */
void holdings_watch(struct world *w, struct agent_node *n);
/* A process begins, and what it has in memory dies. */
void holdings_start(struct agent_node *n);
void holdings_end(struct world *w, struct agent_node *n);

/* laws.c */
void laws_judge(struct world *w);

#endif
