/* SPDX-License-Identifier: MIT */
/* Every limit of the aggregator on one page: what a person may choose, within which bounds, and what
 * follows from it. All memory is reserved from these numbers once, at start. */
#ifndef NEPHOS_AGGREGATOR_LIMITS_H
#define NEPHOS_AGGREGATOR_LIMITS_H

#include "aggregator/sentinel/sentinel.h"
#include "aggregator/store/store.h"
#include "aggregator/store/store_outbox.h"
#include "aggregator/store/store_outlet.h"
#include "proto/limits.h"

struct aggregator_limits {
    uint32_t agents_max;          /* instances, for ever: an instance keeps its place */
    uint32_t series_max;          /* of one instance */
    uint32_t histories_max;       /* agents that catch up at one time */
    uint32_t api_connections_max; /* HTTP and WebSocket together */
    uint32_t websockets_max;
    uint32_t api_bodies_max;      /* large request bodies at one time */
    bool api_has_tls;             /* any of them may come with TLS */
    uint32_t api_body_size;       /* bytes of the largest */
    uint32_t queries_max;         /* running at once, for who asks */
    uint32_t analysed_max;        /* series of a host that are watched for anomalies */
    uint64_t database_size_max;   /* bytes on disk; the oldest data give way */
    int64_t keep_ms[TIER_COUNT];  /* each resolution, while there is room */
    uint32_t ship_interval_ms;    /* of agents that nobody looks at */
    int64_t certificate_life_s;   /* of agents */
    bool is_demo;                 /* simulated hosts besides */
};

/* Texts, as the table of settings (config.c) wants its defaults. */
#define AGENTS_MAX_DEFAULT "1000"
/* An agent on a small VM has about 150; the rest is for more disks and for metrics of people's own. Of what
 * is reserved for a series, 120 bytes, only what is used costs memory. */
#define SERIES_MAX_DEFAULT "256"
/* Agents that send history at one time, in turn when there are more. Each sends no faster than it bounds
 * itself; `make bench BENCH=storm` shows what that means for live samples. */
#define HISTORIES_MAX_DEFAULT "64"
#define API_CONNECTIONS_MAX_DEFAULT "64"
#define WEBSOCKETS_MAX_DEFAULT "32"
/* A request holds one from its head until its body has been worked off, and two when it is compressed. */
#define API_BODIES_MAX_DEFAULT "8"
#define API_BODY_SIZE_DEFAULT "1MiB"
/* Requests a second: a dashboard with all its charts needs a few. Four seconds of them can be saved up. */
#define API_RATE_DEFAULT "100"
#define API_RATE_MOST 100000U
#define VULTR_URL_DEFAULT "https://api.vultr.com/v2"
#define VULTR_INTERVAL_DEFAULT "2m"
#define VULTR_INTERVAL_MS_LEAST 1000
#define VULTR_INTERVAL_MS_MOST 86400000
#define QUERIES_MAX_DEFAULT "4"
/* What says something about a small VM's health; 1.8 KB each. */
#define ANALYSED_MAX_DEFAULT "32"
#define DATABASE_MAX_DEFAULT "10GiB"
/* What people look back at: a month in full, a year in minutes, ten in hours. The disk mostly ends sooner. */
#define KEEP_SECONDS_DEFAULT "30d"
#define KEEP_MINUTES_DEFAULT "365d"
#define KEEP_HOURS_DEFAULT "3650d"
#define SHIP_INTERVAL_DEFAULT "10s"
/* What somebody is likely to be told about, so that it need not wait for the next shipment: the levels of the
 * rules. */
#define HINTS_DEFAULT "rules"
#define RULES_TEXT_SIZE 49152U /* of the file of rules */
#define SAMPLE_INTERVAL_DEFAULT "0s"
/* A stolen key is of no use for longer. Agents renew by themselves when two thirds have passed; one that was
 * away for the rest of it must join again. */
#define CERTIFICATE_LIFE_DEFAULT "90d"

#define AGENTS_MAX_MOST 20000U          /* one core's worth of them (docs/DESIGN.md) */
/* An agent knows SLOTS_MAX at once; an instance that is pushed may have more. */
#define SERIES_MAX_MOST 8192U
#define HISTORIES_MAX_MOST 4096U
#define API_CONNECTIONS_MAX_MOST 4096U
#define API_BODIES_MAX_MOST 256U
#define API_BODY_SIZE_LEAST (UINT64_C(16) << 10)
#define API_BODY_SIZE_MOST (UINT64_C(64) << 20)
#define QUERIES_MAX_MOST 63U
#define ANALYSED_MAX_MOST 200U
#define DATABASE_MAX_LEAST (UINT64_C(16) << 20)
#define DATABASE_MAX_MOST (UINT64_C(16) << 40)
/* What is late by less is still rolled up with what came in time. */
#define KEEP_MS_LEAST (INT64_C(2) * 3600 * 1000)
#define KEEP_MS_MOST (INT64_C(36500) * 86400 * 1000)
#define SHIP_INTERVAL_MS_LEAST 1000
#define SHIP_INTERVAL_MS_MOST 60000
#define SAMPLE_INTERVAL_MS_MOST 60000
/* Below, an agent would have no time to try again. No longer than the aggregator's own certificate. */
#define CERTIFICATE_LIFE_MS_LEAST 60000
#define CERTIFICATE_LIFE_MS_MOST (INT64_C(3650) * 86400 * 1000)

/* While somebody looks at a host, its samples come as they are taken. */
#define WATCHED_SHIP_INTERVAL_MS 1000U
/* Sessions beyond the agents, and one more for every eighth agent: those that enrol, newcomers that are
 * told why they are refused, and in a storm of reconnects the ends of broken connections. */
#define SESSIONS_SPARE 16U
/* Messages over 4 KiB that are received at one time: agents that catch up take turns. */
#define LARGE_FRAMES_MAX 16U
/* SQLite's own memory (memsys5); the store says at /api/v1/self how much of it was ever in use. */
#define SQLITE_HEAP_SIZE (UINT64_C(8) << 20)

static inline uint32_t limits_sessions(const struct aggregator_limits *l)
{
    return l->agents_max + l->agents_max / 8 + SESSIONS_SPARE;
}

/* TLS sessions: agents, and API clients where they come with TLS. */
static inline uint32_t limits_tls(const struct aggregator_limits *l)
{
    return limits_sessions(l) + (l->api_has_tls ? l->api_connections_max : 0);
}

/* Requests to others under way at one time: one for each destination, and what the sentinel looks at. */
#define OUTBOUND_MAX (OUTBOX_MAX + OUTLET_MAX + SENTINEL_REQUESTS_MAX)

/* Connections of the platform: sessions, API, two commands, four listeners, and look-ups of names. */
static inline uint32_t limits_connections(const struct aggregator_limits *l)
{
    return limits_sessions(l) + l->api_connections_max + 2 + 4 + OUTBOUND_MAX;
}

#endif
