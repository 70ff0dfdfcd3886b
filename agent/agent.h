/* SPDX-License-Identifier: MIT */
/* The agent, whole: one struct, one step.
 *
 *     /proc ──► collect ──► block builder ──► ring ──► uplink ──► aggregator
 *    others ──► inputs ───────┘                │         ▲
 *                                              └► spool ─┘      in an outage, and after it
 *
 * Samples are taken at a fixed phase of the monotonic clock; a moment that was missed (a suspended
 * machine) is skipped and not made up for. Sequence numbers count the samples that were taken. */
#ifndef NEPHOS_AGENT_H
#define NEPHOS_AGENT_H

#include "agent/block_builder.h"
#include "agent/cloud/metadata.h"
#include "agent/collect/collect.h"
#include "agent/config.h"
#include "agent/hints.h"
#include "agent/identity.h"
#include "agent/inputs/inputs.h"
#include "agent/limits.h"
#include "agent/ring.h"
#include "agent/sample.h"
#include "agent/series.h"
#include "agent/spool.h"
#include "agent/uplink.h"
#include "platform/base/memory_map.h"

struct agent {
    struct plat *plat;
    char server[CONFIG_SERVER_SIZE]; /* HOST:PORT */
    uint32_t own_levels[3];          /* of our own hints: cpu, memory, disk in percent */
    int64_t interval_ms;
    int64_t own_interval_ms;      /* as configured */
    struct mono sample_at;
    bool spool_described;
    uint64_t samples_skipped;     /* moments that were missed */
    bool is_ending;
    struct mono end_at;
    struct identity identity;
    struct metadata metadata;     /* -> identity, before the first connection */

    struct collect collect;
    struct series series;         /* collect -> uplink: what the slots mean */
    struct inputs inputs;         /* StatsD, *.prom files, health check */
    struct sample sample;         /* collect, inputs -> builder */
    struct block_builder builder; /* -> ring */
    struct ring ring;             /* -> uplink */
    struct spool spool;           /* uplink -> disk -> uplink */
    struct hints hints;           /* uplink -> here: what cannot wait */
    struct uplink uplink;

    _Alignas(16) uint8_t scratch[SCRATCH_SIZE];
    uint8_t ring_bytes[RING_SIZE];
};
static_assert(sizeof(struct agent) <= AGENT_MEMORY_MAX, "agent/limits.h: over budget");

/* `config` has passed config_check() and outlives the agent. ERR_OK, or an error after having said why:
 * ERR_MISSING when the agent has not joined and there is no token, ERR_MALFORMED when what is in the state
 * directory is damaged, ERR_BUSY when another agent uses it. */
int agent_init(struct agent *a, struct plat *p, const struct config *config);
/* Everything that is due now; returns when to come back if nothing happens before. */
struct mono agent_step(struct agent *a, struct mono now);
/* Settings that may change while the agent runs (config_is_live), with `config` the one of agent_init(). */
void agent_apply(struct agent *a, const struct config *config, struct mono now);
/* What has been sampled is sealed and sent now, without waiting for the next shipment. */
void agent_flush(struct agent *a, struct mono now);
/* No more samples; what was taken is shipped. Then step on until agent_is_done(). The second call ends
 * the waiting. */
void agent_end(struct agent *a, struct mono now);
/* Nothing is left to do: ended in order, or agent_has_failed(). */
bool agent_is_done(const struct agent *a, struct mono now);
/* The aggregator has refused for good to let this agent join. */
bool agent_has_failed(const struct agent *a);
/* Closes the connection and says whether samples are left behind. */
void agent_close(struct agent *a);
/* The agent's memory line by line, for a map that only counts. */
void agent_memory(struct memory_map *m);

#endif
