/* SPDX-License-Identifier: MIT */
/* One session per agent: bytes -> messages -> store, acknowledgements back after commit.
 *
 * A session without a verified certificate may only enrol. Every slot has deadlines for its first
 * message and for silence; a hostile or broken peer costs its own slot and a counter. */
#ifndef NEPHOS_INGEST_H
#define NEPHOS_INGEST_H

#include "aggregator/store/store.h"

struct ingest_limits {
    uint32_t sessions_max;
    uint32_t instances_max;            /* as the store's */
    uint32_t connections_max;          /* of the platform: connection numbers are below this */
    uint32_t large_frames_max;         /* frames over 4 KiB that are received at one time */
    uint32_t ship_interval_ms;         /* what Welcome tells agents */
    uint32_t watched_ship_interval_ms; /* while somebody looks */
    int64_t certificate_life_s;        /* of agents, from signing on */
};

/* A sample that reaches the level is shipped at once. */
struct ingest_hint {
    char metric[METRIC_SIZE];
    char tag[TAG_SIZE];  /* "": any */
    int64_t level;       /* as stored: value times the metric's scale */
    bool below;          /* reached from above */
    uint32_t hold_s;     /* so long the samples after it are wanted at once, too; HINT_HOLD_S_MAX at most */
};

struct ingest;

struct ingest *ingest_reserve(struct memory_map *map, const struct ingest_limits *limits);
void ingest_open(struct ingest *g, struct plat *p, struct store *s);
/* Takes over a connection that plat_accept gave. */
void ingest_accept(struct ingest *g, int conn, struct mono now);
/* The connection has something to do. False when it is not one of ours. */
bool ingest_ready(struct ingest *g, int conn, struct mono now);
/* Deadlines, held-back sessions, pace changes. Returns when it wants to be called next. */
struct mono ingest_step(struct ingest *g, struct mono now);
/* After store_step(): acknowledges what has become durable. True when a commit or a sealing made room for
 * sessions that were held back: they go on in the next step, at once. */
bool ingest_acknowledge(struct ingest *g);
/* What agents are asked for from now on; those that are connected are told within half a second. At most
 * HINTS_MAX hints with names that fit; ERR_FULL otherwise, and nothing changes. sample_interval_ms 0: as each
 * agent was configured. */
int ingest_set_settings(struct ingest *g, uint32_t sample_interval_ms, const struct ingest_hint *hints,
                        uint32_t count);
/* Says goodbye to every agent. */
void ingest_close(struct ingest *g);

struct ingest_stats {
    uint64_t sessions, sessions_high_water, accepted, handshakes_failed;
    uint64_t connected /* that said Hello and were welcome */;
    uint64_t refused_capacity, refused_certificate, refused_token, refused_protocol, refused_storage;
    uint64_t refused_revoked /* also among those by certificate */;
    uint64_t malformed, replaced /* by a newer session of the same instance */, timeouts, enrolled;
    uint64_t blocks, samples, values, duplicates /* blocks that were there already */;
    uint64_t histories /* that were welcomed */, history_samples, histories_waiting;
    uint64_t series_refused /* there was no room for more of one agent */, renewed, settings_sent;
    uint64_t held_back, large_waits, rx_bytes, tx_bytes;
};
void ingest_stats(const struct ingest *g, struct ingest_stats *out);

#endif
