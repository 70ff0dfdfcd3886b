/* SPDX-License-Identifier: MIT */
/* The list of the API: which handler answers which method and path. */
#ifndef NEPHOS_API_ROUTER_H
#define NEPHOS_API_ROUTER_H

#include "aggregator/api/exchange.h"

enum route_kind {
    ROUTE_DATA,      /* needs the token when one is set */
    ROUTE_OPEN,      /* holds no data: health, the dashboard's files */
    ROUTE_WEBSOCKET, /* data; becomes a WebSocket when asked to */
    ROUTE_PAGE,      /* open, and becomes a WebSocket when asked to */
};

/* Of a route that takes bodies as large as --api-body-size allows. */
#define BODY_MAX_SETTING UINT32_MAX

struct route {
    enum http_method method; /* GET answers HEAD too */
    const char *pattern;     /* "/instances/{id}": one whole segment stands for the braces */
    void (*handle)(struct exchange *x);
    enum route_kind kind;
    enum role role;          /* who may; left out: VIEWER to read, ADMIN for any other method (access.h) */
    /* Bytes of the largest body; more is 413. 0: it takes none, and a small one that comes all the same
     * (clients send "{}" by habit) is passed over. A POST, PUT or PATCH that takes a body must say how long
     * it is, or 411. */
    uint32_t body_max;
    bool takes_encoded;      /* Content-Encoding is the handler's business; else it is 415 */
};

struct route_found {
    const struct route *route; /* NULL: nothing answers that method there */
    uint32_t methods;          /* bits of what the path knows, HEAD included; 0: there is no such path */
    uint32_t group_methods;    /* of all paths that begin alike ("/instances...", "/api/v1/query..."), without
                                  HEAD: what CORS promises */
};

/* The route of method and path. For a pattern with braces, `parameter` gets the decoded segment. OPTIONS
 * finds the path's first route. */
struct route_found router_find(enum http_method method, struct span path,
                               char parameter[static EXCHANGE_PARAMETER_SIZE]);

/* The table itself, for who describes it; NULL behind the last row. */
const struct route *router_row(uint32_t index);

#endif
