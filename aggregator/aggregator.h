/* SPDX-License-Identifier: MIT */
/* The whole aggregator as one struct, one step. It knows no operating system: aggregator/main.c runs
 * it on Linux, the simulation runs it among many agents in one process. */
#ifndef NEPHOS_AGGREGATOR_H
#define NEPHOS_AGGREGATOR_H

#include "aggregator/forward/destination.h"
#include "aggregator/forward/target.h"
#include "aggregator/limits.h"
#include "aggregator/sentinel/sentinel.h"
#include "platform/base/memory_map.h"
#include "platform/platform.h"

struct aggregator;

struct aggregator_options {
    const char *listen;    /* address for agents, TLS */
    const char *api;       /* address for HTTP, plain */
    const char *api_https; /* address for HTTPS, or "" or NULL */
    const char *api_certificate, *api_key; /* files for it; "": a certificate of our own CA for api_names */
    const char *api_names; /* hosts and addresses, with commas between them */
    const char *api_token; /* a bearer token of an administrator beside those in the store, or "" */
    bool api_is_open;      /* who reaches `api` needs no token */
    uint32_t api_rate_per_s; /* requests of one address or token while it is not open; 0: any number */
    const char *hints;     /* levels at which agents send at once (hints.h), "rules": those of the alert
                              rules; or NULL */
    const char *alert_profile; /* rules to begin with (rules/rule.h), or NULL: "nephos" */
    const char *rules_name, *rules; /* file of rules on top of them, and its text; or NULL */
    uint32_t rules_length;
    uint32_t sample_interval_ms; /* of agents; 0: as each was configured */
    const struct destination *destinations; /* of notifications */
    uint32_t destination_count;
    const struct aws_environment *aws; /* for both, or NULL; must stay */
    const struct target *targets; /* of metrics */
    uint32_t target_count;
    const struct check *checks; /* of the configuration */
    uint32_t check_count;
    const struct watcher_settings *vultr; /* NULL: it is not watched */
};

/* Reserves all rooms (see memory_map.h); NULL while the map only counts. */
struct aggregator *aggregator_reserve(struct memory_map *map, const struct aggregator_limits *limits);
/* Opens authority, database, rooms and listeners. The map is shown at /api/v1/self/memory and must
 * outlive the aggregator. On failure `why` says what, where and what to do: ERR_BUSY a port or the
 * database is taken, ERR_DENIED, ERR_MALFORMED, ERR_SYSTEM. */
int aggregator_open(struct aggregator *a, struct plat *p, const struct memory_map *map,
                    const struct aggregator_options *options, struct text *why);
/* Takes other options over: hints, sample_interval_ms, token, rate, names and what stands in the files of
 * certificate and key now. ERR_MALFORMED and the like with `why`, and then what could be taken over is. */
int aggregator_configure(struct aggregator *a, const struct aggregator_options *options, struct text *why);
/* One pass through every room. Returns when it wants to be called next at the latest. */
struct mono aggregator_step(struct aggregator *a, struct mono now);
/* Commits and acknowledges what is staged, says goodbye, closes the database. */
void aggregator_close(struct aggregator *a);
/* The address that agents and browsers reach, with the port the system chose for port 0. */
const char *aggregator_agents_address(struct aggregator *a);
const char *aggregator_api_address(struct aggregator *a);
/* NULL when there is none. */
const char *aggregator_https_address(struct aggregator *a);

#endif
