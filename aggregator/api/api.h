/* SPDX-License-Identifier: MIT */
/* HTTP/1.1 and WebSocket on fixed slots: the routes that Nephos clients know, /api/v1, the dashboard.
 *
 * A response is produced piece by piece into the slot's buffer as the client takes it; long queries run
 * a slice a step. A slow client costs its own slot, bounded in bytes and time. */
#ifndef NEPHOS_API_H
#define NEPHOS_API_H

#include "aggregator/analysis/board.h"
#include "aggregator/store/store.h"

struct api_limits {
    uint32_t handles_max;     /* of the platform: connection numbers are below this */
    uint32_t connections_max; /* HTTP and WebSocket together */
    uint32_t websockets_max;  /* of them */
    uint32_t bodies_max;      /* request bodies too large for a connection's own buffer, at one time */
    uint32_t body_size;       /* bytes of the largest */
    uint32_t instances_max, series_per_instance_max; /* as the store */
};

struct api;
struct rule_book;
struct sentinel_board;

struct api_options {
    const char *token;   /* of --api-token-file: a further token of the role admin; or "" */
    bool is_demo;        /* hosts are simulated, and whoever looks must see that */
    bool is_open;        /* who comes without credentials is an administrator; for loopback only */
    uint32_t rate_per_s; /* requests of one address, and of one token, while not open; 0: any number */
};

/* How a client comes in. */
enum api_door { DOOR_PLAIN, DOOR_TLS, DOOR_COMMAND /* the commands of this program, on this machine */ };

struct api *api_reserve(struct memory_map *map, const struct api_limits *limits);
/* `map` is shown at /api/v1/self/memory. */
void api_open(struct api *a, struct plat *p, struct store *s, const struct memory_map *map,
              const struct api_options *options);
/* The rules that are shown and changed; before the first step. */
void api_rules(struct api *a, struct rule_book *book);
/* Other options from now on. */
void api_configure(struct api *a, const struct api_options *options);
void api_accept(struct api *a, int conn, enum api_door door, struct mono now);
bool api_ready(struct api *a, int conn, struct mono now);
/* Live updates from the store's feed, slices of running queries, deadlines. */
struct mono api_step(struct api *a, struct mono now);
void api_close(struct api *a);

/* What analysis knows of every host now, for /api/v1/anomalies. */
void api_board(struct api *a, const struct board *board);
/* What the sentinel knows, for /api/v1/checks. */
void api_sentinel(struct api *a, const struct sentinel_board *board);

/* Extra lines for /api/v1/self that other rooms know: name and value, filled by the program. */
struct api_gauge {
    const char *name;
    uint64_t value;
};
void api_self_gauges(struct api *a, const struct api_gauge *gauges, uint32_t count);

#endif
