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

struct route {
    enum http_method method; /* GET answers HEAD too */
    const char *pattern;     /* "/instances/{id}": one whole segment stands for the braces */
    void (*handle)(struct exchange *x);
    enum route_kind kind;
};

/* The route of method and path, or NULL. *allow lists the methods that the path knows ("GET,OPTIONS"), or
 * is NULL when nothing is there. For a pattern with braces, `parameter` gets the decoded segment. */
const struct route *router_find(enum http_method method, struct span path, const char **allow,
                                char parameter[static EXCHANGE_PARAMETER_SIZE]);

#endif
